"""How long do retrieval and routing take over a large library?

    python -m benchmarks.scale --chunks 200000 --notes 50000 --documents 400 --storage DIR

Rows and vectors come from a seeded generator: words drawn by Zipf's law, unit vectors drawn at random; nothing is embedded. The
questions are made of words of a passage. Printed: p50 and p95, warm, of retrieval, routing and packing together with one
document in scope and over all, exact search. Embedding the question is not part of it and printed apart. The exit status is 1
where p95 is not under 50 ms with one document in scope and under 250 ms over all.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from stc.chat import finding, retrieval
from stc.chat.scope import resolve
from stc.models import tokens
from stc.services import Services
from stc.storage import documents as document_rows
from stc.storage import lexical, vectors
from stc.storage import notes as note_rows
from stc.storage.database import new_id
from stc.words import Chunk, Document, Evidence, Note, Span

_ONE_MS, _ALL_MS = 50.0, 250.0
_WORDS = 60_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=200_000)
    parser.add_argument("--notes", type=int, default=50_000)
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--storage", type=Path, help="keep the library here for the next time")
    options = parser.parse_args()
    storage = options.storage or Path(tempfile.mkdtemp(prefix="stc-benchmark-"))
    services = Services(storage)
    with services.database.read() as connection:
        made = document_rows.list_all(connection, services.owner)
    if not made:
        _make(services, options)
        with services.database.read() as connection:
            made = document_rows.list_all(connection, services.owner)
    fine = _measure(services, made, options)
    services.close()
    return 0 if fine else 1


def _vocabulary(chance: random.Random) -> tuple[list[str], list[float]]:
    syllables = (
        "ba be bi bo da de di do fa fe ga ge ka ke ki la le li lo ma me mi mo na ne no pa pe ra re ri ro sa".split()
    )
    words: dict[str, None] = {}
    while len(words) < _WORDS:
        words["".join(chance.choices(syllables, k=chance.randint(2, 5)))] = None
    return list(words), [1 / (rank + 3) for rank in range(_WORDS)]


def _make(services: Services, options: argparse.Namespace) -> None:
    chance = random.Random(options.seed)
    vocabulary, weights = _vocabulary(chance)
    draw = np.random.default_rng(options.seed)
    dimension = services.embedder.dimension
    per_document, notes_each = options.chunks // options.documents, options.notes // options.documents
    begun = time.monotonic()

    def text(length: int) -> str:
        words = chance.choices(vocabulary, weights, k=length)
        sentences = [" ".join(words[at : at + 14]).capitalize() + "." for at in range(0, length, 14)]
        return " ".join(sentences)

    def units(number: int) -> np.ndarray:
        found = draw.standard_normal((number, dimension), dtype=np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    for number in range(options.documents):
        document_id = new_id()
        document = Document(
            document_id,
            services.owner,
            f"book {number}.txt",
            "text/plain",
            1,
            f"{number:064d}",
            added_at=1.0,
            last_used_at=1.0,
            ready_at=1.0,
            status="ready",
            pages=per_document,
            chunks=per_document,
        )
        texts = [text(110) for _ in range(per_document)]
        chunks = [
            Chunk(new_id(), document_id, at, at + 1, at + 1, "", one, tokens.count(one), (Span(at + 1, 0, len(one)),))
            for at, one in enumerate(texts)
        ]
        notes = []
        for at in range(notes_each):
            source = chunks[at * per_document // notes_each]
            quote = source.text.split(". ")[1]
            question = f"What about {' '.join(quote.split()[:5])}?"
            evidence = (Evidence(source.page_start, quote, source.id),)
            notes.append(
                Note(
                    new_id(),
                    services.owner,
                    document_id,
                    None,
                    "answer",
                    question,
                    quote,
                    None,
                    evidence,
                    "verified",
                    "extractive",
                    "extractive",
                    20,
                    0,
                    1.0,
                )
            )
        name = services.embedder.name
        with services.database.write() as connection:
            document_rows.insert_document(connection, document)
            document_rows.change(connection, document_id, status="ready", chunks=per_document, pages=per_document)
            document_rows.add_chunks(connection, chunks)
            vectors.add(connection, "chunk", document_id, _pairs([c.id for c in chunks], units(per_document)), name)
            lexical.add(connection, "chunk", document_id, [(c.id, c.text) for c in chunks])
            note_rows.add(connection, notes)
            vectors.add(connection, "note", document_id, _pairs([n.id for n in notes], units(notes_each)), name)
            lexical.add(connection, "note", document_id, [(n.id, f"{n.question} {n.text}") for n in notes])
        if number % 50 == 49:
            print(f"{number + 1} documents made in {time.monotonic() - begun:.0f} s", file=sys.stderr)


def _pairs(ids: list[str], matrix: np.ndarray) -> list[tuple[str, np.ndarray]]:
    return list(zip(ids, matrix, strict=True))


def _measure(services: Services, made: list[Document], options: argparse.Namespace) -> bool:
    chance = random.Random(options.seed + 1)
    asked = []
    for _ in range(options.questions):
        document = chance.choice(made)
        with services.database.read() as connection:
            chunk = chance.choice(document_rows.read_chunks(connection, document.id))
        words = chance.choice(chunk.text.split(". ")).split()
        asked.append((document.id, f"What does {' '.join(chance.sample(words, min(6, len(words))))} say?"))
    begun = time.monotonic()
    for _, question in asked:
        services.embedder.encode([question])
    print(f"embedding a question  {1000 * (time.monotonic() - begun) / len(asked):.0f} ms on average")
    fine = True
    for scope, most in (("one", _ONE_MS), ("all", _ALL_MS)):
        taken: list[float] = []
        for _ in range(2):  # the first warms up what is kept in memory
            taken = []
            for document_id, question in asked:
                retrieval.question_vector(services, question)
                begun = time.monotonic()
                within = resolve(services, [document_id] if scope == "one" else None)
                found = finding.find(services, question, within)
                decision = finding.decide(found, effort="medium", reuse_extractive=True)
                finding.context_for(
                    services, found, decision.route, effort="medium", budget=None, quotes_only=True, reasons=()
                )
                taken.append(1000 * (time.monotonic() - begun))
        taken.sort()
        p50, p95 = taken[len(taken) // 2], taken[int(len(taken) * 0.95)]
        fine &= p95 < most
        print(f"{scope} in scope  p50 {p50:.0f} ms  p95 {p95:.0f} ms  (under {most:.0f} wanted)", flush=True)
    return fine


if __name__ == "__main__":
    sys.exit(main())
