"""What follows from a form without a model: asked as a reader would, with a formula that holds on its quotes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stc.models import tokens
from stc.sleep import checking, forms, formulas, quantities
from stc.sleep.deriving import Derived, proven
from stc.sleep.extractive import ExtractiveThinker
from stc.sleep.reading import Reading, read
from stc.words import NoteDraft, Page

VESSEL = (
    "Collision Report\nDate and Time: 12/29/2024, 1730 EST Vessel: Petrel\nHarbour: Ardwell, WI\n"
    "The collision happened near the pier. The collision broke the rail.",
    "Master: Jane Doe\nLast Medical Exam: 06/01/2023\nDate of Last Dry Docking: 12/20/2024\n"
    "Sea Time: 2319 hours (Total, all vessels), 2313 hours (Total, this class of vessel), 17 hours (Last 90 days, all\n"
    "vessels), 8 hours (Last 30 days, all vessels)\n"
    "Sailing Time: 1710 EST Berth: 4\nObservation Time: 1753 EST\nArrival Time: 1700 CST",
    "Air/Water Temperature: -5°C / 7°C\nGross Weight: 320 t\nNet Weight: 200 t\nReport Date: 02/28/2025\n"
    "Publish Date: 03/31/2028",
)


def reading(*texts: str):
    return read([Page(number, text) for number, text in enumerate(texts, start=1)])


def derived(read_form: Reading) -> list[Derived]:
    return proven(forms.derived(read_form), read_form)


def notes(*texts: str) -> dict[str, tuple[str, str]]:
    """Return question -> (answer, result of the formula)."""
    return {item.question: (item.text, item.formula.rpartition("= ")[2]) for item in derived(reading(*texts))}


@pytest.mark.parametrize(
    ("question", "answer", "result"),
    [
        ("On what day of the week did the collision happen?", "Sunday (12/29/2024).", "Sunday"),
        (
            "How many days after the collision was the report date?",
            "61 days: from 12/29/2024 to 02/28/2025.",
            "61 days",
        ),
        (
            "How many full months after the collision was the publish date?",
            "39 months: from 12/29/2024 to 03/31/2028.",
            "39 months",
        ),
        (
            "How many full months before the collision was the last medical exam?",
            "18 months: from 06/01/2023 to 12/29/2024.",
            "18 months",
        ),
        (
            "How many days before the collision was the last dry docking?",
            "9 days: from 12/20/2024 to 12/29/2024.",
            "9 days",
        ),
        (
            "How many minutes after sailing did the collision happen?",
            "20 minutes: from 1710 EST to 1730 EST.",
            "20 minutes",
        ),
        (
            "How many minutes after the collision was the observation?",
            "23 minutes: from 1730 EST to 1753 EST.",
            "23 minutes",
        ),
        ("What share of the total sea time was in this class of vessel?", "About 100%: 2313 of 2319 hours.", "100%"),
        (
            "How many hours of sea time were not in this class of vessel, but in others?",
            "6 hours: 2319 less 2313.",
            "6 hours",
        ),
        (
            "How many hours of sea time were between 90 and 30 days before the collision?",
            "9 hours: 17 less 8.",
            "9 hours",
        ),
        (
            "What was the difference between gross weight and net weight?",
            "120 t: 320 t less 200 t.",
            "120 t",
        ),
    ],
)
def test_a_form_tells_more_than_stands_in_it(question, answer, result):
    assert notes(*VESSEL)[question] == (answer, result)


def test_two_temperatures_of_one_field_are_compared_and_converted():
    found = notes("Site: Ardwell\nCrew: 5\nLight: Day\nTemperature/Dew Point: -5°C / -6°C")
    assert found["What was the difference between temperature and dew point in degrees Celsius?"] == (
        "1°C: -5°C less -6°C.",
        "1°C",
    )
    assert found["What was the temperature in degrees Fahrenheit?"] == ("23°F (-5°C).", "23°F")


def test_the_time_from_a_start_to_its_end_is_told():
    found = notes(
        "Site: here\nCrew: 5\nOpening Time: 9:00 am\nClosing Time: 5:30 pm\nLunch Start: 12:00\nLunch End: 13:00"
    )
    assert found["How many minutes passed between the opening time and the closing time?"] == (
        "510 minutes: from 9:00 am to 5:30 pm.",
        "510 minutes",
    )
    assert found["How many hours passed between the lunch start and the lunch end?"][1] == "1 hour"
    assert not [question for question in found if "opening time and the lunch" in question]


def test_times_of_different_zones_are_not_compared():
    assert not [question for question in notes(*VESSEL) if "arrival" in question]


def test_which_of_two_things_a_lone_value_is_of_is_not_guessed():
    found = notes("Site: Ardwell\nCrew: 5\nLight: Day\nTemperature/Dew Point: 11°C")
    assert not [question for question in found if "Fahrenheit" in question]


def test_a_label_with_several_values_derives_nothing():
    text = "Date: 12/29/2024\nPayment Date: 01/15/2025\nPayment Date: 02/15/2025\nDue Date: 01/28/2025"
    found = notes(text)
    assert not [question for question in found if "payment" in question]
    assert found["How many days after the document's date was the due date?"][1] == "30 days"


def test_a_label_under_several_headings_is_told_apart_by_them():
    texts = [
        f"{who} Information\nAge: 4{n}\nLast Medical Exam: 0{n}/01/2023\nCertificate: yes\nSeat: {n}\n"
        f"Sea Time: {n}00 hours (Total, all vessels), 50 hours (Total, this class of vessel)\nIt was he who kept the watch.\n"
        for n, who in enumerate(("Master", "Second Master"), start=1)
    ]
    found = notes(
        "Collision\nDate: 12/29/2024\nThe collision was seen by many, and by the master of the ship.\n", *texts
    )
    assert len([question for question in found if "last medical exam" in question]) == 2
    assert len([question for question in found if "in others" in question]) == 2


def test_dates_of_an_american_form_begin_with_the_month():
    assert (
        notes("Date: 05/06/2024, 1005 EST\nCrew: 5")["On what day of the week was the document's date?"][1] == "Monday"
    )


def test_a_date_that_may_be_read_in_two_ways_is_read_as_the_document_writes_it_out():
    text = "Date: 05/06/2024\nReport Date: 07/06/2024\nIt happened on {} 2024, at night."
    assert notes(text.format("5 June"))["On what day of the week was the document's date?"][1] == "Wednesday"
    assert notes(text.format("May 6,"))["On what day of the week was the document's date?"][1] == "Monday"
    assert not notes(text.format("some day in"))


def test_every_inference_passes_the_check_and_belongs_to_the_window_of_its_first_quote():
    read_form = reading(*VESSEL)
    thinker = ExtractiveThinker(read_form, tokens.count)
    pages = {page.number: page.text for page in read_form.pages}
    everything = thinker.infer(1, 3, tokens=10_000)
    assert len(everything) >= 12
    checked = checking.check(everything, pages)
    assert checked.dropped == {}
    assert all(draft.kind == "inference" and draft.formula for draft in checked.accepted)
    by_page = [thinker.infer(page, page, tokens=10_000) for page in pages]
    assert {draft.question for drafts in by_page for draft in drafts} == {draft.question for draft in everything}
    assert all(draft.evidence[0].page == page for page, drafts in enumerate(by_page, start=1) for draft in drafts)


def test_the_most_wanted_come_first_where_there_is_little_room_and_none_is_asked_twice():
    thinker = ExtractiveThinker(reading(*VESSEL), tokens.count)
    (first,) = thinker.infer(1, 3, tokens=150)
    assert first.question == "On what day of the week did the collision happen?"
    assert thinker.infer(1, 3, tokens=150, asked=["on what day of the week did the collision happen"]) == []


@pytest.mark.parametrize("size", [0, 100, 600, 3000])
def test_all_passes_together_stay_below_half_of_the_text(size):
    thinker = ExtractiveThinker(reading(*VESSEL), tokens.count)
    drafts: list[NoteDraft] = [
        *thinker.outline(tokens=size),
        *thinker.anticipate(1, 3, tokens=size),
        *thinker.infer(1, 3, tokens=size),
    ]
    assert sum(tokens.count(f"{draft.question} {draft.text}") for draft in drafts) <= 0.5 * size


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            (
                "Date: 12/29/2007 ", "Start Time: 10:05 ", "End Time: 9.30 pm\n", "Report Date: 1.2.2008\n", "Total: 5 h ",
                "Load: 5 t (total), 3 t (this one) ", "High/Low: 5°C / -3°C\n", "Net Load: 2,000 lb ", "Gross Load: 3 lb\n",
                "The event: ", "(", "/", " 0 h (Total) ", "99/99/9999", "25:61 ", "\n",
            )
        ),
        max_size=14,
    )
)  # fmt: skip
def test_whatever_a_form_holds_what_is_derived_holds(parts):
    read_form = reading("".join(parts), "Site: here\nCrew: 5\nLight: Day\nDate of Visit: 3 May 2008")
    day_first = quantities.day_first(page.text for page in read_form.pages)
    for item in derived(read_form):
        quotes = [evidence.quote for evidence in item.evidence]
        assert formulas.recompute(item.formula, quotes, day_first=day_first) is not None
        assert all(evidence.quote in read_form.page_text(evidence.page) for evidence in item.evidence)
