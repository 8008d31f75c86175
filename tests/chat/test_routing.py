import dataclasses

from stc.chat.routing import MOST_READ_FIRST_TOKENS, choose, question_coverage
from stc.chat.terms import stem
from stc.words import Hit

NOTE_HIT = Hit("note", "n", "d", 1, 1, "When does it leave?\n07:40", 5, 1.0, {})
CHUNK_HIT = Hit("chunk", "c1", "d", 1, 1, "It leaves at 07:40.", 5, 1.0, {})


def route(**changed):
    situation = {
        "effort": "medium",
        "prepared": None,
        "coverage": 1.0,
        "notes": [NOTE_HIT],
        "chunks": [CHUNK_HIT],
        "evidence_chunks": ["c1"],
        "offered": True,
    }
    return choose(**(situation | changed)).route


def test_an_answer_that_may_stand_is_reused_with_the_reason():
    assert route(prepared="this very question was prepared") == "reused"


def test_notes_answer_where_they_cover_the_question_and_search_in_the_text_agrees():
    assert route() == "notes"


def test_passages_answer_where_notes_do_not_cover_the_question():
    assert route(coverage=0.5) == "chunks"


def test_passages_answer_where_the_text_points_elsewhere():
    assert route(evidence_chunks=["c9"]) == "chunks"
    assert route(chunks=[dataclasses.replace(CHUNK_HIT, id="x"), CHUNK_HIT]) == "chunks"


def test_passages_answer_where_the_note_holds_nothing_of_the_kind_asked_for():
    assert route(offered=False) == "chunks"


def test_passages_answer_where_there_are_no_notes():
    assert route(notes=[], evidence_chunks=[]) == "chunks"


def test_thorough_reads_notes_and_passages():
    assert route(effort="high", coverage=0.1) == "notes+chunks"


def test_thorough_reads_a_short_text_whole_and_a_longer_one_in_passages():
    assert route(effort="high", whole=MOST_READ_FIRST_TOKENS) == "document"
    assert route(effort="high", whole=MOST_READ_FIRST_TOKENS, notes=[]) == "document"
    assert route(effort="high", whole=MOST_READ_FIRST_TOKENS + 1) == "notes+chunks"
    assert route(effort="high", whole=None) == "notes+chunks"
    assert route(effort="medium", whole=10) == "notes"
    assert route(effort="high", whole=10, prepared="this very question was prepared") == "reused"


def test_coverage_weighs_rare_words_more():
    rarity = {stem("ferry"): 0.1, stem("gull"): 2.0}
    assert question_coverage("gull ferry", ["the ferry"], rarity) < 0.1
    assert question_coverage("gull ferry", ["a gull"], rarity) > 0.9
    assert question_coverage("what is the", ["anything"], rarity) == 0.0
