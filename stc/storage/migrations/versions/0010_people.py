"""People who sign in, what each may use, and documents that everybody here may read. Settings for all get a place."""

from alembic import op

from stc.storage import upkeep
from stc.storage.migrations import add_missing
from stc.storage.schema import metadata

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    bind = op.get_bind()
    for name in ("people", "sign_ins", "codes", "attempts"):
        metadata.tables[name].create(bind, checkfirst=True)
    add_missing(bind, "documents", "added_by")
    upkeep.give_settings_to_the_server(bind)
