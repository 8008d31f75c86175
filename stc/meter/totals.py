"""The ledger as a whole: what ``meter`` prints, in JSON and for people. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from stc import phrases
from stc.meter import calibrating, quality
from stc.meter.ledger import (
    Net,
    Total,
    answer_shares_of,
    asked,
    asleep,
    checked,
    differing,
    exact,
    money,
    net,
    of_row,
    part_of,
    share_of,
    shares,
    sum_of,
    uncredited,
)
from stc.meter.quality import NoteUse, Quality
from stc.words import BASELINES, Answer, LedgerRow, Shadow

TITLES = {
    "chunks": "From passages, without preparation",
    "document": "From whole documents",
    "document_cached": "From whole documents, cached",
}


def totals_json(
    rows: Sequence[LedgerRow],
    answers: Sequence[Answer],
    *,
    document_id: str | None = None,
    shadows: Sequence[Shadow] = (),
    notes: NoteUse | None = None,
) -> dict[str, Any]:
    """Return what ``meter --json`` prints, over everything or for one document.

    ``shadows`` are the baselines that were really run, ``notes`` says how many notes were ever used.
    """
    wanted = None if document_id is None else {document_id}
    known = {answer.id: answer for answer in answers}

    def added(chosen: Iterable[LedgerRow]) -> dict[str, Any]:
        return _usage_json(sum_of(part_of(of_row(row), share_of(shares(row, known), wanted)) for row in chosen))

    answer_shares = answer_shares_of(rows, answers)
    concerned = [a for a in answers if a.state != "running" and share_of(answer_shares[a.id], wanted)]
    typed = [answer for answer in concerned if answer.origin == "typed"]
    nets = {name: net(rows, answers, baseline=name, documents=wanted) for name in BASELINES}
    reasons = [reason for answer in typed if (reason := uncredited(answer))]
    concerned_ids = {answer.id for answer in concerned}
    suggested = {name: net((), concerned, baseline=name, documents=wanted, origin="suggested") for name in BASELINES}
    return {
        "document_id": document_id,
        "questions": len(typed),
        "suggested_questions": len(concerned) - len(typed),
        "asked": added(asked(rows)),
        "asleep": added(asleep(rows)),
        "tests": added(row for row in rows if row.purpose == "test"),
        "checks": added(checked(rows)),
        "baselines": {name: _baseline_json(typed, answer_shares, wanted, name) for name in BASELINES},
        "net": {name: _net_json(one, typed) for name, one in nets.items()},
        "break_even_questions": {name: one.break_even_questions for name, one in nets.items()},
        "uncredited": {reason: reasons.count(reason) for reason in sorted(set(reasons))},
        "suggested": {name: _net_json(one, concerned) for name, one in suggested.items()},
        "wasted": None if notes is None else _wasted_json(notes),
        "quality": {
            "prepared": _quality_json(quality.quality(quality.prepared(typed))),
            "all": _quality_json(quality.quality(typed)),
        },
        "estimates": {
            name: _error_json(one)
            for name, one in calibrating.errors(one for one in shadows if one.answer_id in concerned_ids).items()
        },
        "differs_from_litellm": len(differing(rows)),
    }


def _wasted_json(notes: NoteUse) -> dict[str, Any]:
    return {
        "notes": notes.notes,
        "never_used": notes.notes - notes.used,
        "share": notes.wasted_share,
    }


def _quality_json(one: Quality) -> dict[str, Any]:
    return {**asdict(one), "verified_share": one.verified_share, "abstained_share": one.abstained_share}


def _error_json(one: calibrating.Error) -> dict[str, Any]:
    """Return how far estimates were off: shares of what was measured, a positive bias for estimates that were too high."""
    return {
        "runs": one.runs,
        "agreeing": one.agreeing,
        **{
            name: off and {"runs": off.runs, "mean": off.mean, "bias": off.bias}
            for name, off in (
                ("input_tokens", one.input),
                ("output_tokens", one.output),
                ("cost_usd", one.cost),
                ("seconds", one.seconds),
            )
        },
    }


def _usage_json(one: Total) -> dict[str, Any]:
    usage = one.usage()
    return {
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cost_usd": usage.cost_usd,
        "estimated": usage.estimated,
        "calls": round(one.calls),
        "calls_of_unknown_price": math.ceil(one.unknown_calls),
        "estimated_calls": math.ceil(one.estimated_calls),
    }


def _baseline_json(
    answers: Sequence[Answer],
    answer_shares: Mapping[str, Mapping[str | None, Fraction]],
    wanted: set[str] | None,
    name: str,
) -> dict[str, Any]:
    """Return a baseline added up over the answers that have one; of how many questions it speaks is ``questions``."""
    sums = Total()
    questions = measured = 0
    seconds: list[Fraction] = []
    for answer in answers:
        instead = answer.baselines.get(name)
        if instead is None:
            continue
        questions += 1
        measured += instead.measured
        share = share_of(answer_shares[answer.id], wanted)
        if instead.seconds is not None:
            seconds.append(exact(instead.seconds) * share)
        whole = Total(
            calls=Fraction(1),
            input_tokens=Fraction(instead.input_tokens),
            cached_tokens=Fraction(instead.cached_tokens),
            output_tokens=Fraction(instead.output_tokens),
            known_usd=Fraction(0) if instead.cost_usd is None else exact(instead.cost_usd),
            unknown_calls=Fraction(instead.cost_usd is None),
            estimated_calls=Fraction(not instead.measured),
        )
        sums += part_of(whole, share)
    usage = sums.usage()
    unknown = bool(answers) and not questions
    return {
        "questions": questions,
        "input_tokens": None if unknown else usage.input_tokens,
        "cached_tokens": None if unknown else usage.cached_tokens,
        "output_tokens": None if unknown else usage.output_tokens,
        "reasoning_tokens": None if unknown else usage.reasoning_tokens,
        "cost_usd": None if unknown else usage.cost_usd,
        "estimated": usage.estimated,
        "measured_questions": measured,
        "seconds": float(sum(seconds)) if seconds else None,
        "timed_questions": len(seconds),
    }


def _net_json(one: Net, typed: Sequence[Answer]) -> dict[str, Any]:
    unknown = bool(typed) and not one.questions
    return {
        "tokens": None if unknown else round(one.tokens),
        "cost_usd": None if unknown or one.cost_usd is None else float(one.cost_usd),
        "questions": one.questions,
        "seconds": float(one.saved_s) if one.timed else None,
        "timed_questions": one.timed,
    }


def lines(totals: Mapping[str, Any]) -> list[str]:
    """Return ``totals_json``'s object for people to read."""
    asked_for, slept = totals["asked"], totals["asleep"]
    told = [
        f"{phrases.count(totals['questions'], 'question')}: {_tokens(asked_for):,} tokens, {money(asked_for['cost_usd'])}",
        f"Preparing: {_tokens(slept):,} tokens, {money(slept['cost_usd'])}",
    ]
    for name, title in TITLES.items():
        instead, after = totals["baselines"][name], totals["net"][name]
        if not instead["questions"]:
            told.append(f"{title}: not known yet")
            continue
        more = totals["break_even_questions"][name]
        if not slept["calls"]:
            told.append(f"{title}: {_tokens(instead):,} tokens, {money(instead['cost_usd'])}; nothing was prepared")
            continue
        when = f"pays for itself after {phrases.count(more, 'more question')}" if more else "has paid for itself"
        told.append(
            f"{title}: {_tokens(instead):,} tokens, {money(instead['cost_usd'])}; net {after['tokens']:+,} tokens, "
            f"{money(after['cost_usd'])}; {'won’t pay for itself at this rate' if more is None else when}"
        )
        if after["seconds"] is not None:
            how = "sooner" if after["seconds"] >= 0 else "later"
            timed = phrases.count(after["timed_questions"], "timed question")
            told[-1] += f"; {abs(after['seconds']):,.1f} s {how} in {timed}"
    for reason, number in totals["uncredited"].items():
        told.append(f"No saving counted for {number:,}: {reason}")
    return [*told, *_apart(totals), *_quality(totals), *_accuracy(totals)]


def _apart(totals: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is counted, but not in the net."""
    if number := totals["suggested_questions"]:
        one = totals["suggested"]["chunks"]
        saved = f", {one['tokens']:+,} tokens, {money(one['cost_usd'])}" if one["tokens"] is not None else ""
        yield f"Not counted: {phrases.count(number, 'suggested question')}{saved}"
    if totals["checks"]["calls"]:
        yield f"Checking the estimates: {_tokens(totals['checks']):,} tokens, {money(totals['checks']['cost_usd'])}"


def _quality(totals: Mapping[str, Any]) -> Iterator[str]:
    one = totals["quality"]["prepared"]
    if one["answers"]:
        yield (
            f"Of {one['answers']:,} answers from notes: {one['verified_quotes']:,} of {one['quotes']:,} quotes verified, "
            f"{one['abstained']:,} said nothing, thumbs {one['thumbs_up']:,} up and {one['thumbs_down']:,} down"
        )
    wasted = totals["wasted"]
    if wasted is not None and wasted["notes"]:
        yield f"Never used: {wasted['never_used']:,} of {wasted['notes']:,} notes ({wasted['share']:.0%} of their text)"


def _accuracy(totals: Mapping[str, Any]) -> Iterator[str]:
    for name, error in totals["estimates"].items():
        offs = [
            f"{words} {off['mean']:.0%}{_bias(off['bias'])}"
            for field, words in calibrating.WORDS.items()
            if (off := error[field]) is not None
        ]
        yield (
            f"{TITLES[name]}, really run {error['runs']:,} times; estimates were off by: {', '.join(offs)}; "
            f"both answers agree {error['agreeing']:,} times"
        )
    if differing_calls := totals["differs_from_litellm"]:
        yield f"LiteLLM reckons another cost for {differing_calls:,} calls; see the CSV"


def _bias(bias: float) -> str:
    if abs(bias) < 0.005:
        return ""
    return f" (too {'high' if bias > 0 else 'low'} by {abs(bias):.0%})"


def _tokens(usage: Mapping[str, Any]) -> int:
    return usage["input_tokens"] + usage["output_tokens"]
