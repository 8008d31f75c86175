"""SQL for documents, their pages and passages, and the files that failed. Every function takes an open connection.

An ``owner`` argument guards each look-up from outside: what belongs to somebody else is not found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, ScalarSelect, delete, func, insert, or_, select, update

from stc.storage.database import MOST_VARIABLES, new_id
from stc.storage.schema import (
    changes,
    chunks,
    documents,
    failures,
    notes,
    pages,
    people,
    sleep_runs,
    sleep_tasks,
    vectors,
)
from stc.words import UNFINISHED, Chunk, Document, Page, Span

Owners = str | tuple[str, ...]
"""One owner, or those whose things a person may read."""


def _notes_of(status: str) -> ScalarSelect[int]:
    """Count a document's notes by themselves: to group them all would read everybody's for one document."""
    counted = select(func.count()).where(notes.c.document_id == documents.c.id, notes.c.status == status)
    return counted.correlate(documents).scalar_subquery()


_newer = documents.alias("newer")
_COLUMNS: list[Any] = [
    documents,
    _notes_of("verified").label("notes"),
    _notes_of("stale").label("notes_stale"),
    documents.c.id.in_(
        select(_newer.c.replaces).where(_newer.c.replaces.is_not(None), _newer.c.status != "replaced")
    ).label("being_replaced"),
]


def _document(row: Row[Any]) -> Document:
    values = dict(row._mapping)
    for name in ("revision", "lease_holder", "lease_until"):
        values.pop(name)
    values["warnings"] = tuple(values["warnings"])
    return Document(**values)


def _of(owner: Owners) -> ColumnElement[bool]:
    return documents.c.owner == owner if isinstance(owner, str) else documents.c.owner.in_(owner)


def insert_document(connection: Connection, document: Document) -> None:
    """Store a new document. Raises ``sqlalchemy.exc.IntegrityError`` when its owner already has these bytes."""
    connection.execute(
        insert(documents).values(
            id=document.id,
            owner=document.owner,
            name=document.name,
            media_type=document.media_type,
            size_bytes=document.size_bytes,
            content_hash=document.content_hash,
            status=document.status,
            prepare=document.prepare,
            keep_local=document.keep_local,
            added_at=document.added_at,
            last_used_at=document.last_used_at,
            replaces=document.replaces,
            ocr=document.ocr,
            added_by=document.added_by,
        )
    )


def get(connection: Connection, owner: Owners, document_id: str) -> Document | None:
    row = connection.execute(select(*_COLUMNS).where(documents.c.id == document_id, _of(owner))).first()
    return _document(row) if row else None


def find_by_hash(connection: Connection, owner: Owners, content_hash: str) -> Document | None:
    row = connection.execute(select(*_COLUMNS).where(_of(owner), documents.c.content_hash == content_hash)).first()
    return _document(row) if row else None


def find_newer(connection: Connection, document_id: str) -> Document | None:
    """Return the new version of a document that is being read."""
    row = connection.execute(
        select(*_COLUMNS).where(documents.c.replaces == document_id, documents.c.status != "replaced")
    ).first()
    return _document(row) if row else None


def uses_of_file(connection: Connection, content_hash: str) -> int:
    """Return how many documents, and failed files kept for a second try, of whichever owner, have these bytes."""
    return sum(
        connection.execute(
            select(func.count()).select_from(table).where(table.c.content_hash == content_hash)
        ).scalar_one()
        for table in (documents, failures)
    )


def list_all(connection: Connection, owner: Owners) -> list[Document]:
    """Return the owner's documents, newest first; new versions that are being read are not among them."""
    rows = connection.execute(
        select(*_COLUMNS)
        .where(_of(owner), documents.c.replaces.is_(None))
        .order_by(documents.c.added_at.desc(), documents.c.id)
    )
    return [_document(row) for row in rows]


def list_plain(connection: Connection, owner: Owners, document_ids: Sequence[str] | None) -> list[Document]:
    """Return some of the owner's documents, or all of them, as ``list_all`` does; their notes are not counted."""
    query = select(documents, _COLUMNS[-1]).where(_of(owner), documents.c.replaces.is_(None))
    if document_ids is not None:
        query = query.where(documents.c.id.in_(list(document_ids)))
    return [_document(row) for row in connection.execute(query.order_by(documents.c.added_at.desc(), documents.c.id))]


def list_arriving(connection: Connection, owner: Owners) -> list[Document]:
    """Return the owner's documents that are being read, new versions of others among them, with those that became ready
    since the first of them was added; oldest first, [] where none is being read."""
    being_read = documents.c.status.in_(UNFINISHED)
    since = connection.execute(select(func.min(documents.c.added_at)).where(_of(owner), being_read)).scalar()
    if since is None:
        return []
    rows = connection.execute(
        select(*_COLUMNS)
        .where(_of(owner), documents.c.status != "replaced", or_(being_read, documents.c.ready_at >= since))
        .order_by(documents.c.added_at, documents.c.id)
    )
    return [_document(row) for row in rows]


def list_replaced(connection: Connection) -> list[tuple[str, str]]:
    """Return (id, content hash) of what is left of the earlier versions of documents, whosever they are."""
    rows = connection.execute(select(documents.c.id, documents.c.content_hash).where(documents.c.status == "replaced"))
    return [(row.id, row.content_hash) for row in rows]


def extents(
    connection: Connection, owner: Owners, document_ids: Collection[str] | None = None
) -> dict[str, tuple[str, int]]:
    """Return the status and the number of passages of each of the owner's documents (``None``: all), by id."""
    query = select(documents.c.id, documents.c.status, documents.c.chunks)
    query = query.where(_of(owner), documents.c.replaces.is_(None))
    if document_ids is not None and len(document_ids) <= MOST_VARIABLES:
        query = query.where(documents.c.id.in_(document_ids))
    return {document_id: (status, chunks) for document_id, status, chunks in connection.execute(query)}


def count_all(connection: Connection) -> int:
    """Return the number of documents, whosever they are."""
    return connection.execute(
        select(func.count()).select_from(documents).where(documents.c.replaces.is_(None))
    ).scalar_one()


def change(connection: Connection, document_id: str, **values: Any) -> None:
    """Set columns of one document."""
    connection.execute(update(documents).where(documents.c.id == document_id).values(**values))


def touch(connection: Connection, document_ids: Iterable[str], now: float) -> None:
    """Record that a person used these documents: they are awake from now on."""
    connection.execute(update(documents).where(documents.c.id.in_(list(document_ids))).values(last_used_at=now))


def opened(connection: Connection, document_id: str) -> None:
    """Count that a person opened this document: what is looked at is likely to be asked about."""
    connection.execute(update(documents).where(documents.c.id == document_id).values(opens=documents.c.opens + 1))


def revision(connection: Connection, document_id: str) -> int:
    return connection.execute(select(documents.c.revision).where(documents.c.id == document_id)).scalar_one()


def hand_over(connection: Connection, document_id: str, *, owner: str, added_by: str) -> None:
    """Give a document to another owner, with all that was prepared from it; the ledger stays as it was."""
    change(connection, document_id, owner=owner, added_by=added_by)
    for table in (notes, sleep_tasks, sleep_runs):
        connection.execute(update(table).where(table.c.document_id == document_id).values(owner=owner))


def owners(connection: Connection) -> list[str]:
    """Return who has documents here, in the order of who used theirs last; nobody who is disabled."""
    out = select(people.c.id).where(people.c.disabled)
    rows = connection.execute(
        select(documents.c.owner)
        .where(documents.c.owner.not_in(out))
        .group_by(documents.c.owner)
        .order_by(func.max(documents.c.last_used_at).desc())
    )
    return list(rows.scalars())


def claim(connection: Connection, document_id: str, *, holder: str, now: float, until: float) -> bool:
    """Take the lease for reading and embedding one unfinished document; False when another holder has it."""
    result = connection.execute(
        update(documents)
        .where(
            documents.c.id == document_id,
            documents.c.status.in_(UNFINISHED),
            or_(documents.c.lease_until.is_(None), documents.c.lease_until < now, documents.c.lease_holder == holder),
        )
        .values(lease_holder=holder, lease_until=until)
    )
    return result.rowcount == 1


def release(connection: Connection, document_id: str, holder: str) -> None:
    """Give the lease back, if it is still this holder's."""
    connection.execute(
        update(documents)
        .where(documents.c.id == document_id, documents.c.lease_holder == holder)
        .values(lease_holder=None, lease_until=None)
    )


def unfinished(connection: Connection, now: float) -> list[tuple[str, str]]:
    """Return (owner, document id) of documents that are neither ready nor failed and that nobody holds, oldest first."""
    rows = connection.execute(
        select(documents.c.owner, documents.c.id)
        .where(
            documents.c.status.in_(UNFINISHED),
            or_(documents.c.lease_until.is_(None), documents.c.lease_until < now),
        )
        .order_by(documents.c.added_at)
    )
    return [(row.owner, row.id) for row in rows]


def delete_document(connection: Connection, document_id: str) -> None:
    """Delete a document and all that hangs on it (pages, passages, notes, tasks, runs, vectors); ledger rows stay.

    The caller removes the full-text rows (``lexical.delete_document``) in the same transaction, and the file after it.
    """
    rows = connection.execute(select(vectors.c.kind, vectors.c.item_id).where(vectors.c.document_id == document_id))
    record_changes(connection, "delete", [(kind, item_id, document_id) for kind, item_id in rows])
    connection.execute(delete(documents).where(documents.c.id == document_id))


def delete_passages(connection: Connection, document_id: str) -> None:
    """Delete a document's passages with their vectors; its notes stay, and name no passage.

    The caller removes the passages' full-text rows in the same transaction.
    """
    chunk_vectors = vectors.c.document_id == document_id, vectors.c.kind == "chunk"
    rows = connection.execute(select(vectors.c.item_id).where(*chunk_vectors)).scalars()
    record_changes(connection, "delete", [("chunk", item_id, document_id) for item_id in rows])
    connection.execute(delete(vectors).where(*chunk_vectors))
    connection.execute(delete(chunks).where(chunks.c.document_id == document_id))


def exchange_bytes(connection: Connection, newer: Document, earlier: Document) -> None:
    """Let the earlier version's row name the newer one's bytes, and the newer one's those of the earlier: they go next."""
    if newer.file_hash == earlier.content_hash:
        change(connection, newer.id, status="replaced")
        return
    change(connection, newer.id, status="replaced", content_hash=f"given to {earlier.id}")  # one owner, no bytes twice
    change(connection, earlier.id, content_hash=newer.content_hash)
    change(connection, newer.id, content_hash=earlier.content_hash)


def hand_over_pages(connection: Connection, document_id: str, to_document_id: str) -> None:
    connection.execute(update(pages).where(pages.c.document_id == document_id).values(document_id=to_document_id))


def record_changes(connection: Connection, action: str, items: Sequence[tuple[str, str, str]]) -> None:
    """Append ``(kind, item id, document id)`` items to the sequence that the vector index follows."""
    if items:
        connection.execute(
            insert(changes),
            [
                {"action": action, "kind": kind, "item_id": item, "document_id": document}
                for kind, item, document in items
            ],
        )


def add_pages(connection: Connection, document_id: str, new: Sequence[Page]) -> None:
    if new:
        connection.execute(
            insert(pages), [{"document_id": document_id, "number": page.number, "text": page.text} for page in new]
        )


def read_pages(connection: Connection, document_id: str) -> list[Page]:
    rows = connection.execute(
        select(pages.c.number, pages.c.text).where(pages.c.document_id == document_id).order_by(pages.c.number)
    )
    return [Page(row.number, row.text) for row in rows]


def read_page(connection: Connection, document_id: str, number: int) -> Page | None:
    row = connection.execute(
        select(pages.c.number, pages.c.text).where(pages.c.document_id == document_id, pages.c.number == number)
    ).first()
    return Page(row.number, row.text) if row else None


def delete_pages(connection: Connection, document_id: str) -> None:
    connection.execute(delete(pages).where(pages.c.document_id == document_id))


def add_chunks(connection: Connection, new: Sequence[Chunk]) -> None:
    if new:
        connection.execute(
            insert(chunks),
            [
                {
                    "id": chunk.id,
                    "document_id": chunk.document_id,
                    "ordinal": chunk.ordinal,
                    "page_start": chunk.page_start,
                    "page_end": chunk.page_end,
                    "heading": chunk.heading,
                    "text": chunk.text,
                    "tokens": chunk.tokens,
                    "spans": [[span.page, span.start, span.end] for span in chunk.spans],
                }
                for chunk in new
            ],
        )


def _chunk(row: Row[Any]) -> Chunk:
    values = dict(row._mapping)
    values["spans"] = tuple(Span(*span) for span in values["spans"])
    return Chunk(**values)


def read_chunks(connection: Connection, document_id: str) -> list[Chunk]:
    """Return a document's passages in reading order."""
    rows = connection.execute(select(chunks).where(chunks.c.document_id == document_id).order_by(chunks.c.ordinal))
    return [_chunk(row) for row in rows]


def pages_of_chunks(connection: Connection, document_id: str) -> dict[str, tuple[int, int]]:
    """Return the first and the last page of each passage of a document, by id."""
    rows = connection.execute(
        select(chunks.c.id, chunks.c.page_start, chunks.c.page_end).where(chunks.c.document_id == document_id)
    )
    return {row.id: (row.page_start, row.page_end) for row in rows}


def chunks_by_id(connection: Connection, ids: Sequence[str]) -> dict[str, Chunk]:
    found = connection.execute(select(chunks).where(chunks.c.id.in_(list(ids)))) if ids else ()
    return {row.id: _chunk(row) for row in found}


def add_failure(
    connection: Connection,
    owner: str,
    name: str,
    reason: str,
    at: float,
    *,
    kept: Document | None = None,
    need: str = "",
) -> None:
    """Note that a file could not be taken; ``kept`` is its document where ``need`` would help, and its bytes stay."""
    again = (
        {"content_hash": kept.file_hash, "media_type": kept.media_type, "size_bytes": kept.size_bytes} if kept else {}
    )
    connection.execute(
        insert(failures).values(
            id=new_id(),
            owner=owner,
            name=name,
            reason=reason,
            at=at,
            need=need or None,
            replaces=kept.replaces if kept else None,
            **again,
        )
    )


def list_failures(connection: Connection, owner: str) -> list[dict[str, Any]]:
    """Return ``{"id", "name", "reason", "at", "need", ...}`` of files that could not be taken, newest first."""
    rows = connection.execute(select(failures).where(failures.c.owner == owner).order_by(failures.c.at.desc()))
    return [dict(row._mapping) for row in rows]


def failure(connection: Connection, owner: str, failure_id: str) -> dict[str, Any] | None:
    row = connection.execute(select(failures).where(failures.c.id == failure_id, failures.c.owner == owner)).first()
    return dict(row._mapping) if row else None


def dismiss_failure(connection: Connection, owner: str, failure_id: str) -> str | None:
    """Delete a failure's line; return the hash of the bytes that were kept with it, which are the caller's to delete."""
    found = failure(connection, owner, failure_id)
    connection.execute(delete(failures).where(failures.c.id == failure_id, failures.c.owner == owner))
    return found["content_hash"] if found else None


def dismiss_failures_of(connection: Connection, owner: str, content_hash: str) -> None:
    """Delete the lines about a file that is being tried once more."""
    connection.execute(delete(failures).where(failures.c.owner == owner, failures.c.content_hash == content_hash))
