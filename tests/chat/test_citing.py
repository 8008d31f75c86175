import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stc.chat.citing import find_quote, locate

TEXT = st.text(alphabet=st.sampled_from("abcXYZ019 -\n.,\u00ad“”ﬁ–'\t%"), max_size=120)


@pytest.mark.parametrize(
    ("quote", "page"),
    [
        ("leaves at 07:40", "The ferry leaves  at\n07:40 on weekdays."),
        ("the maintenance was done", "the mainte-\nnance was done"),
        ("a well-known pilot", "a well-\nknown pilot"),
        ("a wellknown pilot", "a well-known pilot"),
        ("the final office", "the \ufb01nal o\ufb03ce"),
        ('he said "no"', "he said “no”"),
        ("pages 3-18", "pages 3–18"),
        ("co\u00adoperative", "cooperative"),
        ("caf\u00e9 society", "caf\u00e9 society"),
    ],
)
def test_a_quote_is_found_whatever_the_printer_did_to_it(quote, page):
    start, end = find_quote(quote, page)
    assert page[start:end].strip() == page[start:end] != ""


@pytest.mark.parametrize(
    ("quote", "page"),
    [
        ("leaves at 07:45", "leaves at 07:40"),
        ("1 inch", "11 inches"),
        ("12", "1-2"),
        ("12", "1 2"),
        ("the Ferry", "the ferry"),
        ("cat", "concatenate"),
        ("not safe", "safe"),
        ("", "anything"),
        ("...", "anything..."),
    ],
)
def test_a_quote_that_says_something_else_is_not_found(quote, page):
    assert find_quote(quote, page) is None


def test_the_place_is_given_in_the_pages_own_characters():
    page = "First line.\nThe mainte-\nnance was “done” today."
    start, end = find_quote('maintenance was "done"', page)
    assert page[start:end] == "mainte-\nnance was “done”"


@given(TEXT, TEXT)
def test_any_two_texts_can_be_compared(quote, page):
    found = find_quote(quote, page)
    if found is not None:
        start, end = found
        assert 0 <= start < end <= len(page)
        assert find_quote(page[start:end], page) is not None


@given(
    st.lists(st.sampled_from(["alpha", "Beta", "12.5", "gamma-ray", "3–4", "«x»"]), min_size=1, max_size=12), st.data()
)
def test_whole_words_of_a_page_are_always_found(words, data):
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    separator = data.draw(st.sampled_from([" ", "\n", "  \t"]))
    assert find_quote(" ".join(words[first : last + 1]), separator.join(words)) is not None


@pytest.mark.parametrize(
    ("quote", "page"),
    [
        ("200", "1,200 boats"),
        ("1", "1.5 metres"),
        ("4", "4,000 feet"),
        ("caf", "cafe\u0301"),
        ("cafe", "cafe\u0301"),
        ("o", "o\ufb03ce"),
    ],
)
def test_a_part_of_a_number_or_letter_is_not_found(quote, page):
    assert find_quote(quote, page) is None


@pytest.mark.parametrize(
    ("quote", "page"),
    [
        ("caf\u00e9", "the cafe\u0301 closes"),
        ("known", "a well-known pilot"),
        ("船は七時", "その船は七時に出る。"),
        ("x\u0302\u0323", "x\u0323\u0302"),
    ],
)
def test_scripts_and_accents_are_understood(quote, page):
    assert find_quote(quote, page) is not None


@pytest.mark.parametrize(
    ("quote", "page"),
    [("a" * 2_000, "a" * 200_000), ("a a", ("a" * 9 + " ") * 20_000), ("a-" * 2_000 + "b", "a-" * 100_000)],
)
def test_a_page_made_to_be_slow_is_not(quote, page):
    begun = time.perf_counter()
    assert find_quote(quote, page) is None
    assert time.perf_counter() - begun < 2


@pytest.mark.parametrize(
    ("quote", "page", "found"),
    [
        ("The ferry leaves, at 07:40.", "Today the ferry leaves at 07:40 or later", ["the ferry leaves at 07:40"]),
        ("keep the trust and confidence", "to keep the\ntrust and confdence.", ["keep the\ntrust and confdence"]),
        ("It is long, at 1,230 km", "It is long[12], at[note 2] 1,230 km", ["It is long[12], at[note 2] 1,230 km"]),
        ("Plans: we will grow", "Plans:\n• We will grow", ["Plans:\n• We will grow"]),
        (
            "the river Rhine ... in Basel city",
            "the river Rhine, wide, in Basel city",
            ["the river Rhine", "in Basel city"],
        ),
        (
            'it is very red" and "it is also blue',
            "It is very red.\nIt is also blue.",
            ["It is very red", "It is also blue"],
        ),
    ],
)
def test_a_quote_with_the_slips_of_a_model_is_given_in_the_pages_words(quote, page, found):
    assert [page[start:end] for start, end in locate(quote, page)] == found


@pytest.mark.parametrize(
    ("quote", "page"),
    [
        ("the ferry leaves at 07:45", "the ferry leaves at 07:40"),
        ("the ferry never leaves early", "the ferry leaves early"),
        ("it costs 200 euros", "it costs 1,200 euros"),
        ("it was -5 degrees", "it was 5 degrees"),
        ("the Ferry", "the ferry"),
        ("the river Rhine ... in Bern city", "the river Rhine, wide, in Basel city"),
        ("the river ... a", "the river is a river"),
    ],
)
def test_a_slip_in_a_word_or_figure_is_never_overlooked(quote, page):
    assert locate(quote, page) == []


@given(TEXT, TEXT)
def test_any_two_texts_can_be_compared_loosely(quote, page):
    for start, end in locate(quote, page):
        assert 0 <= start < end <= len(page)
