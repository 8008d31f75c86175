"""Read a document's pages as statements: whole sentences of prose, and lines of forms and tables, each with its heading.

Headers and footers, headings and strings of no words are left out; a sentence that a page's end or a table cuts is too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from stc.chat.sentences import split
from stc.documents import lines as layout
from stc.sleep.grammar import Casing
from stc.words import Page

_BULLET = re.compile(r"(?:[-–—•●▪■◦□*o§]|\(?(?:\d{1,3}|[A-Za-z]|[ivx]{1,5})[.)])\s+(?=\S)")
_MARK = re.compile(r"(?<=[.!?])\s+[~•●▪■◦]\s+(?=\S)")
_ENDS = re.compile(r"[.!?:;…][\"'”’)\]]*$")
_BROKEN_WORD = re.compile(r"(\w+)[-\u00ad\u2010]\s*\n\s*([a-z]\w*)")
_ID = re.compile(r"\S*\d\S*[-_]\S*|\S*_\S*")
_LEADERS = re.compile(r"(?:\. ?){4,}|(?:\. ?){3,}\d+$|…{2,}|_{4,}")
"""The dots of a table of contents."""
_LIGATURES = {"ﬁ": "fi", "ﬂ": "fl", "ﬀ": "ff", "ﬃ": "ffi", "ﬄ": "ffl"}
_LONGEST = 700
_LONGEST_RUNNING = 150
"""Characters. A longer line that stands on every page is text."""


@dataclass(frozen=True, slots=True)
class Statement:
    """``quote`` is characters ``start:end`` of page ``page``; ``text`` is the same to read: one line, no split words.

    ``line`` is True for a line of a form, list or table, False for a sentence. ``item`` is True behind a bullet or number.
    ``heading`` is the path of headings above it, "" where there is none.
    """

    page: int
    start: int
    end: int
    quote: str
    text: str
    line: bool
    item: bool
    heading: str


@dataclass(frozen=True, slots=True)
class Heading:
    """``line`` is as it stands on the page; ``guessed`` where only its looks say that it is a heading."""

    page: int
    line: str
    path: str
    guessed: bool


@dataclass(frozen=True)
class Reading:
    """A document as it is read."""

    pages: tuple[Page, ...]
    statements: tuple[Statement, ...]
    headings: tuple[Heading, ...]

    @cached_property
    def casing(self) -> Casing:
        return Casing(statement.text for statement in self.statements if not statement.line)

    @cached_property
    def sentences(self) -> tuple[Statement, ...]:
        return tuple(statement for statement in self.statements if not statement.line)

    def page_text(self, number: int) -> str:
        return self._texts.get(number, "")

    @cached_property
    def _texts(self) -> dict[int, str]:
        return {page.number: page.text for page in self.pages}

    def within(self, first: int, last: int) -> list[Statement]:
        """Return the statements of pages ``first`` to ``last``."""
        return [statement for statement in self.statements if first <= statement.page <= last]


def read(pages: Sequence[Page], *, markdown: bool = False) -> Reading:
    found = layout.read(pages, markdown=markdown)
    paths = layout.paths(found)
    words = set()
    for page in pages:
        words.update(re.findall(r"\w+-\w+", page.text))
    by_page: dict[int, list[tuple[layout.Line, str]]] = {}
    headings = []
    for position, (line, path) in enumerate(zip(found, paths, strict=True)):
        by_page.setdefault(line.page, []).append((line, path))
        if line.level is not None:
            end = line.end
            for below in found[position + 1 : position + 7]:
                if not below.joined or below.page != line.page:
                    break
                end = below.end
            text = pages[line.page].text[line.start : end]
            headings.append(Heading(pages[line.page].number, text, path, line.guessed))
    statements: list[Statement] = []
    open_before = False
    for index, page in enumerate(pages):
        on_page = by_page.get(index, [])
        open_before = _read_page(page, on_page, words, statements, open_before)
    return Reading(tuple(pages), tuple(statements), tuple(headings))


def _read_page(
    page: Page, on_page: list[tuple[layout.Line, str]], words: set[str], statements: list[Statement], open_before: bool
) -> bool:
    """Append the page's statements; return whether its last sentence goes on behind the page's end."""
    text = _blanked(page.text, [line for line, _ in on_page if _left_out(line)])
    starts = [line.start for line, _ in on_page]
    units = [(unit.start, unit.end, unit.line) for unit in split(text)]
    cut = open_before
    position = 0
    while position < len(units):
        start, end, line = units[position]
        position += 1
        # A column so narrow that its lines look finished: the sentence goes on in the next unit.
        while position < len(units) and _goes_on(text, (start, end, line), units[position]):
            end = units[position][1]
            position += 1
        mark = _MARK.search(text, start, end)
        if mark:  # "… of the plan. ~ The next"
            units.insert(position, (mark.end(), end, line))
            end = mark.start() + 1
        quote = text[start:end]
        bullet = _BULLET.match(quote)
        whole = not cut
        cut = not line and not _ENDS.search(quote)
        if not whole and not line and bullet is None:
            continue  # the second half of a sentence
        if bullet:
            start += bullet.end()
            quote = text[start:end]
        heading = ""
        for at, (_, path) in zip(starts, on_page, strict=True):
            if at > start:
                break
            heading = path
        readable_text = readable(quote, words)
        if readable_text and not _LEADERS.search(readable_text):
            statements.append(
                Statement(page.number, start, end, quote, readable_text, line, bullet is not None, heading)
            )
    return cut


def _left_out(line: layout.Line) -> bool:
    if line.level is not None or line.joined or (line.running and len(line.text) <= _LONGEST_RUNNING):
        return True
    words = line.text.split()
    return len(words) == 1 and len(words[0]) > 8 and _ID.fullmatch(words[0]) is not None


def _blanked(text: str, lines: Sequence[layout.Line]) -> str:
    """Return the text with these lines made empty; every other character keeps its place."""
    for line in lines:
        text = text[: line.start] + " " * (line.end - line.start) + text[line.end :]
    return text


def _goes_on(text: str, unit: tuple[int, int, bool], following: tuple[int, int, bool]) -> bool:
    start, end, line = unit
    if line or following[2] or following[1] - start > _LONGEST or text.count("\n", end, following[0]) != 1:
        return False
    quote = text[start:end]
    return not _ENDS.search(quote) and not _BULLET.match(text[following[0] : following[1]])


def readable(quote: str, words: set[str] | frozenset[str] = frozenset()) -> str:
    """Return a quote in one line: words that a line's end split are joined, unless the hyphen is theirs (``words``)."""

    def join(found: re.Match[str]) -> str:
        first, second = found.groups()
        return f"{first}-{second}" if f"{first}-{second}" in words else first + second

    text = _BROKEN_WORD.sub(join, quote)
    for ligature, letters in _LIGATURES.items():
        text = text.replace(ligature, letters)
    return re.sub(r"\s+", " ", text.replace("\u00ad", "")).strip()
