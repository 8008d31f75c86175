"""What a killed process held is free at once, and what it had in hand is finished or undone; the living are left alone."""

from __future__ import annotations

import io
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from stc.documents import ingest
from stc.errors import UserError
from stc.services import Services
from stc.storage import conversations, documents, loose_files, tasks
from stc.storage.holders import Holders
from stc.words import Answer
from tests.storage.test_tasks import make_document, make_task

ROOT = Path(__file__).resolve().parents[2]


def killed(storage: Path, body: str) -> None:
    """Run ``body`` with ``services`` in a process of its own, which is killed the moment that it says so."""
    script = "from pathlib import Path\nfrom stc.services import Services\n"
    script += f"services = Services(Path({str(storage)!r}))\n{textwrap.dedent(body)}\n"
    script += "import time\nprint('now', flush=True)\ntime.sleep(60)\n"
    victim = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT, text=True)
    assert victim.stdout is not None
    with victim.stdout as said:
        assert said.readline() == "now\n"
        victim.kill()
    victim.wait()


def test_a_document_that_a_killed_process_was_reading_is_ready_without_waiting(services):
    killed(
        services.storage,
        """
        import io
        from stc.documents import ingest
        from stc.storage import documents
        received = ingest.receive(services, "a.txt", io.BytesIO(b"The mill stands at the weir."))
        with services.database.write() as connection:
            now = services.now()
            documents.claim(connection, received.document_id, holder=services.holder, now=now, until=now + 60)
        """,
    )
    began = time.monotonic()
    again = ingest.receive(services, "a.txt", io.BytesIO(b"The mill stands at the weir."))
    assert (again.status, ingest.process(services, again.document_id).status) == ("duplicate", "ready")
    assert time.monotonic() - began < 10


def test_a_document_that_a_living_process_reads_is_left_to_it(services):
    other = Services(services.storage)
    received = ingest.receive(services, "a.txt", io.BytesIO(b"The mill stands at the weir."))
    with other.database.write() as connection:
        now = other.now()
        documents.claim(connection, received.document_id, holder=other.holder, now=now, until=now + 60)
    services.recover()
    with services.database.read() as connection:
        assert documents.unfinished(connection, services.now()) == []
    other.close()
    services.recover()
    with services.database.read() as connection:
        assert documents.unfinished(connection, services.now()) == [(services.owner, received.document_id)]


def test_a_task_of_a_killed_process_is_taken_up_at_once_and_its_attempt_recorded(services):
    other = Services(services.storage)
    document = make_document(services)
    now = services.now()
    with services.database.write() as connection:
        task = tasks.ensure(connection, make_task(document), now)
        assert tasks.claim(connection, task.id, holder=other.holder, now=now, until=now + 45)
        assert not tasks.claim(connection, task.id, holder=services.holder, now=now, until=now + 45)
    other.close()
    assert services.recover()
    with services.database.write() as connection:
        assert tasks.claim(connection, task.id, holder=services.holder, now=services.now(), until=now + 45)
        assert [run.status for run in tasks.history(connection, services.owner)] == ["failed"]


def test_an_original_that_no_document_got_is_deleted_and_one_that_a_document_has_is_not(services):
    killed(
        services.storage,
        """
        import io
        from stc.documents import ingest
        from stc.storage import loose_files
        kept = ingest.receive(services, "a.txt", io.BytesIO(b"kept"))
        def arriving(content_hash):
            with services.database.write() as connection:
                loose_files.add(connection, content_hash, services.holder)
        for content in (b"kept", b"lost"):
            services.files.receive(io.BytesIO(content), max_bytes=100, arriving=arriving)
        (services.files.directory / f"incoming-{services.holder}-half").write_bytes(b"ha")
        """,
    )
    (services.files.directory / f"incoming-{services.holder}-mine").write_bytes(b"half as well")
    assert services.recover()
    there = sorted(path.read_bytes() for path in services.files.directory.rglob("*") if path.is_file())
    assert there == [b"half as well", b"kept"]
    with services.database.read() as connection:
        assert loose_files.of_holders(connection, services.holders.living()) == []
    assert not services.recover()


def test_what_is_in_the_hands_of_a_living_process_is_left_alone(services):
    other = Services(services.storage)

    def arriving(content_hash: str) -> None:
        with other.database.write() as connection:
            loose_files.add(connection, content_hash, other.holder)

    stored = other.files.receive(io.BytesIO(b"on its way"), max_bytes=100, arriving=arriving)
    assert not services.recover()
    assert stored.path.exists()
    other.close()
    assert services.recover()
    assert not stored.path.exists()


def test_who_waited_for_a_killed_process_waits_no_more(services):
    other = Services(services.storage)
    answers = [
        Answer(
            id=name, owner=services.owner, conversation_id=None, question="When?", scope=(), origin="typed",
            effort="medium", asked_at=services.now(),
        )
        for name in ("mine", "theirs")
    ]  # fmt: skip
    with services.database.write() as connection:
        for answer, who in zip(answers, (services, other), strict=True):
            conversations.save_answer(connection, answer)
            conversations.person_waits(connection, answer.id, services.now() + 60, who.holder)
    other.close()
    services.recover()
    with services.database.read() as connection:
        found = {each.id: each.state for each in conversations.all_answers(connection, services.owner)}
        assert conversations.somebody_waits(connection, services.now())
    assert found == {"mine": "running", "theirs": "stopped"}


def test_a_clock_that_was_set_back_keeps_nothing_for_long(services):
    living = Services(services.storage)
    day = 86_400
    ours, theirs = make_document(services), make_document(services)
    with services.database.write() as connection:
        later = services.now() + day
        for document, holder in ((ours, living.holder), (theirs, "4711-of another computer")):
            documents.change(connection, document.id, status="reading", last_used_at=later)
            assert documents.claim(connection, document.id, holder=holder, now=later, until=later + 60)
        resting = tasks.ensure(connection, make_task(ours), later)
        tasks.claim(connection, resting.id, holder="x", now=later, until=later + 45)
        tasks.release(connection, resting.id, holder="x", not_before=later + 60)
        conversations.person_waits(connection, "gone", later + 60)
    services.recover()
    now = services.now()
    with services.database.read() as connection:
        assert documents.unfinished(connection, now) == [(services.owner, theirs.id)]
        assert tasks.states(connection, services.owner, now)[resting.key].not_before <= now
        assert not conversations.somebody_waits(connection, now)
        assert all(each.last_used_at <= now for each in documents.list_all(connection, services.owner))
    living.close()


def test_nobody_gets_in_while_one_works_alone_and_the_living_are_not_thrown_out(tmp_path, monkeypatch):
    monkeypatch.setattr("stc.storage.holders._PATIENCE_S", 0.05)
    one, other = Holders(tmp_path / "holders"), Holders(tmp_path / "holders")
    one.enter()
    with pytest.raises(UserError, match="at work on this storage"), other.alone():
        pass
    one.leave()
    with other.alone(), pytest.raises(UserError, match="being restored"):
        one.enter()
    assert one.enter() in other.living()
