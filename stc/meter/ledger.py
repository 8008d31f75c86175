"""The ledger added up: what asking and preparing cost, what preparing saved, and when it has paid for itself. Pure.

Inside, every sum is an exact fraction, so that sums by document, day, model or route agree to the last digit whatever
the order. Unknown money is ``None`` and makes every sum that contains it unknown; it never becomes 0.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from typing import Any

from stc.meter.prices import OWN_REVISION
from stc.words import BASELINES, Answer, LedgerRow, Usage

HEADLINE = "chunks"
"""The baseline that stands under each answer: our own best retrieval without notes."""

IN_FLIGHT = "in flight: until the reply is here, the most that it can cost is counted"
"""Stands as the error of a call that was sent and has not come back; it stays where the process was killed meanwhile."""

CUT = "the answer was cut"
"""An answer whose reasons hold one that begins like this was cut short, and earns no credit."""

GIVEN = "its notes came with the sample"
"""An answer whose reasons hold this was made from notes that nobody paid for here: what they spare is no saving."""

BROUGHT = "its notes were imported"
"""The same of notes that were paid for elsewhere."""

TRUNCATED = "the model's server read only a part of what it was sent"
"""The same of a prompt that a server cut without a word."""

INSTEAD = "you asked the document instead"
"""The same of an answer that was not enough: the question was answered again without anything prepared."""


@dataclass(frozen=True, slots=True)
class Total:
    """A sum over calls. A call that several documents share counts in parts, so all counts are fractions."""

    calls: Fraction = Fraction(0)
    input_tokens: Fraction = Fraction(0)
    cached_tokens: Fraction = Fraction(0)
    cache_write_tokens: Fraction = Fraction(0)
    output_tokens: Fraction = Fraction(0)
    reasoning_tokens: Fraction = Fraction(0)
    known_usd: Fraction = Fraction(0)
    unknown_calls: Fraction = Fraction(0)
    """Calls whose price is unknown."""
    estimated_calls: Fraction = Fraction(0)

    def __add__(self, other: Total) -> Total:
        return Total(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def tokens(self) -> Fraction:
        return self.input_tokens + self.output_tokens

    @property
    def cost_usd(self) -> Fraction | None:
        return None if self.unknown_calls else self.known_usd

    def usage(self) -> Usage:
        """Return the sum as usage, rounded to whole tokens."""
        return Usage(
            round(self.input_tokens),
            round(self.cached_tokens),
            round(self.cache_write_tokens),
            round(self.output_tokens),
            round(self.reasoning_tokens),
            None if self.cost_usd is None else float(self.cost_usd),
            bool(self.estimated_calls),
        )


@dataclass(frozen=True, slots=True)
class Saving:
    """What one answer saved against one baseline; negative is a loss. ``reason`` says why a saving is not credited."""

    tokens: int
    cost_usd: Fraction | None
    reason: str = ""
    seconds: Fraction | None = None
    """How much sooner it was there; ``None`` where it was not measured how long the call not made takes."""


@dataclass(frozen=True, slots=True)
class Net:
    """Savings against one baseline, and what preparing cost. Both start at 0, so the net starts in the red."""

    baseline: str
    questions: int = 0
    """Typed questions that were answered beside this baseline."""
    uncredited: int = 0
    saved_tokens: Fraction = Fraction(0)
    saved_usd: Fraction | None = Fraction(0)
    sleep: Total = Total()
    timed: int = 0
    """Questions of which it is known how long they took and would have taken."""
    saved_s: Fraction = Fraction(0)
    """Seconds that those were answered sooner; negative: later."""

    @property
    def tokens(self) -> Fraction:
        return self.saved_tokens - self.sleep.tokens

    @property
    def cost_usd(self) -> Fraction | None:
        if self.saved_usd is None or self.sleep.cost_usd is None:
            return None
        return self.saved_usd - self.sleep.cost_usd

    @property
    def in_money(self) -> bool:
        """Whether money tells the story: it is known and some was spent or saved. Else tokens do."""
        return self.cost_usd is not None and bool(self.saved_usd or self.sleep.cost_usd)

    @property
    def break_even_questions(self) -> int | None:
        """How many more questions like those so far pay for the preparing; ``None``: they won't, or none was asked."""
        net, saved = (self.cost_usd, self.saved_usd) if self.in_money else (self.tokens, self.saved_tokens)
        if net is None or saved is None:
            return None
        return break_even_questions(net, saved / self.questions if self.questions else None)


def break_even_questions(net: Fraction | float, mean_saving: Fraction | float | None) -> int | None:
    """Return how many more questions bring ``net`` up to 0: 0 where it is there, ``None`` where they never will."""
    if net >= 0:
        return 0
    if mean_saving is None or mean_saving <= 0:
        return None
    return math.ceil(-exact(net) / exact(mean_saving))


def exact(value: Fraction | float) -> Fraction:
    """Return the number as it is written: 0.1 is one tenth."""
    return value if isinstance(value, Fraction) else _written(repr(value))


@lru_cache(maxsize=65_536)
def _written(number: str) -> Fraction:
    """Sums over all answers are made again and again, of the same costs."""
    return Fraction(Decimal(number))


# Sums over calls


def total(rows: Iterable[LedgerRow]) -> Total:
    return sum_of(of_row(row) for row in rows)


def asked(rows: Iterable[LedgerRow]) -> list[LedgerRow]:
    return [row for row in rows if row.purpose == "chat"]


def asleep(rows: Iterable[LedgerRow]) -> list[LedgerRow]:
    return [row for row in rows if row.purpose == "sleep"]


def checked(rows: Iterable[LedgerRow]) -> list[LedgerRow]:
    """Return the calls of baselines that were really run: they are charged to the meter, not to preparing."""
    return [row for row in rows if row.purpose == "check"]


def by_document(rows: Iterable[LedgerRow], answers: Iterable[Answer] = ()) -> dict[str | None, Total]:
    """Return a total per document; calls that belong to none stand under ``None``."""
    known = {answer.id: answer for answer in answers}
    sums: dict[str | None, Total] = {}
    for row in rows:
        whole = of_row(row)
        for document_id, share in shares(row, known).items():
            sums[document_id] = sums.get(document_id, Total()) + part_of(whole, share)
    return sums


def by_model(rows: Iterable[LedgerRow]) -> dict[str, Total]:
    return _grouped(rows, lambda row: row.model)


def by_route(rows: Iterable[LedgerRow]) -> dict[str, Total]:
    return _grouped(rows, lambda row: row.route)


def day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def shares(row: LedgerRow, answers: Mapping[str, Answer]) -> dict[str | None, Fraction]:
    """Return the part of a call that each document bears; the parts make 1. ``None`` stands for no document."""
    given = {document_id: exact(weight) for document_id, weight in row.document_shares.items() if weight > 0}
    if given:
        return {document_id: weight / sum(given.values()) for document_id, weight in given.items()}
    if row.document_id is not None:
        return {row.document_id: Fraction(1)}
    answer = answers.get(row.answer_id) if row.answer_id else None
    return _answer_shares(answer) if answer is not None else {None: Fraction(1)}


def _answer_shares(answer: Answer) -> dict[str | None, Fraction]:
    documents = [citation.document_id for citation in answer.citations] or (
        list(answer.scope) if len(answer.scope) == 1 else []
    )
    if not documents:
        return {None: Fraction(1)}
    return {
        document_id: Fraction(documents.count(document_id), len(documents)) for document_id in dict.fromkeys(documents)
    }


def of_row(row: LedgerRow) -> Total:
    """Return one call as a sum."""
    usage = row.usage
    return Total(
        Fraction(1),
        Fraction(usage.input_tokens),
        Fraction(usage.cached_tokens),
        Fraction(usage.cache_write_tokens),
        Fraction(usage.output_tokens),
        Fraction(usage.reasoning_tokens),
        Fraction(0) if usage.cost_usd is None else exact(usage.cost_usd),
        Fraction(usage.cost_usd is None),
        Fraction(usage.estimated),
    )


def part_of(whole: Total, share: Fraction) -> Total:
    """Return a share (0 to 1) of a sum."""
    if share == 1:
        return whole
    return Total(*(getattr(whole, name) * share for name in whole.__slots__))


def sum_of(totals: Iterable[Total]) -> Total:
    return sum(totals, Total())


def _grouped(rows: Iterable[LedgerRow], key: Callable[[LedgerRow], str]) -> dict[str, Total]:
    sums: dict[str, Total] = {}
    for row in rows:
        sums[key(row)] = sums.get(key(row), Total()) + of_row(row)
    return sums


# Savings


def uncredited(answer: Answer) -> str:
    """Return why no saving is counted for an answer, "" where one is."""
    if answer.state == "failed" or answer.error is not None:
        return "the answer failed"
    if answer.state == "stopped":
        return "the answer was stopped"
    if any(reason.startswith(CUT) for reason in answer.reasons):
        return CUT
    if TRUNCATED in answer.reasons:
        return TRUNCATED
    if answer.usage.estimated:
        return "the model's server did not say what it read"
    if answer.abstained:
        return "nothing was answered"
    if not any(citation.verified for citation in answer.citations):
        return "no quote supports the answer"
    for reason in (INSTEAD, GIVEN, BROUGHT):
        if reason in answer.reasons:
            return reason
    if answer.rating < 0:
        return "you marked the answer as wrong"
    return ""


def saving(answer: Answer, baseline: str) -> Saving | None:
    """Return what an answer saved, ``None`` where its baseline is not known. A loss counts also without credit.

    Where the document was asked instead, the call not made was made after all: all that the answer cost is lost.
    """
    instead = answer.baselines.get(baseline)
    if instead is None or answer.state == "running":
        return None
    if INSTEAD in answer.reasons:
        spent = answer.usage.cost_usd
        lost_s = None if answer.seconds is None else -exact(answer.seconds)
        return Saving(-answer.usage.tokens, None if spent is None else -exact(spent), uncredited(answer), lost_s)
    tokens = instead.input_tokens + instead.output_tokens - answer.usage.tokens
    money = None
    if instead.cost_usd is not None and answer.usage.cost_usd is not None:
        money = exact(instead.cost_usd) - exact(answer.usage.cost_usd)
    seconds = None
    if instead.seconds is not None and answer.seconds is not None:
        seconds = exact(instead.seconds) - exact(answer.seconds)
    reason = uncredited(answer)
    if reason:
        return Saving(min(tokens, 0), _loss(money), reason, _loss(seconds))
    return Saving(tokens, money, "", seconds)


def _loss(saved: Fraction | None) -> Fraction | None:
    return None if saved is None else min(saved, Fraction(0))


def differing(rows: Iterable[LedgerRow]) -> list[LedgerRow]:
    """Return the calls for which LiteLLM reckons another cost than we do; where either is unknown there is no telling.

    A price that a person entered is meant to be another one.
    """
    return [
        row
        for row in rows
        if row.usage.cost_usd is not None
        and row.litellm_cost_usd is not None
        and not (row.price_revision or "").startswith(OWN_REVISION)
        and not math.isclose(row.usage.cost_usd, row.litellm_cost_usd, rel_tol=1e-6, abs_tol=1e-9)
    ]


def saved_by_note(answers: Iterable[Answer], *, baseline: str = HEADLINE) -> dict[str, Fraction]:
    """Return the tokens that each note saved, by its id; negative is a loss.

    An answer's saving is shared equally among the notes that it was made from. A note is left out where nothing is known:
    no typed question used it, or none whose baseline is known, or it was not paid for here.
    """
    saved: dict[str, Fraction] = {}
    for answer in answers:
        one = saving(answer, baseline)
        if one is None or answer.origin != "typed" or one.reason in (GIVEN, BROUGHT):
            continue
        for note_id in answer.notes_used:
            saved[note_id] = saved.get(note_id, Fraction(0)) + Fraction(one.tokens, len(answer.notes_used))
    return saved


def net(
    rows: Sequence[LedgerRow],
    answers: Sequence[Answer],
    *,
    baseline: str = HEADLINE,
    documents: Iterable[str] | None = None,
    origin: str = "typed",
) -> Net:
    """Return savings minus preparing, over all documents or those given. Answers of the other origin don't count."""
    wanted = None if documents is None else frozenset(documents)
    answer_shares = answer_shares_of(rows, answers)
    running = Running()
    for answer in answers:
        one = saving(answer, baseline)
        if one is not None and answer.origin == origin:
            running = running.with_saving(one, share_of(answer_shares[answer.id], wanted))
    known = {answer.id: answer for answer in answers}
    for row in asleep(rows):
        running = running.with_slept(of_row(row), share_of(shares(row, known), wanted))
    return running.net(baseline)


@dataclass(frozen=True, slots=True)
class Running:
    """A net while it is added up."""

    questions: int = 0
    uncredited: int = 0
    tokens: Fraction = Fraction(0)
    known_usd: Fraction = Fraction(0)
    unpriced: int = 0
    """Savings that are not known in money."""
    slept: Total = Total()
    timed: int = 0
    seconds: Fraction = Fraction(0)

    def with_saving(self, one: Saving, share: Fraction, times: int = 1) -> Running:
        """Return the sum with this share (0 to 1) of a saving; ``times`` -1 takes off what was added before."""
        if not share:
            return self
        part = share * times
        return Running(
            self.questions + times,
            self.uncredited + bool(one.reason) * times,
            self.tokens + one.tokens * part,
            self.known_usd + (one.cost_usd or 0) * part,
            self.unpriced + (one.cost_usd is None) * times,
            self.slept,
            self.timed + (one.seconds is not None) * times,
            self.seconds + (one.seconds or 0) * part,
        )

    def with_slept(self, whole: Total, share: Fraction) -> Running:
        """Return the sum with this share of a call of preparing; a share below 0 takes off what was added before."""
        return replace(self, slept=self.slept + part_of(whole, share)) if share else self

    def net(self, baseline: str) -> Net:
        usd = None if self.unpriced else self.known_usd
        return Net(baseline, self.questions, self.uncredited, self.tokens, usd, self.slept, self.timed, self.seconds)


def answer_shares_of(rows: Iterable[LedgerRow], answers: Sequence[Answer]) -> dict[str, dict[str | None, Fraction]]:
    """Return the documents that each answer concerns: as its calls say, else as its citations do."""
    known = {answer.id: answer for answer in answers}
    found = {answer.id: _answer_shares(answer) for answer in answers}
    for row in rows:
        if row.purpose == "chat" and row.answer_id in known and (row.document_shares or row.document_id):
            found[row.answer_id] = shares(row, known)
    return found


def share_of(parts: Mapping[str | None, Fraction], wanted: Set[str] | None) -> Fraction:
    """Return the share of the documents ``wanted`` together; ``None`` stands for all."""
    if wanted is None:
        return Fraction(1)
    return sum((part for document_id, part in parts.items() if document_id in wanted), Fraction(0))


# Output


_DIGITS = 100
"""More than the difference of two floats has."""

COLUMNS = (
    "kind",
    "id",
    "at",
    "purpose",
    "model",
    "answer_id",
    "run_id",
    "documents",
    "tier",
    "route",
    "origin",
    "state",
    "input_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_usd",
    "litellm_cost_usd",
    "price_revision",
    "estimated",
    "first_token_s",
    "seconds",
    *(
        f"{name}_{field}"
        for name in BASELINES
        for field in (
            "input_tokens",
            "cached_tokens",
            "output_tokens",
            "cost_usd",
            "seconds",
            "measured",
            "saved_tokens",
            "saved_usd",
            "saved_seconds",
        )
    ),
    "rating",
    "quotes",
    "verified_quotes",
    "notes_used",
    "no_credit_because",
    "error",
    "price",
    "raw_usage",
)


def csv_rows(rows: Sequence[LedgerRow], answers: Sequence[Answer] = ()) -> Iterator[list[str]]:
    """Yield the header, then a line per call, then a line per answer with its baselines and what was credited.

    Calls and answers are apart so that nothing is added twice: preparing is the sum over calls of purpose sleep,
    savings the sum of ``…_saved_…`` over answers of origin typed. Unknown is an empty field.
    """
    yield list(COLUMNS)
    known = {answer.id: answer for answer in answers}
    for row in rows:
        usage = row.usage
        yield _line(
            kind="call",
            id=row.id,
            at=datetime.fromtimestamp(row.at, UTC).isoformat(),
            purpose=row.purpose,
            model=row.model,
            answer_id=row.answer_id,
            run_id=row.run_id,
            documents=_documents(shares(row, known)),
            tier=row.tier,
            route=row.route,
            origin=row.origin,
            input_tokens=usage.input_tokens,
            cached_tokens=usage.cached_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            cache_write_1h_tokens=usage.cache_write_1h_tokens,
            output_tokens=usage.output_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            cost_usd=usage.cost_usd,
            litellm_cost_usd=row.litellm_cost_usd,
            price_revision=row.price_revision,
            estimated=usage.estimated,
            first_token_s=row.first_token_s,
            seconds=row.seconds,
            error=row.error,
            price=json.dumps(row.price) if row.price else None,
            raw_usage=json.dumps(row.raw_usage) if row.raw_usage else None,
        )
    answer_shares = answer_shares_of(rows, answers)
    for answer in answers:
        fields: dict[str, Any] = {}
        for name in BASELINES:
            instead, one = answer.baselines.get(name), saving(answer, name)
            if instead is not None:
                fields[f"{name}_input_tokens"] = instead.input_tokens
                fields[f"{name}_cached_tokens"] = instead.cached_tokens
                fields[f"{name}_output_tokens"] = instead.output_tokens
                fields[f"{name}_cost_usd"] = instead.cost_usd
                fields[f"{name}_seconds"] = instead.seconds
                fields[f"{name}_measured"] = instead.measured
            if one is not None:
                fields[f"{name}_saved_tokens"] = one.tokens
                fields[f"{name}_saved_usd"] = one.cost_usd
                fields[f"{name}_saved_seconds"] = one.seconds
        usage = answer.usage
        yield _line(
            kind="answer",
            id=answer.id,
            at=datetime.fromtimestamp(answer.asked_at, UTC).isoformat(),
            model=answer.model,
            answer_id=answer.id,
            documents=_documents(answer_shares[answer.id]),
            route=answer.route,
            origin=answer.origin,
            state=answer.state,
            input_tokens=usage.input_tokens,
            cached_tokens=usage.cached_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            cache_write_1h_tokens=usage.cache_write_1h_tokens,
            output_tokens=usage.output_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            cost_usd=usage.cost_usd,
            estimated=usage.estimated,
            first_token_s=answer.first_token_s,
            seconds=answer.seconds,
            rating=answer.rating,
            quotes=len(answer.citations),
            verified_quotes=sum(citation.verified for citation in answer.citations),
            notes_used=" ".join(answer.notes_used),
            no_credit_because=uncredited(answer),
            error=answer.error,
            **fields,
        )


def _documents(parts: Mapping[str | None, Fraction]) -> str:
    return " ".join(f"{document_id}:{part}" for document_id, part in parts.items() if document_id is not None)


def _line(**fields: Any) -> list[str]:
    return [_cell(fields.get(name)) for name in COLUMNS]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    if isinstance(value, Fraction):  # differences of decimal numbers, so it ends
        with localcontext(prec=_DIGITS):
            return format(Decimal(value.numerator) / Decimal(value.denominator), "f")
    text = str(value)
    # A spreadsheet would run a text that begins like a formula.
    return f"'{text}" if isinstance(value, str) and text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def money(usd: Fraction | float | None) -> str:
    """Return dollars with as many digits as say something: "$0", "$0.0003", "$0.04", "price unknown"."""
    if usd is None:
        return "price unknown"
    amount = abs(float(usd))
    sign = "−" if usd < 0 else ""
    if amount == 0:
        return "$0"
    if amount < 0.0001:
        return "−$0.0001" if sign else "under $0.0001"
    return f"{sign}${amount:,.2f}" if amount >= 0.00995 else f"{sign}${amount:.4f}"
