"""What the formats with mark-up have in common: blocks in reading order, written as Markdown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from stc.documents.parsing.cleaning import clean

Kind = Literal["heading", "paragraph", "item", "row", "code"]

_SHORT_ITEM = 200
"""Items of a list with more characters than this stand apart, like paragraphs."""
_LAYOUT_CHARACTERS = 1_000
"""A row with more text than this, and with paragraphs in its cells, is a page's layout and no row of values."""
_MOST_ROWS_OPEN = 20
"""Tables deeper in one another are read as paragraphs of the cell they are in: each of them copies its text once more."""


class TooMuchText(Exception):
    """There is more text than the limit allows."""


class Blocks:
    """A document's text so far. Headings are lines that begin with ``#``, cells of a row stand between tabs."""

    def __init__(self, max_characters: int) -> None:
        self._parts: list[str] = []
        self._last: Kind | None = None
        self._last_length = 0
        self._left = max_characters
        self.headings: list[str] = []

    def add(self, text: str, kind: Kind = "paragraph", *, level: int = 1) -> None:
        """Add a block, unless it is empty. ``level`` is a heading's, from 1. Raises ``TooMuchText``."""
        text = text.strip("\n") if kind == "code" else text.strip()
        if not text:
            return
        if kind == "heading":
            text = " ".join(text.split())
            self.headings.append(text)
            text = f"{'#' * min(6, max(1, level))} {text}"
        elif kind == "code":
            text = f"```\n{text}\n```"
        self._left -= len(text)
        if self._left < 0:
            raise TooMuchText
        together = kind == self._last and (
            kind == "row" or (kind == "item" and max(len(text), self._last_length) <= _SHORT_ITEM)
        )
        self._parts += ("\n" if together else "\n\n", text)
        self._last, self._last_length = kind, len(text)

    def add_row(self, cells: list[list[str]]) -> None:
        """Add a table's row: of each cell its paragraphs, which become one line."""
        filled = [[line for line in cell if line.strip()] for cell in cells]
        lines = [line for cell in filled for line in cell]
        layout = sum(map(len, lines)) > _LAYOUT_CHARACTERS and any(len(cell) > 1 for cell in filled)
        if len(cells) == 1 or layout:
            for line in lines:
                self.add(line)
        elif lines:
            self.add("\t".join(" ".join(" ".join(cell).split()) for cell in filled).rstrip("\t"), "row")

    def text(self) -> str:
        return clean("".join(self._parts))


@dataclass(slots=True)
class _Row:
    """Of each cell its paragraphs; ``flushed`` cells at the beginning are empty and stay so."""

    cells: list[list[str]] = field(default_factory=list)
    flushed: int = 0


class Rows:
    """The open rows of tables, one in a cell of the other; ``found`` gets each outermost one when it ends."""

    def __init__(self, found: Blocks) -> None:
        self._found = found
        self._open: list[_Row] = []
        self._too_deep = 0

    @property
    def is_frame(self) -> bool:
        """Whether only one cell has been there, of one table: a frame around text."""
        return len(self._open) == 1 and len(self._open[0].cells) == 1

    def begin(self) -> None:
        if len(self._open) == _MOST_ROWS_OPEN:
            self._too_deep += 1
        else:
            self._open.append(_Row())

    def begin_cell(self) -> None:
        if self._open and not self._too_deep:
            self._open[-1].cells.append([])

    def end(self) -> None:
        if self._too_deep:
            self._too_deep -= 1
            return
        if not self._open:
            return
        cells = self._open.pop().cells
        if not self._open or not self._open[-1].cells:
            self._found.add_row(cells)
            return
        line = "\t".join(" ".join(cell) for cell in cells)
        if line.strip():
            self.put(line)  # a table in a cell of another: its rows are lines of that cell

    def put(self, paragraph: str) -> bool:
        """Put a paragraph into the cell that is open; return whether there is one."""
        if not self._open or not self._open[-1].cells:
            return False
        self._open[-1].cells[-1].append(paragraph)
        return True

    def flush(self) -> None:
        """Put away what stands in open rows: they lay out a page, for a heading follows."""
        for row in self._open:
            for cell in row.cells[row.flushed :]:
                for paragraph in cell:
                    self._found.add(paragraph)
                cell.clear()
            row.flushed = max(0, len(row.cells) - 1)
