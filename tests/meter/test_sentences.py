"""What the meter says: short, whole, and as plain about a loss as about a gain."""

from __future__ import annotations

import dataclasses

import pytest

from stc.meter.ledger import net
from stc.meter.sentences import line_under_answer, payback
from stc.words import Answer, Baseline, LedgerRow, Usage
from tests.meter.answered import answer

PAID = answer(
    Usage(400, output_tokens=12, cost_usd=0.0003), baselines={"chunks": Baseline(1888, 12, 0.0019)}, seconds=1.1
)
FREE = dataclasses.replace(
    PAID,
    usage=Usage(400, output_tokens=12, cost_usd=0.0),
    baselines={"chunks": Baseline(1888, 12, 0.0)},
    seconds=0.42,
)
UNKNOWN = dataclasses.replace(
    PAID,
    usage=Usage(400, output_tokens=12, cost_usd=None),
    baselines={"chunks": Baseline(1888, 12, None)},
)


def slept(tokens: int, usd: float | None) -> LedgerRow:
    return LedgerRow(
        id="r",
        owner="local",
        at=1_795_000_000.0,
        purpose="sleep",
        model="made/up",
        answer_id=None,
        run_id="run",
        document_id="bridge",
        document_shares={},
        raw_usage={},
        usage=Usage(tokens, cost_usd=usd),
        price_revision=None,
        litellm_cost_usd=None,
        tier="standard",
        route="",
        origin="",
        first_token_s=None,
        seconds=1.0,
        error=None,
    )


def after(one: Answer, times: int, tokens: int, usd: float | None):
    answers = [dataclasses.replace(one, id=str(number)) for number in range(times)]
    return net([slept(tokens, usd)], answers, documents=["bridge"])


@pytest.mark.parametrize(
    ("answer", "times", "tokens", "usd", "line"),
    [
        (
            PAID,
            13,
            30_000,
            0.04,
            "$0.0003 · 412 tokens · 1.1 s; without preparation about $0.0019. "
            "Preparing this document: $0.04, $0.02 earned back.",
        ),
        (
            FREE,
            1,
            30_100,
            0.0,
            "412 tokens · 0.4 s · $0; without preparation about 1,900 tokens. "
            "Preparing this document read 30,100 tokens, 1,488 saved so far.",
        ),
        (
            UNKNOWN,
            1,
            30_100,
            None,
            "412 tokens · 1.1 s · price unknown; without preparation about 1,900 tokens. "
            "Preparing this document read 30,100 tokens, 1,488 saved so far.",
        ),
        (
            dataclasses.replace(PAID, usage=Usage(4000, output_tokens=12, cost_usd=0.0025)),
            1,
            30_000,
            0.04,
            "$0.0025 · 4,012 tokens · 1.1 s; without preparation about $0.0019, so this answer took $0.0006 more. "
            "Preparing this document: $0.04, and answers have taken $0.0006 more since.",
        ),
        (
            dataclasses.replace(PAID, usage=Usage(0, cost_usd=0.0), route="reused", seconds=0.05),
            0,
            30_000,
            0.04,
            "$0 · 0 tokens · 0.1 s; without preparation about $0.0019. "
            "Preparing this document: $0.04, nothing earned back yet.",
        ),
        (
            dataclasses.replace(PAID, state="stopped", usage=dataclasses.replace(PAID.usage, estimated=True)),
            1,
            30_000,
            0.04,
            "$0.0003 · about 412 tokens · 1.1 s; without preparation about $0.0019, "
            "not counted as saved: the answer was stopped. Preparing this document: $0.04, nothing earned back yet.",
        ),
        (
            dataclasses.replace(PAID, route="chunks", notes_used=()),
            0,
            30_000,
            0.04,
            "$0.0003 · 412 tokens · 1.1 s; nothing prepared was used. "
            "Preparing this document: $0.04, nothing earned back yet.",
        ),
    ],
)
def test_the_line_under_an_answer(answer, times, tokens, usd, line):
    assert line_under_answer(answer, after(answer, times, tokens, usd)) == line


def test_a_document_that_is_not_prepared_says_so():
    plain = dataclasses.replace(PAID, route="chunks", notes_used=())
    told = line_under_answer(plain, net([], [plain], documents=["bridge"]))
    assert told.endswith("; nothing prepared was used. This document is not prepared yet.")
    assert line_under_answer(plain, net([], []), documents=3).endswith("These 3 documents are not prepared yet.")


def test_without_baselines_the_line_is_only_what_the_answer_cost():
    assert line_under_answer(dataclasses.replace(PAID, baselines={})) == "$0.0003 · 412 tokens · 1.1 s."
    assert line_under_answer(dataclasses.replace(PAID, baselines={}, seconds=None)) == "$0.0003 · 412 tokens."


@pytest.mark.parametrize(
    ("answer", "times", "tokens", "usd", "told"),
    [
        (PAID, 0, 30_000, 0.04, "not paid back yet: $0.04 to go"),
        (PAID, 5, 30_000, 0.038, "not paid back yet: $0.03 to go; pays for itself after 19 more questions"),
        (PAID, 23, 30_000, 0.038, "not paid back yet: $0.0012 to go; pays for itself after 1 more question"),
        (PAID, 100, 30_000, 0.04, "paid for itself: $0.12 ahead"),
        (
            dataclasses.replace(PAID, usage=Usage(5000, cost_usd=0.0025)),
            5,
            30_000,
            0.04,
            "not paid back yet: $0.04 to go, and it won't at this rate",
        ),
        (FREE, 1, 3000, 0.0, "not paid back yet: 1,512 tokens to go; pays for itself after 2 more questions"),
        (FREE, 3, 3000, 0.0, "paid for itself: 1,464 tokens ahead"),
        (UNKNOWN, 1, 3000, 0.04, "not paid back yet: 1,512 tokens to go; pays for itself after 2 more questions"),
    ],
)
def test_how_far_preparing_has_paid_for_itself(answer, times, tokens, usd, told):
    assert payback(after(answer, times, tokens, usd)) == told


def test_nothing_prepared_has_nothing_to_pay_back():
    assert payback(net([], [PAID])) == ""
