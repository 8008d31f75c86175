"""The numbers of a text in one form, so that what an answer says can be compared with what its quotes say. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from itertools import permutations

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen twenty".split()
    )
} | {"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90"}
MONTHS = {
    name: str(number)
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
            "september sep sept", "october oct", "november nov", "december dec",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_CONSTANTS = {
    "thousand": "1000",
    "million": "1000000",
    "billion": "1000000000",
    "percent": "100",
    "per cent": "100",
    "%": "100",
    "pm": "12",
    "p.m": "12",
}
_CONSTANT = re.compile(r"(?<![^\W\d])(?:thousand|million|billion|per ?cent|pm|p\.m)(?![^\W_])|%", re.IGNORECASE)
_MONTH = rf"(?:{'|'.join(MONTHS)})"
_DATED = re.compile(rf"\b({_MONTH})\b(?=\.?,? ?\d)|\d(?:st|nd|rd|th)?(?: of)? ({_MONTH})\b", re.IGNORECASE)
"""A month in a date: "may" by itself is none."""
_SWAPPED = str.maketrans(",.", ".,")
_MOST_OPERANDS = 12
"""Among many numbers some two always come to any third."""
_LONGEST = 15


def numbers(text: str) -> set[str]:
    """Return the numbers of a text, dates and number words included, in one form: "1,200.50" and "1200.5" are the same."""
    found: set[str] = set()
    for match in _NUMBER.finditer(unicodedata.normalize("NFKC", text)):
        found.update(_forms(match.group()))
    for word in _WORD.findall(text.casefold()):
        if word in _NUMBER_WORDS:
            found.add(_NUMBER_WORDS[word])
    return found


def readings(text: str) -> list[list[set[str]]]:
    """Return for each number written in digits what it may mean, in the form of ``numbers``: "1.232" is 1.232 or 1232."""
    written = dict.fromkeys(_NUMBER.findall(unicodedata.normalize("NFKC", text)))
    return [[set(_forms(number)), set(_forms(number.translate(_SWAPPED)))] for number in written]


def constants(text: str) -> set[str]:
    """Return the numbers by which a text's figures may be written otherwise: months, "million", "%", "p.m."."""
    low = unicodedata.normalize("NFKC", text).casefold()
    found = {_CONSTANTS.get(word, "") for word in _CONSTANT.findall(low)}
    found |= {MONTHS.get(before or after, "") for before, after in _DATED.findall(low)}
    return found - {""}  # a pattern that ignores case takes "aprıl" for April


def _forms(number: str) -> Sequence[str]:
    whole = number.replace(",", "")
    if whole.count(".") > 1:  # a section's number, or a date with dots
        return [part.lstrip("0") or "0" for part in whole.split(".")]
    before, _, after = whole.partition(".")
    before = before.lstrip("0") or "0"
    after = after.rstrip("0")
    return [f"{before}.{after}" if after else before]


def reckoned(number: str, known: Collection[str]) -> bool:
    """Tell whether a number is the sum, difference, product, quotient or percentage of two ``known`` ones, or the sum of all.

    Numbers are written as ``numbers`` returns them; the result may be rounded to the digits that it has.
    """
    if len(known) > _MOST_OPERANDS or any(len(figure) > _LONGEST for figure in (number, *known)):
        return False
    shown = Decimal(number)
    unit = Decimal(1).scaleb(int(shown.as_tuple().exponent))
    return any(
        shown in (result.quantize(unit, ROUND_HALF_UP), result.quantize(unit, ROUND_HALF_EVEN))
        for result in _results([Decimal(other) for other in known])
        if result < 10**_LONGEST
    )


def _results(known: Sequence[Decimal]) -> Iterator[Decimal]:
    yield sum(known, Decimal(0))
    for a, b in permutations(known, 2):
        yield from (a + b, a - b, a * b)
        if b:
            yield from (a / b, 100 * a / b, 100 * (a - b) / b)
