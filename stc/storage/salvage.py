"""Make a damaged database anew from what of it can still be read.

Every table is copied row by row around what SQLite can't read; indexes and the full-text index are made anew. Rows that then
point nowhere are dropped, and documents that lost text are read again from their originals. The damaged file is kept.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from stc.errors import UserError
from stc.storage import backups, private, upkeep
from stc.storage import documents as document_rows
from stc.storage.database import Database
from stc.storage.files import Files
from stc.storage.schema import chunks, documents, metadata, pages, people, vectors

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

_AT_ONCE = 500
_LAST_ROW = 2**62


@dataclass(frozen=True, slots=True)
class Salvaged:
    """``kept`` is the folder where the damaged file lies now; ``read_again`` counts documents whose text is read anew."""

    documents: int
    rows: int
    dropped: int
    read_again: int
    kept: Path


def salvage(path: Path) -> Salvaged:
    """Put a sound database in a damaged one's place. Nobody may work on it meanwhile.

    Raises ``UserError``, nothing changed, when nothing can be read of it, or the disk is full. Killed in between, the damaged
    one stands as it was, or the swap is finished at the next start.
    """
    storage = path.parent
    making = storage / backups.RESTORING
    try:
        backups.finish(storage)
        private.make_folder(making)
        beside = making / path.name
        Database(beside).close()
        with contextlib.closing(sqlite3.connect(beside, isolation_level=None)) as target:
            target.execute("PRAGMA synchronous=OFF")
            target.execute("BEGIN")
            rows, before_people = _copy(path, target)
            dropped = _drop_what_points_nowhere(target)
            target.execute("COMMIT")
        database = Database(beside)
        try:
            with database.write() as connection:
                if before_people:
                    upkeep.give_settings_to_the_server(connection)
                read_again = _read_again(connection, Files(storage / "files", ""))
                upkeep.rebuild_lexical(connection)
                number = document_rows.count_all(connection)
        finally:
            database.close()  # the last connection: what stands in the log goes into the file
        with beside.open("rb+") as whole:
            os.fsync(whole.fileno())
        kept = backups.swap(storage, "damaged")
    except (OSError, sqlite3.Error) as error:
        raise UserError(
            f"{path} can't be repaired: {error}. Put a backup in its place: 'python -m stc restore FILE'."
        ) from error
    finally:
        backups.finish(storage)
    return Salvaged(number, rows, dropped, read_again, kept)


def _copy(path: Path, target: sqlite3.Connection) -> tuple[int, bool]:
    """Copy every row of every table that can be read; return how many there are, and whether they are of a schema that knew
    no people yet."""
    copied = 0
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as source:
        there = _columns(source)
        for table in metadata.sorted_tables:
            names = [column.name for column in table.columns if column.name in there.get(table.name, ())]
            if names:
                marks = ", ".join("?" * len(names))
                into = f"INSERT OR IGNORE INTO {table.name} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - our own
                for batch in _rows(source, table, names):
                    copied += target.executemany(into, batch).rowcount
    return copied, not there[people.name]


def _columns(source: sqlite3.Connection) -> dict[str, set[str]]:
    """Return the columns of each table, as far as the file says; an empty file has none."""
    found = {}
    for table in metadata.tables:
        found[table] = {row[1] for row in source.execute(f"PRAGMA table_info({table})")}
    return found


def _rows(source: sqlite3.Connection, table: Table, names: list[str]) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows in the order of the file, going around what can't be read by ever longer steps."""
    query = f"SELECT rowid, {', '.join(names)} FROM {table.name} NOT INDEXED WHERE rowid > ? ORDER BY rowid LIMIT ?"  # noqa: S608 - our own
    after, at_once, step = -1, _AT_ONCE, 1
    while after < _LAST_ROW:
        try:
            batch = source.execute(query, (after, at_once)).fetchall()
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            if at_once > 1:
                at_once = 1
            else:
                after, step = after + step, step * 2
            continue
        if not batch:
            return
        yield [row[1:] for row in batch]
        after = batch[-1][0]
        at_once, step = min(at_once * 2, _AT_ONCE), 1


def _drop_what_points_nowhere(target: sqlite3.Connection) -> int:
    """Delete rows whose document, task or note is lost, and what pointed at those in turn; return how many."""
    dropped = 0
    while wrong := target.execute("PRAGMA foreign_key_check").fetchall():
        for table, row, *_ in wrong:
            dropped += target.execute(f"DELETE FROM {table} WHERE rowid = ?", (row,)).rowcount  # noqa: S608 - our own
    return dropped


def _read_again(connection: Connection, files: Files) -> int:
    """Have documents read anew that lost pages, passages or vectors, where their original is there; return how many."""
    number = 0
    rows = connection.execute(select(documents).where(documents.c.status == "ready")).all()
    for row in rows:
        of_it = [_count(connection, table, row.id) for table in (pages, chunks)]
        embedded = connection.execute(
            select(func.count(func.distinct(vectors.c.item_id))).where(
                vectors.c.document_id == row.id, vectors.c.kind == "chunk"
            )
        ).scalar_one()
        whole = of_it == [row.pages, row.chunks] and embedded >= row.chunks
        if not whole and files.path(row.content_hash).is_file():
            document_rows.delete_passages(connection, row.id)
            document_rows.delete_pages(connection, row.id)
            document_rows.change(
                connection, row.id, status="reading", stage_done=0, stage_total=0, chunks=0, ready_at=None
            )
            number += 1
    return number


def _count(connection: Connection, table: Table, document_id: str) -> int:
    return connection.execute(
        select(func.count()).select_from(table).where(table.c.document_id == document_id)
    ).scalar_one()
