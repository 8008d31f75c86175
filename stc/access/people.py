"""What an admin does about people: add, reset, disable, limit, name their address; and who uses how much."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stc.access import entering, limits, passwords, rights
from stc.errors import UserError
from stc.storage import ledger as ledger_rows
from stc.storage import people as people_rows
from stc.words import EXTRACTIVE, ONLY_PERSON, SHARED, LedgerRow, Limits, Person

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stc.services import Services


@dataclass(frozen=True, slots=True)
class Used:
    """What somebody uses: money and tokens of model calls, and documents. ``usd`` ``None``: at a price not known.

    Asking is theirs; what preparing shared documents costs stands under the owner of those, not under a person.
    """

    asked_usd: float | None
    asked_tokens: int
    today_usd: float | None
    today_tokens: int
    prepared_usd: float | None
    prepared_tokens: int
    documents: int
    bytes: int


def listed(services: Services) -> list[Person]:
    """Return everybody, in the order of being added."""
    rights.require_admin(services)
    with services.database.read() as connection:
        return people_rows.list_all(connection)


def exist(services: Services) -> bool:
    """Tell whether anybody has an account; then everybody signs in."""
    with services.database.read() as connection:
        return people_rows.exist(connection)


def is_disabled(services: Services) -> bool:
    """Tell whether the person may do nothing any more."""
    with services.database.read() as connection:
        person = people_rows.get(connection, services.owner)
    return person is not None and person.disabled


def find(services: Services, name: str) -> Person:
    """Return the person of this name. Raises ``UserError``."""
    with services.database.read() as connection:
        return _named(connection, name)


def add(
    services: Services, name: str, *, admin: bool = False, email: str | None = None, password: str | None = None
) -> str:
    """Add a person. Returns the code with which they choose their password, "" where one is given here already."""
    rights.require_admin(services)
    address = _address(email)
    made = passwords.make(passwords.check(password)) if password is not None else None
    with services.database.write() as connection:
        person_id = entering.add(connection, name, admin=admin, email=address, now=services.now())
        if made is not None:
            people_rows.change(connection, person_id, password=made)
            return ""
        return entering.new_code(connection, person_id, until=services.now() + entering.CODE_S)


def reset(services: Services, name: str, *, password: str | None = None) -> str:
    """Void every way in that a person has, sign them out everywhere, and return as ``add`` does.

    At a login provider they are known by their e-mail address again, as if they came for the first time.
    """
    rights.require_admin(services)
    made = passwords.make(passwords.check(password)) if password is not None else None
    with services.database.write() as connection:
        person = _named(connection, name)
        people_rows.end_sign_ins(connection, person.id)
        people_rows.drop_codes(connection, person.id)
        people_rows.change(connection, person.id, password=made, issuer=None, subject=None)
        if made is not None:
            return ""
        return entering.new_code(connection, person.id, until=services.now() + entering.CODE_S)


def disable(services: Services, name: str) -> None:
    """Keep a person out from now on, wherever they are signed in; what is theirs stays. Raises ``UserError``."""
    rights.require_admin(services)
    with services.database.write() as connection:
        person = _named(connection, name)
        people_rows.change(connection, person.id, disabled=True)
        people_rows.end_sign_ins(connection, person.id)
        people_rows.drop_codes(connection, person.id)
        _keep_an_admin(connection)


def enable(services: Services, name: str) -> None:
    """Let a person sign in again."""
    rights.require_admin(services)
    with services.database.write() as connection:
        people_rows.change(connection, _named(connection, name).id, disabled=False)


def set_admin(services: Services, name: str, admin: bool) -> None:
    """Make a person an admin, or a member. Raises ``UserError`` where no admin would be left, and where there was none:
    what was here before goes to the first one, who has to be known for that from the start."""
    rights.require_admin(services)
    with services.database.write() as connection:
        if people_rows.get(connection, ONLY_PERSON) is None:
            raise UserError(
                "There is no admin yet, and the first one takes over the documents that are here. Add that one with "
                "'python -m stc people add NAME --admin', or with the code that the page's server shows where it starts."
            )
        people_rows.change(connection, _named(connection, name).id, admin=admin)
        _keep_an_admin(connection)


def set_email(services: Services, name: str, email: str) -> None:
    """Set by which address a person is known when they first come through a login provider; "" for none.

    Who has come through one is known by its subject, and stays so. Raises ``UserError``.
    """
    rights.require_admin(services)
    address = _address(email)
    with services.database.write() as connection:
        person = _named(connection, name)
        same = address is not None and address.lower() == (person.email or "").lower()
        if address is not None and not same and people_rows.address_taken(connection, address):
            raise UserError(f"{address} is somebody else's address here. Each person has their own.")
        people_rows.change(connection, person.id, email=address)


def limit(services: Services, name: str, **changes: float | int | None) -> Limits:
    """Set some of a person's limits (``None``: no limit) and return all of them. Raises ``UserError``."""
    rights.require_admin(services)
    for field, value in changes.items():
        if value is not None and not 0 <= value < 1e15:
            raise UserError(f"The limit {field} must be a number of at least 0.")
    with services.database.write() as connection:
        person = _named(connection, name)
        changed = Limits(**(dataclasses.asdict(person.limits) | changes))
        people_rows.set_limits(connection, person.id, changed)
    return changed


def used(services: Services, owner: str) -> Used:
    """Return what a person uses, or what the shared documents take (owner ``SHARED``)."""
    rights.require_admin(services)
    with services.database.read() as connection:
        rows = [row for row in ledger_rows.rows(connection, owner) if row.model != EXTRACTIVE]
        documents, size = people_rows.documents_of(connection, owner, SHARED)
    midnight = services.now() // limits.DAY_S * limits.DAY_S
    asked = limits.asked(rows)
    today = [row for row in asked if row.at >= midnight]
    prepared = [row for row in rows if row.purpose not in limits.ASKING]
    return Used(*_sums(asked), *_sums(today), *_sums(prepared), documents, size)


def _sums(rows: Sequence[LedgerRow]) -> tuple[float | None, int]:
    costs = [row.usage.cost_usd for row in rows]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None, sum(row.usage.tokens for row in rows)


def _address(email: str | None) -> str | None:
    address = (email or "").strip() or None
    if address is not None and (address.count("@") != 1 or len(address) > 200 or " " in address):
        raise UserError(f"{address} is no e-mail address.")
    return address


def _named(connection: Connection, name: str) -> Person:
    person = people_rows.by_name(connection, name)
    if person is None:
        raise UserError(f"There is nobody named {name}. 'python -m stc people list' shows who there is.")
    return person


def _keep_an_admin(connection: Connection) -> None:
    """Raise ``UserError`` where no admin could come in any more: the transaction is taken back then."""
    if not people_rows.count_admins(connection):
        raise UserError("Nobody could look after this place then: make somebody else an admin first.")
