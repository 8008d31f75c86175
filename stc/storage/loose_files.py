"""SQL for originals that may belong to no document: being received, or being deleted. Every function takes a connection.

The row is there before the file is, or in the transaction that deletes the document, and goes last: of a process that was
killed in between, whoever takes up its work knows which files to look at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from stc.storage.database import new_id
from stc.storage.schema import loose_files


class Loose(NamedTuple):
    id: str
    content_hash: str


def add(connection: Connection, content_hash: str, holder: str) -> Loose:
    """Say that a holder has a file in hand."""
    loose = Loose(new_id(), content_hash)
    connection.execute(insert(loose_files).values(id=loose.id, content_hash=content_hash, holder=holder))
    return loose


def remove(connection: Connection, loose: Loose) -> None:
    """Say that the file has been seen to: a document has it, or it is deleted."""
    connection.execute(delete(loose_files).where(loose_files.c.id == loose.id))


def of_holders(connection: Connection, holders: Sequence[str]) -> list[Loose]:
    """Return what these holders had in hand."""
    rows = connection.execute(
        select(loose_files.c.id, loose_files.c.content_hash).where(loose_files.c.holder.in_(list(holders)))
    )
    return [Loose(row.id, row.content_hash) for row in rows]
