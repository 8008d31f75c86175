"""SQL for the prices that a person entered."""

from __future__ import annotations

import dataclasses

from sqlalchemy import Connection, delete, insert, select

from stc.meter.prices import OwnPrice
from stc.storage.schema import prices

_FIELDS = tuple(f.name for f in dataclasses.fields(OwnPrice))


def add(connection: Connection, owner: str, price: OwnPrice) -> None:
    connection.execute(insert(prices).values(owner=owner, **dataclasses.asdict(price)))


def list_all(connection: Connection, owner: str) -> list[OwnPrice]:
    """Return the owner's prices by model, the newest day first."""
    rows = connection.execute(
        select(*(prices.c[name] for name in _FIELDS))
        .where(prices.c.owner == owner)
        .order_by(prices.c.model, prices.c.valid_from.desc(), prices.c.entered_at.desc())
    )
    return [OwnPrice(**row._mapping) for row in rows]


def remove(connection: Connection, owner: str, price_id: str) -> None:
    connection.execute(delete(prices).where(prices.c.owner == owner, prices.c.id == price_id))
