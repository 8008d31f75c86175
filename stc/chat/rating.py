"""What a person thinks of an answer, and what follows from it."""

from __future__ import annotations

from stc.services import Services
from stc.storage import bans, conversations
from stc.storage import notes as note_rows


def rate(services: Services, answer_id: str, rating: int) -> None:
    """Keep a rating (-1, 0 or 1). Thumbs down on a reused answer bans that note from answering that question.

    The ban outlives the chat; taking the thumb back lifts it.
    """
    with services.database.write() as connection:
        conversations.rate(connection, services.owner, answer_id, rating)
        answer = conversations.get_answer(connection, services.owner, answer_id)
        if answer is None or answer.route != "reused":
            return
        for note in note_rows.by_id(connection, answer.notes_used).values():
            if rating < 0:
                bans.add(connection, services.owner, answer.asked, note, services.now())
            else:
                bans.lift(connection, services.owner, answer.asked, note)
