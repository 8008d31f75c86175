"""The quiet line under an answer: what it cost, what it would have cost, and how that is counted."""

from __future__ import annotations

import json

import streamlit as st

from stc import phrases
from stc.meter import ledger, receipts, sentences
from stc.meter.books import Books
from stc.meter.quality import NoteUse
from stc.services import Services
from stc.storage import ledger as ledger_rows
from stc.storage import shadows
from stc.ui import safe
from stc.words import Answer, Baseline, Shadow

BASELINE_WORDS = {
    "chunks": "From passages, without preparation",
    "document": "From the whole document",
    "document_cached": "The same, cached by the provider",
}


def show(services: Services, answer: Answer, books: Books) -> None:
    details = st.expander(line(answer, books), key=f"meter-{answer.id}", type="compact", on_change="rerun")
    if details.open:
        with details:
            _details(services, answer, books)


def line(answer: Answer, books: Books) -> str:
    """Return the line as Markdown: the answer's cost, the same without preparation, and how far preparing is repaid."""
    documents = frozenset(citation.document_id for citation in answer.citations) or frozenset(answer.scope)
    net = books.net(documents) if documents else None
    if net is not None and not net.sleep.calls and answer.notes_used:
        net = None  # it came prepared, like the sample: nothing was paid that could be earned back
    return safe.inert(sentences.line_under_answer(answer, net, documents=len(documents)) + " Details")


def _details(services: Services, answer: Answer, books: Books) -> None:
    rows = ["| | Tokens read | written | Cost | Time |", "| :-- | --: | --: | --: | --: |"]
    usage = answer.usage
    actual = Baseline(
        usage.input_tokens, usage.output_tokens, usage.cost_usd, answer.seconds, cached_tokens=usage.cached_tokens
    )
    notes = []
    for words, row in [("This answer", actual), *((w, answer.baselines.get(n)) for n, w in BASELINE_WORDS.items())]:
        if row is None:
            rows.append(f"| {words} | not known | | | |")
            continue
        read = f"{row.input_tokens:,}" + (f" ({row.cached_tokens:,} cached)" if row.cached_tokens else "")
        words += ", measured" if row.measured else ""
        took = "" if row.seconds is None else phrases.duration(row.seconds)
        rows.append(f"| {words} | {read} | {row.output_tokens:,} | {safe.inert(ledger.money(row.cost_usd))} | {took} |")
        if row.note:
            notes.append(f"{words}: {row.note}")
    st.markdown("\n".join(rows))
    st.caption(
        "Saved = the row without preparation minus this answer. The rows below the first are calls that were not made, "
        "unless they say “measured”: their prompts were put together and counted. "
        "What preparing cost is charged against the savings of all questions together, on the Savings page."
    )
    with services.database.read() as connection:
        shadow = shadows.get(connection, services.owner, answer.id)
    told = (*receipts.in_words(answer), *notes, *_times(answer), *_quality(answer, shadow))
    for reason in (*told, *answer.reasons, *_credit(answer), *_estimated(answer)):
        st.caption("· " + safe.inert(reason[:1].upper() + reason[1:]))
    st.download_button(
        "Receipt",
        json.dumps(receipts.receipt(answer, books.rows, shadow), indent=1, allow_nan=False),
        f"answer-{answer.id}.json",
        "application/json",
        icon=":material/receipt_long:",
        key=f"receipt-{answer.id}",
        type="tertiary",
        on_click="ignore",
        help="Every number behind this as JSON: prompts counted, calls, prices, formulas.",
    )


def _quality(answer: Answer, shadow: Shadow | None) -> list[str]:
    quotes = len(answer.citations)
    verified = sum(citation.verified for citation in answer.citations)
    told = [f"{verified:,} of {phrases.count(quotes, 'quote')} verified"] if quotes else []
    if shadow is None or shadow.state != "done":
        return told
    if shadow.abstained:
        return [*told, "without preparation nothing would have been answered: it was really run"]
    if shadow.agrees:
        return [*told, "without preparation the same numbers, dates and names are answered: it was really run"]
    said = "; ".join(f"{kind} {', '.join(items)}" for kind, items in shadow.differs.items() if items)
    return [*told, f"without preparation another answer comes, it was really run; they differ in {said}"]


def _times(answer: Answer) -> list[str]:
    parts = [("searching", answer.retrieval_s), ("the first word after", answer.first_token_s), ("all", answer.seconds)]
    told = [f"{words} {phrases.duration(seconds)}" for words, seconds in parts if seconds is not None]
    return [", ".join(told)] if told else []


def _credit(answer: Answer) -> list[str]:
    why = ledger.uncredited(answer)
    return [f"no saving is counted: {why}"] if why else []


def _estimated(answer: Answer) -> list[str]:
    return (
        ["the model's server did not say what it read; its tokens were counted here"] if answer.usage.estimated else []
    )


def books(services: Services) -> Books:
    return services.bookkeeper.open(services.owner)


def checks(services: Services) -> list[Shadow]:
    """Return the baselines that were really run, oldest first."""
    with services.database.read() as connection:
        return shadows.list_all(connection, services.owner)


def note_use(services: Services) -> NoteUse:
    """Return how many of the notes prepared here were ever used."""
    with services.database.read() as connection:
        return ledger_rows.note_use(connection, services.owner)
