"""SQL for baselines that were really run. One row an answer, there before its run: nothing is run or paid for twice."""

from __future__ import annotations

import dataclasses
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from stc.storage.schema import shadows
from stc.words import Baseline, Shadow


def begin(connection: Connection, shadow: Shadow) -> bool:
    """Take an answer for a run; return False where it was taken before, by whatever process."""
    if connection.execute(select(shadows.c.answer_id).where(shadows.c.answer_id == shadow.answer_id)).first():
        return False
    connection.execute(insert(shadows).values(**dataclasses.asdict(shadow)))
    return True


def finish(connection: Connection, shadow: Shadow) -> None:
    values = dataclasses.asdict(shadow)
    connection.execute(update(shadows).where(shadows.c.answer_id == values.pop("answer_id")).values(**values))


def list_all(connection: Connection, owner: str, *, model: str | None = None) -> list[Shadow]:
    """Return the owner's runs, oldest first, of one model or of all."""
    query = select(shadows).where(shadows.c.owner == owner)
    if model is not None:
        query = query.where(shadows.c.model == model)
    return [_shadow(row) for row in connection.execute(query.order_by(shadows.c.at, shadows.c.answer_id))]


def _shadow(row: Row[Any]) -> Shadow:
    values = dict(row._mapping)
    values["estimated"] = Baseline(**values["estimated"])
    values["measured"] = Baseline(**values["measured"]) if values["measured"] else None
    return Shadow(**values)


def get(connection: Connection, owner: str, answer_id: str) -> Shadow | None:
    row = connection.execute(select(shadows).where(shadows.c.owner == owner, shadows.c.answer_id == answer_id)).first()
    return _shadow(row) if row else None
