"""Stamps of answers and ledger rows: the larger, the later one was written. Who keeps some in memory reads what is newer."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from stc.storage.schema import answers, ledger, stamps


def new(connection: Connection) -> int:
    """Return a stamp larger than every one before it, for what is written in this transaction."""
    given = connection.execute(update(stamps).values(newest=stamps.c.newest + 1).returning(stamps.c.newest)).scalar()
    if given is None:
        connection.execute(insert(stamps).values(newest=1))
    return given or 1


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an owner's calls and answers have come: another standing says that something has changed."""

    newest: int
    """The largest stamp given so far, to whomever; 0 where none was."""
    rows: int
    answers: int
    """They tell that some were deleted."""


def standing(connection: Connection, owner: str) -> Standing:
    # In one row: with many threads each row that comes from the database waits for its turn to compute.
    counts = [
        select(func.count()).select_from(table).where(table.c.owner == owner).scalar_subquery()
        for table in (ledger, answers)
    ]
    return Standing(*connection.execute(select(func.coalesce(func.max(stamps.c.newest), 0), *counts)).one())
