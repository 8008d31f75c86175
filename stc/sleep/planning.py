"""Decide what to think about next. Pure: facts, time and spending are arguments.

Questions that people really asked come first. Then every document allowed to be prepared gets a first look: its outline
and its first window, within ``FIRST_LOOK_TOKENS``. Beyond that a model does what is worth its cost (``stc.sleep.value``),
the most valuable first; what it does not do the extractive thinker does, which costs nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from datetime import time as clock_time
from typing import Literal

from stc.meter.ledger import money
from stc.sleep import demand, value
from stc.sleep.demand import Question
from stc.sleep.value import Experience, Unit, Use, Worth
from stc.words import Document, Page, Pass, SleepTask, TaskKey, TaskState, Thinker

WINDOW_TOKENS = 4000
"""Tokens of the largest window, unless the model's context is smaller. Together with a prompt of a few hundred tokens and
a quarter of it for the reply it fits a context of 8,192."""

FIRST_LOOK_TOKENS = 10_000
"""Tokens that a model is sent at most for the first look at a document."""

MAX_ATTEMPTS = 5
"""A task that failed this often is left alone until the person asks for the document to be prepared again."""

LEAST_NEW_NOTES = 2
LEAST_NEW_SHARE = 0.2
"""Another generation of a window is worth thinking of where the last one brought so many new notes, and this share of the
first one's."""

SECOND_LOOK_SHARE = 0.5
"""Of what a second look finds about half is known from the first."""

NOT_WORTH_IT = "it would cost more than it is likely to save"

REST_S = 60.0
LONGEST_REST_S = 3600.0
FAILURES_BEFORE_FALLBACK = 3

REPEATED: frozenset[Pass] = frozenset({"anticipate", "infer"})
"""The passes that more than one generation is made of: there is one summary, and one answer to a question."""

PASS_WORDS: Mapping[Pass, str] = {
    "outline": "a summary",
    "anticipate": "questions and answers",
    "infer": "derived figures",
    "directed": "questions that you asked",
}


@dataclass(frozen=True, slots=True)
class Window:
    """The input of one pass: pages ``page_start`` to ``page_end``, ``tokens`` long; ``hash`` is of their exact text."""

    pass_name: Pass
    page_start: int
    page_end: int
    hash: str
    tokens: int
    answers: tuple[str, ...] = ()
    """``directed`` only: the ids of the answers whose questions are answered again."""
    questions: tuple[str, ...] = ()
    """``directed`` only: those questions; ``hash`` is of them, sorted and normalised, and of the document's content."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document with what could be thought about it; ``windows`` in reading order, the outline first.

    ``questions`` are those that people asked and the notes did not answer. ``found``: how many new notes a model found, by
    window hash and generation, where it is done.
    """

    document: Document
    revision: int
    windows: tuple[Window, ...]
    use: Use = field(default_factory=Use)
    questions: tuple[Question, ...] = ()
    found: Mapping[tuple[str, int], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelState:
    """What is known of the preparation model. ``name`` is "" where none is set."""

    name: str = ""
    local: bool = False
    """The text does not leave this computer."""
    free: bool = False
    """It costs no money."""
    needs_consent: bool = True
    """It costs money, may do so, or the text leaves this computer."""
    consented: bool = False
    failures: int = 0
    """Runs that failed one after the other, up to now."""
    failed_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Needed:
    """What a model would need for a window, at most. ``usd`` is ``None`` where its price is unknown.

    ``usd`` is at the standard price, which limits are held by; ``usual_usd`` at that of the tier that is really billed, by
    which worth is reckoned: ``None`` where it is the same.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = 0.0
    usual_usd: float | None = None

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Policy:
    """What the person allows, and what is known for every document alike."""

    idle_after_s: float
    daily_usd: float
    daily_tokens: int
    document_usd: float = float("inf")
    document_tokens: int = 10**15
    run_usd: float = float("inf")
    run_tokens: int = 10**15
    paused: bool = False
    quiet_until: float | None = None
    """When the quiet hours end; ``None``: it is none of them."""
    on_battery: bool = False
    """The computer runs on its battery, and the person wants it spared."""
    generations: int = 1
    model: ModelState = ModelState()
    estimate: Callable[[Document, Window], Needed] = lambda document, window: Needed()
    unit: Unit = "tokens"
    """What worth and cost are reckoned in."""
    experience: Experience = field(default_factory=Experience)


@dataclass(frozen=True, slots=True)
class Spent:
    """What models were used for preparing today, and for each document ever. ``usd`` is of the calls whose price is known."""

    usd: float = 0.0
    tokens: int = 0
    documents: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    """US dollars and tokens by document id."""
    unpriced: int = 0
    """Today's calls whose price is unknown: what they cost is not in ``usd``."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A task that may run now. ``reason`` is one line for the person."""

    document_id: str
    window: Window
    thinker: Thinker
    revision: int
    reason: str
    fallback: str = ""
    """Why the extractive thinker prepares although a model is set; "" where none is."""
    generation: int = 1
    value: Worth | None = None
    """The sum behind it; ``None`` where it comes first whatever its worth."""

    @property
    def questions(self) -> tuple[str, ...]:
        return self.window.questions

    def key(self) -> TaskKey:
        window = self.window
        return TaskKey(self.document_id, window.pass_name, window.hash, self.thinker, self.generation, self.revision)

    def task(self, task_id: str, owner: str) -> SleepTask:
        return SleepTask(
            id=task_id,
            owner=owner,
            document_id=self.document_id,
            pass_name=self.window.pass_name,
            window_hash=self.window.hash,
            page_start=self.window.page_start,
            page_end=self.window.page_end,
            thinker=self.thinker,
            generation=self.generation,
            revision=self.revision,
            reason=self.reason,
            answers=self.window.answers,
        )


@dataclass(frozen=True, slots=True)
class Asleep:
    """Why nothing is thought about now. ``until`` is when to look again, where that is known.

    ``hindered``: something is left to do that a limit or a failing model keeps from being done. ``held``: another one is
    at it, or was when its process ended; its lease runs out ``until`` then.
    """

    reason: str
    until: float | None = None
    hindered: bool = False
    held: bool = False
    document_id: str = ""
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class NotWorth:
    """What the model does not do by itself, and why. ``value``: the sum, where that is the reason."""

    document_id: str
    window: Window
    generation: int
    reason: str
    value: Worth | None = None


def windows(
    pages: Sequence[Page], count_tokens: Callable[[str], int], *, limit: int = WINDOW_TOKENS
) -> tuple[Window, ...]:
    """Return the windows of a document: the outline over all of it, then ``anticipate`` and ``infer`` by groups of pages.

    A group fills five eighths of ``limit`` at least, and ends behind the page whose hash is the smallest of those that it
    may end behind. So where it ends depends on the pages near its end alone, and an edited, added or removed page changes
    its own windows and a few behind it. A single page may be longer than ``limit``; its thinker cuts it. Pages without
    text belong to no window.
    """
    counted = [(page, count_tokens(page.text)) for page in pages if page.text.strip()]
    if not counted:
        return ()
    found = [_window("outline", counted)]
    start = 0
    while start < len(counted):
        end = _group_end(counted, start, limit)
        found += [_window("anticipate", counted[start:end]), _window("infer", counted[start:end])]
        start = end
    return tuple(found)


def _group_end(counted: Sequence[tuple[Page, int]], start: int, limit: int) -> int:
    """Return the index behind the group of pages that begins at ``start``."""
    size = 0
    ends: list[tuple[bytes, int]] = []
    for place in range(start, len(counted)):
        page, tokens = counted[place]
        if place > start and size + tokens > limit:
            # A long page may follow before the group is filled; then there is this one end.
            return min(ends)[1] if ends else place
        size += tokens
        if size >= limit * 5 // 8:
            ends.append((hashlib.sha256(page.text.encode("utf-8", "surrogatepass")).digest(), place + 1))
    return len(counted)


def _window(pass_name: Pass, counted: Sequence[tuple[Page, int]]) -> Window:
    pages = [page for page, _ in counted]
    tokens = sum(tokens for _, tokens in counted)
    return Window(pass_name, pages[0].number, pages[-1].number, hash_of(pass_name, pages), tokens)


def hash_of(pass_name: Pass, pages: Sequence[Page]) -> str:
    """Return the hash of a window of pages: of the pass and of the pages that have text, wherever they stand."""
    digest = hashlib.sha256(pass_name.encode())
    for page in pages:
        if page.text.strip():
            digest.update(b"\0" + page.text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def rest_s(failures: int) -> float:
    """Return for how long the model is left alone after so many failures in a row: 1, 2, 4 … minutes, an hour at most."""
    return 0.0 if failures <= 0 else min(LONGEST_REST_S, REST_S * 2.0 ** (failures - 1))


def _no_model(document: Document, policy: Policy) -> str | None:
    """Return why the model may not prepare this document at all; ``None`` when it may."""
    model = policy.model
    if not model.name:
        return ""
    if document.keep_local and not model.local:
        return "it is kept on this computer"
    if model.needs_consent and not model.consented:
        return "you have not agreed yet that the model prepares"
    return None


def _not_now(
    document: Document, needed: Needed, policy: Policy, spent: Spent, now: float
) -> tuple[str, float | None] | None:
    """Return why the model may not do what needs so much now, and until when; ``None`` when it may."""
    model = policy.model
    rest = model.failed_at + rest_s(model.failures) - now
    if 0 < rest <= rest_s(model.failures):  # a longer one: the clock was set back since
        return "the model failed, the next try is in " + _minutes(rest), model.failed_at + rest_s(model.failures)
    tomorrow = (now // 86400 + 1) * 86400
    if needed.tokens > policy.run_tokens:
        return f"this step needs about {needed.tokens:,} tokens, a step may use {policy.run_tokens:,}", None
    if spent.tokens + needed.tokens > policy.daily_tokens:
        return f"today's limit of {policy.daily_tokens:,} tokens is reached", tomorrow
    document_usd, document_tokens = spent.documents.get(document.id, (0.0, 0))
    if document_tokens + needed.tokens > policy.document_tokens:
        return f"the limit of {policy.document_tokens:,} tokens for one document is reached", None
    if needed.usd is None and not min(policy.daily_usd, policy.document_usd, policy.run_usd):
        return "its price is unknown, and a limit of $0 is set", None
    if not needed.usd:
        return None
    if needed.usd > policy.run_usd:
        return f"this step may cost {money(needed.usd)}, a step at most {money(policy.run_usd)}", None
    if spent.usd + needed.usd > policy.daily_usd:
        return f"today's limit of {money(policy.daily_usd)} is reached", tomorrow
    if document_usd + needed.usd > policy.document_usd:
        return f"the limit of {money(policy.document_usd)} for one document is reached", None
    return None


def _minutes(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes} minute" + ("s" if minutes > 1 else "")


def _long(seconds: float) -> str:
    """Return "5 minutes", "3 hours", "12 days"."""
    for unit, length in (("day", 86400), ("hour", 3600)):
        if seconds >= 2 * length:
            return f"{seconds // length:,.0f} {unit}s"
    return _minutes(seconds)


@dataclass(frozen=True, slots=True)
class _Item:
    """Something that could be done, with its place in the order."""

    candidate: Candidate
    window: Window
    place: Literal["asked", "first look", "rest"]
    generation: int
    needed: Needed
    worth: Worth
    order: tuple[float, ...]


_PLACES = {"asked": 0, "first look": 1, "rest": 2}


def _items(
    candidates: Sequence[Candidate], states: Mapping[TaskKey, TaskState], policy: Policy, now: float
) -> list[_Item]:
    """Return what is not done yet, in the order of its worth."""
    found: list[_Item] = []
    for candidate in sorted(candidates, key=lambda c: (-c.document.last_used_at, c.document.id)):
        if not candidate.document.prepare or candidate.document.status != "ready":
            continue
        no_model = _no_model(candidate.document, policy)
        thinker: Thinker = "model" if no_model is None else "extractive"
        asked = directed_window(candidate, thinker)
        if asked is not None:
            found.append(_item(candidate, asked, "asked", 1, policy, now, len(found)))
        first = first_look(candidate, policy)
        for window in candidate.windows:
            if _is_done(candidate, window, 1, "model", states):
                for generation in range(2, policy.generations + 1 if thinker == "model" else 2):
                    if not _is_done(candidate, window, generation, "model", states):
                        if window.pass_name in REPEATED and _brings_more(candidate, window, generation):
                            found.append(_item(candidate, window, "rest", generation, policy, now, len(found)))
                        break
            elif thinker == "model" or not _is_done(candidate, window, 1, "extractive", states):
                place: Literal["first look", "rest"] = "first look" if window in first else "rest"
                found.append(_item(candidate, window, place, 1, policy, now, len(found)))
    return sorted(found, key=lambda item: item.order)


def _is_done(
    candidate: Candidate, window: Window, generation: int, thinker: Thinker, states: Mapping[TaskKey, TaskState]
) -> bool:
    return _state(candidate, window, generation, thinker, states).done


def _state(
    candidate: Candidate, window: Window, generation: int, thinker: Thinker, states: Mapping[TaskKey, TaskState]
) -> TaskState:
    key = TaskKey(candidate.document.id, window.pass_name, window.hash, thinker, generation, candidate.revision)
    return states.get(key, TaskState())


def _item(
    candidate: Candidate,
    window: Window,
    place: Literal["asked", "first look", "rest"],
    generation: int,
    policy: Policy,
    now: float,
    position: int,
) -> _Item:
    needed = policy.estimate(candidate.document, window)
    worth = worth_of(candidate, window, policy, now, needed=needed, generation=generation)
    order = (float(_PLACES[place]), -worth.net if place == "rest" else 0.0, float(position))
    if place == "asked":
        order = (0.0, -float(len(window.answers)), float(position))
    return _Item(candidate, window, place, generation, needed, worth, order)


def first_look(candidate: Candidate, policy: Policy) -> tuple[Window, ...]:
    """Return the windows that a document's first look takes in: its outline and what is asked about its first pages.

    A model is sent ``FIRST_LOOK_TOKENS`` for it at most: where the first page is a very long one, the outline has to do.
    """
    found: list[Window] = []
    sent = 0
    for pass_name in ("outline", "anticipate"):
        window = next((window for window in candidate.windows if window.pass_name == pass_name), None)
        if window is not None:
            sent += policy.estimate(candidate.document, window).input_tokens
            if sent <= FIRST_LOOK_TOKENS:
                found.append(window)
    return tuple(found)


def directed_window(candidate: Candidate, thinker: Thinker) -> Window | None:
    """Return the task that answers a document's open questions again; ``None`` where there are none for this thinker."""
    if not candidate.windows:
        return None
    found = demand.unanswered(candidate.questions, thinker)
    if not found:
        return None
    whole = candidate.windows[0]
    return Window(
        "directed",
        whole.page_start,
        whole.page_end,
        demand.hash_of(found, candidate.document.content_hash),
        whole.tokens,
        tuple(answer for question in found for answer in question.answers),
        tuple(question.text for question in found),
    )


def worth_of(
    candidate: Candidate, window: Window, policy: Policy, now: float, *, needed: Needed, generation: int = 1
) -> Worth:
    """Return what a pass over a window is worth, with what it costs by an estimate."""
    total = candidate.windows[0].tokens
    part = 1.0 if window.pass_name in ("outline", "directed") or not total else min(1.0, window.tokens / total)
    cost = 0.0
    if _no_model(candidate.document, policy) is None and not policy.model.free:
        usd = needed.usd if needed.usual_usd is None else needed.usual_usd
        cost = float(needed.tokens) if policy.unit == "tokens" or usd is None else usd
    return value.worth(
        window.pass_name,
        part=part,
        use=candidate.use,
        experience=policy.experience,
        unit=policy.unit,
        cost=cost,
        now=now,
        fresh=_fresh(candidate, window, generation),
    )


def _fresh(candidate: Candidate, window: Window, generation: int) -> float:
    """Return the share of a generation's notes that are likely to be new: as large as the last one's was."""
    if generation == 1:
        return 1.0
    if generation == 2:
        return SECOND_LOOK_SHARE
    first = candidate.found.get((window.hash, 1), 0)
    return min(1.0, candidate.found.get((window.hash, generation - 1), 0) / first) if first else 0.0


def _brings_more(candidate: Candidate, window: Window, generation: int) -> bool:
    """Tell whether another generation is worth thinking of, by what the last one brought that was new."""
    first = candidate.found.get((window.hash, 1), 0)
    last = candidate.found.get((window.hash, generation - 1), 0)
    return last >= LEAST_NEW_NOTES and last >= LEAST_NEW_SHARE * first


def saturated(
    candidates: Sequence[Candidate], states: Mapping[TaskKey, TaskState], policy: Policy
) -> Iterator[tuple[Candidate, Window, int]]:
    """Yield the windows that would be thought about once more but for the last time's bringing little: (…, new notes)."""
    for candidate in candidates:
        if not candidate.document.prepare or _no_model(candidate.document, policy) is not None:
            continue
        for window in candidate.windows:
            done = 0
            while done < policy.generations and _is_done(candidate, window, done + 1, "model", states):
                done += 1
            may_follow = 0 < done < policy.generations and window.pass_name in REPEATED
            if may_follow and not _brings_more(candidate, window, done + 1):
                yield candidate, window, candidate.found.get((window.hash, done), 0)


def wanted(
    candidates: Sequence[Candidate],
    states: Mapping[TaskKey, TaskState],
    policy: Policy,
    spent: Spent,
    now: float,
    *,
    by_hand: bool = False,
) -> Iterator[Planned | Asleep | NotWorth]:
    """Yield what could be thought about, best first; in between what is left for later, or is not worth it, and why.

    ``by_hand``: a person asked for it, so idle time and worth don't count.
    """
    for candidate in candidates:
        yield from _held_questions(candidate, now)
    for item in _items(candidates, states, policy, now):
        candidate, window, document = item.candidate, item.window, item.candidate.document
        no_model = _no_model(document, policy)
        thinker: Thinker = "model" if no_model is None else "extractive"
        fallback = no_model or ""
        idle_s = now - document.last_used_at
        if not by_hand and idle_s < policy.idle_after_s:
            yield Asleep(
                f"{document.name} was used a moment ago",
                document.last_used_at + policy.idle_after_s,
                document_id=document.id,
            )
            continue
        if thinker == "model":
            tried = _state(candidate, window, item.generation, "model", states)
            if tried.done:  # of directed ones only: the same questions were answered from the same text
                continue
            if tried.held:
                yield Asleep(
                    f"{document.name} is being prepared by another process",
                    tried.not_before,
                    held=True,
                    document_id=document.id,
                )
                continue
            given_up = tried.attempts >= MAX_ATTEMPTS
            not_worth = None if by_hand else _not_worth(item)
            later = _not_now(document, item.needed, policy, spent, now)
            if not_worth is not None:
                yield not_worth
                thinker, fallback = "extractive", NOT_WORTH_IT
            elif given_up or later is not None:
                resting = policy.model.failures > 0 and policy.model.failures < FAILURES_BEFORE_FALLBACK
                why, until = later if later is not None and not given_up else ("the model failed on it too often", None)
                instead = None if item.generation > 1 else _extractive_window(candidate, window)
                if (
                    instead is None
                    or _is_done(candidate, instead, 1, "extractive", states)
                    or (resting and not given_up)
                ):
                    if not given_up:
                        yield Asleep(
                            f"{document.name} waits: {why}", until, True, document_id=document.id, window=window
                        )
                    continue
                thinker, fallback = "extractive", why
            elif tried.not_before > now:
                yield Asleep(f"{document.name} waits for another try", tried.not_before, document_id=document.id)
                continue
        if thinker == "extractive":
            instead = None if item.generation > 1 else _extractive_window(candidate, window)
            if instead is None:
                continue
            window = instead
            tried = _state(candidate, window, 1, "extractive", states)
            if tried.done or tried.attempts >= MAX_ATTEMPTS:
                continue
            if tried.held or tried.not_before > now:
                yield Asleep(
                    f"{document.name} waits for another try",
                    tried.not_before,
                    held=tried.held,
                    document_id=document.id,
                )
                continue
        yield Planned(
            document.id,
            window,
            thinker,
            candidate.revision,
            _reason(item, window, thinker, fallback, now),
            fallback,
            item.generation,
            item.worth if item.place == "rest" else None,
        )


def _held_questions(candidate: Candidate, now: float) -> Iterator[Asleep]:
    until = max((question.held_until for question in candidate.questions), default=0.0)
    if candidate.document.prepare and until >= now:
        name = candidate.document.name
        yield Asleep(
            f"{name} is being prepared by another process", until, held=True, document_id=candidate.document.id
        )


def _extractive_window(candidate: Candidate, window: Window) -> Window | None:
    """Return what the extractive thinker does in the place of a model: of questions only those it has not tried."""
    return directed_window(candidate, "extractive") if window.pass_name == "directed" else window


def _not_worth(item: _Item) -> NotWorth | None:
    """Return why a model does not do this by itself; ``None`` where it does."""
    if item.place != "rest":
        return None
    document_id, unused = item.candidate.document.id, item.candidate.use.unused
    if unused >= value.UNUSED_QUESTIONS and item.worth.cost:
        reason = f"the last {unused} questions used none of the notes that the model made"
        return NotWorth(document_id, item.window, item.generation, reason)
    if item.worth.net < 0:
        return NotWorth(document_id, item.window, item.generation, item.worth.in_words(), item.worth)
    return None


def _reason(item: _Item, window: Window, thinker: Thinker, fallback: str, now: float) -> str:
    pages = pages_in_words(window.page_start, window.page_end)
    unused = f"unused for {_long(now - item.candidate.document.last_used_at)}"
    if item.place == "asked":
        number = len(window.questions)
        what = "a question that you asked and" if number == 1 else f"{number} questions that you asked and"
        said = f"{what} the notes did not answer"
    elif item.place == "first look":
        said = "a summary first" if window.pass_name == "outline" else f"a first look at {pages}"
        said += f"; {unused}"
    else:
        again = "another look for " if item.generation > 1 else ""
        said = f"{again}{PASS_WORDS[window.pass_name]}, {pages}"
        said += f": {item.worth.in_words()}" if thinker == "model" else f"; {unused}"
    return said + (f"; without the AI model: {fallback}" if fallback else "")


def pages_in_words(first: int, last: int) -> str:
    return f"page {first}" if first == last else f"pages {first}–{last}"


def next_task(
    candidates: Sequence[Candidate],
    states: Mapping[TaskKey, TaskState],
    policy: Policy,
    spent: Spent,
    now: float,
    *,
    by_hand: bool = False,
) -> Planned | Asleep:
    """Return the most valuable task that policy allows, or why to stay asleep.

    ``by_hand`` is for a person who asked for it: pause, quiet hours, battery, idle time and worth don't count then, limits
    do.
    """
    if not by_hand and (resting := at_rest(policy)) is not None:
        return resting
    return pick(wanted(candidates, states, policy, spent, now, by_hand=by_hand), candidates, by_hand=by_hand)


def pick(
    items: Iterable[Planned | Asleep | NotWorth], candidates: Sequence[Candidate], *, by_hand: bool = False
) -> Planned | Asleep:
    """Return the first task of what ``wanted`` yielded, or the reason to stay asleep that ends first."""
    later: list[Asleep] = []
    not_worth = False
    for item in items:
        if isinstance(item, Planned):
            return item
        if isinstance(item, Asleep):
            later.append(item)
        else:
            not_worth = True
    if not later:
        return Asleep("what is worth its cost is prepared" if not_worth else _all_done(candidates))
    timed = [item for item in later if item.until is not None]
    hindered = [item for item in later if item.hindered]
    if hindered and by_hand:
        return hindered[0]
    held = [item for item in later if item.held]
    if held and by_hand:
        return held[0]
    return min(timed, key=lambda item: item.until or 0.0) if timed else later[0]


def at_rest(policy: Policy) -> Asleep | None:
    """Return why nothing at all is prepared by itself now; ``None`` where something may be."""
    if policy.paused:
        return Asleep("paused")
    if policy.quiet_until is not None:
        return Asleep("it is quiet hours", policy.quiet_until)
    if policy.on_battery:
        return Asleep("the computer runs on its battery")
    return None


def without_limits(policy: Policy) -> Policy:
    """Return the policy as it were with an endless budget and a model that never failed: what an estimate asks for."""
    endless = 10**15
    return replace(
        policy,
        daily_usd=float("inf"),
        daily_tokens=endless,
        document_usd=float("inf"),
        document_tokens=endless,
        run_usd=float("inf"),
        run_tokens=endless,
        model=replace(policy.model, failures=0, failed_at=0.0),
    )


def _all_done(candidates: Sequence[Candidate]) -> str:
    if not candidates:
        return "there are no documents"
    if not any(c.document.status == "ready" for c in candidates):
        return "no document is ready yet"
    if not any(c.document.prepare for c in candidates):
        return "every document is kept from preparation"
    return "everything is prepared"


def quiet_until(hours: str, now: float) -> float | None:
    """Return when the quiet hours end that ``now`` lies in, ``None`` where it lies in none.

    ``hours`` is the setting, "22:00-07:00" for example, in local time; equal times are a whole day. On the day when the
    clocks change, the end is where the clock on the wall says it.
    """
    if not hours:
        return None
    start, end = (_of_day(part) for part in hours.split("-"))
    local = datetime.fromtimestamp(now)
    for day in (local.date() - timedelta(days=1), local.date()):
        began = datetime.combine(day, start)
        ended = datetime.combine(day if start < end else day + timedelta(days=1), end)
        if began <= local < ended:
            return ended.timestamp()
    return None


def _of_day(text: str) -> clock_time:
    hour, _, minute = text.strip().partition(":")
    return clock_time(int(hour), int(minute))
