"""SQL for conversations, their answers, and the foreground gate. Every function takes an open connection."""

from __future__ import annotations

import dataclasses
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from stc.storage import stamps
from stc.storage.schema import answers, conversations, presence
from stc.words import Answer, Baseline, Citation, Hit, Usage


def start(
    connection: Connection,
    conversation_id: str,
    owner: str,
    title: str,
    scope: list[str],
    now: float,
    pages: str = "",
) -> None:
    connection.execute(
        insert(conversations).values(
            id=conversation_id, owner=owner, title=title, scope=scope, pages=pages, created_at=now, updated_at=now
        )
    )


def list_all(connection: Connection, owner: str) -> list[dict[str, Any]]:
    """Return ``{"id", "title", "scope", "pages", "created_at", "updated_at"}`` per conversation, last used first."""
    rows = connection.execute(
        select(conversations).where(conversations.c.owner == owner).order_by(conversations.c.updated_at.desc())
    )
    return [{k: v for k, v in row._mapping.items() if k != "owner"} for row in rows]


def change(connection: Connection, owner: str, conversation_id: str, **values: Any) -> None:
    connection.execute(
        update(conversations)
        .where(conversations.c.id == conversation_id, conversations.c.owner == owner)
        .values(**values)
    )


def delete_conversation(connection: Connection, owner: str, conversation_id: str) -> None:
    connection.execute(
        delete(conversations).where(conversations.c.id == conversation_id, conversations.c.owner == owner)
    )


def save_answer(connection: Connection, answer: Answer) -> None:
    """Insert the answer, or overwrite the row of the same id (the rating stays as it is).

    One whose conversation was deleted meanwhile is gone with it: nothing is written then.
    """
    values = {f.name: getattr(answer, f.name) for f in dataclasses.fields(answer)} | {"stamp": stamps.new(connection)}
    for name in ("scope", "reasons", "notes_used"):
        values[name] = list(values[name])
    values["sources"] = None if answer.sources is None else list(answer.sources)
    values["citations"] = [dataclasses.asdict(citation) for citation in answer.citations]
    values["nearest"] = [dataclasses.asdict(hit) for hit in answer.nearest]
    values["usage"] = dataclasses.asdict(answer.usage)
    values["baselines"] = {k: dataclasses.asdict(v) if v else None for k, v in answer.baselines.items()}
    kept = {name: value for name, value in values.items() if name != "rating"}
    if connection.execute(update(answers).where(answers.c.id == answer.id).values(**kept)).rowcount:
        return
    chat = answer.conversation_id
    if chat is None or connection.execute(select(conversations.c.id).where(conversations.c.id == chat)).first():
        connection.execute(insert(answers).values(**values))


def save_text(connection: Connection, answer_id: str, text: str) -> None:
    """Keep what there is so far of an answer's text; it gets no new stamp, as nothing is added up of it."""
    connection.execute(update(answers).where(answers.c.id == answer_id).values(text=text))


def _answer(row: Row[Any]) -> Answer:
    values = dict(row._mapping)
    del values["stamp"]
    for name in ("scope", "reasons", "notes_used"):
        values[name] = tuple(values[name])
    values["sources"] = None if values["sources"] is None else tuple(values["sources"])
    values["citations"] = tuple(Citation(**item) for item in values["citations"])
    values["nearest"] = tuple(Hit(**item) for item in values["nearest"])
    values["usage"] = Usage(**values["usage"])
    values["baselines"] = {k: Baseline(**v) if v else None for k, v in values["baselines"].items()}
    return Answer(**values)


def answers_of(connection: Connection, owner: str, conversation_id: str) -> list[Answer]:
    rows = connection.execute(
        select(answers)
        .where(answers.c.owner == owner, answers.c.conversation_id == conversation_id)
        .order_by(answers.c.asked_at, answers.c.id)
    )
    return [_answer(row) for row in rows]


def get_answer(connection: Connection, owner: str, answer_id: str) -> Answer | None:
    row = connection.execute(select(answers).where(answers.c.owner == owner, answers.c.id == answer_id)).first()
    return _answer(row) if row else None


def all_answers(connection: Connection, owner: str, *, newer_than: int = -1) -> list[Answer]:
    """Return the owner's answers, oldest first; those with a stamp ``newer_than`` the one given."""
    rows = connection.execute(
        select(answers)
        .where(answers.c.owner == owner, answers.c.stamp > newer_than)
        .order_by(answers.c.asked_at, answers.c.id)
    )
    return [_answer(row) for row in rows]


def recent_answers(connection: Connection, owner: str | None, *, since: float, limit: int) -> list[Answer]:
    """Return the last answers to typed questions asked from ``since`` on, oldest first; everybody's with no ``owner``."""
    rows = connection.execute(
        select(answers)
        .where(
            *(() if owner is None else (answers.c.owner == owner,)),
            answers.c.origin == "typed",
            answers.c.asked_at >= since,
        )
        .order_by(answers.c.asked_at.desc(), answers.c.id)
        .limit(limit)
    )
    return [_answer(row) for row in rows][::-1]


def rate(connection: Connection, owner: str, answer_id: str, rating: int) -> None:
    connection.execute(
        update(answers)
        .where(answers.c.owner == owner, answers.c.id == answer_id)
        .values(rating=rating, stamp=stamps.new(connection))
    )


def end_orphans(connection: Connection, now: float, error: str) -> None:
    """Mark answers as stopped that still claim to be running though no process says that somebody waits for them."""
    waited_for = select(presence.c.holder).where(presence.c.until >= now)
    connection.execute(
        update(answers)
        .where(answers.c.state == "running", answers.c.asked_at < now, answers.c.id.not_in(waited_for))
        .values(state="stopped", error=error, stamp=stamps.new(connection))
    )


def person_waits(connection: Connection, holder: str, until: float, process: str | None = None) -> None:
    """Say to every process that a person waits for an answer (the sleeper yields).

    ``holder`` names the one who waits: the answer's id; ``process`` the holder who makes the answer.
    """
    connection.execute(delete(presence).where(presence.c.holder == holder))
    connection.execute(insert(presence).values(holder=holder, until=until, process=process))


def person_served(connection: Connection, holder: str, now: float) -> None:
    connection.execute(delete(presence).where((presence.c.holder == holder) | (presence.c.until < now)))


def somebody_waits(connection: Connection, now: float) -> bool:
    return bool(
        connection.execute(select(func.count()).select_from(presence).where(presence.c.until >= now)).scalar_one()
    )
