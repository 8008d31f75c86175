"""The full-text index anew: by places, and passages with the questions of their notes."""

from alembic import op

from stc.storage import upkeep

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    upkeep.rebuild_lexical(op.get_bind())
