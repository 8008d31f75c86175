"""Find on the pages what proves a model's words: where its quotes stand, and what of its figures and names they lack. Pure.

Models are right more often than their quotes: they mend a misspelling, leave words out, name the wrong page, or quote one
sentence for an answer made of two. What is found here is verbatim, and ``stc.sleep.checking`` judges it like anything else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from datetime import date
from functools import lru_cache

from stc.chat.citing import locate
from stc.chat.figures import numbers
from stc.chat.sentences import split
from stc.chat.terms import terms
from stc.sleep import checking
from stc.sleep.checking import PLAIN, Writing
from stc.sleep.quantities import dates, times
from stc.words import Evidence

_MOST = 8
"""Quotes of one note."""
_MOST_ADDED = 4
"""Quotes found for one sentence."""
_LONGEST = 400
"""Characters of a sentence that is taken as a quote."""
_SHARED_WORDS = 2
"""Telling words that a sentence of the text must share with what it is to prove a figure or a name of."""
_HEAD = 60
"""Characters of a table's head cell at most."""
_HEAD_ABOVE = 700
"""Characters from it to the quoted row at most: the head of a table that a page's end does not cut."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_OVERLAP = 0.5
"""Share of the telling words that it must hold where none of the model's quotes stands anywhere."""
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}:\d{2}")
_SMALL_COUNTS = frozenset({*map(str, range(13)), "100"})
"""What may stand in a formula without a quote."""
_PREFIX = re.compile(r"[\[(]?p(?:p?\.|ages?)\s*\d+(?:\s*[–-]\s*\d+)?[\])]?\s*[:,.–-]\s*", re.IGNORECASE)


def evidence(
    text: str,
    quotes: Sequence[tuple[int | None, str]],
    pages: Mapping[int, str],
    writing: Writing = PLAIN,
    *,
    question: str = "",
    formula: str = "",
) -> tuple[Evidence, ...]:
    """Return what proves ``text``: the ``quotes``, (page, words) pairs, in the page's own words on the page where they stand,
    and a sentence of the pages for each figure or name that they lack, where one speaks of the same thing.

    Where a sentence is left without any proof the quotes come back as they are. ``writing`` is the document's.
    A short answer leaves to its ``question`` what it is about. A ``formula``'s operands are proven like the text's figures,
    its results need no quote: they are computed again.
    """
    found = list(dict.fromkeys(item for page, quote in quotes for item in _placed(page, quote, pages)))[:_MOST]
    given = bool(found)
    operands, derived = _of_formula(formula, writing)
    told = [(f"{question} {text}", operands)] if operands else []
    told += [(sentence, set[str]()) for sentence in _sentences(text)]
    for sentence, figures in told:
        lacking = figures - _held(_quotes(found), writing) if figures else _lacking(sentence, found, writing) - derived
        if given and not lacking:
            continue
        about = sentence if not given else f"{question} {sentence}"
        added = _added(about, lacking, pages, found if given else [], writing, whole=not given)
        if not (given or added):
            return tuple(Evidence(page or min(pages, default=1), quote) for page, quote in quotes)
        if len(found) + len(added) <= _MOST:
            found += added
    return tuple(_without_parts(found))


def proven(text: str, found: Sequence[Evidence], writing: Writing = PLAIN) -> str:
    """Return a text without the sentences that its evidence lacks figures or names of; all of it where the first does."""
    told = _sentences(text)
    kept = [sentence for sentence in told if not _lacking(sentence, found, writing)]
    return " ".join(kept) if kept and kept[0] == told[0] else text


def _without_parts(found: Sequence[Evidence]) -> list[Evidence]:
    """Return the evidence without quotes that stand in another of the same page."""
    items = list(dict.fromkeys(found))
    return [
        item
        for item in items
        if not any(item != other and item.page == other.page and item.quote in other.quote for other in items)
    ]


def _placed(page: int | None, quote: str, pages: Mapping[int, str]) -> list[Evidence]:
    """Return a model's quote in the page's words: on the page that it named, else on the nearest one that has it."""
    quote = _PREFIX.sub("", quote.strip(' "“”„«»*'), count=1).strip(' "“”„«»*')
    for number in sorted(pages, key=lambda number: abs(number - (page or 0))):
        found = locate(quote, pages[number])
        if found:
            return [Evidence(number, pages[number][start:end]) for start, end in found]
    return []


def _added(
    about: str,
    lacking: Set[str],
    pages: Mapping[int, str],
    cited: Sequence[Evidence],
    writing: Writing,
    *,
    whole: bool,
) -> list[Evidence]:
    """Return the sentences of the pages that hold what is ``lacking`` and speak most of the same; none where not all is found.

    A sentence that goes on from what is ``cited``, or heads its table with a year, speaks of the same. ``whole``: nothing
    is proven yet, so one must hold all of it and half of the words of ``about``.
    """
    words = set(terms(about))
    days = _days(about, writing)
    least = max(_SHARED_WORDS, len(words) * _OVERLAP if whole else 0)
    years = frozenset(filter(_YEAR.fullmatch, lacking))
    here = {item.page for item in cited}
    near: list[tuple[int, bool, int, Evidence]] = []
    for number, text in pages.items():
        quoted = [(start, start + len(item.quote)) for item in cited if (start := _place(item, number, text)) >= 0]
        units = _units(text)
        for start, end in units:
            unit = text[start:end]
            if str(number) in lacking and (start, end) in (units[0], units[-1]) and str(number) in numbers(unit):
                continue  # the number of the page
            shared = len(words & _terms(unit)) + (_SHARED_WORDS if days & _days(unit, writing) else 0)
            above = min((first - end for first, _ in quoted if 0 <= first - end <= _HEAD_ABOVE), default=None)
            heads = above is not None and end - start <= _HEAD and years & _held(unit, writing)
            if shared >= least or heads or any(start <= last and first <= end for first, last in quoted):
                near.append((shared, number in here, -(above or 0), Evidence(number, unit)))
    found: list[Evidence] = []
    while near and len(found) < (1 if whole else _MOST_ADDED):
        ranked = [((len(lacking & _offered(entry[3].quote, writing)), *entry[:3]), entry[3]) for entry in near]
        (held, *_), best = max(ranked, key=lambda entry: entry[0])
        if held < (len(lacking) if whole else 1):
            break
        found.append(best)
        lacking = lacking - _offered(best.quote, writing)
        if not lacking:
            return found
    return []


@lru_cache(maxsize=20_000)
def _held(quote: str, writing: Writing) -> frozenset[str]:
    return frozenset(numbers(quote) | checking.words(quote, writing))


@lru_cache(maxsize=20_000)
def _offered(unit: str, writing: Writing) -> frozenset[str]:
    """Return what a sentence holds, its times in other writings, too: the check compares them as times."""
    clock = [item.value for item in times(unit)]
    hours = {str(hour) for at in clock for hour in (at.hour, (at.hour - 1) % 12 + 1)}
    return _held(unit, writing) | hours | {str(at.minute) for at in clock}


@lru_cache(maxsize=20_000)
def _days(text: str, writing: Writing) -> frozenset[date]:
    return frozenset(item.value for item in dates(text, day_first=writing.day_first))


@lru_cache(maxsize=256)
def _units(text: str) -> tuple[tuple[int, int], ...]:
    return tuple((unit.start, unit.end) for unit in split(text) if unit.end - unit.start <= _LONGEST)


def _place(item: Evidence, number: int, text: str) -> int:
    return text.find(item.quote) if item.page == number else -1


def _quotes(found: Sequence[Evidence]) -> str:
    return "\n".join(item.quote for item in found)


def _lacking(text: str, found: Sequence[Evidence], writing: Writing) -> set[str]:
    """Return the figures and names of a text that its evidence lacks."""
    known = _quotes(found)
    return _telling(checking.restated(text, known, writing), writing) - _held(known, writing)


@lru_cache(maxsize=20_000)
def _terms(text: str) -> frozenset[str]:
    return frozenset(terms(text))


def _sentences(text: str) -> list[str]:
    return [text[unit.start : unit.end] for unit in split(text)]


def _telling(text: str, writing: Writing) -> set[str]:
    """Return the figures and names of a text."""
    return numbers(text) | checking.names(text, writing)


def _of_formula(formula: str, writing: Writing) -> tuple[set[str], set[str]]:
    """Return a formula's operands that need a quote, and the figures and words of its results.

    Dates and times are left to the check: a text may write them in any way.
    """
    operands: set[str] = set()
    derived: set[str] = set()
    for equation in formula.split(";"):
        left, _, right = equation.partition("=")
        operands |= numbers(_MOMENT.sub(" ", left)) - derived
        derived |= numbers(right) | checking.words(right, writing)
    return operands - _SMALL_COUNTS, derived
