"""Prepared questions are offered from around an answer, each once, and cost nothing."""

from __future__ import annotations

import pytest

from stc.chat import rating, suggesting
from stc.chat.answering import ask
from stc.meter import totals
from stc.services import Services
from stc.sleep import demand, run
from stc.storage import conversations, notes
from stc.storage import ledger as ledger_rows
from stc.words import Evidence, NoteDraft
from tests.chat.library import add, model
from tests.fakes import ModelServer

TEXT = """# The pier

The pier was built in 1904 by Ole Dahl. The pier is 120 metres long. The pier cost 9,000 crowns. The pier has two lamps.
"""
PREPARED = {
    "Who built the pier?": "The pier was built in 1904 by Ole Dahl.",
    "How long is the pier?": "The pier is 120 metres long.",
    "What is the length of the pier?": "The pier is 120 metres long.",
    "How much did the pier cost?": "The pier cost 9,000 crowns.",
    "How many lamps does the pier have?": "The pier has two lamps.",
}


@pytest.fixture
def pier(services):
    document_id = add(services, "pier.md", TEXT.encode())
    drafts = [NoteDraft("answer", question, quote, (Evidence(1, quote),)) for question, quote in PREPARED.items()]
    run.adopt(services, document_id, drafts, model="m")
    return document_id


def built(connection, document_id):
    return next(one for one in notes.of_document(connection, document_id) if one.question == "Who built the pier?")


def offered(services, answer, asked=()):
    return [note.question for note in suggesting.follow_ups(services, answer, asked)]


def test_at_most_three_are_offered_and_none_that_was_asked_in_whatever_words(services, pier):
    answer = ask(services, "Who built the pier?", document_ids=[pier])
    assert "1904" in answer.text
    first = offered(services, answer)
    assert len(first) == suggesting.MOST
    assert "Who built the pier?" not in first
    assert len({"How long is the pier?", "What is the length of the pier?"} & set(first)) == 1, "one of two wordings"
    later = offered(services, answer, ["how long is the pier", "How much did the pier cost?"])
    assert later == ["How many lamps does the pier have?"]


def test_where_nothing_was_answered_what_is_prepared_nearby_is_offered(services, pier):
    answer = ask(services, "Who painted the ceiling of the Sistine Chapel?", document_ids=[pier])
    assert answer.abstained
    assert len(offered(services, answer)) == suggesting.MOST


def test_a_suggested_question_is_neither_demand_nor_saving(services, pier):
    asked = [ask(services, question, document_ids=[pier], origin="suggested") for question in PREPARED]
    asked.append(ask(services, "When was the pier repaired?", document_ids=[pier], origin="suggested"))
    with services.database.read() as connection:
        answers = conversations.all_answers(connection, services.owner)
        rows = ledger_rows.rows(connection, services.owner)
    assert {answer.origin for answer in answers} == {"suggested"}
    assert demand.questions(answers) == {}
    assert demand.asked_at(answers) == {}
    counted = totals.totals_json(rows, answers)
    assert (counted["questions"], counted["suggested_questions"]) == (0, len(asked))
    assert all(one["tokens"] == 0 for one in counted["net"].values())
    assert counted["suggested"]["chunks"]["tokens"] > 0, "it would have looked like a saving"


def test_a_click_is_answered_by_its_own_note_however_many_documents_are_asked(services, pier):
    other = add(services, "second.md", TEXT.replace("1904", "1911").encode())
    quote = "The pier was built in 1911 by Ole Dahl."
    run.adopt(services, other, [NoteDraft("answer", "Who built the pier?", quote, (Evidence(1, quote),))], model="m")
    with services.database.read() as connection:
        of_each = {document_id: built(connection, document_id) for document_id in (pier, other)}
    with ModelServer() as server:
        model(services, server)
        for document_id, year in ((pier, "1904"), (other, "1911")):
            note = of_each[document_id]
            answer = ask(services, note.question, origin="suggested", clicked=note.id)
            assert (answer.route, answer.notes_used, answer.usage.cost_usd) == ("reused", (note.id,), 0.0)
            assert year in answer.text
            assert {citation.document_id for citation in answer.citations} == {document_id}
        assert server.requests == []


def test_a_click_opens_no_note_that_may_not_stand(services, pier):
    other = add(services, "second.md", b"# Boats\n\nThe boats are blue and leave at noon.\n")
    with services.database.read() as connection:
        note = built(connection, pier)
    elsewhere = ask(services, note.question, document_ids=[other], origin="suggested", clicked=note.id)
    assert note.id not in elsewhere.notes_used
    another = ask(services, "Who painted the pier?", origin="suggested", clicked=note.id)
    assert another.route != "reused"
    rating.rate(services, ask(services, note.question, origin="suggested", clicked=note.id).id, -1)
    assert ask(services, note.question, origin="suggested", clicked=note.id).route != "reused"
    assert ask(services, note.question, origin="suggested", clicked="gone").route != "reused"


def test_another_owners_notes_are_not_offered(services, pier):
    answer = ask(services, "Who built the pier?", document_ids=[pier])
    stranger = Services(services.storage, owner="somebody else")
    assert offered(stranger, answer) == []
    stranger.close()
