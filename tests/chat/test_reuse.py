"""Which stored answers may stand, from the gate alone and through a question with its rating."""

import dataclasses
import json
import time

import pytest

from benchmarks import reuse as pairs
from stc.chat import reuse, wording
from stc.chat.answering import ask
from stc.chat.rating import rate
from stc.sleep import notebook
from stc.storage import bans
from stc.storage import notes as note_rows
from stc.words import PREPARED_ON, Evidence, Note
from tests.sleep import library

NOTE = Note(
    "n",
    "local",
    "d",
    None,
    "answer",
    "When did Germany invade Poland?",
    "Germany invaded Poland on 1 September 1939.",
    None,
    (Evidence(1, "Germany invaded Poland on 1 September 1939.", "c1"),),
    "verified",
    "model",
    "m",
    5,
    0,
    0.0,
)


def stands(question, stored=NOTE.question, text=NOTE.text, **situation):
    note = dataclasses.replace(NOTE, question=stored, text=text)
    return reuse.may_stand(question, note, **({"documents": 1, "similarity": 0.9} | situation)).stands


@pytest.mark.parametrize(
    "question",
    [
        "when did germany invade Poland",
        "When was Poland invaded by Germany?",
        "Could you please tell me when Germany invaded Poland?",
        "In what year did Germany invade Poland?",
        "On which date did Germany invade Poland?",
    ],
)
def test_other_words_for_the_same_question_are_the_same(question):
    assert stands(question)


@pytest.mark.parametrize(
    "question",
    [
        "When did Poland invade Germany?",
        "When was Germany invaded by Poland?",
        "When was Germany invaded?",
        "When did Germany not invade Poland?",
        "When will Germany invade Poland?",
        "When did Germany first invade Poland?",
        "When did Germany invade Poland in 1939?",
        "When did Germany invade Norway?",
        "Why did Germany invade Poland?",
        "At what time did Germany invade Poland?",
        "When did Germany leave Poland?",
        "",
        "?",
    ],
)
def test_a_word_that_turns_the_question_makes_it_another(question):
    assert not stands(question)


@pytest.mark.parametrize(
    ("stored", "asked", "same"),
    [
        ("How tall is the tower?", "What is the height of the tower?", True),
        ("How much does a ticket cost?", "What is the price of a ticket?", True),
        ("Who founded Microsoft?", "Who is Microsoft's founder?", True),
        ("Which city was she born in?", "In which city was she born?", True),
        ("Who won the race in 1990?", "In 1990, who won the race?", True),
        ("Who won the race in 1990?", "Who won the race before 1990?", False),
        ("Which ferry leaves at noon?", "Which ferries leave at noon?", False),
        ("What do animals eat?", "What animals eat?", False),
        ("Who did Germany invade?", "Who invaded Germany?", False),
        ("Which company did Acme sell?", "Which company sold Acme?", False),
        ("How far is it from A1 to B2?", "How far is it from B2 to A1?", False),
        ("What is the temperature above -5 degrees?", "What is the temperature above 5 degrees?", False),
        ("What is the internal rate?", "What is the international rate?", False),
        ("What happens in plan A?", "What happens in plan?", False),
        ("What is vitamin A?", "What is vitamin?", False),
        ("what is vitamin a?", "What is vitamin?", False),
        ("Why do few survive?", "Why do a few survive?", False),
        ("What is 10² in metres?", "What is 102 in metres?", False),
        ("When does the ship leave?", "Tell me when ships leave.", False),
        ("What must the tenant do?", "Can you tell me what the tenant must do?", True),
        ("What is the maximum dose?", "Could you tell me what the maximum dose is?", True),
        ("What is the maximum dose?", "Tell me the maximum dose, please.", True),
        ("Who was he beaten by in the final?", "Who beat he in the final?", True),
        ("How long does the battery last?", "How long does the battery take?", False),
        ("Who is the employer?", "Who is the employee?", False),
        ("What did France's king say of Spain's?", "What did Spain's king say of France's?", False),
        ("What is interest?", "What is the interest?", False),
        ("What is a bank holiday?", "What is the bank holiday?", False),
        ("What is a deposit?", "Could you tell me what a deposit is?", True),
        ("What does clause 7(a) say?", "What does clause 7 say?", False),
        ("Who flies a type-A plane?", "Who flies a type plane?", False),
        ("Which bills does the night watch pay?", "Tell me which bills the night watches pay.", False),
        ("Which lamps does the keeper clean?", "Tell me which lamps the keeper cleans.", True),
        ("According to the report, who won?", "According to the paper, who won?", False),
        ("According to the report, who won?", "Who won?", True),
        ("Who read the will?", "Who will read?", False),
        ("Was zieht er an?", "Was zieht er?", False),
        ("Welche Maße hat es?", "Welche Masse hat es?", False),
        ("Who sold an old boat?", "Who sold the old boat?", True),
        ("What is the unit cost?", "What is the unit price?", False),
        ("What was the cost of sales?", "What was the price of sales?", False),
    ],
)
def test_questions_are_told_apart_by_every_word_and_its_place(stored, asked, same):
    assert reuse.same_question(stored, asked) is same
    assert reuse.same_question(asked, stored) is same


def test_the_time_that_is_asked_for_must_stand_in_the_answer():
    assert not stands("What year did Germany invade Poland?", text="It was on a Friday in September.")
    assert not stands("What year did Germany invade Poland?", text="Between 1938 and 1940.")
    assert not stands("On what date did Germany invade Poland?", text="In 1939.")
    assert stands("What time does it leave?", "When does it leave?", "It leaves at 07:40.")
    assert not stands("When did it leave?", "What time did it leave?", "It left at 07:40.")


def test_an_answer_that_says_nothing_does_not_stand_in_for_another_wording():
    assert not stands("When was Poland invaded by Germany?", text="The report does not state when in 1939.")


def test_one_document_a_verified_note_and_a_near_meaning_are_needed():
    question = "When was Poland invaded by Germany?"
    assert stands(question)
    assert not stands(question, documents=2)
    assert not stands(question, similarity=0.1)
    stale = dataclasses.replace(NOTE, status="stale")
    assert not reuse.may_stand(NOTE.question, stale, documents=1, similarity=1.0).stands
    assert not reuse.may_stand(
        NOTE.question, dataclasses.replace(NOTE, question=""), documents=1, similarity=1.0
    ).stands


def test_a_ban_holds_for_every_wording_of_the_question():
    assert not stands(NOTE.question, banned=["When was Poland invaded by Germany?"])
    assert stands(NOTE.question, banned=["When did Germany leave Poland?"])


def test_a_gate_is_fast_also_on_a_long_and_odd_question():
    for question in ("how much does " + "a b " * 90, "in " * 130 + "what", "what is " + "'s " * 120, "by " * 130):
        began = time.perf_counter()
        reuse.same_question(question, question + "x")
        assert time.perf_counter() - began < 0.2, question[:20]
    assert wording.read("x" * (wording.LONGEST + 1)) is None


LINE = (
    '{"document_id": "%s", "question": "Who established the Confederation of the Rhine?", "text": "Napoleon.", '
    '"evidence": [{"page": 1, "quote": "The Confederation of the Rhine was established by Napoleon in 1806."}]}'
)
REWORDED = "Who was the Confederation of the Rhine established by?"


@pytest.fixture
def rhine(services):
    document = library.add(services)
    brought = list(notebook.bring_in(services, [LINE % document.id]))
    assert brought[0].status == "added", brought
    return document.id


def test_a_reworded_question_is_answered_by_the_prepared_answer_that_says_when_it_was_made(services, rhine):
    answer = ask(services, REWORDED, document_ids=[rhine])
    assert answer.route == "reused"
    assert answer.text.startswith("Napoleon.")
    assert answer.usage.tokens == 0
    assert any("in other words" in reason for reason in answer.reasons)
    assert any(reason.startswith(f"{PREPARED_ON} 20") for reason in answer.reasons)


def test_a_question_turned_round_is_not(services, rhine):
    assert ask(services, "Who did the Confederation of the Rhine establish?", document_ids=[rhine]).route != "reused"


def test_over_several_documents_nothing_is_reused(services, rhine):
    library.add(services, ["Another text about ships."], name="other.txt")
    assert ask(services, REWORDED).route != "reused"


def test_two_answers_to_the_very_same_question_are_no_answer(services):
    plants = library.add(
        services,
        [
            "The fee for entry is 40 euros at the north gate. The manager there is Ole Dahl. Dogs are allowed inside.",
            "The fee for entry is 75 euros at the south gate. The manager there is Anna Berg. Dogs are not allowed inside.",
        ],
        name="plants.txt",
    ).id
    prepared = (
        ("What is the fee for entry?", 1, "40 euros", "The fee for entry is 40 euros at the north gate."),
        ("What is the fee for entry?", 2, "75 euros", "The fee for entry is 75 euros at the south gate."),
        ("Who is the manager there?", 1, "Ole Dahl", "The manager there is Ole Dahl."),
        ("Who is the manager there?", 2, "Anna Berg", "The manager there is Anna Berg."),
        ("Are dogs allowed inside?", 1, "Dogs are allowed inside.", "Dogs are allowed inside."),
        ("Are dogs allowed inside?", 2, "Dogs are not allowed inside.", "Dogs are not allowed inside."),
    )
    for question, page, text, quote in prepared:
        line = {"document_id": plants, "question": question, "text": text}
        (brought,) = notebook.bring_in(services, [json.dumps(line | {"evidence": [{"page": page, "quote": quote}]})])
        assert brought.status == "added", brought.error
    for question in dict.fromkeys(question for question, *_ in prepared):
        assert ask(services, question, document_ids=[plants]).route != "reused", question
        with services.database.read() as connection:
            note = next(one for one in note_rows.of_document(connection, plants) if one.question == question)
        assert ask(services, question, origin="suggested", clicked=note.id).route != "reused", question


def test_two_notes_of_which_one_says_more_are_one_answer():
    def agreeing(*texts, other=NOTE.question):
        questions = [NOTE.question] + [other] * (len(texts) - 1)
        return reuse.agree(
            [dataclasses.replace(NOTE, question=q, text=t) for q, t in zip(questions, texts, strict=True)]
        )

    assert agreeing("In 1939.", "It was in 1939, in September.")
    assert agreeing("In 1939.", "It was in 1939, on 1 September.")
    assert not agreeing("In 1939.", "It was in 1939, on 1 September.", other="When was Poland invaded by Germany?")
    assert not agreeing("In 1939.", "In 1940.")
    assert not agreeing("In September.", "Not in September.")
    assert agreeing("In 1939.")


def test_thumbs_down_bans_the_pairing_and_outlives_the_note(services, rhine):
    answer = ask(services, REWORDED, document_ids=[rhine])
    rate(services, answer.id, -1)
    assert ask(services, REWORDED, document_ids=[rhine]).route != "reused"
    with services.database.write() as connection:
        note_rows.delete_notes(connection, answer.notes_used)
    again = list(notebook.bring_in(services, [LINE % rhine]))
    assert again[0].status == "added"
    assert ask(services, REWORDED, document_ids=[rhine]).route != "reused"


def test_taking_the_thumb_back_lifts_the_ban(services, rhine):
    answer = ask(services, REWORDED, document_ids=[rhine])
    rate(services, answer.id, -1)
    rate(services, answer.id, -1)
    rate(services, answer.id, 0)
    assert ask(services, REWORDED, document_ids=[rhine]).route == "reused"


def test_thumbs_down_on_another_route_bans_nothing(services, rhine):
    answer = ask(services, REWORDED, document_ids=[rhine], route="chunks")
    rate(services, answer.id, -1)
    with services.database.read() as connection:
        note = note_rows.of_document(connection, rhine)[0]
        assert bans.questions(connection, services.owner, note) == []
    assert ask(services, REWORDED, document_ids=[rhine]).route == "reused"


def test_a_quote_picked_without_a_model_stands_for_no_model_reader(services, rhine, monkeypatch):
    from stc.chat import finding
    from stc.chat.scope import resolve

    found = finding.find(services, REWORDED, resolve(services, [rhine]))
    note, why = found.prepared
    quoted = dataclasses.replace(found, prepared=(dataclasses.replace(note, thinker="extractive"), why))
    assert finding.decide(quoted, effort="medium", reuse_extractive=True).route == "reused"
    assert finding.decide(quoted, effort="medium", reuse_extractive=False).route != "reused"


def test_of_the_pairs_written_by_hand_none_is_reused_wrongly_and_enough_rightly(capsys):
    right, wrong = pairs.pairs()
    assert wrong == 0, capsys.readouterr().out
    assert right >= 120
