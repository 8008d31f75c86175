"""The tags and the text of a web page's source, as browsers find them (tokenization in the HTML standard).

One walk that never goes back. Python's html.parser looks from each comment, tag or section that nobody closes to the end of
the source, and again from the next one (3.11.7: 300,000 of them take more than 45 s), and reads them differently by release.
"""

from __future__ import annotations

import html
import re
from typing import Protocol

_TAG = re.compile(r"<(/?)([a-zA-Z][^\t\n\f\r />]*+)")
# A stroke between attributes counts as a space; a quote that nobody closes goes on to the end. Nothing is matched twice.
_ATTRIBUTE = re.compile(
    r"""[\t\n\f\r\ /]*+ (=?[^\t\n\f\r\ />=]*+)
        (?:[\t\n\f\r\ ]*+ = [\t\n\f\r\ ]*+ (?:"([^"]*+)"?|'([^']*+)'?|([^\t\n\f\r\ >]*+)))?+""",
    re.VERBOSE,
)
_COMMENT = re.compile(r"<!--(?:-?>|.*?--!?>)", re.DOTALL)
_PROGRAM = frozenset({"script", "style"})
"""No mark-up up to their end tags or, where there is none, to the end of the source."""
_PLAIN = frozenset({"title", "textarea", "iframe", "xmp"})
"""No mark-up up to their end tags; where there is none, a browser shows nothing more: that is taken for a slip and read."""
_LONG_NUMBER = re.compile(r"&#(?:[xX]([0-9a-fA-F]{8,}+)|([0-9]{8,}+));?")


class Page(Protocol):
    """What hears of tags, by their names in small letters, and of the text between them."""

    def start(self, tag: str, attributes: dict[str, str]) -> None: ...

    def end(self, tag: str) -> None: ...

    def text(self, text: str) -> None: ...


def walk(source: str, page: Page) -> int:
    """Tell ``page`` what stands in ``source``, and return how many characters at its end are no text but in something
    that nobody closes: a comment, a tag, a script."""
    end_tags = _EndTags(source)
    position = 0
    while position < len(source):
        mark = source.find("<", position)
        if mark != position:
            mark = len(source) if mark < 0 else mark
            page.text(decoded(source[position:mark]))
            position = mark
            continue
        behind: int | None
        if tag := _TAG.match(source, mark):
            behind = _take_tag(source, tag, page, end_tags)
        elif source.startswith("<!--", mark):
            comment = _COMMENT.match(source, mark)
            behind = comment.end() if comment else None
        elif source.startswith(("<!", "<?", "</"), mark):
            behind = source.find(">", mark + 2) + 1 or None
        else:
            page.text("<")
            behind = mark + 1
        if behind is None:
            return len(source) - mark
        position = behind
    return 0


def _take_tag(source: str, tag: re.Match[str], page: Page, end_tags: _EndTags) -> int | None:
    """Tell of a tag, and of what stands in an element without mark-up; return where that ends, ``None`` for nowhere."""
    name = tag[2].lower()
    attributes: dict[str, str] = {}
    position = tag.end()
    while True:
        attribute = _ATTRIBUTE.match(source, position)
        assert attribute is not None  # it matches nothing, too
        position = attribute.end()
        if not attribute[1]:
            break
        attributes.setdefault(attribute[1].lower(), decoded(attribute[2] or attribute[3] or attribute[4] or ""))
    if position == len(source):
        return None
    empty = source[position - 1] == "/"
    position += 1
    if tag[1]:
        page.end(name)
        return position
    page.start(name, attributes)
    if name not in _PROGRAM and name not in _PLAIN:
        return position
    if empty:  # as XHTML has it; with a browser's reading of HTML the rest of the page would be a script
        page.end(name)
        return position
    end = end_tags.find(name, position)
    if name in _PROGRAM:
        return end
    if end is None:
        return position
    page.text(decoded(source[position:end]))
    return end


class _EndTags:
    """Finds end tags without looking at any part of the source twice for the same name."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._next: dict[str, int] = {}

    def find(self, name: str, position: int) -> int | None:
        """Return where the first ``</name>`` from ``position`` begins; ask for ascending positions."""
        found = self._next.get(name, -1)
        if found < position:
            match = re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE | re.ASCII).search(self._source, position)
            found = self._next[name] = match.start() if match else len(self._source)
        return None if found == len(self._source) else found


def decoded(text: str) -> str:
    """Return ``text`` with its character references as the characters they stand for."""
    if "&" not in text:
        return text
    # int() refuses more than 4,300 digits, and html.unescape lets that through (3.11).
    return html.unescape(_LONG_NUMBER.sub(_shortened, text))


def _shortened(reference: re.Match[str]) -> str:
    mark, digits = ("x", reference[1]) if reference[1] else ("", reference[2])
    digits = digits.lstrip("0") or "0"
    return f"&#{mark}{digits};" if len(digits) < 8 else "\ufffd"
