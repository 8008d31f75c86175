"""Which documents a question is asked of, and which pages of one."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stc.errors import UserError
from stc.models import tokens
from stc.services import Services
from stc.storage import documents as document_rows
from stc.words import Document, Page

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_CHARACTERS = 8_000
_MOST_PAGE_CHARACTERS = 500
_RANGE = re.compile(r"([0-9]{1,9})(?:[-–]([0-9]{1,9}))?")


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages of one document: first and last page of each range, ascending, apart from one another."""

    ranges: tuple[tuple[int, int], ...]

    @classmethod
    def parse(cls, text: str) -> Pages | None:
        """Read "5", "3-7" or "3-7,12"; ``None`` for "". Raises ``UserError`` for what names no pages."""
        parts = "".join(text.split()).split(",")
        if parts == [""]:
            return None
        found = []
        for part in parts:
            match = _RANGE.fullmatch(part) if len(text) <= _MOST_PAGE_CHARACTERS else None
            first = int(match[1]) if match else 0
            last = int(match[2] or match[1]) if match else 0
            if not 1 <= first <= last:
                raise UserError(f"“{part[:40]}” names no pages. Write them like 5, 3-7 or 3-7,12.")
            found.append((first, last))
        merged: list[tuple[int, int]] = []
        for first, last in sorted(found):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
            else:
                merged.append((first, last))
        return cls(tuple(merged))

    def __contains__(self, page: int) -> bool:
        return self.overlap(page, page)

    def __str__(self) -> str:
        return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in self.ranges)

    @property
    def last(self) -> int:
        return self.ranges[-1][1]

    def overlap(self, first: int, last: int) -> bool:
        """Tell whether one of the pages ``first`` to ``last`` is among these."""
        return any(first <= end and start <= last for start, end in self.ranges)

    def covers(self, other: Pages) -> bool:
        """Tell whether all of the other pages are among these."""
        return all(any(first <= a and b <= last for first, last in self.ranges) for a, b in other.ranges)

    def check(self, document: Document) -> None:
        """Raise ``UserError`` where the document has no such page."""
        if self.last > document.pages:
            has = "1 page" if document.pages == 1 else f"{document.pages:,} pages"
            raise UserError(f"{document.name} has {has}: there is no page {self.last:,}. Choose others.")

    def words(self) -> str:
        """Return them as a reader sees them: "p. 5", "pp. 3-7, 12"."""
        shown = str(self).replace(",", ", ")
        return f"p. {shown}" if shown.isdigit() else f"pp. {shown}"


@dataclass(frozen=True, slots=True)
class Scope:
    """The documents in scope; ``chosen`` says that the person named them. ``left_out`` are still being read.

    ``pages``: only these of the one document, whose ``pages`` and ``tokens`` count them alone then; ``None``: all.
    """

    documents: tuple[Document, ...]
    chosen: bool
    left_out: tuple[Document, ...] = ()
    pages: Pages | None = None

    @property
    def ids(self) -> list[str]:
        return [document.id for document in self.documents]

    @property
    def names(self) -> dict[str, str]:
        return {document.id: document.name for document in self.documents}

    @property
    def reasons(self) -> tuple[str, ...]:
        """Say what of the document was left aside."""
        return (f"asked of {self.pages.words()} only",) if self.pages else ()

    def holds(self, page: int) -> bool:
        return self.pages is None or page in self.pages

    def read_pages(self, connection: Connection, document_id: str) -> list[Page]:
        """Return a document's pages, as far as they are in scope."""
        return [page for page in document_rows.read_pages(connection, document_id) if self.holds(page.number)]


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


def resolve(services: Services, document_ids: Sequence[str] | None, pages: str = "") -> Scope:
    """Return the scope: the named documents, or all that are ready; with ``pages`` ("3-7,12") only those of the one named.

    Raises ``UserError`` when a named document is not there (or is somebody else's) or has no such page, or nothing can be
    asked yet.
    """
    chosen = Pages.parse(pages)
    if chosen and len(set(document_ids or ())) != 1:
        raise UserError("Pages can be chosen in one document only. Choose the document that they belong to.")
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
    scope = Scope(ready, bool(document_ids), waiting, chosen)
    return _narrowed(services, scope, chosen) if chosen else scope


def _narrowed(services: Services, scope: Scope, pages: Pages) -> Scope:
    (document,) = scope.documents
    pages.check(document)
    with services.database.read() as connection:
        read = scope.read_pages(connection, document.id)
    narrowed = dataclasses.replace(document, pages=len(read), tokens=sum(tokens.count(page.text) for page in read))
    return dataclasses.replace(scope, documents=(narrowed,))
