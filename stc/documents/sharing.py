"""Share a document with everybody here, and take it back. Its preparation goes with it and is paid for once.

What was prepared for questions really asked stays behind: it would tell others what its owner wanted to know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stc.access import rights
from stc.errors import UserError
from stc.storage import documents, notes, tasks
from stc.words import SHARED, Document

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stc.services import Services


def share(services: Services, document_id: str) -> None:
    """Let everybody here read and ask one's own document. Raises ``UserError``."""
    with services.database.write() as connection:
        document = _ready(services, connection, document_id)
        if document.shared:
            return
        there = documents.find_by_hash(connection, SHARED, document.content_hash)
        if there is not None:
            raise UserError(f"This file is shared already, as “{there.name}”. Delete yours, and you have that one.")
        gone = tasks.forget_directed(connection, document_id)
        documents.record_changes(connection, "delete", [("note", note_id, document_id) for note_id in gone])
        notes.delete_notes(connection, gone)
        documents.hand_over(connection, document_id, owner=SHARED, added_by=services.owner)


def unshare(services: Services, document_id: str) -> None:
    """Make a shared document private again, for who added it: others have it no more. Raises ``UserError``."""
    with services.database.write() as connection:
        document = _ready(services, connection, document_id)
        if not document.shared:
            return
        there = documents.find_by_hash(connection, document.added_by, document.content_hash)
        if there is not None:
            raise UserError(
                f"Who added it has this file privately too, as “{there.name}”. One of the two must be deleted."
            )
        documents.hand_over(connection, document_id, owner=document.added_by, added_by="")


def _ready(services: Services, connection: Connection, document_id: str) -> Document:
    rights.require(services, connection, "change", "document", document_id)
    document = documents.get(connection, services.readable, document_id)
    if document is None or document.status != "ready" or document.being_replaced or document.replaces is not None:
        raise UserError("It is still being read. Try again when it is ready.")
    return document
