"""What follows from a sentence is asked in its own words, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stc.sleep import changes
from stc.sleep.deriving import proven
from stc.sleep.reading import read
from stc.words import Page


def notes(text: str) -> dict[str, tuple[str, str]]:
    """Return question -> (answer, result of the formula)."""
    reading = read([Page(1, f"The harbour keeps its books. {text}")])
    found = proven(changes.derived(reading), reading)
    assert all(item.evidence[0].quote in reading.page_text(1) for item in found)
    return {item.question: (item.text, item.formula.rpartition("= ")[2]) for item in found}


@pytest.mark.parametrize(
    ("text", "question", "answer", "result"),
    [
        (
            "In 2017, 8 of 18 offices measured their customer service accuracy.",
            "What share of the offices measured their customer service accuracy in 2017?",
            "About 44%: 8 of 18.",
            "44%",
        ),
        (
            "In 2017, 35,912 of 39,070 submissions received from ships were complete.",
            "What share of the submissions received from ships were complete in 2017?",
            "About 92%: 35,912 of 39,070.",
            "92%",
        ),
        (
            "The authority found that 2,427,989 of 2,431,008 entries were complete.",
            "What share of the entries were complete?",
            "About 99.9%: 2,427,989 of 2,431,008.",
            "99.9%",
        ),
        (
            "In 2016, the authority handled 1,059,998 of 1,585,909 calls.",
            "What share of the calls did the authority handle in 2016?",
            "About 67%: 1,059,998 of 1,585,909.",
            "67%",
        ),
        (
            "The authority processed 72,913 of 94,545 claims within 60 days.",
            "What share of the claims did the authority process within 60 days?",
            "About 77%: 72,913 of 94,545.",
            "77%",
        ),
        (
            "The authority completed the framework for 20 of 60 piers.",
            "For what share of the piers did the authority complete the framework?",
            "About 33%: 20 of 60.",
            "33%",
        ),
        (
            "The authority reduced the backlog from 61,108 cases to 15,146 in a year.",
            "By what percentage did the authority reduce the backlog?",
            "By about 75%, from 61,108 to 15,146.",
            "75%",
        ),
        (
            "The number of ships increased from 1.2 million in 2013 to 1.5 million in 2016.",
            "By what percentage did the number of ships increase from 2013 to 2016?",
            "By about 25%, from 1.2 million to 1.5 million.",
            "25%",
        ),
        (
            "The recapture rate has improved from 67.2 percent in 2013 to 78 percent in 2016.",
            "By how many percentage points has the recapture rate improved from 2013 to 2016?",
            "By 10.8 percentage points, from 67.2 percent to 78 percent.",
            "10.8 percentage points",
        ),
        (
            "Frederic Meier (22 February 1810 – 17 October 1849) was a master of the harbour.",
            "How many full years did Frederic Meier live?",
            "39 years: from 22 February 1810 to 17 October 1849.",
            "39 years",
        ),
        (
            "Martin Meier (German: [maia] ( listen); 10 November 1483 – 18 February 1546) was a priest.",
            "How many full years did Martin Meier live?",
            "62 years: from 10 November 1483 to 18 February 1546.",
            "62 years",
        ),
        (
            "The programme originally ran from 1963 to 1989.",
            "For about how many years did the programme run?",
            "About 26 years: from 1963 to 1989.",
            "26",
        ),
        (
            "The case was argued November 1, 2022, and decided February 22, 2023.",
            "How many days passed between November 1, 2022 (argued) and February 22, 2023 (decided)?",
            "113 days: from November 1, 2022 to February 22, 2023.",
            "113 days",
        ),
    ],
)
def test_shares_changes_and_spans_are_asked_about(text, question, answer, result):
    assert notes(text) == {question: (answer, result)}


@pytest.mark.parametrize(
    "text",
    [
        "The authority processed 52,811 of 92,125 claims (57.3 percent) within 60 days.",
        "It worked on 25 of 25 ships in the north of the harbour.",
        "The score was 4 out of 5 for the harbour in the north.",
        "In March of 2016 the harbour had a list of 2017 ships in it.",
        "The number of ships rose from 20 to 40, an increase of 20 ships.",
        "The number of ships rose from 20 to 30, or 50 percent of all ships.",
        "The number of ships rose from 20 to 30 to 40 in three years.",
        "The regent ruled for only two years, from 1321 to 1323.",
        "The station rejected the plans in six votes between 1960 and 1965.",
        "The road goes from 20 to 40 metres above the sea.",
        "It rose from 20 to 40 in two years in the harbour.",
        "The benefits remained the same from 2013 to 2016 in the harbour.",
        "The judge increased her sentence from 40 to 60 days in the end.",
        "Of those in the first group of the second list of ships, 392 of 502 answers were good.",
    ],
)
def test_what_is_stated_unclear_or_no_change_is_left_alone(text):
    assert notes(text) == {}


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            (
                "In 2017, ", "8 of 18 ", "offices ", "measured ", "were ", "from 20 ", "to 40", " percent ", ", ", ". ", "The ",
                "number of ", "(12 May 1820 – 3 June 1900) ", "decided 1 May 2020 ", "rose ", "has improved ", "$5 ", "0 of 0 ",
            )
        ),
        max_size=16,
    )
)  # fmt: skip
def test_whatever_a_sentence_says_what_is_derived_holds(parts):
    notes("".join(parts))
