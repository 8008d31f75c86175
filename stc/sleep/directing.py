"""Answer real questions anew while nobody waits: what of a document is read for them, and what can be quoted for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from stc.chat import replies, routing
from stc.chat.offering import offers
from stc.chat.retrieval import retrieve
from stc.models import extractive, tokens
from stc.sleep import checking, proving
from stc.storage import conversations
from stc.words import Chunk, NoteDraft, Page, Part

if TYPE_CHECKING:
    from stc.services import Services

QUOTED_WINDOW_TOKENS = 16_000
"""What the extractive reader reads at most for one question: as much as it does when it is given a whole document."""
_SURE = 1.4
"""Confidence from which on a quoted answer may become a note. Awake the reader speaks from 1.25 on, but then the person sees
that it is what is nearest; here it would be served as prepared (docs/decisions/0013-quoting.md has both thresholds)."""
_CHUNK_HITS = 60
_PAGE_MARK_TOKENS = 12


def excerpts(
    services: Services,
    document_id: str,
    pages: Sequence[Page],
    chunks: Mapping[str, Chunk],
    questions: Sequence[str],
    *,
    limit: int,
) -> list[tuple[int, str]]:
    """Return (page, text) of the passages nearest to the questions, in reading order, of at most ``limit`` tokens.

    The questions take turns: each brings its best passage that is not there yet.
    """
    texts = {page.number: page.text for page in pages}
    found = [_nearest(services, document_id, question, chunks) for question in questions]
    chosen: list[Chunk] = []
    used = 0
    for rank in range(max(map(len, found), default=0)):
        for near in found:
            if rank < len(near) and near[rank] not in chosen:
                needed = near[rank].tokens + _PAGE_MARK_TOKENS * len(near[rank].spans)
                if used + needed <= limit:
                    chosen.append(near[rank])
                    used += needed
    by_page: dict[int, list[tuple[int, int]]] = {}
    for chunk in chosen:
        for span in chunk.spans:
            by_page.setdefault(span.page, []).append((span.start, span.end))
    return [
        (number, "\n\n".join(texts[number][start:end] for start, end in _joined(by_page[number])))
        for number in sorted(by_page)
        if number in texts
    ]


def _nearest(services: Services, document_id: str, question: str, chunks: Mapping[str, Chunk]) -> list[Chunk]:
    hits = retrieve(services, question, document_ids=[document_id], kind="chunk", limit=_CHUNK_HITS)
    return [chunks[hit.id] for hit in hits if hit.id in chunks]


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the spans in order, those that overlap as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def quoted(
    services: Services,
    document_id: str,
    pages: Sequence[Page],
    chunks: Sequence[Chunk],
    questions: Sequence[str],
    *,
    give_way: Callable[[], None],
) -> list[NoteDraft]:
    """Return the answers that can be quoted from the whole document, or from what of a long one is nearest, surely."""
    texts = {page.number: page.text for page in pages}
    writing = checking.writing_of(texts.values())
    by_id = {chunk.id: chunk for chunk in chunks}
    whole = sum(chunk.tokens for chunk in chunks) <= QUOTED_WINDOW_TOKENS
    drafts = []
    for question in questions:
        give_way()
        read = (
            list(chunks)
            if whole
            else tokens.within(_nearest(services, document_id, question, by_id), QUOTED_WINDOW_TOKENS)
        )
        parts = [
            Part(label, "chunk", item.id, document_id, item.page_start, item.page_end, item.text, item.tokens)
            for label, item in enumerate(read, start=1)
        ]
        reading = extractive.read(question, parts, embed=services.embedder.encode)
        if reading.abstained or reading.confidence < _SURE or not _fits(question, reading):
            continue
        quotes = [(quote.page_start, quote.text) for quote in reading.quotes]
        found = proving.evidence(reading.text, quotes, texts, writing, question=question)
        drafts.append(NoteDraft("answer", question, reading.text, found))
    return drafts


def _fits(question: str, reading: extractive.Reading) -> bool:
    """Tell whether a quote says what is asked: it holds nearly all of the question's telling words, and the lead a thing of
    the kind asked for. Notes are held to the same before they answer without the text.

    Of the 38 questions about two agencies' plans (qa/fed_plans) 20 quotes were right and 17 wrong without this; with it
    13 are right and 4 wrong.
    """
    held = routing.question_coverage(question, [reading.quotes[0].text], {})
    return held >= routing.COVERAGE_FOR_NOTES and offers(question, reading.text)


def marked_wrong(services: Services, answer_ids: Sequence[str]) -> list[str]:
    """Return the texts of those answers that the person marked as wrong, without their marks."""
    with services.database.read() as connection:
        found = [conversations.get_answer(connection, services.owner, answer_id) for answer_id in answer_ids]
    return [replies.relabel(answer.text, {}) for answer in found if answer is not None and answer.rating < 0]


def says_again(text: str, wrong: Sequence[str]) -> bool:
    """Tell whether a text only says what was marked as wrong before."""
    plain = checking.words_only(text)
    return any(plain == checking.words_only(other) or plain in checking.words_only(other) for other in wrong)
