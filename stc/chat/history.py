"""What was said before in a conversation, as far as it may be told to whoever answers the next question.

What an answer says comes from documents. It is told again only while every one of them is asked still, by its text of then:
who takes a document out of the scope, deletes it, keeps it on this computer or puts a new version in its place expects that
its text is read no more. docs/decisions/0035-history-keeps-to-the-scope.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from stc.chat import replies
from stc.chat.scope import Pages, Scope
from stc.chat.terms import terms
from stc.words import EXTRACTIVE, Answer

WITHHELD = "an earlier answer was not sent along: it may hold text that is not asked now"
_TURNS = 2
_LOOKED_AT = 20
"""So many turns back a follow-up may refer; it is to the last one, but for those that are itself, asked again."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of before and its answer.

    ``told`` is the question where its words may be told again, else ""; ``text`` the answer, "" where that may not or there is
    none. ``answered``: it was, to its end. ``sources`` are the documents whose text ``told`` and ``text`` may hold.
    """

    asked: str
    told: str
    text: str
    answered: bool
    withheld: bool
    sources: frozenset[str]


def turns(before: Sequence[Answer], scope: Scope, *, away: Collection[str] | None) -> list[Turn]:
    """Return the last turns of a conversation for a question of this scope, oldest first.

    ``away``: the documents that may leave this computer, where the reader is elsewhere; ``None`` where it is not.
    """
    ready_at = {document.id: document.ready_at or 0.0 for document in scope.documents}
    typed = {term for answer in before if answer.origin == "typed" for term in terms(answer.question)}
    kept_here = _asked_of_others(before, away)
    found = []
    for answer in before[-_LOOKED_AT:]:
        if answer.state not in ("done", "stopped"):
            continue
        known = sources(answer)
        free = kept_here.isdisjoint(set(terms(answer.standalone)) - set(terms(answer.question)))
        still = free and known is not None and _asked_still(answer, known, ready_at, scope.pages)
        # A person's own words are no document's; of one that is kept on this computer not even they go elsewhere.
        own = free and answer.origin == "typed" and set(terms(answer.asked)) <= typed
        own = own and (away is None or (known is not None and known <= set(away)))
        found.append(
            Turn(
                answer.asked,
                answer.asked if still or own else "",
                # Without its marks: the passages are numbered anew for each question.
                replies.relabel(answer.text, {}) if still and not answer.abstained else "",
                answer.state == "done" and not answer.abstained,
                not still,
                known if still and known is not None else frozenset(),
            )
        )
    return found


def _asked_of_others(before: Sequence[Answer], away: Collection[str] | None) -> set[str]:
    """Return the words of the questions about documents that may not leave this computer: a follow-up may have taken them."""
    if away is None:
        return set()
    may_leave = frozenset(away)
    about = ((answer.question, sources(answer)) for answer in before)
    return {
        term for question, known in about if known is not None and not known <= may_leave for term in terms(question)
    }


def last(told: Iterable[Turn]) -> list[Turn]:
    """Return the last turns that go along with a question: none before one that may not be told, or "it" would be another."""
    kept: list[Turn] = []
    for turn in reversed(list(told)[-_TURNS:]):
        if not turn.told:
            break
        kept.insert(0, turn)
    return kept


def withheld(told: Iterable[Turn]) -> bool:
    """Tell whether an answer that would have gone along does not."""
    return any(turn.withheld for turn in [turn for turn in told if turn.answered][-_TURNS:])


def pairs(told: Iterable[Turn]) -> tuple[tuple[str, str], ...]:
    """Return turns as prompts take them: (question, answer)."""
    return tuple((turn.told, turn.text) for turn in told)


def all_sources(told: Iterable[Turn]) -> frozenset[str]:
    return frozenset().union(*(turn.sources for turn in told))


def sources(answer: Answer) -> frozenset[str] | None:
    """Return the documents whose text an answer may hold, ``None`` where that was not recorded and can't be told."""
    if answer.sources is not None:
        return frozenset(answer.sources)
    if answer.scope:
        return frozenset(answer.scope)
    quoted = answer.model == EXTRACTIVE or answer.route == "reused"  # all that these say is cited
    return frozenset(citation.document_id for citation in answer.citations) if quoted else None


def _asked_still(answer: Answer, known: frozenset[str], ready_at: Mapping[str, float], pages: Pages | None) -> bool:
    """Tell whether all that an answer stands on is in scope, and has not been read anew since it was given."""
    if not known <= ready_at.keys() or any(ready_at[document_id] > answer.asked_at for document_id in known):
        return False
    if pages is None:
        return True
    then = Pages.parse(answer.pages)
    return then is not None and pages.covers(then)
