"""A small document, and what the tests of answers do with it: real storage, the model a double over HTTP."""

from __future__ import annotations

import io

from stc.documents import ingest
from stc.sleep import run
from stc.storage import ledger as ledger_rows
from stc.words import Evidence, NoteDraft

FERRY = b"""# The ferry

The ferry leaves the north pier at 07:40 on weekdays. A single ticket costs 4 euros and 20 cents.

# The lighthouse

The lighthouse was built in 1911 by Anna Lindqvist. It is 31 metres tall.
"""


def add(services, name, content):
    received = ingest.receive(services, name, io.BytesIO(content))
    document = ingest.process(services, received.document_id)
    assert document.status == "ready", document.error
    return document.id


def rows(services):
    with services.database.read() as connection:
        return ledger_rows.rows(connection, services.owner)


def model(services, server):
    services.change_settings(chat_model="openai/double", api_base=server.url)


def prepare(services, document_id):
    """Give the document a note that says when the ferry leaves."""
    evidence = (Evidence(1, "The ferry leaves the north pier at 07:40 on weekdays."),)
    draft = NoteDraft("answer", "When does the ferry leave?", "At 07:40.", evidence)
    run.adopt(services, document_id, [draft], model="m")
