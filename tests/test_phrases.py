from __future__ import annotations

import pytest

from stc import phrases


def test_numbers_carry_their_unit():
    assert phrases.count(1, "page") == "1 page"
    assert phrases.count(1200, "page") == "1,200 pages"
    assert phrases.count(2, "try", "tries") == "2 tries"


def test_durations_grow_coarser():
    assert [phrases.duration(s) for s in (0.04, 1.13, 41.4, 95, 3600, 8100, 90_000)] == [
        "0.0 s",
        "1.1 s",
        "41 s",
        "2 min",
        "60 min",
        "2 h 15 min",
        "25 h",
    ]


def test_times_past_are_told_from_now():
    now = 1_800_000_000.0
    assert phrases.ago(now - 5, now) == "just now"
    assert phrases.ago(now + 5, now) == "just now", "another machine's clock may be ahead"
    assert phrases.ago(now - 300, now) == "5 min ago"
    assert phrases.ago(now - 3 * 86_400, now) == "3 days ago"
    assert phrases.ago(now - 100 * 86_400, now).startswith("2026-")


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("300 km / 4 h = 75 km/h", "300 km ÷ 4 h = 75 km/h"),
        ("2319 h - 2313 h = 6 h; 6 h * 2 = 12 h", "2319 h − 2313 h = 6 h; 6 h × 2 = 12 h"),
        ("24 / 63 = 38%", "24 ÷ 63 = 38%"),
        ("sum($4, $1,200, $5) = $1,209", "$4 + $1,200 + $5 = $1,209"),
        ("sum(1, 2) / 3 = 1", "sum(1, 2) ÷ 3 = 1"),
        ("max(41 m, 31 m) = 41 m", "the largest of 41 m and 31 m is 41 m"),
        ("mean(1 h, 2 h, 3 h) = 2 h", "the average of 1 h, 2 h and 3 h is 2 h"),
        ("count(Basel, Emmerich) = 2", "2: Basel and Emmerich"),
        ("convert(22 °C) = 72 °F", "22 °C is 72 °F"),
        ("weekday(2007-12-29) = Saturday", "2007-12-29 is a Saturday"),
        ("days(2007-12-29, 2008-02-28) = 61 days", "from 2007-12-29 to 2008-02-28: 61 days"),
        ("minutes(10:05, 11:20) = 75 minutes", "from 10:05 to 11:20: 75 minutes"),
        ("what(is) this", "what(is) this"),
    ],
)
def test_a_formula_is_said_in_words_where_they_are_clearer(formula, said):
    assert phrases.formula(formula) == said
