"""Whether what was saved was worth having: how well answers are supported, and whether notes are used at all. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stc.words import Answer, Route

PREPARED: tuple[Route, ...] = ("reused", "notes", "notes+chunks")
"""The routes that prepared notes answer on."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Signs of how good answers are: counts, so that every share can be reckoned again."""

    answers: int = 0
    abstained: int = 0
    quotes: int = 0
    verified_quotes: int = 0
    thumbs_up: int = 0
    thumbs_down: int = 0

    @property
    def verified_share(self) -> float | None:
        return self.verified_quotes / self.quotes if self.quotes else None

    @property
    def abstained_share(self) -> float | None:
        return self.abstained / self.answers if self.answers else None


@dataclass(frozen=True, slots=True)
class NoteUse:
    """How many of the notes that were prepared here an answer was ever made from."""

    notes: int = 0
    used: int = 0
    tokens: int = 0
    used_tokens: int = 0

    @property
    def wasted_share(self) -> float | None:
        """The share of what was written that no answer was made from; ``None`` where nothing was written."""
        return 1 - self.used_tokens / self.tokens if self.tokens else None


def quality(answers: Iterable[Answer]) -> Quality:
    """Return the signs over all finished answers given."""
    finished = [answer for answer in answers if answer.state == "done"]
    told = [answer for answer in finished if not answer.abstained]
    return Quality(
        len(finished),
        len(finished) - len(told),
        sum(len(answer.citations) for answer in told),
        sum(citation.verified for answer in told for citation in answer.citations),
        sum(answer.rating > 0 for answer in finished),
        sum(answer.rating < 0 for answer in finished),
    )


def prepared(answers: Iterable[Answer]) -> list[Answer]:
    """Return the answers that prepared notes were read for; the saving is theirs, so their quality stands beside it."""
    return [answer for answer in answers if answer.route in PREPARED]
