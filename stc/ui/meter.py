"""The quiet line under an answer: what it cost, what it would have cost, and how that is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from stc.meter import ledger, sentences
from stc.services import Services
from stc.ui import library, phrases, safe
from stc.words import Answer, Baseline, LedgerRow

BASELINE_WORDS = {
    "chunks": "From passages, without preparation",
    "document": "From the whole document",
    "document_cached": "From the whole document, kept in the provider's cache",
}


@dataclass(frozen=True, slots=True)
class Books:
    """Everything the meter adds up, read once for a drawing."""

    rows: Sequence[LedgerRow]
    answers: Sequence[Answer]


def show(answer: Answer, books: Books) -> None:
    details = st.expander(line(answer, books), key=f"meter-{answer.id}", type="compact", on_change="rerun")
    if details.open:
        with details:
            _details(answer)


def line(answer: Answer, books: Books) -> str:
    """Return the line as Markdown: the answer's cost, the same without preparation, and how far preparing is repaid."""
    documents = {citation.document_id for citation in answer.citations} or set(answer.scope)
    net = ledger.net(books.rows, books.answers, documents=documents) if documents else None
    return safe.inert(sentences.line_under_answer(answer, net, documents=len(documents)) + " Details")


def _details(answer: Answer) -> None:
    rows = ["| | Tokens in | of these cached | Tokens out | Cost | Time |", "| :-- | --: | --: | --: | --: | --: |"]
    usage = answer.usage
    seconds = answer.seconds
    actual = Baseline(usage.input_tokens, usage.output_tokens, usage.cost_usd, seconds, True, usage.cached_tokens)
    notes = []
    for words, row in [("This answer", actual), *((w, answer.baselines.get(n)) for n, w in BASELINE_WORDS.items())]:
        if row is None:
            rows.append(f"| {words} | not known | | | | |")
            continue
        time = phrases.duration(row.seconds) if row.seconds is not None else "not measured"
        cells = [f"{row.input_tokens:,}", f"{row.cached_tokens:,}", f"{row.output_tokens:,}"]
        rows.append(f"| {words} | {' | '.join(cells)} | {safe.inert(ledger.money(row.cost_usd))} | {time} |")
        if row.note:
            notes.append(f"{words}: {row.note}")
    st.markdown("\n".join(rows))
    st.caption(
        "Saved = the row without preparation minus this answer. The rows below the first are calls that were not made: "
        "their prompts were put together and counted, their output is taken to be as long as this answer. "
        "What preparing cost is charged against the savings of all questions together, on the Savings page."
    )
    for reason in (*notes, *answer.reasons, *_credit(answer), *_estimated(answer)):
        st.caption("· " + safe.inert(reason[:1].upper() + reason[1:]))


def _credit(answer: Answer) -> list[str]:
    why = ledger.uncredited(answer)
    return [f"no saving is counted: {why}"] if why else []


def _estimated(answer: Answer) -> list[str]:
    return (
        ["the model's server did not say what it read; its tokens were counted here"] if answer.usage.estimated else []
    )


def books(services: Services) -> Books:
    return Books(*library.books(services))
