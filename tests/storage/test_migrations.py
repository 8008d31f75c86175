"""A database of each released schema is brought to the present one, with what is in it."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from filelock import FileLock

from stc import doctor
from stc.chat import answering
from stc.errors import UserError
from stc.services import Services
from stc.storage import conversations, database, documents, ledger, migrations, tasks
from stc.storage.database import Database
from stc.storage.schema import HEAD

SCHEMAS = sorted((Path(__file__).parent / "schemas").glob("*.sql"))


def make(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def shape(path: Path) -> dict[str, set[tuple[str, ...]]]:
    """Return the columns of each table, and the indexes with theirs."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'index')").fetchall()
        return {
            name: {
                tuple(str(value) for value in row[1:4])
                for row in connection.execute(f"PRAGMA {'table' if kind == 'table' else 'index'}_info({name})")
            }
            for name, kind in names
        }


@pytest.mark.parametrize("script", SCHEMAS, ids=lambda path: path.stem)
def test_every_released_schema_becomes_the_present_one(script, tmp_path):
    make(tmp_path / "old.db", script.read_text(encoding="utf-8"))
    Database(tmp_path / "old.db").close()
    Database(tmp_path / "new.db").close()
    assert shape(tmp_path / "old.db") == shape(tmp_path / "new.db")


def test_what_the_first_schema_held_is_still_there(tmp_path):
    path = tmp_path / "old.db"
    make(path, (Path(__file__).parent / "schemas" / "0001.sql").read_text(encoding="utf-8"))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "INSERT INTO documents (id, owner, name, media_type, size_bytes, content_hash, status, stage_done, stage_total, "
            "pages, chunks, tokens, warnings, prepare, keep_local, revision, added_at, last_used_at) VALUES "
            "('d', 'me', 'a.pdf', 'application/pdf', 1, 'h', 'ready', 0, 0, 1, 1, 10, '[]', 1, 0, 1, 5, 6)"
        )
        connection.execute(
            "INSERT INTO sleep_tasks (id, owner, document_id, pass_name, window_hash, page_start, page_end, thinker, "
            "generation, revision, reason, attempts, created_at) VALUES "
            "('t', 'me', 'd', 'anticipate', 'w', 1, 1, 'model', 1, 1, '', 0, 7)"
        )
        connection.execute(
            "INSERT INTO sleep_runs (id, owner, task_id, document_id, pass_name, page_start, page_end, thinker, model, "
            "prompt_version, status, notes_added, notes_dropped, usage, started_at, seconds) VALUES "
            "('r', 'me', 't', 'd', 'anticipate', 1, 1, 'model', 'm', '', 'done', 3, '{}', '{}', 8, 1)"
        )
        connection.execute(
            "INSERT INTO answers (id, owner, question, scope, origin, effort, asked_at, state, text, abstained, route, reasons, "
            "model, citations, nearest, notes_used, usage, baselines, rating) VALUES "
            "('a', 'me', 'Why?', '[]', 'typed', 'low', 9, 'done', '', 0, 'chunks', '[]', 'm', '[]', '[]', '[]', '{}', '{}', 0)"
        )
        connection.commit()
    database = Database(path)
    with database.read() as connection:
        document = documents.get(connection, "me", "d")
        task = tasks.by_ids(connection, ["t"])["t"]
        run = tasks.history(connection, "me")[0]
        answer = conversations.get_answer(connection, "me", "a")
    database.close()
    assert document is not None
    assert answer is not None
    assert (document.replaces, document.opens) == (None, 0)
    assert task.answers == ()
    assert (answer.asked, answer.coverage, answer.documents_asked) == ("Why?", None, 0)
    assert (run.notes_added, run.generation, run.asked_tokens) == (3, 1, 0)


MILL = (
    "The mill at Corvane was built in 1871 by Ada Hollis. It has four stones and grinds rye for the whole valley.\n\n"
    "The weir above the mill keeps the water of the river Tarn at a height of 3 metres. It was mended in 1924 by the "
    "brothers Lind, after a flood had carried away 12 metres of it. The repair cost 4,100 crowns and took 7 weeks.\n\n"
    "The miller sells flour on Tuesday and Friday. A sack of rye flour costs 9 crowns, a sack of wheat flour 11 crowns.\n"
)


def test_a_library_of_schema_0006_is_whole_and_answers(tmp_path):
    storage = tmp_path / "storage"
    content_hash = hashlib.sha256(MILL.encode()).hexdigest()
    original = storage / "files" / content_hash[:2] / content_hash
    original.parent.mkdir(parents=True)
    original.write_bytes(MILL.encode())
    make(storage / "stc.db", (Path(__file__).parent / "schemas" / "0006.sql").read_text(encoding="utf-8"))
    services = Services(storage)
    with services.database.read() as connection:
        (document,) = documents.list_all(connection, services.owner)
        (chat,) = conversations.list_all(connection, services.owner)
        (before,) = conversations.answers_of(connection, services.owner, chat["id"])
        assert (document.status, document.notes, len(ledger.rows(connection, services.owner))) == ("ready", 1, 4)
    assert before.text == answering.ask(services, before.question).text
    assert "1924" in answering.ask(services, "When was the weir mended?").text
    assert services.settings.effort == "low"
    services.close()
    assert [check for check in doctor.examine(storage).checks if not check.ok] == []


@pytest.mark.parametrize("script", SCHEMAS, ids=lambda path: path.stem)
def test_a_migration_that_breaks_off_leaves_the_old_schema(script, tmp_path, monkeypatch):
    path = tmp_path / "old.db"
    make(path, script.read_text(encoding="utf-8"))
    before = shape(path)
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    last = scripts.get_revision(HEAD).module
    upgrade = last.upgrade

    def breaking() -> None:
        upgrade()
        raise KeyboardInterrupt

    monkeypatch.setattr(ScriptDirectory, "from_config", lambda config: scripts)
    monkeypatch.setattr(last, "upgrade", breaking)
    with pytest.raises(KeyboardInterrupt):
        Database(path)
    assert shape(path) == before
    monkeypatch.setattr(last, "upgrade", upgrade)
    Database(path).close()
    assert shape(path) != before


def test_a_newer_schema_is_refused_in_words(tmp_path):
    Database(tmp_path / "stc.db").close()
    with closing(sqlite3.connect(tmp_path / "stc.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(UserError, match=f"schema 9999; this one knows {HEAD}"):
        Database(tmp_path / "stc.db")


def test_an_upgrade_that_the_disk_has_no_room_for_is_told_in_words_and_done_later(tmp_path, monkeypatch):
    path = tmp_path / "old.db"
    make(path, SCHEMAS[0].read_text(encoding="utf-8"))
    before = shape(path)
    prepare = database._prepare_connection

    def without_room(raw, record) -> None:
        prepare(raw, record)
        raw.execute("PRAGMA max_page_count = 1")  # no less than there are: not one more

    monkeypatch.setattr(database, "_prepare_connection", without_room)
    with pytest.raises(UserError, match="full or failing"):
        Database(path)
    assert shape(path) == before
    monkeypatch.setattr(database, "_prepare_connection", prepare)
    Database(path).close()
    assert shape(path) != before


def test_whoever_comes_while_another_process_upgrades_for_long_is_told_to_try_again(tmp_path, monkeypatch):
    path = tmp_path / "old.db"
    make(path, SCHEMAS[0].read_text(encoding="utf-8"))
    monkeypatch.setattr(migrations, "_PATIENCE_S", 0.0)
    with FileLock(f"{path}.migrate.lock"), pytest.raises(UserError, match="Try again when it is done"):
        Database(path)
    Database(path).close()
