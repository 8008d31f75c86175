"""Prepared answers marked wrong for a question, never given to it again."""

from alembic import op

from stc.storage.schema import metadata

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    metadata.tables["bans"].create(op.get_bind(), checkfirst=True)
