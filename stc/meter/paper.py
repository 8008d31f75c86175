"""The cost model of the paper on sleep-time compute (arXiv 2504.13171, figure 9), as a view of the ledger. Pure.

It counts generated tokens only, and a token generated while a person waits costs ``t`` tokens generated while asleep,
t = 10. It is the authors' model, not ours: prompts cost nothing in it, and where output is as long either way preparing can
only lose. It says nothing about money.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from stc import phrases
from stc.meter.ledger import HEADLINE, asleep, break_even_questions, total
from stc.words import Answer, LedgerRow

T = 10
"""What a token generated at test time costs in tokens generated asleep; the paper's value, which it did not measure."""


def view(rows: Sequence[LedgerRow], answers: Sequence[Answer], *, t: int = T) -> dict[str, Any]:
    """Return costs in tokens generated asleep: per typed question with and without preparing, and the break-even.

    Without is the baseline ``chunks``. ``measured``: of how many questions its output was really measured; of the others
    it is an estimate.
    """
    typed = [
        answer
        for answer in answers
        if answer.origin == "typed" and answer.state == "done" and answer.baselines.get(HEADLINE) is not None
    ]
    instead = [baseline for answer in typed if (baseline := answer.baselines[HEADLINE]) is not None]
    slept = total(asleep(rows)).output_tokens
    spent = t * Fraction(sum(answer.usage.output_tokens for answer in typed))
    without = t * Fraction(sum(baseline.output_tokens for baseline in instead))
    number = len(typed)
    more = break_even_questions(without - spent - slept, (without - spent) / number if number else None)
    return {
        "model": "paper",
        "t": t,
        "questions": number,
        "measured": sum(baseline.measured for baseline in instead),
        "asleep_output_tokens": float(slept),
        "per_question": {
            "with": float((spent + slept) / number) if number else None,
            "without": float(without / number) if number else None,
        },
        "net": float(without - spent - slept),
        "break_even_questions": more,
    }


def lines(found: dict[str, Any]) -> list[str]:
    """Return the view for people to read."""
    told = [
        f"The paper's cost model (arXiv 2504.13171): generated tokens only, one while you wait counts as {found['t']} asleep.",
        f"Generated while preparing: {found['asleep_output_tokens']:,.0f} tokens",
    ]
    each = found["per_question"]
    if not found["questions"]:
        return [*told, "No question has been typed yet."]
    more = found["break_even_questions"]
    after = phrases.count(more or 0, "more question")
    when = "won’t pay for itself at this rate" if more is None else f"pays for itself after {after}"
    told += [
        f"Each of {phrases.count(found['questions'], 'question')}: {each['with']:,.0f} with preparing, "
        f"{each['without']:,.0f} without, in tokens generated asleep ({found['measured']:,} measured, the others estimated)",
        "Has paid for itself" if more == 0 else when[0].upper() + when[1:],
    ]
    return told
