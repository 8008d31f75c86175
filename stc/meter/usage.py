"""What a provider reports about a call, in one shape. Pure.

Providers disagree on what their counts include:

    shape                 input               cached reads        cache writes          reasoning
    OpenAI chat           includes cached     part of input       part of input         part of output
    OpenAI responses      includes cached     part of input       –                     part of output
    Anthropic             without cached      beside input        beside input          part of output
    Gemini                includes cached     part of input       –                     beside output
    DeepSeek              includes cached     part of input       –                     part of output
    xAI                   includes cached     part of input       –                     beside output
    Ollama                all that was read   –                   –                     part of output

LiteLLM turns most of them into OpenAI's shape and keeps the provider's own fields beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stc.words import Usage


def normalise(raw: Mapping[str, Any]) -> Usage | None:
    """Return the counts, or ``None`` where they are missing or make no sense; missing is never 0.

    The cost is left unknown (``None``): see ``stc.meter.prices``.
    """
    try:
        counts, kept_1h = _counts(raw), _kept_1h(raw)
    except ValueError:
        return None
    if counts is None:
        return None
    given, cached, written, output, reasoning = counts
    if given == 0 or cached + written > given or reasoning > output or kept_1h > written:
        return None
    return Usage(given, cached, written, output, reasoning, cost_usd=None, cache_write_1h_tokens=kept_1h)


def _kept_1h(raw: Mapping[str, Any]) -> int:
    """Return how many of the tokens written to Anthropic's cache are kept there for an hour."""
    inside = _part(raw, "prompt_tokens_details")
    for details in (_part(inside, "cache_creation_token_details"), _part(raw, "cache_creation")):
        if details:
            return _first(details, "ephemeral_1h_input_tokens")
    return 0


def _counts(raw: Mapping[str, Any]) -> tuple[int, int, int, int, int] | None:
    """Return input, cached, written, output and reasoning tokens; raise ``ValueError`` for what is no count."""
    if "prompt_tokens" in raw:
        inside = _part(raw, "prompt_tokens_details")
        cached = _first(inside, "cached_tokens") or _first(raw, "prompt_cache_hit_tokens", "cache_read_input_tokens")
        written = _first(inside, "cache_creation_tokens", "cache_write_tokens") or _first(
            raw, "cache_creation_input_tokens"
        )
        given, output = _count(raw["prompt_tokens"]), _count(raw.get("completion_tokens"))
        reasoning = _first(_part(raw, "completion_tokens_details"), "reasoning_tokens")
        if reasoning and _first(raw, "total_tokens") == given + output + reasoning:
            output += reasoning
        return given, cached, written, output, reasoning
    if "promptTokenCount" in raw:
        reasoning = _first(raw, "thoughtsTokenCount")
        given = _count(raw["promptTokenCount"]) + _first(raw, "toolUsePromptTokenCount")
        output = _first(raw, "candidatesTokenCount") + reasoning
        return given, _first(raw, "cachedContentTokenCount"), 0, output, reasoning
    if "prompt_eval_count" in raw:
        return _count(raw["prompt_eval_count"]), 0, 0, _count(raw.get("eval_count")), 0
    if "input_tokens" in raw:
        given, output = _count(raw["input_tokens"]), _count(raw.get("output_tokens"))
        reasoning = _first(_part(raw, "output_tokens_details"), "reasoning_tokens")
        if "input_tokens_details" in raw:
            return given, _first(_part(raw, "input_tokens_details"), "cached_tokens"), 0, output, reasoning
        cached = _first(raw, "cache_read_input_tokens")
        written = _first(raw, "cache_creation_input_tokens")
        return given + cached + written, cached, written, output, reasoning
    return None


def _part(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = raw.get(name)
    return value if isinstance(value, Mapping) else {}


def _first(raw: Mapping[str, Any], *names: str) -> int:
    """Return the first of the counts that is there; one that a provider leaves out is 0."""
    return next((_count(raw[name]) for name in names if raw.get(name) is not None), 0)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or not 0 <= value < 1e12:
        raise ValueError(f"{value!r} is no count of tokens")
    if int(value) != value:
        raise ValueError(f"{value!r} is no count of tokens")
    return int(value)
