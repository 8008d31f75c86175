"""SQL for the ledger: one row per model call. It is never changed once the call is over.

A call has its row before it is sent, marked as in flight: should the process be killed, the ledger shows what may have been
billed.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from sqlalchemy import Connection, Row, case, delete, func, insert, select

from stc.meter.quality import NoteUse
from stc.storage import stamps
from stc.storage.schema import ledger, notes
from stc.words import HAND_WRITTEN, IMPORTED, LedgerRow, Usage

_USAGE = tuple(f.name for f in dataclasses.fields(Usage))


def add(connection: Connection, row: LedgerRow) -> None:
    values = {f.name: getattr(row, f.name) for f in dataclasses.fields(row) if f.name != "usage"}
    values["stamp"] = stamps.new(connection)
    connection.execute(insert(ledger).values(**values, **dataclasses.asdict(row.usage)))


def settle(connection: Connection, row: LedgerRow) -> None:
    """Put the row of a call that is over in place of the one that it had in flight; both have one id."""
    withdraw(connection, row.id)
    add(connection, row)


def withdraw(connection: Connection, row_id: str) -> None:
    """Take back the row of a call in flight that nobody was asked to pay for."""
    connection.execute(delete(ledger).where(ledger.c.id == row_id))


def _row(row: Row[Any]) -> LedgerRow:
    values = dict(row._mapping)
    del values["stamp"]
    usage = Usage(**{name: values.pop(name) for name in _USAGE})
    return LedgerRow(**values, usage=usage)


def rows(
    connection: Connection,
    owner: str | None,
    *,
    since: float = 0.0,
    purpose: str | None = None,
    document_id: str | None = None,
    newer_than: int = -1,
) -> list[LedgerRow]:
    """Return the owner's rows (everybody's with no ``owner``) from ``since`` on, oldest first; those with a stamp
    ``newer_than`` the one given."""
    query = select(ledger).where(ledger.c.at >= since, ledger.c.stamp > newer_than)
    if owner is not None:
        query = query.where(ledger.c.owner == owner)
    if purpose:
        query = query.where(ledger.c.purpose == purpose)
    if document_id:
        query = query.where(ledger.c.document_id == document_id)
    return [_row(row) for row in connection.execute(query.order_by(ledger.c.at, ledger.c.id))]


def of_error(connection: Connection, error: str) -> list[LedgerRow]:
    """Return everybody's rows that stand with this error, oldest first."""
    return [
        _row(row) for row in connection.execute(select(ledger).where(ledger.c.error == error).order_by(ledger.c.at))
    ]


def spent_on_documents(
    connection: Connection, owner: str, *, purpose: str, free_model: str
) -> dict[str, tuple[float, int]]:
    """Return (US dollars as far as known, tokens) of each document's calls for a purpose, but for those of ``free_model``."""
    rows = connection.execute(
        select(
            ledger.c.document_id,
            func.coalesce(func.sum(ledger.c.cost_usd), 0.0).label("usd"),
            func.sum(ledger.c.input_tokens + ledger.c.output_tokens).label("tokens"),
        )
        .where(
            ledger.c.owner == owner,
            ledger.c.purpose == purpose,
            ledger.c.model != free_model,
            ledger.c.document_id.is_not(None),
        )
        .group_by(ledger.c.document_id)
    )
    return {row.document_id: (row.usd, row.tokens) for row in rows}


def last_tier(connection: Connection, owner: str, *, purpose: str, model: str) -> str | None:
    """Return in which tier the last good call of a model for a purpose was billed, ``None`` where it had none."""
    of_it = (ledger.c.owner == owner, ledger.c.purpose == purpose, ledger.c.model == model, ledger.c.error.is_(None))
    return connection.execute(select(ledger.c.tier).where(*of_it).order_by(ledger.c.at.desc()).limit(1)).scalar()


def note_use(connection: Connection, owner: str, *, document_id: str | None = None) -> NoteUse:
    """Return how many of the verified notes that were prepared here were ever used, of one document or of all."""
    wanted = [notes.c.owner == owner, notes.c.status == "verified", notes.c.model.not_in((HAND_WRITTEN, IMPORTED))]
    if document_id is not None:
        wanted.append(notes.c.document_id == document_id)
    used = notes.c.times_used > 0
    counted = connection.execute(
        select(
            func.count(),
            func.coalesce(func.sum(case((used, 1), else_=0)), 0),
            func.coalesce(func.sum(notes.c.tokens), 0),
            func.coalesce(func.sum(case((used, notes.c.tokens), else_=0)), 0),
        ).where(*wanted)
    ).one()
    return NoteUse(*counted)
