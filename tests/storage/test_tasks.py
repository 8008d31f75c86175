"""Tasks and runs: one row per piece of thinking, taken by a lease, done when a run says so."""

from __future__ import annotations

import dataclasses
import threading

import pytest

from stc.storage import documents, ledger, tasks
from stc.storage.database import new_id
from stc.words import Document, LedgerRow, SleepRun, SleepTask, Usage

NOW = 1_000_000.0


def make_document(services, **changes) -> Document:
    document = Document(
        id=new_id(),
        owner=services.owner,
        name="a.txt",
        media_type="text/plain",
        size_bytes=1,
        content_hash=new_id(),
        status="ready",
        pages=1,
        chunks=1,
        tokens=10,
        added_at=NOW,
        ready_at=NOW,
        last_used_at=NOW,
    )
    document = dataclasses.replace(document, **changes)
    with services.database.write() as connection:
        documents.insert_document(connection, document)
    return document


@pytest.fixture
def document(services) -> Document:
    return make_document(services)


def make_task(document: Document, **changes) -> SleepTask:
    task = SleepTask(new_id(), document.owner, document.id, "anticipate", "h", 1, 3, "extractive")
    return dataclasses.replace(task, **changes)


def make_run(task: SleepTask, **changes) -> SleepRun:
    run = SleepRun(
        id=new_id(),
        owner=task.owner,
        task_id=task.id,
        document_id=task.document_id,
        pass_name=task.pass_name,
        page_start=1,
        page_end=3,
        thinker=task.thinker,
        model="extractive",
        prompt_version="",
        status="done",
        notes_added=0,
        notes_dropped={"not in the text": 2},
        usage=Usage(10, 0, 0, 5),
        error=None,
        started_at=NOW,
        seconds=1.5,
    )
    return dataclasses.replace(run, **changes)


def test_the_same_task_planned_twice_is_one_row(services, document):
    with services.database.write() as connection:
        first = tasks.ensure(connection, make_task(document), NOW)
        second = tasks.ensure(connection, make_task(document), NOW + 1)
        assert second.id == first.id
        assert len(tasks.states(connection, "local", NOW)) == 1


@pytest.mark.parametrize(
    "change",
    [{"pass_name": "outline"}, {"window_hash": "i"}, {"thinker": "model"}, {"generation": 2}, {"revision": 2}],
    ids=lambda change: next(iter(change)),
)
def test_whatever_belongs_to_the_key_makes_another_task(services, document, change):
    with services.database.write() as connection:
        first = tasks.ensure(connection, make_task(document), NOW)
        assert tasks.ensure(connection, make_task(document, **change), NOW).id != first.id


def test_a_lease_belongs_to_one_holder_until_it_runs_out(services, document):
    with services.database.write() as connection:
        task = tasks.ensure(connection, make_task(document), NOW)
        assert tasks.claim(connection, task.id, holder="a", now=NOW, until=NOW + 30)
        assert not tasks.claim(connection, task.id, holder="b", now=NOW + 29, until=NOW + 59)
        assert tasks.renew(connection, task.id, holder="a", until=NOW + 60)
        assert not tasks.claim(connection, task.id, holder="b", now=NOW + 40, until=NOW + 70)
        assert tasks.claim(connection, task.id, holder="b", now=NOW + 61, until=NOW + 91)
        assert not tasks.renew(connection, task.id, holder="a", until=NOW + 99)
        assert not tasks.finish(connection, make_run(task), holder="a", now=NOW + 62)
        assert tasks.finish(connection, make_run(task, started_at=NOW + 61), holder="b", now=NOW + 62)
        assert [run.status for run in tasks.history(connection, "local")] == ["done", "failed"]


def test_a_stale_lease_leaves_a_trace_of_the_attempt_with_what_its_calls_may_have_cost(services, document):
    in_flight = Usage(900, output_tokens=300, cost_usd=None, estimated=True)
    with services.database.write() as connection:
        task = tasks.ensure(connection, make_task(document, thinker="model"), NOW)
        tasks.claim(connection, task.id, holder="a", now=NOW, until=NOW + 30)
        ledger.add(
            connection,
            LedgerRow(
                new_id(), document.owner, NOW, "sleep", "m", None, tasks.run_id(task.id, NOW), document.id, {}, {},
                in_flight, None, None, "standard", "anticipate", "", None, 0.0, "in flight",
            ),
        )  # fmt: skip
        tasks.claim(connection, task.id, holder="b", now=NOW + 31, until=NOW + 61)
        tasks.claim(connection, task.id, holder="c", now=NOW + 62, until=NOW + 92)
        nothing_sent, interrupted = tasks.history(connection, "local")
    assert (interrupted.status, interrupted.usage) == ("failed", in_flight)
    assert "stopped" in (interrupted.error or "")
    assert nothing_sent.usage == Usage()


def test_of_many_who_claim_at_once_one_gets_the_task(services, document):
    with services.database.write() as connection:
        task = tasks.ensure(connection, make_task(document), NOW)
    won: list[str] = []

    def claim(holder: str) -> None:
        with services.database.write() as connection:
            if tasks.claim(connection, task.id, holder=holder, now=NOW, until=NOW + 30):
                won.append(holder)

    threads = [threading.Thread(target=claim, args=(f"holder {i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_an_empty_result_is_done_and_never_claimed_again(services, document):
    with services.database.write() as connection:
        task = tasks.ensure(connection, make_task(document), NOW)
        tasks.claim(connection, task.id, holder="a", now=NOW, until=NOW + 30)
        assert tasks.finish(connection, make_run(task, notes_added=0), holder="a", now=NOW + 1)
        assert tasks.states(connection, "local", NOW + 2)[task.key].done
        assert not tasks.claim(connection, task.id, holder="b", now=NOW + 99, until=NOW + 130)


def test_a_released_task_waits_until_its_time(services, document):
    with services.database.write() as connection:
        task = tasks.ensure(connection, make_task(document), NOW)
        tasks.claim(connection, task.id, holder="a", now=NOW, until=NOW + 30)
        tasks.release(connection, task.id, holder="a", not_before=NOW + 100)
        assert not tasks.claim(connection, task.id, holder="b", now=NOW + 50, until=NOW + 80)
        assert tasks.claim(connection, task.id, holder="b", now=NOW + 101, until=NOW + 131)
        state = tasks.states(connection, "local", NOW + 102)[task.key]
        assert (state.attempts, state.held) == (2, True)
        assert tasks.history(connection, "local") == []


def test_an_attempt_broken_off_for_a_person_does_not_count(services, document):
    with services.database.write() as connection:
        task = tasks.ensure(connection, make_task(document), NOW)
        tasks.claim(connection, task.id, holder="a", now=NOW, until=NOW + 30)
        tasks.release(connection, task.id, holder="a", counts=False)
        assert tasks.states(connection, "local", NOW)[task.key].attempts == 0


def test_what_is_running_is_seen_by_every_process(services, document):
    with services.database.write() as connection:
        task = tasks.ensure(connection, make_task(document), NOW)
        tasks.claim(connection, task.id, holder="a", now=NOW + 5, until=NOW + 35)
        ((found, since),) = tasks.running(connection, "local", NOW + 10)
        assert (found.id, since) == (task.id, NOW + 5)
        assert tasks.running(connection, "local", NOW + 36) == []


def test_runs_come_newest_first_and_come_back_as_they_were(services, document):
    with services.database.write() as connection:
        task = tasks.ensure(connection, make_task(document), NOW)
        runs = [make_run(task, started_at=NOW + i) for i in range(3)]
        for run in runs:
            tasks.record(connection, run)
        assert tasks.history(connection, "local") == runs[::-1]
        assert tasks.history(connection, "local", limit=1, offset=1) == [runs[1]]
        assert tasks.history(connection, "local", since=NOW + 2) == [runs[2]]
        assert tasks.history(connection, "somebody else") == []


def test_failures_are_counted_until_the_last_success_and_interruptions_are_none(services, document):
    with services.database.write() as connection:
        task = tasks.ensure(connection, make_task(document, thinker="model"), NOW)
        outcomes = [("failed", "m"), ("done", "m"), ("failed", "m"), ("failed", ""), ("failed", "m")]
        for i, (status, model) in enumerate(outcomes):
            tasks.record(connection, make_run(task, status=status, model=model, started_at=NOW + i, seconds=0.5))
        assert tasks.failures_in_a_row(connection, "local", "model") == (2, NOW + 4.5)
        assert tasks.failures_in_a_row(connection, "local", "extractive") == (0, 0.0)


def test_deleting_a_document_deletes_its_tasks_and_runs(services, document):
    with services.database.write() as connection:
        task = tasks.ensure(connection, make_task(document), NOW)
        tasks.record(connection, make_run(task))
        documents.delete_document(connection, document.id)
        assert tasks.states(connection, "local", NOW) == {}
        assert tasks.history(connection, "local") == []
        assert not tasks.finish(connection, make_run(task), holder="a", now=NOW)


def test_preparing_again_raises_the_revision_of_an_own_document_only(services, document):
    with services.database.write() as connection:
        assert tasks.raise_revision(connection, "local", document.id)
        assert not tasks.raise_revision(connection, "somebody else", document.id)
        assert tasks.revisions(connection, "local") == {document.id: 2}


def test_a_task_read_back_is_the_task_planned(services, document):
    task = make_task(document, reason="a summary first")
    with services.database.write() as connection:
        tasks.ensure(connection, task, NOW)
        assert tasks.by_ids(connection, [task.id, "gone"]) == {task.id: task}
    assert dataclasses.replace(task, id="x").key == task.key
