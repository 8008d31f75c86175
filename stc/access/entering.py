"""Come in and go: passwords, codes, a login provider; and who a browser's cookie belongs to.

A cookie holds a random token of which the database has the SHA-256 only. Whoever is disabled is out at the next look, in
all processes. Attempts are counted in the database, so a restart or another process forgives nothing.
"""

from __future__ import annotations

import hashlib
import logging
import math
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stc.access import passwords
from stc.errors import UserError
from stc.storage import people as people_rows
from stc.storage.database import new_id
from stc.words import ONLY_PERSON, Person

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stc.services import Services

logger = logging.getLogger(__name__)

SIGNED_IN_S = 14 * 86_400.0
CODE_S = 7 * 86_400.0
SETUP_CODE_S = 86_400.0
COUNTED_S = 15 * 60.0
MOST_FOR_A_NAME = 10
MOST_FROM_AN_ADDRESS = 30
LONGEST_NAME = 60

_CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODE_LENGTH = 20
WRONG = "The name or the password is not right."
WRONG_CODE = "This code does not hold, or does not hold any more. Ask an admin for a new one."
NOT_EXPECTED = "Nobody has added you here yet. Ask an admin to add your e-mail address."


def sign_in(services: Services, name: str, password: str, address: str) -> str:
    """Return a token for the person with this name and password.

    Raises ``UserError``: an unknown name, a wrong password and a disabled person read alike and take as long.
    """
    attempt_id, name_hash = _attempt(services, name, address)
    with services.database.read() as connection:
        person = people_rows.by_name(connection, name)
        stored = people_rows.password(connection, person.id) if person is not None else None
    right = passwords.matches(password, stored or passwords.nobodys())
    if person is None or stored is None or person.disabled or not right:
        logger.warning("A sign-in failed")
        raise UserError(WRONG)
    anew = passwords.make(password) if passwords.is_outdated(stored) else None
    with services.database.write() as connection:
        people_rows.forget_attempts(connection, name_hash, attempt_id)
        if anew is not None:
            people_rows.change(connection, person.id, password=anew)
        return _let_in(services, connection, person.id)


def enter_with_code(services: Services, code: str, name: str, password: str, address: str) -> str:
    """Choose a password with a code, once, and return a token. ``name`` is the first admin's; others have theirs.

    Whoever was signed in as this person is signed out. Raises ``UserError``.
    """
    attempt_id, _ = _attempt(services, None, address)
    code_hash = _hash("".join(code.upper().split()).replace("-", ""))
    with services.database.read() as connection:
        holds, _ = people_rows.find_code(connection, code_hash, services.now())
    if not holds:
        logger.warning("A code did not hold")
        raise UserError(WRONG_CODE)
    stored = passwords.make(passwords.check(password))
    with services.database.write() as connection:
        holds, person_id = people_rows.find_code(connection, code_hash, services.now())
        if not holds:
            raise UserError(WRONG_CODE)
        if person_id is None:
            person_id = add(connection, name, admin=True, email=None, now=services.now())
        people_rows.drop_codes(connection, person_id)
        people_rows.change(connection, person_id, password=stored)
        people_rows.end_sign_ins(connection, person_id)
        people_rows.forget_attempts(connection, "", attempt_id)
        return _let_in(services, connection, person_id)


def enter_from_provider(services: Services, claims: Mapping[str, Any]) -> str:
    """Return a token for whom a login provider has identified; ``claims`` are those of its checked ID token.

    A person is who the issuer and its subject say. An e-mail address only counts where the provider has verified it, and
    only the first time: for somebody whom an admin has added by it, or whose domain may join (``join_domains``).
    Raises ``UserError`` for anybody else.
    """
    issuer, subject = str(claims.get("iss") or ""), str(claims.get("sub") or "")
    if not issuer or not subject:
        raise UserError("The login provider did not say who you are. Ask an admin to look at its set-up.")
    email = str(claims.get("email") or "").strip() if claims.get("email_verified") is True else ""
    email = email if email.count("@") == 1 else ""
    domains = {one.strip().lower().removeprefix("@") for one in services.settings.join_domains.split(",")} - {""}
    with services.database.write() as connection:
        person = people_rows.by_identity(connection, issuer, subject)
        if person is None and email:
            person = people_rows.by_email(connection, email)
            joins = person is None and email.rpartition("@")[2].lower() in domains
            if joins and not people_rows.address_taken(connection, email):
                person_id = add(connection, email, admin=False, email=email, now=services.now())
                person = people_rows.get(connection, person_id)
            if person is not None:
                people_rows.change(connection, person.id, issuer=issuer, subject=subject)
        if person is None or person.disabled:
            raise UserError(NOT_EXPECTED)
        return _let_in(services, connection, person.id)


def who(services: Services, token: str) -> Person | None:
    """Return whose token this is, ``None`` where it opens nothing (any more)."""
    if not token:
        return None
    with services.database.read() as connection:
        return people_rows.signed_in(connection, _hash(token), services.now())


def sign_out(services: Services, token: str) -> None:
    with services.database.write() as connection:
        people_rows.end_sign_in(connection, _hash(token))


def sign_out_everywhere(services: Services, person: Person) -> None:
    with services.database.write() as connection:
        people_rows.end_sign_ins(connection, person.id)


def change_password(services: Services, person: Person, old: str, new: str, address: str) -> str:
    """Change a person's password, sign them out everywhere, and return a token for this browser. Raises ``UserError``."""
    attempt_id, name_hash = _attempt(services, person.name, address)
    with services.database.read() as connection:
        stored = people_rows.password(connection, person.id)
    if not passwords.matches(old, stored or passwords.nobodys()):
        raise UserError("The present password is not right.")
    made = passwords.make(passwords.check(new))
    with services.database.write() as connection:
        people_rows.forget_attempts(connection, name_hash, attempt_id)
        people_rows.change(connection, person.id, password=made)
        people_rows.end_sign_ins(connection, person.id)
        return _let_in(services, connection, person.id)


def setup_code(services: Services) -> str | None:
    """Return a fresh code for the first admin, ``None`` where an admin can come in already; earlier ones are void."""
    with services.database.write() as connection:
        if people_rows.count_admins(connection):
            people_rows.drop_codes(connection, None)
            return None
        return new_code(connection, None, until=services.now() + SETUP_CODE_S)


def new_code(connection: Connection, person_id: str | None, *, until: float) -> str:
    """Store a fresh code and return it: 100 random bits, in groups that can be read out."""
    letters = "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH))
    people_rows.set_code(connection, _hash(letters), person_id, until=until)
    return "-".join(letters[start : start + 5] for start in range(0, _CODE_LENGTH, 5))


def add(connection: Connection, name: str, *, admin: bool, email: str | None, now: float) -> str:
    """Store a person and return the id. The first admin takes over what was here before. Raises ``UserError``."""
    shown = " ".join(name.split())
    if not shown or len(shown) > LONGEST_NAME or not shown.isprintable():
        raise UserError(f"A name has 1 to {LONGEST_NAME} characters. Choose another one.")
    if email is not None and people_rows.address_taken(connection, email):
        raise UserError(f"{email} is somebody else's address here. Each person has their own.")
    first = admin and people_rows.get(connection, ONLY_PERSON) is None
    person_id = ONLY_PERSON if first else new_id()
    if not people_rows.add(connection, person_id, shown, admin=admin, email=email, now=now):
        raise UserError(f"There is somebody named {shown} already. Choose another name.")
    if admin:
        people_rows.drop_codes(connection, None)  # the first admin's: it stands in a terminal, or in a log
    return person_id


def _attempt(services: Services, name: str | None, address: str) -> tuple[str, str]:
    """Count an attempt before anything is looked at; return its id and the name's hash. Raises ``UserError``."""
    name_hash = "" if name is None else _hash(people_rows.key(name))
    now = services.now()
    with services.database.write() as connection:
        found = people_rows.attempt(connection, name_hash, address, now=now, since=now - COUNTED_S)
        attempt_id, for_name, from_address = found
        if (name is None or for_name < MOST_FOR_A_NAME) and from_address < MOST_FROM_AN_ADDRESS:
            return attempt_id, name_hash
        people_rows.forget_attempts(connection, "-", attempt_id)  # waiting is not prolonged by trying
        oldest = people_rows.oldest_attempt(connection, name_hash, address) or now
    minutes = max(1, math.ceil((oldest + COUNTED_S - now) / 60))
    logger.warning("Too many sign-ins failed")
    raise UserError(f"Too many attempts. Try again in {minutes} {'minute' if minutes == 1 else 'minutes'}.")


def _let_in(services: Services, connection: Connection, person_id: str) -> str:
    token = secrets.token_urlsafe(32)
    now = services.now()
    people_rows.add_sign_in(connection, _hash(token), person_id, now=now, until=now + SIGNED_IN_S)
    return token


def _hash(secret: str) -> str:
    """Tokens and codes are random: no salt and no slow hash would make them harder to guess."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
