"""Pack what was found into the text that is read for an answer: pure, and never over budget.

Notes come whole. Passages come sentence by sentence: those of a good passage that share words with the question, or hold a
thing of the kind asked for, before the rest, so that a small budget is not spent on one passage's chatter
(docs/decisions/0023-packing-sentences.md).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from stc.chat import sentences
from stc.chat.offering import offers
from stc.chat.terms import terms
from stc.models import tokens
from stc.words import Context, Hit, Part, Route

CONTEXT_TOKENS: dict[str, dict[Route, int]] = {
    "low": {"notes": 200, "notes+chunks": 500, "chunks": 500},
    "medium": {"notes": 400, "notes+chunks": 1000, "chunks": 1000},
    "high": {"notes": 800, "notes+chunks": 3000, "chunks": 3000},
}
"""Tokens of context by effort and route. Notes get less: they are what was distilled."""

_FEWEST_WORDS = 4
"""A piece of fewer is a heading that its text was cut from."""

_WHOLE = 0.5
"""Share of the budget that whole passages may take, the best first, before single sentences fill the rest: whoever reads
them needs what stands around a sentence, too."""

_PASSAGES = 12
"""So many passages are drawn on at least; more where they hold less than twice the budget."""

_WEIGHTS = {"passage": 1.0, "words": 0.7, "beside": 0.1, "kind": 0.25}
"""What a sentence is worth: its passage's score against the best one's, the rarity-weighted share of the question's words
that it holds, the share that only the sentences beside it hold, and whether it offers a thing of the kind asked for."""
_USUAL_TOKENS = 32
_LONG = 0.05
"""Taken off a longer sentence for each e-fold."""
_SHORTEST_TOKENS = 4
_SHORT = 0.3
"""Taken off a shorter one."""


def pack(
    hits: Sequence[Hit],
    names: Mapping[str, str],
    *,
    question: str,
    route: Route,
    budget: int,
    reasons: tuple[str, ...] = (),
) -> Context:
    """Return the best of the hits that fits ``budget`` tokens, labelled, ordered by document and page.

    Hits come best first, notes before passages. Where all of them fit, all are there whole. The first note that does not
    fit is shortened to its piece nearest to the question. The best passages come whole as far as half of the budget goes;
    of the others the best sentences are taken, and sentences left out between two of them leave a blank line. ``names``
    maps document ids to names; they are shown where there are several.
    """
    several = len({hit.document_id for hit in hits}) > 1
    distinct = list({hit.text: hit for hit in reversed(hits)}.values())[::-1]
    frame = _Frame(names, several, reasons, route)
    if sum(hit.tokens for hit in distinct) <= budget:
        whole = frame.context([(hit, hit.text) for hit in distinct])
        if whole.tokens <= budget:
            return whole
    notes = _fitting_notes([hit for hit in distinct if hit.kind == "note"], question, budget, frame)
    used = sum(tokens.count(text) + frame.header_tokens(hit) for hit, text in notes)
    passages = [hit for hit in distinct if hit.kind == "chunk"]
    chosen = _fitting_sentences(passages, question, budget - used, frame)
    while True:
        context = frame.context([*notes, *_texts(passages, chosen)])
        if context.tokens <= budget or not (chosen or notes):
            return context
        # Pieces counted apart may come to a token or two less than the whole.
        (chosen or notes).pop()


class _Frame:
    """How parts are labelled and put together."""

    def __init__(self, names: Mapping[str, str], several: bool, reasons: tuple[str, ...], route: Route) -> None:
        self._names = names
        self._several = several
        self._reasons = reasons
        self._route = route

    def header(self, label: int, hit: Hit) -> str:
        pages = f"p. {hit.page_start}" if hit.page_start == hit.page_end else f"pp. {hit.page_start}-{hit.page_end}"
        return f"[{label}] {self._names[hit.document_id]}, {pages}" if self._several else f"[{label}] {pages}"

    def header_tokens(self, hit: Hit) -> int:
        return tokens.count(self.header(10, hit) + "\n\n\n")

    def context(self, pieces: Sequence[tuple[Hit, str]]) -> Context:
        ordered = sorted(
            pieces, key=lambda one: (one[0].document_id, one[0].page_start, one[0].page_end, one[0].kind == "chunk")
        )
        parts = tuple(
            Part(label, hit.kind, hit.id, hit.document_id, hit.page_start, hit.page_end, text, tokens.count(text))
            for label, (hit, text) in enumerate(ordered, start=1)
        )
        text = "\n\n".join(f"{self.header(label, hit)}\n{text}" for label, (hit, text) in enumerate(ordered, start=1))
        return Context(self._route if parts else "none", parts, text, tokens.count(text), self._reasons)


def _fitting_notes(notes: Sequence[Hit], question: str, budget: int, frame: _Frame) -> list[tuple[Hit, str]]:
    fitting: list[tuple[Hit, str]] = []
    used = 0
    for hit in notes:
        header = frame.header_tokens(hit)
        if used + header + hit.tokens > budget:
            piece = best_piece(hit.text, question, budget - used - header)
            if len(piece.split()) >= _FEWEST_WORDS:
                fitting.append((hit, piece))
            break
        fitting.append((hit, hit.text))
        used += header + hit.tokens
    return fitting


def _fitting_sentences(passages: Sequence[Hit], question: str, budget: int, frame: _Frame) -> list[tuple[int, int]]:
    """Return (passage, sentence) positions that fit the budget, the best first."""
    drawn = 0
    held = 0
    for hit in passages:
        if drawn >= _PASSAGES and held >= 2 * budget:
            break
        drawn, held = drawn + 1, held + hit.tokens
    chosen: list[tuple[int, int]] = []
    opened: set[int] = set()
    seen: set[str] = set()
    used = 0
    for passage, hit in enumerate(passages[:drawn]):
        cost = hit.tokens + frame.header_tokens(hit)
        if used + cost > _WHOLE * budget:
            break
        used += cost
        opened.add(passage)
        chosen += [(passage, sentence) for sentence in range(len(sentences.read(hit.text)))]
        seen.update(unit.text for unit in sentences.read(hit.text))
    for passage, sentence in _ranked(passages[:drawn], question, passages):
        hit = passages[passage]
        text = sentences.read(hit.text)[sentence].text
        if text in seen:
            continue  # passages overlap
        cost = tokens.count(text) + 1 + (0 if passage in opened else frame.header_tokens(hit))
        if used + cost > budget:
            if used > 0.9 * budget:
                break
            continue
        used += cost
        seen.add(text)
        opened.add(passage)
        chosen.append((passage, sentence))
    return chosen


def _ranked(drawn: Sequence[Hit], question: str, found: Sequence[Hit]) -> Iterable[tuple[int, int]]:
    """Return the positions of all sentences of the passages drawn on, by their worth for the question."""
    rarity = rarities(found)
    rarest = max(rarity.values(), default=1.0)
    asked = {term: rarity.get(term, rarest) for term in terms(question)}
    total = sum(asked.values()) or 1.0
    best = max((hit.score for hit in drawn), default=0.0) or 1.0

    def share(there: frozenset[str]) -> float:
        return sum(weight for term, weight in asked.items() if term in there) / total

    worth: list[tuple[float, int, int]] = []
    for passage, hit in enumerate(drawn):
        units = sentences.read(hit.text)
        held = [unit.held for unit in units]
        for sentence, unit in enumerate(units):
            near = frozenset().union(*held[max(0, sentence - 1) : sentence + 2])
            value = (
                _WEIGHTS["passage"] * hit.score / best
                + _WEIGHTS["words"] * share(held[sentence])
                + _WEIGHTS["beside"] * share(near - held[sentence])
                + _WEIGHTS["kind"] * offers(question, unit.text)
            )
            size = tokens.count(unit.text)
            if size < _SHORTEST_TOKENS:
                value -= _SHORT
            elif size > _USUAL_TOKENS:
                value -= _LONG * math.log(size / _USUAL_TOKENS)
            worth.append((value, passage, sentence))
    worth.sort(key=lambda entry: (-entry[0], entry[1], entry[2]))
    return [(passage, sentence) for _, passage, sentence in worth]


def _texts(passages: Sequence[Hit], chosen: Iterable[tuple[int, int]]) -> list[tuple[Hit, str]]:
    """Return each passage with its chosen sentences as they stand in it, a blank line where some are left out."""
    by_passage: dict[int, list[int]] = {}
    for passage, sentence in chosen:
        by_passage.setdefault(passage, []).append(sentence)
    found = []
    for passage, positions in by_passage.items():
        text = passages[passage].text
        units = sentences.read(text)
        runs: list[list[int]] = []
        for position in sorted(positions):
            if runs and runs[-1][1] == position - 1:
                runs[-1][1] = position
            else:
                runs.append([position, position])
        found.append((passages[passage], "\n\n".join(text[units[a].start : units[b].end] for a, b in runs)))
    return found


def rarities(hits: Sequence[Hit]) -> dict[str, float]:
    """Return the inverse document frequency of each telling word among what was found."""
    seen = Counter(term for hit in hits for term in {each for unit in sentences.read(hit.text) for each in unit.held})
    return {term: math.log(1 + len(hits) / count) for term, count in seen.items()}


def best_piece(text: str, question: str, limit: int) -> str:
    """Return the run of whole sentences or lines, verbatim, that shares most words with the question, within ``limit`` tokens.

    "" when not even one fits.
    """
    units = sentences.read(text)
    if limit <= 0 or not units:
        return ""
    wanted = set(terms(question))
    shares = [len(wanted & unit.held) for unit in units]
    for centre in sorted(range(len(units)), key=lambda i: (-shares[i], i)):
        first = last = centre
        if tokens.count(text[units[first].start : units[last].end]) > limit:
            continue
        while True:
            grown = [(first - 1, last)] * (first > 0) + [(first, last + 1)] * (last + 1 < len(units))
            fitting = [(a, b) for a, b in reversed(grown) if tokens.count(text[units[a].start : units[b].end]) <= limit]
            if not fitting:
                return text[units[first].start : units[last].end]
            first, last = fitting[0]
    return ""
