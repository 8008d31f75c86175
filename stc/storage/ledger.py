"""SQL for the ledger: one row per model call, written once and never changed."""

from __future__ import annotations

import dataclasses
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from stc.storage.schema import ledger
from stc.words import LedgerRow, Usage

_USAGE = tuple(f.name for f in dataclasses.fields(Usage))


def add(connection: Connection, row: LedgerRow) -> None:
    values = {f.name: getattr(row, f.name) for f in dataclasses.fields(row) if f.name != "usage"}
    connection.execute(insert(ledger).values(**values, **dataclasses.asdict(row.usage)))


def _row(row: Row[Any]) -> LedgerRow:
    values = dict(row._mapping)
    usage = Usage(**{name: values.pop(name) for name in _USAGE})
    return LedgerRow(**values, usage=usage)


def rows(
    connection: Connection,
    owner: str,
    *,
    since: float = 0.0,
    purpose: str | None = None,
    document_id: str | None = None,
) -> list[LedgerRow]:
    """Return the owner's rows from ``since`` on, oldest first."""
    query = select(ledger).where(ledger.c.owner == owner, ledger.c.at >= since)
    if purpose:
        query = query.where(ledger.c.purpose == purpose)
    if document_id:
        query = query.where(ledger.c.document_id == document_id)
    return [_row(row) for row in connection.execute(query.order_by(ledger.c.at, ledger.c.id))]
