import pytest
from hypothesis import given
from hypothesis import strategies as st

from stc.models import tokens


def test_special_token_text_counts_as_plain_text():
    assert tokens.count("<|endoftext|>") > 1


def test_a_known_count():
    assert tokens.count("The quick brown fox jumps over the lazy dog.") == 10


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.integers(0, 20))
def test_a_cut_is_a_beginning_within_the_limit(text, limit):
    part = tokens.cut(text, limit)
    assert text.startswith(part)
    assert tokens.count(part) <= limit + 3  # a character split over tokens may count anew where the cut dropped it


@pytest.mark.parametrize("blank", [" ", "\t", "\u00a0", "\n"])
def test_endless_white_space_is_counted(blank):
    assert tokens.count(blank * 1_000_000 + "a") > 1
    assert tokens.cut(blank * 1_000_000 + "a", 2).strip() == ""


def test_a_text_with_less_white_space_than_that_is_counted_whole():
    text = "word" + " " * 9_000 + "word " * 5_000
    assert tokens.count(text) == len(tokens._encoding().encode_ordinary(text))
