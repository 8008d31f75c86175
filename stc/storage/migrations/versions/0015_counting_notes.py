"""Count a document's notes by their status from the index alone."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.drop_index("ix_notes_document_id", "notes", if_exists=True)
    op.create_index("ix_notes_document_id_status", "notes", ["document_id", "status"], if_not_exists=True)
