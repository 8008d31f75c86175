"""What an admin lets one person use: looked at under the write lock, before anything is sent or stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stc import phrases
from stc.errors import BudgetReached, UserError
from stc.storage import ledger, people
from stc.words import EXTRACTIVE, SHARED, Document, LedgerRow, Usage

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stc.services import Services

DAY_S = 86_400
ASKING = ("chat", "test")
"""The purposes of calls that a person makes; the others are made while nobody waits."""
_ASK_AN_ADMIN = "an admin can raise it"


def asked(rows: list[LedgerRow]) -> list[LedgerRow]:
    """Return the calls of a model that a person made."""
    return [row for row in rows if row.model != EXTRACTIVE and row.purpose in ASKING]


def check_asking(services: Services, connection: Connection, most: Usage) -> None:
    """Raise ``BudgetReached`` where a call that needs ``most`` would go beyond what the person may use today (UTC).

    Calls on their way count with the most they may need. Raises ``UserError`` for somebody who is disabled.
    """
    person = people.get(connection, services.owner)
    if person is None:
        return
    if person.disabled:
        raise UserError("This account is disabled. An admin can enable it.")
    limits = person.limits
    if limits.ask_usd is None and limits.ask_tokens is None:
        return
    today = asked(ledger.rows(connection, services.owner, since=services.now() // DAY_S * DAY_S))
    tokens = sum(row.usage.tokens for row in today)
    if limits.ask_tokens is not None and tokens + most.tokens > limits.ask_tokens:
        raise BudgetReached(
            f"This question may take {most.tokens:,} tokens, and of today's {limits.ask_tokens:,} you have used {tokens:,}. "
            f"Ask tomorrow (the day ends at midnight UTC) or choose Quick; {_ASK_AN_ADMIN}."
        )
    if limits.ask_usd is None:
        return
    costs = [row.usage.cost_usd for row in today]
    if most.cost_usd is None or None in costs:
        raise BudgetReached(
            f"You may spend ${limits.ask_usd:g} a day, but the price of this model is not known. An admin can enter it."
        )
    spent = sum(cost or 0.0 for cost in costs)
    if spent + most.cost_usd > limits.ask_usd:
        raise BudgetReached(
            f"This question may cost ${most.cost_usd:.4f}, and of today's ${limits.ask_usd:g} you have spent ${spent:.4f}. "
            f"Ask tomorrow (the day ends at midnight UTC) or choose Quick; {_ASK_AN_ADMIN}."
        )


def check_documents(
    services: Services, connection: Connection, size_bytes: int, *, instead_of: Document | None = None
) -> None:
    """Raise ``UserError`` where another document of this size is more than the person may have here.

    ``instead_of`` is the document whose new version it is: it counts by what it is larger, and only where that one is theirs.
    """
    person = people.get(connection, services.owner)
    if person is None:
        return
    number, size = people.documents_of(connection, person.id, SHARED)
    most = person.limits
    if instead_of is not None:
        theirs = person.id in (instead_of.owner, instead_of.added_by)
        if not theirs or size_bytes <= instead_of.size_bytes:
            return
        size -= instead_of.size_bytes
    elif most.most_documents is not None and number + 1 > most.most_documents:
        raise UserError(
            f"You have {number:,} of at most {phrases.count(most.most_documents, 'document')}. Delete one; {_ASK_AN_ADMIN}."
        )
    if most.most_bytes is not None and size + size_bytes > most.most_bytes:
        raise UserError(
            f"Your documents would take {phrases.size(size + size_bytes)}, "
            f"{phrases.size(size + size_bytes - most.most_bytes)} more than the {phrases.size(most.most_bytes)} that you may "
            f"have. Delete some; {_ASK_AN_ADMIN}."
        )
