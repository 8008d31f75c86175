"""Decide what to think about next. Pure: facts, time and spending are arguments.

Every document allowed to be prepared gets a first look (its outline and its first window) before any document is gone
through to the end; among equals the one used last comes first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from stc.words import Document, Page, Pass, SleepTask, TaskKey, TaskState, Thinker

WINDOW_TOKENS = 4000
"""Tokens of the largest window, unless the model's context is smaller. Together with a prompt of a few hundred tokens and
a quarter of it for the reply it fits a context of 8,192."""

MAX_ATTEMPTS = 5
"""A task that failed this often is left alone until the person asks for the document to be prepared again."""

REST_S = 60.0
LONGEST_REST_S = 3600.0
FAILURES_BEFORE_FALLBACK = 3


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
    """``directed`` only: those questions; ``hash`` is of them, sorted and normalised."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document with what could be thought about it; ``windows`` in reading order, the outline first."""

    document: Document
    revision: int
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class ModelState:
    """What is known of the preparation model. ``name`` is "" where none is set."""

    name: str = ""
    local: bool = False
    """The text does not leave this computer."""
    needs_consent: bool = True
    """It costs money, may do so, or the text leaves this computer."""
    consented: bool = False
    failures: int = 0
    """Runs that failed one after the other, up to now."""
    failed_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Policy:
    idle_after_s: float
    daily_usd: float
    daily_tokens: int
    paused: bool = False
    model: ModelState = ModelState()
    estimate: Callable[[Window], tuple[int, float | None]] = lambda window: (0, 0.0)
    """Tokens and US dollars (``None``: unknown) that the model would need for a window, at most."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What models were used for preparing today. ``usd`` is of the calls whose price is known."""

    usd: float = 0.0
    tokens: int = 0


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


def _not_now(window: Window, policy: Policy, spent: Spent, now: float) -> tuple[str, float | None] | None:
    """Return why the model may not think about this window now, and until when; ``None`` when it may."""
    model = policy.model
    rest = model.failed_at + rest_s(model.failures) - now
    if model.failures and rest > 0:
        return "the model failed, the next try is in " + _minutes(rest), model.failed_at + rest_s(model.failures)
    tokens, usd = policy.estimate(window)
    tomorrow = (now // 86400 + 1) * 86400
    if spent.tokens + tokens > policy.daily_tokens:
        return f"today's limit of {policy.daily_tokens:,} tokens is reached", tomorrow
    if usd is not None and usd > 0 and spent.usd + usd > policy.daily_usd:
        return f"today's limit of ${policy.daily_usd:.2f} is reached", tomorrow
    return None


def _minutes(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes} minute" + ("s" if minutes > 1 else "")


def _rank(candidates: Sequence[Candidate]) -> list[tuple[Candidate, Window, Literal["first look", "rest"]]]:
    """Return every window of every document in the order of its worth."""
    ordered = sorted(candidates, key=lambda c: (-c.document.last_used_at, c.document.id))
    first = [(c, w) for c in ordered for w in c.windows[:2]]
    rest = [(c, w) for c in ordered for w in c.windows[2:]]
    return [(c, w, "first look") for c, w in first] + [(c, w, "rest") for c, w in rest]


def wanted(
    candidates: Sequence[Candidate],
    states: Mapping[TaskKey, TaskState],
    policy: Policy,
    spent: Spent,
    now: float,
    *,
    ignore_idle: bool = False,
) -> Iterator[Planned | Asleep]:
    """Yield what could be thought about, best first; in between why something is left for later."""
    for candidate, window, part in _rank(candidates):
        document = candidate.document
        if not document.prepare or document.status != "ready":
            continue

        def state(thinker: Thinker, c: Candidate = candidate, w: Window = window) -> TaskState:
            key = TaskKey(c.document.id, w.pass_name, w.hash, thinker, 1, c.revision)
            return states.get(key, TaskState())

        if state("model").done:
            continue
        no_model = _no_model(document, policy)
        thinker: Thinker = "model" if no_model is None else "extractive"
        fallback = no_model or ""
        if thinker == "extractive" and state("extractive").done:
            continue
        idle_s = now - document.last_used_at
        if not ignore_idle and idle_s < policy.idle_after_s:
            yield Asleep(f"{document.name} was used a moment ago", document.last_used_at + policy.idle_after_s)
            continue
        if thinker == "model":
            tried = state("model")
            if tried.held:
                yield Asleep(f"{document.name} is being prepared by another process", tried.not_before, held=True)
                continue
            given_up = tried.attempts >= MAX_ATTEMPTS
            later = _not_now(window, policy, spent, now)
            if given_up or later is not None:
                resting = policy.model.failures > 0 and policy.model.failures < FAILURES_BEFORE_FALLBACK
                why, until = later if later is not None and not given_up else ("the model failed on it too often", None)
                if state("extractive").done or (resting and not given_up):
                    if not given_up:
                        yield Asleep(
                            f"{document.name} waits: {why}", until, True, document_id=document.id, window=window
                        )
                    continue
                thinker, fallback = "extractive", why
            elif tried.not_before > now:
                yield Asleep(f"{document.name} waits for another try", tried.not_before)
                continue
        if thinker == "extractive":
            tried = state("extractive")
            if tried.attempts >= MAX_ATTEMPTS:
                continue
            if tried.held or tried.not_before > now:
                yield Asleep(f"{document.name} waits for another try", tried.not_before, held=tried.held)
                continue
        yield Planned(
            document.id, window, thinker, candidate.revision, _reason(candidate, window, part, fallback, now), fallback
        )


def _reason(candidate: Candidate, window: Window, part: str, fallback: str, now: float) -> str:
    document = candidate.document
    if window.pass_name == "outline":
        what = "a summary first"
    elif part == "first look":
        what = "a first look at " + pages_in_words(window.page_start, window.page_end)
    else:
        what = "on with " + pages_in_words(window.page_start, window.page_end)
    ago = _minutes(now - document.last_used_at)
    return f"{what}; unused for {ago}" + (f"; without the AI model: {fallback}" if fallback else "")


def pages_in_words(first: int, last: int) -> str:
    return f"page {first}" if first == last else f"pages {first}–{last}"


def next_task(
    candidates: Sequence[Candidate],
    states: Mapping[TaskKey, TaskState],
    policy: Policy,
    spent_today: Spent,
    now: float,
    *,
    ignore_idle: bool = False,
) -> Planned | Asleep:
    """Return the most valuable task that policy allows, or why to stay asleep.

    ``ignore_idle`` is for a person who asked for it: pause and idle time don't count then, limits do.
    """
    if policy.paused and not ignore_idle:
        return Asleep("paused")
    later: list[Asleep] = []
    for item in wanted(candidates, states, policy, spent_today, now, ignore_idle=ignore_idle):
        if isinstance(item, Planned):
            return item
        later.append(item)
    if not later:
        return Asleep(_all_done(candidates))
    timed = [item for item in later if item.until is not None]
    hindered = [item for item in later if item.hindered]
    if hindered and ignore_idle:
        return hindered[0]
    held = [item for item in later if item.held]
    if held and ignore_idle:
        return held[0]
    return min(timed, key=lambda item: item.until or 0.0) if timed else later[0]


def without_limits(policy: Policy) -> Policy:
    """Return the policy as it were with an endless budget and a model that never failed: what an estimate asks for."""
    model = replace(policy.model, failures=0, failed_at=0.0)
    return replace(policy, daily_usd=float("inf"), daily_tokens=10**15, model=model)


def _all_done(candidates: Sequence[Candidate]) -> str:
    if not candidates:
        return "there are no documents"
    if not any(c.document.status == "ready" for c in candidates):
        return "no document is ready yet"
    if not any(c.document.prepare for c in candidates):
        return "every document is kept from preparation"
    return "everything is prepared"
