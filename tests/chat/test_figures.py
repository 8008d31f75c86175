import pytest
from hypothesis import given
from hypothesis import strategies as st

from stc.chat.figures import constants, numbers, readings, reckoned


def test_numbers_have_one_form_however_they_are_written():
    assert numbers("1,200.50 and 04 and seven") == {"1200.5", "4", "7"}
    assert numbers("on 12.08.2007 at 07:40") == {"12", "8", "2007", "7", "40"}


def test_points_and_commas_are_read_both_ways():
    assert readings("1.232, two and 3,5") == [[{"1.232"}, {"1232"}], [{"35"}, {"3.5"}]]


@pytest.mark.parametrize(
    ("number", "known"),
    [
        ("101", {"158", "57"}),
        ("10", {"2", "3", "5"}),
        ("38", {"24", "63", "100"}),
        ("0.4", {"24", "63"}),
        ("4.2", {"4200000", "1000000"}),
        ("25", {"80", "100"}),
    ],
)
def test_a_number_follows_from_others_by_one_step(number, known):
    assert reckoned(number, known)


@pytest.mark.parametrize(
    ("number", "known"),
    [("865", {"1939"}), ("102", {"158", "57"}), ("5", {str(n * 100 + 7) for n in range(20)}), ("5", set())],
)
def test_what_does_not_follow_is_not_reckoned(number, known):
    assert not reckoned(number, known)


def test_months_and_magnitudes_are_numbers_too():
    assert constants("8 December, 3 million, 5 %, 7 p.m.") == {"12", "1000000", "100"}
    assert constants("maybe a millionaire marched") == set()
    assert constants("8 Aprıl, 3 mıllıon") == set()


@given(st.text(max_size=60), st.lists(st.text(alphabet="0123456789.,", max_size=30), max_size=4))
def test_any_numbers_can_be_reckoned_with(text, others):
    known = {number for other in others for number in numbers(other)}
    for number in numbers(text):
        reckoned(number, known)
