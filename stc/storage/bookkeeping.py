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
from stc.words import Answer, LedgerRow

_OWNERS = 16
"""So many people's books are kept."""


@dataclass(slots=True)
class _Kept:
    """What is in memory of one owner, as it was at the newest stamp."""

    newest: int
    rows: dict[str, LedgerRow]
    answers: dict[str, Answer]
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
            newest = stamps.newest(connection)
            rows, answers = ledger_rows.count(connection, owner), conversations.count_answers(connection, owner)
            if kept is not None:
                if (kept.newest, len(kept.rows), len(kept.answers)) == (newest, rows, answers):
                    return kept
                _read(connection, owner, kept, newest)
            if kept is None or (len(kept.rows), len(kept.answers)) != (rows, answers):  # some were deleted
                kept = _Kept(-1, {}, {}, Books((), ()))
                _read(connection, owner, kept, newest)
        return kept


def _read(connection: Connection, owner: str, kept: _Kept, newest: int) -> None:
    new_rows = ledger_rows.rows(connection, owner, newer_than=kept.newest)
    new_answers = conversations.all_answers(connection, owner, newer_than=kept.newest)
    kept.newest = newest
    if not new_rows and not new_answers:
        return  # somebody else's changed
    kept.rows.update((row.id, row) for row in new_rows)
    kept.answers.update((answer.id, dataclasses.replace(answer, text="", nearest=())) for answer in new_answers)
    kept.books = Books(
        sorted(kept.rows.values(), key=lambda row: (row.at, row.id)),
        sorted(kept.answers.values(), key=lambda answer: (answer.asked_at, answer.id)),
    )
