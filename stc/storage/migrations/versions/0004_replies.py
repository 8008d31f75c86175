"""Replies of tasks that are not done yet: what was paid for once is not paid for again after a kill."""

from alembic import op

from stc.storage.schema import metadata

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    metadata.tables["replies"].create(op.get_bind(), checkfirst=True)
