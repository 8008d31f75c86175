"""SQL for bans: a prepared answer that a person marked wrong for a question. Every function takes an open connection.

A ban names the note by its words: prepared again in the same words, it stays banned.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from stc.storage.schema import bans
from stc.words import Note


def add(connection: Connection, owner: str, question: str, note: Note, now: float) -> None:
    """Ban a note's answer to a question for good; banning twice changes nothing."""
    lift(connection, owner, question, note)
    connection.execute(
        insert(bans).values(
            owner=owner,
            document_id=note.document_id,
            question=_plain(question),
            note_question=_plain(note.question),
            note_text=_plain(note.text),
            at=now,
        )
    )


def lift(connection: Connection, owner: str, question: str, note: Note) -> None:
    """Lift a ban, where there is one: the person took back what they said of the answer."""
    connection.execute(
        delete(bans).where(
            bans.c.owner == owner,
            bans.c.document_id == note.document_id,
            bans.c.question == _plain(question),
            bans.c.note_question == _plain(note.question),
            bans.c.note_text == _plain(note.text),
        )
    )


def questions(connection: Connection, owner: str, note: Note) -> list[str]:
    """Return the questions that a note is banned from answering."""
    return list(
        connection.execute(
            select(bans.c.question).where(
                bans.c.owner == owner,
                bans.c.document_id == note.document_id,
                bans.c.note_question == _plain(note.question),
                bans.c.note_text == _plain(note.text),
            )
        ).scalars()
    )


def _plain(text: str) -> str:
    return " ".join(text.split())
