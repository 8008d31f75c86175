"""Which real questions direct sleep, and which do not."""

from __future__ import annotations

import dataclasses

import pytest

from stc.sleep import demand
from stc.sleep.demand import Attempt
from stc.words import Answer, Citation, Hit

ASKED = Answer(
    "a1", "local", None, "How long is the Rhine?", ("d",), "typed", "medium", 100.0, state="done", route="chunks"
)


def asked(identity: str, **changes) -> Answer:
    return dataclasses.replace(ASKED, id=identity, **changes)


def texts(*answers, attempts=(), thinker="model", document_id="d") -> list[str]:
    found = demand.questions(answers, attempts).get(document_id, ())
    return [question.text for question in demand.unanswered(found, thinker)]


@pytest.mark.parametrize("sources", [None, ("d", "elsewhere"), ("elsewhere",)])
def test_a_follow_up_that_may_hold_words_of_another_document_is_not_told_with_this_one(sources):
    follow_up = asked("a", question="And how long is it?", standalone="How long is the Rhine?", sources=sources)
    assert texts(follow_up) == []
    assert texts(dataclasses.replace(follow_up, sources=("d",))) == ["How long is the Rhine?"]
    assert texts(asked("a", question="How long is the Rhine?", sources=sources)) == ["How long is the Rhine?"]


@pytest.mark.parametrize(
    ("changes", "is_demand"),
    [
        ({}, True),
        ({"route": "notes+chunks"}, True),
        ({"route": "document"}, True),
        ({"route": "none", "abstained": True}, True),
        ({"route": "notes"}, False),
        ({"route": "reused"}, False),
        ({"route": "notes", "rating": -1}, True),
        ({"route": "reused", "abstained": True}, True),
        ({"origin": "suggested"}, False),
        ({"origin": "suggested", "rating": -1}, False),
        ({"state": "stopped"}, False),
        ({"state": "failed"}, False),
        ({"question": " ?? "}, False),
        ({"question": "And how long is it?"}, False),
        ({"question": "And how long is it?", "standalone": "How long is the Rhine?", "sources": ("d",)}, True),
        ({"route": "notes+chunks", "coverage": 0.9}, False),
        ({"route": "notes+chunks", "coverage": 0.9, "rating": -1}, True),
        ({"route": "notes+chunks", "coverage": 0.3}, True),
        ({"route": "chunks", "coverage": 0.9}, True),
    ],
)
def test_what_was_typed_and_the_notes_did_not_answer_is_demand(changes, is_demand):
    assert bool(texts(asked("a", **changes))) == is_demand


def test_a_follow_up_is_the_question_that_it_was_asked_as():
    follow_up = asked(
        "b", question="And how long is it?", standalone="How long is the Rhine?", asked_at=200.0, sources=("d",)
    )
    (only,) = demand.questions([asked("a"), follow_up])["d"]
    assert (only.text, only.answers) == ("How long is the Rhine?", ("a", "b"))


def test_what_was_marked_as_wrong_comes_first():
    newest = asked("b", question="Who owns the Rhine?", asked_at=200.0)
    assert texts(asked("a", rating=-1), newest) == ["How long is the Rhine?", "Who owns the Rhine?"]
    assert texts(asked("a"), newest) == ["Who owns the Rhine?", "How long is the Rhine?"]


def test_a_question_is_about_the_document_of_its_scope_else_the_cited_ones_else_the_nearest():
    cited = tuple(Citation(1, document_id, "", 1, "", True) for document_id in ("b", "c", "b"))
    nearest = (Hit("chunk", "x", "n", 1, 1, "", 1, 0.5, {}), Hit("chunk", "y", "m", 1, 1, "", 1, 0.4, {}))
    assert demand.documents_of(asked("a", scope=("d",), citations=cited)) == ("d",)
    assert demand.documents_of(asked("a", scope=(), citations=cited, nearest=nearest)) == ("b", "c")
    assert demand.documents_of(asked("a", scope=("p", "q"), nearest=nearest)) == ("n",)
    assert demand.documents_of(asked("a", scope=())) == ()


def test_the_same_question_counts_once_the_newest_first_and_so_many_at_once():
    same = [asked("a", asked_at=1.0), asked("b", question="how long  is the rhine", asked_at=5.0)]
    other = asked("c", question="Who owns the Rhine?", asked_at=3.0)
    (first, second) = demand.questions([*same, other])["d"]
    assert (first.text, first.answers) == ("how long  is the rhine", ("a", "b"))
    assert second.text == "Who owns the Rhine?"
    many = [asked(str(n), question=f"Question {n}?", asked_at=float(n)) for n in range(20)]
    assert texts(*many) == [f"Question {n}?" for n in range(19, 11, -1)]


def test_what_was_answered_again_is_settled_however_often_it_is_asked():
    done = Attempt("d", "model", ("a",))
    assert texts(asked("a"), attempts=[done]) == []
    assert texts(asked("a"), asked("b", question="HOW LONG is the Rhine"), attempts=[done]) == []
    assert texts(asked("a"), attempts=[done], thinker="extractive") == []


def test_what_a_thinker_without_a_model_answered_a_model_may_answer_better():
    done = Attempt("d", "extractive", ("a",))
    assert texts(asked("a"), attempts=[done], thinker="extractive") == []
    assert texts(asked("a"), attempts=[done], thinker="model") == ["How long is the Rhine?"]


def test_an_answer_marked_as_wrong_after_that_asks_once_more_and_is_another_task():
    done = Attempt("d", "model", ("a",))
    wrong = asked("b", rating=-1, route="reused")
    assert texts(asked("a"), wrong, attempts=[done]) == ["How long is the Rhine?"]
    before = demand.hash_of(demand.questions([asked("a")])["d"], "content")
    after = demand.hash_of(demand.questions([asked("a"), wrong], [done])["d"], "content")
    assert before != after
    assert texts(asked("a"), wrong, attempts=[done, Attempt("d", "model", ("a", "b"))]) == []


def test_what_somebody_is_answering_now_is_not_taken_a_second_time():
    held = Attempt("d", "model", ("a",), held_until=500.0)
    assert texts(asked("a"), asked("b", question="Who owns the Rhine?"), attempts=[held]) == ["Who owns the Rhine?"]
    (question,) = demand.questions([asked("a")], [held])["d"]
    assert question.held_until == 500.0


def test_another_documents_attempt_settles_nothing_here():
    assert texts(asked("a"), attempts=[Attempt("other", "model", ("a",))]) == ["How long is the Rhine?"]


def test_the_task_is_named_by_its_questions_however_they_are_typed_and_by_the_text():
    one = demand.questions([asked("a"), asked("b", question="Who owns the Rhine?")])["d"]
    same = demand.questions([asked("x", question="who owns the rhine"), asked("y", question="how long is the Rhine")])[
        "d"
    ]
    assert demand.hash_of(one, "content") == demand.hash_of(same, "content")
    assert demand.hash_of(one, "content") != demand.hash_of(one, "another text")
    assert demand.hash_of(one, "content") != demand.hash_of(one[:1], "content")


def test_when_a_document_was_asked_about():
    answers = [asked("a", asked_at=3.0, route="notes"), asked("b", asked_at=1.0), asked("c", origin="suggested")]
    assert demand.asked_at(answers) == {"d": (1.0, 3.0)}
