"""What a process that was killed leaves behind: originals in its hands, and people who waited for it."""

from alembic import op

from stc.storage.migrations import add_missing
from stc.storage.schema import metadata

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    metadata.tables["loose_files"].create(op.get_bind(), checkfirst=True)
    add_missing(op.get_bind(), "presence", "process")
