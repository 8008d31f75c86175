"""The one chart: what all questions cost so far with preparing, beside what they would have cost without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stc.meter import ledger
from stc.ui.meter import Books

WITH, WITHOUT = "With preparing", "Without"
FEWEST_QUESTIONS = 3


def points(books: Books, baseline: str, *, in_money: bool) -> list[dict[str, Any]]:
    """Return ``{"at", "line", "value"}`` of both lines, oldest first, in dollars or tokens; unknown prices are 0.

    What preparing cost is in the first line from the moment when it was paid; questions are those that were typed and
    have this baseline.
    """
    steps: list[tuple[float, float, float]] = []
    for row in ledger.asleep(books.rows):
        steps.append((row.at, (row.usage.cost_usd or 0.0) if in_money else row.usage.tokens, 0.0))
    for answer in typed(books, baseline):
        instead = answer.baselines[baseline]
        assert instead is not None
        spent = (answer.usage.cost_usd or 0.0) if in_money else answer.usage.tokens
        saved_from = (instead.cost_usd or 0.0) if in_money else instead.input_tokens + instead.output_tokens
        steps.append((answer.asked_at, spent, saved_from))
    done: list[dict[str, Any]] = []
    with_preparing = without = 0.0
    for at, spent, instead_spent in sorted(steps):
        with_preparing += spent
        without += instead_spent
        done.append({"at": at * 1000, "line": WITH, "value": with_preparing})
        done.append({"at": at * 1000, "line": WITHOUT, "value": without})
    return done


def typed(books: Books, baseline: str) -> Sequence[Any]:
    return [
        answer
        for answer in books.answers
        if answer.origin == "typed" and answer.state != "running" and answer.baselines.get(baseline) is not None
    ]


def specification(values: list[dict[str, Any]], *, in_money: bool) -> dict[str, Any]:
    """Return the chart in Vega-Lite's words."""
    unit = "US dollars" if in_money else "Tokens"
    return {
        "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2},
        "data": {"values": values},
        "encoding": {
            "x": {"field": "at", "type": "temporal", "title": None},
            "y": {
                "field": "value",
                "type": "quantitative",
                "title": f"{unit}, added up",
                "axis": {"format": "$.4~f" if in_money else "~s"},
            },
            "color": {
                "field": "line",
                "type": "nominal",
                "title": None,
                "sort": [WITH, WITHOUT],
                "legend": {"orient": "top"},
            },
            "tooltip": [
                {"field": "line", "title": " "},
                {"field": "value", "title": unit, "format": "$.4f" if in_money else ",.0f"},
                {"field": "at", "type": "temporal", "title": "At", "format": "%Y-%m-%d %H:%M"},
            ],
        },
    }
