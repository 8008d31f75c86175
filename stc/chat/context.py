"""Pack what was found into the text that is read for an answer: pure, and never over budget.

Notes come whole. Passages come sentence by sentence: those of a good passage that share words with the question, or hold a
thing of the kind asked for, before the rest, so that a small budget is not spent on one passage's chatter
(docs/decisions/0023-packing-sentences.md). Nothing comes twice: a quote that stands in a packed passage leaves its note, a
sentence that stands in a packed note is not taken from its passage, and passages that follow on one another become one part
(docs/decisions/0033-one-part-per-text.md).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

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

_LONGEST_PART_TOKENS = 800
_LONGEST_PART_PAGES = 3
"""Passages that follow on one another become one part up to here: a reader who is told "[2] pp. 4-6" can look there, one who is
told "pp. 1-40" can't. Four passages of usual length, which may begin on one page and end on the next but one."""

_PASSAGES = 12
"""So many passages are drawn on at least; more where they hold less than twice the budget."""

_WEIGHTS = {"passage": 1.0, "words": 0.7, "beside": 0.1, "kind": 0.25}
"""What a sentence is worth: its passage's score against the best one's, the rarity-weighted share of the question's words
that it holds, the share that only the sentences beside it hold, and whether it offers a thing of the kind asked for."""
_USUAL_TOKENS = 32
_LONG = 0.05
"""Taken off a longer sentence for each e-fold."""
_SHORTEST_TOKENS = 4
_SHORTEST_TWICE = 4
"""Words of a sentence that must not come a second time; "Yes." and "Total:" stand everywhere."""
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
    ordinals: Mapping[str, int] | None = None,
    shortened: Callable[[Hit, str], str] | None = None,
) -> Context:
    """Return the best of the hits that fits ``budget`` tokens, labelled, ordered by document and page.

    Hits come best first, notes before passages. Where all of them fit, all are there whole. The first note that does not
    fit is shortened to its piece nearest to the question. The best passages come whole as far as half of the budget goes;
    of the others the best sentences are taken, and sentences left out between two of them leave a blank line. ``names``
    maps document ids to names; they are shown where there are several. ``ordinals`` says where in its document a passage
    stands: those that follow on one another are one part. ``shortened`` returns a note without what it quotes of a text,
    "" where nothing of its own is left.
    """
    several = len({hit.document_id for hit in hits}) > 1
    distinct = list({hit.text: hit for hit in reversed(hits)}.values())[::-1]
    frame = _Frame(names, several, reasons, route, ordinals or {})
    shortened = shortened or _as_it_is
    passages = [hit for hit in distinct if hit.kind == "chunk"]
    noted = [hit for hit in distinct if hit.kind == "note"]
    whole = _own([(hit, hit.text) for hit in noted], [hit.text for hit in passages], shortened)
    whole += [(hit, hit.text) for hit in passages]
    if sum(hit.tokens if text is hit.text else tokens.count(text) for hit, text in whole) <= budget:
        everything = frame.context(whole)
        if everything.tokens <= budget:
            return everything
    notes = _fitting_notes(noted, question, budget, frame)
    filling = _Filling(passages, question, budget, frame)
    while filling.fill(_own(notes, filling.texts(), shortened)):
        pass  # what a note no longer quotes makes room
    while True:
        # What a note no longer quotes stands in a passage; one that is taken out again gives it back.
        kept = _own(notes, filling.texts(), shortened)
        context = frame.context([*kept, *filling.pieces()])
        if context.tokens <= budget or not (filling.chosen or notes):
            return context
        # Pieces counted apart may come to a token or two less than the whole.
        (filling.chosen or notes).pop()


def _own(
    notes: Sequence[tuple[Hit, str]], texts: Sequence[str], shortened: Callable[[Hit, str], str]
) -> list[tuple[Hit, str]]:
    """Return the notes without what they quote of the texts or of a note before them; without those left empty."""
    there = "\n\n".join(texts)
    kept = []
    for hit, text in notes:
        if text == hit.text:
            own = shortened(hit, there)
        else:  # a piece of a note
            own = "" if plain(text) in plain(there) else text
        if own:
            kept.append((hit, own))
            there = f"{there}\n\n{own}"
    return kept


class _Frame:
    """How parts are labelled and put together."""

    def __init__(
        self,
        names: Mapping[str, str],
        several: bool,
        reasons: tuple[str, ...],
        route: Route,
        ordinals: Mapping[str, int],
    ) -> None:
        self._names = names
        self._several = several
        self._reasons = reasons
        self._route = route
        self._ordinals = ordinals

    def header(self, part: Part) -> str:
        return self._header(part.label, part.document_id, part.page_start, part.page_end)

    def header_tokens(self, hit: Hit) -> int:
        return tokens.count(self._header(10, hit.document_id, hit.page_start, hit.page_end) + "\n\n\n")

    def _header(self, label: int, document_id: str, page_start: int, page_end: int) -> str:
        pages = f"p. {page_start}" if page_start == page_end else f"pp. {page_start}-{page_end}"
        return f"[{label}] {self._names[document_id]}, {pages}" if self._several else f"[{label}] {pages}"

    def follows(self, hit: Hit, other: Hit) -> bool:
        """Tell whether a passage is the one after another, with nothing of the document between them."""
        if hit.document_id != other.document_id or not {hit.id, other.id} <= self._ordinals.keys():
            return False
        if hit.page_start > other.page_end + 1:
            return False  # both were cut to the pages in scope
        return self._ordinals[hit.id] == self._ordinals[other.id] + 1

    def fits_behind(self, first: Hit, last: Hit, size: int, more: int) -> bool:
        """Tell whether a passage of ``more`` tokens may be of one part with those from ``first`` on, of ``size`` tokens."""
        pages = max(first.page_end, last.page_end) - first.page_start + 1
        return size + more <= _LONGEST_PART_TOKENS and pages <= _LONGEST_PART_PAGES

    def context(self, pieces: Sequence[tuple[Hit, str]]) -> Context:
        parts = tuple(
            Part(label, hit.kind, hit.id, hit.document_id, hit.page_start, hit.page_end, text, tokens.count(text))
            for label, (hit, text) in enumerate(self._joined(pieces), start=1)
        )
        text = "\n\n".join(f"{self.header(part)}\n{part.text}" for part in parts)
        return Context(self._route if parts else "none", parts, text, tokens.count(text), self._reasons)

    def _joined(self, pieces: Sequence[tuple[Hit, str]]) -> list[tuple[Hit, str]]:
        """Return the pieces in the order of the text, those of passages that follow on one another as one, if not too long."""
        joined: list[tuple[Hit, str]] = []
        before: tuple[Hit, str] | None = None
        size = 0
        for hit, text in sorted(pieces, key=self._place):
            more = tokens.count(text)
            if before is not None and self.follows(hit, before[0]) and self.fits_behind(joined[-1][0], hit, size, more):
                first, so_far = joined[-1]
                pages = max(first.page_end, hit.page_end)
                joined[-1] = replace(first, page_end=pages), f"{so_far}{_between(before, (hit, text))}{text}"
            else:
                joined.append((hit, text))
                size = 0
            before = (hit, text)
            size += more
        return joined

    def _place(self, piece: tuple[Hit, str]) -> tuple[str, int, bool, int, int]:
        hit = piece[0]
        return hit.document_id, hit.page_start, hit.kind == "chunk", self._ordinals.get(hit.id, 0), hit.page_end


def _between(above: tuple[Hit, str], below: tuple[Hit, str]) -> str:
    """Return what stands between the pieces of two passages that follow on one another: a blank line where text is left out."""
    to_its_end = above[0].text.rstrip().endswith(above[1].rpartition("\n\n")[2].rstrip())
    from_its_start = below[0].text.lstrip().startswith(below[1].partition("\n\n")[0].lstrip())
    return "\n" if to_its_end and from_its_start else "\n\n"


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


class _Filling:
    """Chooses what of the passages is read. ``chosen`` holds (passage, sentence) positions, the best first."""

    def __init__(self, passages: Sequence[Hit], question: str, budget: int, frame: _Frame) -> None:
        drawn = 0
        held = 0
        for hit in passages:
            if drawn >= _PASSAGES and held >= 2 * budget:
                break
            drawn, held = drawn + 1, held + hit.tokens
        self._passages = passages[:drawn]
        self._ranked = list(_ranked(self._passages, question, passages))
        self._budget = budget
        self._frame = frame
        self.chosen: list[tuple[int, int]] = []

    def fill(self, notes: Sequence[tuple[Hit, str]]) -> bool:
        """Choose more, as far as the budget goes beside the notes; return whether there was more."""
        before = len(self.chosen)
        budget = self._budget - sum(tokens.count(text) + self._frame.header_tokens(hit) for hit, text in notes)
        if not before:
            self._take_whole_passages(budget)
        self._take_sentences(budget, plain("\n\n".join(text for _, text in notes)))
        return len(self.chosen) > before

    def pieces(self) -> list[tuple[Hit, str]]:
        return _texts(self._passages, self.chosen)

    def texts(self) -> list[str]:
        return [text for _, text in self.pieces()]

    def _take_whole_passages(self, budget: int) -> None:
        used = 0
        opened: set[int] = set()
        for passage, hit in enumerate(self._passages):
            used += hit.tokens + self._opening(passage, opened)
            if used > _WHOLE * budget:
                break
            opened.add(passage)
            self.chosen += [(passage, sentence) for sentence in range(len(sentences.read(hit.text)))]

    def _take_sentences(self, budget: int, noted: str) -> None:
        """Take the best sentences that are not there yet, neither in a passage nor in the notes, whose text is ``noted``."""
        seen = {self._sentence(place) for place in self.chosen}
        opened = {passage for passage, _ in self.chosen}
        used = self._frame.context(self.pieces()).tokens
        for place in self._ranked:
            text = self._sentence(place)
            if text in seen:
                continue  # passages overlap
            if len(text.split()) >= _SHORTEST_TWICE and plain(text) in noted:
                continue
            cost = tokens.count(text) + 1 + self._opening(place[0], opened)
            if used + cost > budget:
                if used > 0.9 * budget:
                    break
                continue
            used += cost
            seen.add(text)
            opened.add(place[0])
            self.chosen.append(place)

    def _sentence(self, place: tuple[int, int]) -> str:
        return sentences.read(self._passages[place[0]].text)[place[1]].text

    def _opening(self, passage: int, opened: set[int]) -> int:
        """Return the tokens of the part that a sentence begins: none where its passage, or one that it joins, has one."""
        if passage in opened:
            return 0
        run = self._run(passage, opened)
        hits = sorted((self._passages[other] for other in run), key=lambda hit: (hit.page_start, hit.page_end))
        size = sum(hit.tokens for hit in hits)
        if len(run) > 1 and self._frame.fits_behind(hits[0], hits[-1], size, 0):
            return 0
        return self._frame.header_tokens(self._passages[passage])

    def _run(self, passage: int, opened: set[int]) -> set[int]:
        """Return a passage with the opened ones that stand with it, one behind the other."""
        run, new = {passage}, {passage}
        while new:
            new = {
                other
                for other in opened - run
                for near in new
                if self._frame.follows(self._passages[near], self._passages[other])
                or self._frame.follows(self._passages[other], self._passages[near])
            }
            run |= new
        return run


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
    return dict(_rarities(tuple(hit.text for hit in hits)))


@lru_cache(maxsize=64)
def _rarities(texts: tuple[str, ...]) -> dict[str, float]:
    seen = Counter(term for text in texts for term in frozenset().union(*(unit.held for unit in sentences.read(text))))
    return {term: math.log(1 + len(texts) / count) for term, count in seen.items()}


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


def plain(text: str) -> str:
    return " ".join(text.split())


def _as_it_is(hit: Hit, there: str) -> str:
    return hit.text
