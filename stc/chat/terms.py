"""Turn text into comparable terms: words without case, accents and endings, with their places in the text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from string import ascii_lowercase

from stc.storage.lexical import STOP_WORDS

_TOKEN = re.compile(r"\d+(?:[.,:/]\d+)+|[^\W_]+")
_VOWELS = frozenset("aeiou")
_SHAPE = {ord(letter): "v" if letter in _VOWELS else "c" for letter in ascii_lowercase}
_BEGINNING = 5


def terms(text: str) -> list[str]:
    """Return the terms of ``text`` in order, stop words left out."""
    return [term for word in _TOKEN.findall(text) if (term := _term(word))]


def places(text: str) -> list[tuple[str, int, int]]:
    """Return (term, start, end) for each word of ``text`` that is no stop word, in order."""
    found = []
    for match in _TOKEN.finditer(text):
        term = _term(match.group())
        if term:
            found.append((term, match.start(), match.end()))
    return found


def beginning(term: str) -> str:
    """Return the letters that a longer term shares with its other forms ("departure", "depart"), "" for a short term or a
    number."""
    return term[:_BEGINNING] if len(term) >= _BEGINNING and term.isalpha() else ""


@lru_cache(maxsize=100_000)
def _term(word: str) -> str:
    """Return the term of one word, "" for a stop word or a lone letter of an apostrophe ("pilot's")."""
    plain = word.lower()
    if not plain.isascii():
        decomposed = unicodedata.normalize("NFKD", plain)
        plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    if plain in STOP_WORDS or plain in {"s", "t"}:
        return ""
    return stem(plain) if plain.isascii() and plain.isalpha() else plain


def stem(word: str) -> str:
    """Return the stem of a lower-case English word (M. F. Porter, "An algorithm for suffix stripping", 1980)."""
    if len(word) <= 2:
        return word
    word = _step_1(word)
    word = _replace(word, _STEP_2)
    word = _replace(word, _STEP_3)
    word = _step_4(word)
    if word.endswith("e"):
        left = word[:-1]
        measure = _measure(left)
        if measure > 1 or (measure == 1 and not _short(left)):
            word = left
    if word.endswith("ll") and _measure(word) > 1:
        word = word[:-1]
    return word


def _by_last(endings: Iterable[tuple[str, str]]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Sort a step's endings by their last letter: most words have none of a step's, and the letter tells."""
    by_last: dict[str, tuple[tuple[str, str], ...]] = {}
    for ending, new in endings:
        by_last[ending[-1]] = (*by_last.get(ending[-1], ()), (ending, new))
    return by_last


_STEP_2 = _by_last((
    ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("bli", "ble"),
    ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"), ("ation", "ate"),
    ("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"),
    ("iviti", "ive"), ("biliti", "ble"), ("logi", "log"),
))  # fmt: skip
_STEP_3 = _by_last((
    ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", ""),
))  # fmt: skip
_STEP_4 = _by_last(
    (ending, "")
    for ending in sorted(
        "al ance ence er ic able ible ant ement ment ent ion ou ism ate iti ous ive ize".split(), key=len, reverse=True
    )
)


def _step_1(word: str) -> str:
    if word.endswith(("sses", "ies")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    if word.endswith("eed"):
        if _measure(word[:-3]) > 0:
            word = word[:-1]
    else:
        for ending in ("ed", "ing"):
            left = word[: -len(ending)]
            if word.endswith(ending) and _has_vowel(left):
                word = left
                if word.endswith(("at", "bl", "iz")):
                    word += "e"
                elif _double(word) and word[-1] not in "lsz":
                    word = word[:-1]
                elif _measure(word) == 1 and _short(word):
                    word += "e"
                break
    if word.endswith("y") and _has_vowel(word[:-1]):
        word = word[:-1] + "i"
    return word


def _replace(word: str, endings: Mapping[str, tuple[tuple[str, str], ...]]) -> str:
    for ending, new in endings.get(word[-1:], ()):
        if word.endswith(ending):
            left = word[: -len(ending)]
            return left + new if _measure(left) > 0 else word
    return word


def _step_4(word: str) -> str:
    for ending, _ in _STEP_4.get(word[-1:], ()):
        if word.endswith(ending):
            left = word[: -len(ending)]
            if _measure(left) > 1 and (ending != "ion" or left.endswith(("s", "t"))):
                return left
            return word
    return word


def _consonant(word: str, place: int) -> bool:
    if word[place] in _VOWELS:
        return False
    return word[place] != "y" or place == 0 or not _consonant(word, place - 1)


def _measure(word: str) -> int:
    """Count the vowel-consonant sequences."""
    if "y" in word:  # a vowel behind a consonant only
        word = "".join("b" if _consonant(word, place) else "a" for place in range(len(word)))
    return word.translate(_SHAPE).count("vc")


def _has_vowel(word: str) -> bool:
    return any(not _consonant(word, place) for place in range(len(word)))


def _double(word: str) -> bool:
    return len(word) >= 2 and word[-1] == word[-2] and _consonant(word, len(word) - 1)


def _short(word: str) -> bool:
    """Tell whether a word ends consonant-vowel-consonant, the last not being w, x or y."""
    return (
        len(word) >= 3
        and _consonant(word, len(word) - 1)
        and not _consonant(word, len(word) - 2)
        and _consonant(word, len(word) - 3)
        and word[-1] not in "wxy"
    )
