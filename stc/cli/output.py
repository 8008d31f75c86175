"""What the commands print, for people and as JSON, and their exit statuses."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from typing import Any

from stc.words import Hit, Usage

DONE, SOME_FAILED, WRONG_CALL = 0, 1, 2


def emit(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=True, allow_nan=False), flush=True)


def say(text: str) -> None:
    # A file name or a page may hold what would steer the terminal.
    print("".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text), flush=True)


def fail(options: argparse.Namespace, message: str) -> None:
    if options.json:
        emit({"error": message})
    else:
        print(message, file=sys.stderr)


def hit_json(hit: Hit) -> dict[str, Any]:
    return dataclasses.asdict(hit)


def usage_json(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cost_usd": usage.cost_usd,
        "estimated": usage.estimated,
    }
