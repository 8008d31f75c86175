"""The calls not made: what the same question would have read and cost without preparation. Pure.

``chunks``            the passages that our own retrieval finds without notes, same model and effort. The headline.
``document``          the whole documents, as far as the model's window takes them, not cached.
``document_cached``   the same with the provider's prompt cache on its side: written once, then read while it is warm.

Counts are made with our tokenizer and then scaled by how the provider counted the prompt that was really sent, so that
a tokenizer's habits look like neither saving nor loss. Output is taken as the answer's own, and seconds are unknown,
until some baselines were really run (see ``stc.meter.calibrating``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from stc.meter.ledger import exact
from stc.meter.prices import Price, cost, from_facts
from stc.words import Baseline, Usage

CACHE_TTL_S = 300.0
"""How long providers keep a cached prompt unless asked for longer."""


@dataclass(frozen=True, slots=True)
class Habit:
    """How a baseline turned out in ``runs`` real runs: ``output_share`` of the answer's own output, and its seconds."""

    output_share: float
    seconds: float | None
    runs: int


def estimate(
    usage: Usage,
    *,
    sent_tokens: int,
    chunks_tokens: int | None,
    frame_tokens: int,
    document_tokens: Sequence[int],
    output_tokens: int,
    price: Price | None,
    context_window: int | None = None,
    warm: bool | None = None,
    habits: Mapping[str, Habit] | None = None,
) -> dict[str, Baseline | None]:
    """Return the baselines of an answer by name; ``None`` where one can't be known.

    ``usage`` is the answer's own, over all its calls. All other counts are ours: ``sent_tokens`` of the prompts really
    sent (0 where none was), ``chunks_tokens`` of the prompt with passages (``None`` where nothing was found),
    ``frame_tokens`` of a prompt without any text (instructions, question), ``document_tokens`` of each document in
    scope, in the order in which they would be sent. ``output_tokens`` of the answer. ``warm``: the same documents were
    asked about within ``CACHE_TTL_S`` before; ``None`` where that is not known. ``habits`` of the same model, by baseline.
    """
    reported = usage.input_tokens if sent_tokens and usage.input_tokens and not usage.estimated else sent_tokens

    def scaled(tokens: int) -> int:
        return (tokens * reported + sent_tokens // 2) // sent_tokens if sent_tokens else tokens

    usual = habits or {}

    def output(name: str) -> int:
        return round(output_tokens * exact(usual[name].output_share)) if name in usual else output_tokens

    def baseline(name: str, given: int, *, cached: int = 0, written: int = 0, note: str = "") -> Baseline:
        long = output(name)
        whole = Usage(given, cached, written, long, min(usage.reasoning_tokens, long))
        # How fast a warm cache makes it is not known from runs without one.
        seconds = usual[name].seconds if name in usual and not (cached or written) else None
        return Baseline(given, long, cost(whole, price), seconds, cached_tokens=cached, note=note)

    chunks = None
    if chunks_tokens is not None:
        given = scaled(chunks_tokens)
        # What the provider had in its cache for the real call it would have had for this one too.
        cached = min(usage.cached_tokens, given)
        chunks = baseline("chunks", given, cached=cached, written=min(usage.cache_write_tokens, given - cached))
    document = cached_document = None
    if document_tokens:
        frame = scaled(frame_tokens)
        texts = [scaled(tokens) for tokens in document_tokens]
        text, note = _fitting(texts, frame + output("document"), context_window)
        document = baseline("document", frame + text, note=note)
        if warm is not None and price is not None and (price.free or price.has_cache):
            cached_document = (
                baseline("document", frame + text, cached=text, note=note)
                if warm
                else baseline("document", frame + text, written=text, note=note)
            )
    return {"chunks": chunks, "document": document, "document_cached": cached_document}


def counted_facts(*, price: Price | None, habits: Mapping[str, Habit], **counts: Any) -> dict[str, Any]:
    """Return what ``estimate`` was given, to be kept beside the answer; ``reckon`` repeats the estimate from it."""
    return {
        **counts,
        "price": price and price.facts(),
        "habits": {name: asdict(habit) for name, habit in habits.items()},
    }


def reckon(usage: Usage, counted: Mapping[str, Any]) -> dict[str, Baseline | None]:
    """Return the baselines of an answer once more, from what is kept beside it."""
    price, habits = counted["price"], counted["habits"]
    known = {
        **counted,
        "price": None if price is None else from_facts(price),
        "habits": {name: Habit(**habit) for name, habit in habits.items()},
    }
    return estimate(usage, **known)


def _fitting(documents: Sequence[int], taken: int, window: int | None) -> tuple[int, str]:
    """Return how many tokens of the documents go into the window beside what is taken, and a note where not all do."""
    room = None if window is None else max(0, window - taken)
    if room is None or sum(documents) <= room:
        return sum(documents), ""
    fitting = text = 0
    for tokens in documents:
        if text + tokens > room:
            break
        fitting, text = fitting + 1, text + tokens
    if fitting:
        return text, f"{fitting} of {len(documents)} documents fit into the model's window of {window:,} tokens"
    return room, f"cut to the model's window of {window:,} tokens"
