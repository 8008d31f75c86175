"""People who sign in, what each may use, and documents that everybody here may read. Settings for all get a place."""

from alembic import op
from sqlalchemy import update

from stc.storage.migrations import add_missing
from stc.storage.schema import metadata, prices, settings

revision = "0010"
down_revision = "0009"

_OF_A_PERSON = ("effort", "page_seen_at")


def upgrade() -> None:
    bind = op.get_bind()
    for name in ("people", "sign_ins", "codes", "attempts"):
        metadata.tables[name].create(bind, checkfirst=True)
    add_missing(bind, "documents", "added_by")
    bind.execute(update(prices).where(prices.c.owner == "local").values(owner="server"))
    bind.execute(
        update(settings).where(settings.c.owner == "local", settings.c.name.not_in(_OF_A_PERSON)).values(owner="server")
    )
