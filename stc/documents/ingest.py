"""Take files in: store the bytes, read, cut, embed, index; and take documents out again.

Any process may do the work of any document: who works on one holds its lease, renewed by heartbeat, and all that comes
of it is committed in one transaction. So a document is either ready and found by every search, or still to be done. A new
version of a document takes its place in that same transaction (``replacing``).
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO, Literal

import numpy as np

from stc import logs
from stc.access import limits, rights
from stc.chat.orders import gives_orders
from stc.documents import chunking, replacing
from stc.documents.parsing.cleaning import clean_name
from stc.documents.parsing.detect import detect
from stc.documents.parsing.reader import open_pages
from stc.errors import Unreadable, UserError
from stc.models import tokens
from stc.storage import documents, lexical, loose_files, recovery, vectors
from stc.storage.database import new_id
from stc.storage.loose_files import Loose
from stc.words import Chunk, Document, Page

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stc.services import Services

logger = logging.getLogger(__name__)

LEASE_S = 60.0
_HEARTBEAT_S = 15.0
_BETWEEN_WRITES_S = 0.25
_BETWEEN_LOOKS_S = 0.25
_BATCH = 32
_STORED_AT_ONCE = 5_000

_REMOVED_MEANWHILE = "The same file was removed at this very moment. Add it again."

OnProgress = Callable[[Document], None]


@dataclass(frozen=True, slots=True)
class Received:
    """``status`` is "duplicate" where the owner has these bytes already; the id is then the existing document's.

    The id of a new version is the new one's until ``process`` has put it in the earlier one's place, and returns that.
    """

    document_id: str
    status: Literal["new", "duplicate"]


class _Lost(Exception):
    """The lease is gone: the document was removed, or another process has taken it up."""


_in_hand: set[str] = set()  # documents that a thread of this process works on; leases only tell processes apart
_in_hand_lock = threading.Lock()


def receive(
    services: Services,
    name: str,
    stream: BinaryIO,
    *,
    password: str | None = None,
    replaces: str | None = None,
    ocr: str | None = None,
) -> Received:
    """Store a file's bytes and enter it as a document to be read; ``process`` does the rest.

    With a ``password`` the document is kept for this process, since no other knows it; it is stored nowhere. ``replaces``
    is the id of the document whose place it is to take: that one stays in use until this one is ready. ``ocr`` are the
    languages in which Tesseract is to read its pages that are pictures ("deu+eng"). Raises ``UserError``, and leaves a
    line among the failures, when the file is empty, too large or of a kind not taken, or can't replace that document.
    """
    shown = clean_name(name)

    loose: list[Loose] = []

    def arriving(content_hash: str) -> None:
        with services.database.write() as connection:
            loose.append(loose_files.add(connection, content_hash, services.holder))

    try:
        stored = services.files.receive(stream, max_bytes=services.settings.max_file_bytes, arriving=arriving)
        with services.database.read() as connection:
            existing = _existing(connection, services.readable, stored.content_hash)
            owner = services.owner if replaces is None else _owner_to_replace(services, connection, replaces)
        if existing is None:
            try:
                media_type = detect(stored.path, shown)
            except FileNotFoundError:
                raise UserError(_REMOVED_MEANWHILE) from None
        else:
            media_type = existing.media_type
        now = services.now()
        document = Document(
            id=new_id(),
            owner=owner,
            name=shown,
            media_type=media_type,
            size_bytes=stored.size_bytes,
            content_hash=stored.content_hash,
            added_at=now,
            last_used_at=now,
            replaces=replaces,
            ocr=ocr,
        )
        return enter(services, document, password)
    except UserError as error:
        with contextlib.suppress(UserError):  # the reason to tell is the first one
            _note_failure(services, services.owner, shown, str(error))
        raise
    finally:
        settle(services, loose)


def enter(services: Services, document: Document, password: str | None = None) -> Received:
    """Store the row of a new document whose file is here, unless its bytes are here as another; ``process`` does the rest.

    What was told of an earlier failure with these bytes goes. Raises ``UserError`` as ``receive`` does.
    """
    now = services.now()
    given_up: list[Loose] = []
    with services.database.write() as connection:
        # Asked again under the write lock: another process may have entered the same bytes, or removed them, since.
        existing = documents.find_by_hash(connection, services.readable, document.content_hash)
        if existing is not None and existing.status == "replaced":
            documents.delete_document(connection, existing.id)  # these bytes were on their way out
            existing = None
        earlier: Document | None = None
        if document.replaces is not None:
            earlier = _replaceable(connection, document.owner, document.replaces)
            if existing is not None:
                return _already_here(existing, earlier)
            given_up = _give_up_newer(services, connection, earlier)
        elif existing is not None:
            return Received(existing.id, "duplicate")
        if not services.files.path(document.file_hash).exists():
            raise UserError(_REMOVED_MEANWHILE)
        limits.check_documents(services, connection, document.size_bytes, instead_of=earlier)
        documents.dismiss_failures_of(connection, document.owner, document.content_hash)
        documents.insert_document(connection, document)
        if password is not None:
            documents.claim(connection, document.id, holder=services.holder, now=now, until=now + LEASE_S)
    settle(services, given_up)
    return Received(document.id, "new")


def _existing(connection: Connection, owner: documents.Owners, content_hash: str) -> Document | None:
    """Return the document that has these bytes, or is to have them as its new version."""
    existing = documents.find_by_hash(connection, owner, content_hash)
    return None if existing is not None and existing.status == "replaced" else existing


def _owner_to_replace(services: Services, connection: Connection, document_id: str) -> str:
    """Return whose a new version is: the document's. Raises ``UserError`` where the person may not replace that."""
    earlier = documents.get(connection, services.readable, document_id)
    if earlier is None:
        return services.owner  # said in words where it is entered
    rights.require(services, connection, "change", "document", document_id)
    return earlier.owner


def _already_here(existing: Document, earlier: Document) -> Received:
    """Return what has been received where the new version's bytes are here. Raises ``UserError`` if as another document."""
    if existing.id == earlier.id:
        return Received(earlier.id, "duplicate")
    if existing.replaces == earlier.id:
        return Received(existing.id, "new")  # the same new version again
    raise UserError(
        f"This file is here already, as “{existing.name}”. To have it in place of “{earlier.name}”, delete one of the two."
    )


def _replaceable(connection: Connection, owner: str, document_id: str) -> Document:
    """Return the document whose place a new version may take. Raises ``UserError`` where there is none."""
    earlier = documents.get(connection, owner, document_id)
    if earlier is None or earlier.replaces is not None:
        raise UserError(f"There is no document {document_id} to replace. It may have been removed.")
    if earlier.status != "ready":
        raise UserError(f"“{earlier.name}” is still being read. Replace it when it is ready.")
    return earlier


def _give_up_newer(services: Services, connection: Connection, earlier: Document) -> list[Loose]:
    """Drop a new version that is being read, for one that came later; its file is the caller's to settle."""
    newer = documents.find_newer(connection, earlier.id)
    if newer is None:
        return []
    reason = f"Another new version of “{earlier.name}” was added before this one was ready."
    documents.add_failure(connection, newer.owner, newer.name, reason, services.now())
    return [_delete_rows(services, connection, newer)]


def replace_by(services: Services, document_id: str, newer_id: str) -> None:
    """Let a document that was added by itself take another one's place, once it is read, as if received for that.

    Where the newer one is gone by now (it could not be read, say) nothing happens. Raises ``UserError`` when the other one
    is gone.
    """
    with services.database.write() as connection:
        newer = documents.get(connection, services.owner, newer_id)
        if newer is None or newer.replaces is not None or newer.id == document_id:
            return
        earlier = _replaceable(connection, services.owner, document_id)
        given_up = [loose for each in (earlier, newer) for loose in _give_up_newer(services, connection, each)]
        replacing.turn_into_new_version(connection, newer, earlier)
    settle(services, given_up)


def process(
    services: Services, document_id: str, on_progress: OnProgress | None = None, *, password: str | None = None
) -> Document:
    """Read, cut, embed and index one document; return it when it is ready or has failed.

    A finished one comes back at once; where another process works on it already, its end is waited for. Of a new version
    the document comes back whose place it took. A failed document is gone but for a line among the failures, with its
    reason in ``error``; one that was removed meanwhile comes back as failed too, without the line. Raises ``UserError``
    when there is no such document, or when the fault is not the file's (the disk, the embedder): it stays to be done then.
    """
    with services.database.read() as connection:
        found = documents.get(connection, services.readable, document_id)
    if found is None:
        raise UserError(f"There is no document {document_id}. It may have been removed.")
    return _process(services, found, on_progress or (lambda document: None), password)


def process_pending(services: Services, on_progress: OnProgress | None = None) -> list[Document]:
    """Process what was left unfinished, of all owners, oldest first; return what became of the documents done here.

    One that somebody else works on is left to them. Raises ``UserError`` when the fault is not a file's; a bug
    is raised after the other documents were done.
    """
    services.recover()
    replacing.put_away(services)
    done: list[Document] = []
    bugs: list[Exception] = []
    tried: set[str] = set()
    while (document := _next_pending(services, tried)) is not None:
        tried.add(document.id)
        try:
            finished = _attempt(services, document, on_progress or (lambda document: None), None)
        except UserError:
            raise
        except Exception as error:  # noqa: BLE001 - raised below, no longer keeping the others waiting
            bugs.append(error)
        else:
            if finished is not None:
                done.append(finished)
    if bugs:
        raise bugs[0]
    return done


def _next_pending(services: Services, tried: set[str]) -> Document | None:
    with services.database.read() as connection:
        for owner, document_id in documents.unfinished(connection, services.now()):
            if document_id not in tried and document_id not in _in_hand:
                return documents.get(connection, owner, document_id)
    return None


def remove(services: Services, document_id: str) -> bool:
    """Delete a document with its text, passages, notes, vectors, tasks and file; ledger rows stay.

    A new version of it that is being read goes with it. Returns False when there was none. Raises ``UserError`` for one that
    others share and that only they, or an admin, may delete.
    """
    with services.database.write() as connection:
        document = documents.get(connection, services.readable, document_id)
        if document is None or document.status == "replaced":
            return False
        rights.require(services, connection, "change", "document", document_id)
        newer = documents.find_newer(connection, document_id)
        gone = [document] if newer is None else [document, newer]
        loose = [_delete_rows(services, connection, each) for each in gone]
    settle(services, loose)
    logs.event("document removed", document_id=document_id)
    return True


def _process(services: Services, document: Document, on_progress: OnProgress, password: str | None) -> Document:
    while True:
        finished = _attempt(services, document, on_progress, password)
        if finished is not None:
            return finished
        with services.database.read() as connection:
            now = documents.get(connection, document.owner, document.id)
        if now is None or now.status == "replaced":
            return _what_became_of(services, document)
        if now.status in {"ready", "failed"}:
            return now
        document = now
        on_progress(document)
        if not services.recover():  # whoever has it may be dead
            time.sleep(_BETWEEN_LOOKS_S)


def _attempt(services: Services, document: Document, on_progress: OnProgress, password: str | None) -> Document | None:
    """Do the work, unless somebody else has it; ``None`` then, and when the document is lost on the way."""
    with contextlib.suppress(_Lost), _lease(services, document.id) as lease:
        if lease is not None:
            with services.database.read() as connection:
                now = documents.get(connection, document.owner, document.id)  # its last holder may have brought it on
            return None if now is None else _Work(services, now, lease, on_progress).run(password)
    return None


def _what_became_of(services: Services, document: Document) -> Document:
    """Return the document whose place a new version took; of one that somebody has done away with, why it is gone."""
    with services.database.read() as connection:
        failures = documents.list_failures(connection, document.owner)
        earlier = documents.get(connection, document.owner, document.replaces) if document.replaces else None
    if earlier is not None and (earlier.content_hash, earlier.ocr) == (document.file_hash, document.ocr):
        return earlier
    reason = "It was removed while it was being read."
    for failure in failures:
        if failure["name"] == document.name and failure["at"] >= document.added_at:
            reason = str(failure["reason"])
            break
    return replace(document, status="failed", error=reason)


def _flagged(pages: Sequence[Page]) -> Iterator[str]:
    """Yield a warning where pages give orders to programs that read them."""
    found = [page.number for page in pages if gives_orders(page.text)]
    if found:
        where = f"Page {found[0]}" if len(found) == 1 else f"Page {found[0]} and {len(found) - 1} more"
        yield f"{where}: text that gives orders to AI models. It is read as text; it is not obeyed, and proves nothing."


class _Lease:
    """The right to work on one document, renewed in the background until closed."""

    def __init__(self, services: Services, document_id: str) -> None:
        self._services = services
        self._document_id = document_id
        self._lost = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease-{document_id}", daemon=True)

    def take(self) -> bool:
        if not self._claim():
            return False
        self._thread.start()
        return True

    def check(self) -> None:
        if self._lost.is_set():
            raise _Lost

    def close(self) -> None:
        self._closed.set()
        if self._thread.ident is None:
            return
        self._thread.join()
        # A full disk: the lease runs out by itself.
        with contextlib.suppress(UserError), self._services.database.write() as connection:
            documents.release(connection, self._document_id, self._services.holder)

    def _claim(self) -> bool:
        with self._services.database.write() as connection:
            now = self._services.now()
            return documents.claim(
                connection, self._document_id, holder=self._services.holder, now=now, until=now + LEASE_S
            )

    def _keep(self) -> None:
        while not self._closed.wait(_HEARTBEAT_S):
            try:
                if not self._claim():
                    self._lost.set()
                    return
            except UserError as error:  # a busy or full disk: the lease lasts a few more beats
                logger.warning("The lease on document %s could not be renewed: %s", self._document_id, error)


@contextlib.contextmanager
def _lease(services: Services, document_id: str) -> Iterator[_Lease | None]:
    """Yield the document's lease, or ``None`` where somebody else works on it."""
    with _in_hand_lock:
        taken = document_id not in _in_hand
        if taken:
            _in_hand.add(document_id)
    if not taken:
        yield None
        return
    lease = _Lease(services, document_id)
    try:
        yield lease if lease.take() else None
    finally:
        lease.close()
        with _in_hand_lock:
            _in_hand.discard(document_id)


class _Work:
    """One document's way from file to ready, by the holder of its lease."""

    def __init__(self, services: Services, document: Document, lease: _Lease, on_progress: OnProgress) -> None:
        self._services = services
        self._document = document
        self._lease = lease
        self._on_progress = on_progress
        self._started = time.monotonic()
        self._written_at = float("-inf")

    def run(self, password: str | None) -> Document:
        try:
            pages = self._saved_pages() if self._document.status == "embedding" else self._read(password)
            chunks = self._chunks(pages)
        except Unreadable as error:
            return self._fail(str(error), error.need)
        except (UserError, _Lost):
            raise
        except BaseException as error:  # a bug that this file brings out: it must not be met again at each start
            if not (isinstance(error, Exception) or type(error).__module__ == "pyo3_runtime"):
                raise  # a library in Rust that panics raises what is no Exception
            logger.exception("Document %s could not be taken in", self._document.id)
            return self._fail(
                f"Something unexpected went wrong while it was read ({type(error).__name__}). The log says more."
            )
        return self._finish(chunks)

    def _read(self, password: str | None) -> list[Page]:
        path = self._services.files.path(self._document.file_hash)
        if not path.exists():
            raise Unreadable("Its stored copy is gone. Add the file again.")
        read = 0

        def on_page(page: Page, total: int) -> None:
            nonlocal read
            read += 1
            self._progress(read, total)

        parsed = open_pages(
            path,
            self._document.media_type,
            self._services.settings,
            on_page,
            password=password,
            languages=self._document.ocr,
        )
        self._lease.check()
        warnings = (*parsed.warnings, *_flagged(parsed.pages))
        self._document = replace(
            self._document,
            status="embedding",
            stage_done=0,
            stage_total=0,
            pages=len(parsed.pages),
            tokens=sum(tokens.count(page.text) for page in parsed.pages),
            warnings=warnings,
            pictures=parsed.pictures,
        )
        with self._services.database.write() as connection:
            self._still_there(connection)
            documents.delete_pages(connection, self._document.id)
            documents.add_pages(connection, self._document.id, parsed.pages)
            documents.change(
                connection,
                self._document.id,
                status="embedding",
                stage_done=0,
                stage_total=0,
                pages=self._document.pages,
                tokens=self._document.tokens,
                warnings=list(warnings),
                pictures=parsed.pictures,
            )
        self._on_progress(self._document)
        return parsed.pages

    def _saved_pages(self) -> list[Page]:
        with self._services.database.read() as connection:
            return documents.read_pages(connection, self._document.id)

    def _chunks(self, pages: list[Page]) -> list[Chunk]:
        embedder = self._services.embedder
        chunks = chunking.chunk(
            self._document.id,
            pages,
            embedder.count_tokens,
            limit=embedder.max_tokens - 2,
            markdown=self._document.has_marks,
            count_tokens=tokens.count,
        )
        self._lease.check()
        return chunks

    def _finish(self, chunks: list[Chunk]) -> Document:
        embedder = self._services.embedder
        texts = [chunking.embedded_text(chunk) for chunk in chunks]
        matrix = np.zeros((len(texts), embedder.dimension), dtype=np.float32)
        by_length = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # a batch is padded to its longest
        self._progress(0, len(texts), now=True)
        for first in range(0, len(texts), _BATCH):
            batch = by_length[first : first + _BATCH]
            matrix[batch] = embedder.encode([texts[i] for i in batch])
            self._progress(first + len(batch), len(texts))
        ready_at = self._services.now()
        ready = replace(
            self._document,
            status="ready",
            stage_done=len(chunks),
            stage_total=len(chunks),
            chunks=len(chunks),
            ready_at=ready_at,
            last_used_at=ready_at,
        )
        with self._services.database.write() as connection:
            self._still_there(connection)
            earlier = self._earlier(connection)
            if earlier is not None:
                chunks = [replace(chunk, document_id=earlier.id) for chunk in chunks]
                ready = replacing.swap(connection, ready, earlier, chunks)
            else:
                ready = replace(ready, replaces=None)
                documents.add_chunks(connection, chunks)
                documents.change(
                    connection,
                    ready.id,
                    replaces=None,
                    status="ready",
                    stage_done=ready.stage_done,
                    stage_total=ready.stage_total,
                    chunks=ready.chunks,
                    ready_at=ready_at,
                    last_used_at=ready_at,
                )
            items = [(chunk.id, matrix[i]) for i, chunk in enumerate(chunks)]
            for first in range(0, len(items), _STORED_AT_ONCE):  # SQLite takes so many variables in one statement
                vectors.add(connection, "chunk", ready.id, items[first : first + _STORED_AT_ONCE], embedder.name)
            lexical.add(connection, "chunk", ready.id, [(c.id, text) for c, text in zip(chunks, texts, strict=True)])
        if earlier is not None:
            replacing.put_away(self._services)
        self._document = ready
        self._on_progress(ready)
        logs.event(
            "document ready",
            document_id=ready.id,
            pages=ready.pages,
            chunks=ready.chunks,
            tokens=ready.tokens,
            seconds=time.monotonic() - self._started,
        )
        return ready

    def _earlier(self, connection: Connection) -> Document | None:
        """Return the document whose place this one is to take; that may have been decided while it was read."""
        now = documents.get(connection, self._document.owner, self._document.id)
        return documents.get(connection, now.owner, now.replaces) if now is not None and now.replaces else None

    def _progress(self, done: int, total: int, *, now: bool = False) -> None:
        """Write how far the present stage is, at most a few times a second."""
        self._lease.check()
        if not now and time.monotonic() - self._written_at < _BETWEEN_WRITES_S:
            return
        self._document = replace(self._document, stage_done=done, stage_total=total)
        with self._services.database.write() as connection:
            documents.change(connection, self._document.id, stage_done=done, stage_total=total)
        self._on_progress(self._document)
        self._written_at = time.monotonic()

    def _still_there(self, connection: Connection) -> None:
        now = self._services.now()
        held = documents.claim(
            connection, self._document.id, holder=self._services.holder, now=now, until=now + LEASE_S
        )
        if not held:
            raise _Lost

    def _fail(self, reason: str, need: str | None = None) -> Document:
        with self._services.database.write() as connection:
            self._still_there(connection)
            earlier = self._earlier(connection)
            if earlier is not None:
                reason += f" “{earlier.name}” stays as it was."
            documents.add_failure(
                connection,
                self._document.owner,
                self._document.name,
                reason,
                self._services.now(),
                kept=self._document if need else None,
                need=need or "",
            )
            loose = _delete_rows(self._services, connection, self._document)
        settle(self._services, [loose])
        logs.event("document refused", document_id=self._document.id, seconds=time.monotonic() - self._started)
        return replace(self._document, status="failed", error=reason)


def _note_failure(services: Services, owner: str, name: str, reason: str) -> None:
    with services.database.write() as connection:
        documents.add_failure(connection, owner, name, reason, services.now())


def _delete_rows(services: Services, connection: Connection, document: Document) -> Loose:
    """Delete a document but for its file, that is the caller's to settle."""
    lexical.delete_document(connection, document.id)
    documents.delete_document(connection, document.id)
    return loose_files.add(connection, document.content_hash, services.holder)


def settle(services: Services, loose: Sequence[Loose]) -> None:
    """Delete the files that were in hand and that nothing needs."""
    with contextlib.suppress(UserError):  # a full disk: whoever takes up this process's work one day sees to it
        for each in loose:
            recovery.settle(services.database, services.files, each)
