"""Usage objects in the providers' own shapes, and what each costs, against calculations by hand."""

from __future__ import annotations

import pytest

from stc.meter import prices
from stc.meter.usage import normalise
from stc.words import Usage

GPT = "gpt-4o-mini"  # per token: 0.15e-6 in, 0.075e-6 cached, 0.6e-6 out
CLAUDE = "anthropic/claude-sonnet-4-5"  # 3e-6 in, 0.3e-6 cached, 3.75e-6 written, 15e-6 out
GEMINI = "gemini/gemini-2.5-pro"  # 1.25e-6 / 0.125e-6 / 10e-6, above 200k tokens 2.5e-6 / 0.25e-6 / 15e-6
DEEPSEEK = "deepseek/deepseek-chat"  # 0.28e-6 / 0.028e-6 / 0.42e-6

CASES = [
    (
        "OpenAI, plain",
        {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200},
        GPT,
        (1000, 0, 0, 200, 0),
        1000 * 0.15e-6 + 200 * 0.6e-6,
    ),
    (
        "OpenAI, cached, reasoning inside the output",
        {
            "prompt_tokens": 5000,
            "completion_tokens": 900,
            "total_tokens": 5900,
            "prompt_tokens_details": {"cached_tokens": 4096, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 640, "audio_tokens": 0},
        },
        GPT,
        (5000, 4096, 0, 900, 640),
        904 * 0.15e-6 + 4096 * 0.075e-6 + 900 * 0.6e-6,
    ),
    (
        "OpenAI, details are null, as some compatible servers send",
        {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "prompt_tokens_details": None,
            "completion_tokens_details": {"reasoning_tokens": None},
        },
        GPT,
        (10, 0, 0, 5, 0),
        10 * 0.15e-6 + 5 * 0.6e-6,
    ),
    (
        "OpenAI responses",
        {
            "input_tokens": 2000,
            "input_tokens_details": {"cached_tokens": 1024},
            "output_tokens": 300,
            "output_tokens_details": {"reasoning_tokens": 256},
        },
        GPT,
        (2000, 1024, 0, 300, 256),
        976 * 0.15e-6 + 1024 * 0.075e-6 + 300 * 0.6e-6,
    ),
    (
        "Anthropic itself: cached tokens stand beside the input",
        {
            "input_tokens": 10,
            "cache_creation_input_tokens": 100,
            "cache_read_input_tokens": 2000,
            "output_tokens": 15,
        },
        CLAUDE,
        (2110, 2000, 100, 15, 0),
        10 * 3e-6 + 2000 * 0.3e-6 + 100 * 3.75e-6 + 15 * 15e-6,
    ),
    (
        "Anthropic through LiteLLM, streamed: everything inside the prompt, said three times",
        {
            "completion_tokens": 15,
            "prompt_tokens": 2110,
            "total_tokens": 2125,
            "completion_tokens_details": {"reasoning_tokens": 0, "text_tokens": 15},
            "prompt_tokens_details": {
                "cache_write_tokens": 100,
                "cached_tokens": 2000,
                "text_tokens": 10,
                "cache_creation_tokens": 100,
            },
            "cache_creation_input_tokens": 100,
            "cache_read_input_tokens": 2000,
        },
        CLAUDE,
        (2110, 2000, 100, 15, 0),
        10 * 3e-6 + 2000 * 0.3e-6 + 100 * 3.75e-6 + 15 * 15e-6,
    ),
    (
        "Anthropic itself, a part of it kept for an hour, billed by the standard tier",
        {
            "input_tokens": 10,
            "cache_creation_input_tokens": 1000,
            "cache_read_input_tokens": 2000,
            "cache_creation": {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600},
            "output_tokens": 15,
            "service_tier": "standard",
        },
        CLAUDE,
        (3010, 2000, 1000, 15, 0, 600),
        10 * 3e-6 + 2000 * 0.3e-6 + 400 * 3.75e-6 + 600 * 6e-6 + 15 * 15e-6,
    ),
    (
        "Anthropic through LiteLLM, a part of it kept for an hour",
        {
            "completion_tokens": 15,
            "prompt_tokens": 3010,
            "total_tokens": 3025,
            "prompt_tokens_details": {
                "cached_tokens": 2000,
                "cache_creation_tokens": 1000,
                "cache_creation_token_details": {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600},
            },
            "cache_creation_input_tokens": 1000,
            "cache_read_input_tokens": 2000,
        },
        CLAUDE,
        (3010, 2000, 1000, 15, 0, 600),
        10 * 3e-6 + 2000 * 0.3e-6 + 400 * 3.75e-6 + 600 * 6e-6 + 15 * 15e-6,
    ),
    (
        "Gemini itself, streamed: counts come with the last piece, also of what tools read",
        {"promptTokenCount": 500, "toolUsePromptTokenCount": 20, "candidatesTokenCount": 7, "totalTokenCount": 527},
        GEMINI,
        (520, 0, 0, 7, 0),
        520 * 1.25e-6 + 7 * 10e-6,
    ),
    (
        "OpenAI above its jump: the whole call costs the higher price, cached tokens too",
        {
            "prompt_tokens": 300_000,
            "completion_tokens": 100,
            "prompt_tokens_details": {"cached_tokens": 100_000},
            "completion_tokens_details": {"reasoning_tokens": 60},
        },
        "gpt-5.4",
        (300_000, 100_000, 0, 100, 60),
        200_000 * 5e-6 + 100_000 * 0.5e-6 + 100 * 22.5e-6,
    ),
    (
        "DeepSeek, a model that thinks",
        {
            "prompt_tokens": 120,
            "completion_tokens": 500,
            "total_tokens": 620,
            "prompt_cache_hit_tokens": 0,
            "prompt_cache_miss_tokens": 120,
            "completion_tokens_details": {"reasoning_tokens": 400},
        },
        "deepseek/deepseek-reasoner",
        (120, 0, 0, 500, 400),
        120 * 0.28e-6 + 500 * 0.42e-6,
    ),
    (
        "Gemini itself: thoughts stand beside the candidates",
        {
            "promptTokenCount": 500,
            "cachedContentTokenCount": 300,
            "candidatesTokenCount": 7,
            "thoughtsTokenCount": 40,
            "totalTokenCount": 547,
        },
        GEMINI,
        (500, 300, 0, 47, 40),
        200 * 1.25e-6 + 300 * 0.125e-6 + 47 * 10e-6,
    ),
    (
        "Gemini through LiteLLM",
        {
            "completion_tokens": 47,
            "prompt_tokens": 500,
            "total_tokens": 547,
            "completion_tokens_details": {"reasoning_tokens": 40, "text_tokens": 7},
            "prompt_tokens_details": {"cached_tokens": 300},
            "cache_read_input_tokens": 300,
        },
        GEMINI,
        (500, 300, 0, 47, 40),
        200 * 1.25e-6 + 300 * 0.125e-6 + 47 * 10e-6,
    ),
    (
        "Gemini above the jump: the whole call costs the higher price",
        {"promptTokenCount": 200_001, "cachedContentTokenCount": 1, "candidatesTokenCount": 10},
        GEMINI,
        (200_001, 1, 0, 10, 0),
        200_000 * 2.5e-6 + 0.25e-6 + 10 * 15e-6,
    ),
    (
        "Gemini at the jump: still the lower price",
        {"promptTokenCount": 200_000, "candidatesTokenCount": 10},
        GEMINI,
        (200_000, 0, 0, 10, 0),
        200_000 * 1.25e-6 + 10 * 10e-6,
    ),
    (
        "DeepSeek, streamed",
        {
            "prompt_tokens": 120,
            "completion_tokens": 50,
            "total_tokens": 170,
            "prompt_tokens_details": {"cached_tokens": 64},
            "completion_tokens_details": {"reasoning_tokens": 20},
            "prompt_cache_hit_tokens": 64,
            "prompt_cache_miss_tokens": 56,
        },
        DEEPSEEK,
        (120, 64, 0, 50, 20),
        56 * 0.28e-6 + 64 * 0.028e-6 + 50 * 0.42e-6,
    ),
    (
        "DeepSeek, its own fields only",
        {"prompt_tokens": 120, "completion_tokens": 50, "prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 56},
        DEEPSEEK,
        (120, 64, 0, 50, 0),
        56 * 0.28e-6 + 64 * 0.028e-6 + 50 * 0.42e-6,
    ),
    (
        "xAI: reasoning stands beside the output",
        {
            "prompt_tokens": 32,
            "completion_tokens": 9,
            "total_tokens": 135,
            "prompt_tokens_details": {"cached_tokens": 6},
            "completion_tokens_details": {"reasoning_tokens": 94},
        },
        GPT,
        (32, 6, 0, 103, 94),
        26 * 0.15e-6 + 6 * 0.075e-6 + 103 * 0.6e-6,
    ),
    (
        "Ollama itself",
        {"prompt_eval_count": 26, "eval_count": 298, "total_duration": 10_706_818_083},
        "ollama/llama3.2",
        (26, 0, 0, 298, 0),
        0.0,
    ),
    (
        "Ollama through LiteLLM",
        {"completion_tokens": 298, "prompt_tokens": 26, "total_tokens": 324},
        "ollama/llama3.2",
        (26, 0, 0, 298, 0),
        0.0,
    ),
]


@pytest.mark.parametrize(
    ("raw", "model", "counts", "usd"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_providers_usage_is_read_and_costs_what_a_hand_calculation_says(raw, model, counts, usd):
    usage = normalise(raw)
    assert usage == Usage(*counts[:5], cost_usd=None, cache_write_1h_tokens=sum(counts[5:]))
    assert prices.cost(usage, prices.price_of(model)) == pytest.approx(usd, rel=0, abs=1e-12)


@pytest.mark.parametrize(
    ("tier", "usd"),
    [
        ("standard", 904 * 0.25e-6 + 4096 * 0.025e-6 + 900 * 2e-6),
        ("flex", 904 * 0.125e-6 + 4096 * 0.0125e-6 + 900 * 1e-6),
        ("batch", 904 * 0.125e-6 + 4096 * 0.0125e-6 + 900 * 1e-6),
        ("priority", 904 * 0.45e-6 + 4096 * 0.045e-6 + 900 * 3.6e-6),
    ],
)
def test_the_same_usage_costs_what_its_tier_costs(tier, usd):
    usage = Usage(5000, 4096, 0, 900, 640, cost_usd=None)
    assert prices.cost(usage, prices.price_of("gpt-5-mini", tier)) == pytest.approx(usd, rel=0, abs=1e-12)


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"tokens": 5},
        {"prompt_tokens": 0, "completion_tokens": 0},
        {"prompt_tokens": -5, "completion_tokens": 1},
        {"prompt_tokens": 5, "completion_tokens": -1},
        {"prompt_tokens": 5},
        {"prompt_tokens": "5", "completion_tokens": 1},
        {"prompt_tokens": None, "completion_tokens": 1},
        {"prompt_tokens": True, "completion_tokens": 1},
        {"prompt_tokens": 5.5, "completion_tokens": 1},
        {"prompt_tokens": float("nan"), "completion_tokens": 1},
        {"prompt_tokens": 10**13, "completion_tokens": 1},
        {"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 6}},
        {"prompt_tokens": 5, "completion_tokens": 1, "completion_tokens_details": {"reasoning_tokens": 2}},
        {"prompt_eval_count": 5, "eval_count": None},
        {"input_tokens": 5, "output_tokens": 1, "cache_creation": {"ephemeral_1h_input_tokens": 3}},
    ],
)
def test_missing_or_impossible_counts_are_unknown_and_never_zero(raw):
    assert normalise(raw) is None
