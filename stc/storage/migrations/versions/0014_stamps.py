"""Which answers and ledger rows changed since they were last read."""

from alembic import op

from stc.storage.migrations import add_missing
from stc.storage.schema import metadata

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    bind = op.get_bind()
    metadata.tables["stamps"].create(bind, checkfirst=True)
    for table in ("answers", "ledger"):
        add_missing(bind, table, "stamp")
        op.create_index(f"ix_{table}_owner_stamp", table, ["owner", "stamp"], if_not_exists=True)
