"""A backup is everything of one moment in one file, and back; what is no backup of this program changes nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import json
import os
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from stc import cli
from stc.chat import answering
from stc.documents import ingest
from stc.errors import UserError
from stc.meter import totals
from stc.services import Services
from stc.sleep import run
from stc.storage import backups, conversations, documents, ledger
from stc.storage.schema import HEAD
from tests.conftest import for_a_whole_file
from tests.storage import test_migrations

TEXT = (
    b"The mill at Corvane was built in 1871 by Ada Hollis. It has four stones and grinds rye for the whole valley.\n\n"
    b"The weir above the mill keeps the water of the river Tarn at a height of 3 metres. It was mended in 1924 by the "
    b"brothers Lind, after a flood had carried away 12 metres of it. The repair cost 4,100 crowns and took 7 weeks.\n\n"
    b"The miller sells flour on Tuesday and Friday. A sack of rye flour costs 9 crowns, a sack of wheat flour 11 crowns."
)
QUESTION = "When was the mill at Corvane built?"


def add(services: Services, text: bytes = TEXT, name: str = "mill.txt") -> str:
    document_id = ingest.receive(services, name, io.BytesIO(text)).document_id
    ingest.process(services, document_id)
    return document_id


@pytest.fixture(scope="module")
def filled_storage(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("filled") / "storage"
    with for_a_whole_file():
        services = Services(folder)
        add(services)
        add(services, b"A weir keeps the water of the river at one height.", "weir.txt")
        assert [one.status for one in run.sleep_now(services, until_done=True)]
        answering.ask(services, QUESTION)
        services.change_settings(effort="low")
        services.close()
    (folder / "secrets.json").write_text('{"OPENAI_API_KEY": "sk-very-secret"}')
    return folder


@pytest.fixture
def filled(filled_storage, tmp_path) -> Iterator[Services]:
    shutil.copytree(filled_storage, tmp_path / "storage")
    services = Services(tmp_path / "storage")
    yield services
    services.close()


def back_up(services: Services, file: Path, **options) -> backups.Backup:
    return backups.back_up(services.storage, file, holder=services.holder, **options)


def told(services: Services) -> dict:
    """Return what a person would compare: the same question's answer, the ledger's totals, names and settings."""
    with services.database.read() as connection:
        rows = ledger.rows(connection, services.owner)
        answers = conversations.all_answers(connection, services.owner)
        names = [document.name for document in documents.list_all(connection, services.owner)]
    answer = answering.prepare_context(services, QUESTION)
    return {
        "totals": totals.totals_json(rows, answers),
        "names": names,
        "context": answer.text,
        "effort": services.settings.effort,
    }


def test_what_was_backed_up_is_there_again_and_answers_the_same(filled, tmp_path):
    made = back_up(filled, tmp_path / "all.zip")
    assert (made.documents, made.missing, made.bytes) == (2, 0, (tmp_path / "all.zip").stat().st_size)
    assert made.notes > 0
    assert made.file.stat().st_mode & 0o077 == 0
    before = told(filled)
    found = backups.restore(tmp_path / "elsewhere", made.file)
    assert dataclasses.replace(made, kept_aside=None) == found
    restored = Services(tmp_path / "elsewhere")
    assert told(restored) == before
    answer = answering.ask(restored, QUESTION)
    assert "1871" in answer.text
    assert ingest.receive(restored, "again.txt", io.BytesIO(TEXT)).status == "duplicate"
    restored.close()


def test_no_key_and_no_vector_index_are_in_it(filled, tmp_path):
    made = back_up(filled, tmp_path / "all.zip")
    assert b"sk-very-secret" not in made.file.read_bytes()
    with zipfile.ZipFile(made.file) as packed:
        names = packed.namelist()
    assert sorted(name.partition("/")[0] for name in names) == ["files", "files", "manifest.json", "stc.db"]


def test_nobody_is_signed_in_by_a_backup(filled, tmp_path):
    with filled.database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO people (id, name, name_key, admin, disabled, created_at) VALUES ('p', 'Ada', 'ada', 1, 0, 1.0)"
        )
        connection.exec_driver_sql(
            "INSERT INTO sign_ins (token_hash, person_id, at, until) VALUES ('t', 'p', 1.0, 9e9)"
        )
    backups.restore(tmp_path / "elsewhere", back_up(filled, tmp_path / "all.zip").file)
    with closing(sqlite3.connect(tmp_path / "elsewhere" / "stc.db")) as connection:
        assert connection.execute("SELECT name FROM people").fetchall() == [("Ada",)]
        assert connection.execute("SELECT * FROM sign_ins").fetchall() == []


def test_a_file_that_is_there_is_written_over_only_where_that_is_wished(filled, tmp_path):
    target = tmp_path / "all.zip"
    target.write_bytes(b"mine")
    with pytest.raises(UserError, match="--force"):
        back_up(filled, target)
    assert target.read_bytes() == b"mine"
    back_up(filled, target, force=True)
    assert zipfile.is_zipfile(target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.zip", "storage"]


def test_what_is_added_and_removed_meanwhile_leaves_a_backup_whole(filled, tmp_path, monkeypatch):
    copy = backups._copy_database

    def removing(source: Path, target: Path) -> None:
        copy(source, target)
        with filled.database.read() as connection:
            ids = [
                document.id for document in documents.list_all(connection, filled.owner) if document.name == "weir.txt"
            ]
        assert ingest.remove(filled, *ids)
        add(filled, b"Added too late to be in it.", "late.txt")

    monkeypatch.setattr(backups, "_copy_database", removing)
    made = back_up(filled, tmp_path / "all.zip")
    backups.restore(tmp_path / "elsewhere", made.file)
    restored = Services(tmp_path / "elsewhere")
    with restored.database.read() as connection:
        assert [document.name for document in documents.list_all(connection, restored.owner)] == ["mill.txt"]
    restored.close()


def test_a_document_whose_original_was_lost_is_backed_up_without_it(filled, tmp_path):
    original = next(path for path in filled.files.directory.glob("??/*") if path.read_bytes() == TEXT)
    original.unlink()
    made = back_up(filled, tmp_path / "all.zip")
    assert (made.documents, made.missing) == (2, 1)
    assert backups.restore(tmp_path / "elsewhere", made.file).missing == 1


def test_what_is_there_is_kept_aside(filled, tmp_path):
    made = back_up(filled, tmp_path / "all.zip")
    other = Services(tmp_path / "elsewhere")
    add(other, b"What stood here before.", "before.txt")
    with pytest.raises(UserError, match="at work on this storage"):
        backups.restore(other.storage, made.file)
    other.close()
    found = backups.restore(other.storage, made.file)
    assert found.kept_aside is not None
    aside = Services(found.kept_aside)
    restored = Services(other.storage)
    with aside.database.read() as old, restored.database.read() as new:
        assert [document.name for document in documents.list_all(old, aside.owner)] == ["before.txt"]
        assert len(documents.list_all(new, restored.owner)) == 2
    aside.close()
    restored.close()


@pytest.mark.parametrize("renames", range(6))
def test_a_restoring_that_was_killed_is_undone_or_finished_at_the_next_start(sound, tmp_path, monkeypatch, renames):
    other = Services(tmp_path / "elsewhere")
    add(other, b"What stood here before.", "before.txt")
    other.close()
    rename, done = os.replace, []

    def dying(source, target):
        if len(done) == renames:
            raise KeyboardInterrupt
        done.append(target)
        rename(source, target)

    monkeypatch.setattr(backups.os, "replace", dying)
    with pytest.raises(KeyboardInterrupt) if renames < 5 else contextlib.nullcontext():
        backups.restore(other.storage, sound.file)
    monkeypatch.setattr(backups.os, "replace", rename)
    restored = Services(other.storage)
    with restored.database.read() as connection:
        there = [document.name for document in documents.list_all(connection, restored.owner)]
    assert there == ["mill.txt" if renames else "before.txt"], "the first one says that all is unpacked"
    assert not (other.storage / "restoring").exists()
    restored.close()


def rewritten(made: backups.Backup, target: Path, change) -> Path:
    """Write a backup again, with its members (name to bytes) changed."""
    with zipfile.ZipFile(made.file) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    change(members)
    with zipfile.ZipFile(target, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return target


def with_manifest(change):
    def changed(members: dict[str, bytes]) -> None:
        manifest = json.loads(members["manifest.json"])
        change(manifest, members)
        members["manifest.json"] = json.dumps(manifest).encode()

    return changed


def with_database(statement: str):
    """Run a statement on a backup's database and correct the list of contents, as a forger would."""

    def changed(manifest: dict, members: dict[str, bytes]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "stc.db"
            path.write_bytes(members["stc.db"])
            with closing(sqlite3.connect(path)) as connection:
                connection.executescript(statement)
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.execute("PRAGMA journal_mode=DELETE")
            members["stc.db"] = path.read_bytes()
        told = {"bytes": len(members["stc.db"]), "sha256": hashlib.sha256(members["stc.db"]).hexdigest()}
        manifest["members"]["stc.db"] = told

    return with_manifest(changed)


def first_file(members: dict[str, bytes]) -> str:
    return next(name for name in members if name.startswith("files/"))


HOSTILE = {
    "a path out of the storage": lambda m: m.update({"../../evil": b"x"}),
    "an absolute path": lambda m: m.update({"/etc/evil": b"x"}),
    "keys": lambda m: m.update({"secrets.json": b"{}"}),
    "no database": lambda m: m.pop("stc.db"),
    "no list of contents": lambda m: m.pop("manifest.json"),
    "a list that is no JSON": lambda m: m.update({"manifest.json": b"{"}),
    "a list that is nested deeply": lambda m: m.update({"manifest.json": b"[" * 100_000}),
    "a list of another kind": lambda m: m.update({"manifest.json": b"[1]"}),
    "another original": lambda m: m.update({first_file(m): b"forged"}),
    "an original too many": lambda m: m.update({"files/" + "0" * 64: b"x"}),
    "an original too few": lambda m: m.pop(first_file(m)),
    "a database that is none": lambda m: m.update({"stc.db": b"nothing" * 1000}),
    "a wrong hash": with_manifest(lambda manifest, m: manifest["members"]["stc.db"].update(sha256="0" * 64)),
    "a newer format": with_manifest(lambda manifest, m: manifest.update(format=backups.FORMAT + 1)),
    "a newer schema": with_manifest(lambda manifest, m: manifest.update(schema="9999")),
    "a schema that is no number": with_manifest(lambda manifest, m: manifest.update(schema="../x")),
    "a trigger": with_database("CREATE TRIGGER t AFTER INSERT ON documents BEGIN DELETE FROM ledger; END"),
    "a view": with_database("CREATE VIEW v AS SELECT * FROM documents"),
    "a table of its own": with_database("CREATE TABLE loot (x)"),
    "a file outside the storage": with_database(
        "UPDATE documents SET content_hash = '../../../etc/passwd' WHERE name = 'mill.txt'"
    ),
    "a newer schema in the database": with_database("UPDATE alembic_version SET version_num = '9999'"),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> backups.Backup:
    folder = tmp_path_factory.mktemp("sound")
    with for_a_whole_file():
        services = Services(folder / "storage")
        add(services)
        made = back_up(services, folder / "all.zip")
        services.close()
    return made


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_is_no_sound_backup_changes_nothing(sound, tmp_path, change):
    forged = rewritten(sound, tmp_path / "forged.zip", change)
    with pytest.raises(UserError):
        backups.restore(tmp_path / "elsewhere", forged)
    assert sorted(path.name for path in (tmp_path / "elsewhere").iterdir()) == ["holders"]
    assert not (tmp_path / "evil").exists()


def test_the_forgeries_fail_for_what_was_forged(sound, tmp_path):
    untouched = rewritten(sound, tmp_path / "rewritten.zip", lambda members: None)
    assert backups.restore(tmp_path / "elsewhere", untouched).documents == 1


def test_a_backup_of_an_older_schema_is_brought_up_to_date(sound, tmp_path):
    """As the program that knew schema 0006 would have written it: its database, its original, its list."""
    with closing(sqlite3.connect(tmp_path / "old.db")) as connection:
        connection.executescript((Path(__file__).parent / "schemas" / "0006.sql").read_text(encoding="utf-8"))
    original = test_migrations.MILL.encode()

    def older(manifest: dict, members: dict[str, bytes]) -> None:
        members.pop(first_file(members))
        members["files/" + hashlib.sha256(original).hexdigest()] = original
        members["stc.db"] = (tmp_path / "old.db").read_bytes()
        manifest["schema"] = "0006"
        manifest["members"] = {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in members.items()
            if name != "manifest.json"
        }

    found = backups.restore(tmp_path / "elsewhere", rewritten(sound, tmp_path / "old.zip", with_manifest(older)))
    assert (found.schema, found.documents, found.notes) == ("0006", 1, 1)
    restored = Services(tmp_path / "elsewhere")
    assert "1871" in answering.ask(restored, QUESTION).text
    restored.close()


def test_a_small_file_unpacks_to_no_huge_one(sound, tmp_path):
    with (
        zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed,
        zipfile.ZipFile(sound.file) as honest,
    ):
        packed.writestr("manifest.json", honest.read("manifest.json"))
        packed.writestr("stc.db", b"\0" * 50_000_000)
    with pytest.raises(UserError, match="compressed"):
        backups.restore(tmp_path / "elsewhere", tmp_path / "bomb.zip")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_file_that_was_cut_off_is_refused(sound, tmp_path, share):
    content = sound.file.read_bytes()
    (tmp_path / "cut.zip").write_bytes(content[: int(len(content) * share)])
    with pytest.raises(UserError, match="no backup, or not a whole one"):
        backups.restore(tmp_path / "elsewhere", tmp_path / "cut.zip")


def test_a_disk_without_room_is_said_so_before_anything_is_written(filled, tmp_path, monkeypatch):
    made = back_up(filled, tmp_path / "all.zip")
    monkeypatch.setattr(backups.shutil, "disk_usage", lambda path: SimpleNamespace(free=10))
    with pytest.raises(UserError, match="are needed, 0 MiB are free"):
        back_up(filled, tmp_path / "other.zip")
    with pytest.raises(UserError, match="Make room"):
        backups.restore(tmp_path / "elsewhere", made.file)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.zip", "elsewhere", "storage"]


def test_what_a_killed_backup_left_goes_with_the_next_one(filled, tmp_path):
    for name in (
        ".all.zip.1-00000000.partial",
        ".all.zip.1-00000000.stc.db",
        f".all.zip.{filled.holder}.partial",
        ".all.zip.mine",
    ):
        (tmp_path / name).write_bytes(b"half")
    back_up(filled, tmp_path / "all.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".all.zip.mine", "all.zip", "storage"]


def call(capsys, *arguments: str) -> tuple[int, dict]:
    status = cli.main([*arguments, "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_the_command_asks_before_it_puts_something_aside(filled, tmp_path, capsys, monkeypatch):
    storage, file = str(filled.storage), str(tmp_path / "all.zip")
    status, made = call(capsys, "--storage", storage, "backup", file)
    assert (status, made["documents"], made["file"], made["schema"]) == (0, 2, file, HEAD)
    assert made["notes"] > 0
    filled.close()
    cli.open_services(filled.storage).close()
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    status, refused = call(capsys, "--storage", storage, "restore", file)
    assert (status, "--yes" in refused["error"]) == (1, True)
    status, found = call(capsys, "--storage", storage, "restore", file, "--yes")
    assert (status, found["documents"], Path(found["kept_aside"]).is_dir()) == (0, 2, True)
    status, _ = call(capsys, "--storage", str(tmp_path / "empty"), "restore", file)
    assert status == 0
    for answer, wanted in (("n\n", 1), ("y\n", 0)):
        terminal = io.StringIO(answer)
        monkeypatch.setattr(terminal, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", terminal)
        status, _ = call(capsys, "--storage", storage, "restore", file)
        assert status == wanted
