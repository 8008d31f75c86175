"""SQL for what is thought about while asleep: tasks, leases and runs. Every function takes an open connection.

A task is unique on (document, pass, hash of its exact input, thinker, generation, revision). "Done" is a recorded run
that says so, never "notes exist": an empty result is done too.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, case, delete, func, insert, or_, select, update

from stc.storage.database import in_parts
from stc.storage.documents import Owners
from stc.storage.schema import documents, evidence, ledger, notes, pages, replies, sleep_runs, sleep_tasks
from stc.words import SleepRun, SleepTask, TaskKey, TaskState, Usage

_KEY = tuple(sleep_tasks.c[name] for name in TaskKey._fields)
"""Every look reads all tasks: no more of each than it needs."""


def _same(task: SleepTask) -> Any:
    return and_(*(getattr(sleep_tasks.c, name) == value for name, value in task.key._asdict().items()))


def ensure(connection: Connection, task: SleepTask, now: float) -> SleepTask:
    """Store a planned task, or find the one that is already there; return it with the id it has in the database."""
    row = connection.execute(select(sleep_tasks.c.id).where(_same(task))).first()
    if row is not None:
        connection.execute(
            update(sleep_tasks)
            .where(sleep_tasks.c.id == row.id, sleep_tasks.c.done_at.is_(None))
            .values(page_start=task.page_start, page_end=task.page_end)  # its text may have come back elsewhere
        )
        return dataclasses.replace(task, id=row.id)
    connection.execute(insert(sleep_tasks).values(**dataclasses.asdict(task), created_at=now))
    return task


def claim(connection: Connection, task_id: str, *, holder: str, now: float, until: float) -> bool:
    """Take the lease of a task that is neither done nor held, and count the attempt; False when another one was first.

    A lease that ran out belonged to a process that is gone: its attempt is recorded as a failed run, because what an
    interrupted call cost is not known.
    """
    task = connection.execute(select(sleep_tasks).where(sleep_tasks.c.id == task_id)).first()
    result = connection.execute(
        update(sleep_tasks)
        .where(
            sleep_tasks.c.id == task_id,
            sleep_tasks.c.done_at.is_(None),
            or_(sleep_tasks.c.lease_until.is_(None), sleep_tasks.c.lease_until < now),
        )
        .values(lease_holder=holder, lease_until=until, claimed_at=now, attempts=sleep_tasks.c.attempts + 1)
    )
    if result.rowcount != 1 or task is None:
        return False
    if task.lease_holder is not None:
        _record_interruption(connection, task, now)
    return True


def run_id(task_id: str, claimed_at: float) -> str:
    """Return the id of the run that a claim begins: whoever finds the task left behind knows which calls were made for it."""
    return hashlib.sha256(f"{task_id} {claimed_at!r}".encode()).hexdigest()[:16]


def _record_interruption(connection: Connection, task: Row[Any], now: float) -> None:
    begun = run_id(task.id, task.claimed_at or now)
    record(
        connection,
        SleepRun(
            id=begun,
            owner=task.owner,
            task_id=task.id,
            document_id=task.document_id,
            pass_name=task.pass_name,
            page_start=task.page_start,
            page_end=task.page_end,
            thinker=task.thinker,
            model="",
            prompt_version="",
            status="failed",
            notes_added=0,
            notes_dropped={},
            usage=_spent(connection, begun),
            error="The program was stopped while this was being prepared; it is done again.",
            started_at=task.claimed_at or now,
            seconds=max(0.0, (task.lease_until or now) - (task.claimed_at or now)),
        ),
    )


def _spent(connection: Connection, run: str) -> Usage:
    """Return what the ledger has of a run's calls, those in flight included."""
    names = [field.name for field in dataclasses.fields(Usage)]
    rows = connection.execute(select(*(ledger.c[name] for name in names)).where(ledger.c.run_id == run))
    return sum((Usage(**row._mapping) for row in rows), Usage())


def renew(connection: Connection, task_id: str, *, holder: str, until: float) -> bool:
    """Prolong a lease (the heartbeat); False when it was lost, or the task deleted."""
    result = connection.execute(
        update(sleep_tasks)
        .where(sleep_tasks.c.id == task_id, sleep_tasks.c.lease_holder == holder, sleep_tasks.c.done_at.is_(None))
        .values(lease_until=until)
    )
    return result.rowcount == 1


def release(
    connection: Connection,
    task_id: str,
    *,
    holder: str,
    not_before: float | None = None,
    counts: bool = True,
    attempts: int | None = None,
) -> bool:
    """Give a task back undone, not to be tried ``not_before``; False where the lease was lost, or the task deleted.

    ``counts`` False forgets the attempt; ``attempts`` says how many count from now on.
    """
    values: dict[str, Any] = {"lease_holder": None, "lease_until": not_before, "claimed_at": None}
    if attempts is not None:
        values["attempts"] = attempts
    elif not counts:
        values["attempts"] = sleep_tasks.c.attempts - 1
    result = connection.execute(
        update(sleep_tasks).where(sleep_tasks.c.id == task_id, sleep_tasks.c.lease_holder == holder).values(**values)
    )
    return result.rowcount == 1


def finish(connection: Connection, run: SleepRun, *, holder: str, now: float) -> bool:
    """Record the run and mark its task done; False, nothing written, when the lease was lost or the task deleted."""
    result = connection.execute(
        update(sleep_tasks)
        .where(sleep_tasks.c.id == run.task_id, sleep_tasks.c.lease_holder == holder, sleep_tasks.c.done_at.is_(None))
        .values(done_at=now, lease_holder=None, lease_until=None)
    )
    if result.rowcount != 1:
        return False
    forget_replies(connection, run.task_id)
    record(connection, run)
    return True


def keep_reply(
    connection: Connection, task_id: str, call: int, *, model: str, asked_tokens: int, text: str, finish_reason: str
) -> None:
    """Keep what was replied to a task's call (from 0) until the task is done; nothing where it was deleted meanwhile."""
    if not by_ids(connection, [task_id]):
        return
    connection.execute(delete(replies).where(replies.c.task_id == task_id, replies.c.call == call))
    connection.execute(
        insert(replies).values(
            task_id=task_id, call=call, model=model, asked_tokens=asked_tokens, text=text, finish_reason=finish_reason
        )
    )


def kept_reply(
    connection: Connection, task_id: str, call: int, *, model: str, asked_tokens: int
) -> tuple[str, str] | None:
    """Return (text, finish reason) of a reply that was paid for before; ``None`` where this model gave none."""
    row = connection.execute(
        select(replies).where(
            replies.c.task_id == task_id,
            replies.c.call == call,
            replies.c.model == model,
            replies.c.asked_tokens == asked_tokens,
        )
    ).first()
    return (row.text, row.finish_reason) if row else None


def forget_replies(connection: Connection, task_id: str) -> None:
    connection.execute(delete(replies).where(replies.c.task_id == task_id))


def of_other_generations(connection: Connection, task: SleepTask) -> set[str]:
    """Return the ids of the notes that other generations found in the same window."""
    same = {name: value for name, value in task.key._asdict().items() if name != "generation"}
    query = (
        select(notes.c.id)
        .join(sleep_tasks, sleep_tasks.c.id == notes.c.task_id)
        .where(*(getattr(sleep_tasks.c, name) == value for name, value in same.items()))
        .where(sleep_tasks.c.generation != task.generation)
    )
    return set(connection.execute(query).scalars())


def record(connection: Connection, run: SleepRun) -> None:
    """Record a run, whatever came of it."""
    connection.execute(insert(sleep_runs).values(**dataclasses.asdict(run)))


def states(connection: Connection, owner: str, now: float) -> dict[TaskKey, TaskState]:
    """Return how far each of the owner's tasks is."""
    of = sleep_tasks.c
    rows = connection.execute(
        select(*_KEY, of.done_at, of.attempts, of.lease_holder, of.lease_until).where(of.owner == owner)
    )
    return {
        TaskKey(*key): TaskState(
            done=done_at is not None,
            attempts=attempts,
            held=holder is not None and (until or 0.0) >= now,
            not_before=until or 0.0,
        )
        for *key, done_at, attempts, holder, until in rows
    }


def _task(row: Row[Any]) -> SleepTask:
    values = {f.name: getattr(row, f.name) for f in dataclasses.fields(SleepTask)}
    values["answers"] = tuple(values["answers"])
    return SleepTask(**values)


def by_ids(connection: Connection, ids: list[str]) -> dict[str, SleepTask]:
    """Return the tasks that (still) exist among ``ids``."""
    found: dict[str, SleepTask] = {}
    for some in in_parts(ids):
        rows = connection.execute(select(sleep_tasks).where(sleep_tasks.c.id.in_(some)))
        found.update({row.id: _task(row) for row in rows})
    return found


def running(connection: Connection, owner: str, now: float) -> list[tuple[SleepTask, float]]:
    """Return (task, since when) of what is being thought about now, in this process or another, oldest first."""
    rows = connection.execute(
        select(sleep_tasks)
        .where(
            sleep_tasks.c.owner == owner,
            sleep_tasks.c.done_at.is_(None),
            sleep_tasks.c.lease_holder.is_not(None),
            sleep_tasks.c.lease_until >= now,
        )
        .order_by(sleep_tasks.c.claimed_at)
    )
    return [(_task(row), row.claimed_at) for row in rows]


def _run(row: Row[Any]) -> SleepRun:
    values = dict(row._mapping)
    values["usage"] = Usage(**values["usage"])
    return SleepRun(**values)


def history(
    connection: Connection,
    owner: Owners,
    *,
    document_id: str | None = None,
    since: float = 0.0,
    limit: int | None = None,
    offset: int = 0,
) -> list[SleepRun]:
    """Return the owner's runs from ``since`` on, newest first."""
    owners = [owner] if isinstance(owner, str) else owner
    query = select(sleep_runs).where(sleep_runs.c.owner.in_(owners), sleep_runs.c.started_at >= since)
    if document_id is not None:
        query = query.where(sleep_runs.c.document_id == document_id)
    query = query.order_by(sleep_runs.c.started_at.desc(), sleep_runs.c.id).limit(limit).offset(offset)
    return [_run(row) for row in connection.execute(query)]


def failures_in_a_row(connection: Connection, owner: str, thinker: str) -> tuple[int, float]:
    """Return how many of the thinker's last runs failed one after the other, and when the last of them began.

    Runs that were cut short by the program's own end don't count: they say nothing about the model.
    """
    rows = connection.execute(
        select(sleep_runs.c.status, sleep_runs.c.started_at, sleep_runs.c.seconds)
        .where(sleep_runs.c.owner == owner, sleep_runs.c.thinker == thinker, sleep_runs.c.model != "")
        .order_by(sleep_runs.c.started_at.desc())
        .limit(20)
    ).all()
    count = 0
    last = 0.0
    for row in rows:
        if row.status != "failed":
            break
        count += 1
        last = max(last, row.started_at + row.seconds)
    return count, last


def revisions(connection: Connection, owner: str) -> dict[str, int]:
    """Return each document's revision: "prepare again" raises it."""
    rows = connection.execute(select(documents.c.id, documents.c.revision).where(documents.c.owner == owner))
    return {row.id: row.revision for row in rows}


def raise_revision(connection: Connection, owner: str, document_id: str) -> bool:
    """Ask for all of a document's tasks anew; False when the owner has no such document."""
    result = connection.execute(
        update(documents)
        .where(documents.c.id == document_id, documents.c.owner == owner)
        .values(revision=documents.c.revision + 1)
    )
    return result.rowcount == 1


def superseded(connection: Connection, task: SleepTask) -> list[str]:
    """Return the ids of the notes that go when a task is done.

    Those are the notes of its pass with evidence on its pages; for ``directed`` those that answer no question but its own.
    Of the same window another generation's stay: it is merged with them. A model's notes replace any older ones, the
    extractive thinker's its own only, and both whatever is stale. Once nothing is left to prepare, stale notes go that no
    task will replace: those whose pages are gone, and imported ones. Hidden notes and imported verified ones stay.
    """
    stale = notes.c.status == "stale"
    query = (
        select(notes.c.id, sleep_tasks.c.answers)
        .join(sleep_tasks, sleep_tasks.c.id == notes.c.task_id)
        .where(
            notes.c.document_id == task.document_id,
            notes.c.status != "hidden",
            sleep_tasks.c.pass_name == task.pass_name,
            or_(
                stale,
                sleep_tasks.c.window_hash != task.window_hash,
                sleep_tasks.c.thinker != task.thinker,
                sleep_tasks.c.revision != task.revision,
            ),
        )
    )
    if task.pass_name in ("anticipate", "infer"):
        first = and_(evidence.c.note_id == notes.c.id, evidence.c.position == 0)
        query = query.join(evidence, first).where(evidence.c.page.between(task.page_start, task.page_end))
    if task.thinker == "extractive":
        query = query.where(or_(stale, notes.c.thinker == "extractive"))
    rows = connection.execute(query).all()
    if task.pass_name == "directed":
        rows = [row for row in rows if set(row.answers) <= set(task.answers)]
    return list(dict.fromkeys([*(row.id for row in rows), *_left_behind(connection, task)]))


def _left_behind(connection: Connection, task: SleepTask) -> list[str]:
    """Return the stale notes that no task will replace, where everything is prepared once this task is done."""
    ids = list(
        connection.execute(
            select(notes.c.id)
            .outerjoin(sleep_tasks, sleep_tasks.c.id == notes.c.task_id)
            .where(
                notes.c.document_id == task.document_id,
                notes.c.status == "stale",
                or_(sleep_tasks.c.id.is_(None), sleep_tasks.c.page_start == 0),
            )
        ).scalars()
    )
    if not ids:
        return []
    done = connection.execute(
        select(sleep_tasks).where(
            sleep_tasks.c.document_id == task.document_id,
            sleep_tasks.c.revision == task.revision,
            or_(sleep_tasks.c.done_at.is_not(None), sleep_tasks.c.id == task.id),
        )
    ).all()
    prepared = {
        page for row in done if row.pass_name == "anticipate" for page in range(row.page_start, row.page_end + 1)
    }
    texts = connection.execute(select(pages.c.number, pages.c.text).where(pages.c.document_id == task.document_id))
    missing = any(row.text.strip() and row.number not in prepared for row in texts)
    return [] if missing or not any(row.pass_name == "outline" for row in done) else ids


def delete_all(connection: Connection, document_id: str) -> None:
    """Delete a document's tasks with their runs."""
    connection.execute(delete(sleep_tasks).where(sleep_tasks.c.document_id == document_id))


def of_document(connection: Connection, document_id: str) -> list[SleepTask]:
    """Return a document's tasks, of all revisions, done or not."""
    rows = connection.execute(select(sleep_tasks).where(sleep_tasks.c.document_id == document_id))
    return [_task(row) for row in rows]


def follow_pages(connection: Connection, unchanged: Sequence[SleepTask], changed: Sequence[SleepTask]) -> None:
    """Take over where the windows of a document's tasks are in its new version, and take away who works on one now.

    A task whose window ``changed`` is as if it had never been done: should its text come back, it is thought about again.
    """
    held = sleep_tasks.c.lease_holder.is_not(None)
    place: dict[str, Any] = {"page_start": bindparam("first"), "page_end": bindparam("last")}
    free: dict[str, Any] = {"lease_holder": None, "claimed_at": None}
    of = sleep_tasks.c.id == bindparam("of_task")
    given_back = {
        "lease_until": case((held, None), else_=sleep_tasks.c.lease_until),
        "attempts": case((held, sleep_tasks.c.attempts - 1), else_=sleep_tasks.c.attempts),
    }
    undone = {"done_at": None, "attempts": 0, "lease_until": None}
    for some, values in ((unchanged, given_back), (changed, undone)):
        places = [{"of_task": task.id, "first": task.page_start, "last": task.page_end} for task in some]
        if places:
            connection.execute(update(sleep_tasks).where(of).values(**place, **free, **values), places)


def directed(connection: Connection, owner: str, now: float) -> list[tuple[SleepTask, float]]:
    """Return (task, held until) of every ``directed`` task that is done (0) or held by somebody now, in use still.

    Done ones of an earlier revision, or of the text that a file had before it was replaced, answer nothing any more.
    """
    rows = connection.execute(
        select(sleep_tasks)
        .join(documents, documents.c.id == sleep_tasks.c.document_id)
        .where(
            sleep_tasks.c.owner == owner,
            sleep_tasks.c.pass_name == "directed",
            sleep_tasks.c.revision == documents.c.revision,
            or_(
                sleep_tasks.c.done_at >= func.coalesce(documents.c.ready_at, 0.0),
                and_(sleep_tasks.c.lease_holder.is_not(None), sleep_tasks.c.lease_until >= now),
            ),
        )
    )
    return [(_task(row), 0.0 if row.done_at is not None else row.lease_until) for row in rows]


def forget_directed(connection: Connection, document_id: str) -> list[str]:
    """Delete a document's tasks about questions really asked, with their runs; return the ids of the notes they made."""
    mine = sleep_tasks.c.document_id == document_id, sleep_tasks.c.pass_name == "directed"
    ids = select(sleep_tasks.c.id).where(*mine)
    made = list(connection.execute(select(notes.c.id).where(notes.c.task_id.in_(ids))).scalars())
    connection.execute(delete(sleep_tasks).where(*mine))
    return made


def notes_found(connection: Connection, owner: str, thinker: str) -> dict[TaskKey, int]:
    """Return how many new notes each of a thinker's done tasks brought."""
    rows = connection.execute(
        select(*_KEY, sleep_runs.c.notes_added)
        .join(sleep_runs, sleep_runs.c.task_id == sleep_tasks.c.id)
        .where(sleep_tasks.c.owner == owner, sleep_tasks.c.thinker == thinker, sleep_runs.c.status == "done")
    )
    return {TaskKey(*key): number for *key, number in rows}


def makers(connection: Connection, owner: str, note_ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return the (pass, thinker) that made each of the notes that still exist; none for notes that no task made."""
    found: dict[str, tuple[str, str]] = {}
    for some in in_parts(list(note_ids)):
        rows = connection.execute(
            select(notes.c.id, sleep_tasks.c.pass_name, sleep_tasks.c.thinker)
            .join(sleep_tasks, sleep_tasks.c.id == notes.c.task_id)
            .where(notes.c.owner == owner, notes.c.id.in_(some))
        )
        found.update({row.id: (row.pass_name, row.thinker) for row in rows})
    return found


def first_done(connection: Connection, owner: str) -> dict[tuple[str, str, str], float]:
    """Return when the first task of each (document, pass, thinker) was done."""
    rows = connection.execute(
        select(
            sleep_tasks.c.document_id,
            sleep_tasks.c.pass_name,
            sleep_tasks.c.thinker,
            func.min(sleep_tasks.c.done_at).label("at"),
        )
        .where(sleep_tasks.c.owner == owner, sleep_tasks.c.done_at.is_not(None))
        .group_by(sleep_tasks.c.document_id, sleep_tasks.c.pass_name, sleep_tasks.c.thinker)
    )
    return {(row.document_id, row.pass_name, row.thinker): row.at for row in rows}


def take_away(connection: Connection, document_id: str) -> None:
    """Take the leases of all of a document's tasks: who is at one finds it lost, and stores nothing."""
    connection.execute(
        update(sleep_tasks)
        .where(
            sleep_tasks.c.document_id == document_id,
            sleep_tasks.c.done_at.is_(None),
            sleep_tasks.c.lease_holder.is_not(None),
        )
        .values(lease_holder=None, lease_until=None, claimed_at=None)
    )
