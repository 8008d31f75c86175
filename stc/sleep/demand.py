"""Which questions people really asked that the notes did not answer: what sleep is directed by. Pure.

Only typed questions count. A click on a suggested question says that the suggestion was good, not that anything is missing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from stc.chat import following, routing
from stc.words import Answer, Thinker

THINKERS: tuple[Thinker, ...] = ("extractive", "model")
MOST_QUESTIONS = 8
"""Questions of one task: so many are answered together."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question, however often it was asked; ``text`` as it was asked last, ``answers`` the ids of what came of it."""

    text: str
    answers: tuple[str, ...]
    asked_at: float
    wrong: int = 0
    """How often its answer was marked as wrong."""
    settled: frozenset[Thinker] = frozenset()
    """Who has answered it again already."""
    held_until: float = 0.0
    """Somebody is answering it now, with a lease until then; 0 where nobody is."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A ``directed`` task of a document as it is now: done, or held by somebody until then."""

    document_id: str
    thinker: Thinker
    answers: tuple[str, ...]
    held_until: float = 0.0


def documents_of(answer: Answer) -> tuple[str, ...]:
    """Return the documents that a question is about: the only one in its scope, else those cited, else the nearest hit's."""
    if len(answer.scope) == 1:
        return answer.scope
    cited = dict.fromkeys(citation.document_id for citation in answer.citations)
    if cited:
        return tuple(cited)
    return (answer.nearest[0].document_id,) if answer.nearest else ()


def is_open(answer: Answer) -> bool:
    """Tell whether a question was typed, can be understood by itself, and the notes did not answer it, or not rightly."""
    if answer.origin != "typed" or answer.state != "done" or following.dependent(answer.asked):
        return False
    covered = answer.route in ("reused", "notes") or (
        # Read thoroughly, the passages come beside whatever the notes hold.
        answer.route == "notes+chunks" and (answer.coverage or 0.0) >= routing.COVERAGE_FOR_NOTES
    )
    return answer.abstained or answer.rating < 0 or not covered


def normal(question: str) -> str:
    """Return the form that the same question has however it is typed."""
    return " ".join(question.casefold().split()).rstrip("?!. ")


def questions(answers: Iterable[Answer], attempts: Sequence[Attempt] = ()) -> dict[str, tuple[Question, ...]]:
    """Return per document the questions to be answered again, each once: those whose answer was marked as wrong, then the newest.

    A follow-up stands there as the question that it was asked as.

    One that was answered again stays settled for that thinker, however often it is asked, until its answer is marked as
    wrong once more.
    """
    groups: dict[str, dict[str, list[Answer]]] = {}
    for answer in answers:
        if is_open(answer) and normal(answer.asked):
            for document_id in filter(partial(_may_be_told_with, answer), documents_of(answer)):
                groups.setdefault(document_id, {}).setdefault(normal(answer.asked), []).append(answer)
    return {
        document_id: tuple(
            sorted(
                (
                    _question(asked, [one for one in attempts if one.document_id == document_id])
                    for asked in found.values()
                ),
                key=lambda question: (not question.wrong, -question.asked_at, question.text),
            )
        )
        for document_id, found in groups.items()
    }


def _may_be_told_with(answer: Answer, document_id: str) -> bool:
    """Tell whether a question may go to a model together with this document.

    What a follow-up was understood as may hold words of other documents, one of which may have to stay on this computer.
    """
    return not answer.standalone or (answer.sources is not None and set(answer.sources) <= {document_id})


def _question(asked: Sequence[Answer], attempts: Sequence[Attempt]) -> Question:
    ids = {answer.id for answer in asked}
    wrong = {answer.id for answer in asked if answer.rating < 0}
    mine = [attempt for attempt in attempts if ids & set(attempt.answers)]
    settled: set[Thinker] = set()
    for thinker in THINKERS:
        answered = {one for attempt in mine if _done(attempt, thinker) for one in attempt.answers}
        if answered & ids and wrong <= answered:
            settled.add(thinker)
    last = max(asked, key=lambda answer: (answer.asked_at, answer.id))
    return Question(
        last.asked.strip(),
        tuple(answer.id for answer in sorted(asked, key=lambda answer: (answer.asked_at, answer.id))),
        last.asked_at,
        len(wrong),
        frozenset(settled),
        max((attempt.held_until for attempt in mine), default=0.0),
    )


def _done(attempt: Attempt, thinker: Thinker) -> bool:
    return attempt.thinker == thinker and not attempt.held_until


def unanswered(found: Sequence[Question], thinker: Thinker) -> tuple[Question, ...]:
    """Return what a thinker would answer next: at most ``MOST_QUESTIONS``, none that anybody is at.

    What a model has answered again, the extractive thinker need not.
    """
    left = [
        question
        for question in found
        if not question.held_until and thinker not in question.settled and "model" not in question.settled
    ]
    return tuple(left[:MOST_QUESTIONS])


def hash_of(found: Sequence[Question], content_hash: str) -> str:
    """Return what names the task that answers these questions from a document with this content: its exact input."""
    digest = hashlib.sha256(b"directed\0" + content_hash.encode())
    for text, wrong in sorted((normal(question.text), question.wrong) for question in found):
        digest.update(f"\0{text}\0{wrong}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def asked_at(answers: Iterable[Answer]) -> Mapping[str, tuple[float, ...]]:
    """Return per document when questions about it were typed, oldest first."""
    found: dict[str, list[float]] = {}
    for answer in answers:
        if answer.origin == "typed" and answer.state in ("done", "stopped", "running"):
            for document_id in documents_of(answer):
                found.setdefault(document_id, []).append(answer.asked_at)
    return {document_id: tuple(sorted(times)) for document_id, times in found.items()}
