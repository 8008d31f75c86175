"""What real runs of baselines say about their estimates."""

from __future__ import annotations

import dataclasses

import pytest

from stc.meter.baselines import Habit, estimate
from stc.meter.calibrating import Off, errors, habits
from stc.meter.prices import per_million
from stc.words import Baseline, Shadow, Usage

ESTIMATED = Baseline(2000, 100, 0.0024)
MEASURED = Baseline(2100, 150, 0.0027, 3.0, True)
SHADOW = Shadow("a", "local", "chunks", "m", "medium", 1.0, "done", ESTIMATED, MEASURED, answer_output_tokens=100)


def runs(number, **changes):
    return [dataclasses.replace(SHADOW, answer_id=str(i), at=float(i), **changes) for i in range(number)]


def test_three_runs_make_a_habit_and_two_do_not():
    assert habits(runs(2), model="m", effort="medium") == {}
    assert habits(runs(3), model="m", effort="medium") == {"chunks": Habit(1.5, 3.0, 3)}


def test_only_runs_of_the_same_model_and_effort_that_came_to_an_answer_count():
    others = [
        *runs(3, model="other"), *runs(3, effort="low"), *runs(3, state="failed"), *runs(3, abstained=True),
        *runs(3, measured=None), *runs(3, answer_output_tokens=0),
    ]  # fmt: skip
    assert habits(others, model="m", effort="medium") == {}


def test_estimates_follow_the_habit():
    usual = {"chunks": Habit(1.5, 3.0, 3)}
    given = {"sent_tokens": 500, "chunks_tokens": 2000, "frame_tokens": 300, "document_tokens": [10_000]}
    found = estimate(
        Usage(500, output_tokens=100), **given, output_tokens=100, price=per_million(1, 4), habits=usual, warm=True
    )
    assert (found["chunks"].output_tokens, found["chunks"].seconds) == (150, 3.0)
    assert found["chunks"].cost_usd == pytest.approx(0.002 + 150 * 4e-6)
    assert (found["document"].output_tokens, found["document"].seconds) == (100, None)
    assert not found["chunks"].measured


def test_the_error_of_the_estimates_has_its_size_and_its_direction():
    high = dataclasses.replace(ESTIMATED, input_tokens=2310, seconds=2.0)
    error = errors([*runs(1), dataclasses.replace(SHADOW, answer_id="b", estimated=high, differs={"numbers": ["7"]})])
    one = error["chunks"]
    assert one.runs == 2
    assert one.input == Off(2, pytest.approx((100 / 2100 + 0.1) / 2), pytest.approx((0.1 - 100 / 2100) / 2))
    assert one.seconds == Off(1, pytest.approx(1 / 3), pytest.approx(-1 / 3))
    assert one.agreeing == 1


def test_nothing_run_is_no_error_of_zero():
    assert errors([]) == {}
    assert errors(runs(1, measured=dataclasses.replace(MEASURED, cost_usd=None)))["chunks"].cost is None
