"""Do two notes say the same? Pure. One test for generations of one window, for hidden notes, and for imported ones.

Similar is not same: two notes answer one question only where what they are about is near in meaning and the questions ask
for the same kind of thing, of the same numbers and names, both affirmed or both denied. Then their answers either agree, or
contradict each other in a figure or a name. docs/decisions/0020-generations.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from stc.chat.figures import numbers
from stc.chat.terms import terms
from stc.sleep import checking
from stc.sleep.checking import PLAIN, Writing
from stc.words import Note, NoteDraft

NEAR = 0.88
"""Cosine of two notes' vectors (of question and text together) from which on they may be the same."""

HIDDEN = "hidden before"
WRONG = "marked wrong before"
CONTRADICTED = "contradicts a note with more evidence"
"""Why a note is not kept that was checked."""

Relation = Literal["duplicate", "contradiction"]

_ASKED = (
    ("time", re.compile(r"\bwhen\b|\b(?:what|which) (?:\w+ )?(?:year|date|day|month|time|period)s?\b")),
    ("number", re.compile(r"\bhow (?:many|much|long|old|far|high|large|big|deep|often|fast|wide|tall|heavy)\b")),
    ("reason", re.compile(r"\bwhy\b|\bwhat (?:caused|causes)\b|\breasons?\b")),
    ("person", re.compile(r"\bwho(?:m|se)?\b")),
    ("place", re.compile(r"\bwhere\b")),
    ("way", re.compile(r"\bhow\b")),
)
_NEGATION = re.compile(r"\b(?:no|not|never|none|neither|nor|without|cannot|except)\b|n['’]t\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Merged:
    """``added`` are places in the new notes, ``replaced`` places in the kept ones. ``joined`` and ``settled`` count
    near-duplicates and contradictions."""

    added: tuple[int, ...]
    replaced: tuple[int, ...]
    joined: int
    settled: int


def relation(
    one: Note | NoteDraft, other: Note | NoteDraft, cosine: float, writing: Writing = PLAIN
) -> Relation | None:
    """Return how two notes on one question stand to each other, ``None`` where they are not on one question.

    ``cosine`` is of the vectors of their questions and texts. The same question in the same words needs none.
    """
    if bool(one.question) != bool(other.question):
        return None
    same_words = bool(one.question) and checking.words_only(one.question) == checking.words_only(other.question)
    if not same_words and (cosine < NEAR or not _same_question(one.question, other.question, writing)):
        return None
    return "duplicate" if _agree(one, other, writing) else "contradiction"


def merge(
    new: Sequence[Note | NoteDraft], kept: Sequence[Note | NoteDraft], cosines: Any, writing: Writing = PLAIN
) -> Merged:
    """Join new notes with those there are. ``cosines`` has shape (len(new), len(kept)).

    Of two that contradict each other the one stays whose quotes carry more of its question and answer; a tie keeps the
    one that was there.
    """
    added: list[int] = []
    replaced: set[int] = set()
    joined = settled = 0
    for place, note in enumerate(new):
        found = [
            (other, how)
            for other in range(len(kept))
            if other not in replaced and (how := relation(note, kept[other], float(cosines[place][other]), writing))
        ]
        if any(how == "duplicate" for _, how in found):
            joined += 1
        elif found:
            settled += 1
            against = [other for other, _ in found]
            if carried(note) > max(carried(kept[other]) for other in against):
                replaced.update(against)
                added.append(place)
        else:
            added.append(place)
    return Merged(tuple(added), tuple(sorted(replaced)), joined, settled)


def carried(note: Note | NoteDraft) -> float:
    """Return the share (0 to 1) of the telling words of a note's question and answer that stand in its quotes."""
    said = set(terms(f"{note.question} {note.text}"))
    held = {term for item in note.evidence for term in terms(item.quote)}
    return len(said & held) / len(said) if said else 0.0


def _same_question(one: str, other: str, writing: Writing) -> bool:
    asked = {_asked(one), _asked(other)} - {"any"}
    return (
        len(asked) <= 1
        and numbers(one) == numbers(other)
        and checking.names(one, writing) == checking.names(other, writing)
        and bool(_NEGATION.search(one)) == bool(_NEGATION.search(other))
    )


def _asked(question: str) -> str:
    low = question.casefold()
    return next((kind for kind, pattern in _ASKED if pattern.search(low)), "any")


def _agree(one: Note | NoteDraft, other: Note | NoteDraft, writing: Writing) -> bool:
    """Tell whether one of two answers says no other figure, and not only other names, than the other: it may say more."""
    if bool(_NEGATION.search(one.text)) != bool(_NEGATION.search(other.text)):
        return False
    figures, others = numbers(one.text), numbers(other.text)
    if not (figures <= others or others <= figures):
        return False
    asked = checking.words(f"{one.question} {other.question}", writing)
    mine, theirs = (checking.names(note.text, writing) - asked for note in (one, other))
    return not (mine and theirs) or bool(mine & theirs)
