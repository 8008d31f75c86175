"""Count the prompts that an answer sent and those that it did not send: what the baselines are estimated from."""

from __future__ import annotations

from typing import Any

from stc.chat.finding import Found, context_for
from stc.meter.baselines import CACHE_TTL_S, counted_facts, reckon
from stc.meter.calibrating import habits
from stc.meter.prices import Price
from stc.models import prompts, tokens
from stc.models.llm import count_messages
from stc.services import Services
from stc.storage import shadows
from stc.words import EXTRACTIVE, Baseline, Context, Document, Effort, Usage

_PAGE_MARK = "[100] p. 100\n\n\n"


def prompt_tokens(context: str, question: str, model: str, earlier: tuple[tuple[str, str], ...]) -> int:
    """Return the tokens of the prompt with this context: all messages for a model, text and question without one."""
    if model == EXTRACTIVE:
        return tokens.count(context) + tokens.count(question)
    return count_messages(prompts.answer_messages(context, question, earlier))


def baselines(
    services: Services,
    found: Found,
    *,
    question: str,
    model: str,
    effort: Effort,
    earlier: tuple[tuple[str, str], ...],
    usage: Usage,
    sent_tokens: int,
    understanding_tokens: int,
    own: Context,
    output_tokens: int,
    price: Price | None,
    context_window: int | None,
    asked_before_s: float | None,
) -> tuple[dict[str, Baseline | None], dict[str, Any]]:
    """Return the baselines of an answer, each counted on the prompt that would really have been assembled, and the counts.

    ``understanding_tokens`` of ``sent_tokens`` were spent on finding out what a follow-up asks: that is needed without
    preparation too. ``asked_before_s``: seconds since the conversation's last answer, ``None`` for the first.
    """
    quotes_only = model == EXTRACTIVE
    chunks = own
    if own.route != "chunks":
        chunks = context_for(services, found, "chunks", effort=effort, budget=None, quotes_only=quotes_only, reasons=())
    with services.database.read() as connection:
        runs = shadows.list_all(connection, services.owner, model=model)
    counted = counted_facts(
        sent_tokens=sent_tokens,
        chunks_tokens=understanding_tokens + prompt_tokens(chunks.text, question, model, earlier)
        if chunks.parts
        else None,
        frame_tokens=understanding_tokens + prompt_tokens("", question, model, earlier),
        document_tokens=[document_tokens(document) for document in found.scope.documents],
        output_tokens=output_tokens,
        price=price,
        context_window=context_window,
        warm=asked_before_s is not None and asked_before_s <= CACHE_TTL_S,
        habits=habits(runs, model=model, effort=effort),
    )
    return reckon(usage, counted), counted


def document_tokens(document: Document) -> int:
    """Return the tokens of a document's pages, counted one by one when it was read, with the mark that each would get."""
    return document.tokens + document.pages * tokens.count(_PAGE_MARK)
