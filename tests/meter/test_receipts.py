"""Receipts from which a sceptic reckons everything again, and views of the same ledger that are named as such."""

from __future__ import annotations

import dataclasses
import json

import pytest

from stc.meter import as_if, baselines, paper, receipts
from stc.meter.ledger import net
from stc.meter.prices import cost, from_facts, per_million
from stc.words import EXTRACTIVE, Baseline, Citation, Shadow, Usage
from tests.meter.test_ledger import CHEAP, SLEPT, answer, row

PRICE = per_million(1.0, 4.0, 0.1)
COUNTS = {
    "sent_tokens": 500,
    "chunks_tokens": 2000,
    "frame_tokens": 300,
    "document_tokens": [10_000, 7_000],
    "output_tokens": 100,
    "context_window": 16_000,
    "warm": True,
}


def counted_answer(**changes):
    usage = Usage(600, output_tokens=100, cost_usd=0.001)
    counted = baselines.counted_facts(price=PRICE, habits={"chunks": baselines.Habit(1.5, 2.0, 4)}, **COUNTS)
    one = answer(usage, baselines=baselines.reckon(usage, counted), counted=counted, seconds=1.0)
    return dataclasses.replace(one, **changes)


def test_a_receipt_read_back_from_json_gives_the_same_costs_baselines_and_savings():
    call = row(Usage(600, output_tokens=100, cost_usd=0.001), answer_id="a", price=PRICE.facts(), raw_usage={"x": 1})
    other = row(CHEAP, id="other", answer_id="b")
    told = json.loads(json.dumps(receipts.receipt(counted_answer(), [call, other, SLEPT]), allow_nan=False))
    (found,) = told["calls"]
    assert found["raw_usage"] == {"x": 1}
    usage = Usage(**found["usage"])
    assert cost(dataclasses.replace(usage, cost_usd=None), from_facts(found["price"])) == found["usage"]["cost_usd"]
    again = baselines.reckon(Usage(**told["usage"]), told["counted"])
    assert {name: one and dataclasses.asdict(one) for name, one in again.items()} == told["baselines"]
    chunks = told["baselines"]["chunks"]
    assert (chunks["input_tokens"], chunks["output_tokens"], chunks["seconds"]) == (2400, 150, 2.0)
    assert told["saved"]["chunks"] == {
        "tokens": chunks["input_tokens"] + chunks["output_tokens"] - 700,
        "cost_usd": pytest.approx(chunks["cost_usd"] - 0.001),
        "seconds": 1.0,
        "no_credit_because": None,
    }
    assert "1 of 2 documents fit" in told["baselines"]["document"]["note"]
    assert set(told["formulas"]) >= {"cost", "chunks", "document", "document_cached", "saved"}


def test_a_receipt_says_what_is_not_known_and_what_was_checked():
    unknown = counted_answer(baselines={}, rating=-1, citations=(Citation(1, "d", "D", 1, "q", False),))
    shadow = Shadow(
        "a", "local", "chunks", "m", "medium", 1.0, "done", Baseline(1, 1, None), differs={"numbers": ["7"]}
    )
    told = receipts.receipt(unknown, [], shadow)
    assert told["baselines"]["chunks"] is None
    assert told["saved"]["chunks"] is None
    assert told["no_credit_because"] == "no quote supports the answer"
    assert (told["check"]["agrees"], told["check"]["differs"]) == (False, {"numbers": ["7"]})
    json.dumps(told, allow_nan=False)


def test_the_formulas_are_told_in_words_with_their_numbers():
    assert receipts.in_words(counted_answer()) == [
        "This answer: 600 tokens read at $1 a million + 100 tokens written at $4 a million (given)",
        "From passages: its prompt has 2,000 tokens by our count; the provider counted 600 where we counted 500, "
        "so it would have counted 2,400",
        "Its answer is taken to be 1.50 times as long as this one, as in 4 real runs",
    ]
    assert receipts.in_words(answer(CHEAP))[-1].endswith("it was never run")


def test_the_papers_cost_model_counts_generated_tokens_only():
    measured = Baseline(2000, 300, 0.003, measured=True)
    answers = [answer(CHEAP, id=str(number), baselines={"chunks": measured}) for number in range(3)]
    found = paper.view([SLEPT], [*answers, answer(CHEAP, id="s", origin="suggested")])
    assert (found["t"], found["questions"], found["measured"]) == (10, 3, 3)
    assert found["per_question"] == {"with": (3 * 10 * 100 + 3000) / 3, "without": 3000.0}
    assert found["net"] == 3 * 10 * 200 - 3000
    assert found["break_even_questions"] == 0
    assert paper.view([SLEPT], answers[:1])["break_even_questions"] == 1
    assert paper.view([SLEPT], [answer(CHEAP)])["break_even_questions"] is None, "as long either way: it can only lose"
    assert paper.view([], [])["per_question"] == {"with": None, "without": None}
    assert "paper's cost model" in paper.lines(found)[0]


def test_without_a_model_a_reference_price_shows_what_it_would_be():
    paid = answer(CHEAP, model="made/up")
    read = row(Usage(10_000, output_tokens=1000, cost_usd=0.0), purpose="sleep", model=EXTRACTIVE)
    quoted = answer(
        Usage(500, output_tokens=50, cost_usd=0.0), model=EXTRACTIVE, baselines={"chunks": Baseline(2000, 50, 0.0)}
    )
    rows, answers = as_if.rows([read, SLEPT], PRICE), as_if.answers([quoted, paid], PRICE)
    assert rows[0].usage.cost_usd == pytest.approx(0.014)
    assert rows[0].price_revision == "as if given"
    assert rows[1] == SLEPT
    assert answers[1] == paid
    assert net(rows[:1], answers[:1]).cost_usd == pytest.approx(0.0015 - 0.014)
    no_cache = per_million(1, 4)
    cached = dataclasses.replace(quoted, baselines={"document_cached": Baseline(900, 50, 0.0)})
    assert as_if.answers([cached], no_cache)[0].baselines["document_cached"] is None
