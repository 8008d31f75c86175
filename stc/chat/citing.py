"""The one check that a quote stands on a page, shared by answers and by the checking of notes. Pure.

Verbatim means: the same characters in the same order, but for what printing does to a text. White space, words
hyphenated at a line's end, invisible characters, ligatures and other compatibility forms (NFKC), and the shapes of
quotation marks and dashes make no difference; letter case, figures, punctuation and the limits of words do.

Models copy less well than that. ``locate`` also finds a quote with the slips that they make, and gives the page's own words
for it: what is shown and stored is verbatim all the same.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from functools import lru_cache

_ALIKE = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′ʼ`´", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−⁃﹘﹣－", "-"),
    }
)
_FEWEST_WORDS = 3
_GAP = re.compile(r"\s*[\[(]?(?:\.{3,}|…)[\])]?\s*|[\"”]\s*(?:(?:and|,|;)\s*)?[\"“]")
_TOKEN = re.compile(r"(?:(?<!\w)-(?=\d))?[^\W_]+(?:[.,:/](?=\d)[^\W_]+)*")
_REFERENCE = re.compile(r"\[(?:note |n )?\d{1,3}\]")
"""The mark of a footnote or a source, which a copy leaves out."""
_LOST_LETTER = re.compile(r"f[il]", re.IGNORECASE)
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff\ufe0e\ufe0f")


def find_quote(quote: str, page_text: str) -> tuple[int, int] | None:
    """Return (start, end) of the first place where ``quote`` stands in ``page_text``, or ``None``.

    Hyphens between letters don't count, because a line's end may have added them. A quote never begins or ends inside a
    word or number of the page: "1 inch" does not stand in "11 inches", "200" not in "1,200".
    """
    wanted, _ = _plain(quote)
    if not any(character.isalnum() for character in wanted):
        return None
    page, places = _plain_page(page_text)
    at = page.find(wanted)
    while at >= 0:
        if _parted(page, places, at):
            if _parted(page, places, at + len(wanted)):
                return places[at], places[at + len(wanted) - 1] + 1
            at += 1
        else:
            # On to the next beginning of a word: a page of one letter repeated takes no longer than another.
            while at < len(page) and not _parted(page, places, at):
                at += 1
        at = page.find(wanted, at)
    return None


def locate(quote: str, page_text: str) -> list[tuple[int, int]]:
    """Return (start, end) of the places where a quote that a model wrote stands in ``page_text``; empty where it does not.

    The same words in the same order are the quote, whatever their case and the punctuation between them, without the marks
    of notes ("[12]"), and where the page lost the second letter of "fi" and "fl" (some fonts do). A quote that leaves
    something out ("the river ... rises"), or two in one, have several places. No word and no figure may differ.
    """
    found = find_quote(quote, page_text) or _find_words(quote, page_text)
    if found:
        return [found]
    pieces = [piece for piece in _GAP.split(quote) if piece.strip()]
    if len(pieces) < 2 or any(len(_TOKEN.findall(piece)) < _FEWEST_WORDS for piece in pieces):
        return []
    places = [find_quote(piece, page_text) or _find_words(piece, page_text) for piece in pieces]
    return [place for place in places if place] if all(places) else []


def _find_words(quote: str, page_text: str) -> tuple[int, int] | None:
    wanted, _ = _plain(quote)
    words = _TOKEN.findall(wanted)
    if len(words) < _FEWEST_WORDS:
        return None
    page, places = _plain_page(page_text)
    everything = list(_TOKEN.finditer(page))
    marks = [mark.span() for mark in _REFERENCE.finditer(page)]
    text = [token for token in everything if not any(start < token.start() < end for start, end in marks)]
    for tokens in (everything, text) if marks else (everything,):
        row = " ".join(_comparable(token.group()) for token in tokens)
        at = f" {row} ".find(f" {' '.join(_comparable(word) for word in words)} ")
        if at >= 0:
            first = row.count(" ", 0, at)
            start, end = tokens[first].start(), tokens[first + len(words) - 1].end()
            if _parted(page, places, start) and _parted(page, places, end):
                return places[start], places[end - 1] + 1
    return None


def _comparable(word: str) -> str:
    return _LOST_LETTER.sub("f", word.lower())


def _plain(text: str) -> tuple[str, array[int]]:
    """Return the comparable form of a text and, for each of its characters, where in ``text`` it comes from."""
    kept: list[str] = []
    places: list[int] = []
    for place, original in enumerate(text):
        if original in _INVISIBLE:
            continue
        # Two texts are equal under NFKC exactly when they are under NFKD, which can be had character by character.
        plain = original if original < "\x80" else unicodedata.normalize("NFKD", original.translate(_ALIKE))
        for character in plain.translate(_ALIKE) if len(plain) > 1 else plain:
            if character.isspace() or character < " ":
                if kept and kept[-1] != " ":
                    kept.append(" ")
                    places.append(place)
                continue
            if character.isalpha():
                _join_hyphenated(kept, places)
            kept.append(character)
            places.append(place)
    if kept and kept[-1] == " ":
        del kept[-1], places[-1]
    _order_marks(kept)
    return "".join(kept), array("I", places)


_plain_page = lru_cache(maxsize=256)(_plain)


def _join_hyphenated(kept: list[str], places: list[int]) -> None:
    """Before a letter is added: take away a hyphen that follows a letter, with the white space after it."""
    hyphen = len(kept) - (2 if kept and kept[-1] == " " else 1)
    if hyphen >= 1 and kept[hyphen] == "-" and kept[hyphen - 1].isalpha():
        del kept[hyphen:], places[hyphen:]


def _order_marks(kept: list[str]) -> None:
    """Put runs of combining marks into canonical order, in place."""
    start = 0
    while start < len(kept):
        end = start
        while end < len(kept) and kept[end] >= "\u0300" and unicodedata.combining(kept[end]):
            end += 1
        if end - start > 1:
            kept[start:end] = sorted(kept[start:end], key=unicodedata.combining)
        start = end + 1


def _parted(text: str, places: array[int], at: int) -> bool:
    """Say whether no word or number of ``text`` goes on over the border before character ``at``."""
    if at == 0 or at == len(text):
        return True
    left, right = text[at - 1], text[at]
    if unicodedata.combining(right) or places[at] == places[at - 1]:
        return False
    if right.isdigit() and left in ".," and at >= 2 and text[at - 2].isdigit():
        return False
    if left.isdigit() and right in ".," and at + 1 < len(text) and text[at + 1].isdigit():
        return False
    if not (left.isalnum() and right.isalnum()):
        return True
    if left.isalpha() and right.isalpha() and places[at] > places[at - 1] + 1:
        return True  # a hyphen was left out here: "known" stands in "well-known"
    return not (_in_spaced_script(left) and _in_spaced_script(right))


def _in_spaced_script(character: str) -> bool:
    # From U+0E00 on stand Thai, Khmer, Chinese, Japanese and the like; U+1E00 to U+1FFF are Latin and Greek again.
    return character < "\u0e00" or "\u1e00" <= character < "\u2000"
