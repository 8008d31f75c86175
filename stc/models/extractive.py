"""The extractive reader: answers by quoting, with no language model. It picks the sentences and lines of a context that
most likely hold the answer, or says that none does. Its words are the document's own.

A unit (sentence, or line of a form, table or list) is scored by what is known without any training on labels: how much of
the question's rare words it holds, how near it is in meaning, what stands around it, and whether it offers a thing of the
kind asked for (a time for "when", a number for "how many", a name for "who"). docs/decisions/0013-quoting.md.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stc.chat import abstaining
from stc.chat.offering import Kind, kind, offers
from stc.chat.sentences import split
from stc.chat.terms import places, terms
from stc.models import tokens
from stc.words import Part

Embed = Callable[[Sequence[str]], NDArray[np.float32]]

_MOST_EMBEDDED = 32
"""Units whose vectors are made for one question; of more, those with most of its words are taken."""
_LEAD_TOKENS = 40
_QUOTE_TOKENS = 64
_FEWEST_TOKENS = 12
_MARK_TOKENS = 4
"""Room for the mark that the page puts behind the lead."""

_WEIGHTS = {
    "held": 1.0,  # share of the question's terms, weighted by rarity, in the unit
    "meaning": 0.55,  # cosine of question and unit
    "part_meaning": 0.8,  # the best such cosine in the same part
    "part_held": 0.15,  # share of the terms elsewhere in the part
    "before_held": 0.4,  # share of the terms in the unit before, as far as they are not here
    "order": 0.12,  # share of the question's neighbouring terms that are neighbours here
    "label": 0.5,  # how well a "label:" of the unit fits the question
    "empty_label": -0.9,  # the label that fits best has nothing behind it
    "implied": 0.1,  # holds a noun that the question word stands for ("where": location)
    "offered": 0.12,  # offers a thing of the kind asked for
    "not_offered": -0.16,
}
_FAR_BELOW = 0.9
"""A quote that scores this much less than the lead is left out: it would only be noise."""
_CONFIDENT = 1.25


@dataclass(frozen=True, slots=True)
class Quote:
    """Characters ``start:end`` of the text of the part with this label."""

    label: int
    kind: Literal["chunk", "note"]
    id: str
    document_id: str
    page_start: int
    page_end: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """``text`` is the lead, out of the first quote; ``quotes`` come best first. Abstaining leaves both empty.

    ``confidence`` is comparable between questions; below ``_CONFIDENT`` the reader abstains. ``doubt`` says in words what
    else it abstained for.
    """

    text: str
    quotes: tuple[Quote, ...]
    abstained: bool
    confidence: float
    doubt: str = ""


@dataclass(slots=True)
class _Unit:
    part: int
    start: int
    end: int
    line: bool
    text: str
    terms: tuple[str, ...]
    score: float = 0.0
    signals: dict[str, float] = field(default_factory=dict)
    before: _Unit | None = field(default=None, repr=False)


def read(
    question: str,
    parts: Sequence[Part],
    *,
    embed: Embed,
    max_tokens: int = 128,
    about: str = "",
) -> Reading:
    """Return what the parts say to the question in at most ``max_tokens`` cl100k_base tokens, lead and quotes together.

    ``embed`` turns texts into unit vectors of shape (n, dimension). ``about``: what is known of the parts besides, such as
    the names of their documents.
    """
    asked = _Asked.of(question)
    units = _units(parts)
    if not units or not asked.terms:
        return Reading("", (), True, 0.0)
    asked.weigh(units)
    ranked = _rank(asked, units, embed)
    confidence = _confidence(asked, ranked)
    if confidence < _CONFIDENT:
        return Reading("", (), True, confidence)
    best = ranked[0]
    read_all = "\n".join([about, *(part.text for part in parts)])
    if doubt := abstaining.doubt(question, best.text, parts[best.part].text, read_all):
        return Reading("", (), True, confidence, doubt)
    lead = _lead(asked, ranked[0], min(_LEAD_TOKENS, max_tokens // 3))
    left = max_tokens - tokens.count(lead) - _MARK_TOKENS
    quotes: list[Quote] = []
    seen: set[str] = set()
    for unit in ranked:
        if ranked[0].score - unit.score > _FAR_BELOW:
            break
        start, end = _trim(asked, unit.text, min(_QUOTE_TOKENS, left - 1))
        text = unit.text[start:end]
        if not text or text in seen or (quotes and end < len(unit.text) and not _CLAUSE.match(unit.text, end)):
            continue  # nothing new, or what room is left breaks off in the middle of a clause
        size = tokens.count(text) + 1  # and the line break between two quotes, for who counts them joined
        seen.add(text)
        part = parts[unit.part]
        quotes.append(
            Quote(
                part.label,
                part.kind,
                part.id,
                part.document_id,
                part.page_start,
                part.page_end,
                unit.start + start,
                unit.start + end,
                text,
            )
        )
        left -= size
        if left < _FEWEST_TOKENS:
            break
    if not quotes:
        return Reading("", (), True, confidence)
    return Reading(lead, tuple(quotes), False, confidence)


# What is asked


_ASKING = re.compile(r"\b(?:how (\w+)|where|when|who)\b")
_IMPLIED = {
    "where": "location place site address",
    "when": "date time",
    "who": "name",
    "old": "age aged",
    "long": "length duration",
    "wide": "width",
    "deep": "depth",
    "high": "height altitude elevation",
    "tall": "height",
    "far": "distance",
    "fast": "speed",
    "heavy": "weight",
    "large": "size area",
    "big": "size",
    "hot": "temperature",
    "cold": "temperature",
    "often": "frequency",
    "strong": "strength",
}
"""Nouns that a form or table has for what a question asks with "where", "how old" and the like."""
_FEWEST_ALIKE = 5
_LABEL_WORDS = 5
_COLON = re.compile(r":(?=\s|$)")


@dataclass(slots=True)
class _Asked:
    """A question: its terms in order, the kind of thing it asks for, and how much each term tells."""

    question: str
    terms: tuple[str, ...]
    names: frozenset[str]
    kind: Kind
    implied: frozenset[str]
    rarity: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, question: str) -> _Asked:
        found = places(question)
        names = {
            term for term, start, _ in found if question[start].isdigit() or (question[start].isupper() and start > 0)
        }
        asked = {found.group(1) or found.group() for found in _ASKING.finditer(question.lower())}
        implied = {term for word in asked & _IMPLIED.keys() for term in terms(_IMPLIED[word])}
        in_order = tuple(dict.fromkeys(term for term, _, _ in found))
        return cls(question, in_order, frozenset(names), kind(question), frozenset(implied))

    def alike(self, term: str) -> str:
        """Return the term of the question that this one is a form of ("departur", "depart"), else the term itself."""
        if term in self.terms or not term.isalpha() or len(term) < _FEWEST_ALIKE:
            return term
        for own in self.terms:
            near = len(own) >= _FEWEST_ALIKE and abs(len(own) - len(term)) <= 3 and own.isalpha()
            if near and (own.startswith(term) or term.startswith(own)):
                return own
        return term

    def weigh(self, units: Sequence[_Unit]) -> None:
        """Take the units' terms as the question has them, and weigh the question's terms by their rarity there."""
        forms = {term: self.alike(term) for unit in units for term in unit.terms}
        for unit in units:
            unit.terms = tuple(forms[term] for term in unit.terms)
        holding = Counter(term for unit in units for term in set(unit.terms))
        total = len(units)
        rarity = {term: math.log(1 + (total - holding[term] + 0.5) / (holding[term] + 0.5)) for term in self.terms}
        most = sum(rarity.values())
        self.rarity = {term: value / most for term, value in rarity.items()}

    def held(self, found: set[str] | frozenset[str]) -> float:
        """Return the share (0 to 1) of the question's terms, weighted by rarity, that are among those found."""
        return sum(self.rarity[term] for term in self.terms if term in found)


# Ranking


def _units(parts: Sequence[Part]) -> list[_Unit]:
    units: list[_Unit] = []
    for number, part in enumerate(parts):
        before = None
        for unit in split(part.text):
            text = part.text[unit.start : unit.end]
            before = _Unit(number, unit.start, unit.end, unit.line, text, tuple(terms(text)), before=before)
            units.append(before)
    return units


def _rank(asked: _Asked, units: list[_Unit], embed: Embed) -> list[_Unit]:
    """Return the units scored, best first."""
    _see_words(asked, units)
    units = sorted(units, key=_score, reverse=True)[:_MOST_EMBEDDED]
    vectors = embed([asked.question, *(unit.text for unit in units)])
    best: dict[int, float] = {}
    for unit, cosine in zip(units, vectors[1:] @ vectors[0], strict=True):
        unit.signals["meaning"] = float(cosine)
        best[unit.part] = max(best.get(unit.part, -1.0), float(cosine))
    for unit in units:
        unit.signals["part_meaning"] = best[unit.part]
        unit.score = _score(unit)
    return sorted(units, key=lambda unit: (-unit.score, unit.part, unit.start))


def _score(unit: _Unit) -> float:
    return sum(_WEIGHTS[name] * value for name, value in unit.signals.items())


def _see_words(asked: _Asked, units: Sequence[_Unit]) -> None:
    """Fill in the signals that need no vectors."""
    in_part: dict[int, set[str]] = {}
    for unit in units:
        in_part.setdefault(unit.part, set()).update(unit.terms)
    pairs = set(pairwise(asked.terms))
    for unit in units:
        found = set(unit.terms)
        held = asked.held(found)
        before = asked.held(set(unit.before.terms)) if unit.before else 0.0
        label, value = _best_label(asked, unit.text) if ":" in unit.text else (0.0, "")
        offered = offers(asked.question, unit.text)
        unit.signals = {
            "held": held,
            "part_held": asked.held(in_part[unit.part]) - held,
            "before_held": before * (1 - held),
            "order": len(pairs & set(pairwise(unit.terms))) / max(1, len(pairs)),
            "label": label,
            "empty_label": float(label > 0 and not value),
            "implied": float(bool(asked.implied & found)),
            "offered": float(asked.kind != "any" and offered),
            "not_offered": float(asked.kind != "any" and not offered),
        }


def _best_label(asked: _Asked, text: str) -> tuple[float, str]:
    """Return how well (0 to 1) the best "label:" of a text fits the question, and what stands behind it.

    Where a label begins is not marked ("1422 CST Type of Airspace:"): of its last words the run that fits best counts.
    """
    best, value = 0.0, ""
    colons = [found.start() for found in _COLON.finditer(text)]
    for number, colon in enumerate(colons):
        begin = colons[number - 1] + 1 if number else 0
        words = [asked.alike(term) for term in terms(text[begin:colon])]
        for length in range(1, min(_LABEL_WORDS, len(words)) + 1):
            run = set(words[-length:])
            fit = asked.held(run) * len(run & asked.rarity.keys()) / length
            if run & asked.implied:
                fit = max(fit, 1 / length)
            if fit > best:
                end = colons[number + 1] if number + 1 < len(colons) else len(text)
                best, value = fit, text[colon + 1 : end].strip()
    return best, value


# Abstaining


def _confidence(asked: _Asked, ranked: Sequence[_Unit]) -> float:
    """Return how much speaks for an answer: the lead's score, the best meaning, and the question's names being there."""
    lead = ranked[0]
    nearby = {term for unit in ranked if unit.part == lead.part for term in unit.terms}
    named = len(asked.names & nearby) / len(asked.names) if asked.names else 1.0
    return lead.score + 0.6 * max(unit.signals["meaning"] for unit in ranked) + 0.35 * (named - 1)


# Wording


_SPACE = re.compile(r"\s+")
_CLAUSE = re.compile(r"(?<=[,;:—–])\s+|\s+(?=\(|(?:and|but|which|who|where|when|because|while|although|that)\s)")


def _lead(asked: _Asked, unit: _Unit, limit: int) -> str:
    """Return the words to answer with: of a form's line from the label on, of a long sentence the clauses that count."""
    begin = _label_start(asked, unit.text) if unit.line else 0
    start, end = _trim(asked, unit.text[begin:], limit)
    text = " ".join(unit.text[begin + start : begin + end].split())
    return ("… " if begin + start and not unit.line else "") + text + (" …" if begin + end < len(unit.text) else "")


def _label_start(asked: _Asked, text: str) -> int:
    """Return where the label that holds most of the question begins: at the first of its words that was asked for."""
    best, place = 0.0, 0
    colons = [found.start() for found in _COLON.finditer(text)]
    for number, colon in enumerate(colons):
        begin = colons[number - 1] + 1 if number else 0
        label = [(asked.alike(term), begin + start) for term, start, _ in places(text[begin:colon])][-_LABEL_WORDS:]
        held = asked.held({term for term, _ in label})
        if held > best and text[colon + 1 :].strip():
            best, place = held, next(start for term, start in label if term in asked.rarity)
            if number == 0:
                place = 0
    return place


def _trim(asked: _Asked, text: str, limit: int) -> tuple[int, int]:
    """Return (start, end) of the run of clauses, within ``limit`` tokens, that says most to the question."""
    if tokens.count(text) <= limit:
        return 0, len(text)
    borders = [0, *(found.end() for found in _CLAUSE.finditer(text)), len(text)]
    clauses = [(a, b) for a, b in pairwise(borders) if text[a:b].strip()]
    worth = [
        asked.held(set(terms(text[a:b])))
        + (0.3 if asked.kind != "any" and offers(asked.question, " " + text[a:b]) else 0.0)
        for a, b in clauses
    ]
    first = last = max(range(len(clauses)), key=lambda i: worth[i])
    while True:
        grown = [(worth[i], i) for i in (first - 1, last + 1) if 0 <= i < len(clauses)]
        for _, i in sorted(grown, reverse=True):
            a, b = clauses[min(i, first)][0], clauses[max(i, last)][1]
            if tokens.count(text[a:b].strip()) <= limit:
                first, last = min(i, first), max(i, last)
                break
        else:
            break
    start, end = clauses[first][0], clauses[last][1]
    piece = tokens.cut(text[start:end].rstrip(), limit)
    if start + len(piece) < end and not text[start + len(piece)].isspace():
        piece = piece[: max((found.start() for found in _SPACE.finditer(piece)), default=len(piece))]
    return start, start + len(piece.rstrip())
