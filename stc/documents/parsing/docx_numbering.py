"""The numbers that Word shows before paragraphs and does not store with them: "4.2", "(a)", "Article III"."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_ROMAN = tuple(
    zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        "m cm d cd c xc l xl x ix v iv i".split(),
        strict=True,
    )
)
_PLACE = re.compile(r"%([1-9])")
_LEVELS = 9
_MOST = 9_999
"""A larger number is written in digits, whatever its format."""


@dataclass(slots=True)
class _Level:
    start: int = 1
    format: str = "decimal"
    text: str = ""
    style: str = ""


@dataclass(slots=True)
class _List:
    """``abstract`` is the list whose levels and count it shares; ``starts`` are its own first numbers, by level."""

    abstract: str = ""
    starts: dict[int, int] = field(default_factory=dict)


class Numbering:
    """The lists of a document, and how far each has counted."""

    def __init__(self) -> None:
        self._abstract: dict[str, dict[int, _Level]] = {}
        self._lists: dict[str, _List] = {}
        self._levels: dict[int, _Level] = {}  # of the abstract list that is being read
        self._level = _Level()
        self._list = _List()
        self._override = 0
        self._counts: dict[str, list[int | None]] = {}
        self._begun: set[tuple[str, int]] = set()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        value = attributes.get("val", "")
        if name == "abstractNum":
            self._levels = self._abstract.setdefault(attributes.get("abstractNumId", ""), {})
        elif name == "lvl":
            level = _number(attributes.get("ilvl"), 0)
            self._level = self._levels.setdefault(level, _Level()) if level < _LEVELS else _Level()
        elif name == "start":
            self._level.start = _number(value, 1)
        elif name == "numFmt":
            self._level.format = value
        elif name == "lvlText":
            self._level.text = value[:100]
        elif name == "pStyle":
            self._level.style = value
        elif name == "num":
            self._list = self._lists.setdefault(attributes.get("numId", ""), _List())
            self._levels = {}  # a level redefined inside a list of its own is not followed
        elif name == "abstractNumId":
            self._list.abstract = value
        elif name == "lvlOverride":
            self._override = _number(attributes.get("ilvl"), 0)
        elif name == "startOverride":
            self._list.starts[self._override] = _number(value, 1)

    def end(self, name: str) -> None:
        pass

    def text(self, text: str) -> None:
        pass

    def level_of_style(self, number: str, style: str) -> int:
        """Return the level of a list that a style is tied to, 0 where it is tied to none."""
        found = self._lists.get(number)
        levels = self._abstract.get(found.abstract, {}) if found else {}
        return next((level for level, each in levels.items() if each.style and each.style == style), 0)

    def label(self, number: str, level: int) -> str:
        """Count one more paragraph of a list and return what stands before it, "" where nothing does."""
        found = self._lists.get(number)
        levels = self._abstract.get(found.abstract, {}) if found else {}
        if found is None or level not in levels or not 0 <= level < _LEVELS:
            return ""
        counts = self._counts.setdefault(found.abstract, [None] * _LEVELS)
        first = level in found.starts and (number, level) not in self._begun
        self._begun.add((number, level))
        before = counts[level]
        if first:
            counts[level] = found.starts[level]
        else:
            counts[level] = levels[level].start if before is None else before + 1
        counts[level + 1 :] = [None] * (_LEVELS - level - 1)
        if levels[level].format == "bullet":
            return "-"
        if levels[level].format == "none":
            return ""

        def shown(match: re.Match[str]) -> str:
            upper = int(match[1]) - 1
            form = levels.get(upper, _Level())
            count = counts[upper]
            return _written(form.start if count is None else count, form.format)

        return _PLACE.sub(shown, levels[level].text).strip()


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and re.fullmatch(r"\d{1,6}", text) else default


def _written(count: int, form: str) -> str:
    if form.endswith("Roman") and 0 < count <= _MOST:
        letters = ""
        for value, sign in _ROMAN:
            times, count = divmod(count, value)
            letters += sign * times
        return letters if form.startswith("lower") else letters.upper()
    if form.endswith("Letter") and 0 < count <= _MOST:
        letters = chr(ord("a") + (count - 1) % 26) * ((count - 1) // 26 + 1)  # Word counts z, aa, bb, cc
        return letters if form.startswith("lower") else letters.upper()
    return f"{count:02d}" if form == "decimalZero" else str(count)
