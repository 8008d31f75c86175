"""What the elements of a Word document say: its text in reading order, its styles, its footnotes. No files, no limits."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from stc.documents.parsing.blocks import Blocks, Rows
from stc.documents.parsing.docx_numbering import Numbering

_HEADING_NAME = re.compile(r"heading ([1-9])")
_MOST_STYLES_DEEP = 20
_BODY_TEXT = 9
"""The outline level of what is no heading, counted from 0."""
_UNREAD = frozenset(
    # Deleted or moved away, the second form of what stands before it, settings of a field, earlier formatting, ruby.
    {"del", "moveFrom", "Fallback", "sdtPr", "pPrChange", "rPrChange", "tblPrChange", "sectPr", "rt"}
)

Attributes = dict[str, str]


def _is_on(attributes: Attributes) -> bool:
    return attributes.get("val", "true") not in {"0", "false", "off"}


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\d{1,6}", text) else None


@dataclass(slots=True)
class _Style:
    name: str = ""
    based_on: str = ""
    outline: int | None = None
    numbered: str | None = None
    level: int | None = None


class Styles:
    """The paragraph styles: which are headings, and which are numbered."""

    def __init__(self) -> None:
        self._styles: dict[str, _Style] = {}
        self._current = _Style()

    def start(self, name: str, attributes: Attributes) -> None:
        value = attributes.get("val", "")
        if name == "style":
            self._current = self._styles.setdefault(attributes.get("styleId", ""), _Style())
        elif name == "name":
            self._current.name = value.lower()
        elif name == "basedOn":
            self._current.based_on = value
        elif name == "outlineLvl":
            self._current.outline = _whole(value)
        elif name == "numId":
            self._current.numbered = value
        elif name == "ilvl":
            self._current.level = _whole(value)

    def end(self, name: str) -> None:
        pass

    def text(self, text: str) -> None:
        pass

    def _chain(self, style: str) -> list[_Style]:
        found: list[_Style] = []
        while style in self._styles and len(found) < _MOST_STYLES_DEEP:
            found.append(self._styles[style])
            style = found[-1].based_on
        return found

    def outline(self, style: str) -> int | None:
        """Return the heading's level from 1, 0 for a title, ``None`` for what is no heading."""
        for each in self._chain(style):
            if each.name == "title":
                return 0
            if match := _HEADING_NAME.fullmatch(each.name):
                return int(match[1])
            if each.outline is not None:
                return each.outline + 1 if each.outline < _BODY_TEXT else None
        return None

    def numbered(self, style: str) -> tuple[str | None, int | None]:
        """Return the list that paragraphs of this style belong to, and their level in it where the style says so."""
        for each in self._chain(style):
            if each.numbered is not None:
                return each.numbered, each.level
        return None, None

    def is_contents(self, style: str) -> bool:
        return any(each.name.startswith(("toc ", "table of figures")) for each in self._chain(style))


@dataclass(slots=True)
class _Paragraph:
    style: str = ""
    numbered: str | None = None
    level: int | None = None
    outline: int | None = None
    words: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class _Text:
    """Gathers paragraphs; what becomes of each is the subclass's."""

    def __init__(self) -> None:
        self._unread = 0  # how many elements deep in what is not read
        self._paragraphs: list[_Paragraph] = []  # open ones: a text box stands inside the paragraph that it hangs on
        self._in_properties = 0
        self._in_text = False
        self._hidden = False

    def start(self, name: str, attributes: Attributes) -> None:
        if self._unread or name in _UNREAD:
            self._unread += 1
        elif name == "p":
            self._paragraphs.append(_Paragraph())
        elif name in {"pPr", "rPr"}:
            self._in_properties += 1
        elif self._in_properties:
            self._take_property(name, attributes)
        elif name == "r":
            self._hidden = False
        elif name == "t":
            self._in_text = True
        elif self._paragraphs:
            self._take_mark(self._paragraphs[-1], name, attributes)

    def end(self, name: str) -> None:
        if self._unread:
            self._unread -= 1
        elif name == "p" and self._paragraphs:
            self.paragraph(self._paragraphs.pop())
        elif name in {"pPr", "rPr"}:
            self._in_properties -= 1
        elif name == "t":
            self._in_text = False

    def text(self, text: str) -> None:
        if self._in_text and not self._hidden and not self._unread and self._paragraphs:
            self._paragraphs[-1].words.append(text)

    def _take_property(self, name: str, attributes: Attributes) -> None:
        value = attributes.get("val", "")
        if name == "vanish":
            self._hidden = _is_on(attributes)
        elif not self._paragraphs:
            return
        elif name == "pStyle":
            self._paragraphs[-1].style = value
        elif name == "numId":
            self._paragraphs[-1].numbered = value
        elif name == "ilvl":
            self._paragraphs[-1].level = _whole(value)
        elif name == "outlineLvl":
            self._paragraphs[-1].outline = _whole(value)

    def _take_mark(self, paragraph: _Paragraph, name: str, attributes: Attributes) -> None:
        if name in {"tab", "ptab"}:
            paragraph.words.append("\t")
        elif name in {"br", "cr"}:
            paragraph.words.append("\n")
        elif name == "noBreakHyphen":
            paragraph.words.append("-")
        elif name == "sym" and re.fullmatch(r"[0-9A-Fa-f]{4}", attributes.get("char", "")):
            paragraph.words.append(chr(int(attributes["char"], 16)))
        elif name in {"footnoteReference", "endnoteReference"}:
            paragraph.notes.append(f"{name.removesuffix('Reference')} {attributes.get('id', '')}")

    def paragraph(self, paragraph: _Paragraph) -> None:
        raise NotImplementedError


class Notes(_Text):
    """The footnotes and endnotes, by "footnote 3"."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: dict[str, list[str]] = {}
        self._current = ""

    def start(self, name: str, attributes: Attributes) -> None:
        if name in {"footnote", "endnote"}:
            self._current = f"{name} {attributes.get('id', '')}"
        super().start(name, attributes)

    def paragraph(self, paragraph: _Paragraph) -> None:
        self._lines.setdefault(self._current, []).append("".join(paragraph.words))

    def take(self, name: str) -> str:
        """Return a note's text, in one line; "" where there is none. Each is given once."""
        return " ".join(" ".join(self._lines.pop(name, [])).split())


class Body(_Text):
    """The text itself, written to ``found`` as it comes. ``embeds``: a part of it is another file, which is not read."""

    def __init__(self, found: Blocks, styles: Styles, numbering: Numbering, notes: Notes) -> None:
        super().__init__()
        self._found = found
        self._styles = styles
        self._numbering = numbering
        self._notes = notes
        self._rows = Rows(found)
        self._below_title = 0
        self._noted = 0
        self.embeds = False

    def start(self, name: str, attributes: Attributes) -> None:
        super().start(name, attributes)
        if self._unread:
            return
        if name == "tr":
            self._rows.begin()
        elif name == "tc":
            self._rows.begin_cell()
        elif name == "altChunk":
            self.embeds = True

    def end(self, name: str) -> None:
        unread = self._unread
        super().end(name)
        if not unread and name == "tr":
            self._rows.end()

    def paragraph(self, paragraph: _Paragraph) -> None:
        if self._styles.is_contents(paragraph.style):
            return  # headings once more, with page numbers that mean nothing here
        label = self._label(paragraph)
        words = "".join(paragraph.words).strip()
        if words:
            self._put(paragraph, f"{label} {words}" if label else words, bool(label))
        for name in paragraph.notes:
            if note := self._notes.take(name):
                self._noted += 1
                self._put(_Paragraph(), f"Footnote {self._noted}: {note}", False)

    def _label(self, paragraph: _Paragraph) -> str:
        by_style, style_level = self._styles.numbered(paragraph.style)
        numbered = by_style if paragraph.numbered is None else paragraph.numbered
        if numbered is None:
            return ""
        level = style_level if paragraph.level is None else paragraph.level
        if level is None:
            level = self._numbering.level_of_style(numbered, paragraph.style)
        return self._numbering.label(numbered, level)

    def _put(self, paragraph: _Paragraph, words: str, listed: bool) -> None:
        level = self._styles.outline(paragraph.style)
        if paragraph.outline is not None:
            level = paragraph.outline + 1 if paragraph.outline < _BODY_TEXT else None
        if (level is None or not self._rows.is_frame) and self._rows.put(words):
            return
        self._rows.flush()
        if level is None:
            self._found.add(words, "item" if listed else "paragraph")
        else:
            self._below_title = self._below_title or int(level == 0)
            self._found.add(words, "heading", level=level + self._below_title)
