"""Documents for the tests of sleep: put into the storage as ingest would, without a parser."""

from __future__ import annotations

from collections.abc import Sequence

from stc.documents import chunking
from stc.models import tokens
from stc.services import Services
from stc.storage import documents, lexical, vectors
from stc.storage.database import new_id
from stc.words import Document, Page

RIVER = (
    "The Rhine is a European river that begins in the Swiss Alps. The biggest city on the river Rhine is Cologne. "
    "It is about 1,230 km long. In 1840, the Rhine crisis led to a wave of nationalism in Germany. "
    "The Confederation of the Rhine was established by Napoleon in 1806. Ships must reduce speed if the water level "
    "is high. If the water level is above seven metres, the authority must close the river to ships.",
    "The Rhine Authority keeps 12 stations between Basel and Emmerich. The authority will reduce pollution by closing "
    "four old factories. The programme costs $3.5 million per year. By 2030, the number of salmon is expected to reach "
    "5,000 because the new fish ladders are open all year.",
)


def add(
    services: Services,
    texts: Sequence[str] = RIVER,
    *,
    name: str = "rhine.txt",
    used_at: float | None = None,
    **changes,
) -> Document:
    """Store a ready document, idle for an hour unless ``used_at`` says otherwise."""
    now = services.now()
    pages = [Page(number, text) for number, text in enumerate(texts, start=1)]
    used_at = now - 3600 if used_at is None else used_at
    document = Document(
        id=new_id(),
        owner=services.owner,
        name=name,
        media_type="text/plain",
        size_bytes=1,
        content_hash=new_id(),
        status="ready",
        added_at=used_at,
        ready_at=used_at,
        last_used_at=used_at,
    )
    embedder = services.embedder
    chunks = chunking.chunk(document.id, pages, embedder.count_tokens, count_tokens=tokens.count)
    with services.database.write() as connection:
        documents.insert_document(connection, document)
        documents.add_pages(connection, document.id, pages)
        documents.add_chunks(connection, chunks)
        found = embedder.encode([chunk.text for chunk in chunks])
        vectors.add(
            connection, "chunk", document.id, [(c.id, v) for c, v in zip(chunks, found, strict=True)], embedder.name
        )
        lexical.add(connection, "chunk", document.id, [(chunk.id, chunk.text) for chunk in chunks])
        sizes = {
            "pages": len(pages),
            "chunks": len(chunks),
            "tokens": sum(tokens.count(text) for text in texts),
        }
        documents.change(connection, document.id, **{**sizes, **changes})
        stored = documents.get(connection, services.owner, document.id)
    assert stored is not None
    return stored


def long(pages: int, *, seed: int = 0) -> list[str]:
    """Return the pages of a longer document, each with facts of its own."""
    return [
        f"Station {seed}-{n} is a gauge on the Rhine. Station {seed}-{n} was built in {1800 + n}. "
        f"The gauge at place {n} costs ${n + 2} million per year. The keeper of gauge {n} must read it if the water "
        f"is above {n + 1} metres. "
        + " ".join(f"Reading {k} of page {n} was made at noon and written down." for k in range(40))
        for n in range(1, pages + 1)
    ]
