"""Find the passages and prepared notes that are nearest to a question.

Two searches propose candidates, words (FTS5) and meaning (vectors); each candidate is then scored by both, and by how much
of the question its best sentence holds. The parts of the score are shares of what the question could reach at most, not
standardised over the candidates, so that scores can be compared between questions (docs/decisions/0012-fusing-by-share.md).
"""

from __future__ import annotations

import math
import threading
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stc.chat import sentences
from stc.chat.terms import places, terms
from stc.errors import UserError
from stc.models import tokens
from stc.services import Services
from stc.storage import documents as document_rows
from stc.storage import lexical
from stc.storage import notes as note_rows
from stc.words import Hit

if TYPE_CHECKING:
    from sqlalchemy import Connection

Vector = NDArray[np.float32]

_WEIGHTS = {"words": 1.0, "meaning": 0.8, "sentence": 0.5, "order": 0.15, "document": 0.3}
_K1, _B = 1.2, 0.75
"""BM25's usual constants."""
_CANDIDATES = 40
_LIKELY_DOCUMENTS = 3
"""So many documents that hold most of the question's telling words are searched once more by themselves: a passage of the
right document need not repeat its name."""
_TOLD_BY_DOCUMENT = 0.5
"""Part of its weight that a word loses within passages where it tells the document."""
_COMMON = 3000
"""A word that more passages hold tells no document from another."""
_MOST_NAMED_DOCUMENTS = 200
"""A longer list of documents is not put into the searches: their results are sifted instead."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    kind: str
    id: str
    document_id: str
    page_start: int
    page_end: int
    text: str
    indexed: str
    tokens: int


def retrieve(
    services: Services,
    question: str,
    *,
    document_ids: Sequence[str] | None = None,
    kind: str = "all",
    limit: int = 10,
) -> list[Hit]:
    """Return up to ``limit`` hits, best first, among the owner's documents that are ready.

    ``kind`` is "chunk", "note" or "all". ``document_ids`` ``None`` searches all documents. Only verified notes are found.
    ``score`` lies between about 0 (nothing in common) and 1; ``signals`` holds its parts before weighting, each 0 to 1:
    ``words`` (BM25), ``meaning`` (cosine), ``sentence`` (rarity-weighted share of the question's words in one sentence),
    ``order`` (neighbouring words of the question that are neighbours here) and, among several documents, ``document`` (share
    of the words that tell documents apart which this one holds anywhere). Raises ``UserError`` for an unknown document.
    """
    kinds = ("chunk", "note") if kind == "all" else (kind,)
    reach = max(_CANDIDATES, 2 * limit)
    with services.database.read() as connection:
        extents = document_rows.extents(connection, services.owner)
        scope = _scope(extents, document_ids)
        if not scope or limit < 1:
            return []
        named = _named(extents, scope, connection)
        words = _words(question)
        held = lexical.count(connection, list(words.values()), kind="chunk", document_ids=named)
        telling = _telling(connection, words, held, scope, named)
        likely = telling.likely()
        searches = [named, likely] if likely else [named]
        worded = {
            each: [
                item_id
                for some in searches
                for item_id, _ in lexical.search(connection, question, kind=each, document_ids=some, limit=reach)
            ]
            for each in kinds
        }
    passages = sum(extents[document_id][1] for document_id in scope)
    rarity = telling.within(_rarity(words, held, passages))
    vector = question_vector(services, question)
    embedder = services.embedder.name
    hits: list[Hit] = []
    for each in kinds:
        near = [
            item_id
            for some in searches
            for item_id, _ in services.vectors.search(
                vector, kind=each, document_ids=some, embedder_name=embedder, limit=reach
            )
        ]
        ids = list(dict.fromkeys([*worded[each], *near]))
        with services.database.read() as connection:
            candidates = [found for found in _load(connection, each, ids) if found.document_id in scope]
        cosines = services.vectors.cosines(
            vector, kind=each, item_ids=[found.id for found in candidates], embedder_name=embedder
        )
        hits += _score(question, candidates, cosines, rarity, telling.shares)
    hits.sort(key=lambda hit: (-hit.score, hit.document_id, hit.page_start, hit.id))
    return hits[:limit]


def _scope(extents: dict[str, tuple[str, int]], document_ids: Sequence[str] | None) -> set[str]:
    """Return the documents to search: those asked for, as far as they are ready."""
    for document_id in document_ids or ():
        if document_id not in extents:
            raise UserError(f"There is no document {document_id}; it may have been deleted. Choose another one.")
    wanted = extents if document_ids is None else document_ids
    return {document_id for document_id in wanted if extents[document_id][0] == "ready"}


def _named(extents: dict[str, tuple[str, int]], scope: set[str], connection: Connection) -> list[str] | None:
    """Return the documents to name in the searches, ``None`` for all there are."""
    everything = len(scope) == len(extents) and document_rows.count_all(connection) == len(scope)
    return None if everything or len(scope) > _MOST_NAMED_DOCUMENTS else sorted(scope)


def _words(question: str) -> dict[str, str]:
    """Return the question's terms, each with a word that it was made of."""
    return {term: question[start:end].lower() for term, start, end in places(question)}


def _rarity(words: dict[str, str], held: dict[str, int], passages: int) -> dict[str, float]:
    """Return the inverse document frequency of each term of the question among the passages in scope."""
    return {
        term: math.log(1 + (max(passages, held[word]) - held[word] + 0.5) / (held[word] + 0.5))
        for term, word in words.items()
    }


@dataclass(frozen=True, slots=True)
class _Telling:
    """What a question's words say about which document is meant; empty where there is one document only."""

    weights: dict[str, float]
    """Inverse document frequency of each term, over documents."""
    shares: dict[str, float]
    """For each document the share of that weight that it holds anywhere."""

    def likely(self) -> list[str]:
        """Return the few documents that stand out."""
        ranked = sorted(self.shares, key=lambda document_id: (-self.shares[document_id], document_id))
        return ranked[:_LIKELY_DOCUMENTS] if len(ranked) > _LIKELY_DOCUMENTS else []

    def within(self, rarity: dict[str, float]) -> dict[str, float]:
        """Return the weights of terms within passages: a term that has told the document tells less there."""
        most = max(self.weights.values(), default=0.0)
        if not most:
            return rarity
        return {
            term: weight * (1 - _TOLD_BY_DOCUMENT * self.weights.get(term, 0.0) / most)
            for term, weight in rarity.items()
        }


def _telling(
    connection: Connection, words: dict[str, str], held: dict[str, int], scope: set[str], named: Sequence[str] | None
) -> _Telling:
    if len(scope) < 2:
        return _Telling({}, {})
    holders = {
        term: lexical.documents(connection, word, kind="chunk", document_ids=named) & scope
        for term, word in words.items()
        if 0 < held[word] <= _COMMON
    }
    number = len(scope)
    weights = {term: math.log(1 + (number - len(them) + 0.5) / (len(them) + 0.5)) for term, them in holders.items()}
    total = sum(weights.values())
    if not total:
        return _Telling({}, {})
    shares = {
        document_id: sum(weight for term, weight in weights.items() if document_id in holders[term]) / total
        for document_id in scope
    }
    return _Telling(weights, shares)


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


def _load(connection: Connection, kind: str, ids: Sequence[str]) -> list[_Candidate]:
    if kind == "chunk":
        chunks = document_rows.chunks_by_id(connection, ids)
        return [
            _Candidate(
                "chunk",
                c.id,
                c.document_id,
                c.page_start,
                c.page_end,
                c.text,
                f"{c.heading}\n{c.text}" if c.heading else c.text,
                c.tokens,
            )
            for c in (chunks[item_id] for item_id in ids if item_id in chunks)
        ]
    notes = note_rows.by_id(connection, ids)
    found = []
    for note in (notes[item_id] for item_id in ids if item_id in notes):
        if note.status == "verified" and note.evidence:
            text = f"{note.question}\n{note.text}" if note.question else note.text
            pages = [item.page for item in note.evidence]
            found.append(
                _Candidate("note", note.id, note.document_id, min(pages), max(pages), text, text, tokens.count(text))
            )
    return found


def _score(
    question: str,
    candidates: Sequence[_Candidate],
    cosines: dict[str, float],
    rarity: dict[str, float],
    shares: dict[str, float],
) -> list[Hit]:
    if not candidates:
        return []
    asked = list(dict.fromkeys(terms(question)))
    pairs = set(pairwise(asked))
    most = sum(rarity.get(term, 0.0) for term in asked) or 1.0
    held = [_terms(candidate.indexed) for candidate in candidates]
    usual = sum(len(found) for found in held) / len(held) or 1.0
    most_score = sum(weight for name, weight in _WEIGHTS.items() if shares or name != "document")
    hits = []
    for candidate, found in zip(candidates, held, strict=True):
        counts = Counter(found)
        shrink = _K1 * (1 - _B + _B * len(found) / usual)
        signals = {
            # A term that is held very often comes to its rarity times (k1 + 1): what a question can reach is known.
            "words": sum(rarity[term] * counts[term] / (counts[term] + shrink) for term in asked if counts[term])
            / most,
            "meaning": max(0.0, cosines.get(candidate.id, 0.0)),
            "sentence": max(
                (sum(rarity[term] for term in asked if term in unit) for unit in _units(candidate.text)), default=0.0
            )
            / most,
            "order": len(pairs & set(pairwise(found))) / len(pairs) if pairs else 0.0,
        }
        if shares:
            signals["document"] = shares[candidate.document_id]
        score = sum(_WEIGHTS[name] * value for name, value in signals.items()) / most_score
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


@lru_cache(maxsize=4096)
def _terms(text: str) -> tuple[str, ...]:
    return tuple(terms(text))


@lru_cache(maxsize=4096)
def _units(text: str) -> tuple[frozenset[str], ...]:
    """Return the terms of each sentence or line."""
    return tuple(frozenset(terms(text[unit.start : unit.end])) for unit in sentences.split(text))
