"""Which notes go when a task is done: a table of tasks and notes, and what is left of it."""

from __future__ import annotations

import pytest

from stc.storage import documents, notes, tasks
from stc.words import Document, Evidence, Note, Page, SleepTask

NEW = SleepTask("new", "local", "d", "anticipate", "new window", 3, 5, "model")


@pytest.fixture
def connection(services):
    document = Document("d", services.owner, "a.txt", "text/plain", 1, "hash", 1.0, 1.0, 1.0, "ready", pages=6)
    with services.database.write() as opened:
        documents.insert_document(opened, document)
        documents.add_pages(opened, "d", [Page(number, f"page {number}") for number in range(1, 7)])
        yield opened


def add(connection, *, page=3, status="verified", of="old", done=True, **task):
    """Store a note, on ``page``, of a task ``of`` its own; the task's fields are the new one's but for those given."""
    fields = {
        "pass_name": NEW.pass_name,
        "window_hash": of,
        "page_start": page,
        "page_end": page,
        "thinker": "model",
    } | task
    if of is not None:
        made = SleepTask(id=of, owner="local", document_id="d", **fields)
        tasks.ensure(connection, made, 1.0)
        if done:
            connection.exec_driver_sql("UPDATE sleep_tasks SET done_at = 2 WHERE id = ?", (of,))
    note = Note(
        f"note of {of}", "local", "d", of, "answer", "What?", "That.", None, (Evidence(page, "quote"),), status,
        fields["thinker"], "m", 3, 0, 1.0,
    )  # fmt: skip
    notes.add(connection, [note])
    return note.id


def gone(connection, task=NEW):
    tasks.ensure(connection, task, 1.0)
    return tasks.superseded(connection, task)


@pytest.mark.parametrize(
    ("goes", "note"),
    [
        (True, {}),
        (True, {"page": 5}),
        (False, {"page": 6}),
        (False, {"pass_name": "infer"}),
        (False, {"status": "hidden"}),
        (True, {"status": "stale"}),
        (True, {"thinker": "extractive"}),
        (True, {"window_hash": NEW.window_hash, "revision": 2}),
        (True, {"window_hash": NEW.window_hash, "thinker": "extractive"}),
        (False, {"window_hash": NEW.window_hash, "generation": 2}),
        (True, {"window_hash": NEW.window_hash, "generation": 2, "status": "stale"}),
    ],
)
def test_the_notes_of_the_same_pass_on_the_same_pages_go(connection, goes, note):
    note_id = add(connection, **note)
    assert gone(connection) == ([note_id] if goes else [])


def test_the_extractive_thinkers_notes_replace_a_models_only_where_they_are_stale(connection):
    add(connection, of="kept")
    stale = add(connection, of="stale", status="stale")
    own = add(connection, of="own", thinker="extractive")
    task = SleepTask("new", "local", "d", "anticipate", "new window", 3, 5, "extractive")
    assert set(gone(connection, task)) == {stale, own}


def test_the_outline_replaces_what_it_said_of_pages_that_are_gone(connection):
    note_id = add(connection, page=99, pass_name="outline")
    assert gone(connection, SleepTask("new", "local", "d", "outline", "new window", 1, 6, "model")) == [note_id]


def test_an_answer_to_a_real_question_goes_where_the_question_is_answered_again(connection):
    again = add(connection, of="1", pass_name="directed", answers=("a", "b"))
    add(connection, of="2", pass_name="directed", answers=("a", "c"))
    task = SleepTask("new", "local", "d", "directed", "new window", 1, 6, "model", answers=("a", "b", "d"))
    assert gone(connection, task) == [again]


@pytest.mark.parametrize("missing", ["nothing", "the outline", "a page", "a page, done before it was prepared again"])
def test_stale_notes_without_a_place_go_when_everything_is_prepared(connection, missing):
    nowhere = add(connection, of="nowhere", page=9, page_start=0, page_end=0, status="stale", done=False)
    brought = add(connection, of=None, page=9, status="stale")
    outline = SleepTask("o", "local", "d", "outline", "o", 1, 6, "model")
    early = SleepTask("e", "local", "d", "anticipate", "e", 1, 2, "model")
    late = SleepTask("l", "local", "d", "anticipate", "l", 6, 6, "model", revision=2 if "again" in missing else 1)
    done = [outline, early, late]
    if missing == "the outline":
        done.remove(outline)
    if missing == "a page":
        done.remove(late)
    for task in (outline, early, late):
        tasks.ensure(connection, task, 1.0)
    for task in done:
        connection.exec_driver_sql("UPDATE sleep_tasks SET done_at = 2 WHERE id = ?", (task.id,))
    assert set(gone(connection)) == ({nowhere, brought} if missing == "nothing" else set())


def test_imported_notes_that_are_up_to_date_stay(connection):
    add(connection, of=None)
    assert gone(connection) == []


def test_a_task_whose_window_changed_is_as_if_never_done(connection):
    for name in ("unchanged", "changed", "held"):
        add(connection, of=name)
    connection.exec_driver_sql("UPDATE sleep_tasks SET done_at = NULL, attempts = 2 WHERE id <> 'unchanged'")
    connection.exec_driver_sql("UPDATE sleep_tasks SET lease_holder = 'me', lease_until = 99 WHERE id = 'held'")
    known = {task.id: task for task in tasks.of_document(connection, "d")}
    tasks.follow_pages(connection, [known["unchanged"], known["held"]], [known["changed"]])
    rows = connection.exec_driver_sql("SELECT id, done_at, attempts, lease_holder, lease_until FROM sleep_tasks").all()
    assert {tuple(row) for row in rows} == {
        ("unchanged", 2.0, 0, None, None),
        ("changed", None, 0, None, None),
        ("held", None, 1, None, None),
    }
    assert not tasks.renew(connection, "held", holder="me", until=200.0)
