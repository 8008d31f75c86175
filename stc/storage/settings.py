"""SQL for the settings table: names to JSON texts, per owner."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from stc.storage.schema import settings


def stored(connection: Connection, *owners: str) -> dict[str, dict[str, str]]:
    """Return what each owner has stored."""
    found: dict[str, dict[str, str]] = {owner: {} for owner in owners}
    for row in connection.execute(select(settings).where(settings.c.owner.in_(owners))):
        found[row.owner][row.name] = row.value
    return found


def store(connection: Connection, owner: str, values: dict[str, str]) -> None:
    """Set several values (JSON texts)."""
    for name, value in values.items():
        connection.execute(delete(settings).where(settings.c.owner == owner, settings.c.name == name))
        connection.execute(insert(settings).values(owner=owner, name=name, value=value))
