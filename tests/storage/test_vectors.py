import shutil
import subprocess
import sys

import numpy as np
import pytest

from stc.storage import documents as document_rows
from stc.storage import vectors
from stc.storage.database import Database
from stc.storage.vectors import VectorIndex
from stc.words import Document

DIMENSION = 16
EMBEDDER = "fake/1"


def random_vectors(count, seed=0):
    matrix = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


@pytest.fixture
def database(tmp_path):
    opened = Database(tmp_path / "stc.db")
    yield opened
    opened.close()


@pytest.fixture
def index(database, tmp_path):
    opened = VectorIndex(database, tmp_path / "chroma", worth_chroma=0)
    yield opened
    opened.close()


def add(database, document, count, seed=0, kind="chunk"):
    matrix = random_vectors(count, seed)
    with database.write() as connection:
        if document_rows.get(connection, "local", document) is None:
            made = Document(document, "local", document, "text/plain", 1, document, 0.0, 0.0, status="ready")
            document_rows.insert_document(connection, made)
        vectors.add(connection, kind, document, [(f"{document}-{kind}-{i}", v) for i, v in enumerate(matrix)], EMBEDDER)
    return matrix


def nearest(index, vector, documents=None, limit=5, kind="chunk"):
    return index.search(vector, kind=kind, document_ids=documents, embedder_name=EMBEDDER, limit=limit)


def test_the_nearest_come_first_with_their_cosine(database, index):
    matrix = add(database, "a", 50)
    found = nearest(index, matrix[7], ["a"])
    expected = np.sort(matrix @ matrix[7])[::-1][:5]
    assert found[0][0] == "a-chunk-7"
    assert np.allclose([score for _, score in found], expected, atol=1e-5)


def test_scope_and_kind_are_kept(database, index):
    matrix = add(database, "a", 20)
    add(database, "b", 20, seed=1)
    add(database, "a", 20, seed=2, kind="note")
    assert {item.split("-")[0] for item, _ in nearest(index, matrix[0], ["b"], 50)} == {"b"}
    assert {item.split("-")[1] for item, _ in nearest(index, matrix[0], ["a"], 50)} == {"chunk"}
    assert nearest(index, matrix[0], []) == []
    assert nearest(index, matrix[0], ["unknown"]) == []


def test_what_is_added_or_deleted_is_seen_at_once(database, index):
    matrix = add(database, "a", 20)
    assert len(nearest(index, matrix[0], ["a"], 50)) == 20
    add(database, "a", 25, seed=3)
    assert len(nearest(index, matrix[0], ["a"], 50)) == 25
    with database.write() as connection:
        document_rows.delete_document(connection, "a")
    assert nearest(index, matrix[0], ["a"]) == []
    assert nearest(index, matrix[0]) == []


def test_chroma_finds_what_the_exact_search_finds(database, index):
    matrix = add(database, "a", 300)
    exact = nearest(index, matrix[3])
    assert index.follow()
    found = nearest(index, matrix[3])
    assert [item for item, _ in found] == [item for item, _ in exact]
    assert np.allclose([score for _, score in found], [score for _, score in exact], atol=1e-3)


def test_what_chroma_has_not_seen_yet_is_found_and_what_is_gone_is_not(database, index):
    add(database, "a", 100)
    index.follow()
    late = add(database, "b", 10, seed=9)
    assert nearest(index, late[4])[0][0] == "b-chunk-4"
    with database.write() as connection:
        document_rows.delete_document(connection, "a")
    assert {item.split("-")[0] for item, _ in nearest(index, late[4], limit=50)} == {"b"}
    index.follow()
    assert {item.split("-")[0] for item, _ in nearest(index, late[4], limit=50)} == {"b"}


def test_only_one_process_writes_chroma(database, index, tmp_path):
    matrix = add(database, "a", 30)
    other = VectorIndex(database, tmp_path / "chroma", worth_chroma=0)
    assert index.follow()
    assert not other.follow()
    assert nearest(other, matrix[0])[0][0] == "a-chunk-0"
    index.close()
    assert other.follow()
    other.close()


@pytest.mark.parametrize("damage", ["deleted", "garbage", "emptied"])
def test_a_damaged_index_is_made_anew(database, index, tmp_path, damage):
    matrix = add(database, "a", 60)
    index.follow()
    index.close()
    directory = tmp_path / "chroma"
    if damage == "deleted":
        shutil.rmtree(directory)
    elif damage == "garbage":
        (directory / "chroma.sqlite3").write_bytes(b"garbage" * 1000)
    else:
        followed = (directory / "followed").read_text()
        shutil.rmtree(directory)
        directory.mkdir()
        (directory / "followed").write_text(followed)
    code = (
        "import sys; from pathlib import Path; from stc.storage.database import Database; "
        "from stc.storage.vectors import VectorIndex; d = Database(Path(sys.argv[1]));"
        "i = VectorIndex(d, Path(sys.argv[2]), worth_chroma=0); assert i.follow(); import numpy as np;"
        "v = np.frombuffer(bytes.fromhex(sys.argv[3]), dtype='<f4');"
        "print(i.search(v, kind='chunk', document_ids=None, embedder_name='fake/1', limit=1)[0][0]); i.close()"
    )
    # Chroma remembers open directories per process, so a process of its own stands for the next start.
    done = subprocess.run(
        [sys.executable, "-c", code, str(database.path), str(directory), matrix[5].tobytes().hex()],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "a-chunk-5", done.stderr


def test_few_vectors_are_searched_without_chroma(database, tmp_path):
    index = VectorIndex(database, tmp_path / "chroma", worth_chroma=1_000)
    matrix = add(database, "a", 30)
    assert not index.follow()
    assert nearest(index, matrix[0])[0][0] == "a-chunk-0"
    assert not (tmp_path / "chroma").exists()


def test_the_cosine_of_single_items_can_be_asked_for_before_and_after_a_search(database, index):
    matrix = add(database, "a", 5)
    wanted = pytest.approx({"a-chunk-0": 1.0, "a-chunk-3": float(matrix[0] @ matrix[3])}, abs=1e-5)
    nearness = index.compare(matrix[0], kind="chunk", document_ids=None, embedder_name=EMBEDDER)
    with database.read() as connection:
        assert nearness.of(connection, ["a-chunk-0", "a-chunk-3", "gone"]) == wanted
        assert nearness.best(1)[0][0] == "a-chunk-0"
        assert nearness.of(connection, ["a-chunk-0", "a-chunk-3", "gone"]) == wanted
        assert nearness.of(connection, []) == {}


def test_some_documents_of_a_scope_can_be_searched_once_more_by_themselves(database, index):
    matrix = add(database, "a", 5)
    add(database, "b", 5, seed=1)
    nearness = index.compare(matrix[0], kind="chunk", document_ids=None, embedder_name=EMBEDDER)
    assert nearness.best(1)[0][0] == "a-chunk-0"
    assert {item_id[0] for item_id, _ in nearness.best(9, document_ids=["b"])} == {"b"}


def test_what_changed_since_is_seen_while_the_rest_stays_in_memory(database, index):
    first = add(database, "b", 4)
    assert nearest(index, first[2])[0][0] == "b-chunk-2"
    later = add(database, "a", 3, seed=7)
    assert nearest(index, later[1])[0][0] == "a-chunk-1"
    assert nearest(index, first[2])[0][0] == "b-chunk-2"
    with database.write() as connection:
        document_rows.delete_document(connection, "b")
    assert {item_id[0] for item_id, _ in nearest(index, first[2])} == {"a"}
