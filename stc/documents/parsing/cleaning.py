"""Make text from a file safe to store, show and search, without changing what a reader sees."""

from __future__ import annotations

import re
import unicodedata

# Latin ligatures are one glyph of a font, not a letter: "ﬁeld" must be found as "field". NFKC would do this too, but it
# also turns "x²" into "x2" and "3½" into "31/2".
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
_LINE_ENDS = {0x0B: "\n", 0x0C: "\n", 0x85: "\n", 0x2028: "\n", 0x2029: "\n"}
_SPACES = dict.fromkeys([0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " ")
_BIDI = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_INVISIBLE = dict.fromkeys([0x200B, 0x2060, 0xFEFF, *range(0xE0000, 0xE0080)])
_CONTROLS = dict.fromkeys(code for code in [*range(0x20), *range(0x7F, 0xA0)] if code not in (0x09, 0x0A))
_NONCHARACTERS = dict.fromkeys([*range(0xFDD0, 0xFDF0), 0xFFFE, 0xFFFF])
_HYPHENS = dict.fromkeys([0x2010, 0x2011], "-")
_SYMBOL_FONT_BULLETS = dict.fromkeys([0xF0B7, 0xF0A7], "•")
_TABLE = {
    **_CONTROLS,
    **_NONCHARACTERS,
    **_INVISIBLE,
    **_BIDI,
    **_SPACES,
    **_LINE_ENDS,
    **_LIGATURES,
    **_HYPHENS,
    **_SYMBOL_FONT_BULLETS,
}

_SOFT_HYPHEN_AT_LINE_END = re.compile("\u00ad[ \t]*(?=\n)")
# Without the look-behind a long run is looked through from each of its characters.
_TRAILING_SPACE = re.compile(r"(?<![ \t])[ \t]+(?=\n|$)")
_MANY_EMPTY_LINES = re.compile(r"\n{4,}")
_LEADER = re.compile(r"\.{5,}|_{5,}|(?:\.[ \t]+){4,}\.")
_MOST_MARKS = 30
"""Accents on one letter: as many as Unicode's stream-safe text has (UAX 15). Sorting a run of them takes its length squared."""
_MAYBE_MARKS = re.compile(rf"[^\w\x00-\u02ff]{{{_MOST_MARKS // 2},}}")
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Return ``text`` in NFC with line breaks as ``\\n``, without characters that nobody sees. Idempotent.

    Gone: NUL and other controls, lone surrogates, bidirectional overrides, zero-width spaces, tag characters, white
    space at line ends, all but two of many empty lines, accents beyond thirty on one letter. Ligatures become letters, exotic
    spaces and hyphens plain ones; a soft hyphen becomes a hyphen where it ends a line and nothing elsewhere. Leaders
    ("Title ........ 12") shrink to four characters: each of theirs would take a token of a passage's few hundred.
    """
    if _SURROGATE.search(text):
        # Parsers hand out pairs as two characters; what is still alone after joining them means nothing.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_TABLE)
    text = _SOFT_HYPHEN_AT_LINE_END.sub("-", text).replace("\u00ad", "")
    text = _LEADER.sub(lambda match: match[0][0] * 4, _composed(text))
    return _MANY_EMPTY_LINES.sub("\n\n\n", _TRAILING_SPACE.sub("", text)).strip("\n")


def _composed(text: str) -> str:
    """Return ``text`` in NFC, without the marks on a letter beyond the most that are taken."""
    if not _MAYBE_MARKS.search(text):
        return unicodedata.normalize("NFC", text)
    # Composing may add a mark to a run: it is looked at again.
    return _MAYBE_MARKS.sub(_thinned, unicodedata.normalize("NFC", _MAYBE_MARKS.sub(_thinned, text)))


def _thinned(run: re.Match[str]) -> str:
    found = []
    marks = 0
    for character in run[0]:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MOST_MARKS:
            found.append(character)
    return "".join(found)


def clean_name(name: str) -> str:
    """Return a file's name fit for one line on a screen: its last part, cleaned, at most 200 characters."""
    last = re.split(r"[/\\]", name.strip())[-1]
    words = " ".join(clean(last).split())
    if len(words) > 200:
        stem, dot, ending = words.rpartition(".")
        words = f"{stem[: 198 - len(ending)]}…{dot}{ending}" if dot and len(ending) <= 10 else words[:199] + "…"
    return words or "unnamed file"
