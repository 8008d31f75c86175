"""The one check that a quote stands on a page, shared by answers and by the checking of notes. Pure."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_ALIKE = {
    **dict.fromkeys("‘’‚‛′ʼ`´", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−⁃﹣－", "-"),
}
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")


def find_quote(quote: str, page_text: str) -> tuple[int, int] | None:
    """Return (start, end) of the first place where ``quote`` stands in ``page_text``, or ``None``.

    Every letter and figure counts, capitals too. White space, ligatures, the shapes of quotation marks and dashes, invisible
    characters, and hyphens between letters (which a line's end may have added) don't. A quote never begins or ends inside a
    word or number of the page: "1 inch" does not stand in "11 inches".
    """
    wanted, _ = _normal(quote)
    wanted = wanted.strip()
    if not any(character.isalnum() for character in wanted):
        return None
    text, places = _normal_page(page_text)
    start = text.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        if _whole(text, start, end):
            return places[start], places[end - 1] + 1
        start = text.find(wanted, start + 1)
    return None


def _whole(text: str, start: int, end: int) -> bool:
    inside_before = start > 0 and text[start - 1].isalnum() and text[start].isalnum()
    inside_after = end < len(text) and text[end].isalnum() and text[end - 1].isalnum()
    return not inside_before and not inside_after


@lru_cache(maxsize=512)
def _normal_page(text: str) -> tuple[str, tuple[int, ...]]:
    return _normal(text)


def _normal(text: str) -> tuple[str, tuple[int, ...]]:
    """Return the comparable form of a text and, for each of its characters, where in ``text`` it comes from."""
    characters: list[str] = []
    places: list[int] = []
    for place, original in enumerate(text):
        if original in _INVISIBLE:
            continue
        for character in _ALIKE.get(original) or unicodedata.normalize("NFKC", original):
            character = _ALIKE.get(character, character)
            if character.isspace():
                if characters and characters[-1] != " ":
                    characters.append(" ")
                    places.append(place)
                continue
            if character.isalpha():
                _join_hyphenated(characters, places)
            characters.append(character)
            places.append(place)
    return "".join(characters), tuple(places)


def _join_hyphenated(characters: list[str], places: list[int]) -> None:
    """Before a letter is added: take away a hyphen that follows a letter, with the line's end after it."""
    last = len(characters) - 1
    if last >= 1 and characters[last] == " " and characters[last - 1] == "-":
        hyphen = last - 1
    elif last >= 0 and characters[last] == "-":
        hyphen = last
    else:
        return
    if hyphen >= 1 and characters[hyphen - 1].isalpha():
        del characters[hyphen:]
        del places[hyphen:]
