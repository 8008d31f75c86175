"""Carry out one task: think, check, and store notes, run and ledger row in one transaction.

A person never waits for this: it pauses while somebody waits for an answer, and a running call to a model on this computer
is broken off. A cloud provider's call runs on beside.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from stc.documents.chunking import holder
from stc.errors import BudgetReached, StcError, UpstreamError
from stc.meter import prices
from stc.models import tokens
from stc.sleep import checking, planning, prompts, thinking
from stc.sleep.extractive import ExtractiveThinker
from stc.sleep.facts import agreement, spent_today
from stc.sleep.planning import MAX_ATTEMPTS, WINDOW_TOKENS, Planned, pages_in_words, rest_s
from stc.sleep.reading import read
from stc.storage import conversations, ledger, lexical, tasks, vectors
from stc.storage import documents as document_rows
from stc.storage import notes as note_rows
from stc.storage.database import new_id
from stc.words import EXTRACTIVE, Chunk, Document, LedgerRow, Note, NoteDraft, Page, SleepRun, SleepTask, Thinker, Usage

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stc.models.llm import Reply
    from stc.services import Services

logger = logging.getLogger(__name__)

LEASE_S = 45.0
_HEARTBEAT_S = 15.0
_LOOK_S = 0.2
_EMBED_BATCH = 16
_KEPT_THINKERS = 2
_NOT_THE_TASKS_FAULT = frozenset({"key", "model", "network", "quota", "timeout", "server"})


class Interrupted(Exception):
    """The task was given back undone: a person waits, the program ends, or the document is gone."""


@dataclass(frozen=True, slots=True)
class _Thought:
    drafts: list[NoteDraft]
    read_tokens: int


def execute(
    services: Services, planned: Planned, *, limit: int = WINDOW_TOKENS, stop: threading.Event | None = None
) -> SleepRun | None:
    """Carry out one planned task and return its run; ``None`` when somebody else has it or it was given back.

    ``limit``: tokens of the largest window. ``stop`` ends it early. What goes wrong is in the run; nothing is raised but
    by a storage that fails.
    """
    now = services.now()
    with services.database.write() as connection:
        task = tasks.ensure(connection, planned.task(new_id(), services.owner), now)
        if not tasks.claim(connection, task.id, holder=services.holder, now=now, until=now + LEASE_S):
            return None
    job = _Job(services, task, limit, stop or threading.Event())
    with job.held():
        return job.run()


class _Job:
    """One claimed task on its way."""

    def __init__(self, services: Services, task: SleepTask, limit: int, stop: threading.Event) -> None:
        self._services = services
        self._task = task
        self._limit = limit
        self._stop = stop
        self._abort = threading.Event()
        """Breaks off a running model call."""
        self._lost = threading.Event()
        self._finished = threading.Event()
        self._run_id = new_id()
        self._started_at = services.now()
        self._started = time.monotonic()
        self._usage = Usage()
        self._model = EXTRACTIVE
        self._content_hash = ""
        self._unwritten: LedgerRow | None = None
        """The last call's row: written with its notes, or by itself when it brought none."""

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep the lease alive, and look out for people who wait."""
        watch = threading.Thread(target=self._watch, name=f"sleep-{self._task.id}", daemon=True)
        watch.start()
        try:
            yield
        finally:
            self._finished.set()
            watch.join()

    def _watch(self) -> None:
        local = self._task.thinker == "model" and self._services.llm.is_local(self._services.settings.sleep_model)
        beat = time.monotonic()
        while not self._finished.wait(_LOOK_S):
            try:
                if self._stop.is_set() or (local and self._somebody_waits()):
                    self._abort.set()
                if time.monotonic() - beat >= _HEARTBEAT_S:
                    beat = time.monotonic()
                    self._renew()
            except StcError as error:  # a busy or full disk: the lease lasts a few more beats
                logger.warning("The lease on task %s could not be renewed: %s", self._task.id, error)

    def _renew(self) -> None:
        until = self._services.now() + LEASE_S
        with self._services.database.write() as connection:
            if not tasks.renew(connection, self._task.id, holder=self._services.holder, until=until):
                self._lost.set()
                self._abort.set()

    def _somebody_waits(self) -> bool:
        with self._services.database.read() as connection:
            return conversations.somebody_waits(connection, self._services.now())

    def _give_way(self) -> None:
        """Wait until nobody waits. Raises ``Interrupted`` when the work is to end or the lease is lost."""
        while True:
            if self._stop.is_set() or self._lost.is_set():
                raise Interrupted
            if not self._somebody_waits():
                return
            self._finished.wait(_LOOK_S)

    # Thinking, checking, storing

    def run(self) -> SleepRun | None:
        try:
            return self._run()
        except Interrupted:
            self._give_back(counts=False)
            return None
        except BudgetReached as error:
            self._give_back(counts=False)
            return self._record(status="skipped", error=str(error))
        except thinking.Unusable as error:
            # Three replies were paid for; a fourth would hardly be better.
            return self._failed(f"The model's reply could not be used. {error}", attempts=MAX_ATTEMPTS)
        except UpstreamError as error:
            self._bill(error)
            if error.kind in _NOT_THE_TASKS_FAULT:
                return self._failed(str(error), counts=False)
            return self._failed(str(error), not_before=True)
        except StcError:
            self._give_back(counts=False)
            raise
        except Exception as error:
            logger.exception("Preparing %s failed", pages_in_words(self._task.page_start, self._task.page_end))
            return self._failed(f"{type(error).__name__}: {error}", not_before=True)

    def _run(self) -> SleepRun:
        self._give_way()
        with self._services.database.read() as connection:
            document = document_rows.get(connection, self._services.owner, self._task.document_id)
            if document is None:
                raise Interrupted
            pages = document_rows.read_pages(connection, document.id)
            self._check_version(document, pages)
            chunks = document_rows.read_chunks(connection, document.id)
            old = set(tasks.superseded(connection, self._task))
            kept = note_rows.of_document(connection, document.id, statuses=("verified", "stale", "hidden"))
        kept = [note for note in kept if note.id not in old]
        asked = [note.question for note in kept if note.question]
        if self._task.thinker == "model":
            thought = self._ask_model(document, pages, kept)
        else:
            thought = self._extract(document, pages, asked)
        self._give_way()
        checked = checking.check(thought.drafts, {page.number: page.text for page in pages}, asked=asked)
        notes = make_notes(self._task, self._model, checked.accepted, chunks, now=self._services.now())
        embedded = self._embed(notes)
        if self._task.thinker == "extractive":
            self._unwritten = self._extractive_row(thought.read_tokens, sum(note.tokens for note in notes))
            self._usage = self._unwritten.usage
        return self._store(notes, embedded, checked.dropped)

    def _check_version(self, document: Document, pages: Sequence[Page]) -> None:
        """Raise ``Interrupted`` where the task was planned for an earlier version of the document."""
        text = self._task.pass_name != "directed"  # that one is hashed by its questions
        if text and planning.hash_of(self._task.pass_name, self._window(pages)) != self._task.window_hash:
            raise Interrupted
        self._content_hash = document.content_hash

    def _window(self, pages: Sequence[Page]) -> list[Page]:
        return [page for page in pages if self._task.page_start <= page.number <= self._task.page_end]

    def _extract(self, document: Document, pages: Sequence[Page], asked: Sequence[str]) -> _Thought:
        thinker = extractive_thinker(document, pages)
        size = sum(tokens.count(page.text) for page in self._window(pages))
        if self._task.pass_name == "outline":
            return _Thought(thinker.outline(tokens=size), size)
        first, last = self._task.page_start, self._task.page_end
        return _Thought(thinker.anticipate(first, last, tokens=size, asked=asked), size)

    def _ask_model(self, document: Document, pages: Sequence[Page], kept: Sequence[Note]) -> _Thought:
        self._model = self._services.settings.sleep_model
        window = self._window(pages)
        size = sum(tokens.count(page.text) for page in window)
        if self._task.pass_name == "outline":
            whole = size <= self._limit
            shown = [(page.number, page.text) for page in window if page.text.strip()]
            if not whole:
                shown = extractive_thinker(document, pages).digest(tokens=self._limit)
            drafts = thinking.outline(self._call, name=document.name, pages=window, shown=shown, excerpts=not whole)
            return _Thought(drafts, size)
        summaries = "\n".join(note.text for note in kept if note.kind == "summary")
        drafts = thinking.anticipate(
            self._call,
            name=document.name,
            outline=summaries,
            pages=window,
            limit=self._limit,
            asked=[note.question for note in kept if note.question and note.thinker == "model"],
        )
        return _Thought(drafts, size)

    def _call(self, messages: list[dict[str, str]], max_tokens: int, schema: dict[str, Any]) -> thinking.Said:
        self._give_way()
        self._write_row()
        self._check_consent()
        self._check_budget(messages, max_tokens)
        reply = self._services.llm.complete(
            self._model, messages, max_tokens=max_tokens, schema=schema, stop=self._abort
        )
        error = None
        if reply.finish_reason == "stopped":
            error = "broken off: a person asked" if not self._stop.is_set() else "broken off: the program ended"
        self._unwritten = self._row_of(reply, error)
        self._usage = self._usage + reply.usage
        if reply.finish_reason == "stopped":
            raise Interrupted
        if reply.truncated:
            raise UpstreamError(
                "The model server read only a part of what it was sent. Raise num_ctx, or choose a model with a larger context.",
                kind="context",
            )
        if reply.finish_reason == "filtered":
            raise thinking.Unusable("The provider's content filter refused it.")
        return thinking.Said(reply.text, reply.finish_reason)

    def _row_of(self, reply: Reply, error: str | None) -> LedgerRow:
        return reply.ledger_row(
            owner=self._services.owner,
            at=self._services.now(),
            purpose="sleep",
            run_id=self._run_id,
            document_id=self._task.document_id,
            document_shares={self._task.document_id: 1.0},
            route=self._task.pass_name,
            error=error,
        )

    def _check_consent(self) -> None:
        """Ask anew before each call: between two of them the person may have decided otherwise, or set another address."""
        settings, local = self._services.settings, self._services.llm.is_local(self._model)
        with self._services.database.read() as connection:
            document = document_rows.get(connection, self._services.owner, self._task.document_id)
        agreed = local or settings.consent == agreement(self._model, settings.api_base)
        if document is None or settings.sleep_model != self._model or not agreed or (document.keep_local and not local):
            raise Interrupted

    def _check_budget(self, messages: Sequence[Mapping[str, str]], max_tokens: int) -> None:
        settings = self._services.settings
        spent = spent_today(self._services, self._services.now())
        given = sum(tokens.count(message["content"]) + 6 for message in messages)
        if spent.tokens + given + max_tokens > settings.daily_tokens:
            raise BudgetReached(f"Today's limit of {settings.daily_tokens:,} tokens for preparing is reached.")
        most = prices.cost(Usage(given, output_tokens=max_tokens), self._services.llm.price(self._model))
        if most and spent.usd + most > settings.daily_usd:
            raise BudgetReached(f"Today's limit of ${settings.daily_usd:.2f} for preparing is reached.")

    def _bill(self, error: UpstreamError) -> None:
        """Keep the ledger row of a call that failed and was billed all the same."""
        if error.usage is None:
            return
        self._write_row()
        self._usage = self._usage + error.usage
        self._unwritten = LedgerRow(
            id=new_id(),
            owner=self._services.owner,
            at=self._services.now(),
            purpose="sleep",
            model=self._model,
            answer_id=None,
            run_id=self._run_id,
            document_id=self._task.document_id,
            document_shares={self._task.document_id: 1.0},
            raw_usage=error.raw_usage or {},
            usage=error.usage,
            price_revision=prices.revision(),
            litellm_cost_usd=None,
            tier="standard",
            route=self._task.pass_name,
            origin="",
            first_token_s=None,
            seconds=time.monotonic() - self._started,
            error=str(error),
        )

    def _extractive_row(self, read_tokens: int, written_tokens: int) -> LedgerRow:
        return LedgerRow(
            id=new_id(),
            owner=self._services.owner,
            at=self._services.now(),
            purpose="sleep",
            model=EXTRACTIVE,
            answer_id=None,
            run_id=self._run_id,
            document_id=self._task.document_id,
            document_shares={self._task.document_id: 1.0},
            raw_usage={},
            usage=Usage(input_tokens=read_tokens, output_tokens=written_tokens, cost_usd=0.0),
            price_revision=None,
            litellm_cost_usd=0.0,
            tier="standard",
            route=self._task.pass_name,
            origin="",
            first_token_s=None,
            seconds=time.monotonic() - self._started,
            error=None,
        )

    def _embed(self, notes: Sequence[Note]) -> list[Any]:
        """Return one vector per note, giving way to people between small batches."""
        embedder = self._services.embedder
        found: list[Any] = []
        for start in range(0, len(notes), _EMBED_BATCH):
            self._give_way()
            found.extend(embedder.encode([embedded_text(note) for note in notes[start : start + _EMBED_BATCH]]))
        return found

    def _store(self, notes: Sequence[Note], embedded: Sequence[Any], dropped: dict[str, int]) -> SleepRun:
        run = self._new_run("done", None, notes_added=len(notes), dropped=dropped)
        embedder = self._services.embedder.name
        with self._services.database.write() as connection:
            if not tasks.finish(connection, run, holder=self._services.holder, now=self._services.now()):
                raise Interrupted  # rolls back: another one has the task, or the document is gone
            document = document_rows.get(connection, self._services.owner, self._task.document_id)
            if document is None or document.content_hash != self._content_hash:
                raise Interrupted  # a new version took its place
            delete_notes(connection, self._task.document_id, tasks.superseded(connection, self._task))
            add_notes(connection, self._task.document_id, notes, embedded, embedder)
            if self._unwritten is not None:
                ledger.add(connection, self._unwritten)
        self._unwritten = None
        return run

    # What is left behind when it did not work out

    def _new_run(
        self, status: Any, error: str | None, *, notes_added: int = 0, dropped: dict[str, int] | None = None
    ) -> SleepRun:
        task = self._task
        return SleepRun(
            id=self._run_id,
            owner=task.owner,
            task_id=task.id,
            document_id=task.document_id,
            pass_name=task.pass_name,
            page_start=task.page_start,
            page_end=task.page_end,
            thinker=task.thinker,
            model=self._model,
            prompt_version=prompts.VERSION if task.thinker == "model" else "",
            status=status,
            notes_added=notes_added,
            notes_dropped=dropped or {},
            usage=self._usage,
            error=error,
            started_at=self._started_at,
            seconds=time.monotonic() - self._started,
        )

    def _record(self, status: Any, error: str) -> SleepRun:
        return self._new_run(status, error)

    def _failed(
        self, error: str, *, not_before: bool = False, counts: bool = True, attempts: int | None = None
    ) -> SleepRun | None:
        run = self._new_run("failed", error)
        now = self._services.now()
        with self._services.database.write() as connection:
            found = tasks.by_ids(connection, [self._task.id])
            state = tasks.states(connection, self._services.owner, now).get(self._task.key)
            wait = rest_s(state.attempts if state else 1)
            tasks.release(
                connection,
                self._task.id,
                holder=self._services.holder,
                not_before=now + wait if not_before else None,
                counts=counts,
                attempts=attempts,
            )
            if found:
                tasks.record(connection, run)
            if self._unwritten is not None:
                ledger.add(connection, self._unwritten)
        self._unwritten = None
        return run if found else None

    def _give_back(self, *, counts: bool) -> None:
        with self._services.database.write() as connection:
            tasks.release(connection, self._task.id, holder=self._services.holder, counts=counts)
            if self._unwritten is not None:
                ledger.add(connection, self._unwritten)
        self._unwritten = None

    def _write_row(self) -> None:
        """Write the row of an earlier call of this task: what was paid for stays in the ledger whatever comes next."""
        if self._unwritten is not None:
            with self._services.database.write() as connection:
                ledger.add(connection, self._unwritten)
            self._unwritten = None


def embedded_text(note: Note) -> str:
    """Return what is embedded and indexed for a note: its question and its text."""
    return f"{note.question} {note.text}".strip()


def make_notes(
    task: SleepTask, model: str, drafts: Sequence[NoteDraft], chunks: Sequence[Chunk], *, now: float
) -> list[Note]:
    """Return checked drafts as notes, in the order in which they will be listed."""
    return [
        make_note(
            draft,
            chunks,
            owner=task.owner,
            document_id=task.document_id,
            task_id=task.id,
            thinker=task.thinker,
            model=model,
            at=now + position * 1e-6,  # notes are listed by it
        )
        for position, draft in enumerate(drafts)
    ]


def make_note(
    draft: NoteDraft,
    chunks: Sequence[Chunk],
    *,
    owner: str,
    document_id: str,
    task_id: str | None,
    thinker: Thinker,
    model: str,
    at: float,
) -> Note:
    """Return a checked draft as a note; ``chunks`` are the document's passages, ``task_id`` ``None`` for one no task made."""
    return Note(
        id=new_id(),
        owner=owner,
        document_id=document_id,
        task_id=task_id,
        kind=draft.kind,
        question=draft.question,
        text=draft.text,
        formula=draft.formula,
        evidence=tuple(replace(item, chunk_id=holder(item.page, item.quote, chunks)) for item in draft.evidence),
        status="verified",
        thinker=thinker,
        model=model,
        tokens=tokens.count(f"{draft.question} {draft.text}".strip()),
        times_used=0,
        created_at=at,
    )


def add_notes(
    connection: Connection, document_id: str, notes: Sequence[Note], embedded: Sequence[Any], embedder: str
) -> None:
    """Store notes with their vectors and full-text rows."""
    note_rows.add(connection, notes)
    items = [(note.id, vector) for note, vector in zip(notes, embedded, strict=True)]
    vectors.add(connection, "note", document_id, items, embedder)
    lexical.add(connection, "note", document_id, [(note.id, embedded_text(note)) for note in notes])


def delete_notes(connection: Connection, document_id: str, ids: Sequence[str]) -> None:
    """Delete notes with their vectors and full-text rows."""
    for start in range(0, len(ids), 500):  # SQLite limits the variables of one statement
        some = ids[start : start + 500]
        note_rows.delete_notes(connection, some)
        lexical.delete_items(connection, document_id, "note", some)
        document_rows.record_changes(connection, "delete", [("note", note_id, document_id) for note_id in some])


_thinkers: OrderedDict[tuple[str, str], ExtractiveThinker] = OrderedDict()
_thinkers_lock = threading.Lock()


def extractive_thinker(document: Document, pages: Sequence[Page]) -> ExtractiveThinker:
    """Return the extractive thinker of a document; reading it takes a second, so the last ones are kept."""
    key = (document.id, document.content_hash)
    with _thinkers_lock:
        found = _thinkers.get(key)
        if found is None:
            reading = read(pages, markdown=document.media_type == "text/markdown")
            found = _thinkers[key] = ExtractiveThinker(reading, tokens.count)
            while len(_thinkers) > _KEPT_THINKERS:
                _thinkers.popitem(last=False)
        _thinkers.move_to_end(key)
        return found
