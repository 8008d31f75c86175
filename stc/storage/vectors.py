"""Nearest vectors. The database holds every vector; Chroma is a projection of it that can be rebuilt at any moment.

Chroma's embedded client is corrupted by a second writing process, so only the holder of a lock opens it, and only
``follow`` writes to it, along the sequence of ``changes``. Every search also covers, exactly, what Chroma has not seen
yet; a process without the lock searches exactly, and so does everyone within a few documents, where that is faster.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, func, insert, select, text

from stc.errors import StcError
from stc.storage.database import MOST_VARIABLES, Database, in_parts
from stc.storage.documents import record_changes
from stc.storage.schema import changes, vectors

Matrix = NDArray[np.float32]

logger = logging.getLogger(__name__)
_BATCH = 2_000
_CACHED_BYTES = 512 * 2**20
_EXACT_DOCUMENTS = 64
"""Up to so many documents in scope an exact search is faster than Chroma's filter (26 ms at 50,000 vectors)."""


def add(
    connection: Connection, kind: str, document_id: str, items: Sequence[tuple[str, Matrix]], embedder_name: str
) -> None:
    """Store ``(item id, vector)`` items; each vector is float32 of unit length. Existing ones are replaced."""
    if not items:
        return
    connection.execute(
        delete(vectors).where(
            vectors.c.kind == kind,
            vectors.c.embedder == embedder_name,
            vectors.c.item_id.in_([item_id for item_id, _ in items]),
        )
    )
    connection.execute(
        insert(vectors),
        [
            {
                "kind": kind,
                "item_id": item_id,
                "embedder": embedder_name,
                "document_id": document_id,
                "dimension": len(vector),
                "vector": np.asarray(vector, dtype="<f4").tobytes(),
            }
            for item_id, vector in items
        ],
    )
    record_changes(connection, "upsert", [(kind, item_id, document_id) for item_id, _ in items])


def of_document(connection: Connection, kind: str, document_id: str, embedder_name: str) -> dict[str, Matrix]:
    """Return the vectors of a document's items by their ids; each is float32 of unit length."""
    rows = connection.execute(
        select(vectors.c.item_id, vectors.c.vector).where(
            vectors.c.kind == kind, vectors.c.document_id == document_id, vectors.c.embedder == embedder_name
        )
    )
    return {row.item_id: np.frombuffer(row.vector, dtype="<f4") for row in rows}


@dataclass(frozen=True)
class _Block:
    """The vectors of one kind and embedder, of one document or of all: ``matrix[i]`` belongs to ``ids[i]``, the rows of
    ``documents[d]`` are ``bounds[d]`` to ``bounds[d + 1]``."""

    sequence: int
    ids: tuple[str, ...]
    documents: tuple[str, ...]
    bounds: tuple[int, ...]
    matrix: Matrix

    @cached_property
    def rows(self) -> dict[str, int]:
        """The row of each item."""
        return {item_id: row for row, item_id in enumerate(self.ids)}

    @cached_property
    def ranges(self) -> dict[str, tuple[int, int]]:
        """The first row of each document, and the one behind its last."""
        return dict(zip(self.documents, pairwise(self.bounds), strict=True))


class Nearness:
    """How near the items of a scope are to a question, by cosine. What is asked for several times is computed once."""

    def __init__(
        self, index: VectorIndex, question_vector: Matrix, kind: str, document_ids: Sequence[str] | None, embedder: str
    ) -> None:
        self._index = index
        self._vector = question_vector
        self._kind = kind
        self._document_ids = document_ids
        self._embedder = embedder
        self._compared: list[tuple[_Block, Matrix]] | None = None

    def best(
        self, limit: int, *, document_ids: Sequence[str] | None = None, among: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """Return up to ``limit`` (item id, cosine) pairs, best first, of the scope, of some of its documents, or ``among``
        some of its items."""
        if among is not None:
            if self._compared is None:
                self._compared = self._index.exact(self._vector, self._kind, self._document_ids, self._embedder)
            chosen: list[tuple[Sequence[str], Matrix]] = []
            for block, cosines in self._compared:
                rows = [block.rows[item_id] for item_id in among if item_id in block.rows]
                chosen.append(([block.ids[row] for row in rows], cosines[rows]))
            return _best(chosen, limit)
        if document_ids is None and self._compared is None:
            found = self._index.of_chroma(self._vector, self._kind, self._document_ids, self._embedder, limit)
            if found is not None:
                return found
            self._compared = self._index.exact(self._vector, self._kind, self._document_ids, self._embedder)
        wanted = self._document_ids if document_ids is None else document_ids
        compared = self._compared
        if compared is None:
            compared = self._index.exact(self._vector, self._kind, wanted, self._embedder)
        scored: list[tuple[Sequence[str], Matrix]] = []
        for block, cosines in compared:
            if wanted is None:
                scored.append((block.ids, cosines))
                continue
            for document_id in wanted:
                if document_id in block.ranges:
                    first, last = block.ranges[document_id]
                    scored.append((block.ids[first:last], cosines[first:last]))
        return _best(scored, limit)

    def of(self, connection: Connection, item_ids: Sequence[str]) -> dict[str, float]:
        """Return the cosine of each item that has a vector."""
        found = {
            item_id: float(cosines[block.rows[item_id]])
            for block, cosines in self._compared or ()
            for item_id in item_ids
            if item_id in block.rows
        }
        left = [item_id for item_id in item_ids if item_id not in found]
        for some in in_parts(left):
            rows = connection.execute(
                select(vectors.c.item_id, vectors.c.vector).where(
                    vectors.c.kind == self._kind,
                    vectors.c.embedder == self._embedder,
                    vectors.c.item_id.in_(some),
                )
            ).all()
            if rows:
                cosines = _matrix([row.vector for row in rows]) @ self._vector
                found.update(zip((row.item_id for row in rows), cosines.tolist(), strict=True))
        return found


class VectorIndex:
    """Search over the vectors of one storage. Thread-safe; opening it costs nothing.

    ``directory`` is Chroma's own; whatever happens to it, the next ``follow`` makes it anew from the database.
    """

    def __init__(self, database: Database, directory: Path, *, worth_chroma: int = 1_000) -> None:
        self._database = database
        self._directory = directory
        self._worth_chroma = worth_chroma
        self._lock = threading.RLock()
        self._file_lock = FileLock(str(directory) + ".lock", thread_local=False)
        self._client: Any = None
        self._broken = False
        self._told = ""
        self._blocks: OrderedDict[tuple[str, str, str], _Block] = OrderedDict()

    def search(
        self, question_vector: Matrix, *, kind: str, document_ids: Sequence[str] | None, embedder_name: str, limit: int
    ) -> list[tuple[str, float]]:
        """Return up to ``limit`` (item id, cosine) pairs, best first.

        ``document_ids`` ``None`` searches the documents of everybody: the caller answers for whose they are.
        """
        nearness = self.compare(question_vector, kind=kind, document_ids=document_ids, embedder_name=embedder_name)
        return nearness.best(limit)

    def compare(
        self, question_vector: Matrix, *, kind: str, document_ids: Sequence[str] | None, embedder_name: str
    ) -> Nearness:
        """Return how near the items of a scope are; see ``search``."""
        return Nearness(self, question_vector, kind, document_ids, embedder_name)

    def of_chroma(
        self, question_vector: Matrix, kind: str, document_ids: Sequence[str] | None, embedder: str, limit: int
    ) -> list[tuple[str, float]] | None:
        """Return what Chroma finds, ``None`` where it can't be asked or the exact search is faster."""
        if document_ids is not None and len(document_ids) <= _EXACT_DOCUMENTS:
            return None
        return self._search_chroma(question_vector, kind, document_ids, embedder, limit)

    def exact(
        self, question_vector: Matrix, kind: str, document_ids: Sequence[str] | None, embedder: str
    ) -> list[tuple[_Block, Matrix]]:
        """Return blocks of vectors, each with its cosines, that hold the scope and perhaps more."""
        few = document_ids is not None and len(document_ids) <= _EXACT_DOCUMENTS
        with self._database.read() as connection:
            wanted = document_ids if document_ids is not None and few else ("",)
            newest = _newest(connection, kind, wanted)
            blocks = [
                self._block(connection, kind, embedder, document_id, newest[document_id]) for document_id in wanted
            ]
        return [(block, block.matrix @ question_vector) for block in blocks if block.ids]

    def follow(self) -> bool:
        """Bring Chroma up to the database, where this process may write it; say whether it may.

        Called now and then by the background of the app, by nobody else. Does nothing while there are so few vectors that
        the exact search is faster.
        """
        with self._lock:
            with self._database.read() as connection:
                total = connection.execute(select(func.count()).select_from(vectors)).scalar_one()
            if self._client is None and total < self._worth_chroma:
                return False
            try:
                if not self._file_lock.is_locked:
                    self._file_lock.acquire(timeout=0)
                if self._client is None:
                    self._open()
                while self._follow_batch():
                    pass
            except Timeout:
                return False
            except StcError:
                raise
            except Exception as error:  # noqa: BLE001 - what Chroma's Rust part raises has no common name
                self._give_up(error)
                return False
            return True

    def close(self) -> None:
        with self._lock:
            self._forget_client()
            self._blocks.clear()
            self._file_lock.release(force=True)

    # Exact search

    def _block(self, connection: Connection, kind: str, embedder: str, document_id: str, sequence: int) -> _Block:
        """Return the vectors of one document ("" for all) as of its newest change, from memory where that is known."""
        of_kind = [changes.c.kind == kind, *([changes.c.document_id == document_id] if document_id else [])]
        key = (kind, embedder, document_id)
        with self._lock:
            before = self._blocks.get(key)
            if before is not None and before.sequence == sequence:
                self._blocks.move_to_end(key)
                return before
        query = select(vectors.c.item_id, vectors.c.document_id, vectors.c.vector).where(
            vectors.c.kind == kind,
            vectors.c.embedder == embedder,
            *([vectors.c.document_id == document_id] if document_id else []),
        )
        touched = None
        if before is not None:
            since = select(changes.c.item_id).where(*of_kind, changes.c.sequence > before.sequence).distinct()
            touched = connection.execute(since.limit(MOST_VARIABLES + 1)).scalars().all()
        if before is not None and touched is not None and len(touched) <= MOST_VARIABLES:
            # So little has changed that the rest stays in memory.
            block = _renewed(
                before, sequence, touched, connection.execute(query.where(vectors.c.item_id.in_(touched))).all()
            )
        else:
            rows = connection.execute(query).all()
            block = _sorted(
                sequence,
                np.array([row.item_id for row in rows], dtype=object),
                np.array([row.document_id for row in rows], dtype=object),
                _matrix([row.vector for row in rows]),
            )
        with self._lock:
            self._blocks[key] = block
            self._blocks.move_to_end(key)
            while len(self._blocks) > 1 and sum(each.matrix.nbytes for each in self._blocks.values()) > _CACHED_BYTES:
                self._blocks.popitem(last=False)
        return block

    # Chroma

    def _search_chroma(
        self, question_vector: Matrix, kind: str, document_ids: Sequence[str] | None, embedder: str, limit: int
    ) -> list[tuple[str, float]] | None:
        """Return what Chroma finds, with what it has not seen yet, or ``None`` where it can't be asked."""
        with self._lock:
            if self._client is None:
                return None
            followed = self._followed()
            try:
                collection = self._client.get_or_create_collection(
                    _collection(kind, embedder), embedding_function=None, metadata={"hnsw:space": "cosine"}
                )
                there = collection.count()
                if there == 0:
                    return None
                # More than asked for: some may be deleted by now, or lie outside the scope.
                reply = collection.query(
                    query_embeddings=[question_vector.tolist()],
                    n_results=min(there, limit * 4 + 20),
                    include=["distances"],
                )
            except Exception as error:  # noqa: BLE001 - what Chroma's Rust part raises has no common name
                self._give_up(error)
                return None
        ids, distances = reply["ids"][0], reply["distances"][0]
        with self._database.read() as connection:
            rows = connection.execute(
                select(vectors.c.item_id, vectors.c.document_id).where(
                    vectors.c.kind == kind, vectors.c.embedder == embedder, vectors.c.item_id.in_(ids)
                )
            )
            known = {row.item_id: row.document_id for row in rows}
            tail = connection.execute(
                select(vectors.c.item_id, vectors.c.document_id, vectors.c.vector)
                .join(changes, (changes.c.item_id == vectors.c.item_id) & (changes.c.kind == vectors.c.kind))
                .where(changes.c.sequence > followed, vectors.c.kind == kind, vectors.c.embedder == embedder)
                .distinct()
            ).all()
        wanted = None if document_ids is None else set(document_ids)
        newer = {row.item_id for row in tail}
        found = [
            (item_id, 1.0 - float(distance))
            for item_id, distance in zip(ids, distances, strict=True)
            if item_id in known and item_id not in newer and (wanted is None or known[item_id] in wanted)
        ]
        found += [
            (row.item_id, float(np.frombuffer(row.vector, dtype="<f4") @ question_vector))
            for row in tail
            if wanted is None or row.document_id in wanted
        ]
        found.sort(key=lambda pair: -pair[1])
        if len(found) < limit and wanted is not None:
            return None  # a narrow scope: the exact search finds what the nearest of all did not include
        return found[:limit]

    def _open(self) -> None:
        """Open Chroma's directory, or make it anew when it is missing, damaged, or not what the database says."""
        there = self._directory.exists() or self._directory.is_symlink()
        if there and (self._broken or not self._sound()):
            logger.warning("The vector index was damaged and is made anew from the database")
            if self._directory.is_dir() and not self._directory.is_symlink():
                shutil.rmtree(self._directory)
            else:
                self._directory.unlink()
        self._directory.mkdir(parents=True, exist_ok=True)
        self._client = _client(self._directory)
        self._broken = False

    def _give_up(self, error: Exception) -> None:
        """Do without Chroma until the next ``follow`` has made it anew; every search is exact meanwhile."""
        if str(error) != self._told:  # the next try follows in seconds
            self._told = str(error)
            logger.warning("The vector index can't be used, searches do without it: %s", error)
        self._forget_client()
        self._broken = True

    def _forget_client(self) -> None:
        if self._client is not None:
            with contextlib.suppress(Exception):  # a broken one may be unable to close
                self._client.close()
        self._client = None

    def _sound(self) -> bool:
        """Say whether Chroma can be opened and holds what it should; a child looks, because a crash can't be caught."""
        if not self._directory.is_dir():
            return False
        try:
            probe = subprocess.run(
                [sys.executable, "-m", "stc.storage.vectors", str(self._directory)],
                capture_output=True,
                text=True,
                timeout=120,
                check=True,
                cwd=Path(__file__).resolve().parents[2],
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return False
        followed = self._followed()
        with self._database.read() as connection:
            newest = connection.execute(select(func.max(changes.c.sequence))).scalar() or 0
            total = connection.execute(select(func.count()).select_from(vectors)).scalar_one()
            behind = connection.execute(
                select(func.count()).select_from(changes).where(changes.c.sequence > followed)
            ).scalar_one()
        # What was lost is seen by the count; how far it may differ is what has changed since.
        return followed <= newest and abs(int(probe.stdout) - total) <= behind

    def _followed(self) -> int:
        try:
            return int((self._directory / "followed").read_text())
        except (OSError, ValueError):
            return 0

    def _follow_batch(self) -> bool:
        """Take over the next changes; return whether there were any."""
        followed = self._followed()
        with self._database.read() as connection:
            batch = connection.execute(
                select(changes).where(changes.c.sequence > followed).order_by(changes.c.sequence).limit(_BATCH)
            ).all()
            touched = {(row.kind, row.item_id): row.document_id for row in batch}
            rows = connection.execute(
                select(vectors).where(vectors.c.item_id.in_({item_id for _, item_id in touched}))
            ).all()
        if not batch:
            return False
        upserts: dict[str, list[Any]] = {}
        for row in rows:
            if (row.kind, row.item_id) in touched:
                upserts.setdefault(_collection(row.kind, row.embedder), []).append(row)
        there = {(row.kind, row.item_id) for row in rows}
        for name, items in upserts.items():
            collection = self._client.get_or_create_collection(
                name, embedding_function=None, metadata={"hnsw:space": "cosine"}
            )
            collection.upsert(
                ids=[row.item_id for row in items],
                embeddings=[np.frombuffer(row.vector, dtype="<f4") for row in items],
                metadatas=[{"document_id": row.document_id} for row in items],
            )
        gone = [key for key in touched if key not in there]
        for listed in self._client.list_collections() if gone else ():
            ids = [item_id for kind, item_id in gone if listed.name.startswith(f"{kind}-")]
            if ids:
                listed.delete(ids=ids)
        (self._directory / "followed").write_text(str(batch[-1].sequence))
        return True


def _newest(connection: Connection, kind: str, document_ids: Sequence[str]) -> dict[str, int]:
    """Return the sequence of each document's newest change, 0 where there was none; "" stands for all documents."""
    if list(document_ids) == [""]:
        newest = select(changes.c.sequence).where(changes.c.kind == kind).order_by(changes.c.sequence.desc()).limit(1)
        return {"": connection.execute(newest).scalar() or 0}
    # In one row: with many threads each row that comes from the database waits for its turn to compute.
    query = text(
        """
        SELECT json_group_object(wanted.value, coalesce((
            SELECT sequence FROM changes WHERE kind = :kind AND document_id = wanted.value ORDER BY sequence DESC LIMIT 1
        ), 0)) FROM json_each(:wanted) AS wanted
        """
    )
    found = connection.execute(query, {"kind": kind, "wanted": json.dumps(list(document_ids))}).scalar_one()
    of_each: dict[str, int] = json.loads(found)
    return of_each


def _renewed(before: _Block, sequence: int, touched: Sequence[str], rows: Sequence[Any]) -> _Block:
    """Return a block with the touched items as they are now."""
    gone = [before.rows[item_id] for item_id in touched if item_id in before.rows]
    lengths = np.diff(before.bounds)
    ids = np.delete(np.array(before.ids, dtype=object), gone)
    held = np.delete(np.repeat(np.array(before.documents, dtype=object), lengths), gone)
    matrix = np.delete(before.matrix, gone, axis=0)
    if rows:
        ids = np.concatenate([ids, np.array([row.item_id for row in rows], dtype=object)])
        held = np.concatenate([held, np.array([row.document_id for row in rows], dtype=object)])
        fresh = _matrix([row.vector for row in rows])
        matrix = np.concatenate([matrix, fresh]) if len(matrix) else fresh
    return _sorted(sequence, ids, held, matrix)


def _sorted(sequence: int, ids: NDArray[Any], held: NDArray[Any], matrix: Matrix) -> _Block:
    """Return a block of items in any order, ``held[i]`` being the document of ``ids[i]``."""
    order = sorted(range(len(ids)), key=lambda row: (held[row], ids[row]))
    if order != list(range(len(ids))):
        ids, held, matrix = ids[order], held[order], matrix[order]
    firsts = {document_id: row for row, document_id in reversed(list(enumerate(held.tolist())))}
    documents = tuple(sorted(firsts))
    bounds = (*(firsts[document_id] for document_id in documents), len(ids))
    return _Block(sequence, tuple(ids.tolist()), documents, bounds, matrix)


def _matrix(blobs: Sequence[bytes]) -> Matrix:
    return np.frombuffer(b"".join(blobs), dtype="<f4").reshape(len(blobs), -1) if blobs else _NONE


_NONE: Matrix = np.zeros((0, 1), dtype=np.float32)


def _best(scored: Sequence[tuple[Sequence[str], Matrix]], limit: int) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for ids, scores in scored:
        top = np.argpartition(-scores, limit)[:limit] if len(scores) > limit else range(len(scores))
        found += [(ids[i], float(scores[i])) for i in top if np.isfinite(scores[i])]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit]


def _collection(kind: str, embedder: str) -> str:
    return f"{kind}-{hashlib.sha256(embedder.encode()).hexdigest()[:16]}"


def _client(directory: Path) -> Any:
    os.environ["ANONYMIZED_TELEMETRY"] = "False"
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(str(directory), settings=Settings(anonymized_telemetry=False))


def _probe(directory: Path) -> int:
    """Open every collection, count and search it; return the number of vectors. Crashes where Chroma does."""
    total = 0
    for collection in _client(directory).list_collections():
        count = collection.count()
        if count:
            sample = collection.get(limit=1, include=["embeddings"])["embeddings"][0]
            collection.query(query_embeddings=[sample], n_results=1, include=["distances"])
        total += count
    return total


if __name__ == "__main__":
    sys.stdout.write(str(_probe(Path(sys.argv[1]))))
