"""SQL for people, their codes and sign-ins, and the attempts to come in. Every function takes an open connection.

Nothing that opens a door is stored as it is: of tokens and codes their SHA-256, of passwords what scrypt makes of them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from stc.storage.database import new_id
from stc.storage.schema import attempts, codes, documents, people, sign_ins
from stc.words import Limits, Person

_LIMITS = ("ask_usd", "ask_tokens", "most_documents", "most_bytes")


def _person(row: Row[Any]) -> Person:
    return Person(
        id=row.id,
        name=row.name,
        admin=row.admin,
        disabled=row.disabled,
        email=row.email,
        has_password=row.password is not None,
        has_login=row.subject is not None,
        created_at=row.created_at,
        limits=Limits(*(getattr(row, name) for name in _LIMITS)),
    )


def add(connection: Connection, person_id: str, name: str, *, admin: bool, email: str | None, now: float) -> bool:
    """Store a person; False where somebody has the name already, in whatever case."""
    if by_name(connection, name) is not None:
        return False
    connection.execute(
        insert(people).values(
            id=person_id, name=name, name_key=key(name), admin=admin, disabled=False, email=email, created_at=now
        )
    )
    return True


def key(name: str) -> str:
    """Return what two spellings of a name have in common."""
    return " ".join(name.split()).casefold()


def get(connection: Connection, person_id: str) -> Person | None:
    row = connection.execute(select(people).where(people.c.id == person_id)).first()
    return _person(row) if row else None


def by_name(connection: Connection, name: str) -> Person | None:
    row = connection.execute(select(people).where(people.c.name_key == key(name))).first()
    return _person(row) if row else None


def by_identity(connection: Connection, issuer: str, subject: str) -> Person | None:
    row = connection.execute(select(people).where(people.c.issuer == issuer, people.c.subject == subject)).first()
    return _person(row) if row else None


def by_email(connection: Connection, email: str) -> Person | None:
    """Return the person who is expected with this address and has come through no login provider yet."""
    row = connection.execute(
        select(people).where(func.lower(people.c.email) == email.lower(), people.c.subject.is_(None))
    ).first()
    return _person(row) if row else None


def address_taken(connection: Connection, email: str) -> bool:
    """Tell whether an admin has entered this address for anybody, or somebody has joined with it."""
    return (
        connection.execute(select(people.c.id).where(func.lower(people.c.email) == email.lower()).limit(1)).first()
        is not None
    )


def list_all(connection: Connection) -> list[Person]:
    """Return everybody, in the order of being added."""
    return [_person(row) for row in connection.execute(select(people).order_by(people.c.created_at, people.c.id))]


def exist(connection: Connection) -> bool:
    return connection.execute(select(people.c.id).limit(1)).first() is not None


def count_admins(connection: Connection) -> int:
    """Return how many admins can come in."""
    return connection.execute(
        select(func.count())
        .select_from(people)
        .where(people.c.admin, ~people.c.disabled, or_(people.c.password.is_not(None), people.c.subject.is_not(None)))
    ).scalar_one()


def password(connection: Connection, person_id: str) -> str | None:
    """Return what is stored of a person's password, ``None`` where they have none."""
    return connection.execute(select(people.c.password).where(people.c.id == person_id)).scalar()


def change(connection: Connection, person_id: str, **values: Any) -> None:
    """Set columns of one person."""
    connection.execute(update(people).where(people.c.id == person_id).values(**values))


def set_limits(connection: Connection, person_id: str, limits: Limits) -> None:
    change(connection, person_id, **{name: getattr(limits, name) for name in _LIMITS})


def documents_of(connection: Connection, person_id: str, shared: str) -> tuple[int, int]:
    """Return how many documents a person has here and their bytes, those they shared included."""
    found = connection.execute(
        select(func.count(), func.coalesce(func.sum(documents.c.size_bytes), 0)).where(
            or_(documents.c.owner == person_id, (documents.c.owner == shared) & (documents.c.added_by == person_id)),
            documents.c.status != "replaced",
            documents.c.replaces.is_(None),
        )
    ).one()
    return found[0], found[1]


def add_sign_in(connection: Connection, token_hash: str, person_id: str, *, now: float, until: float) -> None:
    connection.execute(delete(sign_ins).where(sign_ins.c.until < now))
    connection.execute(insert(sign_ins).values(token_hash=token_hash, person_id=person_id, at=now, until=until))


def signed_in(connection: Connection, token_hash: str, now: float) -> Person | None:
    """Return whose sign-in this is; ``None`` where it is over, or they may not come in any more."""
    row = connection.execute(
        select(people)
        .join(sign_ins, sign_ins.c.person_id == people.c.id)
        .where(sign_ins.c.token_hash == token_hash, sign_ins.c.until >= now, ~people.c.disabled)
    ).first()
    return _person(row) if row else None


def end_sign_in(connection: Connection, token_hash: str) -> None:
    connection.execute(delete(sign_ins).where(sign_ins.c.token_hash == token_hash))


def end_sign_ins(connection: Connection, person_id: str) -> None:
    """Sign a person out everywhere."""
    connection.execute(delete(sign_ins).where(sign_ins.c.person_id == person_id))


def set_code(connection: Connection, code_hash: str, person_id: str | None, *, until: float) -> None:
    """Store a code with which a person (``None``: the first admin) sets a password; earlier ones of theirs are void."""
    theirs = codes.c.person_id.is_(None) if person_id is None else codes.c.person_id == person_id
    connection.execute(delete(codes).where(theirs))
    connection.execute(insert(codes).values(code_hash=code_hash, person_id=person_id, until=until))


def find_code(connection: Connection, code_hash: str, now: float) -> tuple[bool, str | None]:
    """Return whether a code holds, and whose it is (``None``: the first admin's)."""
    row = connection.execute(
        select(codes.c.person_id).where(codes.c.code_hash == code_hash, codes.c.until >= now)
    ).first()
    return (False, None) if row is None else (True, row.person_id)


def drop_codes(connection: Connection, person_id: str | None) -> None:
    theirs = codes.c.person_id.is_(None) if person_id is None else codes.c.person_id == person_id
    connection.execute(delete(codes).where(theirs))


def attempt(connection: Connection, name_hash: str, address: str, *, now: float, since: float) -> tuple[str, int, int]:
    """Record an attempt to come in; return its id and how many there were before from ``since`` on, for this name and
    from this address. What is older is forgotten."""
    connection.execute(delete(attempts).where(attempts.c.at < since))
    by_it = [
        connection.execute(select(func.count()).select_from(attempts).where(which)).scalar_one()
        for which in (attempts.c.name_hash == name_hash, attempts.c.address == address)
    ]
    attempt_id = new_id()
    connection.execute(insert(attempts).values(id=attempt_id, name_hash=name_hash, address=address, at=now))
    return attempt_id, by_it[0], by_it[1]


def oldest_attempt(connection: Connection, name_hash: str, address: str) -> float | None:
    """Return when the oldest attempt was that is still counted, for this name or from this address."""
    return connection.execute(
        select(func.min(attempts.c.at)).where(or_(attempts.c.name_hash == name_hash, attempts.c.address == address))
    ).scalar()


def forget_attempts(connection: Connection, name_hash: str, attempt_id: str) -> None:
    """Forget the attempts for a name whose person has come in, and this one's from its address."""
    connection.execute(delete(attempts).where(or_(attempts.c.name_hash == name_hash, attempts.c.id == attempt_id)))
