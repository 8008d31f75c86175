"""What preparing something is worth: the chance of being asked, times what a note spares, minus what the pass costs. Pure.

Where nothing was seen yet there are priors, each with its reason; what was seen pulls away from them the more there is of
it. One unit holds for a whole plan: US dollars where the prices of both models are known, else tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from stc.meter.ledger import money
from stc.words import Pass

Unit = Literal["usd", "tokens"]

DAY_S = 86_400.0
HALF_LIFE_S = 14 * DAY_S
"""In two weeks the interest in a document halves. Where interest halves so, the questions to come are as many as the
questions so far, each counted by half for every two weeks of its age: rate x half-life / ln 2 on both sides."""
QUESTIONS_OF_A_NEW_ONE = 1.0
"""Who adds a document asks something about it; more is not known of it."""
QUESTIONS_PER_OPENING = 0.25
MOST_OPENINGS = 8
"""Opening is less than asking, and somebody who reads page by page opens often."""
LATELY_S = 7 * DAY_S

SAVED_TOKENS = 600.0
"""An answer made from notes reads 400 tokens where passages take 1,000: the budgets of normal effort."""
SAVINGS_OF_THE_PRIOR = 5
"""The prior counts like so many answers."""
CHANCES: Mapping[Pass, float] = {"outline": 0.05, "anticipate": 0.3, "infer": 0.1, "directed": 0.5}
"""That a question is answered from the notes of a pass over the whole document. Of needs that a model guessed beforehand
0.43 came up (ProAct, arXiv 2605.25971), and not each finds its note; derived figures and summaries are asked for less;
a question that came once comes again, or one like it."""
QUESTIONS_OF_THE_PRIOR = 10

UNUSED_QUESTIONS = 20
"""After so many questions in a row that used none of the model's notes, it prepares no more of that document by itself."""


@dataclass(frozen=True, slots=True)
class Use:
    """How a document was used. ``asked_at``: when questions about it were typed."""

    asked_at: tuple[float, ...] = ()
    opens: int = 0
    last_used_at: float = 0.0
    unused: int = 0
    """Questions since one used a note of the model; 0 where the model has prepared nothing."""


@dataclass(frozen=True, slots=True)
class Experience:
    """What is known by now: what an answer made from notes spared, and how often the notes of each pass answered.

    ``saved_usd`` is ``None`` where the price of the answering model is unknown, 0.0 where answers are free.
    """

    saved_tokens: float = SAVED_TOKENS
    saved_usd: float | None = None
    chances: Mapping[Pass, float] = field(default_factory=lambda: CHANCES)
    answers: int = 0
    """Answers made from notes that this was learned from."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One typed question: which passes had prepared its document, whose notes answered it, and what that spared.

    ``saved_tokens`` is ``None`` where no note was used, or where nothing may be concluded from it.
    """

    prepared: frozenset[Pass]
    used: frozenset[Pass]
    saved_tokens: float | None = None
    saved_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Worth:
    """The sum behind a decision; ``saved`` and ``cost`` in ``unit``."""

    questions: float
    chance: float
    saved: float
    cost: float
    unit: Unit
    asked: int = 0
    """Questions in the last seven days: for the words only."""

    @property
    def saving(self) -> float:
        return self.questions * self.chance * self.saved

    @property
    def net(self) -> float:
        return self.saving - self.cost

    def in_words(self) -> str:
        """Return the sum for a person, with its numbers."""
        likely = f"{round(self.questions, 0 if self.questions >= 1.95 else 1):g} more"
        asked = f"asked {times(self.asked)} this week" if self.asked else "not asked this week"
        said = f"{asked}, {likely} likely, {share(self.chance)} of them answered from it"
        if self.unit == "usd" and not self.saved:
            said += "; answers cost nothing here"
        else:
            said += f"; about {self._amount(self.saved)} saved each"
        if not self.cost:
            return said + "; costs nothing"
        return f"{said}; costs about {self._amount(self.cost)}"

    def _amount(self, value: float) -> str:
        return money(value) if self.unit == "usd" else f"{round(value, -2 if value >= 1000 else -1):,.0f} tokens"


def times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def share(part: float) -> str:
    """Return "30%", "0.4%"."""
    return f"{part:.0%}" if part >= 0.00995 else f"{part:.1%}" if part >= 0.0005 else "under 0.1%"


def expected_questions(use: Use, now: float) -> float:
    """Return how many questions about a document are still to come."""

    def left(at: float) -> float:
        return 0.5 ** (max(0.0, now - at) / HALF_LIFE_S)

    unasked = QUESTIONS_OF_A_NEW_ONE + QUESTIONS_PER_OPENING * min(use.opens, MOST_OPENINGS)
    return unasked * left(use.last_used_at) + sum(left(at) for at in use.asked_at)


def asked_lately(use: Use, now: float) -> int:
    return sum(now - at <= LATELY_S for at in use.asked_at)


def learn(outcomes: Iterable[Outcome], *, input_usd: float | None) -> Experience:
    """Return what the questions so far teach.

    ``input_usd``: US dollars for a token that the answering model reads, ``None`` where unknown.
    """
    prepared = dict.fromkeys(CHANCES, 0)
    used = dict.fromkeys(CHANCES, 0)
    tokens: list[float] = []
    usd: list[float] = []
    for outcome in outcomes:
        for name in outcome.prepared | outcome.used:
            prepared[name] += 1
            used[name] += name in outcome.used
        if outcome.used and outcome.saved_tokens is not None:
            tokens.append(outcome.saved_tokens)
            if outcome.saved_usd is not None:
                usd.append(outcome.saved_usd)
    chances = {
        name: (used[name] + chance * QUESTIONS_OF_THE_PRIOR) / (prepared[name] + QUESTIONS_OF_THE_PRIOR)
        for name, chance in CHANCES.items()
    }
    saved_usd = None if input_usd is None else max(0.0, _shrunk(usd, SAVED_TOKENS * input_usd))
    return Experience(max(0.0, _shrunk(tokens, SAVED_TOKENS)), saved_usd, chances, len(tokens))


def _shrunk(values: list[float], prior: float) -> float:
    return (sum(values) + prior * SAVINGS_OF_THE_PRIOR) / (len(values) + SAVINGS_OF_THE_PRIOR)


def worth(
    pass_name: Pass,
    *,
    part: float,
    use: Use,
    experience: Experience,
    unit: Unit,
    cost: float,
    now: float,
    fresh: float = 1.0,
) -> Worth:
    """Return what one pass over a part of a document is worth.

    ``part``: the window's share of the document's text, 1 for what is about all of it. ``cost`` in ``unit``, 0 where the
    preparing costs no money: then only what it saves counts. ``fresh``: the share of what it will find that is not known
    yet. Raises ``ValueError`` for dollars where it is unknown what an answer saves in them.
    """
    if unit == "usd" and experience.saved_usd is None:
        raise ValueError("what an answer saves is unknown in dollars; reckon in tokens")
    saved = experience.saved_usd if unit == "usd" else experience.saved_tokens
    chance = experience.chances.get(pass_name, CHANCES[pass_name]) * part * fresh
    return Worth(expected_questions(use, now), chance, saved or 0.0, cost, unit, asked_lately(use, now))
