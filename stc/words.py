"""The words of the program: plain frozen records, no behaviour beyond arithmetic on themselves.

Pages count from 1. Times (``_at``) are Unix seconds, durations (``_s``) seconds, money (``_usd``) US dollars where ``None``
means unknown and 0.0 means free. ``tokens`` are cl100k_base counts unless a provider reported them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Route = Literal["reused", "notes", "notes+chunks", "chunks", "document", "none"]
NoteKind = Literal["summary", "answer", "inference", "definition"]
NoteStatus = Literal["verified", "stale", "hidden"]
Pass = Literal["outline", "anticipate", "infer", "directed"]
Thinker = Literal["extractive", "model"]
Effort = Literal["low", "medium", "high"]
Origin = Literal["typed", "suggested"]
DocumentStatus = Literal["reading", "embedding", "ready", "failed", "replaced"]
UNFINISHED: tuple[DocumentStatus, ...] = ("reading", "embedding")

ROUTES: tuple[Route, ...] = ("reused", "notes", "notes+chunks", "chunks", "document", "none")
PASSES: tuple[Pass, ...] = ("outline", "anticipate", "infer", "directed")
EFFORTS: tuple[Effort, ...] = ("low", "medium", "high")
BASELINES = ("chunks", "document", "document_cached")
"""The calls not made; ``stc.meter.baselines`` tells them apart."""
HAND_WRITTEN = "hand-written for the sample"
"""Stands in place of a model's name at notes that came with the program: nobody paid for them here, so nothing that they
spare is counted as saved."""
IMPORTED = "imported"
"""Stands in place of a model's name at notes that were imported: whoever paid for them, it was not here."""
PREPARED_ON = "prepared on"
"""So begins the reason of a reused answer that says when it was prepared, in local time."""
EXTRACTIVE = "extractive"
"""The name that stands in place of a model's where none was used."""
ONLY_PERSON = "local"
"""The owner where there is one person only; the first admin, once people sign in."""
SHARED = "everyone"
"""The owner of documents that everybody here may read."""
SERVER = "server"
"""The owner of the settings that hold for everybody."""


READ_AGAIN = "-again"
"""Stands behind the content's hash of a document whose same bytes are read once more, in another way."""


@dataclass(frozen=True, slots=True)
class Document:
    """One uploaded file; one that was only named here is still to be read.

    ``stage_done`` of ``stage_total`` units of the present status are finished.
    """

    id: str
    owner: str
    name: str
    media_type: str
    size_bytes: int
    content_hash: str
    added_at: float
    last_used_at: float
    ready_at: float | None = None
    status: DocumentStatus = "reading"
    stage_done: int = 0
    stage_total: int = 0
    pages: int = 0
    chunks: int = 0
    tokens: int = 0
    warnings: tuple[str, ...] = ()
    error: str | None = None
    prepare: bool = True
    keep_local: bool = False
    notes: int = 0
    notes_stale: int = 0
    replaces: str | None = None
    """The id of the document whose place this one takes once it is ready."""
    opens: int = 0
    """How often a person opened it."""
    being_replaced: bool = False
    """A new version of it is being read; until that is ready it is used as it is."""
    ocr: str | None = None
    """The languages in which Tesseract is to read its pictures ("deu+eng"); ``None``: it is not to."""
    pictures: int = 0
    """How many of its pages are pictures that nobody has read."""
    added_by: str = ""
    """Who brought it; of a shared document nobody but they and an admin may change it."""

    @property
    def has_pages(self) -> bool:
        """Whether its pages are pages, and not sections that stand in their place."""
        return self.media_type == "application/pdf"

    @property
    def has_marks(self) -> bool:
        """Whether its headings are marked as in Markdown."""
        return self.media_type not in {"application/pdf", "text/plain"}

    @property
    def file_hash(self) -> str:
        """The name of its file: one that is read once more has a mark behind it, as no owner has the same bytes twice."""
        return self.content_hash.removesuffix(READ_AGAIN)

    @property
    def shared(self) -> bool:
        return self.owner == SHARED


@dataclass(frozen=True, slots=True)
class Page:
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start:end`` of one page's text."""

    page: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage. ``text`` is the text of its spans joined by newlines; ``heading`` is the section path ("A > B") or ""."""

    id: str
    document_id: str
    ordinal: int
    page_start: int
    page_end: int
    heading: str
    text: str
    tokens: int
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A verbatim quote of one page. ``chunk_id`` is the passage it stands in, where one holds it whole."""

    page: int
    quote: str
    chunk_id: str | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """One unit of c′. ``question`` is "" for summaries; ``formula`` only for inferences."""

    id: str
    owner: str
    document_id: str
    task_id: str | None
    kind: NoteKind
    question: str
    text: str
    formula: str | None
    evidence: tuple[Evidence, ...]
    status: NoteStatus
    thinker: Thinker
    model: str
    tokens: int
    times_used: int
    created_at: float


@dataclass(frozen=True, slots=True)
class NoteDraft:
    """What a thinker proposes before it is checked."""

    kind: NoteKind
    question: str
    text: str
    evidence: tuple[Evidence, ...]
    formula: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """Something retrieval found. ``score``: higher is better, comparable between questions. ``signals`` explain it."""

    kind: Literal["chunk", "note"]
    id: str
    document_id: str
    page_start: int
    page_end: int
    text: str
    tokens: int
    score: float
    signals: dict[str, float]


@dataclass(frozen=True, slots=True)
class Part:
    """One labelled piece of a context; ``label`` counts from 1 and is what a model cites."""

    label: int
    kind: Literal["chunk", "note"]
    id: str
    document_id: str
    page_start: int
    page_end: int
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Context:
    """The context of one answer. Each part's text stands verbatim in ``text``; ``reasons`` say why this route."""

    route: Route
    parts: tuple[Part, ...]
    text: str
    tokens: int
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and money of one or several calls.

    ``cached_tokens`` and ``cache_write_tokens`` are part of ``input_tokens``; ``reasoning_tokens`` part of
    ``output_tokens``, ``cache_write_1h_tokens`` (kept for an hour, which costs more) part of ``cache_write_tokens``.
    ``cost_usd`` is ``None`` where any part's price is unknown.
    """

    input_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: float | None = 0.0
    estimated: bool = False
    cache_write_1h_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        cost = None if self.cost_usd is None or other.cost_usd is None else self.cost_usd + other.cost_usd
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.output_tokens + other.output_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            cost,
            self.estimated or other.estimated,
            self.cache_write_1h_tokens + other.cache_write_1h_tokens,
        )

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Baseline:
    """The call not made. ``seconds`` is ``None`` until measured; ``measured`` is True only for a call really run."""

    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    seconds: float | None = None
    measured: bool = False
    cached_tokens: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Shadow:
    """A baseline that was really run for one answer, to see how it would have turned out.

    ``estimated`` is what was thought of it before, ``measured`` what came of it, ``None`` where nothing did or the server
    did not say what it read. ``differs`` holds the ``numbers``, ``dates`` and ``names`` that one of the two answers has alone.
    """

    answer_id: str
    owner: str
    baseline: str
    model: str
    effort: Effort
    at: float
    state: Literal["running", "done", "failed"]
    estimated: Baseline
    measured: Baseline | None = None
    answer_output_tokens: int = 0
    text: str = ""
    abstained: bool = False
    differs: dict[str, list[str]] = field(default_factory=dict)
    error: str | None = None

    @property
    def agrees(self) -> bool:
        """Whether both answers hold the same numbers, dates and names."""
        return self.state == "done" and not any(self.differs.values())


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote that was looked for on its page. ``label`` is the mark in the answer's text; ``via_note`` a note's id."""

    label: int
    document_id: str
    name: str
    page: int
    quote: str
    verified: bool
    via_note: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One question and what came of it; a row, whole at any moment. ``rating`` is -1, 0 or 1.

    ``counted`` is what its baselines were reckoned from (see ``stc.meter.baselines.estimate``); {} where nothing was.
    """

    id: str
    owner: str
    conversation_id: str | None
    question: str
    scope: tuple[str, ...]
    origin: Origin
    effort: Effort
    asked_at: float
    state: Literal["running", "done", "stopped", "failed"] = "running"
    text: str = ""
    error: str | None = None
    abstained: bool = False
    route: Route = "none"
    reasons: tuple[str, ...] = ()
    model: str = EXTRACTIVE
    citations: tuple[Citation, ...] = ()
    nearest: tuple[Hit, ...] = ()
    notes_used: tuple[str, ...] = ()
    usage: Usage = Usage()
    baselines: dict[str, Baseline | None] = field(default_factory=dict)
    retrieval_s: float | None = None
    first_token_s: float | None = None
    seconds: float | None = None
    rating: int = 0
    counted: dict[str, Any] = field(default_factory=dict)
    standalone: str = ""
    """What a follow-up ("and in 2015?") was asked as; "" where the question was asked as it stands."""
    coverage: float | None = None
    """Share (0 to 1) of the question's telling words that the best prepared note held; ``None`` where nothing was searched."""
    documents_read: int = 0
    """Documents that the answer stands on, of ``documents_asked`` in scope."""
    documents_asked: int = 0
    pages: str = ""
    """The pages of the one document in scope that were asked ("3-7,12"); "" for all."""
    sources: tuple[str, ...] | None = None
    """The documents whose text the answer may hold: what was read for it, and for the answers told before; ``None``: unknown."""

    @property
    def asked(self) -> str:
        """The question as it was searched for and answered: understandable without what was said before."""
        return self.standalone or self.question


class TaskKey(NamedTuple):
    """What makes two tasks the same task."""

    document_id: str
    pass_name: str
    window_hash: str
    thinker: str
    generation: int
    revision: int


@dataclass(frozen=True, slots=True)
class TaskState:
    """How far a task is. ``not_before`` is when its lease ends, or when it may be tried again after a failure."""

    done: bool = False
    attempts: int = 0
    held: bool = False
    not_before: float = 0.0


@dataclass(frozen=True, slots=True)
class SleepTask:
    """One pass over one window. ``window_hash`` hashes the exact input; ``pages`` is the window's first and last page."""

    id: str
    owner: str
    document_id: str
    pass_name: Pass
    window_hash: str
    page_start: int
    page_end: int
    thinker: Thinker
    generation: int = 1
    revision: int = 1
    reason: str = ""
    answers: tuple[str, ...] = ()
    """``directed`` only: the ids of the answers whose questions are answered again."""

    @property
    def key(self) -> TaskKey:
        return TaskKey(self.document_id, self.pass_name, self.window_hash, self.thinker, self.generation, self.revision)


@dataclass(frozen=True, slots=True)
class SleepRun:
    """A task executed and recorded, whatever came of it.

    ``notes_joined`` of the notes found were near-duplicates of others. Of ``window_tokens`` of text ``sent_tokens`` were
    sent, prompts included, by our count, and ``asked_tokens`` asked for at most (the sum of ``max_tokens``).
    """

    id: str
    owner: str
    task_id: str
    document_id: str
    pass_name: Pass
    page_start: int
    page_end: int
    thinker: Thinker
    model: str
    prompt_version: str
    status: Literal["done", "failed", "skipped"]
    notes_added: int
    notes_dropped: dict[str, int]
    usage: Usage
    error: str | None
    started_at: float
    seconds: float
    generation: int = 1
    notes_joined: int = 0
    window_tokens: int = 0
    sent_tokens: int = 0
    asked_tokens: int = 0


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One model call, awake or asleep. ``raw_usage`` is the provider's own object, unchanged; {} where there was none.

    ``price`` is what it was reckoned with (``stc.meter.prices.Price.facts``), ``None`` where that is not known.
    """

    id: str
    owner: str
    at: float
    purpose: Literal["chat", "sleep", "check", "test"]
    model: str
    answer_id: str | None
    run_id: str | None
    document_id: str | None
    document_shares: dict[str, float]
    raw_usage: dict[str, Any]
    usage: Usage
    price_revision: str | None
    litellm_cost_usd: float | None
    tier: str
    route: str
    origin: str
    first_token_s: float | None
    seconds: float
    error: str | None
    price: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What one person may use. ``None``: no limit. Asking is limited per day (UTC), documents altogether."""

    ask_usd: float | None = None
    ask_tokens: int | None = None
    most_documents: int | None = None
    most_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may come in. ``id`` is the owner of what is theirs.

    ``has_password`` and ``has_login`` (through a login provider) say how they can sign in; with neither they still have to
    use the code they were given.
    """

    id: str
    name: str
    admin: bool = False
    disabled: bool = False
    email: str | None = None
    has_password: bool = False
    has_login: bool = False
    created_at: float = 0.0
    limits: Limits = Limits()
