from __future__ import annotations

from stc.ui import phrases


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
