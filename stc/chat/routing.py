"""Choose which context answers a question: pure, with its reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stc.chat.terms import terms
from stc.words import Effort, Hit, Route

COVERAGE_FOR_NOTES = 0.8
"""Share of the question's telling words, weighted by rarity, that the best note must hold before the text is left out.

Held by several notes together says nothing: of 82 questions routed so, 5 right answers were lost; by the best note alone,
of 45, none (ntsb lookups, squad_v1.1 and fed_plans, 250 questions, seed 1). At 75 % one of 96 was lost, at 80 % none of 88
(all ntsb lookups; docs/decisions/0010-when-notes-answer.md)."""

MOST_READ_FIRST_TOKENS = 6_000
"""The longest text that is read whole at once where thoroughness was asked for: twice the passages that would be read instead.

It costs at most twice as much, and from the second question on less where the provider caches; no search can miss anything in
it. A longer one is read in passages first (docs/decisions/0034-whole-text-first.md)."""


@dataclass(frozen=True, slots=True)
class Decision:
    route: Route
    reasons: tuple[str, ...]


def choose(
    *,
    effort: Effort,
    prepared: str | None,
    coverage: float,
    notes: Sequence[Hit],
    chunks: Sequence[Hit],
    evidence_chunks: Sequence[str | None],
    offered: bool,
    whole: int | None = None,
) -> Decision:
    """Return the route for a question that no route was forced on.

    ``prepared`` says why a stored answer may stand as it is (see ``stc.chat.reuse``), ``None`` where none may.
    ``coverage`` is ``question_coverage`` of the best note; ``evidence_chunks`` are the passages that hold its evidence.
    Notes answer alone only where search in the text, which knows nothing of them, puts that passage first: two signals
    that can't fail for the same reason. And they must hold a thing of the kind asked for (``offered``: a time for "when").
    ``whole``: the tokens of all the text in scope, ``None`` where the reader can't take it at once.
    """
    if prepared is not None:
        return Decision("reused", (prepared,))
    if effort == "high" and whole is not None and whole <= MOST_READ_FIRST_TOKENS:
        return Decision("document", (f"thorough: the whole text is short, {whole:,} tokens, and is read",))
    if not notes:
        return Decision("chunks", ("no prepared note fits",))
    if effort == "high":
        return Decision("notes+chunks", ("thorough: notes and passages are both read",))
    if not chunks or chunks[0].id not in evidence_chunks:
        return Decision("chunks", ("the best note stands elsewhere than the best passage",))
    if not offered:
        return Decision("chunks", ("the best note holds nothing of the kind asked for",))
    if coverage < COVERAGE_FOR_NOTES:
        return Decision("chunks", (f"the best note holds {coverage:.0%} of the question's telling words, too few",))
    return Decision("notes", (f"the best note holds {coverage:.0%} of the question's telling words",))


def question_coverage(question: str, texts: Sequence[str], rarity: dict[str, float]) -> float:
    """Return the share (0 to 1) of the question's telling words, weighted by ``rarity``, that stand in ``texts``.

    A word that ``rarity`` does not know weighs as much as the rarest. A question of stop words only is covered by nothing.
    """
    words = set(terms(question))
    if not words:
        return 0.0
    there = {word for text in texts for word in terms(text)}
    most = max(rarity.values(), default=1.0)
    weights = {word: rarity.get(word, most) for word in words}
    total = sum(weights.values())
    return sum(weight for word, weight in weights.items() if word in there) / total if total else 0.0
