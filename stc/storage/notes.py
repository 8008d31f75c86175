"""SQL for notes (c′) and their evidence. Every function takes an open connection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, delete, func, insert, select, update

from stc.storage import lexical
from stc.storage.database import in_parts
from stc.storage.documents import record_changes
from stc.storage.schema import evidence, notes, vectors
from stc.words import Evidence, Note, NoteStatus


def add(connection: Connection, new: Sequence[Note]) -> None:
    """Store checked notes with their evidence; vectors and full-text rows are the caller's, in the same transaction."""
    if not new:
        return
    connection.execute(
        insert(notes),
        [
            {
                "id": note.id,
                "owner": note.owner,
                "document_id": note.document_id,
                "task_id": note.task_id,
                "kind": note.kind,
                "question": note.question,
                "text": note.text,
                "formula": note.formula,
                "status": note.status,
                "thinker": note.thinker,
                "model": note.model,
                "tokens": note.tokens,
                "times_used": note.times_used,
                "created_at": note.created_at,
            }
            for note in new
        ],
    )
    quotes = [
        {"note_id": note.id, "position": i, "page": item.page, "quote": item.quote, "chunk_id": item.chunk_id}
        for note in new
        for i, item in enumerate(note.evidence)
    ]
    if quotes:
        connection.execute(insert(evidence), quotes)


def _load(connection: Connection, query: Select[Any]) -> list[Note]:
    rows = connection.execute(query).all()
    quotes: dict[str, list[Evidence]] = {row.id: [] for row in rows}
    for some in in_parts(list(quotes)):
        found = connection.execute(select(evidence).where(evidence.c.note_id.in_(some)).order_by(evidence.c.position))
        for row in found:
            quotes[row.note_id].append(Evidence(row.page, row.quote, row.chunk_id))
    return [Note(**row._mapping, evidence=tuple(quotes[row.id])) for row in rows]


def of_document(connection: Connection, document_id: str, *, statuses: Iterable[str] = ("verified",)) -> list[Note]:
    """Return a document's notes in the order of making."""
    return _load(
        connection,
        select(notes)
        .where(notes.c.document_id == document_id, notes.c.status.in_(list(statuses)))
        .order_by(notes.c.created_at, notes.c.id),
    )


def by_id(connection: Connection, ids: Sequence[str]) -> dict[str, Note]:
    """Return the notes that (still) exist among ``ids``, whatever their status."""
    return {note.id: note for note in _load(connection, select(notes).where(notes.c.id.in_(list(ids))))} if ids else {}


def count_use(connection: Connection, ids: Sequence[str]) -> None:
    connection.execute(update(notes).where(notes.c.id.in_(list(ids))).values(times_used=notes.c.times_used + 1))


def set_status(connection: Connection, owner: str, note_id: str, status: NoteStatus) -> bool:
    """Set the status of one note; False when the owner has no such note."""
    result = connection.execute(
        update(notes).where(notes.c.id == note_id, notes.c.owner == owner).values(status=status)
    )
    lexical.follow(connection, [note_id])
    return result.rowcount == 1


def make_stale(connection: Connection, document_id: str, ids: Sequence[str]) -> None:
    """Take verified notes of a document out of use: they are out of date, and no search meets them again."""
    for some in in_parts(ids):
        connection.execute(
            update(notes).where(notes.c.id.in_(some), notes.c.status == "verified").values(status="stale")
        )
        connection.execute(delete(vectors).where(vectors.c.kind == "note", vectors.c.item_id.in_(some)))
        record_changes(connection, "delete", [("note", note_id, document_id) for note_id in some])
        lexical.follow(connection, some)


def move_evidence(connection: Connection, moved: Sequence[Note]) -> None:
    """Store where the quotes of notes stand now: page and passage of each piece of their evidence, in order."""
    places = [
        {"of_note": note.id, "at": position, "on_page": item.page, "in_chunk": item.chunk_id}
        for note in moved
        for position, item in enumerate(note.evidence)
    ]
    if places:
        connection.execute(
            update(evidence)
            .where(evidence.c.note_id == bindparam("of_note"), evidence.c.position == bindparam("at"))
            .values(page=bindparam("on_page"), chunk_id=bindparam("in_chunk")),
            places,
        )


def delete_notes(connection: Connection, ids: Sequence[str]) -> None:
    """Delete notes with evidence, vectors and full-text rows. The caller records the changes."""
    quoted = lexical.quoted_by(connection, ids)
    connection.execute(delete(vectors).where(vectors.c.kind == "note", vectors.c.item_id.in_(list(ids))))
    connection.execute(delete(notes).where(notes.c.id.in_(list(ids))))
    lexical.delete_items(connection, "note", ids)
    lexical.follow(connection, (), quoted)


def browse(
    connection: Connection,
    document_id: str,
    *,
    status: str = "verified",
    kinds: Iterable[str] = (),
    words: str = "",
    with_question: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> list[Note]:
    """Return some of a document's notes in the order of the pages that they quote first.

    ``kinds`` empty means all; ``words`` must all stand in question and text, see ``lexical.holding``.
    """
    first = and_(evidence.c.note_id == notes.c.id, evidence.c.position == 0)
    query = select(notes).outerjoin(evidence, first).where(*_found(document_id, words), notes.c.status == status)
    if kinds := list(kinds):
        query = query.where(notes.c.kind.in_(kinds))
    if with_question:
        query = query.where(notes.c.question != "")
    order = func.coalesce(evidence.c.page, 0), notes.c.created_at, notes.c.id
    return _load(connection, query.order_by(*order).limit(limit).offset(offset))


def about_pages(connection: Connection, document_id: str, *, first: int, last: int, limit: int) -> list[Note]:
    """Return verified notes with a question that quote these pages first, by page and in the order of making."""
    at = and_(evidence.c.note_id == notes.c.id, evidence.c.position == 0, evidence.c.page.between(first, last))
    return _load(
        connection,
        select(notes)
        .join(evidence, at)
        .where(notes.c.document_id == document_id, notes.c.status == "verified", notes.c.question != "")
        .order_by(evidence.c.page, notes.c.created_at, notes.c.id)
        .limit(limit),
    )


def pages_quoted(connection: Connection, document_id: str) -> dict[str, set[int]]:
    """Return the pages that each verified note of a document quotes, by id."""
    rows = connection.execute(
        select(evidence.c.note_id, evidence.c.page)
        .join(notes, notes.c.id == evidence.c.note_id)
        .where(notes.c.document_id == document_id, notes.c.status == "verified")
    )
    found: dict[str, set[int]] = {}
    for row in rows:
        found.setdefault(row.note_id, set()).add(row.page)
    return found


def tally(connection: Connection, document_id: str, *, words: str = "") -> dict[tuple[str, str], int]:
    """Return how many notes of each (status, kind) a document has; with ``words``, how many that hold them."""
    rows = connection.execute(
        select(notes.c.status, notes.c.kind, func.count())
        .where(*_found(document_id, words))
        .group_by(notes.c.status, notes.c.kind)
    )
    return {(status, kind): number for status, kind, number in rows}


def _found(document_id: str, words: str) -> list[ColumnElement[bool]]:
    holding = lexical.holding(words, kind="note", document_id=document_id)
    of_it: list[ColumnElement[bool]] = [notes.c.document_id == document_id]
    return of_it if holding is None else [*of_it, notes.c.id.in_(holding)]


def count_questions(connection: Connection, document_id: str, *, since: float) -> int:
    """Return how many of a document's verified notes that were made from then on have a question."""
    return connection.execute(
        select(func.count()).where(
            notes.c.document_id == document_id,
            notes.c.status == "verified",
            notes.c.question != "",
            notes.c.created_at >= since,
        )
    ).scalar_one()
