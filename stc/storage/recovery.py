"""Take up what processes left behind that are gone: their leases, the files in their hands, people who waited for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from stc.storage import documents as document_rows
from stc.storage import loose_files, stamps
from stc.storage.schema import answers, documents, presence, sleep_tasks

if TYPE_CHECKING:
    from stc.storage.database import Database
    from stc.storage.files import Files
    from stc.storage.holders import Holders
    from stc.storage.loose_files import Loose

LONGEST_LEASE_S = 3600.0
"""No lease and no rest after a failure lasts longer: one that ends later was written before the clock was set back."""
STOPPED = "The program was stopped before this answer was finished. Ask again."


def take_up(database: Database, files: Files, holders: Holders, now: float) -> bool:
    """Free what dead holders held, and finish or undo what they had in hand; return whether there were any.

    Any process may do it at any time, as often as it likes. A lease of a holder whose lock is on no disk that this process
    sees runs out by the clock.
    """
    dead = holders.dead()
    with database.read() as connection:
        impossible = _impossible(connection, now)
    if impossible:
        living = holders.living()
        with database.write() as connection:
            _correct(connection, now, living)
    if not dead:
        return False
    with database.write() as connection:
        _free(connection, dead, now)
        loose = loose_files.of_holders(connection, dead)
    for each in loose:
        settle(database, files, each)
    files.delete_incoming(dead)
    holders.bury(dead)
    return True


def settle(database: Database, files: Files, loose: Loose) -> None:
    """Delete a file that somebody had in hand, unless a document has it.

    Asked and done under the write lock, so that nobody enters it as a document meanwhile.
    """
    with database.write() as connection:
        if document_rows.uses_of_file(connection, loose.content_hash) == 0:
            files.delete(loose.content_hash)
        loose_files.remove(connection, loose)


def _free(connection: Connection, dead: Sequence[str], now: float) -> None:
    """End the leases of dead holders. A task keeps the name: whoever claims it records that it was interrupted."""
    connection.execute(
        update(documents).where(documents.c.lease_holder.in_(dead)).values(lease_holder=None, lease_until=None)
    )
    connection.execute(
        update(sleep_tasks)
        .where(sleep_tasks.c.lease_holder.in_(dead), sleep_tasks.c.done_at.is_(None), sleep_tasks.c.lease_until >= now)
        .values(lease_until=now - 1.0)
    )
    waited_for = select(presence.c.holder).where(presence.c.process.in_(dead))
    connection.execute(
        update(answers)
        .where(answers.c.state == "running", answers.c.id.in_(waited_for))
        .values(state="stopped", error=STOPPED, stamp=stamps.new(connection))
    )
    connection.execute(delete(presence).where(presence.c.process.in_(dead)))


def _too_late(now: float) -> tuple[ColumnElement[bool], ...]:
    """Return what is held, was used, rests or waits at a later time than anybody can have meant."""
    limit = now + LONGEST_LEASE_S
    return (
        documents.c.lease_until > limit,
        documents.c.last_used_at > limit,
        and_(sleep_tasks.c.lease_until > limit, sleep_tasks.c.done_at.is_(None)),
        presence.c.until > limit,
    )


def _impossible(connection: Connection, now: float) -> bool:
    looks = [select(func.count()).where(condition) for condition in _too_late(now)]
    return any(connection.execute(look).scalar_one() for look in looks)


def _correct(connection: Connection, now: float, living: Sequence[str]) -> None:
    """Let what was written before the clock was set back end now, but for what a living process holds: that renews it."""
    of_document, used, of_task, waiting = _too_late(now)
    free = or_(documents.c.lease_holder.is_(None), documents.c.lease_holder.not_in(living))
    connection.execute(update(documents).where(of_document, free).values(lease_holder=None, lease_until=None))
    free = or_(sleep_tasks.c.lease_holder.is_(None), sleep_tasks.c.lease_holder.not_in(living))
    connection.execute(update(sleep_tasks).where(of_task, free).values(lease_until=now - 1.0))
    connection.execute(update(documents).where(used).values(last_used_at=now))  # else it would not be idle for long
    connection.execute(delete(presence).where(waiting))
