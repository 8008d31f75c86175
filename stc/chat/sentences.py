"""Split a passage into the units that can be quoted: sentences of prose, and lines of forms, tables and lists.

Text of a PDF comes in printed lines. A wrapped sentence is joined over its lines by position, so that a unit is always
``text[start:end]`` and a quote of it stays verbatim; a form's line ("Departure Time: 1422 CST Type of Airspace:") or a
table's row is a unit of its own, because its neighbours are about something else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from stc.chat.terms import beginning, terms
from stc.storage.lexical import STOP_WORDS

_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st sr jr gen col lt sgt capt gov sen rep rev hon no nos vol fig figs sec ch pp p ed eds vs "
    "etc al e.g i.e cf ca approx dept inc ltd co corp est jan feb mar apr jun jul aug sep sept oct nov dec u.s "
    "u.k a.m p.m b.c a.d ph.d mt ft op art para viz resp trans".split()
)
_LABEL = re.compile(r"[A-Z0-9][^:.!?;\n]{0,60}:(?=\s|$)")
_COLON = re.compile(r":(?=\s|$)")
_ITEM = re.compile(r"(?:[-–—•●▪◦■□*o§]|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)])\s+\S")
_ITEM_MARK = re.compile(r"\s*\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)]+\s*")
_END = re.compile(r"[.!?…][\"'”’»)\]]*\s+(?=[\"'“‘«(\[]*[A-Z0-9À-ÞŒŠŽ])")
_LAST_WORD = re.compile(r"[\w.&]*$")
_NUMBERLIKE = re.compile(r"[$€£(]*[-+]?\d[\d,./:%)]*$")


@dataclass(frozen=True, slots=True)
class Unit:
    """Characters ``start:end`` of a passage. ``line`` is True for a line of a form, table or list, False for prose."""

    start: int
    end: int
    line: bool


@dataclass(frozen=True, slots=True)
class Read:
    """A unit as it is compared with a question: its text and its terms in order. ``beginnings``: those of its longer words,
    by which it holds another form of a word, too (see ``beginning``)."""

    start: int
    end: int
    text: str
    terms: tuple[str, ...]
    held: frozenset[str]
    beginnings: frozenset[str]


@lru_cache(maxsize=8192)
def read(text: str) -> tuple[Read, ...]:
    """Return the units of a text with their terms; the last few thousand texts are kept."""
    found = []
    for unit in split(text):
        body = text[unit.start : unit.end]
        own = tuple(terms(body))
        held = frozenset(own)
        found.append(Read(unit.start, unit.end, body, own, held, frozenset([beginning(term) for term in held]) - {""}))
    return tuple(found)


def split(text: str) -> list[Unit]:
    """Return the units of ``text`` in order; they don't overlap and leave out white space only."""
    lines = _lines(text)
    if not lines:
        return []
    lengths = sorted(end - start for start, end in lines)
    width = lengths[int(len(lengths) * 0.9) if len(lengths) > 1 else 0]
    units: list[Unit] = []
    block_start = lines[0][0]
    for position, (start, end) in enumerate(lines):
        following = lines[position + 1] if position + 1 < len(lines) else None
        if following is not None and _continues(text, (start, end), following, width, block_start):
            continue
        units.extend(_units(text, block_start, end))
        if following is not None:
            block_start = following[0]
    return units


def _lines(text: str) -> list[tuple[int, int]]:
    """Return the lines that are not blank as (start, end) without the white space around them."""
    found = []
    start = 0
    for line in text.splitlines(keepends=True):
        stripped = line.strip()
        if stripped:
            left = start + len(line) - len(line.lstrip())
            found.append((left, left + len(stripped)))
        start += len(line)
    return found


def _continues(text: str, line: tuple[int, int], following: tuple[int, int], width: int, block_start: int) -> bool:
    """Tell whether the following line goes on with the same sentence or field."""
    if text.count("\n", line[1], following[0]) > 1:
        return False
    this, after = text[line[0] : line[1]], text[following[0] : following[1]]
    if this.endswith(":"):
        if _LABEL.match(after) or _ITEM.match(after) or len(after) >= 200:
            return False
        # After "Name: X Rank:" stands the next section's title as often as a rank.
        return len(_COLON.findall(this)) == 1 or not _is_title(after)
    if this.endswith(("-", "‐", "\u00ad")) and after[0].islower():
        return True
    if _LABEL.match(after) or _ITEM.match(after):
        return False
    if after[0].islower() or this.rsplit(None, 1)[-1] in STOP_WORDS or _open_bracket(text[block_start : line[1]]):
        return True
    if _row(this) or _row(after):
        return False
    if _LABEL.match(this) and not _reads_as_prose(this):
        return this.endswith(",") or (len(after) < 60 and not _COLON.search(after) and not _is_title(after))
    return len(this) >= 0.6 * width and len(this) >= 40


def _open_bracket(text: str) -> bool:
    tail = text[-160:]
    return tail.rfind("(") > tail.rfind(")")


def _is_title(line: str) -> bool:
    """Tell whether a line reads like a section's title ("Airport Information"), not like the rest of a field's value."""
    words = line.split()
    if len(words) == 1 or line[-1] in ".,;" or ";" in line or "(" in line or ("/" in line and len(words) == 2):
        return False
    return all(word[0].isupper() or len(word) <= 3 for word in words)


def _row(line: str) -> bool:
    """Tell whether a line looks like a table's row: mostly numbers."""
    words = line.split()
    if len(words) == 1:
        # A code, a page mark, a figure by itself.
        return any(character.isdigit() for character in line) and not line.isalnum()
    numbers = sum(1 for word in words if _NUMBERLIKE.match(word))
    return numbers >= 2 and numbers >= 0.4 * len(words)


def _reads_as_prose(line: str) -> bool:
    """Tell whether most words of a line are plain lower-case ones."""
    words = line.split()
    return len(words) >= 8 and sum(1 for word in words if word[0].islower()) >= 0.6 * len(words)


def _units(text: str, start: int, end: int) -> list[Unit]:
    body = text[start:end]
    line = _LABEL.match(body) is not None and not _reads_as_prose(body)
    line = line or _row(body) or (len(body) < 60 and body[-1] not in ".!?")
    if line and len(body) <= 240:
        return [Unit(start, end, True)]
    cuts = [0]
    for found in _END.finditer(body):
        if not _ITEM_MARK.fullmatch(body[cuts[-1] : found.end()]) and not _is_abbreviation(body, found):
            cuts.append(found.end())
    cuts.append(len(body))
    return [
        Unit(start + left, start + left + len(body[left:right].rstrip()), line)
        for left, right in pairwise(cuts)
        if body[left:right].strip()
    ]


def _is_abbreviation(body: str, found: re.Match[str]) -> bool:
    """Tell whether the full stop at a possible end belongs to a word such as "Mr." or to an initial."""
    if body[found.start()] != ".":
        return False
    word = _LAST_WORD.search(body[max(0, found.start() - 12) : found.start()])
    last = word.group().lower() if word else ""
    if last in _ABBREVIATIONS:
        # "No." and "Fig." are followed by their number; otherwise they end a sentence like any word.
        return last not in {"no", "art", "co", "est", "ed", "etc", "a.m", "p.m"} or body[found.end()].isdigit()
    return len(last) == 1 and last.isalpha() and last != "i" and body[max(0, found.start() - 1)].isupper()
