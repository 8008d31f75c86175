"""What the pages look up and change, each in one short transaction. Other owners' things are not found."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stc import background
from stc.access import rights
from stc.chat import exporting, generations, suggesting
from stc.chat import rating as rating_verb
from stc.services import Services
from stc.storage import conversations as conversation_rows
from stc.storage import documents as document_rows
from stc.storage import ledger as ledger_rows
from stc.storage import notes as note_rows
from stc.storage import settings as setting_rows
from stc.ui import visitor
from stc.words import EXTRACTIVE, SHARED, Answer, Document, LedgerRow, Note, Page

if TYPE_CHECKING:
    from stc.models.llm import FoundServer

_SEEN_AT = "page_seen_at"
"""Stands among the settings in the database, as it is remembered like one; nobody sets it."""


def services() -> Services:
    return visitor.services()


def documents(of: Services) -> list[Document]:
    """Return the documents, newest first."""
    with of.database.read() as connection:
        return document_rows.list_all(connection, of.readable)


def arriving(of: Services) -> list[Document]:
    """Return the documents that are being read, with those that became ready since the first of them came, oldest first."""
    with of.database.read() as connection:
        return document_rows.list_arriving(connection, of.readable)


def document(of: Services, document_id: str) -> Document | None:
    with of.database.read() as connection:
        return document_rows.get(connection, of.readable, document_id)


def page(of: Services, document_id: str, number: int) -> Page | None:
    with of.database.read() as connection:
        if document_rows.get(connection, of.readable, document_id) is None:
            return None
        return document_rows.read_page(connection, document_id, number)


def some_notes(of: Services, document_id: str, **wanted: Any) -> list[Note]:
    """Return some of a document's notes by the pages that they quote; see ``stc.storage.notes.browse``."""
    with of.database.read() as connection:
        if document_rows.get(connection, of.readable, document_id) is None:
            return []
        return note_rows.browse(connection, document_id, **wanted)


def tally_notes(of: Services, document_id: str, words: str = "") -> Counter[tuple[str, str]]:
    """Return how many notes of each (status, kind) a document has; with ``words``, how many that hold them."""
    with of.database.read() as connection:
        if document_rows.get(connection, of.readable, document_id) is None:
            return Counter()
        return Counter(note_rows.tally(connection, document_id, words=words))


def count_open(of: Services, document_id: str) -> None:
    """Count that a person opened a document."""
    with of.database.write() as connection:
        if document_rows.get(connection, of.readable, document_id) is not None:
            document_rows.opened(connection, document_id)


def change_document(of: Services, document_id: str, **values: Any) -> None:
    """Set a person's wishes for a document. Raises ``UserError`` for one that is not theirs to change."""
    with of.database.write() as connection:
        rights.require(of, connection, "change", "document", document_id)
        document_rows.change(connection, document_id, **values)


def may_change(of: Services, document: Document) -> bool:
    return rights.may(of.person, "change", owner=document.owner, added_by=document.added_by)


def failures(of: Services) -> list[dict[str, Any]]:
    with of.database.read() as connection:
        return document_rows.list_failures(connection, of.owner)


def conversations(of: Services) -> list[dict[str, Any]]:
    """Return the conversations, last used first."""
    with of.database.read() as connection:
        return conversation_rows.list_all(connection, of.owner)


def exported_conversation(of: Services, conversation_id: str, kind: str) -> str:
    """Return a conversation as the content of a file, "md" or "json"; "" where it was deleted meanwhile."""
    with of.database.read() as connection:
        chats = [chat for chat in conversation_rows.list_all(connection, of.owner) if chat["id"] == conversation_id]
        found = [(chat, conversation_rows.answers_of(connection, of.owner, conversation_id)) for chat in chats]
    return {"md": exporting.as_markdown, "json": exporting.as_json}[kind](found) if found else ""


def rename_conversation(of: Services, conversation_id: str, title: str) -> None:
    with of.database.write() as connection:
        conversation_rows.change(connection, of.owner, conversation_id, title=title)


def scope_conversation(of: Services, conversation_id: str, document_ids: Sequence[str], pages: str = "") -> None:
    with of.database.write() as connection:
        conversation_rows.change(connection, of.owner, conversation_id, scope=list(document_ids), pages=pages)


def delete_conversation(of: Services, conversation_id: str) -> None:
    """Delete a conversation with its answers; one that is being made is stopped, and what it cost stays counted."""
    for one in answers(of, conversation_id):
        generations.stop(one.id)
    with of.database.write() as connection:
        conversation_rows.delete_conversation(connection, of.owner, conversation_id)


def answers(of: Services, conversation_id: str) -> list[Answer]:
    with of.database.read() as connection:
        return conversation_rows.answers_of(connection, of.owner, conversation_id)


def answer(of: Services, answer_id: str) -> Answer | None:
    with of.database.read() as connection:
        return conversation_rows.get_answer(connection, of.owner, answer_id)


def follow_ups(of: Services, answer: Answer, asked: Sequence[str]) -> list[Note]:
    """Return prepared questions to offer after an answer; ``asked`` are those of its conversation."""
    return suggesting.follow_ups(of, answer, asked)


def rate(of: Services, answer_id: str, rating: int) -> None:
    rating_verb.rate(of, answer_id, rating)


def file_arrived(of: Services) -> None:
    """Wake what reads new files, where a server runs it in this process."""
    running = background.running(of)
    if running is not None:
        running.file_arrived()


def page_shown() -> None:
    """Say that a page is drawn: what has waited for it may start."""
    running = background.running(services())
    if running is not None:
        running.page_shown()


def shared_costs(of: Services) -> list[LedgerRow]:
    """Return the calls that prepared shared documents: nobody's own cost, and everybody's to see."""
    with of.database.read() as connection:
        return [row for row in ledger_rows.rows(connection, SHARED) if row.model != EXTRACTIVE]


def found_servers() -> list[FoundServer]:
    """Return the model servers that answer on this computer; takes a third of a second."""
    from stc.models import llm

    return llm.found_servers()


def away_since(of: Services) -> float | None:
    """Return when a page was last looked at, ``None`` where none was, and remember that one is looked at now."""
    with of.database.write() as connection:
        stored = setting_rows.stored(connection, of.owner)[of.owner].get(_SEEN_AT)
        setting_rows.store(connection, of.owner, {_SEEN_AT: json.dumps(of.now())})
    return float(json.loads(stored)) if stored else None


@dataclass(frozen=True, slots=True)
class Consent:
    """What a preparation model would do that the person has not agreed to. ``cost_usd`` ``None``: price unknown."""

    model: str
    agreement: str
    """What the setting ``consent`` holds once the person has agreed."""
    where: str
    local: bool
    documents: int
    tokens: int
    cost_usd: float | None


def consent_wanted(of: Services) -> Consent | None:
    """Return what to ask the person before the preparation model may work; ``None`` where nothing is to be asked."""
    from stc.meter import providers
    from stc.sleep import facts, run

    found = facts.gather(of)
    model = found.policy.model
    if not model.name or not model.needs_consent or model.consented:
        return None
    wanted = run.bill(run.dry_run(of, as_if_agreed=True))
    address = of.settings.api_base
    where, agreement = providers.resolve(model.name, address).server, facts.agreement(model.name, address)
    return Consent(model.name, agreement, where, model.local, wanted.documents, wanted.tokens, wanted.cost_usd)
