"""Which prepared questions to offer after an answer: from the pages around it, not asked yet. Calls no model, costs nothing."""

from __future__ import annotations

from collections.abc import Sequence

from stc.chat import reuse
from stc.chat.scope import Pages
from stc.chat.terms import terms
from stc.services import Services
from stc.storage import documents as document_rows
from stc.storage import notes as note_rows
from stc.words import Answer, Note

MOST = 3
_PAGES_AROUND = 1
_LOOKED_AT = 40


def follow_ups(services: Services, answer: Answer, asked: Sequence[str]) -> list[Note]:
    """Return up to ``MOST`` notes whose questions lie near an answer, the nearest page first.

    ``asked``: the questions of the conversation; none of them comes again, in whatever words. Of an answer that keeps silent
    the nearest passages say where it is.
    """
    places = [(citation.document_id, citation.page) for citation in answer.citations] or [
        (hit.document_id, hit.page_start) for hit in answer.nearest
    ]
    if not places:
        return []
    document_id, page = places[0]
    with services.database.read() as connection:
        if document_rows.get(connection, services.readable, document_id) is None:
            return []
        first, last = page - _PAGES_AROUND, page + _PAGES_AROUND
        near = note_rows.about_pages(connection, document_id, first=first, last=last, limit=_LOOKED_AT)
    pages = Pages.parse(answer.pages)
    near = [note for note in near if pages is None or all(item.page in pages for item in note.evidence)]
    near.sort(key=lambda note: abs(note.evidence[0].page - page))
    said = [answer.asked, *asked]
    told = {frozenset(terms(question)) for question in said}
    chosen: list[Note] = []
    for note in near:
        words = frozenset(terms(note.question))
        known = note.id in answer.notes_used or words in told
        if known or any(reuse.same_question(note.question, other) for other in said):
            continue
        told.add(words)
        said.append(note.question)
        chosen.append(note)
        if len(chosen) == MOST:
            break
    return chosen
