"""SQL that examines and repairs what hangs together: counts, orphans, the full-text index."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from stc.storage import lexical
from stc.storage.documents import count_all
from stc.storage.schema import answers, chunks, documents, failures, ledger, notes, vectors
from stc.words import READ_AGAIN

_PLACE = {
    "documents": documents,
    "passages": chunks,
    "prepared notes": notes,
    "answers": answers,
    "ledger rows": ledger,
}


def integrity_problems(connection: Connection) -> list[str]:
    """Return what SQLite finds wrong with its file and its foreign keys; [] when it is sound."""
    found = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"]
    found += [f"a row of {row[0]} points nowhere" for row in connection.exec_driver_sql("PRAGMA foreign_key_check")]
    return found


def counts(connection: Connection) -> dict[str, int]:
    """Return how many there are of what a person counts; a new version that is being read is no document yet."""
    found = {
        name: connection.execute(select(func.count()).select_from(table)).scalar_one() for name, table in _PLACE.items()
    }
    return found | {"documents": count_all(connection)}


def content_hashes(connection: Connection) -> set[str]:
    """Return the hashes of all originals that some document needs, or a failed file's second try."""
    of_documents = connection.execute(select(documents.c.content_hash)).scalars()
    of_failures = connection.execute(
        select(failures.c.content_hash).where(failures.c.content_hash.is_not(None))
    ).scalars()
    return {each.removesuffix(READ_AGAIN) for each in of_documents} | set(of_failures)


def _items(connection: Connection) -> list[tuple[str, str, str, str]]:
    """Return (kind, id, document id, searchable text) of every passage and every note that is searched."""
    found = [
        ("chunk", row.id, row.document_id, f"{row.heading}\n{row.text}" if row.heading else row.text)
        for row in connection.execute(select(chunks.c.id, chunks.c.document_id, chunks.c.heading, chunks.c.text))
    ]
    found += [
        ("note", row.id, row.document_id, f"{row.question} {row.text}".strip())
        for row in connection.execute(select(notes.c.id, notes.c.document_id, notes.c.question, notes.c.text))
    ]
    return found


def lexical_difference(connection: Connection) -> int:
    """Return how many passages and notes are missing from the full-text index, or too many in it."""
    wanted = {(kind, item_id) for kind, item_id, _, _ in _items(connection)}
    there = [(row[0], row[1]) for row in connection.exec_driver_sql("SELECT kind, item_id FROM lexical")]
    return len(wanted.symmetric_difference(there)) + len(there) - len(set(there))


def rebuild_lexical(connection: Connection) -> None:
    connection.exec_driver_sql("DROP TABLE IF EXISTS lexical")
    lexical.create(connection)
    for kind, item_id, document_id, text in _items(connection):
        lexical.add(connection, kind, document_id, [(item_id, text)])


def without_vector(connection: Connection, embedder: str) -> list[tuple[str, str, str, str]]:
    """Return (kind, id, document id, searchable text) of what has no vector of this embedder; stale notes need none."""
    have = {
        (row.kind, row.item_id)
        for row in connection.execute(select(vectors.c.kind, vectors.c.item_id).where(vectors.c.embedder == embedder))
    }
    have |= {("note", row.id) for row in connection.execute(select(notes.c.id).where(notes.c.status == "stale"))}
    return [item for item in _items(connection) if (item[0], item[1]) not in have]
