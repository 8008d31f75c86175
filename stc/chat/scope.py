"""Which documents a question is asked of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stc.errors import UserError
from stc.services import Services
from stc.storage import documents as document_rows
from stc.words import Document

MOST_CHARACTERS = 8_000


@dataclass(frozen=True, slots=True)
class Scope:
    """The documents in scope; ``chosen`` says that the person named them. ``left_out`` are still being read."""

    documents: tuple[Document, ...]
    chosen: bool
    left_out: tuple[Document, ...] = ()

    @property
    def ids(self) -> list[str]:
        return [document.id for document in self.documents]

    @property
    def names(self) -> dict[str, str]:
        return {document.id: document.name for document in self.documents}


def check_question(question: str) -> str:
    """Return the question without white space around it; raise ``UserError`` when it is empty or far too long."""
    stripped = question.strip()
    if not any(character.isalnum() for character in stripped):
        raise UserError("The question is empty. Type what you want to know.")
    if len(stripped) > MOST_CHARACTERS:
        raise UserError(
            f"The question is {len(stripped):,} characters long; at most {MOST_CHARACTERS:,} are read. "
            "Ask in a sentence or two, and add long texts as documents."
        )
    return stripped.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")


def resolve(services: Services, document_ids: Sequence[str] | None) -> Scope:
    """Return the scope: the named documents, or all that are ready.

    Raises ``UserError`` when a named document is not there (or is somebody else's), or nothing can be asked yet.
    """
    with services.database.read() as connection:
        listed = document_rows.list_plain(connection, services.readable, document_ids or None)
    known = {document.id: document for document in listed}
    if document_ids:
        missing = [document_id for document_id in document_ids if document_id not in known]
        if missing:
            raise UserError(
                f"Document {missing[0]} is not here; it may have been deleted. Choose other documents to ask."
            )
        wanted = [known[document_id] for document_id in dict.fromkeys(document_ids)]
    else:
        wanted = list(known.values())
    ready = tuple(document for document in wanted if document.status == "ready")
    waiting = tuple(document for document in wanted if document.status != "ready")
    if not ready:
        if waiting:
            raise UserError(f"{waiting[0].name} is still being read. It can be asked in a moment.")
        raise UserError("There is no document to ask yet. Add one first.")
    return Scope(ready, bool(document_ids), waiting)
