"""Open the database: connections, transactions, migrations."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from stc.errors import Damaged, UserError
from stc.storage import private
from stc.storage.schema import HEAD
from stc.storage.unwritable import refusal
from stc.turns import Turns

_DAMAGED = (
    "{path} {what}. Stop the program, then run 'python -m stc doctor --fix': it keeps what can still be read. Or put a "
    "backup in its place: 'python -m stc restore FILE'."
)
_BUSY = "The storage is busy with other work. Try again in a moment."
_BUSY_S = 30.0
"""So long a transaction waits for its turn to write."""
MOST_VARIABLES = 500
"""SQLite limits the variables of one statement."""

T = TypeVar("T")


def new_id() -> str:
    """Return a fresh identifier: 16 hexadecimal digits."""
    return secrets.token_hex(8)


def in_parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield values in parts of so many as one statement takes."""
    for start in range(0, len(values), MOST_VARIABLES):
        yield values[start : start + MOST_VARIABLES]


class Database:
    """The SQL database of one storage directory. Thread-safe; connections are pooled.

    Raises ``UserError`` when the file can't be opened or was written by a newer program, and ``Damaged``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.is_dir():
            raise UserError(f"{path} is a folder where the database should be. Move it away, then start again.")
        if _emptied(path):
            raise Damaged(_DAMAGED.format(path=path, what="is empty, though originals lie beside it"))
        self._engine = create_engine(
            f"sqlite:///{path}",
            connect_args={"timeout": _BUSY_S, "check_same_thread": False},
            pool_size=10,
            max_overflow=40,
        )
        event.listen(self._engine, "connect", _prepare_connection)
        event.listen(self._engine, "begin", _begin)
        self._writing = Turns()
        self._file: tuple[int, int] | None = None
        try:
            self._migrate()
        except BaseException:  # raised again: a file left open would keep its repair out
            self.close()
            raise
        self._file = _identity(path)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection that sees one consistent state."""
        self._check_in_place()
        with _in_words(self.path), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Yield a connection that holds the write lock; commits at the end, rolls back on an exception. Keep it short."""
        self._check_in_place()
        with self._turn(), _in_words(self.path), self._engine.connect() as plain:
            connection = plain.execution_options(stc_write=True)
            with connection.begin():
                yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for this process's other threads: SQLite itself would let each of them sleep and ask again, in no order."""
        with self._writing.taken(_BUSY_S) as mine:
            if not mine:
                raise UserError(_BUSY)
            yield

    def close(self) -> None:
        self._engine.dispose()

    def _check_in_place(self) -> None:
        """Raise ``UserError`` where the file is not the one that was opened: what is written to that is lost unseen."""
        if self._file is not None and _identity(self.path) != self._file:
            raise UserError(
                f"{self.path} was moved, deleted or replaced while the program ran. Stop the program, put the storage back "
                "in its place or restore a backup, then start again."
            )

    def _migrate(self) -> None:
        with self.read() as connection:
            version = _version(connection)
        if version == HEAD:
            return
        if version is None:
            from stc.storage.upkeep import create

            with self.write() as connection:
                if _version(connection) is None:  # nobody else was quicker
                    create(connection)
        else:
            from stc.storage.migrations import upgrade  # Alembic is imported only when the schema differs

            with _in_words(self.path):
                upgrade(self._engine, self.path, found=version)
        for name in ("", "-wal", "-shm"):
            private.close_file(self.path.with_name(self.path.name + name))


def _emptied(path: Path) -> bool:
    """Tell whether a database was there that holds nothing any more: SQLite would begin anew without a word."""
    return path.is_file() and path.stat().st_size == 0 and any((path.parent / "files").glob("??/*"))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _version(connection: Connection) -> str | None:
    exists = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").first()
    if exists is None:
        return None
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return row[0] if row else None


def _prepare_connection(raw, _record) -> None:
    # pysqlite opens transactions by itself and commits DDL; with isolation_level None it leaves both to _begin.
    raw.isolation_level = None
    cursor = raw.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_S * 1000:.0f}")
    cursor.close()


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("stc_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except (OperationalError, DatabaseError) as error:
        reason = str(error.orig).lower()
        if "disk is full" in reason or "disk i/o" in reason:
            raise UserError(
                f"The disk that holds {path.parent} is full or failing. Make room, then try again."
            ) from error
        may_not = "unable to open" in reason and path.exists() and not os.access(path, os.R_OK | os.W_OK)
        if may_not or "readonly" in reason or "read-only" in reason:
            raise refusal(path.parent) from error
        if any(sign in reason for sign in ("malformed", "not a database", "vtable constructor failed")):
            raise Damaged(_DAMAGED.format(path=path, what="is damaged")) from error
        if "unable to open" in reason:
            raise UserError(f"{path} can't be opened. Check that the folder exists and is yours.") from error
        if "locked" in reason:
            raise UserError(_BUSY) from error
        raise
