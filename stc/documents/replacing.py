"""Put a new version in a document's place: the document keeps its id, and of its notes what the new version leaves standing.

While the new version is read and embedded it is a row of its own that names the document it ``replaces``; pages and lists
don't show it. When it is ready, one transaction swaps the two. The row then holds the earlier version's bytes until the file
is deleted (``put_away``): killed anywhere, the replacement is finished or undone at the next start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from stc.documents import chunking
from stc.sleep import staleness
from stc.storage import conversations, documents, lexical, notes, tasks
from stc.words import Chunk, Document, Note

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stc.services import Services

_KEPT_STATUSES = ("verified", "stale", "hidden")


def turn_into_new_version(connection: Connection, document: Document, earlier: Document) -> None:
    """Make a document that has been added by itself, read or not yet, the new version of another one, still to be swapped.

    Chats that were about it are about the other one from now on.
    """
    found = [note.id for note in notes.of_document(connection, document.id, statuses=_KEPT_STATUSES)]
    documents.record_changes(connection, "delete", [("note", note_id, document.id) for note_id in found])
    notes.delete_notes(connection, found)
    tasks.delete_all(connection, document.id)
    lexical.delete_document(connection, document.id)
    if document.status == "ready":
        documents.delete_passages(connection, document.id)
        documents.change(
            connection, document.id, status="embedding", stage_done=0, stage_total=0, chunks=0, ready_at=None
        )
    documents.change(connection, document.id, replaces=earlier.id)
    for chat in conversations.list_all(connection, document.owner):
        if document.id in chat["scope"]:
            scope = [earlier.id if one == document.id else one for one in chat["scope"]]
            conversations.change(connection, document.owner, chat["id"], scope=list(dict.fromkeys(scope)))


def swap(connection: Connection, newer: Document, earlier: Document, chunks: Sequence[Chunk]) -> Document:
    """Give the earlier version's place to the newer one, that has been read; return the document as it is then.

    ``chunks`` are the new passages, of the earlier version's id; their vectors and full-text rows are the caller's, in the
    same transaction. Answers that were given keep the citations that they have.
    """
    before = documents.read_pages(connection, earlier.id)
    noted = notes.of_document(connection, earlier.id, statuses=_KEPT_STATUSES)
    planned = {task.id: task for task in tasks.of_document(connection, earlier.id)}
    documents.delete_passages(connection, earlier.id)
    documents.delete_pages(connection, earlier.id)
    lexical.delete_document(connection, earlier.id, kind="chunk")
    documents.hand_over_pages(connection, newer.id, earlier.id)
    documents.add_chunks(connection, chunks)

    verdict = staleness.judge(before, documents.read_pages(connection, earlier.id), noted, planned)
    notes.move_evidence(connection, _in_passages([*verdict.kept, *verdict.stale], chunks))
    notes.make_stale(connection, earlier.id, [note.id for note in verdict.stale])
    tasks.follow_pages(connection, verdict.unchanged, verdict.changed)
    moved = [task for task in verdict.unchanged if task != planned[task.id]]
    for task in (*moved, *verdict.changed):
        tasks.forget_replies(connection, task.id)  # they name pages of the earlier version

    swapped = replace(
        newer,
        id=earlier.id,
        prepare=earlier.prepare,
        keep_local=earlier.keep_local,
        added_at=earlier.added_at,
        opens=earlier.opens,
        notes=earlier.notes - len(verdict.stale),
        notes_stale=earlier.notes_stale + len(verdict.stale),
        content_hash=newer.file_hash,
        replaces=None,
    )
    documents.exchange_bytes(connection, newer, earlier)
    documents.change(
        connection,
        swapped.id,
        name=swapped.name,
        media_type=swapped.media_type,
        size_bytes=swapped.size_bytes,
        status=swapped.status,
        stage_done=swapped.stage_done,
        stage_total=swapped.stage_total,
        pages=swapped.pages,
        chunks=swapped.chunks,
        tokens=swapped.tokens,
        warnings=list(swapped.warnings),
        ocr=swapped.ocr,
        pictures=swapped.pictures,
        ready_at=swapped.ready_at,
        last_used_at=swapped.last_used_at,
    )
    return swapped


def put_away(services: Services) -> None:
    """Delete the files of earlier versions that were replaced, and what still stands for them."""
    with services.database.read() as connection:
        left = documents.list_replaced(connection)
    for document_id, content_hash in left:
        with services.database.write() as connection:
            documents.delete_document(connection, document_id)
            if documents.uses_of_file(connection, content_hash) == 0:
                services.files.delete(content_hash)


def _in_passages(standing: Sequence[Note], chunks: Sequence[Chunk]) -> list[Note]:
    """Return notes with the passage that each of their quotes stands in now."""
    on_page: dict[int, list[Chunk]] = {}
    for chunk in chunks:
        for page in range(chunk.page_start, chunk.page_end + 1):
            on_page.setdefault(page, []).append(chunk)
    return [
        replace(
            note,
            evidence=tuple(
                replace(item, chunk_id=chunking.holder(item.page, item.quote, on_page.get(item.page, ())))
                for item in note.evidence
            ),
        )
        for note in standing
    ]
