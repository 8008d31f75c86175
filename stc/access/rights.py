"""Who may do what: the one place that decides it. What a person may not see is as if it were not there.

A thing belongs to one owner. What ``SHARED`` owns, everybody here may read; only who added it and admins may change it.
Nothing else opens what is somebody's: an admin reads nobody's documents, chats or answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from stc.errors import UserError
from stc.storage import owners
from stc.words import SHARED, Person

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stc.services import Services

Act = Literal["read", "change"]
Kind = Literal["document", "note", "conversation", "answer"]

_UNKNOWN: dict[Kind, str] = {
    "document": "There is no such document. It may have been deleted; the Documents page shows what is there.",
    "note": "There is no such note. It may have been made anew; the notes of its document show what is there.",
    "conversation": "There is no such chat. It may have been deleted.",
    "answer": "There is no such answer. It may have been deleted with its chat.",
}
READ_ONLY = "This document is shared: only who added it, or an admin, can do that."


def may(person: Person, act: Act, *, owner: str, added_by: str = "") -> bool:
    """Tell whether a person may do this to a thing of this owner. Pure."""
    if owner == person.id:
        return True
    if owner != SHARED:
        return False
    return act == "read" or person.admin or added_by == person.id


def allowed(services: Services, connection: Connection, act: Act, kind: Kind, thing_id: str) -> bool:
    """Tell whether it exists and the person may do this to it."""
    found = owners.of(connection, kind, thing_id)
    return found is not None and may(services.person, act, owner=found.owner, added_by=found.added_by)


def require(services: Services, connection: Connection, act: Act, kind: Kind, thing_id: str) -> str:
    """Return whose it is. Raises ``UserError`` unless the person may do this: what they may not even read reads as if it
    were not there."""
    found = owners.of(connection, kind, thing_id)
    if found is not None and may(services.person, act, owner=found.owner, added_by=found.added_by):
        return found.owner
    if act == "change" and allowed(services, connection, "read", kind, thing_id):
        raise UserError(READ_ONLY)
    raise UserError(_UNKNOWN[kind])


def require_admin(services: Services) -> None:
    """Raise ``UserError`` unless the person is an admin (who is alone here is one)."""
    if not services.person.admin:
        raise UserError("Only an admin can do that.")
