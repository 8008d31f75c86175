"""The calls not made: what the same question would have read and cost without preparation. Pure.

``chunks``            the passages that our own retrieval finds without notes, same model and effort. The headline.
``document``          the whole documents, as far as the model's window takes them, not cached.
``document_cached``   the same with the provider's prompt cache on its side: written once, then read while it is warm.

Counts are made with our tokenizer and then scaled by how the provider counted the prompt that was really sent, so that
a tokenizer's habits look like neither saving nor loss. Output is taken as the answer's own until it is measured.
"""

from __future__ import annotations

from collections.abc import Sequence

from stc.meter.prices import Price, cost
from stc.words import Baseline, Usage

NAMES = ("chunks", "document", "document_cached")

CACHE_TTL_S = 300.0
"""How long providers keep a cached prompt unless asked for longer."""


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
) -> dict[str, Baseline | None]:
    """Return the baselines of an answer by name; ``None`` where one can't be known.

    ``usage`` is the answer's own, over all its calls. All other counts are ours: ``sent_tokens`` of the prompts really
    sent (0 where none was), ``chunks_tokens`` of the prompt with passages (``None`` where nothing was found),
    ``frame_tokens`` of a prompt without any text (instructions, question), ``document_tokens`` of each document in
    scope, in the order in which they would be sent. ``output_tokens`` of the answer. ``warm``: the same documents were
    asked about within ``CACHE_TTL_S`` before; ``None`` where that is not known.
    """
    reported = usage.input_tokens if sent_tokens and usage.input_tokens and not usage.estimated else sent_tokens

    def scaled(tokens: int) -> int:
        return (tokens * reported + sent_tokens // 2) // sent_tokens if sent_tokens else tokens

    reasoning = min(usage.reasoning_tokens, output_tokens)

    def baseline(given: int, *, cached: int = 0, written: int = 0, note: str = "") -> Baseline:
        whole = Usage(given, cached, written, output_tokens, reasoning)
        return Baseline(given, output_tokens, cost(whole, price), cached_tokens=cached, note=note)

    chunks = None
    if chunks_tokens is not None:
        given = scaled(chunks_tokens)
        # What the provider had in its cache for the real call it would have had for this one too.
        cached = min(usage.cached_tokens, given)
        chunks = baseline(given, cached=cached, written=min(usage.cache_write_tokens, given - cached))
    document = cached_document = None
    if document_tokens:
        frame = scaled(frame_tokens)
        text, note = _fitting([scaled(tokens) for tokens in document_tokens], frame + output_tokens, context_window)
        document = baseline(frame + text, note=note)
        if warm is not None and price is not None and (price.free or price.has_cache):
            cached_document = (
                baseline(frame + text, cached=text, note=note)
                if warm
                else baseline(frame + text, written=text, note=note)
            )
    return {"chunks": chunks, "document": document, "document_cached": cached_document}


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
