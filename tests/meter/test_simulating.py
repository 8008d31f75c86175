"""What preparing costs and when it pays for itself, reckoned before anything is spent."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stc.chat.context import CONTEXT_TOKENS
from stc.meter import prices
from stc.meter.prices import Price
from stc.meter.simulating import HERE, Assumed, lines, preparing, questions_to_repay, shown, simulate, simulation_json

FREE = Price("local", "standard", "now", ())
PUBLISHED = Assumed(
    document_tokens=20_000,
    notes_input_tokens=800,
    notes_output_tokens=150,
    chunks_input_tokens=2_500,
    chunks_output_tokens=250,
    frame_tokens=200,
    document_output_tokens=250,
    cached_share=1.0,
)


@pytest.mark.parametrize(
    ("usd", "cached", "sleep_output", "sleep_share", "expected"),
    [
        ((0.10, 0.50), 0.10, 3_000, 0.5, ("8", "0.9", "9")),
        ((0.10, 0.50), 0.10, 8_000, 0.5, ("14", "1.5", "16")),
        ((2.00, 10.0), 0.05, 8_000, 0.5, ("14", "1.5", "33")),
        ((0.30, 2.50), 0.10, 8_000, 0.5, ("17", "2.1", "19")),
        ((0.30, 1.20), 0.02, 8_000, 1.0, ("25", "2.6", "260")),
    ],
)
def test_the_break_even_figures_of_a_document_of_20_000_tokens(usd, cached, sleep_output, sleep_share, expected):
    chat = prices.per_million(*usd, usd[0] * cached)
    sleep = prices.per_million(*(one * sleep_share for one in usd))
    found = simulate(replace(PUBLISHED, sleep_output_tokens=sleep_output), chat, sleep)
    assert found.per_question["document_cached"].cached_tokens == 20_000
    assert found.per_question["document_cached"].input_tokens == 20_200
    told = tuple(shown(found.break_even(name)) for name in ("chunks", "document", "document_cached"))
    assert told == expected


def test_without_the_cheap_tier_preparing_pays_after_twice_as_many_questions():
    chat = prices.per_million(0.1, 0.5, 0.01)
    dear = simulate(PUBLISHED, chat, prices.per_million(0.1, 0.5))
    cheap = simulate(PUBLISHED, chat, prices.per_million(0.05, 0.25))
    assert dear.break_even("chunks") == 2 * cheap.break_even("chunks")


def test_a_baseline_that_is_cheaper_is_never_paid_back():
    found = simulate(replace(PUBLISHED, notes_input_tokens=5_000), prices.per_million(1, 4, 0.1), FREE)
    assert found.saving("chunks", in_money=True) < 0
    assert found.break_even("chunks") is None
    assert "never" in "\n".join(lines(found, model="m", sleep_model="s", questions=10))


def test_questions_that_notes_do_not_answer_save_nothing():
    price = prices.per_million(1, 4, 0.1)
    half = simulate(replace(PUBLISHED, answered=0.5), price, price)
    assert half.break_even("chunks") == 2 * simulate(PUBLISHED, price, price).break_even("chunks")
    assert simulate(replace(PUBLISHED, answered=0.0), price, price).break_even("chunks") is None


def test_where_all_is_free_tokens_are_counted():
    found = simulate(PUBLISHED, FREE, FREE)
    assert not found.in_money
    assert found.break_even("chunks") == Fraction(24_000, 1_800)
    assert simulation_json(found, model="m", sleep_model="s", questions=20)["counted_in"] == "tokens"


def test_an_unknown_price_leaves_the_money_unknown():
    found = simulate(PUBLISHED, None, prices.per_million(1, 4))
    told = simulation_json(found, model="m", sleep_model="s", questions=20)
    assert told["break_even_questions"] == {"chunks": None, "document": None, "document_cached": None}
    assert told["net"]["chunks"] is None
    assert told["per_question_usd"]["chunks"] is None
    assert told["sleep_cost_usd"] == pytest.approx(0.036)
    assert any("not known" in line for line in lines(found, model="m", sleep_model="s", questions=20))


def test_a_document_longer_than_the_window_is_read_as_far_as_it_goes():
    found = simulate(replace(PUBLISHED, context_window=8_000), FREE, FREE)
    assert found.per_question["document"].tokens == 8_000


def test_a_step_of_preparing_is_priced_by_what_it_sends_and_asks_for():
    usage = preparing(10_000, 2_000, prices.per_million(1, 4))
    assert (usage.tokens, usage.cost_usd, usage.estimated) == (12_000, 0.018, True)
    assert preparing(10_000, 2_000, None).cost_usd is None


def test_what_preparing_costs_is_repaid_by_so_many_usual_questions():
    price = prices.per_million(1.0, 4.0)
    saved = (1_340 - 740) / 1_000_000  # answers are taken to be equally long
    assert HERE.chunks_input_tokens - HERE.frame_tokens == CONTEXT_TOKENS["medium"]["chunks"]
    assert HERE.notes_input_tokens - HERE.frame_tokens == CONTEXT_TOKENS["medium"]["notes"]
    assert float(questions_to_repay(0.21, price)) == pytest.approx(0.21 / saved)
    assert questions_to_repay(None, price) is None
    assert questions_to_repay(0.21, None) is None
    assert questions_to_repay(0.21, FREE) is None, "free answers repay nothing"


@given(
    st.builds(
        Assumed,
        document_tokens=st.integers(0, 10**6),
        sleep_output_tokens=st.integers(0, 10**5),
        reads=st.floats(0, 5, width=16),
        notes_input_tokens=st.integers(0, 10**5),
        chunks_input_tokens=st.integers(0, 10**5),
        cached_share=st.floats(0, 1, width=16),
        answered=st.floats(0, 1, width=16),
        context_window=st.one_of(st.none(), st.integers(0, 10**5)),
    ),
    st.one_of(st.none(), st.just(FREE), st.builds(prices.per_million, st.floats(0, 100), st.floats(0, 100))),
    st.one_of(st.none(), st.just(FREE), st.builds(prices.per_million, st.floats(0, 100), st.floats(0, 100))),
)
def test_after_break_even_nothing_is_owed_and_nothing_is_nan(assumed, chat, sleep):
    found = simulate(assumed, chat, sleep)
    json.dumps(simulation_json(found, model="m", sleep_model="s", questions=7), allow_nan=False)
    for name in ("chunks", "document", "document_cached"):
        more = found.break_even(name)
        assert more is None or more >= 0
        if more is not None:
            assert found.net(name, int(more) + 1) >= 0
            assert more < 1 or found.net(name, int(more) - 1) < 0
