from __future__ import annotations

import pytest

from stc.sleep.checking import FORMULA_WRONG, NUMBER_NOT_FOUND, check
from stc.sleep.formulas import results
from stc.words import Evidence, NoteDraft


@pytest.mark.parametrize(
    ("formula", "known", "derived"),
    [
        ("24 / 63 = 38%", {"24", "63"}, {"38"}),
        ("2,393 - 1,900 = 493", {"2393", "1900"}, {"493"}),
        ("€167,000 − €66,000 = €101,000", {"167000", "66000"}, {"101000"}),
        ("5,400,000 * 40% = 2,160,000", {"5400000", "40"}, {"2160000"}),
        ("491,500 ÷ 25,276 = 19.4", {"491500", "25276"}, {"19.4"}),
        ("2 × 6.80 + 2 × 2.50 = 18.60; 18.60 - 15 = 3.60", {"6.8", "2.5", "15"}, {"2", "18.6", "3.6"}),
        ("(10 + 20) / 2 = 15", {"20"}, {"10", "2", "15"}),
        ("169 - 184 = -15", {"169", "184"}, {"-15", "15"}),
    ],
)
def test_what_follows_from_the_quoted_numbers_is_derived(formula, known, derived):
    assert results(formula, known) == derived


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
        "__import__('os') = 1",
        "24 + True = 25",
        "(" * 200 + "24",
        "(" * 3000 + "24" + ")" * 3000 + " = 24",
        "24 // 63 = 0",
        "24 63 = 1",
        "",
    ],
)
def test_what_is_wrong_or_starts_from_elsewhere_derives_nothing(formula):
    assert results(formula, {"24", "63"}) is None


def test_a_result_may_be_rounded_as_it_is_written():
    assert results("1,600,000 / 4,100,000 = 39%", {"1600000", "4100000"}) == {"39"}
    assert results("1,600,000 / 4,100,000 = 39.0%", {"1600000", "4100000"}) == {"39"}
    assert results("1,600,000 / 4,100,000 = 39.5%", {"1600000", "4100000"}) is None


@pytest.mark.parametrize(
    ("text", "formula", "fault"),
    [
        ("38% of the staff are women.", "24 / 63 = 38%", None),
        ("38% of the staff are women.", "24 / 64 = 37.5%", FORMULA_WRONG),
        ("38% of the staff are women.", None, NUMBER_NOT_FOUND),
        ("39% of the staff are women.", "24 / 63 = 38%", NUMBER_NOT_FOUND),
    ],
)
def test_a_derived_figure_is_kept_when_its_formula_holds_on_quoted_figures(text, formula, fault):
    draft = NoteDraft("inference", "What share are women?", text, (Evidence(1, "24 of the 63 are women"),), formula)
    checked = check([draft], {1: "At the end of the year, 24 of the 63 are women."})
    assert checked.dropped == ({fault: 1} if fault else {})
