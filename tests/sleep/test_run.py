"""What a person can ask of the sleeper, and the sleeper by itself."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time

import pytest

from stc.errors import UserError
from stc.services import Services
from stc.sleep import report, run
from stc.sleep.scheduler import Sleeper
from stc.storage import conversations, documents, ledger, notes, tasks
from stc.words import Usage
from tests.sleep import library


def history(services):
    with services.database.read() as connection:
        return tasks.history(connection, services.owner)


def test_without_more_it_does_one_task(services):
    library.add(services)
    for expected in ("outline", "anticipate", "infer"):
        assert [one.pass_name for one in run.sleep_now(services)] == [expected]
    assert list(run.sleep_now(services)) == []


def test_at_most_so_many_tasks_over_all_documents(services):
    library.add(services, name="a.txt")
    library.add(services, name="b.txt")
    seen = []
    assert len(list(run.sleep_now(services, max_passes=3, on_run=seen.append))) == 3
    assert len(seen) == 3


def test_only_the_documents_asked_for_are_prepared(services):
    library.add(services, name="a.txt")
    wanted = library.add(services, name="b.txt")
    runs = list(run.sleep_now(services, [wanted.id], until_done=True))
    assert {r.document_id for r in runs} == {wanted.id}


def test_until_done_waits_for_what_another_process_is_at(services):
    library.add(services)
    gone = Services(services.storage)  # another process, as the database sees it
    (task, *_) = (item.task for item in run.dry_run(services))
    now = services.now()
    with services.database.write() as connection:
        tasks.ensure(connection, task, now)
        assert tasks.claim(connection, task.id, holder=gone.holder, now=now, until=now + 3)
    gone.close()
    runs = list(run.sleep_now(services, until_done=True))
    assert services.now() > now + 3
    assert task.id in [r.task_id for r in runs if r.status == "done"]


def test_a_document_that_is_not_there_is_said_so(services):
    with pytest.raises(UserError, match="is not here"):
        list(run.sleep_now(services, ["nothing"]))
    with pytest.raises(UserError, match="is not here"):
        run.purge(services, "nothing")
    with pytest.raises(UserError, match="is not here"):
        run.prepare_again(services, "nothing")


def test_a_dry_run_says_what_would_be_done_and_does_nothing(services):
    document = library.add(services)
    planned = run.dry_run(services)
    assert [(item.task.pass_name, item.tokens, item.cost_usd) for item in planned] == [
        ("outline", document.tokens, 0.0),
        ("anticipate", document.tokens, 0.0),
        ("infer", document.tokens, 0.0),
    ]
    assert "a summary first" in planned[0].task.reason
    assert history(services) == []
    with services.database.read() as connection:
        assert tasks.states(connection, services.owner, 0.0) == {}


def test_the_sleeper_prepares_what_is_idle_and_nothing_else(services):
    idle = library.add(services, name="idle.txt")
    library.add(services, name="used.txt", used_at=services.now())
    done = Sleeper(services).tick()
    assert {r.document_id for r in done} == {idle.id}
    assert len(done) == 3


def test_a_paused_sleeper_does_nothing(services):
    library.add(services)
    services.change_settings(sleep_paused=True)
    assert Sleeper(services).tick() == []
    assert run.status(services).asleep == "paused"


def test_the_sleeper_begins_nothing_while_a_person_waits(services):
    library.add(services)
    with services.database.write() as connection:
        conversations.person_waits(connection, "chat", services.now() + 60)
    assert Sleeper(services).tick() == []


def test_the_sleeper_ticks_by_itself_and_ends_when_told(services):
    library.add(services)
    services.change_settings(tick_s=0.1)
    sleeper = Sleeper(services)
    sleeper.start()
    sleeper.start()
    until = time.monotonic() + 10
    while len(history(services)) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    sleeper.stop()
    assert len(history(services)) == 3
    assert sleeper.status().asleep == "everything is prepared"


def test_a_tick_survives_whatever_happens_and_says_it(services, monkeypatch, caplog):
    from stc.sleep import facts

    def broken(*_):
        raise RuntimeError("by the test")

    monkeypatch.setattr(facts, "gather", broken)
    assert Sleeper(services).tick() == []
    assert "by the test" in caplog.text


def test_the_status_shows_now_next_and_why_asleep_to_any_process(services):
    document = library.add(services)
    status = run.status(services)
    assert status.next.startswith("rhine.txt: a summary first")
    planned = run.dry_run(services)[0].task
    now = services.now()
    with services.database.write() as connection:
        task = tasks.ensure(connection, planned, now)
        tasks.claim(connection, task.id, holder="another process", now=now, until=now + 30)
    (working,) = run.status(Services(services.storage)).now
    assert (working.document_id, working.pass_name, working.page_start, working.since) == (
        document.id,
        "outline",
        1,
        now,
    )


def test_the_report_of_the_night(services):
    began = services.now()
    assert run.while_away(services, began) == ""
    library.add(services)
    runs = list(run.sleep_now(services, until_done=True))
    with services.database.read() as connection:
        asked = sum(bool(note.question) for r in runs[:1] for note in notes.of_document(connection, r.document_id))
    assert run.while_away(services, began) == f"While you were away: 1 document, {asked} questions prepared, free."
    assert run.while_away(services, services.now() + 1) == ""


def test_the_report_adds_up_money_and_says_when_it_is_unknown(services):
    library.add(services)
    (first, *_) = run.sleep_now(services, until_done=True)

    def made(**changes):
        return dataclasses.replace(first, **{"notes_added": 20, **changes})

    paid = [made(usage=Usage(cost_usd=0.04)), made(document_id="b", usage=Usage(cost_usd=0.024))]
    assert report.while_away(paid, questions=41) == "While you were away: 2 documents, 41 questions prepared, $0.06."
    assert report.while_away([made(usage=Usage(cost_usd=None))]).endswith("20 notes prepared, cost unknown.")
    assert report.while_away([made(usage=Usage(cost_usd=0.001))]).endswith("less than $0.01.")
    assert "1 try failed" in report.while_away([*paid, made(status="failed", notes_added=0)])


_VICTIM = """
import sys, time
from pathlib import Path
from stc.services import Services
from stc.sleep import passes, run
services = Services(Path(sys.argv[1]))
if len(sys.argv) > 2:
    embed = passes._Job._embed
    def slow(self, notes):
        print("thinking", flush=True)
        time.sleep(0.2)
        return embed(self, notes)
    passes._Job._embed = slow
for done in run.sleep_now(services, until_done=True):
    print(done.status, flush=True)
"""


def test_a_process_killed_in_its_sleep_loses_nothing_and_nothing_is_done_twice(services, tmp_path):
    """Kill a real process in the middle of a task several times; another one takes up its work."""
    document = library.add(services, library.long(60))
    library.add(services, library.long(12, seed=1), name="other.txt")
    expected = {item.task.key for item in run.dry_run(services)}
    assert len(expected) > 6
    clock = tmp_path / "clock"
    environment = {**os.environ, "STC_FAKE_CLOCK": str(clock)}
    command = [sys.executable, "-c", _VICTIM, str(services.storage)]
    root = str(library.__file__).removesuffix("/tests/sleep/library.py")
    for attempt in range(3):
        clock.write_text(str(attempt * 120))
        victim = subprocess.Popen([*command, "slow"], env=environment, cwd=root, stdout=subprocess.PIPE, text=True)
        assert victim.stdout is not None
        for _ in range(3):
            victim.stdout.readline()
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        victim.stdout.close()
    clock.write_text("600")
    subprocess.run(command, env=environment, cwd=root, check=True, capture_output=True)
    with services.database.read() as connection:
        states = tasks.states(connection, services.owner, services.now())
        runs = tasks.history(connection, services.owner)
        rows = ledger.rows(connection, services.owner)
        found = notes.of_document(connection, document.id)
        documents.get(connection, services.owner, document.id)
    assert {key for key, state in states.items() if state.done} == expected
    done = [r for r in runs if r.status == "done"]
    assert len(done) == len(expected) == len({r.task_id for r in done})
    assert sorted(row.run_id or "" for row in rows) == sorted(r.id for r in done)
    assert len({note.question for note in found if note.question}) == len([note for note in found if note.question])
    assert [r for r in runs if r.status == "failed"], "each kill left its trace"
