"""The gate before a stored answer is served as it stands: is this question the one that was prepared? Pure.

Similar is not same, and no distance of vectors tells the two apart. So a question must be the stored one, word for word,
once both are rewritten into one wording (``stc.chat.wording``): numbers, dates, names, units, negation, comparison, order,
direction, tense, scope and quantifiers all stand in that row, and so does every other word. The vectors can only say no.
When in doubt, no: a note that may not stand is still context. docs/decisions/0024-reuse-gate.md.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from stc.chat import wording
from stc.chat.figures import MONTHS, numbers
from stc.words import Note

LEAST_SIMILARITY = 0.4
"""Cosine of the question and the note (its question and answer together) below which a row of like words is not believed."""

VERY_QUESTION = "this very question was prepared"
"""The reason where not a word is another."""

_YEAR = re.compile(r"\b(?:1\d{3}|20\d\d)\b")
_MONTH = re.compile(rf"\b(?:{'|'.join(MONTHS)})\b|\b\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}\b", re.IGNORECASE)
_CLOCK = re.compile(
    r"\b\d{1,2}[:.]\d\d\b|\b\d{1,2} ?[ap]\.? ?m\b|\bnoon\b|\bmidnight\b|\b\d{4} (?:hours|[A-Z]{3})\b", re.IGNORECASE
)
_WEEKDAY = re.compile(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day", re.IGNORECASE)
_UNSAID = re.compile(
    r"\b(?:(?:not|n['’]t|never|nowhere) (?:\w+ )?(?:state|say|mention|specif|give|know|clear|report|disclose|provide|indicate)"
    r"|unknown|unclear|unspecified|no information)",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_DENIED = re.compile(r"\b(?:no|not|never|none|nobody|nothing|neither|nor|without|cannot)\b|n['’]t\b", re.IGNORECASE)
_TIMES = frozenset({"@when", "@year", "@date", "@day", "@time"})
_NUMBER_ASKED = frozenset({("many", ""), ("percent", ""), ("height", ""), ("age", ""), ("cost", ""), ("weight", "")})


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a stored answer may stand, and why (not) in the words of the answer's details."""

    stands: bool
    reason: str


def may_stand(question: str, note: Note, *, documents: int, similarity: float, banned: Collection[str] = ()) -> Verdict:
    """Say whether a note's answer may stand, without a model, as the answer to ``question``.

    ``documents``: how many are in scope; over several "the" answer could be any one's. ``similarity``: cosine of question
    and note. ``banned``: questions for which a person marked this note wrong.
    """
    if documents != 1:
        return Verdict(False, "more than one document is in scope")
    if note.status != "verified" or not note.question or not note.evidence:
        return Verdict(False, "the note is no verified answer")
    if any(same_question(other, question) for other in banned):
        return Verdict(False, "this prepared answer was marked wrong for this question")
    if _very_same(question, note.question):
        return Verdict(True, VERY_QUESTION)
    if similarity < LEAST_SIMILARITY:
        return Verdict(False, "the prepared question is about something else")
    asked, stored = wording.read(question), wording.read(note.question)
    if asked is None or stored is None or not wording.same(asked, stored):
        return Verdict(False, "the prepared question is not the same")
    if _UNSAID.search(note.text) or not _fits(asked, stored, note):
        return Verdict(False, "the prepared answer may not hold what is asked for")
    return Verdict(True, f"this question was prepared in other words: “{' '.join(note.question.split())}”")


def same_question(one: str, other: str) -> bool:
    """Say whether two questions are one question in the same or in other words."""
    if _very_same(one, other):
        return True
    first, second = wording.read(one), wording.read(other)
    return first is not None and second is not None and first.asked == second.asked and wording.same(first, second)


def agree(notes: Sequence[Note]) -> bool:
    """Say whether some notes that may stand for one question give it one answer: none denies what another says, and a longer
    one holds every word of a shorter one. To its very words one may tell more figures, else all tell the same."""
    told = sorted((set(_WORD.findall(note.text.casefold())) for note in notes), key=len)
    figures = {frozenset(numbers(note.text)) for note in notes}
    return (
        all(shorter <= longer for shorter, longer in pairwise(told))
        and len({bool(_DENIED.search(note.text)) for note in notes}) <= 1
        and (len(figures) <= 1 or len({_plain(note.question) for note in notes}) <= 1)
    )


def _very_same(one: str, other: str) -> bool:
    return _plain(one) == _plain(other) != "" and wording.names(one) == wording.names(other)


def _plain(question: str) -> str:
    return " ".join(question.lower().split()).strip(" ?!.…")


def _fits(asked: wording.Wording, stored: wording.Wording, note: Note) -> bool:
    """Tell whether a stored answer holds a thing of the kind that is asked for."""
    if asked.asked != stored.asked:
        return {asked.asked, stored.asked} <= _TIMES and _fits_time(asked, stored, note.text)
    if asked.asked == "how+" and asked.words and asked.words[0] & _NUMBER_ASKED:
        return bool(numbers(note.text))
    return True


def _fits_time(asked: wording.Wording, stored: wording.Wording, answer: str) -> bool:
    """Tell whether the answer to "when", "what year", "what date" … is one to another of these."""
    years = set(_YEAR.findall(answer))
    past = asked.did or "was" in asked.helpers or any(form == "past" for word in asked.words for _, form in word)
    match asked.asked:
        case "@when":
            # What happened once is not told by the clock alone; a timetable is.
            return stored.asked in ("@year", "@date") or (stored.asked == "@time" and not past)
        case "@year":
            return len(years) == 1
        case "@date":
            return len(years) <= 1 and bool(_MONTH.search(answer)) and bool(re.search(r"\d", answer))
        case "@day":
            return bool(_MONTH.search(answer) and re.search(r"\d", answer)) and not _WEEKDAY.search(answer)
        case "@time":
            return len(_CLOCK.findall(answer)) == 1
    return False
