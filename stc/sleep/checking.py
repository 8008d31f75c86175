"""Is a proposed note supported by the text it claims to come from? Pure; the same for every thinker.

A note is kept when every quote stands on the page it names, every number, date and name of its answer stands in its quotes
(or, a number, follows from them by the note's formula), and it is neither empty, overlong, a duplicate, a refusal, nor an
attempt to give orders to whoever reads it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from stc.chat.citing import find_quote
from stc.sleep import formulas
from stc.words import Evidence, NoteDraft

EMPTY = "empty"
TOO_LONG = "too long"
NO_EVIDENCE = "no evidence"
QUOTE_NOT_FOUND = "quote not on its page"
NUMBER_NOT_FOUND = "number not in the quotes"
NAME_NOT_FOUND = "name not in the quotes"
FORMULA_WRONG = "formula does not hold"
DUPLICATE = "asked already"
REFUSAL = "no answer"
INSTRUCTION = "gives instructions"

LONGEST_QUESTION = 300
LONGEST_TEXT = 900
LONGEST_SUMMARY = 2500
LONGEST_QUOTE = 1500
"""Characters. What is longer is a copy of the text, not a note about it."""

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen twenty".split()
    )
} | {"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90"}
_MONTHS = {
    name: str(number)
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
            "september sep sept", "october oct", "november nov", "december dec",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SENTENCE_START = re.compile(r"(?:^|[.!?:;]\s+|[\"“(•]\s*|\n\s*)$")
_PLAIN_CAPITALS = frozenset("i a an the this that these those it he she they we you no yes".split())

_REFUSAL = re.compile(
    r"\b(?:as an ai|i (?:can ?not|can't|am unable|don't know|do not know)|unable to (?:answer|determine)|"
    r"(?:is|are|was|were) not (?:mentioned|stated|specified|provided|given|described|included|available) in the "
    r"(?:text|passage|document|excerpt|context)|the (?:text|document|passage|excerpt|context) (?:does|did) not "
    r"(?:say|mention|state|specify|provide|contain|include|give)|"
    r"no (?:information|answer) (?:is )?(?:given|provided|available|found))\b",
    re.IGNORECASE,
)
_INSTRUCTION = re.compile(
    r"\b(?:(?:ignore|disregard|forget|override)\b[^.\n]{0,40}\b(?:instruction|prompt|rule|message|above|previous|prior|everything)|"
    r"system prompt|you are (?:now )?(?:an? )?(?:ai|assistant|language model|chatbot|dan)\b|"
    r"(?:do not|don't|never) (?:tell|reveal|mention)[^.\n]{0,30}\b(?:user|reader|anyone)|"
    r"(?:tell|instruct|convince) the (?:user|reader) (?:to|that)|"
    r"(?:respond|reply|answer) (?:only )?with\b|act as an?\b|pretend (?:to be|you)|new instructions?:|"
    r"(?:visit|open|click)[^.\n]{0,20}https?://)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|‘[^’]*’|«[^»]*»")


@dataclass(frozen=True, slots=True)
class Checked:
    """``accepted`` drafts carry their quotes as the page has them; ``dropped`` counts the others by reason."""

    accepted: tuple[NoteDraft, ...]
    dropped: dict[str, int]


def check(drafts: Iterable[NoteDraft], pages: Mapping[int, str], *, asked: Iterable[str] = ()) -> Checked:
    """Sort drafts into supported and dropped. ``asked`` are the questions that the document's notes answer already."""
    seen = {_same(question) for question in asked}
    accepted = []
    dropped: Counter[str] = Counter()
    for draft in drafts:
        draft = replace(draft, question=draft.question.strip(), text=draft.text.strip())
        reason, exact = _fault(draft, pages)
        key = _same(draft.question or draft.text)
        if reason is None and key in seen:
            reason = DUPLICATE
        if reason is not None:
            dropped[reason] += 1
            continue
        seen.add(key)
        accepted.append(replace(draft, evidence=exact))
    return Checked(tuple(accepted), dict(dropped))


def _fault(draft: NoteDraft, pages: Mapping[int, str]) -> tuple[str | None, tuple[Evidence, ...]]:
    """Return why a draft can't be kept, or ``None`` and its evidence as the pages have it."""
    summary = draft.kind == "summary"
    if not _has_words(draft.text) or (not summary and not _has_words(draft.question)):
        return EMPTY, ()
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
        exact.append(replace(item, quote=pages[item.page][found[0] : found[1]]))
    quotes = "\n".join(item.quote for item in exact)
    if _refuses(draft, quotes):
        return REFUSAL, ()
    if instructs(draft.question) or instructs(draft.text):
        return INSTRUCTION, ()
    known = numbers(quotes)
    if draft.formula:
        derived = formulas.results(draft.formula, known)
        if derived is None:
            return FORMULA_WRONG, ()
        known |= derived
    if not numbers(draft.text) <= known:
        return NUMBER_NOT_FOUND, ()
    if not names(draft.text) <= _words(quotes):
        return NAME_NOT_FOUND, ()
    return None, tuple(exact)


def _has_words(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _same(text: str) -> str:
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))


def _refuses(draft: NoteDraft, quotes: str) -> bool:
    if find_quote(draft.text.rstrip("."), quotes) is not None:
        return False  # the document says so itself
    return _REFUSAL.search(draft.text) is not None


def instructs(text: str) -> bool:
    """Tell whether a text gives orders to a reader that is a program. What stands in quotation marks is only reported."""
    return _INSTRUCTION.search(_QUOTED.sub(" ", text)) is not None


def numbers(text: str) -> set[str]:
    """Return the numbers of a text, dates and number words included, in one form: "1,200.50" and "1200.5" are the same."""
    found: set[str] = set()
    for match in _NUMBER.finditer(unicodedata.normalize("NFKC", text)):
        found.update(_forms(match.group()))
    for word in _WORD.findall(text.casefold()):
        if word in _NUMBER_WORDS:
            found.add(_NUMBER_WORDS[word])
    return found


def _forms(number: str) -> Sequence[str]:
    whole = number.replace(",", "")
    if whole.count(".") > 1:  # a section's number, or a date with dots
        return whole.split(".")
    before, _, after = whole.partition(".")
    before = before.lstrip("0") or "0"
    after = after.rstrip("0")
    return [f"{before}.{after}" if after else before]


def names(text: str) -> set[str]:
    """Return the words of a text that can only be names, months or weekdays, in small letters.

    A capitalised word inside a sentence is one; the first word of a sentence only where it has a second capital.
    """
    found: set[str] = set()
    for match in _WORD.finditer(text):
        word = match.group()
        if not word[0].isupper():
            continue
        low = _bare(word)
        certain = sum(letter.isupper() for letter in word) > 1
        if certain or not (low in _PLAIN_CAPITALS or _SENTENCE_START.search(text[: match.start()])):
            found.add(low)
    return found


def _words(text: str) -> set[str]:
    """Return every word of a text as ``names`` writes them; words that a line's end split count whole, too."""
    plain = unicodedata.normalize("NFKC", text)
    joined = re.sub(r"(?<=\w)[-\u00ad\u2010]\s*\n\s*(?=\w)", "", plain)
    found = {_bare(word) for word in (*_WORD.findall(plain), *_WORD.findall(joined))}
    # "12/08/2007" and "8 December" name the same month only when both are read as dates; the short names are the same.
    months = {_MONTHS[word] for word in found & _MONTHS.keys()}
    return found | {name for name, number in _MONTHS.items() if number in months}


def _bare(word: str) -> str:
    word = unicodedata.normalize("NFKC", word).casefold()
    for ending in ("'s", "’s", "s'", "s’"):
        if word.endswith(ending):
            return word.removesuffix(ending) + ("s" if ending.startswith("s") else "")
    return word
