"""Prices are data; unknown is None, free is 0.0, and the two are never mixed up."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stc import doctor
from stc.errors import UserError
from stc.meter import prices
from stc.meter.prices import Price, Rates, cost, price_of
from stc.meter.providers import resolve
from stc.storage import prices as price_rows
from stc.words import SERVER, Usage

RATES = Rates(input=2e-6, output=10e-6, cached=0.1e-6, cache_write=2.5e-6, reasoning=None)
PRICE = Price("made/up", "standard", "now", (RATES,))


def test_every_part_of_a_call_is_charged_once_and_at_its_own_rate():
    usage = Usage(1000, cached_tokens=600, cache_write_tokens=300, output_tokens=50, reasoning_tokens=20)
    assert cost(usage, PRICE) == pytest.approx(100 * 2e-6 + 600 * 0.1e-6 + 300 * 2.5e-6 + 50 * 10e-6, rel=0, abs=1e-15)


def test_reasoning_has_its_own_rate_where_the_map_has_one():
    price = Price("made/up", "standard", "now", (Rates(2e-6, 10e-6, None, None, reasoning=40e-6),))
    assert cost(Usage(0, output_tokens=50, reasoning_tokens=20), price) == pytest.approx(30 * 10e-6 + 20 * 40e-6)


def test_without_a_cache_price_cached_tokens_cost_what_others_cost():
    price = Price("made/up", "standard", "now", (Rates(2e-6, 10e-6, None, 0.0, None),))
    assert cost(Usage(100, cached_tokens=60, cache_write_tokens=30), price) == pytest.approx(100 * 2e-6)


def test_a_jump_holds_for_the_whole_call_above_it():
    high = Rates(4e-6, 20e-6, 0.2e-6, None, None, above_tokens=200_000)
    price = Price("made/up", "standard", "now", (RATES, high))
    assert cost(Usage(200_000), price) == pytest.approx(0.4)
    assert cost(Usage(200_001), price) == pytest.approx(200_001 * 4e-6)


def test_unknown_stays_unknown():
    assert cost(Usage(10), None) is None
    batch = Price("made/up", "batch", "now", (RATES, Rates(None, None, None, None, None, 200_000)))
    assert cost(Usage(200_001), batch) is None
    assert cost(Usage(10), batch) is not None


def test_no_float_error_creeps_in():
    assert cost(Usage(3), Price("m", "standard", "now", (Rates(0.1, 0.1, None, None, None),))) == 0.3


@given(st.builds(Usage, *(st.integers(0, 10**7) for _ in range(5))))
def test_a_cost_is_never_negative_or_nan(usage):
    usage = Usage(
        usage.input_tokens + usage.cached_tokens + usage.cache_write_tokens,
        usage.cached_tokens,
        usage.cache_write_tokens,
        usage.output_tokens + usage.reasoning_tokens,
        usage.reasoning_tokens,
    )
    value = cost(usage, PRICE)
    assert value >= 0
    assert cost(usage, Price("free", "standard", "now", ())) == 0.0


def test_what_a_cache_keeps_for_an_hour_has_its_own_price_or_an_unknown_one():
    hour = Price("made/up", "standard", "now", (Rates(2e-6, 10e-6, 0.2e-6, 2.5e-6, None, cache_write_1h=4e-6),))
    usage = Usage(1000, cache_write_tokens=600, cache_write_1h_tokens=200)
    assert cost(usage, hour) == pytest.approx(400 * 2e-6 + 400 * 2.5e-6 + 200 * 4e-6, rel=0, abs=1e-15)
    assert cost(usage, PRICE) is None
    assert price_of("claude-sonnet-4-5").steps[0].cache_write_1h == 6e-06


# Prices that a person entered


def entered(valid_from="2026-11-01", input_usd=1.0, **fields):
    given = {"id": valid_from, "model": "openai/mine", "output_usd": 4.0, "entered_at": 1.0, **fields}
    return prices.own_price(valid_from=valid_from, input_usd=input_usd, **given)


def test_an_entered_price_holds_from_its_day_on_and_the_newest_wins():
    mine = [entered("2026-11-01"), entered("2026-11-20", 2.0), entered("2027-01-01", 9.0)]

    def on(day):
        return price_of("openai/mine", entered=mine, on=day)

    assert on("2026-10-31") is None, "unknown before its day, not 0"
    assert on("2026-11-19").steps[0].input == 1e-6
    assert on("2026-11-20").steps[0].input == 2e-6
    again = entered("2026-11-20", 3.0, id="later", entered_at=2.0)
    assert price_of("openai/mine", entered=[again, *mine], on="2026-11-21").steps[0].input == 3e-6


def test_an_entered_price_goes_before_the_map_and_before_free_and_says_so():
    mine = [entered(model="gpt-4o-mini"), entered(model="ollama/llama3.2", output_usd=0.0, input_usd=0.1)]
    price = price_of("gpt-4o-mini", entered=mine, on="2026-11-02")
    assert price.revision.startswith("own price from 2026-11-01, ")
    assert cost(Usage(1_000_000, output_tokens=1_000_000), price) == 5.0
    assert price_of("gpt-4o-mini", "flex", entered=mine, on="2026-11-02") is None, (
        "what another tier costs is not known"
    )
    assert not price_of("ollama/llama3.2", entered=mine, on="2026-11-02").free


def test_the_doctor_knows_the_prices_that_were_entered(services, monkeypatch):
    def said():
        return next(check.detail for check in doctor.examine(services.storage).checks if check.name == "prices")

    monkeypatch.setenv("STC_CHAT_MODEL", "openai/mine")
    assert "the price of openai/mine is unknown; enter it on the Savings page" in said()
    with services.database.write() as connection:
        price_rows.add(connection, SERVER, entered("2026-01-01"))
    assert "unknown" not in said()


def test_another_price_has_another_revision():
    assert entered().price().revision == entered(id="x", entered_at=9.0).price().revision
    assert entered().price().revision != entered(input_usd=1.1).price().revision


@pytest.mark.parametrize(
    "fields",
    [{"model": " "}, {"valid_from": "soon"}, {"input_usd": -1.0}, {"output_usd": float("nan")}, {"cached_usd": 1e9}],
)
def test_what_can_be_no_price_is_refused(fields):
    with pytest.raises(UserError):
        entered(**fields)


def test_a_price_stands_whole_beside_a_call():
    price = price_of("gemini/gemini-2.5-pro")
    assert prices.from_facts(json.loads(json.dumps(price.facts()))) == price


@pytest.mark.parametrize(
    ("model", "api_base"),
    [
        ("extractive", ""),
        ("", ""),
        ("ollama/llama3.2", ""),
        ("ollama/llama3.2", "http://192.168.1.5:11434"),
        ("qwen3-8b", "http://127.0.0.1:1234/v1"),
        ("openai/gpt-4o-mini", "http://localhost:8080"),
        ("anything", "http://[::1]:8000/v1"),
    ],
)
def test_what_nobody_bills_is_free(model, api_base):
    price = price_of(model, api_base=api_base)
    assert price is not None
    assert price.free
    assert cost(Usage(10**6, output_tokens=10**6), price) == 0.0


@pytest.mark.parametrize(
    ("model", "api_base"),
    [
        ("openai/a-model-of-next-year", ""),
        ("no-provider", ""),
        ("ollama/gpt-oss:120b-cloud", ""),
        ("ollama/kimi-k2:cloud", ""),
        ("ollama/llama3.2", "https://ollama.com"),
        ("openai/gpt-4o-mini", "https://gateway.example.org/v1"),
        ("qwen3-8b", "http://192.168.1.5:1234/v1"),
        ("gemini/gemini-exp-1206", ""),  # zeros in the map
        ("openai/text-embedding-3-small", ""),
    ],
)
def test_what_is_not_known_is_none(model, api_base):
    assert price_of(model, api_base=api_base) is None


def test_known_models_are_found_by_each_of_their_names():
    named = [
        price_of("gpt-4o-mini"),
        price_of("openai/gpt-4o-mini"),
        price_of("gpt-4o-mini", api_base="https://api.openai.com/v1"),
    ]
    assert {price.steps for price in named} == {(Rates(1.5e-07, 6e-07, 7.5e-08, None, None),)}
    assert (
        price_of("deepseek-chat", api_base="https://api.deepseek.com").steps == price_of("deepseek/deepseek-chat").steps
    )
    assert price_of("claude-sonnet-4-5").steps == price_of("anthropic/claude-sonnet-4-5").steps


def test_a_tier_has_its_own_prices_or_none():
    assert price_of("gpt-4o-mini", "batch").steps[0].input == 7.5e-08
    assert price_of("gpt-4o-mini", "flex") is None
    with pytest.raises(ValueError, match="'cheap' is none of standard, batch"):
        price_of("gpt-4o-mini", "cheap")


def test_prices_by_ranges_of_tokens_are_read():
    low, high = price_of("dashscope/qwen-flash").steps
    assert (low.input, low.above_tokens) == (5e-08, 0)
    assert (high.input, high.output, high.above_tokens) == (2.5e-07, 2e-06, 256_000)


def test_own_prices_win_and_change_the_revision(tmp_path, monkeypatch):
    before = prices.revision()
    assert before.startswith("litellm 1.")
    own = tmp_path / "prices.json"
    own.write_text(json.dumps({"openai/mine": {"input_cost_per_token": 1e-6, "output_cost_per_token": 4e-6}}))
    monkeypatch.setenv("STC_PRICES", str(own))
    assert prices.revision().startswith(before)
    assert prices.revision() != before
    price = price_of("mine", api_base="http://127.0.0.1:1234")
    assert cost(Usage(1_000_000, output_tokens=1_000_000), price) == pytest.approx(5.0)
    own.write_text("[]")
    with pytest.raises(UserError, match="must be an object of objects"):
        price_of("mine")
    own.unlink()
    with pytest.raises(UserError, match="can't be read"):
        price_of("mine")


@pytest.mark.parametrize(
    ("model", "api_base", "name", "base", "local"),
    [
        ("llama3.2", "http://127.0.0.1:11434", "ollama_chat/llama3.2", "http://127.0.0.1:11434", True),
        ("openai/llama3.2", "localhost:11434/v1", "ollama_chat/llama3.2", "http://localhost:11434", True),
        ("ollama/llama3.2", "", "ollama_chat/llama3.2", "http://127.0.0.1:11434", True),
        ("ollama/llama3.2", "http://127.0.0.1:1234/v1", "ollama_chat/llama3.2", "http://127.0.0.1:11434", True),
        ("ollama/gpt-oss:20b-cloud", "", "ollama_chat/gpt-oss:20b-cloud", "http://127.0.0.1:11434", False),
        ("qwen/qwen3-8b", "127.0.0.1:1234", "openai/qwen/qwen3-8b", "http://127.0.0.1:1234/v1", True),
        ("hosted_vllm/x", "http://gpu:8000/v1/", "openai/x", "http://gpu:8000/v1", False),
        ("anthropic/claude-sonnet-4-5", "http://127.0.0.1:1234", "anthropic/claude-sonnet-4-5", None, False),
        ("gemini-2.5-flash", "", "gemini/gemini-2.5-flash", None, False),
        ("x", "http://127.0.0.1.example.org/v1", "openai/x", "http://127.0.0.1.example.org/v1", False),
        ("x", "http://user@127.0.0.1@evil.example/v1", "openai/x", "http://user@127.0.0.1@evil.example/v1", False),
        ("x", "http://10.0.0.1/v1/chat/completions", "openai/x", "http://10.0.0.1/v1", False),
    ],
)
def test_a_name_leads_to_one_place(model, api_base, name, base, local):
    target = resolve(model, api_base, environment={})
    assert (target.name, target.api_base, target.local) == (name, base, local)


def test_a_providers_own_address_variable_is_followed():
    away = resolve("ollama/llama3.2", environment={"OLLAMA_API_BASE": "http://gpu:11434"})
    assert (away.api_base, away.local) == ("http://gpu:11434", False)
    gateway = resolve("gpt-4o-mini", environment={"OPENAI_BASE_URL": "https://gateway.example.org/v1"})
    assert (gateway.api_base, gateway.provider) == ("https://gateway.example.org/v1", "")
