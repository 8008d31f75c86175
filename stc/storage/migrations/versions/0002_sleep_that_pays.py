"""Replacing documents, questions really asked, generations, and what a run sent and asked for."""

from alembic import op

from stc.storage.migrations import add_missing

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    bind = op.get_bind()
    add_missing(bind, "documents", "replaces", "opens")
    add_missing(bind, "sleep_tasks", "answers")
    add_missing(bind, "sleep_runs", "generation", "notes_joined", "window_tokens", "sent_tokens", "asked_tokens")
