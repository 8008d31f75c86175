"""Carry out one task: think, check, merge, and store notes and run in one transaction.

A person never waits for this: it pauses while somebody waits for an answer, and a running call to a model on this computer
is broken off. A cloud provider's call runs on beside.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from stc import logs
from stc.documents.chunking import holder
from stc.errors import BudgetReached, StcError, UpstreamError
from stc.models import tokens
from stc.sleep import checking, directing, merging, planning, prompts, thinking
from stc.sleep.calling import LEASE_S, Caller, Interrupted
from stc.sleep.checking import Writing
from stc.sleep.extractive import ExtractiveThinker
from stc.sleep.planning import MAX_ATTEMPTS, WINDOW_TOKENS, Planned, rest_s
from stc.sleep.reading import read
from stc.storage import conversations, ledger, lexical, tasks, vectors
from stc.storage import documents as document_rows
from stc.storage import notes as note_rows
from stc.storage.database import in_parts, new_id
from stc.words import EXTRACTIVE, Chunk, Document, LedgerRow, Note, NoteDraft, Page, SleepRun, SleepTask, Thinker, Usage

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stc.services import Services

logger = logging.getLogger(__name__)

_HEARTBEAT_S = 15.0
_LOOK_S = 0.2
_EMBED_BATCH = 16
_KEPT_DOCUMENTS = 2
_NOT_THE_TASKS_FAULT = frozenset({"key", "model", "network", "quota", "timeout", "server"})


@dataclass(frozen=True, slots=True)
class _Known:
    """The document as it is when a task begins. ``beside`` are notes in use that stay when the task is done, but for those
    of the same window that other generations found; ``hidden`` stay out of sight."""

    document: Document
    pages: list[Page]
    chunks: list[Chunk]
    beside: list[Note]
    hidden: list[Note]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """``added`` are places in the new notes, ``replaced`` ids of older ones."""

    added: list[int]
    replaced: list[str]
    joined: int = 0


def execute(
    services: Services, planned: Planned, *, limit: int = WINDOW_TOKENS, stop: threading.Event | None = None
) -> SleepRun | None:
    """Carry out one planned task and return its run; ``None`` when somebody else has it, it was given back, or its document
    was deleted since it was planned.

    ``limit``: tokens of the largest window. ``stop`` ends it early. What goes wrong is in the run; nothing is raised but
    by a storage that fails.
    """
    now = services.now()
    with services.database.write() as connection:
        if document_rows.get(connection, services.owner, planned.document_id) is None:
            return None
        task = tasks.ensure(connection, planned.task(new_id(), services.owner), now)
        if not tasks.claim(connection, task.id, holder=services.holder, now=now, until=now + LEASE_S):
            return None
    job = _Job(services, task, planned.questions, now, limit, stop or threading.Event())
    with job.held():
        done = job.run()
    if done is not None:
        logs.event(
            f"preparing {done.status}",
            run_id=done.id,
            document_id=done.document_id,
            step=done.pass_name,
            model=done.model,
            notes=done.notes_added,
            input_tokens=done.usage.input_tokens,
            output_tokens=done.usage.output_tokens,
            cost_usd=done.usage.cost_usd,
            seconds=done.seconds,
        )
    return done


class _Job:
    """One claimed task on its way."""

    def __init__(
        self,
        services: Services,
        task: SleepTask,
        questions: Sequence[str],
        claimed_at: float,
        limit: int,
        stop: threading.Event,
    ) -> None:
        self._services = services
        self._task = task
        self._questions = questions
        self._limit = limit
        self._stop = stop
        self._abort = threading.Event()
        """Breaks off a running model call."""
        self._lost = threading.Event()
        self._finished = threading.Event()
        self._run_id = tasks.run_id(task.id, claimed_at)
        self._started_at = claimed_at
        self._started = time.monotonic()
        self._model = EXTRACTIVE if task.thinker == "extractive" else services.settings.sleep_model
        self._caller = Caller(
            services,
            task,
            self._run_id,
            self._model,
            give_way=self._give_way,
            abort=self._abort,
            ending=self._stop,
        )
        self._window_tokens = 0

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
            self._give_back()
            return None
        except BudgetReached as error:
            self._give_back()
            return self._new_run("skipped", str(error), self._caller.usage)
        except thinking.Unusable as error:
            # Three replies were paid for; a fourth would hardly be better.
            return self._failed(f"The model's reply could not be used. {error}", attempts=MAX_ATTEMPTS)
        except UpstreamError as error:
            if error.kind in _NOT_THE_TASKS_FAULT:
                return self._failed(str(error), counts=False)
            return self._failed(str(error), not_before=True)
        except StcError:
            self._give_back()
            raise
        except Exception as error:
            # A bug: its traceback belongs in the log, and the task must rest instead of being begun again for ever.
            logger.exception("Task %s of preparing failed", self._task.id)
            return self._failed(f"{type(error).__name__}: {error}", not_before=True)

    def _run(self) -> SleepRun:
        self._give_way()
        known = self._known()
        texts = {page.number: page.text for page in known.pages}
        drafts = self._extract(known) if self._task.thinker == "extractive" else self._ask_model(known)
        self._give_way()
        asked = [] if self._task.pass_name == "directed" else _questions([*known.beside, *known.hidden])
        checked = checking.check(drafts, texts, asked=asked, writing=_writing(known.document, known.pages))
        notes = make_notes(self._task, self._model, checked.accepted, known.chunks, now=self._services.now())
        embedded = self._embed([embedded_text(note) for note in [*notes, *known.hidden]])
        hidden = list(zip(known.hidden, embedded[len(notes) :], strict=True))
        return self._store(known, notes, embedded[: len(notes)], hidden, checked.dropped)

    def _known(self) -> _Known:
        """Read what the task is about. Raises ``Interrupted`` where it is gone, or was planned for an earlier version."""
        with self._services.database.read() as connection:
            document = document_rows.get(connection, self._services.owner, self._task.document_id)
            if document is None:
                raise Interrupted
            pages = document_rows.read_pages(connection, document.id)
            chunks = document_rows.read_chunks(connection, document.id)
            others = {*tasks.superseded(connection, self._task), *tasks.of_other_generations(connection, self._task)}
            beside = note_rows.of_document(connection, document.id)
            hidden = note_rows.of_document(connection, document.id, statuses=("hidden",))
        directed = self._task.pass_name == "directed"  # that one is hashed by its questions, and reads all
        if not directed and planning.hash_of(self._task.pass_name, self._window(pages)) != self._task.window_hash:
            raise Interrupted
        self._window_tokens = sum(tokens.count(page.text) for page in (pages if directed else self._window(pages)))
        return _Known(document, pages, chunks, [note for note in beside if note.id not in others], hidden)

    def _window(self, pages: Sequence[Page]) -> list[Page]:
        return [page for page in pages if self._task.page_start <= page.number <= self._task.page_end]

    def _extract(self, known: _Known) -> list[NoteDraft]:
        if self._task.pass_name == "directed":
            return directing.quoted(
                self._services, known.document.id, known.pages, known.chunks, self._questions, give_way=self._give_way
            )
        thinker = extractive_thinker(known.document, known.pages)
        if self._task.pass_name == "outline":
            return thinker.outline(tokens=self._window_tokens)
        think = thinker.anticipate if self._task.pass_name == "anticipate" else thinker.infer
        asked = _questions([*known.beside, *known.hidden])
        return think(self._task.page_start, self._task.page_end, tokens=self._window_tokens, asked=asked)

    def _ask_model(self, known: _Known) -> list[NoteDraft]:
        document, window = known.document, self._window(known.pages)
        if self._task.pass_name == "outline":
            whole = self._window_tokens <= self._limit
            shown = _shown(window) if whole else extractive_thinker(document, known.pages).digest(tokens=self._limit)
            return thinking.outline(
                self._caller,
                name=document.name,
                pages=window,
                shown=shown,
                excerpts=not whole,
                document_tokens=document.tokens,
            )
        if self._task.pass_name == "directed":
            return self._direct(known)
        summary = next((note.text for note in known.beside if note.kind == "summary"), "")
        if self._task.pass_name == "infer":
            return thinking.infer(
                self._caller,
                name=document.name,
                outline=summary,
                pages=window,
                limit=self._limit,
                generation=self._task.generation,
                document_tokens=document.tokens,
            )
        return thinking.anticipate(
            self._caller,
            name=document.name,
            outline=summary,
            pages=window,
            limit=self._limit,
            asked=_questions([note for note in known.beside if note.thinker == "model"]),
            generation=self._task.generation,
            document_tokens=document.tokens,
        )

    def _direct(self, known: _Known) -> list[NoteDraft]:
        """Have real questions answered from the whole document, or from what of a long one is nearest to them."""
        whole = self._window_tokens <= self._limit
        chunks = {chunk.id: chunk for chunk in known.chunks}
        drafts: list[NoteDraft] = []
        for group in thinking.in_groups(self._questions, document_tokens=self._window_tokens, limit=self._limit):
            shown = _shown(known.pages)
            if not whole:
                shown = directing.excerpts(
                    self._services, known.document.id, known.pages, chunks, group, limit=self._limit
                )
            drafts += thinking.directed(
                self._caller,
                name=known.document.name,
                pages=known.pages,
                shown=shown,
                questions=group,
                excerpts=not whole,
            )
        return drafts

    def _extractive_row(self, written_tokens: int) -> LedgerRow:
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
            usage=Usage(input_tokens=self._window_tokens, output_tokens=written_tokens, cost_usd=0.0),
            price_revision=None,
            litellm_cost_usd=0.0,
            tier="standard",
            route=self._task.pass_name,
            origin="",
            first_token_s=None,
            seconds=time.monotonic() - self._started,
            error=None,
        )

    def _embed(self, texts: Sequence[str]) -> list[Any]:
        """Return one vector per text, giving way to people between small batches."""
        found: list[Any] = []
        for start in range(0, len(texts), _EMBED_BATCH):
            self._give_way()
            found.extend(self._services.embedder.encode(texts[start : start + _EMBED_BATCH]))
        return found

    def _store(
        self,
        known: _Known,
        notes: Sequence[Note],
        embedded: Sequence[Any],
        hidden: Sequence[tuple[Note, Any]],
        dropped: dict[str, int],
    ) -> SleepRun:
        """Merge and store the notes, in one transaction with the run. Raises ``Interrupted``, nothing stored, where another
        one has the task, or the document is gone or was replaced."""
        counts = Counter(dropped)
        wrong = directing.marked_wrong(self._services, self._task.answers)
        writing = _writing(known.document, known.pages)
        embedder = self._services.embedder.name
        with self._services.database.write() as connection:
            document = document_rows.get(connection, self._services.owner, self._task.document_id)
            if document is None or document.content_hash != known.document.content_hash:
                raise Interrupted
            fresh = [
                place
                for place, note in enumerate(notes)
                if not self._comes_back(note, embedded[place], hidden, wrong, writing, counts)
            ]
            outcome = self._merged(connection, notes, embedded, fresh, writing, counts)
            added = [notes[place] for place in outcome.added]
            usage = self._caller.usage
            if self._task.thinker == "extractive":
                row = self._extractive_row(sum(note.tokens for note in added))
                usage = row.usage
                ledger.add(connection, row)
            run = self._new_run("done", None, usage, notes=len(added), joined=outcome.joined, dropped=dict(counts))
            gone = [*tasks.superseded(connection, self._task), *outcome.replaced]
            if not tasks.finish(connection, run, holder=self._services.holder, now=self._services.now()):
                raise Interrupted
            delete_notes(connection, self._task.document_id, gone)
            add_notes(connection, self._task.document_id, added, [embedded[place] for place in outcome.added], embedder)
        return run

    def _comes_back(
        self,
        note: Note,
        vector: Any,
        hidden: Sequence[tuple[Note, Any]],
        wrong: Sequence[str],
        writing: Writing,
        counts: Counter[str],
    ) -> bool:
        """Tell whether a note was hidden before, or says what the person marked as wrong; then it is counted as dropped.

        A hidden note's question may be answered anew, in other words, where a person really asks it.
        """
        if directing.says_again(note.text, wrong):
            counts[merging.WRONG] += 1
            return True
        directed = self._task.pass_name == "directed"
        for other, known in hidden:
            how = merging.relation(note, other, float(vector @ known), writing)
            if how == "duplicate" or (how == "contradiction" and not directed):
                counts[merging.HIDDEN] += 1
                return True
        return False

    def _merged(
        self,
        connection: Connection,
        notes: Sequence[Note],
        embedded: Sequence[Any],
        fresh: list[int],
        writing: Writing,
        counts: Counter[str],
    ) -> _Outcome:
        """Join the notes with what other generations found in the same window; for real questions, see which notes they
        replace."""
        directed = self._task.pass_name == "directed"
        if not directed and self._task.generation == 1 and not tasks.of_other_generations(connection, self._task):
            return _Outcome(fresh, [])
        there = [note for note in note_rows.of_document(connection, self._task.document_id) if note.question]
        if not directed:
            siblings = tasks.of_other_generations(connection, self._task)
            there = [note for note in there if note.id in siblings]
        known = vectors.of_document(connection, "note", self._task.document_id, self._services.embedder.name)
        cosines = [
            [float(embedded[place] @ known[note.id]) if note.id in known else 0.0 for note in there] for place in fresh
        ]
        if directed:
            return self._replacing(notes, fresh, there, cosines, writing)
        merged = merging.merge([notes[place] for place in fresh], there, cosines, writing)
        if merged.settled:
            counts[merging.CONTRADICTED] += merged.settled
        return _Outcome(
            [fresh[place] for place in merged.added], [there[place].id for place in merged.replaced], merged.joined
        )

    def _replacing(
        self,
        notes: Sequence[Note],
        fresh: Sequence[int],
        there: Sequence[Note],
        cosines: Sequence[Sequence[float]],
        writing: Writing,
    ) -> _Outcome:
        """Let an answer to a real question replace the notes on the same one; a quoted answer replaces no model's."""
        added: list[int] = []
        replaced: list[str] = []
        joined = 0
        for place, near in zip(fresh, cosines, strict=True):
            same = [
                other
                for other, cosine in zip(there, near, strict=True)
                if merging.relation(notes[place], other, cosine, writing) is not None
            ]
            if self._task.thinker == "extractive" and any(other.thinker == "model" for other in same):
                joined += 1
                continue
            added.append(place)
            replaced += [other.id for other in same]
        return _Outcome(added, list(dict.fromkeys(replaced)), joined)

    # What is left behind when it did not work out

    def _new_run(
        self,
        status: Any,
        error: str | None,
        usage: Usage,
        *,
        notes: int = 0,
        joined: int = 0,
        dropped: dict[str, int] | None = None,
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
            notes_added=notes,
            notes_dropped=dropped or {},
            usage=usage,
            error=error,
            started_at=self._started_at,
            seconds=time.monotonic() - self._started,
            generation=task.generation,
            notes_joined=joined,
            window_tokens=self._window_tokens,
            sent_tokens=self._caller.sent_tokens,
            asked_tokens=self._caller.asked_tokens,
        )

    def _failed(
        self, error: str, *, not_before: bool = False, counts: bool = True, attempts: int | None = None
    ) -> SleepRun | None:
        run = self._new_run("failed", error, self._caller.usage)
        now = self._services.now()
        with self._services.database.write() as connection:
            state = tasks.states(connection, self._services.owner, now).get(self._task.key)
            wait = rest_s(state.attempts if state else 1)
            ours = tasks.release(
                connection,
                self._task.id,
                holder=self._services.holder,
                not_before=now + wait if not_before else None,
                counts=counts,
                attempts=attempts,
            )
            if not ours:
                return None  # whoever has the task now has recorded what became of this run
            if attempts is not None:
                tasks.forget_replies(connection, self._task.id)
            tasks.record(connection, run)
        return run

    def _give_back(self) -> None:
        with self._services.database.write() as connection:
            tasks.release(connection, self._task.id, holder=self._services.holder, counts=False)


def _questions(notes: Sequence[Note]) -> list[str]:
    return [note.question for note in notes if note.question]


def _shown(pages: Sequence[Page]) -> list[tuple[int, str]]:
    return [(page.number, page.text) for page in pages if page.text.strip()]


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
    for some in in_parts(ids):
        note_rows.delete_notes(connection, some)
        document_rows.record_changes(connection, "delete", [("note", note_id, document_id) for note_id in some])


T = TypeVar("T")


class _Kept(Generic[T]):
    """What was made of the last few documents. Thread-safe."""

    def __init__(self, make: Callable[[Document, Sequence[Page]], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[str, str], T] = OrderedDict()

    def __call__(self, document: Document, pages: Sequence[Page]) -> T:
        key = (document.id, document.content_hash)
        with self._lock:
            if key not in self._made:
                self._made[key] = self._make(document, pages)
                while len(self._made) > _KEPT_DOCUMENTS:
                    self._made.popitem(last=False)
            self._made.move_to_end(key)
            return self._made[key]


def _read(document: Document, pages: Sequence[Page]) -> ExtractiveThinker:
    return ExtractiveThinker(read(pages, markdown=document.has_marks), tokens.count)


extractive_thinker = _Kept(_read)
"""The extractive thinker of a document: reading it takes a second."""
_writing = _Kept(lambda document, pages: checking.writing_of(page.text for page in pages))
"""How a document writes: of a long novel that takes four seconds."""
