"""What follows from a table with years for columns: how its rows changed, what they are of the total."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stc.sleep import checking, tables
from stc.sleep.deriving import proven
from stc.sleep.reading import read
from stc.words import NoteDraft, Page

MEASURES = (
    "Table Performance Measure FY 2013 Results FY 2014 Results FY 2015 Results FY 2015 Target\nTrend\n"
    "7.01\nPercent of complete\nsubmissions\n92% 84% 87.7% ≥90% Met\n"
    "7.02A Percent of officers trained per year 63% 65% 93% ≥60% Met\n"
    "7.03\nAverage unit cost for\nprocessing claims\n$91.37 $129.83 $124.48 ≤$128.15 Not Met\n"
    "Number of piers in use –* –* 48 60 Met\n"
    "Index score of the harbour 76 78 80 80 Met\n"
)
ACCOUNTS = (
    "Statement of income\n2021 2020\nTicket sales 1,200 1,000\nFreight 600 500\nRents 200 100\nTotal income 2,000 1,600\n"
    "This is a sentence that ends the table. It has 3 or 4 figures.\n"
)


def notes(text: str) -> dict[str, tuple[str, str]]:
    """Return question -> (answer, result of the formula); each passes the check."""
    reading = read([Page(1, text)])
    found = proven(tables.derived(reading), reading)
    drafts = [NoteDraft("inference", item.question, item.text, item.evidence, item.formula) for item in found]
    assert checking.check(drafts, {1: text}).dropped.keys() <= {checking.DUPLICATE}
    return {item.question: (item.text, item.formula.rpartition("= ")[2]) for item in found}


@pytest.mark.parametrize(
    ("text", "question", "answer", "result"),
    [
        (
            MEASURES,
            "By how many percentage points did the percent of complete submissions change from FY 2013 to FY 2015?",
            "Down by 4.3 percentage points, from 92% to 87.7%.",
            "4.3 percentage points",
        ),
        (
            MEASURES,
            "By how many percentage points did the percent of officers trained per year change from FY 2013 to FY 2015?",
            "Up by 30 percentage points, from 63% to 93%.",
            "30 percentage points",
        ),
        (
            MEASURES,
            "By what percentage did the average unit cost for processing claims change from FY 2013 to FY 2015?",
            "Up by about 36%, from $91.37 to $124.48.",
            "36%",
        ),
        (
            MEASURES,
            "By how much did the index score of the harbour change from FY 2013 to FY 2015?",
            "Up by 4, from 76 to 80.",
            "4",
        ),
        (
            ACCOUNTS,
            "By what percentage did the ticket sales change from 2020 to 2021?",
            "Up by about 20%, from 1,000 to 1,200.",
            "20%",
        ),
        (ACCOUNTS, "What share of the total income was the freight in 2021?", "About 30%: 600 of 2,000.", "30%"),
    ],
)
def test_rows_are_compared_over_the_years_and_with_their_total(text, question, answer, result):
    assert notes(text)[question] == (answer, result)


def test_a_year_without_a_figure_is_not_compared():
    assert not [question for question in notes(MEASURES) if "piers" in question]


@pytest.mark.parametrize(
    "text",
    [
        "In 2020 and 2021 the harbour had 12 and 13 ships.",
        "2020 2022\nTicket sales 1,200 1,000",
        "2020 2021\nTicket sales 1,200",
        "2020 2021\nTicket sales 1,200 1,200",
        "2020 2021\nTicket sales 12% 1,200",
        "2020 2021\n3.4 3.5 3.6 3.7",
        "2020 2021\n",
        "",
    ],
)
def test_what_is_no_table_of_years_or_no_change_derives_nothing(text):
    assert notes(text) == {}


def test_rows_that_do_not_add_up_to_the_total_are_no_shares_of_it():
    assert not [question for question in notes(ACCOUNTS.replace("2,000", "3,000")) if "share" in question]


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            (
                "2019 2020 2021\n", "FY 2019 FY 2020\n", "Ticket sales ", "12 ", "0 ", "$5 ", "40% ", "N/A ", "\n", "Total ",
                "7.01A ", "(3) ", "Rents of the piers\n", ". ", "1,000 ", "Score ",
            )
        ),
        max_size=20,
    )
)  # fmt: skip
def test_whatever_a_table_holds_what_is_derived_passes_the_check(parts):
    notes("".join(parts))
