"""An answer's receipt: every number behind what the meter says of it, so that anybody can reckon it again. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from stc.meter.ledger import HEADLINE, saving, uncredited
from stc.meter.prices import Price, from_facts
from stc.words import BASELINES, Answer, Baseline, LedgerRow, Shadow, Usage

FORMULAS = {
    "cost": "(input - cached - cache writes) x input price + cached x cached price + cache writes x cache write price + "
    "(output - reasoning) x output price + reasoning x reasoning price; a price that is missing is the input's, or the "
    "output's for reasoning; above a jump the higher prices hold for the whole call",
    "chunks": "our count of the prompt with passages x (tokens that the provider reported / our count of the prompts sent)",
    "document": "our count of instructions, question and all pages x the same ratio, cut to the model's window",
    "document_cached": "as document; the pages are read from the provider's cache if the conversation's last question was "
    "at most 300 s before, and are written to it otherwise",
    "output": "as long as this answer, or, once the baseline was really run at least 3 times, x their ratio; measured where "
    "it was run for this very answer",
    "saved": "baseline - this answer, in tokens, dollars and seconds; without credit only a loss counts",
}


def receipt(answer: Answer, rows: Iterable[LedgerRow], shadow: Shadow | None = None) -> dict[str, Any]:
    """Return the receipt as JSON. ``rows`` may be the whole ledger; ``shadow`` is the baseline that was run for it.

    Unknown is ``null``. ``counted`` holds the counts of the prompts, from which the baselines can be reckoned again with
    the formulas; what a real run measured stands in the place of its estimate.
    """
    calls = [row for row in rows if row.answer_id == answer.id]
    return {
        "answer_id": answer.id,
        "question": answer.question,
        "asked_as": answer.asked,
        "asked_at": _when(answer.asked_at),
        "origin": answer.origin,
        "model": answer.model,
        "effort": answer.effort,
        "route": answer.route,
        "state": answer.state,
        "abstained": answer.abstained,
        "reasons": list(answer.reasons),
        "seconds": answer.seconds,
        "first_token_seconds": answer.first_token_s,
        "usage": asdict(answer.usage),
        "calls": [_call(row) for row in calls if row.purpose == "chat"],
        "check_calls": [_call(row) for row in calls if row.purpose == "check"],
        "counted": answer.counted,
        "baselines": {name: _baseline(answer.baselines.get(name)) for name in BASELINES},
        "saved": {name: _saved(answer, name) for name in BASELINES},
        "headline": HEADLINE,
        "no_credit_because": uncredited(answer) or None,
        "quality": {
            "quotes": len(answer.citations),
            "verified_quotes": sum(citation.verified for citation in answer.citations),
            "rating": answer.rating,
            "notes_used": list(answer.notes_used),
        },
        "check": shadow
        and {
            **asdict(shadow),
            "at": _when(shadow.at),
            "agrees": shadow.agrees,
        },
        "formulas": FORMULAS,
    }


def in_words(answer: Answer) -> list[str]:
    """Return how the cost and the headline saving came about, in sentences with their numbers."""
    told = []
    facts = answer.counted.get("price")
    price = None if facts is None else from_facts(facts)
    if price is not None and not price.free and answer.usage.cost_usd is not None:
        told.append(f"This answer: {_reckoned(answer.usage, price)}")
    counted, instead = answer.counted, answer.baselines.get(HEADLINE)
    if counted and instead is not None and counted.get("chunks_tokens") is not None:
        sent, reported = counted["sent_tokens"], answer.usage.input_tokens
        if instead.measured:
            told.append("From passages: really run for this question while idle")
        elif sent and reported and sent != reported and not answer.usage.estimated:
            told.append(
                f"From passages: its prompt has {counted['chunks_tokens']:,} tokens by our count; the provider counted "
                f"{reported:,} where we counted {sent:,}, so it would have counted {instead.input_tokens:,}"
            )
        else:
            told.append(f"From passages: its prompt was put together and has {instead.input_tokens:,} tokens")
    habits = counted.get("habits", {})
    if HEADLINE in habits and instead is not None and not instead.measured:
        habit = habits[HEADLINE]
        told.append(
            f"Its answer is taken to be {habit['output_share']:.2f} times as long as this one, as in {habit['runs']:,} real runs"
        )
    elif instead is not None and not instead.measured:
        told.append("Its answer is taken to be as long as this one, and its seconds are not known: it was never run")
    return told


def _reckoned(usage: Usage, price: Price) -> str:
    rates = price.rates(usage.input_tokens)
    assert rates is not None
    parts = [
        (usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens, "read", rates.input),
        (usage.cached_tokens, "read from the cache", rates.input if rates.cached is None else rates.cached),
        (usage.cache_write_tokens, "written to the cache", rates.cache_write or rates.input),
        (usage.output_tokens, "written", rates.output),
    ]
    told = [
        f"{tokens:,} tokens {words} at ${rate * 1_000_000:g} a million"
        for tokens, words, rate in parts
        if tokens and rate is not None
    ]
    return f"{' + '.join(told)} ({price.revision})"


def _call(row: LedgerRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": _when(row.at),
        "model": row.model,
        "route": row.route,
        "tier": row.tier,
        "usage": asdict(row.usage),
        "raw_usage": row.raw_usage,
        "price": row.price,
        "price_revision": row.price_revision,
        "litellm_cost_usd": row.litellm_cost_usd,
        "first_token_seconds": row.first_token_s,
        "seconds": row.seconds,
        "documents": row.document_shares or ({row.document_id: 1.0} if row.document_id else {}),
        "error": row.error,
    }


def _baseline(one: Baseline | None) -> dict[str, Any] | None:
    return None if one is None else asdict(one)


def _saved(answer: Answer, name: str) -> dict[str, Any] | None:
    one = saving(answer, name)
    if one is None:
        return None
    return {
        "tokens": one.tokens,
        "cost_usd": None if one.cost_usd is None else float(one.cost_usd),
        "seconds": None if one.seconds is None else float(one.seconds),
        "no_credit_because": one.reason or None,
    }


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
