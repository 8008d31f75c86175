"""What preparing is worth: chance of being asked, times what a note saves, minus what it costs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stc.sleep import value
from stc.sleep.value import DAY_S, Experience, Outcome, Use

NOW = 1_000 * DAY_S
NEVER = Use()
IN_MONEY = Experience(saved_usd=0.002)

ages = st.lists(st.floats(0, 300 * DAY_S), max_size=30)


def worth(use: Use = NEVER, *, part: float = 1.0, cost: float = 0.01, experience: Experience = IN_MONEY, **options):
    options = {"unit": "usd", **options}
    return value.worth("anticipate", part=part, use=use, experience=experience, cost=cost, now=NOW, **options)


def asked(*days_ago: float, **changes) -> Use:
    return Use(tuple(NOW - days * DAY_S for days in days_ago), last_used_at=NOW, **changes)


@given(ages, st.floats(0, 300 * DAY_S), st.integers(0, 50))
def test_more_demand_never_lowers_the_value(known, another, opens):
    def at(some, opens):
        return worth(Use(tuple(NOW - age for age in some), opens, NOW - 5 * DAY_S)).net

    assert at([*known, another], opens) >= at(known, opens)
    assert at(known, opens + 1) >= at(known, opens)


@given(ages, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_cost_lowers_it_and_a_larger_part_raises_it(known, part, more, cost, dearer):
    use = Use(tuple(NOW - age for age in known), last_used_at=NOW)
    assert worth(use, part=part, cost=cost + dearer).net <= worth(use, part=part, cost=cost).net
    assert worth(use, part=max(part, more), cost=cost).net >= worth(use, part=min(part, more), cost=cost).net


def test_a_question_counts_by_half_after_two_weeks():
    fresh, old = value.expected_questions(asked(0), NOW), value.expected_questions(asked(14), NOW)
    none = value.expected_questions(asked(), NOW)
    assert (fresh - none, old - none) == (1.0, 0.5)


def test_a_document_that_nobody_touches_is_expected_to_be_asked_less_and_less():
    unused = [value.expected_questions(Use(last_used_at=NOW - days * DAY_S), NOW) for days in (0, 14, 140)]
    assert unused[:2] == [1.0, 0.5]
    assert unused[2] < 0.01


def test_the_sum_is_said_in_one_line_with_its_numbers():
    assert worth(asked(1, 2, 3), part=0.5, cost=0.004).in_words() == (
        "asked 3 times this week, 4 more likely, 15% of them answered from it; about $0.0020 saved each; "
        "costs about $0.0040"
    )
    assert worth(asked(30), cost=0.0).in_words().startswith("not asked this week, 1.2 more likely")
    assert worth(cost=0.0).in_words().endswith("costs nothing")
    tokens = worth(asked(1), experience=Experience(), unit="tokens", cost=4321.0)
    assert tokens.in_words().endswith("about 600 tokens saved each; costs about 4,300 tokens")
    free_answers = worth(asked(1), experience=Experience(saved_usd=0.0))
    assert "answers cost nothing here" in free_answers.in_words()


def test_what_is_unknown_is_never_reckoned_as_nothing():
    with pytest.raises(ValueError, match="unknown"):
        worth(experience=Experience(saved_usd=None))
    assert value.learn([], input_usd=None).saved_usd is None


def test_without_experience_the_priors_hold():
    assert value.learn([], input_usd=1e-6) == Experience(600.0, 0.0006, value.CHANCES, 0)


def test_what_was_measured_pulls_the_priors_along_the_more_there_is_of_it():
    used = Outcome(frozenset({"anticipate"}), frozenset({"anticipate"}), 1100.0, 0.002)
    few, many = value.learn([used] * 5, input_usd=1e-6), value.learn([used] * 500, input_usd=1e-6)
    assert few.saved_tokens == pytest.approx(850)
    assert many.saved_tokens == pytest.approx(1095, abs=1)
    assert many.saved_usd == pytest.approx(0.002, abs=2e-5)
    assert few.chances["anticipate"] == pytest.approx((5 + 3) / 15)
    assert few.chances["infer"] == value.CHANCES["infer"]
    assert few.answers == 5


def test_notes_that_are_there_and_not_used_lower_their_chance():
    unused = Outcome(frozenset({"anticipate", "infer"}), frozenset())
    learned = value.learn([unused] * 30, input_usd=None)
    assert learned.chances["anticipate"] == pytest.approx(3 / 40)
    assert learned.chances["infer"] == pytest.approx(1 / 40)
    assert learned.saved_tokens == value.SAVED_TOKENS


def test_notes_that_cost_more_than_they_save_are_worth_nothing_rather_than_less():
    loss = Outcome(frozenset({"anticipate"}), frozenset({"anticipate"}), -5000.0, -0.01)
    learned = value.learn([loss] * 50, input_usd=1e-6)
    assert (learned.saved_tokens, learned.saved_usd) == (0.0, 0.0)
