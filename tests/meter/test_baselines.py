"""What a question would have cost without preparation, never counted in our favour."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stc.meter.baselines import estimate
from stc.meter.prices import Price, Rates
from stc.words import BASELINES, Usage

PRICE = Price("made/up", "standard", "now", (Rates(1e-6, 4e-6, 0.1e-6, 1.25e-6, None),))
FREE = Price("made/up", "standard", "now", ())


def baselines(usage=None, **changes):
    usage = usage or Usage(500, output_tokens=100)
    given = {
        "sent_tokens": 500,
        "chunks_tokens": 2000,
        "frame_tokens": 300,
        "document_tokens": [10_000],
        "output_tokens": 100,
        "price": PRICE,
    }
    return estimate(usage, **{**given, **changes})


def test_each_baseline_is_the_prompt_that_would_have_been_sent():
    found = baselines(warm=True)
    assert tuple(found) == BASELINES
    assert (found["chunks"].input_tokens, found["chunks"].output_tokens) == (2000, 100)
    assert found["chunks"].cost_usd == pytest.approx(2000e-6 + 400e-6)
    assert found["document"].input_tokens == 10_300
    assert found["document"].cost_usd == pytest.approx(10_300e-6 + 400e-6)
    assert found["document_cached"].cached_tokens == 10_000
    assert found["document_cached"].cost_usd == pytest.approx(300e-6 + 10_000 * 0.1e-6 + 400e-6)
    assert all(one.seconds is None and not one.measured for one in found.values())


def test_the_first_question_writes_the_cache_and_pays_for_that():
    assert baselines(warm=False)["document_cached"].cost_usd == pytest.approx(300e-6 + 10_000 * 1.25e-6 + 400e-6)
    assert baselines()["document_cached"] is None, "not known whether it was warm"
    no_cache = Price("made/up", "standard", "now", (Rates(1e-6, 4e-6, None, None, None),))
    assert baselines(warm=True, price=no_cache)["document_cached"] is None


def test_the_same_prompt_saves_nothing_whatever_the_providers_tokenizer():
    usage = Usage(613, output_tokens=100)
    same = baselines(usage, sent_tokens=500, chunks_tokens=500)["chunks"]
    assert same.input_tokens == 613
    assert same.input_tokens + same.output_tokens == usage.tokens


def test_other_prompts_are_counted_as_the_provider_counted_this_one():
    found = baselines(Usage(600, output_tokens=100), sent_tokens=500)
    assert found["chunks"].input_tokens == 2400
    assert found["document"].input_tokens == 12_360
    estimated = baselines(Usage(600, output_tokens=100, estimated=True), sent_tokens=500)
    assert estimated["chunks"].input_tokens == 2000


def test_what_was_cached_for_the_real_call_is_cached_for_the_other():
    usage = Usage(500, cached_tokens=400, output_tokens=100)
    assert baselines(usage)["chunks"].cached_tokens == 400
    assert baselines(usage)["document"].cached_tokens == 0
    assert baselines(usage, chunks_tokens=300)["chunks"].cached_tokens == 300


def test_the_document_is_cut_to_the_models_window_and_says_so():
    one = baselines(context_window=4000)["document"]
    assert one.input_tokens + one.output_tokens == 4000
    assert one.note == "cut to the model's window of 4,000 tokens"
    two = baselines(document_tokens=[2000, 1000, 5000], context_window=4000)["document"]
    assert two.input_tokens == 3300
    assert two.note == "2 of 3 documents fit into the model's window of 4,000 tokens"
    assert baselines(context_window=100_000)["document"].note == ""


def test_an_answer_that_sent_nothing_still_has_its_baselines():
    found = baselines(Usage(), sent_tokens=0, output_tokens=40)
    assert (found["chunks"].input_tokens, found["chunks"].output_tokens) == (2000, 40)


def test_what_is_not_known_is_none():
    assert baselines(price=None)["chunks"].cost_usd is None
    assert baselines(price=None, warm=True)["document_cached"] is None
    assert baselines(chunks_tokens=None)["chunks"] is None
    assert baselines(document_tokens=[])["document"] is None
    assert baselines(price=FREE)["document"].cost_usd == 0.0


@given(
    st.integers(1, 5000),
    st.integers(1, 5000),
    st.integers(0, 5000),
    st.lists(st.integers(0, 50_000), max_size=4),
    st.one_of(st.none(), st.integers(0, 30_000)),
    st.integers(0, 3000),
)
def test_no_baseline_is_negative_and_caching_never_makes_one_dearer_when_warm(
    sent, said, chunks, documents, window, output
):
    found = estimate(
        Usage(said, output_tokens=output),
        sent_tokens=sent,
        chunks_tokens=chunks,
        frame_tokens=min(sent, 200),
        document_tokens=documents,
        output_tokens=output,
        price=PRICE,
        context_window=window,
        warm=True,
    )
    for one in found.values():
        assert one is None or (one.input_tokens >= 0 and one.output_tokens >= 0 and one.cost_usd >= 0)
    if found["document"] is not None:
        assert found["document_cached"].cost_usd <= found["document"].cost_usd
