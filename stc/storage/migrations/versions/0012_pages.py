"""Which pages a chat and a question were limited to."""

from alembic import op

from stc.storage.migrations import add_missing

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    for table in ("conversations", "answers"):
        add_missing(op.get_bind(), table, "pages")
