"""What may be derived from a document, from wherever it was read; only what holds when computed again is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from stc.sleep import formulas, quantities
from stc.sleep.reading import Reading
from stc.words import Evidence


@dataclass(frozen=True, slots=True)
class Derived:
    """A derived note. ``start`` is where its first quote begins on its page; ``value`` is how much a reader would want it,
    0 to 1."""

    question: str
    text: str
    formula: str
    evidence: tuple[Evidence, ...]
    start: int
    value: float


def proven(found: Iterable[Derived], reading: Reading) -> list[Derived]:
    """Return what holds on its evidence, the most wanted first."""
    day_first = quantities.day_first(page.text for page in reading.pages)
    held = [
        item
        for item in found
        if formulas.recompute(item.formula, [evidence.quote for evidence in item.evidence], day_first=day_first)
    ]
    return sorted(held, key=lambda item: -item.value)


def percent(part: str, whole: str, places: int = 0) -> str:
    """Return a share as a percentage, rounded half up."""
    exact = 100 * Decimal(part.replace(",", "")) / Decimal(whole.replace(",", ""))
    return f"{exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)}%"


def plainly(number: Decimal) -> str:
    """Return a number without an exponent and without zeros at its end."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
