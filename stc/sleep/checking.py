"""Is a proposed note supported by the text it claims to come from? Pure; the same for every thinker.

A note is kept when every quote stands on the page it names, every number, date, name and link of its answer stands in its
quotes (or, a number, follows from them by the note's formula), and it is neither empty, overlong, a duplicate, a refusal,
nor an attempt to give orders to whoever reads it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from stc.chat.citing import find_quote
from stc.chat.figures import MONTHS, numbers
from stc.chat.orders import gives_orders, planted
from stc.sleep import formulas, places, quantities
from stc.words import Evidence, NoteDraft

EMPTY = "empty"
TOO_LONG = "too long"
NO_EVIDENCE = "no evidence"
QUOTE_NOT_FOUND = "quote not on its page"
NUMBER_NOT_FOUND = "number not in the quotes"
NUMBER_OTHERWISE = "number with another unit than in the quotes"
NAME_NOT_FOUND = "name not in the quotes"
LINK_NOT_FOUND = "link not in the quotes"
NO_FORMULA = "derived without a formula"
FORMULA_WRONG = "formula does not hold"
RESULT_NOT_SAID = "does not say what its formula comes to"
DUPLICATE = "asked already"
REFUSAL = "no answer"
INSTRUCTION = "gives instructions"
NOT_STORABLE = "holds a character that can't be stored"

LONGEST_QUESTION = 300
LONGEST_TEXT = 900
LONGEST_SUMMARY = 2500
LONGEST_QUOTE = 1500
"""Characters. What is longer is a copy of the text, not a note about it."""

_DATE = re.compile(r"(?<![\d/.-])(\d{1,2})[/.-](\d{1,2})[/.-](?:\d{4}|\d{2})(?![\d/-])")
_ISO_DATE = re.compile(r"(?<![\d/.-])\d{4}-(\d{2})-\d{2}(?![\d/-])")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_CAPITAL_INSIDE = re.compile(r"(?<=[a-z,] )[A-ZÀ-ÖØ-Þ][^\W\d_]+(?:['’]s)?")
_SMALL = re.compile(r"(?<![^\W\d_])[a-zß-öø-ÿ][^\W\d_]+(?:['’]s)?")
_SENTENCE_START = re.compile(r"(?:^|[.!?:;]\s+|[\"“(•]\s*|\n\s*)$")
_PLAIN_CAPITALS = frozenset("i a an the this that these those it he she they we you no yes".split())

_REFUSAL = re.compile(
    r"^\W*(?:unknown|n/a|not (?:mentioned|stated|specified|provided|given|known|available))\W*$|"
    r"\b(?:can ?not|can't|could not|couldn't) be (?:determined|answered|inferred|derived|calculated|computed)\b|"
    r"\b(?:as an ai|i (?:can ?not|can't|am unable|don't know|do not know)|unable to (?:answer|determine)|"
    r"(?:is|are|was|were) not (?:mentioned|stated|specified|provided|given|described|included|available) in the "
    r"(?:text|passage|document|excerpt|context)|the (?:text|document|passage|excerpt|context) (?:does|did) not "
    r"(?:say|mention|state|specify|provide|contain|include|give)|"
    r"no (?:information|answer) (?:is )?(?:given|provided|available|found))\b",
    re.IGNORECASE,
)
_LINK = re.compile(r"(?:\bhttps?:|\bwww\.)[^\s\"“”()<>]*[^\s\"“”()<>.,;:!?'’]", re.IGNORECASE)
_MONEY = (
    (re.compile(r"(?<![^\W\d_])\$|\bUS ?\$|\bdollars?\b"), "usd"),
    (re.compile(r"€|\beuros?\b"), "eur"),
    (re.compile(r"£"), "gbp"),
)
_SCALED = {
    "thousand": re.compile(r"thousand|\b000|\dK\b", re.IGNORECASE),
    "million": re.compile(r"million|\bmn\b|(?:\d|\$) ?MM?\b", re.IGNORECASE),
    "billion": re.compile(r"billion|\bbn\b|(?:\d|\$) ?B\b", re.IGNORECASE),
    "trillion": re.compile(r"trillion|\btn\b|(?:\d|\$) ?T\b", re.IGNORECASE),
}
_LOST_LIGATURE = re.compile(r"(?<=f)[il]")
_SHORT_WORD = 4
_MOST_DIGITS = 18
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_AMBIGUOUS = frozenset("degree degrees pound pounds inch inches".split())
"""They name an angle or a temperature, a weight or money, a length or a pressure."""
_HALF_DAY = re.compile(r"\b[ap]\.?\s?m\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Checked:
    """``accepted`` drafts carry their quotes as the page has them; ``dropped`` counts the others by reason."""

    accepted: tuple[NoteDraft, ...]
    dropped: dict[str, int]


@dataclass(frozen=True, slots=True)
class Writing:
    """How a document writes dates and names."""

    day_first: bool | None = None
    """What its dates in figures mean; ``None`` where nothing tells."""
    proper: frozenset[str] = frozenset()
    """The words, in small letters, that have a capital inside its sentences and are never written without."""


PLAIN = Writing()


def writing_of(pages: Iterable[str]) -> Writing:
    pages = list(pages)
    capital: set[str] = set()
    small: set[str] = set()
    for page in pages:
        capital.update(_CAPITAL_INSIDE.findall(page))
        small.update(_SMALL.findall(page))
    proper = {_bare(word) for word in capital} - {_bare(word) for word in small} - _PLAIN_CAPITALS
    return Writing(quantities.day_first(pages), frozenset(proper))


def check(
    drafts: Iterable[NoteDraft],
    pages: Mapping[int, str],
    *,
    asked: Iterable[str] = (),
    writing: Writing | None = None,
) -> Checked:
    """Sort drafts into supported and dropped. ``asked`` are the questions that the document's notes answer already;
    ``writing`` is that of the pages, where it is known."""
    seen = {words_only(question) for question in asked}
    writing = writing or writing_of(pages.values())
    accepted = []
    dropped: Counter[str] = Counter()
    for draft in drafts:
        draft = replace(draft, question=draft.question.strip(), text=draft.text.strip())
        reason, exact = fault(draft, pages, writing)
        key = words_only(draft.question or draft.text)
        if reason is None and key in seen:
            reason = DUPLICATE
        if reason is not None:
            dropped[reason] += 1
            continue
        seen.add(key)
        accepted.append(replace(draft, evidence=exact))
    return Checked(tuple(accepted), dict(dropped))


def fault(draft: NoteDraft, pages: Mapping[int, str], writing: Writing) -> tuple[str | None, tuple[Evidence, ...]]:
    """Return why a draft can't be kept, or ``None`` and its evidence as the pages have it."""
    summary = draft.kind == "summary"
    if not _has_words(draft.text) or (not summary and not _has_words(draft.question)):
        return EMPTY, ()
    if any(_UNSTORABLE.search(text) for text in (draft.question, draft.text, draft.formula or "")):
        return NOT_STORABLE, ()
    if len(draft.question) > LONGEST_QUESTION or len(draft.text) > (LONGEST_SUMMARY if summary else LONGEST_TEXT):
        return TOO_LONG, ()
    if not draft.evidence:
        return NO_EVIDENCE, ()
    exact = []
    for item in draft.evidence:
        if len(item.quote) > LONGEST_QUOTE:
            return TOO_LONG, ()
        found = find_quote(item.quote, pages.get(item.page, ""))
        if found is None:
            return QUOTE_NOT_FOUND, ()
        if planted(pages[item.page], *found):
            return INSTRUCTION, ()
        exact.append(replace(item, quote=pages[item.page][found[0] : found[1]]))
    quotes = "\n".join(item.quote for item in exact)
    if _refuses(draft, quotes):
        return REFUSAL, ()
    if gives_orders(draft.question) or gives_orders(draft.text):
        return INSTRUCTION, ()
    known, said = numbers(quotes), words(quotes, writing)
    derived: set[str] = set()
    if draft.kind == "inference" and not draft.formula:
        return NO_FORMULA, ()  # "the red ferry carries more" can't be checked by the figures that stand in its quotes
    if draft.formula:
        computed = formulas.recompute(draft.formula, [item.quote for item in exact], day_first=writing.day_first)
        if computed is None:
            return FORMULA_WRONG, ()
        if not _says(draft.text, computed.result):
            return RESULT_NOT_SAID, ()
        derived = computed.numbers
        said |= {_bare(word) for word in computed.words}
    text = restated(draft.text, quotes, writing)
    if not numbers(text) <= known | derived:
        return NUMBER_NOT_FOUND, ()
    if _misscaled(draft.text, quotes) or _of_another_kind(draft.text, quotes, derived):
        return NUMBER_OTHERWISE, ()
    if not names(text, writing) <= said:
        return NAME_NOT_FOUND, ()
    if any(link not in "".join(quotes.split()) for link in _LINK.findall(f"{draft.question} {draft.text}")):
        return LINK_NOT_FOUND, ()
    return None, tuple(exact)


def restated(text: str, quotes: str, writing: Writing = PLAIN) -> str:
    """Return a text without the dates, times and amounts that its quotes hold, in whatever writing: "5:30 p.m." for "1730
    EST", "$1,200,000" for "$1.2 million". What is left must stand in them as it is."""
    days = {item.value for item in quantities.dates(quotes, day_first=writing.day_first)}
    clock = {item.value for item in quantities.times(quotes)}
    amounts = {_amount(item) for item in _figures(quotes) if item.scale}
    plain = {_amount(item) for item in _figures(quotes)}
    cut = [(day.start, day.end) for day in quantities.dates(text, day_first=writing.day_first) if day.value in days]
    cut += [(at.start, at.end - len(at.zone)) for at in quantities.times(text) if at.value in clock]
    cut += [
        (item.start, item.start + len(text[item.start : item.end].rstrip()))
        for item in _figures(text)
        if _amount(item) in (plain if item.scale else amounts)
    ]
    for start, end in sorted(cut, reverse=True):
        text = f"{text[:start]} {text[end:]}"
    return text


def _misscaled(text: str, quotes: str) -> bool:
    """Tell whether a text makes millions of what its quotes have as thousands or as they are, or leaves their millions out.

    A table's head may say once that its figures are millions.
    """
    told = {item.scale for item in _figures(text)}
    for item in _figures(text):
        stated = {other.scale for other in _figures(quotes) if Fraction(other.number) == Fraction(item.number)}
        if not stated or item.scale in stated:
            continue
        if not item.scale and told & stated:
            continue  # "from 125 to 198 million"
        if "" not in stated or not _SCALED[item.scale].search(quotes):
            return True
    return False


def _of_another_kind(text: str, quotes: str, derived: Collection[str]) -> bool:
    """Tell whether a text gives a number or a time that its quotes only have with another unit, or in another half of the
    day. What was ``derived`` may have any."""
    for item in _figures(text):
        stated = [other for other in _figures(quotes) if _amount(other) == _amount(item)]
        certain = [_certain(other) for other in (item, *stated)]
        other_kind = item.unit not in {other.unit for other in stated}
        if stated and all(certain) and other_kind and not numbers(item.number) <= set(derived):
            return True
    clock = {item.value for item in quantities.times(quotes)}
    return any(
        at.value not in clock and at.value.replace(hour=(at.value.hour + 12) % 24) in clock
        for at in quantities.times(text)
        if _HALF_DAY.search(text[at.start : at.end])
    )


def _certain(item: quantities.Quantity) -> bool:
    return item.unit is not None and item.unit_name.casefold() not in _AMBIGUOUS


def _figures(text: str) -> list[quantities.Quantity]:
    found = (replace(item, scale=item.scale.casefold()) for item in quantities.quantities(text))
    return [item for item in found if len(item.number) <= _MOST_DIGITS]


def _amount(item: quantities.Quantity) -> Fraction:
    return Fraction(item.number) * quantities.SCALES.get(item.scale, 1)


def _says(text: str, result: str) -> bool:
    """Tell whether a text says a formula's result: the number, not only as something of another kind, or the word."""
    figures = numbers(result)
    if not figures:
        return result.casefold() in words(text)
    if not figures <= numbers(text):
        return False
    computed = next(quantities.quantities(result), None)
    if computed is None or computed.unit is None or "/" in result:
        return True
    said = [
        item.unit
        for item in quantities.quantities(text)
        if numbers(item.number) == figures and item.unit_name.casefold() not in _AMBIGUOUS
    ]
    return not said or any(unit is None or unit.dimensions == computed.unit.dimensions for unit in said)


def _has_words(text: str) -> bool:
    return any(character.isalnum() for character in text)


def words_only(text: str) -> str:
    """Return a text's words in small letters: what is compared where writing does not matter."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))


def _refuses(draft: NoteDraft, quotes: str) -> bool:
    if find_quote(draft.text.rstrip("."), quotes) is not None:
        return False  # the document says so itself
    return any(find_quote(found.group(), quotes) is None for found in _REFUSAL.finditer(draft.text))


def names(text: str, writing: Writing = PLAIN) -> set[str]:
    """Return the words of a text that can only be names, months or weekdays, in small letters.

    A capitalised word inside a sentence is one; the first word of a sentence only where it has a second capital, or is always
    written so in the document.
    """
    found: set[str] = set()
    for match in _WORD.finditer(text):
        word = match.group()
        if not word[0].isupper():
            continue
        low = _bare(word)
        certain = sum(letter.isupper() for letter in word) > 1 or low in writing.proper
        before = text[max(0, match.start() - 64) : match.start()]
        if certain or not (low in _PLAIN_CAPITALS or _SENTENCE_START.search(before)):
            found.add(low)
    return found


def words(text: str, writing: Writing = PLAIN) -> set[str]:
    """Return every word of a text as ``names`` writes them; words that a line's end split count whole, too.

    A date in figures holds the name of its month, "Orlando, FL" that of the state, "$5" the letters USD.
    """
    plain = unicodedata.normalize("NFKC", text)
    joined = re.sub(r"(?<=\w)[-\u00ad\u2010]\s*\n\s*(?=\w)", "", plain)
    found = {_bare(word) for word in (*_WORD.findall(plain), *_WORD.findall(joined))}
    months = {MONTHS[word] for word in found & MONTHS.keys()}
    months |= {str(int(month)) for month in _ISO_DATE.findall(plain)}
    for first, second in _DATE.findall(plain):
        days_are_first = int(first) > 12 or (writing.day_first if int(second) <= 12 else False)
        if days_are_first is not None:
            months.add(str(int(second if days_are_first else first)))
    found |= {code for written, code in _MONEY if written.search(plain)}
    found |= {_bare(word) for word in places.states(plain)}
    return found | {name for name, number in MONTHS.items() if number in months}


def _bare(word: str) -> str:
    """Return a word in small letters, without the ending of a possessive, and without the letters that PDF files lose in
    ligatures ("Offce")."""
    word = unicodedata.normalize("NFKC", word).casefold()
    for ending in ("'s", "’s", "s'", "s’"):
        if word.endswith(ending):
            word = word.removesuffix(ending) + ("s" if ending.startswith("s") else "")
            break
    return _LOST_LIGATURE.sub("", word) if len(word) > _SHORT_WORD else word
