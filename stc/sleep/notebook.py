"""What a person does with notes themselves: hide one, show it again, bring in others', take them out as training data."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from stc.access import rights
from stc.chat.citing import find_quote
from stc.chat.orders import gives_orders
from stc.chat.terms import terms
from stc.errors import UserError
from stc.sleep import checking, merging, passes, report
from stc.sleep.planning import pages_in_words
from stc.storage import documents as document_rows
from stc.storage import lexical, vectors
from stc.storage import notes as note_rows
from stc.words import IMPORTED, Chunk, Document, Evidence, Note, NoteDraft, NoteKind, NoteStatus, Page

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stc.services import Services

_KINDS: dict[str, NoteKind] = {kind: kind for kind in get_args(NoteKind)}
_BATCH = 500
"""Lines that are embedded together and stored in one transaction."""
_KEPT_BOOKS = 32


# Hide


def hide(services: Services, note_id: str) -> None:
    """Use a note for nothing from now on; no other that says the same comes in its place. Raises ``UserError``."""
    with services.database.write() as connection:
        owner = rights.require(services, connection, "change", "note", note_id)
        note_rows.set_status(connection, owner, note_id, "hidden")


def unhide(services: Services, note_id: str) -> NoteStatus:
    """Use a hidden note again and return its status: out of date where a quote has gone from its page meanwhile."""
    with services.database.read() as connection:
        note = note_rows.by_id(connection, [note_id]).get(note_id)
        rights.require(services, connection, "change", "note", note_id)
        if note is None:
            raise _gone()
        pages = {page.number: page.text for page in document_rows.read_pages(connection, note.document_id)}
    if note.status != "hidden":
        return note.status
    stands = all(find_quote(item.quote, pages.get(item.page, "")) is not None for item in note.evidence)
    status: NoteStatus = "verified" if stands else "stale"
    embedder = services.embedder
    vector = embedder.encode([passes.embedded_text(note)])[0]  # what finds it may have gone while it was hidden
    with services.database.write() as connection:
        owner = rights.require(services, connection, "change", "note", note_id)
        note_rows.set_status(connection, owner, note_id, status)
        if stands:
            vectors.add(connection, "note", note.document_id, [(note.id, vector)], embedder.name)
            lexical.delete_items(connection, "note", [note.id])
            lexical.add(connection, "note", note.document_id, [(note.id, passes.embedded_text(note))])
    return status


def _gone() -> UserError:
    return UserError("This note is gone; its document was deleted or prepared again. Reload the page.")


# Bring in


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of one line, counted from 1. ``id`` is the new note, or the one that says the same already."""

    line: int
    status: Literal["added", "duplicate", "failed"]
    id: str | None = None
    document_id: str | None = None
    question: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    document_id: str
    draft: NoteDraft

    def brought(self, status: Literal["added", "duplicate"], note_id: str) -> Brought:
        return Brought(self.number, status, note_id, self.document_id, self.draft.question)

    def failed(self, error: str) -> Brought:
        return Brought(self.number, "failed", None, self.document_id, self.draft.question, error)


class _Book:
    """A document as it was when its first line came, and the notes that it has, with their vectors where they have one."""

    def __init__(self, document: Document, pages: Sequence[Page], chunks: Sequence[Chunk], dimension: int) -> None:
        self.document = document
        self.pages = {page.number: page.text for page in pages}
        self.chunks = chunks
        self.writing = checking.writing_of(self.pages.values())
        self.exact: dict[tuple[str, str], str] = {}
        self._notes: list[Note] = []
        self._rows = np.empty((64, dimension), dtype=np.float32)
        """Row ``i`` is the vector of ``_notes[i]``; those after the last note are room for more."""

    def take(self, note: Note, vector: Any | None) -> None:
        self.exact.setdefault(_key(note), note.id)
        if vector is None:
            return
        if len(self._notes) == len(self._rows):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
        self._rows[len(self._notes)] = vector
        self._notes.append(note)

    def near(self, note: Note, vector: Any) -> str | None:
        """Return the id of a note that gives the same answer to the same question in other words."""
        cosines = self._rows[: len(self._notes)] @ vector
        for place in np.flatnonzero(cosines >= merging.NEAR):
            other = self._notes[place]
            same = merging.relation(note, other, float(cosines[place]), self.writing) == "duplicate"
            if same and set(terms(note.text)) == set(terms(other.text)):
                return other.id
        return None


def bring_in(services: Services, lines: Iterable[str], *, document_id: str | None = None) -> Iterator[Brought]:
    """Import notes from JSON lines and yield what became of each, in order; empty lines are passed over.

    A line is ``{"document_id", "question", "text", "evidence": [{"page", "quote"}]}``, where wanted with "kind" and
    "formula"; ``document_id`` is for lines without one. Each is checked like any note. One that says what a note of the
    document says already, hidden ones too, is not taken again: importing twice changes nothing.
    """
    books: OrderedDict[str, _Book] = OrderedDict()
    numbered = ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
    while batch := list(islice(numbered, _BATCH)):
        yield from _bring_batch(services, books, batch, document_id)


def _bring_batch(
    services: Services, books: OrderedDict[str, _Book], batch: Sequence[tuple[int, str]], document_id: str | None
) -> list[Brought]:
    done: dict[int, Brought] = {}
    open_books: dict[str, _Book] = {}
    new: list[tuple[_Line, Note]] = []
    now = services.now()
    for number, text in batch:
        try:
            line = _read(number, text, document_id)
        except ValueError as error:
            done[number] = Brought(number, "failed", error=f"It can't be used: {error}.")
            continue
        try:
            if line.document_id not in open_books:
                open_books[line.document_id] = _open(services, books, line.document_id)
        except UserError as error:
            done[number] = line.failed(str(error))
            continue
        book = open_books[line.document_id]
        reason, evidence = checking.fault(line.draft, book.pages, book.writing)
        if reason is not None:
            done[number] = line.failed(f"Not kept: {reason}.")
            continue
        note = passes.make_note(
            replace(line.draft, evidence=evidence),
            book.chunks,
            owner=services.owner,
            document_id=line.document_id,
            task_id=None,
            thinker="model",
            model=IMPORTED,
            at=now + len(new) * 1e-6,
        )
        if _key(note) in book.exact:
            done[number] = line.brought("duplicate", book.exact[_key(note)])
        else:
            new.append((line, note))
    kept = _without_duplicates(services, open_books, new, done)
    lost = _store(services, open_books, kept)
    for line, note, _ in kept:
        gone = line.document_id in lost
        done[line.number] = line.failed(_CHANGED) if gone else line.brought("added", note.id)
    for gone_id in lost:
        books.pop(gone_id, None)
    return [done[number] for number, _ in batch]


_CHANGED = "The document was removed, or has a new version since. Nothing of it was imported; try again."


def _without_duplicates(
    services: Services,
    books: dict[str, _Book],
    new: Sequence[tuple[_Line, Note]],
    done: dict[int, Brought],
) -> list[tuple[_Line, Note, Any]]:
    """Return the new notes that say something new, with their vectors; of the others ``done`` says what they repeat."""
    if not new:
        return []
    kept = []
    embedded = services.embedder.encode([passes.embedded_text(note) for _, note in new])
    for (line, note), vector in zip(new, embedded, strict=True):
        book = books[line.document_id]
        same = book.exact.get(_key(note)) or book.near(note, vector)
        if same is not None:
            done[line.number] = line.brought("duplicate", same)
            continue
        book.take(note, vector)
        kept.append((line, note, vector))
    return kept


def _store(services: Services, books: dict[str, _Book], kept: Sequence[tuple[_Line, Note, Any]]) -> set[str]:
    """Store notes with vectors and full-text rows; return the documents that changed since and took none."""
    lost: set[str] = set()
    if not kept:
        return lost
    embedder = services.embedder.name
    with services.database.write() as connection:
        for document_id in dict.fromkeys(line.document_id for line, _, _ in kept):
            if not _as_it_was(connection, services, books[document_id].document):
                lost.add(document_id)
                continue
            mine = [(note, vector) for line, note, vector in kept if line.document_id == document_id]
            passes.add_notes(
                connection, document_id, [note for note, _ in mine], [vector for _, vector in mine], embedder
            )
    return lost


def _as_it_was(connection: Connection, services: Services, then: Document) -> bool:
    document = document_rows.get(connection, services.readable, then.id)
    return document is not None and (document.status, document.content_hash) == (then.status, then.content_hash)


def _open(services: Services, books: OrderedDict[str, _Book], document_id: str) -> _Book:
    """Return the book of a document, reading it once. Raises ``UserError`` where the document can't take notes."""
    if document_id in books:
        books.move_to_end(document_id)
        return books[document_id]
    with services.database.read() as connection:
        document = document_rows.get(connection, services.readable, document_id)
        if document is not None:
            rights.require(services, connection, "change", "document", document_id)
        if document is None or document.replaces is not None:
            raise UserError(f"Document {document_id} is not here; 'python -m stc documents' lists what is.")
        if document.status != "ready":
            raise UserError(f"Document {document_id} is {document.status}, not ready. Import its notes when it is.")
        pages = document_rows.read_pages(connection, document_id)
        chunks = document_rows.read_chunks(connection, document_id)
        notes = note_rows.of_document(connection, document_id, statuses=("verified", "hidden"))
        embedded = vectors.of_document(connection, "note", document_id, services.embedder.name)
    book = books[document_id] = _Book(document, pages, chunks, services.embedder.dimension)
    for note in notes:
        book.take(note, embedded.get(note.id))
    while len(books) > _KEPT_BOOKS:
        books.popitem(last=False)
    return book


def _key(note: Note) -> tuple[str, str]:
    return " ".join(note.question.casefold().split()), " ".join(note.text.casefold().split())


def _read(number: int, text: str, document_id: str | None) -> _Line:
    """Return a line's note, not yet checked. Raises ``ValueError`` with the end of a sentence where it holds none."""
    try:
        item = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"it is no JSON ({error})") from None
    if not isinstance(item, dict):
        raise ValueError("it is no JSON object")
    if item.get("status", "verified") != "verified":
        raise ValueError(f"its status is {json.dumps(item['status'])}; only verified notes are imported")
    formula = _text(item, "formula", None) or None
    kind = _text(item, "kind", "inference" if formula else "answer")
    if kind not in _KINDS:
        raise ValueError(f'its "kind" must be one of {", ".join(_KINDS)}')
    question = _text(item, "question", None) if kind != "summary" else ""
    if question is None:
        raise ValueError('it has no "question"')
    said = _text(item, "text", None)
    if said is None:
        raise ValueError('it has no "text"')
    chosen = _text(item, "document_id", document_id)
    if not chosen:
        raise ValueError('it has no "document_id"')
    evidence = item.get("evidence")
    if not isinstance(evidence, list):
        raise ValueError('its "evidence" must be a list of {"page", "quote"}')
    draft = NoteDraft(_KINDS[kind], question.strip(), said.strip(), tuple(map(_evidence, evidence)), formula)
    return _Line(number, chosen, draft)


def _evidence(item: Any) -> Evidence:
    page = item.get("page") if isinstance(item, dict) else None
    quote = _text(item, "quote", None) if isinstance(item, dict) else None
    if not isinstance(page, int) or isinstance(page, bool) or quote is None:
        raise ValueError('each piece of its "evidence" must have a "page", counted from 1, and a "quote"')
    return Evidence(page, quote)


def _text(item: dict[str, Any], name: str, default: str | None) -> str | None:
    value = item.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise ValueError(f'its "{name}" must be a text')
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value):
        raise ValueError(f'its "{name}" holds a character that can\'t be stored')
    return value


# Take out


def training_lines(notes: Sequence[Note], name: str) -> Iterator[dict[str, Any]]:
    """Yield a document's verified notes in the format that chat models are fine-tuned with, one conversation each.

    Only texts that passed the check go in, so neither the document nor its ``name`` can give the trained model orders.
    """
    verified = [note for note in notes if note.status == "verified"]
    whole, _ = report.summaries(verified)
    about = "the document" if gives_orders(name) else f"the document “{' '.join(name.split())}”"
    for note in verified:
        asked = note.question or _asked_for(note, whole=note is whole)
        yield {
            "messages": [
                {"role": "system", "content": f"Answer from {about}."},
                {"role": "user", "content": asked},
                {"role": "assistant", "content": note.text},
            ]
        }


def _asked_for(summary: Note, *, whole: bool) -> str:
    if whole:
        return "Summarise the document."
    pages = [item.page for item in summary.evidence]
    return f"Summarise {pages_in_words(min(pages), max(pages))}."


def take_out(services: Services, document_ids: Sequence[str] | None = None) -> Iterator[str]:
    """Yield the verified notes of some documents, or of all, as JSON lines of training data.

    Raises ``UserError`` for a document that is not there.
    """
    with services.database.read() as connection:
        found = {document.id: document for document in document_rows.list_all(connection, services.readable)}
    for document_id in found if document_ids is None else document_ids:
        if document_id not in found:
            raise UserError(f"Document {document_id} is not here; 'python -m stc documents' lists what is.")
    for document_id in found if document_ids is None else document_ids:
        with services.database.read() as connection:
            notes = note_rows.of_document(connection, document_id)
        for line in training_lines(notes, found[document_id].name):
            yield json.dumps(line, ensure_ascii=False)
