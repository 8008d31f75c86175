"""Files that a password or text recognition would help, and which pages are pictures."""

from alembic import op

from stc.storage.migrations import add_missing

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    bind = op.get_bind()
    add_missing(bind, "documents", "ocr", "pictures")
    add_missing(bind, "failures", "need", "content_hash", "media_type", "size_bytes", "replaces")
