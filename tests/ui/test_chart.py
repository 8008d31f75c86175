"""The lines of the Savings page: their gap is the net, and where they cross is marked."""

from __future__ import annotations

import dataclasses
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from stc.meter.ledger import net
from stc.ui import chart
from tests.meter.test_ledger import ANSWERS, CHEAP, DEAR, ROWS, SLEPT, answer


def asked(number, usage=CHEAP, **changes):
    return [
        answer(usage, id=f"{number}-{place}", asked_at=1_795_000_100.0 + place, **changes) for place in range(number)
    ]


def told(rows, answers, **options):
    return chart.story(rows, answers, "chunks", **{"in_money": True, **options})


def test_preparing_starts_in_the_red_and_the_lines_cross_where_it_is_paid_back():
    found = told([SLEPT], asked(30))
    assert found.steps[1][:2] == (0, chart.Fraction(4, 100))
    assert found.crossed == 20, "0.04 dollars at 0.002 a question"
    assert "paid for itself after 20" in json.dumps(chart.specification(found, in_money=True))


def test_what_is_not_paid_back_yet_is_expected_where_the_rate_says_so():
    found = told([SLEPT], asked(8))
    assert (found.crossed, found.forecast) == (None, 20)
    assert "expected after 20" in json.dumps(chart.specification(found, in_money=True))
    assert told([SLEPT], asked(2)).forecast is None, "too far off to say"
    losing = told([SLEPT], asked(8, DEAR))
    assert (losing.crossed, losing.forecast) == (None, None)
    assert len(chart.specification(losing, in_money=True)["layer"]) == 1


def test_preparing_anew_puts_it_back_into_the_red():
    again = dataclasses.replace(SLEPT, id="again", at=SLEPT.at + 10_000)
    assert told([SLEPT, again], asked(30)).crossed is None


def test_nothing_prepared_has_nothing_to_cross():
    assert told([], asked(5)).crossed is None


def test_an_unknown_price_is_no_line_at_all():
    unknown = dataclasses.replace(CHEAP, cost_usd=None)
    assert told([SLEPT], asked(3, unknown)) is None
    assert told([SLEPT], asked(3, unknown), in_money=False) is not None


def test_one_document_has_its_own_lines():
    other = dataclasses.replace(SLEPT, id="other", document_id="ferry")
    assert told([SLEPT, other], asked(30), documents={"bridge"}).crossed == 20
    assert told([SLEPT, other], asked(30), documents={"ferry"}).questions == 0


@given(st.lists(ROWS, max_size=12), st.lists(ANSWERS, max_size=12, unique_by=lambda one: one.id), st.booleans())
@settings(max_examples=40, deadline=None)
def test_the_gap_between_the_lines_is_the_net(rows, answers, in_money):
    whole = net(rows, answers)
    found = chart.story(rows, answers, "chunks", in_money=in_money)
    if in_money and whole.cost_usd is None:
        assert found is None
        return
    if found is None:
        return  # an answer's own price is unknown, though its saving is none
    _, with_preparing, without = found.steps[-1]
    assert without - with_preparing == (whole.cost_usd if in_money else whole.tokens)
    assert found.questions == whole.questions
    json.dumps(chart.specification(found, in_money=in_money), allow_nan=False)
