"""Full-text index: SQLite FTS5 in the same file. The one module that would change with another database.

Each item has a place, the row number of its text: first what it is, then its document, then a serial number. So a search
within a document, or of one kind only, is a range of row numbers, which FTS5 reads without looking at the rest, and where a
word stands tells the documents by itself. A passage is indexed with the questions of the notes that quote it.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, column, select, table, text

from stc.storage.database import in_parts

_CREATE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS lexical USING fts5("
    "text, questions, tokenize = 'porter unicode61 remove_diacritics 2')",
    "CREATE TABLE IF NOT EXISTS lexical_items (place INTEGER PRIMARY KEY, item_id TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS ix_lexical_items_item_id ON lexical_items (item_id)",
    "CREATE TABLE IF NOT EXISTS lexical_documents (number INTEGER PRIMARY KEY, document_id TEXT NOT NULL UNIQUE)",
)
_TABLES = ("lexical", "lexical_items", "lexical_documents")
_WORD = re.compile(r"\w+")
_SERIAL_BITS, _NUMBER_BITS = 24, 28
_MOST_RANGES = 32
"""A scope of more separate documents is read as a whole and sifted."""

_PASSAGES, _NOTES, _OUT_OF_USE = 0, 1, 2
"""The first part of a place. Notes that are out of date or hidden are only looked up by who looks through them."""

STOP_WORDS = frozenset(
    "a about above after again against all am an and any are as at be because been before being below between both but by "
    "can could did do does doing down during each few for from further had has have having he her here hers him his how i "
    "if in into is it its itself just me more most my no nor not now of off on once only or other our ours out over own "
    "same she should so some such than that the their theirs them then there these they this those through to too under "
    "until up very was we were what when where which while who whom why will with would you your yours".split()
)


@dataclass(frozen=True, slots=True)
class Indexed:
    """What the index has of one item."""

    kind: str
    item_id: str
    text: str
    questions: str
    in_use: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a word stands: ``places`` in ascending order, ``whole`` unless there are more."""

    places: array[int]
    whole: bool


def create(connection: Connection) -> None:
    for statement in _CREATE:
        connection.exec_driver_sql(statement)


def drop(connection: Connection) -> None:
    for name in _TABLES:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")


# Writing


def add(connection: Connection, kind: str, document_id: str, items: Sequence[tuple[str, str]]) -> None:
    """Index ``(item id, text)`` items of one document. ``kind`` is "chunk" or "note".

    A passage gets the questions of the notes that quote it, and gives them away when the notes do (see ``follow``).
    """
    if not items:
        return
    ids = [item_id for item_id, _ in items]
    number = _number(connection, document_id)
    if kind == "chunk":
        asked = questions_of(connection, ids)
        _insert(connection, _PASSAGES, number, [(item_id, text, asked.get(item_id, "")) for item_id, text in items])
        return
    out = _out_of_use(connection, ids)
    for band, there in ((_NOTES, False), (_OUT_OF_USE, True)):
        rows = [(item_id, text, "") for item_id, text in items if (item_id in out) is there]
        _insert(connection, band, number, rows)
    _ask_of_passages(connection, quoted_by(connection, ids))


def follow(connection: Connection, note_ids: Sequence[str], chunk_ids: Iterable[str] = ()) -> None:
    """Bring the index up to notes whose status or evidence changed, and to passages that such notes quoted before."""
    quoted = set(chunk_ids) | quoted_by(connection, note_ids)
    out = _out_of_use(connection, note_ids)
    rows = _rows_of(
        connection,
        "SELECT i.place, i.item_id, l.text FROM lexical_items i JOIN lexical l ON l.rowid = i.place "
        "WHERE i.item_id IN ({ids}) AND i.place >= ?",
        note_ids,
        _NOTES << _NUMBER_BITS + _SERIAL_BITS,
    )
    for place, item_id, body in rows:
        band = _OUT_OF_USE if item_id in out else _NOTES
        if place >> _NUMBER_BITS + _SERIAL_BITS != band:
            _delete(connection, [place])
            _insert(connection, band, number_of(place), [(item_id, body, "")])
    _ask_of_passages(connection, quoted)


def delete_document(connection: Connection, document_id: str, *, kind: str | None = None) -> None:
    """Delete what is indexed of a document: all of it, or the items of one kind."""
    number = _known(connection, [document_id]).get(document_id)
    if number is None:
        return
    for band in _bands(kind):
        first, last = _range(band, number, number)
        connection.exec_driver_sql("DELETE FROM lexical WHERE rowid BETWEEN ? AND ?", (first, last))
        connection.exec_driver_sql("DELETE FROM lexical_items WHERE place BETWEEN ? AND ?", (first, last))
    if kind is None:
        connection.exec_driver_sql("DELETE FROM lexical_documents WHERE number = ?", (number,))


def delete_items(connection: Connection, kind: str, ids: Sequence[str]) -> None:
    rows = _rows_of(connection, "SELECT place FROM lexical_items WHERE item_id IN ({ids})", ids)
    _delete(connection, [place for (place,) in rows if place >> _NUMBER_BITS + _SERIAL_BITS in _bands(kind)])


def _insert(connection: Connection, band: int, number: int, rows: Sequence[tuple[str, str, str]]) -> None:
    if not rows:
        return
    first, last = _range(band, number, number)
    newest = connection.exec_driver_sql(
        "SELECT max(place) FROM lexical_items WHERE place BETWEEN ? AND ?", (first, last)
    ).scalar()
    begin = first if newest is None else newest + 1
    connection.exec_driver_sql(
        "INSERT INTO lexical (rowid, text, questions) VALUES (?, ?, ?)",
        [(place, body, asked) for place, (_, body, asked) in enumerate(rows, begin)],
    )
    connection.exec_driver_sql(
        "INSERT INTO lexical_items (place, item_id) VALUES (?, ?)",
        [(place, item_id) for place, (item_id, _, _) in enumerate(rows, begin)],
    )


def _ask_of_passages(connection: Connection, chunk_ids: Iterable[str]) -> None:
    """Index passages with the questions that belong to them now."""
    ids = sorted(chunk_ids)
    asked = questions_of(connection, ids)
    rows = _rows_of(
        connection,
        "SELECT i.place, i.item_id, l.questions FROM lexical_items i JOIN lexical l ON l.rowid = i.place "
        "WHERE i.item_id IN ({ids}) AND i.place < ?",
        ids,
        _NOTES << _NUMBER_BITS + _SERIAL_BITS,
    )
    for place, item_id, before in rows:
        if asked.get(item_id, "") != before:
            connection.exec_driver_sql(
                "UPDATE lexical SET questions = ? WHERE rowid = ?", (asked.get(item_id, ""), place)
            )


def _delete(connection: Connection, places: Sequence[int]) -> None:
    for place in places:
        connection.exec_driver_sql("DELETE FROM lexical WHERE rowid = ?", (place,))
        connection.exec_driver_sql("DELETE FROM lexical_items WHERE place = ?", (place,))


def _number(connection: Connection, document_id: str) -> int:
    connection.exec_driver_sql("INSERT OR IGNORE INTO lexical_documents (document_id) VALUES (?)", (document_id,))
    return _known(connection, [document_id])[document_id]


def quoted_by(connection: Connection, note_ids: Sequence[str]) -> set[str]:
    """Return the passages that notes quote: ask before they go, to let those ``follow``."""
    query = "SELECT chunk_id FROM evidence WHERE chunk_id IS NOT NULL AND note_id IN ({ids})"
    return {chunk_id for (chunk_id,) in _rows_of(connection, query, note_ids)}


def questions_of(connection: Connection, chunk_ids: Sequence[str]) -> dict[str, str]:
    """Return the questions, one a line, of the verified notes that quote each passage."""
    found: dict[str, dict[str, None]] = {}
    rows = _rows_of(
        connection,
        "SELECT e.chunk_id, n.question FROM evidence e JOIN notes n ON n.id = e.note_id "
        "WHERE e.chunk_id IN ({ids}) AND n.status = 'verified' AND n.question <> '' "
        "ORDER BY n.created_at, n.id, e.position",
        chunk_ids,
    )
    for chunk_id, question in rows:
        found.setdefault(chunk_id, {})[question] = None
    return {chunk_id: "\n".join(questions) for chunk_id, questions in found.items()}


def _out_of_use(connection: Connection, note_ids: Sequence[str]) -> set[str]:
    query = "SELECT id FROM notes WHERE status <> 'verified' AND id IN ({ids})"
    return {note_id for (note_id,) in _rows_of(connection, query, note_ids)}


# Reading


def holding(words: str, *, kind: str, document_id: str) -> Select[Any] | None:
    """Return a query of the ids of a document's items that hold every word (in any of its endings), ``None`` where
    ``words`` has none. The last word may be only begun: this is for searching while one types."""
    found = _WORD.findall(words.lower())[:64]
    if not found:
        return None
    lexical = table("lexical", column("rowid"))
    items = table("lexical_items", column("place"), column("item_id"))
    matches = text("lexical MATCH :wanted").bindparams(wanted="text : (" + " AND ".join(f'"{w}"' for w in found) + "*)")
    number = text(
        "(lexical_items.place >> :serial_bits & :numbers) = "
        "(SELECT number FROM lexical_documents WHERE document_id = :of_document)"
    ).bindparams(serial_bits=_SERIAL_BITS, numbers=(1 << _NUMBER_BITS) - 1, of_document=document_id)
    bands = _bands(kind)
    return (
        select(items.c.item_id)
        .join(lexical, lexical.c.rowid == items.c.place)
        .where(matches, number, items.c.place.between(_range(bands[0], 0, 0)[0], _range(bands[-1] + 1, 0, 0)[0] - 1))
    )


def standing(
    connection: Connection,
    words: Iterable[str],
    *,
    kind: str,
    document_ids: Sequence[str] | None,
    most: int,
    between: tuple[int, int] | None = None,
) -> dict[str, Standing]:
    """Return where each word (in any of its endings) stands, in passages or in notes that are in use.

    ``document_ids`` ``None`` looks into all documents, whosever they are. No more than ``most`` places are read in a row.
    ``between``: only from the first of these places to the last, whatever documents are named.
    """
    band = _bands(kind)[0]
    if between is not None:
        ranges = [between]
    elif document_ids is None:
        ranges = [_range(band, 0, (1 << _NUMBER_BITS) - 1)]
    else:
        ranges = list(_ranges(band, _known(connection, document_ids).values()))
    cursor = connection.connection.cursor()  # rows by the ten thousand: a plain cursor takes a third of the time
    found = {}
    for word in dict.fromkeys(words):
        places: array[int] = array("q")
        whole = True
        for first, last in ranges:
            rows = cursor.execute(
                "SELECT rowid FROM lexical WHERE lexical MATCH ? AND rowid BETWEEN ? AND ? LIMIT ?",
                (f'"{word}"', first, last, most + 1),
            ).fetchall()
            whole = whole and len(rows) <= most
            places.extend([place for (place,) in rows[:most]])
        found[word] = Standing(places, whole)
    cursor.close()
    return found


def together(words: Sequence[str]) -> str:
    """Return what ``standing`` takes for the places where all the words stand."""
    return '" AND "'.join(words)


def numbers(connection: Connection, document_ids: Iterable[str]) -> dict[str, int]:
    """Return the number that each document has in places; see ``number_of``."""
    return _known(connection, list(document_ids))


def number_of(place: Any) -> Any:
    """Return the document's number in a place, or in each of an array of them."""
    return place >> _SERIAL_BITS & (1 << _NUMBER_BITS) - 1


def items_at(connection: Connection, places: Sequence[int]) -> dict[int, str]:
    """Return the ids of the items at these places."""
    query = "SELECT place, item_id FROM lexical_items WHERE place IN ({ids})"
    return dict(_rows_of(connection, query, places))


def places_of(connection: Connection, kind: str, ids: Sequence[str]) -> dict[int, str]:
    """Return the places of items that are in use, with their ids."""
    band = _bands(kind)[0]
    first, last = _range(band, 0, (1 << _NUMBER_BITS) - 1)
    query = "SELECT place, item_id FROM lexical_items WHERE item_id IN ({ids}) AND place BETWEEN ? AND ?"
    return dict(_rows_of(connection, query, ids, first, last))


def of_document(connection: Connection, document_id: str) -> list[Indexed]:
    """Return all that is indexed of a document."""
    number = _known(connection, [document_id]).get(document_id)
    found: list[Indexed] = []
    if number is None:
        return found
    for band in _bands(None):
        rows = connection.exec_driver_sql(
            "SELECT i.item_id, l.text, l.questions FROM lexical_items i JOIN lexical l ON l.rowid = i.place "
            "WHERE i.place BETWEEN ? AND ?",
            _range(band, number, number),
        )
        kind = "chunk" if band == _PASSAGES else "note"
        found += [Indexed(kind, row[0], row[1], row[2], band != _OUT_OF_USE) for row in rows]
    return found


def wanted(connection: Connection, items: Sequence[tuple[str, str, str]]) -> set[Indexed]:
    """Return what the index should have of ``(kind, item id, text)`` items of one document."""
    chunk_ids = [item_id for kind, item_id, _ in items if kind == "chunk"]
    asked = questions_of(connection, chunk_ids)
    out = _out_of_use(connection, [item_id for kind, item_id, _ in items if kind == "note"])
    return {
        Indexed("chunk", item_id, body, asked.get(item_id, ""), True)
        if kind == "chunk"
        else Indexed("note", item_id, body, "", item_id not in out)
        for kind, item_id, body in items
    }


def count(connection: Connection) -> tuple[int, int]:
    """Return how many texts and how many items there are: the same number, unless something is damaged."""
    texts = connection.exec_driver_sql("SELECT count(*) FROM lexical_docsize").scalar_one()
    items = connection.exec_driver_sql("SELECT count(*) FROM lexical_items").scalar_one()
    return texts, items


def _known(connection: Connection, document_ids: Sequence[str]) -> dict[str, int]:
    query = "SELECT document_id, number FROM lexical_documents WHERE document_id IN ({ids})"
    return dict(_rows_of(connection, query, document_ids))


def _ranges(band: int, numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Return the ranges of places of some documents, neighbours together; one that spans them all where they are many."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    if len(runs) > _MOST_RANGES:
        runs = [[runs[0][0], runs[-1][1]]]
    for first, last in runs:
        yield _range(band, first, last)


def _range(band: int, first: int, last: int) -> tuple[int, int]:
    """Return the first and the last place of the documents with these numbers."""
    begin = band << _NUMBER_BITS + _SERIAL_BITS
    return begin | first << _SERIAL_BITS, begin | (last + 1 << _SERIAL_BITS) - 1


def _bands(kind: str | None) -> tuple[int, ...]:
    return {"chunk": (_PASSAGES,), "note": (_NOTES, _OUT_OF_USE), None: (_PASSAGES, _NOTES, _OUT_OF_USE)}[kind]


def _rows_of(connection: Connection, query: str, ids: Sequence[Any], *more: int) -> list[Row[*tuple[Any, ...]]]:
    """Return the rows of a query for any number of ``ids``, which stand where it says "{ids}"; ``more`` are bound behind."""
    rows: list[Row[*tuple[Any, ...]]] = []
    for some in in_parts(ids):
        rows += connection.exec_driver_sql(query.replace("{ids}", ",".join("?" * len(some))), (*some, *more))
    return rows
