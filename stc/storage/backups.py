"""Everything of a storage in one file, and back: the database as it was at one moment, and the originals that it names.

The file is a zip without compression: what it says to hold it must hold, so that no small one unpacks to a huge one. Keys
(``secrets.json``) and the vector index, which is made anew, are not in it. Restoring unpacks and checks everything beside
the old storage, and then swaps the two; killed in between, the swap is finished at the next start, or what was unpacked is
thrown away.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import sqlite3
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import delete, select

from stc.errors import Damaged, UserError
from stc.storage import documents as document_rows
from stc.storage import lexical, private, upkeep
from stc.storage.database import Database
from stc.storage.files import Files
from stc.storage.holders import Holders
from stc.storage.schema import (
    HEAD,
    attempts,
    codes,
    documents,
    failures,
    loose_files,
    metadata,
    presence,
    sign_ins,
)
from stc.words import READ_AGAIN

FORMAT = 1
_DATABASE = "stc.db"
_MANIFEST = "manifest.json"
_MEMBER = re.compile(r"files/([0-9a-f]{64})")
_HASH = re.compile(r"[0-9a-f]{64}")
_MOST_MANIFEST_BYTES = 64 * 2**20
_BLOCK_BYTES = 1 << 20
RESTORING = "restoring"
_READY = "ready"
_OF_THE_MOMENT = (presence, loose_files, sign_ins, codes, attempts)
"""Who is at work, who is signed in: nothing that a backup brings back."""
_OWN = frozenset(
    (
        *(_DATABASE + end for end in ("", "-wal", "-shm")),
        "files",
        "chroma",
        "holders",
        "logs",
        "secrets.json",
        RESTORING,
    )
)
"""What a storage consists of."""
_SOMETHING = ("SELECT 1 FROM documents", "SELECT 1 FROM conversations", "SELECT 1 FROM ledger")
_REPLACED = (f"{_DATABASE}-wal", f"{_DATABASE}-shm", "chroma", "files", _DATABASE)
"""What a restored storage has anew, or not at all, in the order of swapping: the database comes last."""


@dataclass(frozen=True, slots=True)
class Backup:
    """``missing`` counts documents whose original was gone before; ``kept_aside`` is where the old storage lies now."""

    file: Path
    documents: int
    notes: int
    bytes: int
    schema: str
    missing: int = 0
    kept_aside: Path | None = None


class _Refused(UserError):
    """A file that is no backup, or none that can be trusted."""


def back_up(storage: Path, file: Path, *, holder: str, force: bool = False) -> Backup:
    """Write a backup while the program goes on working; it appears under its name when it is whole.

    Raises ``UserError`` when there is a file of this name (unless ``force``) or anything else, it is one that the storage
    itself needs, or the disk can't take it.
    """
    file = file.absolute()
    with _told_of_the_disk(file.parent):
        refuse_own(storage, file)
        _refuse_to_overwrite(file, force)
    partial, snapshot = (file.with_name(f".{file.name}.{holder}.{kind}") for kind in ("partial", _DATABASE))
    _sweep(file, Holders(storage / "holders"))
    with _told_of_the_disk(file.parent):
        try:
            _make_room_or_refuse(storage, file.parent)
            _copy_database(storage / _DATABASE, snapshot)
            made = _write(storage, snapshot, partial)
            _refuse_to_overwrite(file, force)
            os.replace(partial, file)
            _sync_folder(file.parent)
        finally:
            for left in (partial, *(snapshot.with_name(snapshot.name + end) for end in ("", "-wal", "-shm"))):
                left.unlink(missing_ok=True)
    return Backup(file, made["documents"], made["notes"], file.stat().st_size, made["schema"], len(made["missing"]))


def refuse_own(storage: Path, file: Path) -> None:
    """Raise ``UserError`` where writing to ``file`` would write over what the storage itself consists of."""
    inside = Path(os.path.realpath(file)).parts
    root = Path(os.path.realpath(storage)).parts
    if inside[: len(root)] == root and (inside == root or inside[len(root)] in _OWN):
        raise UserError(f"{file} belongs to the storage itself. Choose another place.")


def _refuse_to_overwrite(file: Path, force: bool) -> None:
    if file.is_dir():
        raise UserError(f"{file} is a folder. Name the file that the backup is to be written to.")
    if file.exists() and not file.is_file():
        raise UserError(f"{file} is no file that can be written over. Choose another name.")
    if file.exists() and not force:
        raise UserError(f"{file} is there already. Choose another name, or use --force to write over it.")


def _sweep(file: Path, holders: Holders) -> None:
    """Delete what killed processes left of backups of this name."""
    living = holders.living()
    for left in file.parent.glob(f".{file.name}.*"):
        ours = re.fullmatch(r"(\d+-[0-9a-f]{8})\.(?:partial|stc\.db(?:-wal|-shm)?)", left.name[len(file.name) + 2 :])
        if ours and ours[1] not in living:
            left.unlink(missing_ok=True)


def _make_room_or_refuse(storage: Path, folder: Path) -> None:
    database = sum(
        (storage / name).stat().st_size for name in (_DATABASE, f"{_DATABASE}-wal") if (storage / name).exists()
    )
    originals = sum(path.stat().st_size for path in (storage / "files").glob("??/*"))
    needed, free = 2 * database + originals, shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(errno.ENOSPC, f"about {_mib(needed)} are needed, {_mib(free)} are free")


def _copy_database(source: Path, target: Path) -> None:
    """Copy the database as it is at this moment; those who write to it meanwhile don't wait."""
    _make_private(target)
    with contextlib.closing(sqlite3.connect(source, isolation_level=None, timeout=30.0)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))


def _make_private(file: Path) -> None:
    """Make an empty file that its owner alone can read."""
    file.unlink(missing_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _write(storage: Path, snapshot: Path, target: Path) -> dict[str, Any]:
    """Write the zip and return its manifest. A document that was deleted since the snapshot is left out."""
    files = Files(storage / "files", "")
    database, live = Database(snapshot), Database(storage / _DATABASE)
    members: dict[str, dict[str, Any]] = {}
    missing: list[str] = []
    gone: list[str] = []
    try:
        with database.read() as connection:
            wanted = sorted(upkeep.content_hashes(connection))
        _make_private(target)
        with zipfile.ZipFile(target, "w") as packed:
            for content_hash in wanted:
                try:
                    original = files.path(content_hash).open("rb")
                except FileNotFoundError:
                    with live.read() as connection:
                        kept = document_rows.uses_of_file(connection, content_hash)
                    (missing if kept else gone).append(content_hash)
                    continue
                with original:
                    members[f"files/{content_hash}"] = _pack(packed, f"files/{content_hash}", original)
            _trim(database, gone)
            with database.read() as connection:
                counts = upkeep.counts(connection)
            database.close()  # the last connection: what stands in the log goes into the file
            with snapshot.open("rb") as source:
                members[_DATABASE] = _pack(packed, _DATABASE, source)
            manifest = {
                "program": "Sleep-Time Chat",
                "format": FORMAT,
                "schema": HEAD,
                "made_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "documents": counts["documents"],
                "notes": counts["prepared notes"],
                "missing": missing,
                "members": members,
            }
            packed.writestr(zipfile.ZipInfo(_MANIFEST), json.dumps(manifest, indent=1))
        with target.open("rb+") as whole:
            os.fsync(whole.fileno())
    finally:
        database.close()
        live.close()
    return manifest


def _trim(database: Database, gone: list[str]) -> None:
    """Take out of a snapshot what was deleted since, and what is of the moment only."""
    with database.write() as connection:
        for content_hash in gone:
            these = documents.c.content_hash.in_([content_hash, content_hash + READ_AGAIN])
            connection.execute(delete(failures).where(failures.c.content_hash == content_hash))
            ids = connection.execute(select(documents.c.id).where(these)).scalars()
            for document_id in ids.all():
                lexical.delete_document(connection, document_id)
                document_rows.delete_document(connection, document_id)
        for table in _OF_THE_MOMENT:
            connection.execute(delete(table))


def _pack(packed: zipfile.ZipFile, name: str, source: BinaryIO) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with packed.open(zipfile.ZipInfo(name), "w", force_zip64=True) as target:
        while block := source.read(_BLOCK_BYTES):
            digest.update(block)
            size += len(block)
            target.write(block)
    return {"bytes": size, "sha256": digest.hexdigest()}


# Restoring


def restore(storage: Path, file: Path) -> Backup:
    """Put a backup in the place of what a storage holds, which is kept aside.

    Raises ``UserError``, nothing changed, when the file is no backup or can't be trusted, was made by a newer program, the
    disk is too small, or a process works on the storage.
    """
    holders = Holders(storage / "holders")
    with _told_of_the_disk(storage):
        private.make_folder(storage)
        with holders.alone():
            finish(storage)
            restoring = storage / RESTORING
            try:
                found = _unpack(file, restoring, shutil.disk_usage(storage).free)
                _check(restoring, found)
                aside = swap(storage, "before-restore")
            except BaseException:  # Ctrl+C too: half a restore is of no use, a whole one is finished at the next start
                if not (restoring / _READY).exists():
                    shutil.rmtree(restoring, ignore_errors=True)
                raise
    return Backup(
        file.absolute(),
        found.counts["documents"],
        found.counts["prepared notes"],
        file.stat().st_size,
        found.schema,
        len(found.missing),
        aside if aside.exists() else None,
    )


def _unused(path: Path) -> Path:
    """Return a path, or one like it that nothing has yet."""
    number = 1
    while (found := path if number == 1 else path.with_name(f"{path.name}-{number}")).exists():
        number += 1
    return found


def swap(storage: Path, kind: str) -> Path:
    """Put what is whole in ``restoring/`` in the place of what is there; return the folder that this is kept in.

    Killed in between, it is finished at the next start. Nobody may work on the storage meanwhile.
    """
    aside = _unused(storage / f"{kind}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}")
    ready = storage / RESTORING / _READY
    with ready.with_suffix(".partial").open("w") as written:
        written.write(aside.name)
        written.flush()
        os.fsync(written.fileno())
    os.replace(ready.with_suffix(".partial"), ready)
    _sync_folder(ready.parent)
    finish(storage)
    return aside


def finish(storage: Path) -> None:
    """Finish or undo a restoring or repairing that was cut short. Nobody may work on the storage meanwhile."""
    restoring = storage / RESTORING
    if not restoring.exists():
        return
    try:
        aside = storage / (restoring / _READY).read_text()
    except FileNotFoundError:
        shutil.rmtree(restoring)
        return
    for name in _REPLACED:
        new, old = restoring / name, storage / name
        moved = name in ("files", _DATABASE)
        if moved and not new.exists():
            continue  # that has been done before it was cut short
        if old.exists() or old.is_symlink():
            private.make_folder(aside)
            os.replace(old, aside / name)
        if moved:
            os.replace(new, old)
    _sync_folder(storage)
    shutil.rmtree(restoring)


def holds_something(storage: Path) -> bool:
    """Tell whether restoring into a storage would put something aside that a person may want to keep."""
    database = storage / _DATABASE
    if not database.is_file():
        return database.exists() or any((storage / "files").glob("??/*"))
    try:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            return any(connection.execute(query).fetchone() for query in _SOMETHING)
    except sqlite3.Error:
        return True


@dataclass(slots=True)
class _Found:
    """What a backup says of itself, and once it is checked how much there is."""

    schema: str
    missing: frozenset[str]
    originals: frozenset[str]
    counts: Mapping[str, int] = field(default_factory=dict)


def _unpack(file: Path, target: Path, free: int) -> _Found:
    try:
        size = file.stat().st_size
        with zipfile.ZipFile(file) as packed:
            members = _members(packed, size)
            manifest = _manifest(packed, members)
            needed = sum(info.file_size for info in members.values())
            if needed > free:
                raise OSError(errno.ENOSPC, f"{_mib(needed)} are needed, {_mib(free)} are free")
            private.make_folder(target)
            (target / "files").mkdir()
            for name, told in manifest["members"].items():
                content_hash = name.rpartition("/")[2]
                place = target / name if name == _DATABASE else target / "files" / content_hash[:2] / content_hash
                place.parent.mkdir(exist_ok=True)
                got = _unpack_one(packed, members[name], place)
                if got != told["sha256"] or (name != _DATABASE and got != content_hash):
                    raise _Refused(f"{file} is damaged: {name} is not what was backed up.")
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise _Refused(f"{file} is no backup, or not a whole one: {error}.") from None
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise UserError(f"{file} can't be read: {error.strerror}. Check the path.") from None
    originals = frozenset(name.rpartition("/")[2] for name in members if name not in (_DATABASE, _MANIFEST))
    return _Found(manifest["schema"], frozenset(manifest["missing"]), originals)


def _members(packed: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """Return the members by name. Raises ``UserError`` where they are not what a backup has."""
    members: dict[str, zipfile.ZipInfo] = {}
    for info in packed.infolist():
        name = info.filename
        if name in members or not (name in (_DATABASE, _MANIFEST) or _MEMBER.fullmatch(name)):
            raise _Refused(f"{packed.filename} is no backup of this program: it holds {name[:100]!r}.")
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 or info.file_size != info.compress_size:
            raise _Refused(f"{packed.filename} is no backup of this program: {name} is compressed or locked.")
        members[name] = info
    if _DATABASE not in members or _MANIFEST not in members:
        raise _Refused(f"{packed.filename} is no backup of this program: it holds no {_DATABASE}.")
    if sum(info.file_size for info in members.values()) > size or members[_MANIFEST].file_size > _MOST_MANIFEST_BYTES:
        raise _Refused(f"{packed.filename} is damaged: its parts are larger than the whole.")
    return members


def _manifest(packed: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo]) -> dict[str, Any]:
    """Return the manifest. Raises ``UserError`` where it doesn't fit, or a newer program wrote it."""
    try:
        manifest = json.loads(packed.read(_MANIFEST))
        if manifest["format"] > FORMAT or manifest["schema"] > HEAD:
            raise UserError(
                f"{packed.filename} was made by a newer version of Sleep-Time Chat (format {manifest['format']}, schema "
                f"{manifest['schema']}; this one knows {FORMAT} and {HEAD}). Update the program, then restore it."
            )
        fits = (
            manifest["members"].keys() == members.keys() - {_MANIFEST}
            and all(members[name].file_size == told["bytes"] for name, told in manifest["members"].items())
            and all(_HASH.fullmatch(told["sha256"]) for told in manifest["members"].values())
            and all(_HASH.fullmatch(name) for name in manifest["missing"])
            and re.fullmatch(r"\d{4}", manifest["schema"])
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        fits = None
    if not fits:
        raise _Refused(f"{packed.filename} is damaged: its list of contents does not fit.")
    return manifest


def _unpack_one(packed: zipfile.ZipFile, info: zipfile.ZipInfo, place: Path) -> str:
    digest, left = hashlib.sha256(), info.file_size
    _make_private(place)
    with packed.open(info) as source, place.open("wb") as target:
        while left > 0 and (block := source.read(min(left, _BLOCK_BYTES))):
            digest.update(block)
            left -= len(block)
            target.write(block)
        target.flush()
        os.fsync(target.fileno())
    return digest.hexdigest()


def _check(restoring: Path, found: _Found) -> None:
    """Bring the database to the present schema, and see that it is sound and names what is there, no more.

    A database that strangers made could name files outside the storage, or run statements of its own.
    """
    path = restoring / _DATABASE
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA trusted_schema=OFF")
            things = connection.execute("SELECT type, name FROM sqlite_master").fetchall()
    except sqlite3.DatabaseError:
        raise _Refused("The backup's database is damaged.") from None
    known = {"alembic_version", *metadata.tables}
    for kind, name in things:
        ours = name in known or name == "lexical" or name.startswith(("lexical_", "sqlite_"))
        if kind not in ("table", "index") or (kind == "table" and not ours):
            raise _Refused(f"The backup's database holds what this program never made ({kind} {name[:100]!r}).")
    try:
        database = Database(path)
        try:
            with database.write() as connection:
                for table in _OF_THE_MOMENT:
                    connection.execute(delete(table))
            with database.read() as connection:
                problems = upkeep.integrity_problems(connection)
                named = upkeep.content_hashes(connection)
                found.counts = upkeep.counts(connection)
        finally:
            database.close()  # the last connection: what stands in the log goes into the file
    except Damaged:
        raise _Refused("The backup's database is damaged.") from None
    odd = [name for name in named if not _HASH.fullmatch(name)]
    if problems or odd:
        raise _Refused(f"The backup's database is damaged: {(problems or odd)[0]}.")
    if found.originals - named or named - found.originals - found.missing:
        raise _Refused("The backup's database and its files don't belong together.")


@contextlib.contextmanager
def _told_of_the_disk(folder: Path) -> Iterator[None]:
    """Say in words what a disk refuses."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"{folder} can't take it: {reason}. Make room, or choose another place.") from error


def _sync_folder(folder: Path) -> None:
    """Have renames outlast a power cut, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"
