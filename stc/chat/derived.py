"""Does a question ask for what a derived note holds? Pure.

Two things must fit: what was done with the figures (the time between dates, a share, a difference …) must be what is asked
for, so that a question for a stated figure is never answered with a derived one; and what it was done with must be what
the question is about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from stc.chat.figures import numbers
from stc.chat.routing import question_coverage
from stc.chat.terms import places, terms
from stc.words import Note

LEAST_COVERAGE = 0.68
"""Share of the question's telling words, but for those that ask for the operation, that note and evidence must hold
(docs/decisions/0016-derived-answers.md)."""

_UNITS = "second minute hour day week month year".split()
_UNIT = "|".join(_UNITS)
_ASKED = {
    "weekday": re.compile(r"\b(?:day of (?:the |that )?week|weekday)\b"),
    "elapsed": re.compile(
        rf"\bhow (?:many (?:\w+ )?(?:{_UNIT})s?|long|old|much time|soon|late|early)\b.*"
        r"\b(?:after|before|between|since|until|till|from|to|later|earlier|elapsed?|pass(?:ed)?|ago|prior|last(?:ed)?|take|took|"
        r"when|die[ds]?|live[ds]?|be|was|were|is|are)\b"
    ),
    "share": re.compile(
        r"\b(?:shares?|percent|per cent|percentages?(?! points?)|proportions?|fractions?|what part|how much of|"
        r"how large a part)\b|%"
    ),
    "change": re.compile(
        r"\b(?:chang\w*|increas\w*|decreas\w*|gr[eo]w\w*|ris[ei]\w*|rose|f[ae]ll\w*|drop\w*|declin\w*|percent|percentage)\b|%"
    ),
    "difference": re.compile(
        r"\b(?:differences?|differ|spread|gap|margin|more|less|fewer|higher|lower|larger|smaller|greater|others?|not|excluding|"
        r"except|without|besides|rest|remain\w*|left|than|between|beyond|outside|net|chang\w*|increas\w*|decreas\w*|gr[eo]w\w*|"
        r"ris[ei]\w*|rose|f[ae]ll\w*|drop\w*|declin\w*)\b"
    ),
    "total": re.compile(r"\b(?:totals?|sum|altogether|combined|in all|together|overall)\b"),
    "mean": re.compile(r"\b(?:averages?|mean|typical|on average)\b"),
    "most": re.compile(r"\b(?:most|largest|highest|biggest|greatest|maximum|longest|latest|top)\b"),
    "least": re.compile(r"\b(?:least|smallest|lowest|minimum|fewest|shortest|earliest)\b"),
    "count": re.compile(r"\bhow many\b"),
    "rate": re.compile(r"\b(?:per|rate|ratio|times|each|every|speed)\b"),
    "converted": re.compile(r"\b(?:in|to)\b"),
}
_FUNCTIONS = {
    "weekday": "weekday",
    "sum": "total",
    "mean": "mean",
    "max": "most",
    "min": "least",
    "count": "count",
    "convert": "converted",
} | {f"{unit}s": "elapsed" for unit in _UNITS}
_BRACKETS = re.compile(r"\([^()]*\)")
_YEARS = re.compile(r"(?:1\d|20)\d\d [-−–] (?:1\d|20)\d\d")
_HOW_MANY = re.compile(rf"\bhow many (?:\w+ ){{0,2}}?({_UNIT})s?\b")
_CUES = frozenset(
    terms(
        "share percent percentage proportion fraction difference spread gap margin full rounded round whole exactly "
        "approximately total happen happened occur occurred take place elapsed passed week weekday day hour minute month "
        "year second degree number amount figure compared long old much date dated number figure many value"
    )
)


def operation(formula: str) -> str:
    """Return what a formula does in the end: a key of what can be asked for."""
    left = formula.rpartition(";")[2].partition("=")[0].strip()
    function = re.match(r"([a-z]+)\(", left)
    if function and left.endswith(")"):
        return _FUNCTIONS.get(function[1], "")
    if formula.rstrip().endswith("%"):
        return "change" if re.match(r"\(.* [-−–] ", left) else "share"
    if _YEARS.fullmatch(left):
        return "elapsed"
    for sign, name in ((r"[/÷]", "rate"), (r" [-−–] ", "difference"), (r"\+", "total")):
        if re.search(sign, left):
            return name
    return ""


def asks_for(question: str, note: Note) -> bool:
    """Tell whether a question asks for the operation that a note's formula ends with, in its unit and direction."""
    asked = " ".join(question.casefold().split())
    done = operation(note.formula or "")
    if not done or not _ASKED[done].search(asked):
        return False
    result = (note.formula or "").rpartition("=")[2].strip().casefold()
    unit = _HOW_MANY.search(asked)
    if unit and unit[1] not in f"{result} {note.text}":
        return False
    if done == "converted":
        return _into(note.question) <= set(terms(question)) | {result[-1:]} and bool(_into(note.question))
    if done not in {"share", "change"} and _ASKED["share"].search(asked):
        return False
    if done != "weekday" and _ASKED["weekday"].search(asked):
        return False
    if done != "elapsed":
        return True
    directions = [{word for word in ("after", "before") if f" {word} " in f" {text} "} for text in (asked, _low(note))]
    return not all(directions) or directions[0] == directions[1]


def _low(note: Note) -> str:
    return " ".join(note.question.casefold().split())


def _into(question: str) -> set[str]:
    """Return the terms of the unit that a question asks to convert into: what stands behind its last "in"."""
    return set(terms(question.rpartition(" in ")[2])) - _CUES


def choose(question: str, notes: Sequence[Note], rarity: Mapping[str, float]) -> Note | None:
    """Return the note that holds what a question asks to be worked out; ``rarity`` is of the words in the text.

    ``None`` where no note does, or two do as well as each other and say different things.
    """
    fitting = []
    for note in notes:
        if note.kind != "inference" or not note.formula or not asks_for(question, note):
            continue
        texts = [note.question, note.text, *(item.quote for item in note.evidence)]
        if numbers(question) <= numbers("\n".join(texts)) and coverage(question, texts, rarity) >= LEAST_COVERAGE:
            # A quote may hold more than what was derived from it: among several notes their own questions tell.
            fitting.append((coverage(question, texts[:1], rarity), _alike(question, note.question), note))
    fitting.sort(key=lambda found: found[:2], reverse=True)
    if not fitting or (
        len(fitting) > 1 and fitting[0][:2] == fitting[1][:2] and fitting[0][2].text != fitting[1][2].text
    ):
        return None
    return fitting[0][2]


def without_name(question: str, first_page: str) -> str | None:
    """Return a question without the names and numbers by which it tells which document it means: those that stand on that
    document's first page. ``None`` where it names none: then the figure could be any document's.

    What stands in brackets with a name goes with it: "(the accident at Alton)". A word at the beginning is no name because it is
    written large.
    """
    there = set(terms(first_page))
    naming = [
        (start, end)
        for term, start, end in places(question)
        if term in there and (question[start].isdigit() or (question[start].isupper() and start > 0))
    ]
    if not naming:
        return None
    brackets = [found.span() for found in _BRACKETS.finditer(question)]
    gone = {next((span for span in brackets if span[0] < start < span[1]), (start, end)) for start, end in naming}
    left, end = "", 0
    for start, after in sorted(gone):
        left += question[end:start]
        end = after
    return left + question[end:]


def coverage(question: str, texts: Sequence[str], rarity: Mapping[str, float]) -> float:
    """Return ``question_coverage`` of what a question is about: the words that ask for the operation are left out."""
    about = " ".join(question[start:end] for term, start, end in places(question) if term not in _CUES)
    return question_coverage(about, texts, dict(rarity))


def _alike(question: str, other: str) -> float:
    """Return the share of terms that two questions have in common."""
    one, two = set(terms(question)), set(terms(other))
    return len(one & two) / max(1, len(one | two))
