"""SQL that makes, examines and repairs what hangs together: counts, orphans, the full-text index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, delete, func, select, update

from stc.storage import lexical, schema
from stc.storage.documents import count_all, record_changes
from stc.storage.loose_files import Loose
from stc.storage.schema import answers, chunks, documents, evidence, failures, ledger, notes, vectors
from stc.words import ONLY_PERSON, READ_AGAIN, SERVER

_PLACE = {
    "documents": documents,
    "passages": chunks,
    "prepared notes": notes,
    "answers": answers,
    "ledger rows": ledger,
}


def create(connection: Connection) -> None:
    """Make all tables and indexes of a new database as they are now, with the version for later migrations."""
    schema.metadata.create_all(connection, checkfirst=False)
    lexical.create(connection)
    connection.exec_driver_sql(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (schema.HEAD,))


def give_settings_to_the_server(connection: Connection) -> None:
    """Give settings and prices, but for a person's own, the owner that they have since people can sign in."""
    local, server = schema.prices.c.owner == ONLY_PERSON, {"owner": SERVER}
    connection.execute(update(schema.prices).where(local).values(server))
    of_a_person = schema.settings.c.name.in_(("effort", "page_seen_at"))
    connection.execute(
        update(schema.settings).where(schema.settings.c.owner == ONLY_PERSON, ~of_a_person).values(server)
    )


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


def loose_files(connection: Connection, living: Sequence[str]) -> list[Loose]:
    """Return the originals in the hands of processes that don't live any more, as far as can be seen from here."""
    rows = connection.execute(
        select(schema.loose_files.c.id, schema.loose_files.c.content_hash).where(
            schema.loose_files.c.holder.not_in(list(living))
        )
    )
    return [Loose(row.id, row.content_hash) for row in rows]


def _without_evidence() -> Select[Any]:
    return select(notes.c.id).where(notes.c.id.not_in(select(evidence.c.note_id)))


def _of_nothing(kind: str, table: Table) -> ColumnElement[bool]:
    return (vectors.c.kind == kind) & vectors.c.item_id.not_in(select(table.c.id))


def contradictions(connection: Connection) -> dict[str, int]:
    """Return how many there are of what can't be: notes that quote nothing, vectors of nothing; only what is there."""
    found = {"notes without evidence": len(connection.execute(_without_evidence()).all())}
    for kind, table, what in (("chunk", chunks, "passages"), ("note", notes, "notes")):
        counted = select(func.count()).select_from(vectors).where(_of_nothing(kind, table))
        found[f"vectors of {what} that are gone"] = connection.execute(counted).scalar_one()
    return {what: number for what, number in found.items() if number}


def drop_contradictions(connection: Connection) -> None:
    rows = connection.execute(select(notes.c.id, notes.c.document_id).where(notes.c.id.in_(_without_evidence()))).all()
    lexical.delete_items(connection, "note", [row.id for row in rows])
    connection.execute(delete(notes).where(notes.c.id.in_([row.id for row in rows])))
    for kind, table in (("chunk", chunks), ("note", notes)):
        gone = connection.execute(
            select(vectors.c.item_id, vectors.c.document_id).where(_of_nothing(kind, table))
        ).all()
        record_changes(connection, "delete", [(kind, row.item_id, row.document_id) for row in gone])
        connection.execute(delete(vectors).where(_of_nothing(kind, table)))


def _items(connection: Connection, document_id: str) -> list[tuple[str, str, str]]:
    """Return (kind, id, searchable text) of a document's passages and notes."""
    passages = select(chunks.c.id, chunks.c.heading, chunks.c.text).where(chunks.c.document_id == document_id)
    noted = select(notes.c.id, notes.c.question, notes.c.text).where(notes.c.document_id == document_id)
    return [
        ("chunk", row.id, f"{row.heading}\n{row.text}" if row.heading else row.text)
        for row in connection.execute(passages.order_by(chunks.c.ordinal))
    ] + [
        ("note", row.id, f"{row.question} {row.text}".strip())
        for row in connection.execute(noted.order_by(notes.c.created_at, notes.c.id))
    ]


def _document_ids(connection: Connection) -> list[str]:
    return list(connection.execute(select(documents.c.id)).scalars())


def lexical_difference(connection: Connection) -> int:
    """Return how many passages and notes are missing from the full-text index, too many in it, or not as they should be:
    in use though out of date, or without the questions that belong to them."""
    different = right = 0
    for document_id in _document_ids(connection):
        wanted = lexical.wanted(connection, _items(connection, document_id))
        there = lexical.of_document(connection, document_id)
        different += len(wanted.symmetric_difference(there)) + len(there) - len(set(there))
        right += len(there)
    texts, items = lexical.count(connection)
    return different + abs(texts - right) + abs(items - right)


def rebuild_lexical(connection: Connection) -> None:
    lexical.drop(connection)
    lexical.create(connection)
    for document_id in _document_ids(connection):
        items = _items(connection, document_id)
        for kind in ("chunk", "note"):
            of_kind = [(item_id, text) for each, item_id, text in items if each == kind]
            lexical.add(connection, kind, document_id, of_kind)


def without_vector(connection: Connection, embedder: str) -> list[tuple[str, str, str, str]]:
    """Return (kind, id, document id, searchable text) of what has no vector of this embedder; stale notes need none."""
    have = {
        (row.kind, row.item_id)
        for row in connection.execute(select(vectors.c.kind, vectors.c.item_id).where(vectors.c.embedder == embedder))
    }
    have |= {("note", row.id) for row in connection.execute(select(notes.c.id).where(notes.c.status == "stale"))}
    return [
        (kind, item_id, document_id, text)
        for document_id in _document_ids(connection)
        for kind, item_id, text in _items(connection, document_id)
        if (kind, item_id) not in have
    ]
