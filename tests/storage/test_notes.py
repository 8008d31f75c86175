from __future__ import annotations

import pytest

from stc.sleep import passes
from stc.storage import notes as note_rows
from stc.words import Evidence, NoteDraft
from tests.sleep.library import add

SAID = [
    ("answer", "How long is the Rhine?", "About 1,230 km.", 1),
    ("answer", "How many stations are there?", "12 stations between Basel and Emmerich.", 2),
    ("definition", "What is the Rhine?", "A European river.", 1),
    ("summary", "", "The Rhine and its authority.", 1),
]


@pytest.fixture
def document(services):
    """A document with four notes."""
    one = add(services)
    notes = [
        passes.make_note(
            NoteDraft(kind, question, text, (Evidence(page, "The Rhine"),)),
            (),
            owner=services.owner,
            document_id=one.id,
            task_id=None,
            thinker="model",
            model="some/model",
            at=float(position),
        )
        for position, (kind, question, text, page) in enumerate(SAID)
    ]
    vectors = services.embedder.encode([passes.embedded_text(note) for note in notes])
    with services.database.write() as connection:
        passes.add_notes(connection, one.id, notes, vectors, services.embedder.name)
    return one


def browse(services, document, **wanted):
    with services.database.read() as connection:
        return [note.text for note in note_rows.browse(connection, document.id, **wanted)]


def test_notes_are_listed_by_the_page_that_they_quote_a_part_at_a_time(services, document):
    everything = [SAID[0][2], SAID[2][2], SAID[3][2], SAID[1][2]]
    assert browse(services, document) == everything
    assert browse(services, document, limit=2, offset=1) == everything[1:3]
    assert browse(services, document, kinds=("answer", "definition")) == [SAID[0][2], SAID[2][2], SAID[1][2]]
    assert browse(services, document, with_question=True, limit=2) == everything[:2]
    assert browse(services, document, status="stale") == []


def test_notes_are_found_by_all_the_words_and_the_beginning_of_the_last(services, document):
    assert browse(services, document, words="rhine long") == ["About 1,230 km."]
    assert browse(services, document, words="STATION ba") == ["12 stations between Basel and Emmerich."]
    assert browse(services, document, words="rhine stations") == []
    assert browse(services, document, words='"?* ') == browse(services, document), "no word, no limit"
    assert browse(services, document, words='km" OR text : "rhine') == [], "what is typed is no query language"


def test_notes_are_counted_by_status_and_kind(services, document):
    with services.database.read() as connection:
        assert note_rows.tally(connection, document.id) == {
            ("verified", "answer"): 2,
            ("verified", "definition"): 1,
            ("verified", "summary"): 1,
        }
        assert note_rows.tally(connection, document.id, words="stations") == {("verified", "answer"): 1}
        assert note_rows.tally(connection, "another") == {}
