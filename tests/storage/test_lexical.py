import pytest

from stc.storage import lexical
from stc.storage.database import Database


@pytest.fixture
def connection(tmp_path):
    database = Database(tmp_path / "stc.db")
    with database.write() as opened:
        lexical.add(
            opened, "chunk", "d1", [("a", "Ferries leave the pier."), ("b", "The pier is long; the pier is old.")]
        )
        lexical.add(opened, "chunk", "d2", [("c", "The lighthouse stands on the pier.")])
        lexical.add(opened, "note", "d1", [("n", "When do ferries leave?")])
        yield opened
    database.close()


def found(connection, question, kind="chunk", document_ids=None, limit=10):
    return [item for item, _ in lexical.search(connection, question, kind=kind, document_ids=document_ids, limit=limit)]


def test_the_item_with_most_of_the_rare_words_comes_first(connection):
    assert found(connection, "Where does the ferry leave from?")[0] == "a"
    assert set(found(connection, "the pier")) == {"a", "b", "c"}


def test_kind_and_documents_limit_the_search(connection):
    assert found(connection, "ferries", kind="note") == ["n"]
    assert found(connection, "pier", document_ids=["d2"]) == ["c"]
    assert found(connection, "pier", document_ids=[]) == []
    assert len(found(connection, "pier", limit=2)) == 2


def test_words_are_counted_in_any_of_their_endings_within_the_scope(connection):
    assert lexical.count(connection, ["ferry", "pier"], kind="chunk", document_ids=None) == {"ferry": 1, "pier": 3}
    assert lexical.count(connection, ["pier"], kind="chunk", document_ids=["d1"]) == {"pier": 2}
    assert lexical.count(connection, ["pier"], kind="note", document_ids=None) == {"pier": 0}


def test_deleted_items_and_documents_are_not_found(connection):
    lexical.delete_items(connection, "d1", "chunk", ["b"])
    assert set(found(connection, "pier")) == {"a", "c"}
    lexical.delete_document(connection, "d1")
    assert found(connection, "pier ferries") == ["c"]
    assert found(connection, "ferries", kind="note") == []
