"""The chart of what questions cost so far with preparing beside what they would have cost without, and where they cross."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from stc.meter import ledger
from stc.words import Answer, LedgerRow

WITH, WITHOUT = "With preparing", "Without preparing"
FEWEST_QUESTIONS = 3
_FARTHEST = 4
"""A forecast reaches at most so many times as far as what is known; beyond that it would be a guess."""

# Two colours that are told apart in light and dark mode and by colour-blind people; the dashes do it without any colour.
_COLOURS = ("#1e88c9", "#d55e00")
_QUIET = "#808495"


@dataclass(frozen=True, slots=True)
class Story:
    """Both lines, question by question: ``steps`` are (questions so far, cost with, cost without), in order.

    ``crossed`` is after how many questions preparing had paid for itself for good, ``None`` where it has not; ``forecast``
    after how many it is expected to, ``None`` where it won't or where that is too far off to say.
    """

    steps: tuple[tuple[int, Fraction, Fraction], ...]
    crossed: int | None
    forecast: int | None

    @property
    def questions(self) -> int:
        return self.steps[-1][0] if self.steps else 0


def story(
    rows: Sequence[LedgerRow],
    answers: Sequence[Answer],
    baseline: str,
    *,
    in_money: bool,
    documents: Collection[str] | None = None,
) -> Story | None:
    """Return the lines over all documents or some, in dollars or tokens; ``None`` where a price in them is unknown.

    Typed questions count. What preparing cost stands in the first line from the moment when it was paid. The second line is
    the first one's questions and what they are credited to have saved, so that the gap is the net to the last digit.
    """
    wanted = None if documents is None else set(documents)
    known = {answer.id: answer for answer in answers}
    answer_shares = ledger.answer_shares_of(rows, answers)
    events: list[tuple[float, int, Fraction, Fraction]] = []
    for row in ledger.asleep(rows):
        share = ledger.share_of(ledger.shares(row, known), wanted)
        spent = _value(row.usage.tokens, row.usage.cost_usd, in_money)
        if share and spent is None:
            return None
        if share and spent:
            events.append((row.at, 0, share * spent, Fraction(0)))
    for answer in answers:
        saving = ledger.saving(answer, baseline)
        share = ledger.share_of(answer_shares[answer.id], wanted)
        if saving is None or answer.origin != "typed" or not share:
            continue
        spent = _value(answer.usage.tokens, answer.usage.cost_usd, in_money)
        saved = _value(saving.tokens, saving.cost_usd, in_money)
        if spent is None or saved is None:
            return None
        events.append((answer.asked_at, 1, share * spent, share * (spent + saved)))
    return _told(sorted(events, key=lambda event: event[0]))


def _value(tokens: int, usd: Fraction | float | None, in_money: bool) -> Fraction | None:
    if not in_money:
        return Fraction(tokens)
    return None if usd is None else ledger.exact(usd)


def _told(events: Sequence[tuple[float, int, Fraction, Fraction]]) -> Story:
    steps = [(0, Fraction(0), Fraction(0))]
    slept = Fraction(0)
    crossed: int | None = None
    for _, question, spent, instead in events:
        asked, with_preparing, without = steps[-1]
        steps.append((asked + question, with_preparing + spent, without + instead))
        slept += 0 if question else spent
        if steps[-1][1] > steps[-1][2]:
            crossed = None
        elif crossed is None and slept:
            crossed = steps[-1][0]
    asked, with_preparing, without = steps[-1]
    forecast = None
    if crossed is None and slept and asked:
        mean = (without - (with_preparing - slept)) / asked
        more = ledger.break_even_questions(without - with_preparing, mean)
        if more and asked + more <= _FARTHEST * asked:
            forecast = asked + more
    return Story(tuple(steps), crossed, forecast)


def specification(told: Story, *, in_money: bool) -> dict[str, Any]:
    """Return the chart in Vega-Lite's words."""
    unit = "US dollars" if in_money else "Tokens"
    highest = max((max(with_preparing, without) for _, with_preparing, without in told.steps), default=Fraction(0))
    number = "~s" if not in_money else "$,.2f" if highest >= 0.05 else "$.4f"
    x = {
        "field": "questions",
        "type": "quantitative",
        "title": "Questions that you typed",
        "axis": {"tickMinStep": 1, "format": ",d", "grid": False},
    }
    y = {"field": "value", "type": "quantitative", "title": f"{unit}, added up", "axis": {"format": number}}
    lines = {
        "mark": {"type": "line", "strokeWidth": 2.5, "clip": True},
        "data": {"values": _values(told)},
        "encoding": {
            "x": x,
            "y": y,
            "order": {"field": "order", "type": "quantitative"},
            "detail": {"field": "part", "type": "nominal"},
            "color": {
                "field": "line",
                "type": "nominal",
                "title": None,
                "scale": {"domain": [WITH, WITHOUT], "range": list(_COLOURS)},
                "legend": {"orient": "top", "symbolSize": 400, "symbolStrokeWidth": 3},
            },
            "strokeDash": {
                "field": "line",
                "type": "nominal",
                "scale": {"domain": [WITH, WITHOUT], "range": [[1, 0], [7, 4]]},
                "title": None,
                "legend": {"orient": "top"},
            },
            "opacity": {
                "field": "part",
                "type": "nominal",
                "scale": {"domain": ["known", "expected"], "range": [1, 0.45]},
                "legend": None,
            },
            "tooltip": [
                {"field": "line", "title": " "},
                {"field": "value", "title": unit, "format": "$.4f" if in_money else ",.0f"},
                {"field": "questions", "title": "Questions", "format": ",d"},
                {"field": "part", "title": "This is"},
            ],
        },
    }
    return {"layer": [lines, *_marks(told, x, y)]}


def _values(told: Story) -> list[dict[str, Any]]:
    values = []
    for order, (asked, with_preparing, without) in enumerate(told.steps):
        for line, value in ((WITH, with_preparing), (WITHOUT, without)):
            values.append({"questions": asked, "line": line, "value": float(value), "order": order, "part": "known"})
    if told.forecast is not None:
        asked, with_preparing, without = told.steps[-1]
        meeting = _expected(told)
        for line, value in ((WITH, with_preparing), (WITHOUT, without)):
            for place, (at, height) in enumerate(((asked, value), (told.forecast, meeting[line]))):
                values.append(
                    {"questions": at, "line": line, "value": float(height), "order": place, "part": "expected"}
                )
    return values


def _expected(told: Story) -> dict[str, Fraction]:
    """Return where both lines are at the forecast, if questions go on to cost what they cost so far."""
    asked, with_preparing, without = told.steps[-1]
    slept = sum(
        (
            after[1] - before[1]
            for before, after in zip(told.steps, told.steps[1:], strict=False)
            if after[0] == before[0]
        ),
        Fraction(0),
    )
    more = Fraction((told.forecast or asked) - asked, asked)
    return {WITH: with_preparing + more * (with_preparing - slept), WITHOUT: without * (1 + more)}


def _marks(told: Story, x: dict[str, Any], y: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the layers that mark where preparing has paid for itself, or is expected to."""
    if told.crossed is not None:
        at = next(value for asked, value, without in reversed(told.steps) if asked == told.crossed)
        place, words = (told.crossed, at), f"paid for itself after {told.crossed:,}"
    elif told.forecast is not None:
        place, words = (told.forecast, _expected(told)[WITH]), f"expected after {told.forecast:,}"
    else:
        return []
    data = {"values": [{"questions": place[0], "value": float(place[1]), "words": words}]}
    left = place[0] * 2 > max(told.questions, told.forecast or 0)
    encoding = {"x": x, "y": y}
    text = {"type": "text", "align": "right" if left else "left", "dx": -10 if left else 10, "dy": -12, "fontSize": 13}
    return [
        {"mark": {"type": "rule", "strokeDash": [2, 3], "color": _QUIET}, "data": data, "encoding": {"x": x}},
        {
            "mark": {"type": "point", "size": 130, "strokeWidth": 2.5, "color": _QUIET, "filled": False},
            "data": data,
            "encoding": encoding,
        },
        {
            "mark": {**text, "color": _QUIET, "fontWeight": 600},
            "data": data,
            "encoding": {**encoding, "text": {"field": "words"}},
        },
    ]
