"""What the meter says on the screen. Pure; a loss is said as plainly as a gain, and what is not known is not said."""

from __future__ import annotations

from fractions import Fraction

from stc.meter.ledger import HEADLINE, Net, exact, money, saving
from stc.words import Answer


def line_under_answer(answer: Answer, preparing: Net | None = None, *, documents: int = 1) -> str:
    """Return the quiet line: what the answer cost, what it would have cost, how far its documents have paid back.

    ``preparing`` is ``ledger.net`` for the documents that the answer concerns, ``documents`` how many they are.
    """
    told = _cost(answer) + _instead(answer)
    return f"{told}. {_preparing(answer, preparing, documents)}".strip() if preparing is not None else f"{told}."


def payback(net: Net) -> str:
    """Return how far preparing has paid for itself, "" where nothing was prepared."""
    if not net.sleep.calls:
        return ""
    balance = net.cost_usd if net.in_money else net.tokens
    if balance is None:
        return "price unknown"
    amount = _amount(abs(balance), net.in_money)
    if balance >= 0:
        return f"paid for itself: {amount} ahead"
    more = net.break_even_questions
    if not net.questions:
        return f"not paid back yet: {amount} to go"
    if more is None:
        return f"not paid back yet: {amount} to go, and it won't at this rate"
    return f"not paid back yet: {amount} to go; pays for itself after {_number(more, 'more question')}"


def _cost(answer: Answer) -> str:
    usage = answer.usage
    tokens = ("about " if usage.estimated else "") + _number(usage.tokens, "token")
    seconds = [] if answer.seconds is None else [f"{answer.seconds:.1f} s"]
    if usage.cost_usd is None:
        return " · ".join([tokens, *seconds, "price unknown"])
    if _in_money(answer):
        return " · ".join([money(usage.cost_usd), tokens, *seconds])
    return " · ".join([tokens, *seconds, "$0"])


def _instead(answer: Answer) -> str:
    instead, one = answer.baselines.get(HEADLINE), saving(answer, HEADLINE)
    if instead is None or one is None:
        return ""
    if not answer.notes_used:
        return "; nothing prepared was used"
    in_money = _in_money(answer) and one.cost_usd is not None
    size = money(instead.cost_usd) if in_money else _number(instead.input_tokens + instead.output_tokens, "token")
    told = f"; without preparation about {size}"
    loss = -one.cost_usd if in_money and one.cost_usd is not None else Fraction(-one.tokens)
    if loss > 0:
        return f"{told}, so this answer took {_amount(loss, in_money)} more"
    return f"{told}, not counted as saved: {one.reason}" if one.reason else told


def _preparing(answer: Answer, net: Net, documents: int) -> str:
    these = "this document" if documents == 1 else f"these {documents} documents"
    if not net.sleep.calls:
        return f"{these.capitalize()} {'is' if documents == 1 else 'are'} not prepared yet."
    spent, saved = net.sleep.cost_usd, net.saved_usd
    in_money = spent is not None and saved is not None and answer.usage.cost_usd is not None
    if in_money and (_in_money(answer) or net.in_money):
        earned = _earned(exact(saved or 0), f"{money(saved)} earned back", in_money=True)
        return f"Preparing {these}: {money(spent)}, {earned}."
    earned = _earned(net.saved_tokens, f"{_tokens(net.saved_tokens)} saved so far", in_money=False)
    return f"Preparing {these} read {_number(round(net.sleep.tokens), 'token')}, {earned}."


def _earned(saved: Fraction, gain: str, *, in_money: bool) -> str:
    if saved > 0:
        return gain
    if saved < 0:
        return f"and answers have taken {_amount(-saved, in_money)} more since"
    return "nothing earned back yet" if in_money else "nothing saved so far"


def _in_money(answer: Answer) -> bool:
    """Whether money was at stake; where all is free, tokens tell the story."""
    instead = answer.baselines.get(HEADLINE)
    return bool(answer.usage.cost_usd) or bool(instead is not None and instead.cost_usd)


def _amount(amount: Fraction, in_money: bool) -> str:
    return money(amount) if in_money else _number(round(amount), "token")


def _tokens(amount: Fraction) -> str:
    return f"{round(amount):,}"


def _number(number: int, one: str) -> str:
    return f"{number:,} {one if number == 1 else one + 's'}"
