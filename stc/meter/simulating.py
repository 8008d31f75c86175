"""What preparing will cost and when it will pay for itself, before anything is spent. Pure.

The same arithmetic prices the steps that the planner weighs and the sum that a person is asked to agree to.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from stc.meter.ledger import HEADLINE, exact, money
from stc.meter.prices import Price, cost
from stc.words import BASELINES, Usage

PREPARED = "notes"
"""The route that preparing pays for; the others are the calls not made."""

TITLES = {
    "notes": "From prepared notes",
    "chunks": "From passages, without preparation",
    "document": "From the whole document",
    "document_cached": "From the whole document, cached by the provider",
}


@dataclass(frozen=True, slots=True)
class Assumed:
    """What is taken for granted. The defaults are those of a document of 50 pages and a question of one sentence.

    ``sleep_output_tokens`` are written once; the document is read ``reads`` times for it. Of all questions a share of
    ``answered`` (0 to 1) is answered from notes, the others cost what passages cost. ``cached_share`` of the document's
    tokens are read from the provider's cache where it is warm; ``frame_tokens`` are the instructions and the question.
    """

    document_tokens: int = 20_000
    sleep_output_tokens: int = 4_000
    reads: float = 1.0
    notes_input_tokens: int = 800
    notes_output_tokens: int = 150
    chunks_input_tokens: int = 2_500
    chunks_output_tokens: int = 250
    frame_tokens: int = 200
    document_output_tokens: int = 250
    cached_share: float = 1.0
    answered: float = 1.0
    context_window: int | None = None


HERE = Assumed(
    notes_input_tokens=740,
    notes_output_tokens=200,
    chunks_input_tokens=1_340,
    chunks_output_tokens=200,
    frame_tokens=340,
    document_output_tokens=200,
)
"""A question as this program asks it at normal effort: instructions and question of about 340 tokens, 400 tokens of notes or
1,000 of passages. Answers are taken to be equally long, as the meter takes them to be until shadow runs have measured it."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """``sleep`` is spent once, ``per_question`` each time; ``None`` stands for a baseline that can't be had."""

    assumed: Assumed
    sleep: Usage
    per_question: dict[str, Usage | None]
    answered: Fraction

    @property
    def in_money(self) -> bool:
        """Whether money is at stake; where all is free, tokens tell the story."""
        return any(usage is not None and usage.cost_usd != 0 for usage in (self.sleep, *self.per_question.values()))

    def saving(self, baseline: str, *, in_money: bool) -> Fraction | None:
        """Return what one question saves against a baseline, on the average over all questions; negative is a loss."""
        values = [_value(self.per_question[name], in_money) for name in (PREPARED, "chunks", baseline)]
        notes, chunks, instead = values
        if notes is None or chunks is None or instead is None:
            return None
        return instead - (self.answered * notes + (1 - self.answered) * chunks)

    def break_even(self, baseline: str) -> Fraction | None:
        """Return after how many questions preparing has paid for itself, ``None`` where it never does or is unknown."""
        spent, saved = _value(self.sleep, self.in_money), self.saving(baseline, in_money=self.in_money)
        if spent is None or saved is None or saved <= 0:
            return None
        return spent / saved

    def net(self, baseline: str, questions: int) -> Fraction | None:
        """Return what is won after so many questions, in dollars (tokens where all is free); negative is a loss."""
        spent, saved = _value(self.sleep, self.in_money), self.saving(baseline, in_money=self.in_money)
        return None if spent is None or saved is None else questions * saved - spent


def preparing(sent_tokens: int, asked_tokens: int, price: Price | None) -> Usage:
    """Return what a step of preparing needs at most that sends so many tokens and asks for so many."""
    usage = Usage(input_tokens=sent_tokens, output_tokens=asked_tokens)
    return replace(usage, cost_usd=cost(usage, price), estimated=True)


def simulate(assumed: Assumed, chat: Price | None, sleep: Price | None) -> Simulation:
    """Return costs and break-even under these assumptions; a price that is ``None`` leaves the money unknown."""
    window = assumed.context_window
    room = None if window is None else max(0, window - assumed.frame_tokens - assumed.document_output_tokens)
    text = assumed.document_tokens if room is None else min(room, assumed.document_tokens)
    whole = Usage(text + assumed.frame_tokens, output_tokens=assumed.document_output_tokens)
    cached = None
    if chat is not None and (chat.free or chat.has_cache):
        cached = replace(whole, cached_tokens=round(text * exact(assumed.cached_share)))
    asked: dict[str, Usage | None] = {
        PREPARED: Usage(assumed.notes_input_tokens, output_tokens=assumed.notes_output_tokens),
        "chunks": Usage(assumed.chunks_input_tokens, output_tokens=assumed.chunks_output_tokens),
        "document": whole,
        "document_cached": cached,
    }
    return Simulation(
        assumed,
        preparing(round(assumed.document_tokens * exact(assumed.reads)), assumed.sleep_output_tokens, sleep),
        {name: usage and replace(usage, cost_usd=cost(usage, chat)) for name, usage in asked.items()},
        exact(assumed.answered),
    )


def questions_to_repay(usd: float | None, chat: Price | None, *, baseline: str = HEADLINE) -> Fraction | None:
    """Return after how many questions, asked as ``HERE``, so much money is repaid; ``None``: never, or not known."""
    saved = simulate(HERE, chat, chat).saving(baseline, in_money=True)
    return None if usd is None or saved is None or saved <= 0 else exact(usd) / saved


def shown(questions: Fraction | None) -> str:
    """Return a number of questions in as many digits as an estimate has: "0.9", "2.1", "14", "260"; "never"."""
    if questions is None:
        return "never"
    if questions < 3:
        return f"{float(questions):.1f}"
    rounded = round(questions) if questions < 100 else round(questions, 2 - len(str(int(questions))))
    return f"{int(rounded):,}"


def simulation_json(found: Simulation, *, model: str, sleep_model: str, questions: int) -> dict[str, Any]:
    """Return what ``meter simulate --json`` prints."""

    def number(value: Fraction | None) -> float | None:
        return None if value is None else float(value)

    return {
        "model": model,
        "sleep_model": sleep_model,
        "sleep_cost_usd": found.sleep.cost_usd,
        "sleep_tokens": found.sleep.tokens,
        "per_question_usd": {name: usage and usage.cost_usd for name, usage in found.per_question.items()},
        "per_question_tokens": {name: usage and usage.tokens for name, usage in found.per_question.items()},
        "counted_in": "usd" if found.in_money else "tokens",
        "break_even_questions": {name: number(found.break_even(name)) for name in BASELINES},
        "questions": questions,
        "net": {name: number(found.net(name, questions)) for name in BASELINES},
        "assumed": dataclasses.asdict(found.assumed),
    }


def lines(found: Simulation, *, model: str, sleep_model: str, questions: int) -> Iterator[str]:
    """Yield the same for people: a table of break-even against each baseline."""
    yield f"Preparing with {sleep_model}: about {found.sleep.tokens:,} tokens, {money(found.sleep.cost_usd)}"
    yield f"Answering with {model}:"
    yield f"  {'':<48}{'each question':>22}{'pays for itself after':>24}{f'net after {questions:,}':>20}"
    for name, usage in found.per_question.items():
        if usage is None:
            yield f"  {TITLES[name]:<48}{'not known':>22}"
            continue
        each = f"{usage.tokens:,} tokens, {money(usage.cost_usd)}"
        if name == PREPARED:
            yield f"  {TITLES[name]:<48}{each:>22}"
            continue
        after = found.net(name, questions)
        yield f"  {TITLES[name]:<48}{each:>22}{_after(found, name):>24}{_won(after, in_money=found.in_money):>20}"
    assumed = found.assumed
    yield (
        f"Assumed: a document of {assumed.document_tokens:,} tokens, read {assumed.reads:g} times for preparing; "
        f"{assumed.notes_input_tokens:,} tokens sent with notes, {assumed.chunks_input_tokens:,} with passages; notes answer "
        f"{assumed.answered:.0%} of the questions. The options change it: python -m stc meter simulate --help"
    )


def _after(found: Simulation, name: str) -> str:
    if found.saving(name, in_money=found.in_money) is None or _value(found.sleep, found.in_money) is None:
        return "not known"
    more = shown(found.break_even(name))
    return more if more == "never" else f"{more} {'question' if more == '1' else 'questions'}"


def _won(value: Fraction | None, *, in_money: bool) -> str:
    if value is None:
        return "not known"
    return money(value) if in_money else f"{'−' if value < 0 else ''}{abs(round(value)):,} tokens"


def _value(usage: Usage | None, in_money: bool) -> Fraction | None:
    if usage is None:
        return None
    if not in_money:
        return Fraction(usage.tokens)
    return None if usage.cost_usd is None else exact(usage.cost_usd)
