"""The ledger as it would be if what was quoted without a model had cost what a chosen model costs. Pure.

Nobody paid this: it shows a person who uses no model what one would cost and save. It is an estimate from what the
extractive reader read and quoted, without a model's instructions, and is always marked as such.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from stc.meter.prices import Price, cost
from stc.words import EXTRACTIVE, Answer, Baseline, LedgerRow, Usage


def rows(given: Iterable[LedgerRow], price: Price) -> list[LedgerRow]:
    """Return the calls, those without a model at this price."""
    return [
        replace(row, usage=_priced(row.usage, price), price=price.facts(), price_revision=f"as if {price.revision}")
        if row.model == EXTRACTIVE
        else row
        for row in given
    ]


def answers(given: Iterable[Answer], price: Price) -> list[Answer]:
    """Return the answers, those without a model and their baselines at this price."""
    return [
        replace(
            answer,
            usage=_priced(answer.usage, price),
            baselines={name: one and _baseline(name, one, answer, price) for name, one in answer.baselines.items()},
        )
        if answer.model == EXTRACTIVE
        else answer
        for answer in given
    ]


def _priced(usage: Usage, price: Price) -> Usage:
    return replace(usage, cost_usd=cost(usage, price))


def _baseline(name: str, one: Baseline, answer: Answer, price: Price) -> Baseline | None:
    if name == "document_cached" and not (price.free or price.has_cache):
        return None
    written = 0
    if name == "document_cached" and not one.cached_tokens:
        frame = answer.counted.get("frame_tokens", 0)
        written = max(0, one.input_tokens - frame)
    usage = Usage(one.input_tokens, one.cached_tokens, written, one.output_tokens)
    return replace(one, cost_usd=cost(usage, price))
