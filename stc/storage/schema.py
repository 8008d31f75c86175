"""Every table. The database is the truth; Chroma is a projection of it (see ``stc.storage.vectors``).

Every row that belongs to somebody has an ``owner``. Full-text search lives in ``stc.storage.lexical`` (raw DDL).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

HEAD = "0015"
"""The schema version that this program reads and writes: the newest script in ``migrations/versions``."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _document(**options: Any) -> Column[Any]:
    return Column("document_id", String, ForeignKey("documents.id", ondelete="CASCADE"), nullable=False, **options)


documents = Table(
    "documents",
    metadata,
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("name", Text, nullable=False),
    Column("media_type", String, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("content_hash", String, nullable=False),  # SHA-256 of the bytes, hexadecimal
    Column("status", String, nullable=False),
    Column("stage_done", Integer, nullable=False, default=0),
    Column("stage_total", Integer, nullable=False, default=0),
    Column("pages", Integer, nullable=False, default=0),
    Column("chunks", Integer, nullable=False, default=0),
    Column("tokens", Integer, nullable=False, default=0),
    Column("warnings", JSON, nullable=False, default=list),
    Column("error", Text),
    Column("prepare", Boolean, nullable=False, default=True),
    Column("keep_local", Boolean, nullable=False, default=False),
    Column("revision", Integer, nullable=False, default=1),  # "prepare again" raises it
    Column("added_at", Float, nullable=False),
    Column("ready_at", Float),
    Column("last_used_at", Float, nullable=False),
    Column("lease_holder", String),  # who is reading or embedding it now
    Column("lease_until", Float),
    Column("replaces", String),  # the document whose place it takes once it is ready
    Column("opens", Integer, nullable=False, server_default="0"),  # how often a person opened it
    Column("ocr", String),  # languages in which Tesseract is to read its pictures, "deu+eng"; NULL: it is not to
    Column("pictures", Integer, nullable=False, server_default="0"),  # pages that are pictures which nobody has read
    Column("added_by", String, nullable=False, server_default=""),  # of a shared one: who may change it, beside admins
    UniqueConstraint("owner", "content_hash"),
)

pages = Table(
    "pages",
    metadata,
    _document(primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("text", Text, nullable=False),
)

chunks = Table(
    "chunks",
    metadata,
    Column("id", String, primary_key=True),
    _document(),
    Column("ordinal", Integer, nullable=False),
    Column("page_start", Integer, nullable=False),
    Column("page_end", Integer, nullable=False),
    Column("heading", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("spans", JSON, nullable=False),  # [[page, start, end], ...]
    UniqueConstraint("document_id", "ordinal"),
)

notes = Table(
    "notes",
    metadata,
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False),
    _document(),
    Column("task_id", String, ForeignKey("sleep_tasks.id", ondelete="SET NULL")),
    Column("kind", String, nullable=False),
    Column("question", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("formula", Text),
    Column("status", String, nullable=False),
    Column("thinker", String, nullable=False),
    Column("model", String, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("times_used", Integer, nullable=False, default=0),
    Column("created_at", Float, nullable=False),
    Index(None, "document_id", "status"),
    Index(None, "task_id"),
)

evidence = Table(
    "evidence",
    metadata,
    Column("note_id", String, ForeignKey("notes.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("page", Integer, nullable=False),
    Column("quote", Text, nullable=False),
    Column("chunk_id", String, ForeignKey("chunks.id", ondelete="SET NULL")),
    Index(None, "chunk_id"),
)

vectors = Table(
    "vectors",
    metadata,
    Column("kind", String, primary_key=True),  # chunk or note
    Column("item_id", String, primary_key=True),
    Column("embedder", String, primary_key=True),  # name and version; another model's rows stand beside until swapped
    _document(),
    Column("dimension", Integer, nullable=False),
    Column("vector", LargeBinary, nullable=False),  # float32, little-endian, unit length
    Index(None, "document_id"),
)

changes = Table(
    "changes",
    metadata,
    # What the holder of Chroma's lock has to follow, in order; AUTOINCREMENT so that a sequence number never comes back.
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("action", String, nullable=False),  # upsert or delete
    Column("kind", String, nullable=False),
    Column("item_id", String, nullable=False),
    Column("document_id", String, nullable=False),
    Index(None, "document_id"),
    Index(None, "item_id"),
    sqlite_autoincrement=True,
)

sleep_tasks = Table(
    "sleep_tasks",
    metadata,
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False),
    _document(),
    Column("pass_name", String, nullable=False),
    Column(
        "window_hash", String, nullable=False
    ),  # SHA-256 of the exact input: window text, or the set of real questions
    Column("page_start", Integer, nullable=False),
    Column("page_end", Integer, nullable=False),
    Column("thinker", String, nullable=False),
    Column("generation", Integer, nullable=False, default=1),
    Column("revision", Integer, nullable=False, default=1),
    Column("reason", Text, nullable=False, default=""),
    Column("attempts", Integer, nullable=False, default=0),
    Column("done_at", Float),
    Column("lease_holder", String),  # NULL with lease_until in the future: not before that time (after a failure)
    Column("lease_until", Float),
    Column("claimed_at", Float),
    Column("created_at", Float, nullable=False),
    Column("answers", JSON, nullable=False, server_default="[]"),  # directed: ids of the questions really asked
    UniqueConstraint("document_id", "pass_name", "window_hash", "thinker", "generation", "revision"),
)

sleep_runs = Table(
    "sleep_runs",
    metadata,
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("task_id", String, ForeignKey("sleep_tasks.id", ondelete="CASCADE"), nullable=False),
    _document(),
    Column("pass_name", String, nullable=False),
    Column("page_start", Integer, nullable=False),
    Column("page_end", Integer, nullable=False),
    Column("thinker", String, nullable=False),
    Column("model", String, nullable=False),
    Column("prompt_version", String, nullable=False),
    Column("status", String, nullable=False),
    Column("notes_added", Integer, nullable=False),
    Column("notes_dropped", JSON, nullable=False),
    Column("usage", JSON, nullable=False),
    Column("error", Text),
    Column("started_at", Float, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("generation", Integer, nullable=False, server_default="1"),
    Column("notes_joined", Integer, nullable=False, server_default="0"),  # near-duplicates of notes kept
    Column("window_tokens", Integer, nullable=False, server_default="0"),  # of the text that was thought about
    Column("sent_tokens", Integer, nullable=False, server_default="0"),  # our count of all prompts
    Column("asked_tokens", Integer, nullable=False, server_default="0"),  # sum of max_tokens
    Index(None, "started_at"),
    Index(None, "task_id"),
)

replies = Table(
    "replies",
    metadata,
    # What a model replied to the calls of a task that is not done yet, so that it is paid for once; gone when it is done.
    Column("task_id", String, ForeignKey("sleep_tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("call", Integer, primary_key=True),  # from 0, in the order of asking
    Column("model", String, nullable=False),
    Column("asked_tokens", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("finish_reason", String, nullable=False),
)

bans = Table(
    "bans",
    metadata,
    # A prepared answer that a person marked wrong for a question: by its words, so that it stays banned if made again.
    Column("owner", String, primary_key=True),
    _document(primary_key=True),
    Column("question", Text, primary_key=True),  # as it was asked
    Column("note_question", Text, primary_key=True),
    Column("note_text", Text, primary_key=True),
    Column("at", Float, nullable=False),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("scope", JSON, nullable=False),  # document ids; [] means all
    Column("pages", Text, nullable=False, server_default=""),  # of its one document; "" means all
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
)

answers = Table(
    "answers",
    metadata,
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("conversation_id", String, ForeignKey("conversations.id", ondelete="CASCADE")),
    Column("question", Text, nullable=False),
    Column("scope", JSON, nullable=False),
    Column("origin", String, nullable=False),
    Column("effort", String, nullable=False),
    Column("asked_at", Float, nullable=False),
    Column("state", String, nullable=False),
    Column("text", Text, nullable=False, default=""),
    Column("error", Text),
    Column("abstained", Boolean, nullable=False, default=False),
    Column("route", String, nullable=False, default="none"),
    Column("reasons", JSON, nullable=False, default=list),
    Column("model", String, nullable=False, default="extractive"),
    Column("citations", JSON, nullable=False, default=list),
    Column("nearest", JSON, nullable=False, default=list),
    Column("notes_used", JSON, nullable=False, default=list),
    Column("usage", JSON, nullable=False, default=dict),
    Column("baselines", JSON, nullable=False, default=dict),
    Column("retrieval_s", Float),
    Column("first_token_s", Float),
    Column("seconds", Float),
    Column("rating", Integer, nullable=False, default=0),
    Column("counted", JSON, nullable=False, server_default="{}"),  # what its baselines were reckoned from
    Column("standalone", Text, nullable=False, server_default=""),  # what a follow-up was asked as
    Column("coverage", Float),  # share of the question that the best note held; NULL: nothing was searched
    Column("documents_read", Integer, nullable=False, server_default="0"),
    Column("documents_asked", Integer, nullable=False, server_default="0"),
    Column("pages", Text, nullable=False, server_default=""),  # of the one document in scope; "" means all
    Column("sources", JSON(none_as_null=True)),  # documents whose text it may hold; NULL: not recorded
    Column("stamp", Integer, nullable=False, server_default="0"),  # see stc.storage.stamps
    Index(None, "conversation_id"),
    Index(None, "asked_at"),
    Index(None, "owner", "stamp"),
)

ledger = Table(
    "ledger",
    metadata,
    # No foreign keys: a row outlives the document, the answer and the run that it was paid for.
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("purpose", String, nullable=False),  # chat, sleep, check, test
    Column("model", String, nullable=False),
    Column("answer_id", String),
    Column("run_id", String),
    Column("document_id", String),
    Column("document_shares", JSON, nullable=False),
    Column("raw_usage", JSON, nullable=False),
    Column("input_tokens", Integer, nullable=False),
    Column("cached_tokens", Integer, nullable=False),
    Column("cache_write_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("reasoning_tokens", Integer, nullable=False),
    Column("cost_usd", Float),  # NULL: unknown
    Column("estimated", Boolean, nullable=False),
    Column("price_revision", String),
    Column("litellm_cost_usd", Float),
    Column("tier", String, nullable=False),
    Column("route", String, nullable=False),
    Column("origin", String, nullable=False),
    Column("first_token_s", Float),
    Column("seconds", Float, nullable=False),
    Column("error", Text),
    Column("cache_write_1h_tokens", Integer, nullable=False, server_default="0"),
    Column("price", JSON(none_as_null=True)),  # what the call was reckoned with
    Column("stamp", Integer, nullable=False, server_default="0"),  # see stc.storage.stamps
    Index(None, "at"),
    Index(None, "document_id"),
    Index(None, "owner", "stamp"),
)

stamps = Table(
    "stamps",
    metadata,
    # One row: the newest stamp of any answer or ledger row. It never goes down, whatever is deleted.
    Column("newest", Integer, nullable=False),
)

shadows = Table(
    "shadows",
    metadata,
    # A baseline that was really run for a question; the answer is its key, so that nothing is run or paid for twice.
    Column("answer_id", String, ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True),
    Column("owner", String, nullable=False),
    Column("baseline", String, nullable=False),
    Column("model", String, nullable=False),
    Column("effort", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("state", String, nullable=False),  # running, done or failed
    Column("estimated", JSON, nullable=False),  # the baseline as it was estimated before
    Column("measured", JSON(none_as_null=True)),  # as it came out
    Column("answer_output_tokens", Integer, nullable=False),  # of the answer that it is compared with
    Column("text", Text, nullable=False, server_default=""),
    Column("abstained", Boolean, nullable=False, server_default="0"),
    Column("differs", JSON, nullable=False, server_default="{}"),  # numbers, dates and names of one answer alone
    Column("error", Text),
)

prices = Table(
    "prices",
    metadata,
    # A model's price as a person entered it, in US dollars per million tokens; it changes no row of the ledger.
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("model", String, nullable=False),
    Column("valid_from", String, nullable=False),  # a day, 2026-11-01
    Column("input_usd", Float, nullable=False),
    Column("output_usd", Float, nullable=False),
    Column("cached_usd", Float),
    Column("cache_write_usd", Float),
    Column("entered_at", Float, nullable=False),
)

failures = Table(
    "failures",
    metadata,
    # A file that could not be taken: a line to dismiss. Where something would help, its bytes are kept until then.
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("name", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("need", String),  # password, or ocr for text recognition; NULL: nothing would help, and no bytes are kept
    Column("content_hash", String),
    Column("media_type", String),
    Column("size_bytes", Integer),
    Column("replaces", String),  # the document whose place it was to take
)

settings = Table(
    "settings",
    metadata,
    Column("owner", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),  # JSON
)

presence = Table(
    "presence",
    metadata,
    # The foreground gate across processes: a person waits for an answer until this time unless the row goes first.
    Column("holder", String, primary_key=True),
    Column("until", Float, nullable=False),
    Column("process", String),  # the holder in whose process the answer is made
)

loose_files = Table(
    "loose_files",
    metadata,
    # An original that may belong to no document: being received, or being deleted.
    Column("id", String, primary_key=True),
    Column("content_hash", String, nullable=False),
    Column("holder", String, nullable=False),
)

people = Table(
    "people",
    metadata,
    # Who may come in where people sign in; ``id`` is the owner of what is theirs.
    Column("id", String, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False, unique=True),  # the name in small letters
    Column("admin", Boolean, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("password", Text),  # scrypt, its cost, salt and hash
    Column("issuer", Text),  # with subject: who they are at a login provider
    Column("subject", Text),
    Column("email", Text),  # until they first come through a login provider: by which they are known there
    Column("created_at", Float, nullable=False),
    Column("ask_usd", Float),  # limits per day; NULL: none
    Column("ask_tokens", Integer),
    Column("most_documents", Integer),
    Column("most_bytes", Integer),
    UniqueConstraint("issuer", "subject"),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("token_hash", String, primary_key=True),  # SHA-256 of what the browser's cookie holds
    Column("person_id", String, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("at", Float, nullable=False),
    Column("until", Float, nullable=False),
    Index(None, "person_id"),
)

codes = Table(
    "codes",
    metadata,
    # A code that was handed to somebody so that they choose a password; once only.
    Column("code_hash", String, primary_key=True),
    Column("person_id", String, ForeignKey("people.id", ondelete="CASCADE")),  # NULL: the first admin, not yet named
    Column("until", Float, nullable=False),
    Index(None, "person_id"),
)

attempts = Table(
    "attempts",
    metadata,
    # An attempt to come in, for as long as it counts.
    Column("id", String, primary_key=True),
    Column("name_hash", String, nullable=False),  # SHA-256: people type passwords into the wrong field
    Column("address", String, nullable=False),
    Column("at", Float, nullable=False),
    Index(None, "at"),
)
