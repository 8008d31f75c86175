"""What baselines are reckoned from, baselines really run, prices entered, and the price beside each call."""

from alembic import op

from stc.storage.migrations import add_missing
from stc.storage.schema import metadata

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    bind = op.get_bind()
    add_missing(bind, "answers", "counted")
    add_missing(bind, "ledger", "cache_write_1h_tokens", "price")
    for name in ("shadows", "prices"):
        metadata.tables[name].create(bind, checkfirst=True)
