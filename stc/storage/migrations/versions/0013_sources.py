"""Which documents' text an answer may hold."""

from alembic import op

from stc.storage.migrations import add_missing

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    add_missing(op.get_bind(), "answers", "sources")
