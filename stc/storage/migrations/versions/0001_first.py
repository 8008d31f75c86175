"""The first schema."""

from alembic import op

from stc.storage import lexical
from stc.storage.schema import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    metadata.create_all(op.get_bind())
    lexical.create(op.get_bind())
