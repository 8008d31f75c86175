"""What a person can ask of the sleeper: prepare now, say what it would cost, throw away, prepare again, show what it did."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from stc.access import rights
from stc.errors import UserError
from stc.sleep import checking, facts, passes, planning, report
from stc.sleep.planning import Asleep, NotWorth, Planned
from stc.storage import documents as document_rows
from stc.storage import notes as note_rows
from stc.storage import tasks
from stc.storage.database import new_id
from stc.words import SHARED, NoteDraft, Pass, Person, SleepRun, SleepTask, Usage

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stc.services import Services


LARGE_TOKENS = 200_000
LARGE_USD = 0.25

_BETWEEN_LOOKS_S = 0.5


@dataclass(frozen=True, slots=True)
class Estimate:
    """A task that would be done, and the most it would need. ``cost_usd`` is ``None`` where the price is unknown."""

    task: SleepTask
    tokens: int
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Bill:
    """What a model would do, and need at most, over several tasks. ``cost_usd`` ``None``: price unknown."""

    documents: int
    steps: int
    tokens: int
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Working:
    """What is being thought about now, by this process or another."""

    document_id: str
    name: str
    pass_name: Pass
    page_start: int
    page_end: int
    thinker: str
    since: float


@dataclass(frozen=True, slots=True)
class Status:
    """``next`` is what comes next, "" where nothing does; ``asleep`` why nothing is done now, until when if known.

    Then, a line each: ``coming`` what follows with its reason, ``waiting`` what waits and why, ``not_worth`` what the model
    does not do by itself and why, ``little`` what another look would bring little for.
    """

    now: tuple[Working, ...]
    next: str
    asleep: str
    until: float | None
    coming: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    not_worth: tuple[str, ...] = ()
    little: tuple[str, ...] = ()


def sleep_now(
    services: Services,
    document_ids: Sequence[str] | None = None,
    *,
    max_passes: int | None = None,
    until_done: bool = False,
    on_run: Callable[[SleepRun], None] | None = None,
    stop: threading.Event | None = None,
) -> Iterator[SleepRun]:
    """Prepare documents (all by default) and yield each task's run: one task, or ``max_passes``, or ``until_done``.

    ``until_done`` also waits for what another process is preparing. What keeps the sleeper from working by itself (pause,
    quiet hours, battery, idle time, worth) doesn't count, limits do: a run "skipped" says which one ended it. Raises
    ``UserError`` for a document that is not there.
    """
    left = max_passes if max_passes is not None else None if until_done else 1
    services.recover()
    for theirs, ids in _for_each_owner(services, document_ids):
        for run in _sleep(theirs, ids, left, until_done, stop):
            if on_run is not None:
                on_run(run)
            yield run
            left = left if left is None else left - 1
        if left == 0 or (stop is not None and stop.is_set()):
            return


def _sleep(
    services: Services,
    document_ids: Sequence[str] | None,
    left: int | None,
    until_done: bool,
    stop: threading.Event | None,
) -> Iterator[SleepRun]:
    """Prepare documents of one owner."""
    while left is None or left > 0:
        found = facts.gather(services, document_ids)
        planned = planning.next_task(found.candidates, found.states, found.policy, found.spent, found.now, by_hand=True)
        if isinstance(planned, Asleep) and planned.held and until_done:
            # Not done yet: another process prepares it, or died doing so.
            services.recover()
            (stop or threading.Event()).wait(_BETWEEN_LOOKS_S)
            if stop is not None and stop.is_set():
                return
            continue
        if isinstance(planned, Asleep):
            run = _skipped(services, planned)
        else:
            run = passes.execute(services, planned, limit=found.limit, stop=stop)
        if run is not None:
            yield run
        if isinstance(planned, Asleep) or (run is not None and run.status == "skipped") or (stop and stop.is_set()):
            return
        if left is not None and run is not None:
            left -= 1


def _skipped(services: Services, asleep: Asleep) -> SleepRun | None:
    """Return the run that says what a limit or a failing model kept from being done; it is not recorded."""
    if not asleep.hindered or asleep.window is None:
        return None
    return SleepRun(
        id=new_id(),
        owner=services.owner,
        task_id="",
        document_id=asleep.document_id,
        pass_name=asleep.window.pass_name,
        page_start=asleep.window.page_start,
        page_end=asleep.window.page_end,
        thinker="model",
        model=services.settings.sleep_model,
        prompt_version="",
        status="skipped",
        notes_added=0,
        notes_dropped={},
        usage=Usage(),
        error=f"{asleep.reason}.",
        started_at=services.now(),
        seconds=0.0,
    )


def dry_run(
    services: Services, document_ids: Sequence[str] | None = None, *, as_if_agreed: bool = False
) -> list[Estimate]:
    """Return what ``sleep_now(until_done=True)`` would do if no limit stopped it, in order; nothing is done or stored.

    With several generations it is the most there can be: each is reckoned with, as if the one before brought enough.
    ``as_if_agreed``: what the preparation model would do once the person agrees to it, for the question whether they do.
    """
    return [
        estimate
        for theirs, ids in _for_each_owner(services, document_ids)
        for estimate in _estimates(theirs, ids, as_if_agreed=as_if_agreed)
    ]


def _estimates(services: Services, document_ids: Sequence[str] | None, *, as_if_agreed: bool) -> list[Estimate]:
    found = facts.gather(services, document_ids)
    policy = planning.without_limits(found.policy)
    if as_if_agreed:
        policy = replace(policy, model=replace(policy.model, consented=True))
    documents = {candidate.document.id: candidate.document for candidate in found.candidates}
    items = planning.wanted(found.candidates, found.states, policy, planning.Spent(), found.now, by_hand=True)
    estimates = []
    for item in items:
        if not isinstance(item, Planned):
            continue
        if item.thinker == "extractive":
            estimates.append(Estimate(item.task(new_id(), services.owner), item.window.tokens, 0.0))
            continue
        needed = policy.estimate(documents[item.document_id], item.window)
        last = policy.generations if item.window.pass_name in planning.REPEATED else item.generation
        for generation in range(item.generation, last + 1):
            task = replace(item, generation=generation).task(new_id(), services.owner)
            estimates.append(Estimate(task, needed.tokens, needed.usd))
    return estimates


def bill(estimates: Sequence[Estimate]) -> Bill:
    """Return what of these a model does; the extractive thinker costs nothing."""
    mine = [item for item in estimates if item.task.thinker == "model"]
    cost: float | None = 0.0
    for item in mine:
        cost = None if cost is None or item.cost_usd is None else cost + item.cost_usd
    return Bill(len({item.task.document_id for item in mine}), len(mine), sum(item.tokens for item in mine), cost)


def is_large(wanted: Bill) -> bool:
    """Tell whether a person should see what something costs before it is done, though they have agreed to the model."""
    if wanted.cost_usd == 0:
        return False
    return wanted.tokens > LARGE_TOKENS or (wanted.cost_usd or 0.0) > LARGE_USD


def purge(services: Services, document_id: str) -> int:
    """Delete all notes of a document, hidden ones too, and return how many.

    They don't come back by themselves: the document is kept from preparation from then on, and what is being prepared of
    it stores nothing. Allowed again, it is prepared from the start.
    """
    with services.database.write() as connection:
        owner = _own(services, connection, document_id)
        ids = [
            note.id for note in note_rows.of_document(connection, document_id, statuses=("verified", "stale", "hidden"))
        ]
        passes.delete_notes(connection, document_id, ids)
        tasks.take_away(connection, document_id)
        tasks.raise_revision(connection, owner, document_id)
        document_rows.change(connection, document_id, prepare=False)
    return len(ids)


def prepare_again(services: Services, document_id: str) -> None:
    """Have a document thought about anew from the start; its notes stay until their windows are done again."""
    with services.database.write() as connection:
        tasks.raise_revision(connection, _own(services, connection, document_id), document_id)
        document_rows.change(connection, document_id, prepare=True)


def adopt(services: Services, document_id: str, drafts: Sequence[NoteDraft], *, model: str) -> checking.Checked:
    """Store notes that somebody else prepared with ``model``, checked like any, and mark the document as prepared.

    For the sample document, which comes prepared. Returns what was kept and what was not.
    """
    found = facts.gather(services, [document_id])
    if not found.candidates:
        raise UserError("The document is not ready yet. Add notes when it has been read.")
    candidate = found.candidates[0]
    now = services.now()
    with services.database.read() as connection:
        pages = document_rows.read_pages(connection, document_id)
        chunks = document_rows.read_chunks(connection, document_id)
        asked = [note.question for note in note_rows.of_document(connection, document_id) if note.question]
    checked = checking.check(drafts, {page.number: page.text for page in pages}, asked=asked)
    planned = [
        Planned(document_id, window, "model", candidate.revision, "it came prepared").task(new_id(), services.owner)
        for window in candidate.windows
    ]
    with services.database.write() as connection:
        if document_rows.get(connection, services.owner, document_id) is None:
            raise UserError("The document was deleted meanwhile.")
        known = [tasks.ensure(connection, task, now) for task in planned]
    prepared = []
    for task in known:
        mine = [draft for draft in checked.accepted if _belongs(draft, task, planned)]
        prepared.append((task, passes.make_notes(task, model, mine, chunks, now=now)))
    embedder = services.embedder
    texts = [passes.embedded_text(note) for _, notes in prepared for note in notes]
    embedded = iter(embedder.encode(texts)) if texts else iter(())  # seconds: not under the write lock
    with services.database.write() as connection:
        for task, notes in prepared:
            rows = list(islice(embedded, len(notes)))
            if not tasks.claim(connection, task.id, holder=services.holder, now=now, until=now + 1):
                continue
            passes.add_notes(connection, document_id, notes, rows, embedder.name)
            run = SleepRun(
                id=new_id(), owner=task.owner, task_id=task.id, document_id=document_id, pass_name=task.pass_name,
                page_start=task.page_start, page_end=task.page_end, thinker="model", model=model, prompt_version="",
                status="done", notes_added=len(notes), notes_dropped={}, usage=Usage(), error=None, started_at=now, seconds=0.0,
            )  # fmt: skip
            tasks.finish(connection, run, holder=services.holder, now=now)
    return checked


def _belongs(draft: NoteDraft, task: SleepTask, planned: Sequence[SleepTask]) -> bool:
    """Tell whether a note belongs to a task: summaries to the outline, the rest to the window with their first quote."""
    if draft.kind == "summary" or len(planned) == 1:
        return task.pass_name == "outline"
    page = draft.evidence[0].page
    wanted: Pass = "infer" if draft.kind == "inference" else "anticipate"
    return task.pass_name == wanted and task.page_start <= page <= task.page_end


def _own(services: Services, connection: Connection, document_id: str) -> str:
    """Return whose a document is that the person may change. Raises ``UserError`` for any other."""
    document = document_rows.get(connection, services.readable, document_id)
    if document is None:
        raise UserError(f"Document {document_id} is not here; 'python -m stc documents' lists what is.")
    rights.require(services, connection, "change", "document", document_id)
    return document.owner


def _for_each_owner(
    services: Services, document_ids: Sequence[str] | None
) -> list[tuple[Services, Sequence[str] | None]]:
    """Return the services of those who pay for preparing documents, with theirs: shared ones are nobody's own."""
    if document_ids is None:
        return [(services, None)]
    found: dict[str, list[str]] = {}
    with services.database.read() as connection:
        for document_id in document_ids:
            found.setdefault(_own(services, connection, document_id), []).append(document_id)
    return [
        (services if owner == services.owner else services.of(Person(owner, "", admin=True)), ids)
        for owner, ids in found.items()
    ]


def history(
    services: Services, *, limit: int | None = 50, offset: int = 0, document_id: str | None = None
) -> list[SleepRun]:
    """Return what was done, newest first."""
    with services.database.read() as connection:
        return tasks.history(connection, services.readable, document_id=document_id, limit=limit, offset=offset)


def while_away(services: Services, since: float) -> str:
    """Return what was prepared since then in one sentence, "" where nothing was."""
    with services.database.read() as connection:
        runs = tasks.history(connection, services.readable, since=since)
        documents = {run.document_id for run in runs if run.status == "done" and run.notes_added}
        questions = sum(note_rows.count_questions(connection, document_id, since=since) for document_id in documents)
    return report.while_away(runs, questions=questions)


def status(services: Services) -> Status:
    """Return what the sleeper does now, what comes next and why it may be asleep; from the database, in any process.

    That is for the person's own documents and for shared ones.
    """
    with services.database.read() as connection:
        own, shared = (bool(document_rows.list_all(connection, owner)) for owner in (services.owner, SHARED))
    if services.owner == SHARED or not shared:
        return _status(services)
    theirs = _status(services.of(Person(SHARED, "", admin=True)))
    if not own:
        return theirs
    mine = _status(services)
    first, then = sorted((mine, theirs), key=lambda one: (not one.next, one.until is None))
    waiting = mine.waiting + theirs.waiting + ((then.asleep,) if then.until is not None else ())
    return Status(
        mine.now + theirs.now,
        first.next,
        first.asleep,
        first.until,
        first.coming + ((then.next,) if then.next else ()) + then.coming,
        tuple(dict.fromkeys(one for one in waiting if one != first.asleep)),
        mine.not_worth + theirs.not_worth,
        mine.little + theirs.little,
    )


def _status(services: Services) -> Status:
    """Return the same for the documents of one owner."""
    found = facts.gather(services)
    with services.database.read() as connection:
        running = tasks.running(connection, services.owner, found.now)
    names = {candidate.document.id: candidate.document.name for candidate in found.candidates}
    now = tuple(
        Working(
            task.document_id,
            names.get(task.document_id, ""),
            task.pass_name,
            task.page_start,
            task.page_end,
            task.thinker,
            since,
        )
        for task, since in running
    )
    items = list(planning.wanted(found.candidates, found.states, found.policy, found.spent, found.now))
    coming = _coming([item for item in items if isinstance(item, Planned)], names)
    waiting = list(dict.fromkeys(item.reason for item in items if isinstance(item, Asleep)))
    planned = planning.at_rest(found.policy) or planning.pick(items, found.candidates)
    asleep = planned if isinstance(planned, Asleep) else None
    if asleep is not None and asleep.reason in waiting:
        waiting.remove(asleep.reason)  # it stands above the others already
    return Status(
        now,
        "" if asleep is not None else coming[0],
        "" if asleep is None else asleep.reason,
        None if asleep is None else asleep.until,
        tuple(coming if asleep is not None else coming[1:]),
        tuple(waiting),
        _not_worth([item for item in items if isinstance(item, NotWorth)], names),
        tuple(
            f"{names[candidate.document.id]}: another look at "
            f"{planning.pages_in_words(window.page_start, window.page_end)} for {planning.PASS_WORDS[window.pass_name]} would "
            f"bring little, the last one found {new} new"
            for candidate, window, new in planning.saturated(found.candidates, found.states, found.policy)
        ),
    )


def _coming(items: Sequence[Planned], names: Mapping[str, str]) -> list[str]:
    """Return a line for each task that comes first whatever its worth, then one per document, pass and thinker."""
    groups: dict[tuple[str, ...], list[Planned]] = {}
    for item in items:
        alone = (item.window.hash,) if item.value is None else ()
        groups.setdefault((item.document_id, item.window.pass_name, item.thinker, *alone), []).append(item)
    lines = []
    for some in groups.values():
        more = (
            f" (and {len(some) - 1:,} more parts)" if len(some) > 2 else " (and another part)" if len(some) > 1 else ""
        )
        lines.append(f"{names[some[0].document_id]}: {some[0].reason}{more}")
    return lines


def _not_worth(items: Sequence[NotWorth], names: Mapping[str, str]) -> tuple[str, ...]:
    """Return a line per document and pass; the sum is that of the most valuable part."""
    groups: dict[tuple[str, Pass], list[NotWorth]] = {}
    for item in items:
        groups.setdefault((item.document_id, item.window.pass_name), []).append(item)
    lines = []
    for (document_id, pass_name), some in groups.items():
        pages = planning.pages_in_words(some[0].window.page_start, some[0].window.page_end)
        where = pages if len(some) == 1 else f"{len(some)} parts, {pages} first"
        lines.append(f"{names[document_id]}, {planning.PASS_WORDS[pass_name]} ({where}): {some[0].reason}")
    return tuple(lines)
