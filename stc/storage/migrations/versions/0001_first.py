"""The first schema. A new database begins with the present one (``stc.storage.upkeep.create``), so none is made here."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    raise NotImplementedError("a new database does not begin with the first schema")
