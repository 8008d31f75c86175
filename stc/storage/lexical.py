"""Ranked full-text search: SQLite FTS5 in the same file. The one module that would change with another database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, column, select, table, text

_CREATE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS lexical USING fts5("
    "text, scope, kind UNINDEXED, item_id UNINDEXED, tokenize = 'porter unicode61 remove_diacritics 2')"
)
_WORD = re.compile(r"\w+")

STOP_WORDS = frozenset(
    "a about above after again against all am an and any are as at be because been before being below between both but by "
    "can could did do does doing down during each few for from further had has have having he her here hers him his how i "
    "if in into is it its itself just me more most my no nor not now of off on once only or other our ours out over own "
    "same she should so some such than that the their theirs them then there these they this those through to too under "
    "until up very was we were what when where which while who whom why will with would you your yours".split()
)


def create(connection: Connection) -> None:
    connection.exec_driver_sql(_CREATE)


def add(connection: Connection, kind: str, document_id: str, items: Sequence[tuple[str, str]]) -> None:
    """Index ``(item id, text)`` items of one document. ``kind`` is "chunk" or "note"."""
    if items:
        connection.exec_driver_sql(
            "INSERT INTO lexical (text, scope, kind, item_id) VALUES (?, ?, ?, ?)",
            [(text, f"d{document_id} k{kind}", kind, item_id) for item_id, text in items],
        )


def delete_document(connection: Connection, document_id: str, *, kind: str | None = None) -> None:
    """Delete what is indexed of a document: all of it, or the items of one kind."""
    scope = f'"d{document_id}"' + (f' AND "k{kind}"' if kind else "")
    connection.exec_driver_sql(
        "DELETE FROM lexical WHERE rowid IN (SELECT rowid FROM lexical WHERE lexical MATCH ?)", (f"scope : ({scope})",)
    )


def delete_items(connection: Connection, document_id: str, kind: str, ids: Sequence[str]) -> None:
    wanted = set(ids)
    rows = connection.exec_driver_sql(
        "SELECT rowid, item_id FROM lexical WHERE lexical MATCH ?", (f'scope : ("d{document_id}" AND "k{kind}")',)
    ).all()
    for rowid, item_id in rows:
        if item_id in wanted:
            connection.exec_driver_sql("DELETE FROM lexical WHERE rowid = ?", (rowid,))


def holding(words: str, *, kind: str, document_id: str) -> Select[Any] | None:
    """Return a query of the ids of a document's items that hold every word (in any of its endings), ``None`` where
    ``words`` has none. The last word may be only begun: this is for searching while one types."""
    found = _WORD.findall(words.lower())[:64]
    if not found:
        return None
    wanted = " AND ".join(f'"{word}"' for word in found) + "*"
    lexical = table("lexical", column("item_id"))
    matches = text("lexical MATCH :wanted").bindparams(
        wanted=f"text : ({wanted}) AND scope : ({_scope(kind, [document_id])})"
    )
    return select(lexical.c.item_id).where(matches)


def count(
    connection: Connection, words: Sequence[str], *, kind: str, document_ids: Sequence[str] | None
) -> dict[str, int]:
    """Return, for each word, how many items of the scope hold it (in any of its endings)."""
    scope = _scope(kind, document_ids)
    return {
        word: connection.exec_driver_sql(
            "SELECT count(*) FROM lexical WHERE lexical MATCH ?", (f'text : "{word}" AND scope : ({scope})',)
        ).scalar_one()
        for word in dict.fromkeys(words)
    }


def documents(connection: Connection, word: str, *, kind: str, document_ids: Sequence[str] | None) -> set[str]:
    """Return the documents of all items that hold a word (in any of its endings)."""
    rows = connection.exec_driver_sql(
        "SELECT DISTINCT scope FROM lexical WHERE lexical MATCH ?",
        (f'text : "{word}" AND scope : ({_scope(kind, document_ids)})',),
    )
    return {scope.split(" ", 1)[0].removeprefix("d") for (scope,) in rows}


def _scope(kind: str, document_ids: Sequence[str] | None) -> str:
    scope = f'"k{kind}"'
    if document_ids is not None:
        scope += " AND (" + " OR ".join(f'"d{document_id}"' for document_id in document_ids) + ")"
    return scope


def search(
    connection: Connection, question: str, *, kind: str, document_ids: Sequence[str] | None, limit: int
) -> list[tuple[str, float]]:
    """Return up to ``limit`` (item id, BM25 score) pairs, best first; higher is better.

    ``document_ids`` ``None`` searches all documents. A question of stop words only is searched with them. Notes that are
    out of date or hidden are not found.
    """
    words = _WORD.findall(question.lower())[:64]
    words = [word for word in words if word not in STOP_WORDS] or words
    if not words or document_ids == []:
        return []
    terms = " OR ".join(f'"{word}"' for word in dict.fromkeys(words))
    rows = connection.exec_driver_sql(
        "SELECT item_id, -bm25(lexical, 1.0, 0.0) AS score FROM lexical WHERE lexical MATCH ? AND (kind <> 'note' OR "
        "item_id NOT IN (SELECT id FROM notes WHERE status <> 'verified')) ORDER BY score DESC LIMIT ?",
        (f"text : ({terms}) AND scope : ({_scope(kind, document_ids)})", limit),
    )
    return [(row[0], row[1]) for row in rows]
