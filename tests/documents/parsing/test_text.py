import pytest
from hypothesis import given
from hypothesis import strategies as st

from stc.documents.parsing.text import decode, sections


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le"])
def test_unicode_is_read_without_a_warning(encoding):
    assert decode("Größe: 5 €, a word or two".encode(encoding)) == ("Größe: 5 €, a word or two", None)


def test_western_text_that_is_not_utf8_is_read_with_a_warning():
    text, warning = decode("Über die Größe des Gebäudes – 5 €".encode("cp1252"))
    assert text == "Über die Größe des Gebäudes – 5 €"
    assert warning is not None
    assert "Windows-1252" in warning


def test_cyrillic_text_is_not_read_as_western():
    original = "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему. " * 20
    text, warning = decode(original.encode("cp1251"))
    assert text == original
    assert warning is not None


def test_utf8_with_one_broken_place_stays_utf8():
    text, warning = decode("größer ".encode() * 50 + b"\xff" + "größer ".encode() * 50)
    assert text.count("größer") == 100
    assert warning is not None
    assert warning.startswith("1 character could not be read")


def test_a_short_text_is_one_section():
    assert sections("one\n\ntwo") == ["one\n\ntwo"]


def test_sections_end_at_paragraphs_then_lines_then_sentences_then_words():
    assert sections("aaaa aaa\n\nbbb", 12) == ["aaaa aaa", "bbb"]
    assert sections("aaaa aaa\nbbb ccc", 12) == ["aaaa aaa", "bbb ccc"]
    assert sections("Aa aaaa. Bbb cc", 12) == ["Aa aaaa.", "Bbb cc"]
    assert sections("aaaa aaa bbb cc", 12) == ["aaaa aaa bbb", "cc"]


def test_nothing_but_white_space_is_no_section():
    assert sections(" \n\n ") == []


@given(st.text(st.sampled_from("ab. \n\t中"), max_size=400), st.integers(1, 40))
def test_sections_lose_white_space_only(text, limit):
    parts = sections(text, limit)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(0 < len(part) <= limit for part in parts)
    words = {word for part in parts for word in part.split()}
    assert all(word in words for word in text.split() if len(word) <= limit // 2)
