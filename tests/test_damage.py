"""Whatever a machine did to a storage, a start ends in a working program or in one sentence that says which command helps."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event

from stc import background, cli, doctor
from stc import services as services_module
from stc.chat import answering
from stc.documents import ingest
from stc.errors import Damaged, UserError
from stc.services import Services
from stc.sleep import run
from stc.storage import backups, documents, ledger, vectors
from stc.storage.database import Database
from stc.storage.holders import Holders
from stc.storage.salvage import salvage
from tests.conftest import for_a_whole_file

ROOT = Path(__file__).resolve().parents[1]
QUESTION = "When was the weir number 7 mended?"


def text(number: int) -> bytes:
    lines = [f"The weir number {item} above mill {number} was mended in {1800 + item}." for item in range(40)]
    return "\n\n".join(lines).encode()


@pytest.fixture(scope="module")
def filled_storage(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("filled") / "storage"
    with for_a_whole_file():
        services = Services(folder)
        for number in range(3):
            ingest.process(services, ingest.receive(services, f"{number}.txt", io.BytesIO(text(number))).document_id)
        for _ in run.sleep_now(services, max_passes=3):
            pass
        answering.ask(services, QUESTION)
        services.close()
    return folder


@pytest.fixture
def filled(filled_storage, tmp_path) -> Iterator[Services]:
    shutil.copytree(filled_storage, tmp_path / "storage")
    services = Services(tmp_path / "storage")
    yield services
    services.close()


def command(capsys, storage: Path, *arguments: str) -> tuple[int, list[dict]]:
    status = cli.main(["--storage", str(storage), *arguments, "--json"])
    for opened in services_module._open.values():
        opened.close()
    services_module._open.clear()
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return status, [json.loads(line) for line in captured.out.splitlines()]


def app_says(storage: Path) -> tuple[int, str]:
    """Import app.py as Streamlit does for the server; return the exit status and what is said."""
    code = "import importlib; importlib.import_module('app')"
    environment = os.environ | {"STC_STORAGE": str(storage), "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr.strip()


def overwrite(path: Path, pages: list[int]) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * 4096)
            file.write(os.urandom(4096))


def pages_of(path: Path, table: str) -> list[int]:
    """Return the pages of a table's rows, in the order of the file."""
    with closing(sqlite3.connect(path)) as connection:
        try:
            found = connection.execute(
                "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'", (table,)
            ).fetchall()
        except sqlite3.OperationalError:
            pytest.skip("this SQLite was built without dbstat")
    return [row[0] for row in found]


NOT_A_DATABASE = {
    "something else": lambda path: path.write_bytes(b"no database at all " * 1000),
    "its first page lost": lambda path: overwrite(path, [1]),
    "emptied": lambda path: path.write_bytes(b""),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "of a newer version": lambda path: newer(path),
}


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()


@pytest.mark.parametrize("damage", NOT_A_DATABASE.values(), ids=NOT_A_DATABASE)
def test_a_database_that_can_not_be_opened_is_told_of_in_one_sentence_by_every_command(filled, capsys, damage):
    storage = filled.storage
    filled.close()
    for end in ("-wal", "-shm"):
        (storage / f"stc.db{end}").unlink(missing_ok=True)
    damage(storage / "stc.db")
    for arguments in (
        ["documents"],
        ["ask", QUESTION],
        ["sleep"],
        ["add", __file__],
        ["meter"],
        ["backup", str(storage / "b")],
    ):
        status, lines = command(capsys, storage, *arguments)
        assert status == 1
        assert [list(line) for line in lines] == [["error"]]
        assert any(word in lines[0]["error"] for word in ("doctor --fix", "Move it away", "Update the program"))
    status, (report,) = command(capsys, storage, "doctor")
    assert (status, report["ok"]) == (1, False)


@pytest.mark.parametrize("name", ["something else", "a folder"])
def test_the_app_does_not_start_on_it_and_says_the_same_sentence(filled, name):
    storage = filled.storage
    filled.close()
    NOT_A_DATABASE[name](storage / "stc.db")
    status, said = app_says(storage)
    assert status == 1
    assert said.count("\n") == 0
    assert "doctor --fix" in said or "Move it away" in said


@pytest.mark.parametrize("name", ["its first page lost", "emptied"])
def test_where_nothing_can_be_read_the_doctor_begins_anew_and_loses_no_original(filled, capsys, name):
    storage = filled.storage
    filled.close()
    NOT_A_DATABASE[name](storage / "stc.db")
    _, (report,) = command(capsys, storage, "doctor", "--fix")
    originals = list((storage / "files").glob("??/*"))
    assert len(originals) == 3
    told = {check["name"]: check for check in report["checks"]}
    if name == "emptied":
        assert told["repair"]["ok"]
        assert "add them again" in told["files"]["detail"]
        _, lines = command(capsys, storage, "add", str(storage / "files"))
        assert [line["status"] for line in lines] == ["ready"] * 3
    else:
        assert "restore FILE" in told["repair"]["detail"]


@pytest.mark.parametrize(
    "table", ["pages", "chunks", "vectors", "notes", "evidence", "lexical_data", "ix_evidence_chunk_id"]
)
def test_a_lost_page_costs_what_was_on_it_and_the_rest_is_whole_again(filled, capsys, table):
    storage = filled.storage
    with filled.database.read() as connection:
        before = {each.id for each in documents.list_all(connection, filled.owner)}
        paid = len(ledger.rows(connection, filled.owner))
    filled.close()
    overwrite(storage / "stc.db", pages_of(storage / "stc.db", table)[:1])
    status, (report,) = command(capsys, storage, "doctor")
    assert (status, report["ok"]) == (1, False)
    assert "doctor --fix" in "".join(check["detail"] for check in report["checks"] if not check["ok"])
    status, (report,) = command(capsys, storage, "doctor", "--fix")
    (kept,) = storage.glob("damaged-*")
    assert (kept / "stc.db").is_file()
    again = Services(storage)
    ingest.process_pending(again)
    with again.database.read() as connection:
        found = documents.list_all(connection, again.owner)
        assert {each.id for each in found} == before
        assert {each.status for each in found} == {"ready"}
        assert len(ledger.rows(connection, again.owner)) == paid
    assert "1807" in answering.ask(again, QUESTION).text
    again.close()
    status, (report,) = command(capsys, storage, "doctor")
    assert [check for check in report["checks"] if not check["ok"]] == []


@pytest.mark.parametrize("renames", range(3))
def test_a_repair_that_was_killed_loses_nothing(filled, capsys, monkeypatch, renames):
    storage = filled.storage
    with filled.database.read() as connection:
        paid = len(ledger.rows(connection, filled.owner))
    filled.close()
    overwrite(storage / "stc.db", pages_of(storage / "stc.db", "chunks")[:1])
    rename, done = os.replace, []

    def dying(source, target):
        if len(done) == renames:
            raise KeyboardInterrupt
        done.append(target)
        rename(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(backups.os, "replace", dying)
        with pytest.raises(KeyboardInterrupt), Holders(storage / "holders").alone():
            salvage(storage / "stc.db")
    command(capsys, storage, "doctor", "--fix")
    again = Services(storage)
    ingest.process_pending(again)
    with again.database.read() as connection:
        assert len(documents.list_all(connection, again.owner)) == 3
        assert len(ledger.rows(connection, again.owner)) == paid
    again.close()
    assert command(capsys, storage, "doctor")[0] == 0


def test_a_storage_that_was_taken_away_acknowledges_nothing_more(filled, tmp_path):
    storage = filled.storage
    os.rename(storage, tmp_path / "elsewhere")
    with pytest.raises(UserError, match="moved, deleted or replaced"):
        ingest.receive(filled, "late.txt", io.BytesIO(text(9)))
    with pytest.raises(UserError, match="No such file"):
        filled.recover()
    assert background.health(filled)["database"] == "UserError"
    assert not (storage / "stc.db").exists()
    os.rename(tmp_path / "elsewhere", storage)
    assert ingest.receive(filled, "late.txt", io.BytesIO(text(9))).status == "new"


def test_a_damaged_database_of_an_earlier_schema_is_made_anew_with_its_settings(filled, capsys):
    storage = filled.storage
    filled.close()
    path = storage / "stc.db"
    with closing(sqlite3.connect(path)) as connection:
        for name, value in (("chat_model", '"openai/x"'), ("effort", '"low"')):
            connection.execute("INSERT INTO settings VALUES ('local', ?, ?)", (name, value))
        for table in ("sign_ins", "codes", "attempts", "people", "stamps"):
            connection.execute(f"DROP TABLE {table}")
        for table in ("answers", "ledger"):
            connection.execute(f"DROP INDEX ix_{table}_owner_stamp")
            connection.execute(f"ALTER TABLE {table} DROP COLUMN stamp")
        connection.execute("UPDATE alembic_version SET version_num = '0009'")
        connection.commit()
    overwrite(path, pages_of(path, "answers"))
    status, (said,) = command(capsys, storage, "documents")
    assert status == 1
    assert "doctor --fix" in said["error"]
    assert command(capsys, storage, "doctor", "--fix")[0] == 0
    opened = Services(storage)
    assert (opened.settings.chat_model, opened.settings.effort) == ("openai/x", "low")
    with opened.database.read() as connection:
        assert len(documents.list_all(connection, opened.owner)) == 3
    opened.close()


def test_a_sound_database_is_left_alone_by_the_doctor(filled, capsys):
    filled.close()
    _, (report,) = command(capsys, filled.storage, "doctor", "--fix")
    assert [check for check in report["checks"] if not check["ok"]] == []
    assert not list(filled.storage.glob("damaged-*"))


def test_a_damaged_database_is_not_made_anew_while_the_program_runs_on_it(filled, capsys):
    other = Services(filled.storage)
    filled.close()
    overwrite(filled.storage / "stc.db", pages_of(filled.storage / "stc.db", "pages")[:1])
    status, (report,) = command(capsys, filled.storage, "doctor", "--fix")
    assert status == 1
    assert "at work on this storage" in report["checks"][-1]["detail"]
    other.close()


def test_what_can_not_be_is_found_and_dropped(filled):
    with filled.database.write() as connection:
        document_id = documents.list_all(connection, filled.owner)[0].id
        connection.exec_driver_sql("DELETE FROM evidence WHERE note_id = (SELECT id FROM notes LIMIT 1)")
        vectors.add(connection, "chunk", document_id, [("gone", vectors.np.ones(3))], "another")
    (filled.files.directory / "incoming-1-dead-half").write_bytes(b"half")
    keys = [filled.storage / name for name in ("secrets-abcdefgh", "secrets-ijklmnop")]
    for path, age_s in zip(keys, (3600, 0), strict=True):
        path.write_bytes(b"{}")
        os.utime(path, (time.time() - age_s,) * 2)
    wrong = [check for check in doctor.examine(filled.storage).checks if not check.ok]
    assert [check.name for check in wrong] == ["work in hand", "contents"]
    assert "2 files were left" in wrong[0].detail
    assert "1 notes without evidence, 1 vectors of passages that are gone" in wrong[1].detail
    assert doctor.examine(filled.storage, fix=True).ok
    assert [path.exists() for path in keys] == [False, True]
    assert [check for check in doctor.examine(filled.storage).checks if not check.ok] == []


CHROMA = {
    "deleted": lambda directory: None,
    "a file": lambda directory: directory.write_bytes(b"not a folder"),
    "a link to nowhere": lambda directory: directory.symlink_to(directory.parent / "nowhere"),
    "full of nonsense": lambda directory: (
        directory.mkdir(),
        (directory / "chroma.sqlite3").write_bytes(b"nonsense" * 999),
    ),
    "empty": lambda directory: directory.mkdir(),
}


@pytest.mark.parametrize("damage", CHROMA.values(), ids=CHROMA)
def test_a_lost_vector_index_is_made_anew_and_answers_go_on_meanwhile(filled, damage):
    directory = filled.storage / "chroma"
    damage(directory)
    index = vectors.VectorIndex(filled.database, directory, worth_chroma=1)
    question = filled.embedder.encode([QUESTION])[0]

    def found() -> list[str]:
        return [
            item
            for item, _ in index.search(
                question, kind="chunk", document_ids=None, embedder_name=filled.embedder.name, limit=20
            )
        ]

    exact = sorted(found())
    assert index.follow()
    assert sorted(found()) == exact
    assert directory.is_dir()
    index.close()


def test_a_vector_index_that_breaks_while_in_use_is_given_up_and_made_anew(filled, monkeypatch):
    index = vectors.VectorIndex(filled.database, filled.storage / "chroma", worth_chroma=1)
    assert index.follow()
    question = filled.embedder.encode([QUESTION])[0]

    def broken(*arguments, **options):
        raise RuntimeError("Error executing plan: Internal error: database disk image is malformed")

    monkeypatch.setattr(index._client, "get_or_create_collection", broken)
    assert index.search(question, kind="chunk", document_ids=None, embedder_name=filled.embedder.name, limit=3)
    assert index.follow()
    assert index.search(question, kind="chunk", document_ids=None, embedder_name=filled.embedder.name, limit=3)
    index.close()


@pytest.fixture
def read_only(filled):
    """The storage on a disk that can't be written to."""
    storage = filled.storage
    filled.close()
    if os.name != "posix" or os.geteuid() != 0:
        folders = [storage, *(path for path in storage.rglob("*"))]
        for path in folders:
            path.chmod(0o555 if path.is_dir() else 0o444)
        yield storage
        for path in folders:
            path.chmod(0o755 if path.is_dir() else 0o644)
        return
    mounted = subprocess.run(["mount", "--bind", str(storage), str(storage)], check=False, capture_output=True)
    if mounted.returncode or subprocess.run(["mount", "-o", "remount,bind,ro", str(storage)], check=False).returncode:
        pytest.skip("only on a system that lets tests mount")
    yield storage
    subprocess.run(["umount", str(storage)], check=True)


def test_a_disk_that_can_not_be_written_to_is_said_so(read_only, capsys):
    for arguments in (["documents"], ["ask", QUESTION], ["sleep"], ["add", __file__]):
        status, lines = command(capsys, read_only, *arguments)
        assert status == 1
        assert "can't be written to" in lines[0]["error"]
        assert "cp -a" in lines[0]["error"] or "chmod -R u+rwX" in lines[0]["error"]
    status, (report,) = command(capsys, read_only, "doctor", "--fix")
    assert status == 1
    assert "can't be written to" in report["checks"][0]["detail"]


def test_a_full_disk_is_said_so_loses_nothing_and_is_forgotten_once_there_is_room(filled):
    def full(connection, *_) -> None:
        connection.execute("PRAGMA max_page_count=1")  # SQLite takes what there is now as the most there may be

    long = b"\n\n".join(text(number) for number in range(10, 40))

    def go_on_adding() -> None:
        for number in range(1_000):  # until the pages that were free are used up
            received = ingest.receive(filled, "long.txt", io.BytesIO(long + b"\n\nThe end." * number))
            ingest.process(filled, received.document_id)

    event.listen(filled.database._engine, "checkout", full)
    with pytest.raises(UserError, match="Make room"):
        go_on_adding()
    event.remove(filled.database._engine, "checkout", full)
    filled.database.close()
    with filled.database.read() as connection:
        assert {each.name for each in documents.list_all(connection, filled.owner)} >= {"0.txt", "1.txt", "2.txt"}
    ingest.process_pending(filled)
    again = ingest.receive(filled, "long.txt", io.BytesIO(long))
    assert ingest.process(filled, again.document_id).status == "ready"
    filled.close()
    assert [check for check in doctor.examine(filled.storage).checks if not check.ok] == []


def test_a_storage_that_is_a_file_is_said_so(tmp_path, capsys):
    (tmp_path / "storage").write_bytes(b"")
    status, (line,) = command(capsys, tmp_path / "storage", "documents")
    assert (status, "can't be made" in line["error"]) == (1, True)


def test_damage_that_is_met_later_is_told_in_the_same_sentence(filled):
    filled.close()
    overwrite(filled.storage / "stc.db", pages_of(filled.storage / "stc.db", "pages"))
    database = Database(filled.storage / "stc.db")
    with database.read() as connection:
        ids = [document.id for document in documents.list_all(connection, filled.owner)]

    def read_all() -> None:
        with database.read() as connection:
            for document_id in ids:
                documents.read_pages(connection, document_id)

    with pytest.raises(Damaged, match="doctor --fix"):
        read_all()
    database.close()
