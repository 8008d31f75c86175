import pytest
from hypothesis import given
from hypothesis import strategies as st

from stc.chat.citing import find_quote

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


@given(st.lists(st.sampled_from(["alpha", "Beta", "12.5", "gamma-ray", "3–4", "«x»"]), min_size=1, max_size=12), st.data())
def test_whole_words_of_a_page_are_always_found(words, data):
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    separator = data.draw(st.sampled_from([" ", "\n", "  \t"]))
    assert find_quote(" ".join(words[first : last + 1]), separator.join(words)) is not None
