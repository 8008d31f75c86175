"""Stamps of answers and ledger rows: the larger, the later one was written. Who keeps some in memory reads what is newer."""

from __future__ import annotations

from sqlalchemy import Connection, Table, func, insert, select, update

from stc.storage.schema import stamps


def new(connection: Connection) -> int:
    """Return a stamp larger than every one before it, for what is written in this transaction."""
    changed = connection.execute(update(stamps).values(newest=stamps.c.newest + 1))
    if not changed.rowcount:
        connection.execute(insert(stamps).values(newest=1))
    return newest(connection)


def newest(connection: Connection) -> int:
    """Return the largest stamp given so far, 0 where none was."""
    return connection.execute(select(stamps.c.newest)).scalar() or 0


def count(connection: Connection, table: Table, owner: str) -> int:
    """Return the number of the owner's rows of a stamped table: it tells that some were deleted."""
    return connection.execute(select(func.count()).select_from(table).where(table.c.owner == owner)).scalar_one()
