"""A derived figure follows from what is quoted, with its unit, or it derives nothing."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stc.sleep import quantities
from stc.sleep.checking import FORMULA_WRONG, NAME_NOT_FOUND, NO_FORMULA, NUMBER_NOT_FOUND, RESULT_NOT_SAID, check
from stc.sleep.formulas import recompute
from stc.words import Evidence, NoteDraft


@pytest.mark.parametrize(
    ("formula", "quote", "derived"),
    [
        ("24 / 63 = 38%", "24 of 63", {"38"}),
        ("2,393 - 1,900 = 493", "2,393 to 1,900", {"493"}),
        ("€167,000 − €66,000 = €101,000", "€167,000 and €66,000", {"101000"}),
        ("5,400,000 * 40% = 2,160,000", "40% of 5,400,000", {"2160000"}),
        ("491,500 ÷ 25,276 = 19.4", "491,500 on 25,276", {"19.4"}),
        ("2 × 6.80 + 2 × 2.50 = 18.60; 18.60 - 15 = 3.60", "6.80, 2.50, 15", {"2", "18.6", "3.6"}),
        ("(10 + 20) / 2 = 15", "20", {"10", "2", "15"}),
        ("169 - 184 = -15", "169 and 184", {"-15", "15"}),
        ("2319 h - 2313 h = 6 h", "2319 hours (all), 2313 hours (this one)", {"6"}),
        ("$4.20 * 3 = $12.60", "tickets at $4.20", {"3", "12.6"}),
        ("300 km / 4 h = 75 km/h", "300 km in 4 hours", {"75"}),
        ("300 km / 4 h = 75 km per hour", "300 km in 4 hours", {"75"}),
        ("$300 / 4 h = $75/h", "$300 for 4 hours", {"75"}),
        ("90 min + 1.5 h = 3 h", "90 minutes, then 1.5 hours", {"3"}),
        ("sum(12 t, 30 t, 8 t) = 50 t", "12 t, 30 t and 8 t", {"50"}),
        ("mean(12 t, 31 t) = 21.5 t", "12 t and 31 t", {"21.5"}),
        ("max(12 t, 900 kg) - min(12 t, 900 kg) = 11.1 t", "12 t and 900 kg", {"11.1"}),
        ("count(17 h, 42 h) = 2", "17 h and 42 h", {"2"}),
        ("convert(22 °C) = 72 °F", "22°C", {"72"}),
        ("convert(-13 °C) = 9 °F", "-13°C", {"9"}),
        ("convert(13 °C) = 55 °F", "13°C", {"55"}),
        ("convert(9000 ft) = 2743 m", "9000 ft agl", {"2743"}),
        ("22 °C - 17 °C = 5 °C", "22°C / 17°C", {"5"}),
        ("weekday(2007-12-29) = Saturday", "12/29/2007", {"2007", "12", "29"}),
        ("days(2007-12-29, 2008-02-28) = 61 days", "29 December 2007 to February 28, 2008", {"61"}),
        ("months(2006-05-01, 2008-01-03) = 20 months", "05/01/2006 and 2008-01-03", {"20"}),
        ("years(2006-05-13, 2026-05-12) = 19 years", "13.05.2006, 12.05.2026", {"19"}),
        ("minutes(10:05, 11:20) = 75 minutes", "from 10:05 to 11:20", {"75"}),
        ("minutes(17:10, 17:30) = 20 minutes", "Departure Time: 1710 EST, 1730 EST", {"20"}),
        ("hours(2007-12-29 10:05, 2007-12-30 11:20) = 25.25 hours", "2007-12-29 10:05; 2007-12-30 11:20", {"25.25"}),
        ("4.2 million / 3 = 1.4 million", "4.2 million", {"3", "1.4"}),
        ("3 percent + 4 percent = 7 percentage points", "3% and 4%", {"7"}),
        ("214 votes + 187 votes = 401 votes", "214 against 187 votes", {"401"}),
        ("120 passengers / 4 sailings = 30 passengers per sailing", "120 passengers on 4 sailings", {"30"}),
        ("1 - 38% = 62%", "38% of them", {"62"}),
    ],
)
def test_what_follows_from_the_quotes_is_derived(formula, quote, derived):
    computed = recompute(formula, [quote])
    assert computed is not None
    assert derived <= computed.numbers
    assert computed.result == formula.rpartition("=")[2].strip()


@pytest.mark.parametrize(
    ("formula", "quote", "result"),
    [
        ("2,319 hours − 2,313 hours = 6 hours", "2319 hours (all), 2313 hours (this one)", "6 hours"),
        ("2319 h - 2313 = 6 h", "2319 hours (all), 2313 hours (this one)", "6 h"),
        ("25 - 9 = 16 degrees C", "25°C / 9°C", "16 degrees C"),
        ("$15 - 12.60 = $2.40", "$15, less $12.60", "$2.40"),
        ("74 - 71 = 3 percentage points", "71%, and the aim was 74%", "3 percentage points"),
        ("5,094 employees - 1,628 = 3,466 employees", "1,628 of 5,094 OPM employees", "3,466 employees"),
        ("2914 - 1923 = 991 employees", "1,923 of 2,914 employees", "991 employees"),
        ("sum(214, 187 votes) = 401 votes", "214 against 187 votes", "401 votes"),
        ("FY 2026 - FY2022 = 4 years", "By FY 2022, and again by FY 2026", "4 years"),
        ("2050 - 2026 = 24 years", "in 2026; zero emissions by 2050", "24 years"),
        ("(2313 / 2319) * 100 = 99.7%", "2313 of 2319 hours", "99.7%"),
        ("(250 - 200) / 200 × 100 = 25 percent", "from 200 to 250", "25 percent"),
        ("3 / 10 = 0.3 = 30%", "of the 10, three", "30%"),
        ("share = 3 / 10 = 30%", "of the 10, three", "30%"),
        ("100% - 38% = 62%", "38% of them", "62%"),
        ("100 - 38% = 62%", "38% of them", "62%"),
        ("2,914 / 0.59 ≈ 4,939", "2,914 were 59 percent", "4,939"),
        ("40% of 200 = 80", "40% of the 200", "80"),
        ("USD 1.2 million + US$300 thousand = USD 1.5 million", "$1.2 million and $300 thousand", "$1.5 million"),
        ("EUR 12 - EUR 5 = €7", "from €5 to €12", "€7"),
        ("average(12 t, 31 t) = 21.5 t.", "12 t and 31 t", "21.5 t"),
        ("24 + 63 = 87\n87 * 2 = 174", "24 and 63", "174"),
        ("days(December 8, 2007, January 31, 2008) = 54 days", "12/08/2007; January 31, 2008", "54 days"),
        ("weekday(12/29/2007) = Saturday", "on 12/29/2007", "Saturday"),
        ("minutes(1710, 1730) = 20 minutes", "Departure Time: 1710 EST, 1730 EST", "20 minutes"),
        ("hours(9:30 am, 1:30 pm) = 4 hours", "0930 CST; 1:30 p.m.", "4 hours"),
    ],
)
def test_a_formula_may_be_written_as_models_write_it(formula, quote, result):
    computed = recompute(formula, [quote])
    assert computed is not None
    assert computed.result == result


@pytest.mark.parametrize(
    "formula",
    [
        "24 / 63 = 39%",
        "24 / 63 = 0.4%",
        "24 / 63",
        "= 38",
        "24 / 63 = many",
        "24 / 64 = 37.5%",
        "63 - 24 = 39; 39 * 50 = 1950",
        "24 / (63 - 63) = 0",
        "24 ** 63 = 1",
        "24 ^ 63 = 1",
        "24e9 + 63 = 1",
        "__import__('os') = 1",
        "24 + True = 25",
        "sum.__class__(24) = 24",
        "eval(24) = 24",
        "(" * 200 + "24",
        "(" * 280 + "24" + ")" * 280 + " = 24",
        "-" * 500 + "24 = 24",
        "(" * 3000 + "24" + ")" * 3000 + " = 24",
        "24 // 63 = 0",
        "24 63 = 1",
        "24, 63 = 87",
        "sum(24, 63 = 87",
        "sum() = 0",
        "3 + 4 = 7",
        "63 - 24 = 39 = 40",
        "weekday(24) = Saturday",
        "weekday(2024-02-30) = Friday",
        "",
        ";",
    ],
)
def test_what_is_wrong_or_starts_from_elsewhere_derives_nothing(formula):
    assert recompute(formula, ["24 of 63"]) is None


@pytest.mark.parametrize(
    ("formula", "quote"),
    [
        ("2319 h - 2313 h = 6", "2319 hours, 2313 hours"),
        ("2319 h - 2313 h = 6 km", "2319 hours, 2313 hours"),
        ("2319 h - 2313 = 6 h", "2319 hours, 2313 km"),
        ("2319 - 2313 = 6 h", "2319 km, 2313 km"),
        ("2319 - 2313 = 6 votes", "2319 hours, 2313 hours"),
        ("2319 - 2313 = 6 years", "2319 hours, 2313 hours"),
        ("2026 + 2022 = 4048 years", "2022, 2026"),
        ("$2050 - $2026 = 24 years", "2050, 2026"),
        ("24 / 63 = 38 employees", "24 of 63"),
        ("24 * 63 = 1512%", "24 of 63"),
        ("0.59 * 100 = 59 employees", "59 percent"),
        ("2319 km - 2313 h = 6 h", "2319 hours, 2313 hours"),
        ("2319 min - 2313 min = 6 min", "2319 hours, 2313 hours"),
        ("$66 + €66 = $132", "$66 and €66"),
        ("300 km / 4 h = 75 h/km", "300 km in 4 hours"),
        ("24 women / 63 = 38%", "24 women of 63"),
        ("22 °C - 17 °C = 41 °F", "22°C / 17°C"),
        ("22 °C = 72 °F", "22°C"),
        ("convert(22 °C) = 22 °F", "22°C"),
        ("50 * 40 = 20%", "50 and 40"),
        ("50 + 40% = 90", "50 and 40%"),
        ("days(2007-12-29, 2008-02-28) = 61", "12/29/2007, 02/28/2008"),
        ("days(2007-12-29, 2008-02-28) = 61 months", "12/29/2007, 02/28/2008"),
        ("days(2007-12-29, 2008-02-27) = 60 days", "12/29/2007, 02/28/2008"),
        ("months(2008-02-28, 2007-12-29) = 1 month", "12/29/2007, 02/28/2008"),
        ("weekday(2007-12-29) = Sunday", "12/29/2007"),
        ("weekday(2007-12-28) = Friday", "12/29/2007"),
        ("minutes(10:05, 11:20) = 75 minutes", "10:05 p.m. to 11:20 p.m."),
        ("minutes(11:20, 10:05) = 1365 minutes", "10:05, 11:20"),
        ("minutes(10:05, 2007-12-29) = 5 minutes", "10:05, 12/29/2007"),
        ("minutes(20:07, 20:08) = 1 minute", "from 2007 to 2008"),
        ("2319 h - 2313 h = 6 h; 6 km / 2 h = 3 km/h", "2319 hours, 2313 hours, 2 hours"),
        ("$3 million / 2 = $1.5 million; $1.5 * 2 = $3", "$3 million"),
        ("2 mıllıon * 2 = 4 mıllıon", "2 million"),
    ],
)
def test_units_dates_and_times_must_agree_with_each_other_and_with_the_quotes(formula, quote):
    assert recompute(formula, [quote]) is None


def test_a_result_may_be_rounded_as_it_is_written():
    quotes = ["1,600,000 of 4,100,000"]
    for right in ("39%", "39.0%", "39.02%", "0.39"):
        assert recompute(f"1,600,000 / 4,100,000 = {right}", quotes) is not None
    assert recompute("1,600,000 / 4,100,000 = 39.5%", quotes) is None


@pytest.mark.parametrize("right", ["2", "3"])
def test_a_half_may_be_rounded_either_way(right):
    assert recompute(f"5 / 2 = {right}", ["5 of them"]) is not None


def test_a_date_that_may_be_read_in_two_ways_is_read_as_the_document_writes_its_dates():
    formula = "days(2007-03-04, 2007-03-05) = 1 day"
    assert recompute(formula, ["04/03/2007 and 05/03/2007"], day_first=True) is not None
    assert recompute(formula, ["04/03/2007 and 05/03/2007"], day_first=False) is None


@pytest.mark.parametrize(
    ("text", "formula", "fault"),
    [
        ("38% of the staff are women.", "24 / 63 = 38%", None),
        ("38% of the staff are women.", "24 / 64 = 37.5%", FORMULA_WRONG),
        ("38% of the staff are women.", None, NO_FORMULA),
        ("39% of the staff are women.", "24 / 63 = 38%", RESULT_NOT_SAID),
        ("38% of the staff of 64 are women.", "24 / 63 = 38%", NUMBER_NOT_FOUND),
        ("24 of them are women.", "24 / 63 = 38%", RESULT_NOT_SAID),
        ("38 km were driven.", "24 / 63 = 38%", RESULT_NOT_SAID),
        ("There are 39 hours between.", "63 kg - 24 kg = 39 kg", RESULT_NOT_SAID),
        ("There are 39 kilos between.", "63 kg - 24 kg = 39 kg", None),
        ("On a Monday: it was 31 December 2007.", "weekday(2007-12-31) = Monday", None),
        ("It was 31 December 2007.", "weekday(2007-12-31) = Monday", RESULT_NOT_SAID),
        ("On a Monday or Tuesday.", "weekday(2007-12-31) = Monday", NAME_NOT_FOUND),
        ("At the end, on a Monday.", None, NO_FORMULA),
        ("That is 72 °F.", "convert(22 °C) = 72 °F", None),
    ],
)
def test_a_derived_figure_is_kept_when_its_formula_holds_on_what_is_quoted(text, formula, fault):
    page = "At the end of 12/31/2007, 24 of the 63 are women. It was 22°C."
    draft = NoteDraft("inference", "What follows?", text, (Evidence(1, page),), formula)
    checked = check([draft], {1: page})
    assert checked.dropped == ({fault: 1} if fault else {})


@settings(deadline=None)
@given(st.text(alphabet="0123456789.,;:=+-*/()%$€°hkmCF xsumconvertdays\n", max_size=700))
def test_whatever_a_formula_says_it_is_computed_or_refused_at_once(formula):
    computed = recompute(formula, ["24 h, 63 km, 2007-12-29, 10:05"])
    assert computed is None or computed.result in formula


@settings(deadline=None)
@given(st.text(max_size=400), st.text(max_size=400))
def test_no_text_breaks_it(formula, quote):
    recompute(formula, [quote])
    recompute(f"{formula} = {quote}", [quote])


@settings(deadline=None)
@given(
    st.lists(st.integers(13, 10**9), min_size=2, max_size=8), st.integers(0, 3), st.sampled_from(["", " h", " votes"])
)
def test_a_sum_holds_with_its_own_result_only(operands, off, unit):
    left = ", ".join(f"{operand}{unit}" for operand in operands)
    computed = recompute(f"sum({left}) = {sum(operands) + off}{unit}", [left])
    assert (computed is not None) == (off == 0)


@settings(deadline=None)
@given(st.integers(13, 10**6), st.integers(13, 10**6), st.integers(0, 4))
def test_a_share_holds_as_far_as_it_is_rounded(part, whole, places):
    exact = Fraction(100 * part, whole)
    shown = f"{float(round(exact, places)):.{places}f}"
    assert recompute(f"{part} / {whole} = {shown}%", [f"{part} of {whole}"]) is not None
    wrong = f"{float(round(exact, places)) + 2 * 10**-places:.{places}f}"
    assert recompute(f"{part} / {whole} = {wrong}%", [f"{part} of {whole}"]) is None


@settings(deadline=None)
@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(0, 40_000))
def test_days_weekdays_and_months_agree_with_the_calendar(first, days):
    last = first + timedelta(days=days)
    quotes = [f"{first:%d %B %Y}", f"{last:%B} {last.day}, {last:%Y}"]
    assert recompute(f"days({first}, {last}) = {days} days", quotes) is not None
    assert recompute(f"weekday({last}) = {last:%A}", quotes) is not None
    months = quantities.months_between(first, last)
    assert days >= 27 * months
    assert recompute(f"months({first}, {last}) = {months} months", quotes) is not None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10:05", ["10:05"]),
        ("at 3 p.m. and 12 am", ["15:00", "00:00"]),
        ("1005 PST", ["10:05"]),
        ("Departure Time: 1710 EST", ["17:10"]),
        ("10.05 is a number, 10.05 pm a time", ["22:05"]),
        ("in 2007, $1005, 1005-7, 12/1005", []),
        ("about 1308 central standard time", ["13:08"]),
        ("a ratio of 3:70", []),
    ],
)
def test_times_are_read_as_texts_write_them(text, found):
    assert [f"{item.value:%H:%M}" for item in quantities.times(text)] == found


@pytest.mark.parametrize(
    ("text", "day_first", "found"),
    [
        ("12/29/2007", None, ["2007-12-29"]),
        ("29.12.07", None, ["2007-12-29"]),
        ("04/03/2007", None, []),
        ("04/03/2007", True, ["2007-03-04"]),
        ("04/04/2007", None, ["2007-04-04"]),
        ("On December 6, 2007, or the 6th of Dec. 2007", None, ["2007-12-06", "2007-12-06"]),
        ("2007-02-30, 13/13/2007, 1.2.3.4", None, []),
        ("APRİL 5, 2007; 5 Aprıl 2007; 6 April 2007", None, ["2007-04-06"]),
    ],
)
def test_dates_are_read_as_texts_write_them(text, day_first, found):
    assert [str(item.value) for item in quantities.dates(text, day_first=day_first)] == found


@pytest.mark.parametrize("formula", ["20 / 40 = 50%", "40 - 20 = 20", "20 / 40 = 0.5", "sum(20, 40) = 60"])
def test_numbers_without_unit_that_the_quotes_give_different_ones_are_not_reckoned_together(formula):
    assert recompute(formula, ["We used 20 kg of salt.", "It took 40 h of work."]) is None
    assert recompute(formula, ["We used 20 kg of salt.", "They used 40 kg of it."]) is not None
