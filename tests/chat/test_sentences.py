import pytest
from hypothesis import given
from hypothesis import strategies as st

from stc.chat.sentences import split


def units(text):
    return [text[unit.start : unit.end] for unit in split(text)]


def test_a_form_s_lines_are_units_of_their_own():
    text = (
        "Trip Record\nDeparture Time: 1422 CST Type of Airspace: \nDestination: Oldtown (OT) Clearance: None\n"
        "Total Hours: 5950 Hours at time of \nthe event\nOperator:\nNobody Ltd."
    )
    assert units(text) == [
        "Trip Record",
        "Departure Time: 1422 CST Type of Airspace:",
        "Destination: Oldtown (OT) Clearance: None",
        "Total Hours: 5950 Hours at time of \nthe event",
        "Operator:\nNobody Ltd.",
    ]
    assert all(unit.line for unit in split(text)[:4])


def test_a_sentence_wrapped_over_printed_lines_is_one_unit():
    text = (
        "The ferry leaves the northern landing at seven and reaches the\n"
        "island before nine, weather allowing. The crew\nsleeps aboard.\n\nA new paragraph begins here."
    )
    assert units(text) == [
        "The ferry leaves the northern landing at seven and reaches the\nisland before nine, weather allowing.",
        "The crew\nsleeps aboard.",
        "A new paragraph begins here.",
    ]


def test_rows_of_a_table_stay_apart():
    assert units("Year Cars Boats\n2019 1,204 33\n2020 1,377 41") == [
        "Year Cars Boats",
        "2019 1,204 33",
        "2020 1,377 41",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Mr. Brown met Dr. J. R. Green of the U.S. Navy at 5 p.m. sharp on the quay.",
        "See Fig. 3 and No. 7 of the list that was sent to all of the members last week.",
        "1. The first point of the list is that nothing else follows from it at all.",
    ],
)
def test_a_full_stop_inside_a_sentence_does_not_end_it(text):
    assert units(text) == [text]


@given(st.text(alphabet=st.sampled_from("aB1 .:\n-?)(•"), max_size=200))
def test_units_are_in_order_and_leave_out_white_space_only(text):
    end = 0
    for unit in split(text):
        assert end <= unit.start < unit.end <= len(text)
        assert text[end : unit.start].strip() == ""
        assert text[unit.start : unit.end].strip() == text[unit.start : unit.end] != ""
        end = unit.end
    assert text[end:].strip() == ""


def test_a_field_s_value_goes_on_in_the_next_line_but_a_section_s_title_does_not():
    text = (
        "Rank: Captain, Second\nClass/Reserve\nHome Port: Oldtown Crew:\nVoyage Information\nScore: rose from\n57 to 58"
    )
    assert units(text) == [
        "Rank: Captain, Second\nClass/Reserve",
        "Home Port: Oldtown Crew:",
        "Voyage Information",
        "Score: rose from\n57 to 58",
    ]
