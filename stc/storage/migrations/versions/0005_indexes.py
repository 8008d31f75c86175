"""Indexes on what points at passages and tasks: replacing or deleting a large document took half a minute without."""

from alembic import op

from stc.storage.schema import metadata

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for table in ("evidence", "notes", "sleep_runs"):
        for index in metadata.tables[table].indexes:
            index.create(op.get_bind(), checkfirst=True)
