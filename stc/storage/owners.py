"""SQL that says whose a thing is, whatever it is."""

from __future__ import annotations

from typing import Literal, NamedTuple

from sqlalchemy import Connection, select

from stc.storage.schema import answers, conversations, documents, notes


class Owner(NamedTuple):
    owner: str
    added_by: str


def of(
    connection: Connection, kind: Literal["document", "note", "conversation", "answer"], thing_id: str
) -> Owner | None:
    """Return whose it is, ``None`` where there is no such thing. A note is its document's owner's."""
    columns = documents.c.owner, documents.c.added_by
    if kind == "document":
        row = connection.execute(select(*columns).where(documents.c.id == thing_id)).first()
    elif kind == "note":
        row = connection.execute(
            select(*columns).join(notes, notes.c.document_id == documents.c.id).where(notes.c.id == thing_id)
        ).first()
    else:
        table = conversations if kind == "conversation" else answers
        row = connection.execute(select(table.c.owner).where(table.c.id == thing_id)).first()
        return Owner(row.owner, "") if row else None
    return Owner(row.owner, row.added_by) if row else None
