"""The sample: one invented annual report with notes that were written beforehand, by hand."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from stc.errors import UserError
from stc.words import HAND_WRITTEN, Evidence, NoteDraft

if TYPE_CHECKING:
    from stc.services import Services

logger = logging.getLogger(__name__)

NAME = "Skerrow Sound Ferry Cooperative - Annual Report 2025.pdf"
PDF = Path(__file__).with_name("annual-report-2025.pdf")
_PREPARED = Path(__file__).with_name("prepared.jsonl")


def load(services: Services) -> str:
    """Add the sample with its notes and return the document's id. Loading it again changes nothing.

    Raises ``UserError`` when it can't be added.
    """
    from stc.documents import ingest
    from stc.sleep import run
    from stc.storage import notes

    with PDF.open("rb") as stream:
        document_id = ingest.receive(services, NAME, stream).document_id
    document = ingest.process(services, document_id)
    if document.status == "failed":
        raise UserError(f"The sample can't be added: {document.error}")
    with services.database.read() as connection:
        if any(note.model == HAND_WRITTEN for note in notes.of_document(connection, document_id)):
            return document_id
    checked = run.adopt(services, document_id, prepared(), model=HAND_WRITTEN)
    if checked.dropped:
        logger.warning("Notes of the sample that its text does not support were left out: %s", checked.dropped)
    return document_id


def prepared() -> list[NoteDraft]:
    """Return the notes as they were written, not yet checked."""
    drafts = []
    for line in _PREPARED.read_text(encoding="utf-8").splitlines():
        note = json.loads(line)
        note["evidence"] = tuple(Evidence(**item) for item in note["evidence"])
        drafts.append(NoteDraft(**note))
    return drafts
