"""What proves a model's words: its quotes where they stand, and sentences for what they lack."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stc.sleep import checking, proving
from stc.words import Evidence, NoteDraft

PAGES = {
    1: "Aircraft: Cessna Skyhawk 172 Damage: Substantial\nDate & Time: 12/08/2007, 1630 CST\n"
    "The pilot switched to runway 04 (3078 feet long, ice, snow covered). He was not injured.",
    2: "Page 2 of 5\nRunway Surface Condition: Ice; Snow; Wet\nReport Date: 01/31/2008",
    3: "The agency will keep the\nconfdence of its customers. It has 172 employees in Rome.",
}


def prove(text, *quotes):
    return proving.evidence(text, quotes, PAGES, checking.writing_of(PAGES.values()))


def kept(text, found):
    return bool(checking.check([NoteDraft("answer", "What?", text, found)], PAGES).accepted)


@pytest.mark.parametrize(
    ("page", "quote", "expected"),
    [
        (1, "He was not injured.", Evidence(1, "He was not injured.")),
        (2, "He was not injured.", Evidence(1, "He was not injured.")),
        (None, "“He was not injured.”", Evidence(1, "He was not injured.")),
        (9, "Page 1: he was not injured", Evidence(1, "He was not injured")),
        (3, "keep the confidence of its customers", Evidence(3, "keep the\nconfdence of its customers")),
    ],
)
def test_a_quote_is_given_in_the_words_of_the_page_where_it_stands(page, quote, expected):
    assert prove("He was unhurt.", (page, quote)) == (expected,)


def test_a_quote_that_leaves_something_out_becomes_two():
    found = prove("He landed on ice.", (1, "The pilot switched to runway 04 ... ice, snow covered"))
    assert [item.quote for item in found] == ["The pilot switched to runway 04", "ice, snow covered"]


def test_a_figure_that_the_quotes_lack_is_proven_by_the_sentence_that_says_it():
    text = "Runway 04 was covered with ice and snow."
    found = prove(text, (2, "Runway Surface Condition: Ice; Snow; Wet"))
    assert [item.page for item in found] == [2, 1]
    assert "runway 04" in found[1].quote
    assert kept(text, found)


def test_names_that_the_quotes_lack_are_proven_by_more_than_one_sentence_if_need_be():
    text = "A Cessna Skyhawk 172 landed on December 8, 2007, at 1630 CST, and the pilot was not injured."
    found = prove(text, (1, "He was not injured."), (1, "Date & Time: 12/08/2007, 1630 CST"))
    assert "Aircraft: Cessna Skyhawk 172 Damage: Substantial" in [item.quote for item in found]
    assert kept(text, found)


def test_a_short_answer_is_about_what_its_question_is_about():
    found = proving.evidence(
        "Ice, snow; 3078 feet.", [(2, "Ice; Snow; Wet")], PAGES, question="What was runway 04 covered with?"
    )
    assert kept("Ice, snow; 3078 feet.", found)


def test_a_figure_is_not_proven_by_a_sentence_about_something_else():
    text = "The pilot flew 172 hours."
    found = prove(text, (1, "He was not injured."))
    assert found == (Evidence(1, "He was not injured."),)
    assert not kept(text, found)


def test_without_a_single_good_quote_a_sentence_that_says_it_all_is_enough():
    text = "The pilot switched to runway 04."
    found = prove(text, (1, "the pilot then went over to runway 04"))
    assert found[0].page == 1
    assert kept(text, found)


def test_what_stands_nowhere_keeps_its_quotes_for_the_check_to_find_fault_with():
    text = "The pilot was drunk in 2009. The pilot switched to runway 04."
    found = prove(text, (1, "the pilot was drunk"), (None, "in 2009"))
    assert found == (Evidence(1, "the pilot was drunk"), Evidence(1, "in 2009"))
    assert not kept(text, found)


def test_a_quote_within_another_is_not_given_twice():
    found = prove("He was fine.", (1, "He was not injured."), (1, "covered). He was not injured."))
    assert found == (Evidence(1, "covered). He was not injured."),)


def test_a_summary_loses_what_is_not_proven_but_never_its_beginning():
    found = (Evidence(1, "He was not injured."),)
    assert proving.proven("He was fine. It was in 1999. He went home.", found) == "He was fine. He went home."
    assert proving.proven("It was in 1999. He was fine.", found) == "It was in 1999. He was fine."


@given(st.text(alphabet='AaBb1204. /-\n"…', max_size=80), st.text(alphabet='AaBb1204. /-\n"…', max_size=80))
def test_what_is_found_is_verbatim_whatever_is_said(text, quote):
    found = proving.evidence(text, [(1, quote)], PAGES)
    assert all(item.quote in PAGES.get(item.page, "") or item.quote == quote for item in found)


def test_a_formula_s_operands_are_proven_and_its_result_needs_no_quote():
    pages = {1: "The hull was 2,313 hours old at the inspection.", 2: "At the accident the hull was 2,319 hours old."}
    found = proving.evidence(
        "The hull flew 6 hours after the inspection.",
        [(1, "2,313 hours old at the inspection")],
        pages,
        question="How long did the hull fly after the inspection?",
        formula="2319 h - 2313 h = 6 h",
    )
    assert found == (
        Evidence(1, "2,313 hours old at the inspection"),
        Evidence(2, "At the accident the hull was 2,319 hours old."),
    )


def test_a_result_used_again_and_small_counts_need_no_quote():
    quote = (1, "one ticket costs $4.20")
    pages = {1: "For children one ticket costs $4.20 today."}
    formula = "$4.20 * 3 = $12.60; $12.60 * 2 = $25.20"
    found = proving.evidence("Twice three tickets cost $25.20.", [quote], pages, formula=formula)
    assert found == (Evidence(1, "one ticket costs $4.20"),)


TABLE = {
    1: "Aviation Accident Report\nLocation: Tallahassee, FL\nDate & Time: 12/08/2007, 1730 EST Registration: N5921D\n",
    2: "Percent of employees satisfied with their skills\nFY 2013\nResults\nFY 2017\nResults\n65% 66% ≥65% Met\n"
    "Average cost of a claim\n$91.37 $135.05 ≤$128.15 Not Met\nBy May, claims cost\nless.",
}


@pytest.mark.parametrize(
    ("text", "page", "quote", "also"),
    [
        ("It rose from 65% in FY 2013 to 66% in FY 2017.", 2, "65% 66%", "FY 2013"),
        ("It cost $135.05 instead of $128.15.", 2, "cost of a claim\n$91.37 $135.05", "≤$128.15"),
        (
            "The plane from Tallahassee, Florida, crashed on December 8, 2007.",
            1,
            "Location: Tallahassee, FL",
            "12/08/2007",
        ),
        ("The report says it was at 5:30 p.m. EST on December 8, 2007.", 1, "Aviation Accident Report", "1730 EST"),
    ],
)
def test_a_row_is_proven_by_the_head_of_its_table_and_a_quote_by_what_goes_on_from_it(text, page, quote, also):
    writing = checking.writing_of(TABLE.values())
    found = proving.evidence(text, [(page, quote)], TABLE, writing)
    assert any(also in item.quote for item in found)
    assert checking.check([NoteDraft("answer", "What?", text, found)], TABLE).accepted


@pytest.mark.parametrize(
    "page",
    [
        "FY 2013\n" + "Nothing of interest is here. " * 40 + "\n65% 66% Met",
        "65% 66% Met\nThe end.\nFY 2013",
    ],
)
def test_a_year_far_above_a_quoted_row_or_below_it_does_not_head_it(page):
    assert proving.evidence("It was 65% in 2013.", [(1, "65% 66% Met")], {1: page}) == (Evidence(1, "65% 66% Met"),)


def test_the_number_of_a_page_proves_no_figure():
    page = "Customer service training\n1,628 employees had taken the customer service training.\nCustomer service report 32"
    quote = Evidence(32, "1,628 employees had taken the customer service training.")
    text = "32% had taken the customer service training."
    assert proving.evidence(text, [(32, quote.quote)], {32: page}) == (quote,)
