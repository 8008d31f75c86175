"""What a follow-up was asked as, how far notes covered a question, and on how many documents its answer stands."""

from alembic import op

from stc.storage.migrations import add_missing

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    add_missing(op.get_bind(), "answers", "standalone", "coverage", "documents_read", "documents_asked")
