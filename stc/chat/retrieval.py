"""Find the passages and prepared notes that are nearest to a question.

Words (full text) and meaning (vectors) propose candidates; the most promising are then scored by both, and by how much
of the question their best sentence holds. The parts of the score are shares of what the question could reach at most, not
standardised over the candidates, so that scores can be compared between questions (docs/decisions/0012-fusing-by-share.md).
"""

from __future__ import annotations

import dataclasses
import math
import threading
from array import array
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stc.chat import sentences
from stc.chat.scope import Pages
from stc.chat.sentences import Read
from stc.chat.terms import beginning, places, terms
from stc.errors import UserError
from stc.models import tokens
from stc.services import Services
from stc.storage import documents as document_rows
from stc.storage import lexical
from stc.storage import notes as note_rows
from stc.words import Chunk, Hit

if TYPE_CHECKING:
    from sqlalchemy import Connection

Vector = NDArray[np.float32]
Places = NDArray[np.int64]

_WEIGHTS = {"words": 1.0, "meaning": 0.8, "sentence": 0.5, "order": 0.4, "document": 0.3}
_LIKE_TEXT = 0.85
"""A question that belongs to a passage counts so much of one of its sentences."""
_K1, _B = 1.2, 0.75
"""BM25's usual constants."""
_NEAR = 40
"""So many candidates are proposed by meaning, and more by words, for those cost little."""
_WORDED = 200
_SCORED = 32
"""So many candidates, the most promising by words and meaning, are scored in full; twice as many as wanted at least."""
_LIKELY_DOCUMENTS = 3
"""So many documents that hold most of the question's telling words are searched once more by themselves: a passage of the
right document need not repeat its name."""
_TOLD_BY_DOCUMENT = 0.5
"""Part of its weight that a word loses within passages where it tells the document."""
_COMMON = 3000
"""A word that more passages hold tells no document from another."""
_MOST_PLACES = 5_000
"""Of a word that stands in more passages only so many places are read (0.7 µs each); rarer words propose candidates."""
_MOST_NAMED_DOCUMENTS = 200
"""A longer list of documents is not put into the searches: their results are sifted instead."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    kind: str
    id: str
    document_id: str
    page_start: int
    page_end: int
    heading: str
    text: str
    asked: str
    tokens: int


def retrieve(
    services: Services,
    question: str,
    *,
    document_ids: Sequence[str] | None = None,
    pages: Pages | None = None,
    kind: str = "all",
    limit: int = 10,
) -> list[Hit]:
    """Return up to ``limit`` hits, best first. ``kind`` is "chunk", "note" or "all". See ``retrieve_each``."""
    kinds = ("chunk", "note") if kind == "all" else (kind,)
    limits = dict.fromkeys(kinds, limit)
    each = retrieve_each(services, question, document_ids=document_ids, limits=limits, pages=pages)
    return sorted((hit for found in each.values() for hit in found), key=_best_first)[:limit]


def retrieve_each(
    services: Services,
    question: str,
    *,
    document_ids: Sequence[str] | None,
    limits: Mapping[str, int],
    pages: Pages | None = None,
) -> dict[str, list[Hit]]:
    """Return the best hits of each kind ("chunk", "note"), up to its limit, among the owner's documents that are ready.

    ``document_ids`` ``None`` searches all documents. Only verified notes are found. ``pages`` (with one document) leaves
    the passages that lie on them, cut where they leave them, and the notes whose whole evidence does.
    ``score`` lies between about 0 (nothing in common) and 1; ``signals`` holds its parts before weighting, each 0 to 1:
    ``words`` (BM25), ``meaning`` (cosine), ``sentence`` (rarity-weighted share of the question's words, in whatever form, in
    one sentence), ``order`` (neighbouring words of the question that are neighbours here) and, among several documents,
    ``document`` (share of the words that tell documents apart which this one holds anywhere). ``asked``, where a passage
    has it, is no part but how much of its score it owes to the questions of the notes that quote it. Raises ``UserError``
    for an unknown document.
    """
    with services.database.read() as connection:
        extents = document_rows.extents(connection, services.readable, document_ids)
        scope = _scope(extents, document_ids)
        if not scope or not any(limit > 0 for limit in limits.values()):
            return {kind: [] for kind in limits}
        within = _within(connection, sorted(scope)[0], pages) if pages else None
        library = _Library(
            sizes={each: extents[each][1] if within is None else len(within["chunk"].ids) for each in scope},
            numbers=lexical.numbers(connection, sorted(scope)),
            named=sorted(scope) if pages else _named(connection, scope),
            within=within,
        )
        words = _words(question)
        standing = {kind: _standing(connection, words, library, kind) for kind in {"chunk": 0, **limits}}
    asked = _weigh(question, standing["chunk"], library)
    vector = question_vector(services, question)
    found = {}
    for kind, limit in limits.items():
        candidates, cosines = _candidates(services, vector, asked, library, kind, standing[kind], limit, pages)
        hits = _score(candidates, cosines, asked)
        found[kind] = sorted(hits, key=_best_first)[: max(0, limit)]
    return found


def _best_first(hit: Hit) -> tuple[float, str, int, str]:
    return -hit.score, hit.document_id, hit.page_start, hit.id


def _scope(extents: dict[str, tuple[str, int]], document_ids: Sequence[str] | None) -> set[str]:
    """Return the documents to search: those asked for, as far as they are ready."""
    for document_id in document_ids or ():
        if document_id not in extents:
            raise UserError(f"There is no document {document_id}; it may have been deleted. Choose another one.")
    wanted = extents if document_ids is None else document_ids
    return {document_id for document_id in wanted if extents[document_id][0] == "ready"}


def _named(connection: Connection, scope: set[str]) -> list[str] | None:
    """Return the documents to name in the searches, ``None`` for all there are."""
    everything = document_rows.count_all(connection) == len(scope)
    return None if everything or len(scope) > _MOST_NAMED_DOCUMENTS else sorted(scope)


def _words(question: str) -> dict[str, str]:
    """Return the question's terms, each with a word that it was made of; its stop words where it has nothing else."""
    found = {term: question[start:end].lower() for term, start, end in places(question)}
    return found or {word: word for word in question.lower().split() if word.isalnum()}


@dataclass(frozen=True, slots=True)
class _Within:
    """The items of one kind that lie on the pages in scope, with their places, ascending."""

    ids: list[str]
    places: Places

    @property
    def between(self) -> tuple[int, int]:
        return (int(self.places[0]), int(self.places[-1])) if len(self.places) else (0, -1)


def _within(connection: Connection, document_id: str, pages: Pages) -> dict[str, _Within]:
    lying = document_rows.pages_of_chunks(connection, document_id)
    quoted = note_rows.pages_quoted(connection, document_id)
    ids = {
        "chunk": [chunk_id for chunk_id, (first, last) in lying.items() if pages.overlap(first, last)],
        "note": [note_id for note_id, numbers in quoted.items() if all(number in pages for number in numbers)],
    }
    return {
        kind: _Within(there, np.sort(np.array(list(lexical.places_of(connection, kind, there)), np.int64)))
        for kind, there in ids.items()
    }


@dataclass(frozen=True, slots=True)
class _Library:
    """The documents in scope: passages of each, their numbers in places, and the names for searches (see ``_named``).
    ``within``: what of each kind lies on the pages in scope, ``None`` for all pages."""

    sizes: dict[str, int]
    numbers: dict[str, int]
    named: list[str] | None
    within: dict[str, _Within] | None

    @property
    def passages(self) -> int:
        return sum(self.sizes.values())

    def sift(self, found: Places, kind: str) -> Places:
        """Return the places of a kind that lie in these documents, and on the pages in scope."""
        if not len(found):
            return found
        if self.within is not None:
            return found[np.isin(found, self.within[kind].places)]
        return found[np.isin(lexical.number_of(found), np.fromiter(self.numbers.values(), np.int64))]


@dataclass(frozen=True, slots=True)
class _Standing:
    """The places in scope where a word stands, ascending; ``whole`` unless there are more than were read. ``proposes``: those
    that make candidates, all of a rare word's."""

    places: Places
    whole: bool
    proposes: Places

    def number(self, library: _Library) -> int:
        """Return how many passages hold the word: where not all places were read, what those read let expect."""
        if self.whole or not len(self.places):
            return len(self.places)
        last = int(lexical.number_of(self.places[-1]))
        read = sum(library.sizes[document_id] for document_id, number in library.numbers.items() if number < last)
        return round(len(self.places) / max(read, len(self.places)) * library.passages)


def _standing(connection: Connection, words: dict[str, str], library: _Library, kind: str) -> dict[str, _Standing]:
    """Return where each term stands. Common words propose candidates only where the rare ones propose too few, and then
    those that hold them all."""

    def sifted(found: array[int]) -> Places:
        return library.sift(np.array(found, np.int64), kind)

    between = library.within[kind].between if library.within else None
    standing = partial(
        lexical.standing, connection, kind=kind, document_ids=library.named, most=_MOST_PLACES, between=between
    )
    found = standing(words.values())
    there = {term: sifted(found[word].places) for term, word in words.items()}
    rare = {term for term, word in words.items() if found[word].whole}
    proposed = _NONE
    if sum(len(there[term]) for term in rare) < _NEAR and len(rare) < len(words):
        common = [words[term] for term in words if term not in rare]
        proposed = sifted(standing([together := lexical.together(common)])[together].places)
        if not len(proposed):
            # The rarest of them is the one whose places reach farthest.
            proposed = max((there[term] for term in words if term not in rare), key=lambda found: int(found[-1:].sum()))
    return {term: _Standing(there[term], term in rare, there[term] if term in rare else proposed) for term in words}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a question's words weigh. ``rarity`` is the inverse document frequency of each term among the passages in
    scope; ``shares`` the share of the words that tell documents apart which each document holds anywhere, {} where there is
    one document only."""

    question: str
    rarity: dict[str, float]
    shares: dict[str, float]

    def likely(self) -> list[str]:
        """Return the few documents that stand out."""
        ranked = sorted(self.shares, key=lambda document_id: (-self.shares[document_id], document_id))
        return ranked[:_LIKELY_DOCUMENTS] if len(ranked) > _LIKELY_DOCUMENTS else []


def _weigh(question: str, standing: dict[str, _Standing], library: _Library) -> _Asked:
    held = {term: one.number(library) for term, one in standing.items()}
    most = library.passages
    rarity = {term: math.log(1 + (max(most, number) - number + 0.5) / (number + 0.5)) for term, number in held.items()}
    holders = {
        term: np.unique(lexical.number_of(standing[term].places))
        for term, number in held.items()
        if len(library.sizes) > 1 and 0 < number <= _COMMON and standing[term].whole
    }
    documents = len(library.sizes)
    weights = {term: math.log(1 + (documents - len(them) + 0.5) / (len(them) + 0.5)) for term, them in holders.items()}
    total = sum(weights.values())
    if not total:
        return _Asked(question, rarity, {})
    told = dict.fromkeys(library.numbers.values(), 0.0)
    for term, them in holders.items():
        for number in them.tolist():
            told[number] += weights[term]
    # A term that has told the document tells less within it.
    heaviest = max(weights.values())
    within = {
        term: weight * (1 - _TOLD_BY_DOCUMENT * weights.get(term, 0.0) / heaviest) for term, weight in rarity.items()
    }
    shares = {document_id: told.get(library.numbers.get(document_id, 0), 0.0) / total for document_id in library.sizes}
    return _Asked(question, within, shares)


_vectors: OrderedDict[tuple[str, str], Vector] = OrderedDict()
_vectors_lock = threading.Lock()


def question_vector(services: Services, question: str) -> Vector:
    """Embed the question; the last few are kept, for one question is searched for more than once."""
    key = (services.embedder.name, question)
    with _vectors_lock:
        known = _vectors.get(key)
    if known is None:
        known = services.embedder.encode([question])[0]
        with _vectors_lock:
            _vectors[key] = known
            while len(_vectors) > 32:
                _vectors.popitem(last=False)
    return known


# Candidates


def _candidates(
    services: Services,
    vector: Vector,
    asked: _Asked,
    library: _Library,
    kind: str,
    standing: dict[str, _Standing],
    limit: int,
    pages: Pages | None,
) -> tuple[list[_Candidate], dict[str, float]]:
    """Return the most promising passages or notes, with their cosines."""
    if limit < 1:
        return [], {}
    likely = asked.likely()
    found, worth = _by_words(asked, library, standing)
    first = _best_of(found, worth, max(_WORDED, limit))
    if likely:
        inside = np.isin(
            lexical.number_of(found), [library.numbers[each] for each in likely if each in library.numbers]
        )
        first = np.union1d(first, _best_of(found[inside], worth[inside], max(_NEAR, limit)))
    nearness = services.vectors.compare(
        vector, kind=kind, document_ids=library.named, embedder_name=services.embedder.name
    )
    among = library.within[kind].ids if library.within else None
    near = [item_id for item_id, _ in nearness.best(max(_NEAR, limit), among=among)]
    near += [item_id for item_id, _ in nearness.best(max(_NEAR, limit), document_ids=likely)] if likely else []
    with services.database.read() as connection:
        at = lexical.items_at(connection, first.tolist()) | lexical.places_of(connection, kind, near)
        cosines = nearness.of(connection, list(at.values()))
        documents = {number: document_id for document_id, number in library.numbers.items()}
        promising = {}
        for place, item_id in at.items():
            document_id = documents.get(lexical.number_of(place))
            if document_id is None:
                continue
            index = int(np.searchsorted(found, place))
            held = float(worth[index]) if index < len(found) and found[index] == place else 0.0
            promising[item_id] = (
                (_WEIGHTS["words"] + _WEIGHTS["sentence"]) / 2 * held
                + _WEIGHTS["meaning"] * cosines.get(item_id, 0.0)
                + _WEIGHTS["document"] * asked.shares.get(document_id, 0.0)
            )
        ids = sorted(promising, key=lambda item_id: (-promising[item_id], item_id))[: max(_SCORED, 2 * limit)]
        return _load(connection, kind, ids, pages), cosines


def _by_words(asked: _Asked, library: _Library, standing: dict[str, _Standing]) -> tuple[Places, NDArray[np.float64]]:
    """Return the places that the words propose, ascending, and the share of the question's weight that each holds."""
    proposing = [(asked.rarity[term], one.proposes) for term, one in standing.items() if len(one.proposes)]
    total = sum(asked.rarity.values())
    if not proposing or not total:
        return _NONE, np.zeros(0)
    found, back = np.unique(np.concatenate([there for _, there in proposing]), return_inverse=True)
    weights = np.repeat([weight for weight, _ in proposing], [len(there) for _, there in proposing])
    return found, np.bincount(back, weights, len(found)) / total


def _best_of(found: Places, worth: NDArray[np.float64], limit: int) -> Places:
    if len(found) <= limit:
        return found
    return found[np.sort(np.argpartition(-worth, limit)[:limit])]


_NONE: Places = np.zeros(0, np.int64)


def _load(connection: Connection, kind: str, ids: Sequence[str], pages: Pages | None) -> list[_Candidate]:
    if kind == "chunk":
        chunks = document_rows.chunks_by_id(connection, ids)
        asked = lexical.questions_of(connection, ids)
        if pages:
            cut = {item_id: _cut(chunk, pages) for item_id, chunk in chunks.items()}
            # The questions that belong to the whole passage may be about what was cut away.
            asked = {item_id: told for item_id, told in asked.items() if cut[item_id] is chunks[item_id]}
            chunks = {item_id: chunk for item_id, chunk in cut.items() if chunk is not None}
        return [
            _Candidate(
                "chunk",
                c.id,
                c.document_id,
                c.page_start,
                c.page_end,
                c.heading,
                c.text,
                asked.get(c.id, ""),
                c.tokens,
            )
            for c in (chunks[item_id] for item_id in ids if item_id in chunks)
        ]
    notes = note_rows.by_id(connection, ids)
    found = []
    for note in (notes[item_id] for item_id in ids if item_id in notes):
        if note.status == "verified" and note.evidence:
            text = f"{note.question}\n{note.text}" if note.question else note.text
            quoted = [item.page for item in note.evidence]
            found.append(
                _Candidate(
                    "note", note.id, note.document_id, min(quoted), max(quoted), "", text, "", tokens.count(text)
                )
            )
    return found


def _cut(chunk: Chunk, pages: Pages) -> Chunk | None:
    """Return what of a passage stands on the pages, ``None`` for nothing; a blank line stands for what is left out within."""
    if all(span.page in pages for span in chunk.spans):
        return chunk
    text = ""
    at = 0
    before = -1
    kept = [index for index, span in enumerate(chunk.spans) if span.page in pages]
    for index, span in enumerate(chunk.spans):
        length = span.end - span.start
        if span.page in pages:
            text += ("" if not text else "\n" if before == index - 1 else "\n\n") + chunk.text[at : at + length]
            before = index
        at += length + 1
    if not text.strip():
        return None
    first, last = chunk.spans[kept[0]].page, chunk.spans[kept[-1]].page
    return dataclasses.replace(chunk, page_start=first, page_end=last, text=text, tokens=tokens.count(text))


def _score(candidates: Sequence[_Candidate], cosines: Mapping[str, float], asked: _Asked) -> list[Hit]:
    read = [(*sentences.read(candidate.heading), *sentences.read(candidate.text)) for candidate in candidates]
    scoring = _Scoring(asked, read)
    hits = []
    for candidate, units in zip(candidates, read, strict=True):
        signals = scoring.of_text(units) | {"meaning": max(0.0, cosines.get(candidate.id, 0.0))}
        if asked.shares:
            signals["document"] = asked.shares[candidate.document_id]
        score = scoring.total(signals)
        if candidate.asked:
            better = scoring.total(scoring.with_questions(signals, units, candidate.asked.splitlines()))
            signals["asked"] = max(0.0, better - score)
            score += signals["asked"]
        hits.append(
            Hit(
                "chunk" if candidate.kind == "chunk" else "note",
                candidate.id,
                candidate.document_id,
                candidate.page_start,
                candidate.page_end,
                candidate.text,
                candidate.tokens,
                round(score, 4),
                {name: round(value, 4) for name, value in signals.items()},
            )
        )
    return hits


class _Scoring:
    """What a question's words say of a text. It reads hundreds of sentences for one question: those without any of its
    words are left out at once."""

    def __init__(self, asked: _Asked, read: Sequence[Sequence[Read]]) -> None:
        self._rarity = asked.rarity
        self._wanted = dict.fromkeys(terms(asked.question))
        self._forms = [(term, asked.rarity.get(term, 0.0), beginning(term)) for term in self._wanted]
        self._begun = {begun for _, _, begun in self._forms if begun}
        self._pairs = set(pairwise(self._wanted))
        self._most = sum(self._rarity.get(term, 0.0) for term in self._wanted) or 1.0
        self._usual = sum(len(unit.terms) for units in read for unit in units) / max(1, len(read)) or 1.0
        self._parts = [name for name in _WEIGHTS if asked.shares or name != "document"]
        self._whole = sum(_WEIGHTS[name] for name in self._parts)

    def total(self, signals: Mapping[str, float]) -> float:
        return sum(_WEIGHTS[name] * signals[name] for name in self._parts) / self._whole

    def of_text(self, units: Sequence[Read]) -> dict[str, float]:
        run = [term for unit in units for term in unit.terms]
        return {"words": self._words(units), "sentence": self._sentence(units), "order": self._order(run)}

    def with_questions(
        self, signals: Mapping[str, float], units: Sequence[Read], questions: Sequence[str]
    ) -> dict[str, float]:
        """Return the signals of a text as if the questions that belong to it stood in it."""
        own = [unit for question in questions for unit in sentences.read(question)]
        return {
            **signals,
            "words": self._words([*units, *own]),
            "sentence": max(signals["sentence"], _LIKE_TEXT * self._sentence(own)),
            "order": max([signals["order"], *(self._order(unit.terms) for unit in own)]),
        }

    def _words(self, units: Sequence[Read]) -> float:
        counts: Counter[str] = Counter()
        for unit in units:
            if not unit.held.isdisjoint(self._wanted):
                counts.update([term for term in unit.terms if term in self._wanted])
        shrink = _K1 * (1 - _B + _B * sum([len(unit.terms) for unit in units]) / self._usual)
        # A term that is held very often comes to its rarity times (k1 + 1): what a question can reach is known.
        held = [(self._rarity[term], counts[term]) for term in self._wanted if counts[term]]
        return sum(rarity * count / (count + shrink) for rarity, count in held) / self._most

    def _sentence(self, units: Sequence[Read]) -> float:
        most = 0.0
        for unit in units:
            if not (unit.held.isdisjoint(self._wanted) and unit.beginnings.isdisjoint(self._begun)):
                share = 0.0
                for term, rarity, begun in self._forms:
                    if term in unit.held or begun in unit.beginnings:
                        share += rarity
                most = max(most, share)
        return most / self._most

    def _order(self, run: Sequence[str]) -> float:
        if not self._pairs:
            return 0.0
        return len({pair for pair in pairwise(run) if pair in self._pairs}) / len(self._pairs)
