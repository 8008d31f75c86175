import pytest

from stc.storage import documents as document_rows
from stc.storage import lexical, upkeep
from stc.storage import notes as note_rows
from stc.storage.database import Database
from stc.words import Chunk, Document, Evidence, Note


def document(document_id):
    return Document(document_id, "me", f"{document_id}.txt", "text/plain", 1, document_id, 1.0, 1.0, 1.0, "ready")


def note(note_id, question, *chunk_ids):
    evidence = tuple(Evidence(1, "a quote", chunk_id) for chunk_id in chunk_ids)
    return Note(
        note_id, "me", "d1", None, "answer", question, "An answer.", None, evidence, "verified", "model", "m", 9, 0, 1.0
    )


@pytest.fixture
def connection(tmp_path):
    database = Database(tmp_path / "stc.db")
    with database.write() as opened:
        for document_id, texts in (
            ("d1", {"a": "Ferries leave the pier.", "b": "The pier is long; the pier is old."}),
            ("d2", {"c": "The lighthouse stands on the pier."}),
        ):
            document_rows.insert_document(opened, document(document_id))
            document_rows.add_chunks(
                opened,
                [Chunk(each, document_id, i, 1, 1, "", text, 9, ()) for i, (each, text) in enumerate(texts.items())],
            )
            lexical.add(opened, "chunk", document_id, list(texts.items()))
        add(opened, note("n", "When do ferries leave?", "a"))
        yield opened
    database.close()


def add(connection, new):
    note_rows.add(connection, [new])
    lexical.add(connection, "note", new.document_id, [(new.id, f"{new.question} {new.text}")])


def found(connection, word, kind="chunk", document_ids=None, most=10):
    standing = lexical.standing(connection, [word], kind=kind, document_ids=document_ids, most=most)[word]
    return set(lexical.items_at(connection, standing.places).values())


def test_a_word_is_found_in_any_of_its_endings(connection):
    assert found(connection, "ferry") == {"a"}
    assert found(connection, "piers") == {"a", "b", "c"}


def test_kind_and_documents_limit_the_search(connection):
    assert found(connection, "ferries", kind="note") == {"n"}
    assert found(connection, "pier", document_ids=["d2"]) == {"c"}
    assert found(connection, "pier", document_ids=["d1"]) == {"a", "b"}
    assert found(connection, "pier", document_ids=["d1", "d2", "gone"]) == {"a", "b", "c"}
    assert found(connection, "pier", document_ids=[]) == set()


def test_places_tell_the_document_and_come_in_order(connection):
    standing = lexical.standing(connection, ["pier"], kind="chunk", document_ids=None, most=10)["pier"]
    numbers = lexical.numbers(connection, ["d1", "d2"])
    assert [lexical.number_of(place) for place in standing.places] == [numbers["d1"], numbers["d1"], numbers["d2"]]
    assert list(standing.places) == sorted(standing.places)
    assert set(lexical.places_of(connection, "chunk", ["a", "b", "c"])) == set(standing.places)


def test_no_more_places_than_wanted_are_read_and_it_says_so(connection):
    read = lexical.standing(connection, ["pier", "lighthouse"], kind="chunk", document_ids=None, most=2)
    assert (len(read["pier"].places), read["pier"].whole) == (2, False)
    assert (len(read["lighthouse"].places), read["lighthouse"].whole) == (1, True)


def test_common_words_are_looked_up_together(connection):
    both = lexical.together(["pier", "old"])
    places = lexical.standing(connection, [both], kind="chunk", document_ids=None, most=10)[both].places
    assert lexical.items_at(connection, places) == {places[0]: "b"}


def test_deleted_items_and_documents_are_not_found(connection):
    lexical.delete_items(connection, "chunk", ["b"])
    assert found(connection, "pier") == {"a", "c"}
    lexical.delete_document(connection, "d1", kind="chunk")
    assert found(connection, "pier") == {"c"}
    assert found(connection, "ferries", kind="note") == {"n"}
    lexical.delete_document(connection, "d1")
    assert found(connection, "ferries", kind="note") == set()
    assert lexical.numbers(connection, ["d1", "d2"]).keys() == {"d2"}


def test_a_passage_is_found_by_the_questions_of_the_notes_that_quote_it(connection):
    assert found(connection, "architect") == set()
    add(connection, note("m", "Which architect drew it?", "b"))
    assert found(connection, "architect") == {"b"}
    note_rows.delete_notes(connection, ["m"])
    assert found(connection, "architect") == set()
    assert found(connection, "architect", kind="note") == set()


@pytest.mark.parametrize("status", ["hidden", "stale"])
def test_the_question_of_a_note_out_of_use_leaves_its_passage_and_comes_back_with_it(connection, status):
    assert found(connection, "when") == {"a"}
    if status == "stale":
        note_rows.make_stale(connection, "d1", ["n"])
    else:
        note_rows.set_status(connection, "me", "n", "hidden")
    assert found(connection, "when") == set()
    assert found(connection, "ferries", kind="note") == set()
    assert [each.id for each in note_rows.browse(connection, "d1", status=status, words="ferr")] == ["n"]
    note_rows.set_status(connection, "me", "n", "verified")
    assert found(connection, "when") == {"a"}
    assert found(connection, "ferries", kind="note") == {"n"}


def test_a_new_passage_brings_the_questions_of_notes_that_quote_it_already(connection):
    lexical.delete_document(connection, "d1", kind="chunk")
    lexical.add(connection, "chunk", "d1", [("a", "Ferries leave the pier.")])
    assert found(connection, "when") == {"a"}


def test_what_is_not_as_it_should_be_is_counted_and_mended(connection):
    assert upkeep.lexical_difference(connection) == 0
    connection.exec_driver_sql("UPDATE lexical SET questions = 'Which architect drew it?' WHERE text LIKE 'The pier%'")
    connection.exec_driver_sql("UPDATE notes SET status = 'stale'")
    lexical.delete_items(connection, "chunk", ["c"])
    connection.exec_driver_sql("INSERT INTO lexical_documents (number, document_id) VALUES (77, 'gone')")
    connection.exec_driver_sql(f"INSERT INTO lexical_items (place, item_id) VALUES ({77 << 24}, 'left')")
    assert upkeep.lexical_difference(connection) >= 4
    upkeep.rebuild_lexical(connection)
    assert upkeep.lexical_difference(connection) == 0
    assert found(connection, "architect") == set()
    assert found(connection, "when") == set()
    assert found(connection, "lighthouse") == {"c"}
