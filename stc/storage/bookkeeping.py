"""The owner's calls and answers, kept in memory and brought up to date by what changed.

A page that shows answers adds them up at each drawing; reading all anew would take longer with every question ever asked.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict
from dataclasses import dataclass

from sqlalchemy import Connection

from stc.meter.books import Books
from stc.storage import conversations, stamps
from stc.storage import ledger as ledger_rows
from stc.storage.database import Database
from stc.storage.stamps import Standing

_OWNERS = 16
"""So many people's books are kept."""


@dataclass(slots=True)
class _Kept:
    """What is in memory of one owner, as it was at the newest stamp."""

    standing: Standing
    books: Books


class Bookkeeper:
    """Opens the books of one storage. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def open(self, owner: str) -> Books:
        """Return the owner's books as they stand now. What was opened before and has not changed is the same object."""
        with self._lock:
            kept = self._bring_up(owner, self._kept.get(owner))
            self._kept[owner] = kept
            self._kept.move_to_end(owner)
            while len(self._kept) > _OWNERS:
                self._kept.popitem(last=False)
            return kept.books

    def _bring_up(self, owner: str, kept: _Kept | None) -> _Kept:
        with self._database.read() as connection:
            now = stamps.standing(connection, owner)
            if kept is not None and kept.standing == now:
                return kept
            books = _changed(connection, owner, kept.books, kept.standing.newest) if kept else None
            if books is None or len(books) != now.rows + now.answers:  # some were deleted
                books = _changed(connection, owner, Books(), -1)
        return _Kept(now, books)


def _changed(connection: Connection, owner: str, books: Books, since: int) -> Books:
    """Return the books with what was stored after a stamp; the same where that is only somebody else's."""
    rows = ledger_rows.rows(connection, owner, newer_than=since)
    answers = conversations.all_answers(connection, owner, newer_than=since)
    if not rows and not answers:
        return books
    return books.changed(rows, (dataclasses.replace(answer, text="", nearest=()) for answer in answers))
