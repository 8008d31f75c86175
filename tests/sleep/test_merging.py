"""When two notes say the same, when they contradict each other, and which of them stays."""

from __future__ import annotations

import numpy as np
import pytest

from stc.sleep import checking, merging
from stc.sleep.merging import NEAR
from stc.words import Evidence, NoteDraft


def note(question: str, text: str, *quotes: str) -> NoteDraft:
    return NoteDraft("answer", question, text, tuple(Evidence(1, quote) for quote in quotes or (text,)))


LEAVES = note("When does the ferry leave?", "At 07:40.", "The ferry leaves at 07:40")


@pytest.mark.parametrize(
    "other",
    [
        note("At what time does the ferry depart?", "It departs at 07:40."),
        note("When does the ferry leave?", "At 07:40, Monday to Friday."),
        note("What is the time when the ferry leaves?", "07:40"),
    ],
)
def test_near_notes_on_one_question_whose_answers_agree_are_duplicates(other):
    assert merging.relation(LEAVES, other, NEAR) == "duplicate"
    assert merging.relation(other, LEAVES, NEAR) == "duplicate"


@pytest.mark.parametrize(
    "other",
    [
        note("How many cars does the ferry carry?", "07:40 is when it leaves."),
        note("When does the ferry not leave?", "At 07:40."),
        note("When does ferry 2 leave?", "At 07:40."),
        note("When does the ferry leave Arran?", "At 07:40."),
        note("", "The ferry leaves at 07:40."),
    ],
)
def test_what_asks_for_something_else_is_another_note_however_near(other):
    assert merging.relation(LEAVES, other, 0.99) is None


def test_what_is_not_near_is_another_note():
    assert merging.relation(LEAVES, note("When does the bus leave?", "At 07:40."), NEAR - 0.01) is None


def test_the_same_words_need_no_vectors():
    assert merging.relation(LEAVES, note("when does the ferry leave", "At 07:40"), 0.0) == "duplicate"


@pytest.mark.parametrize("text", ["At 07:45.", "It never leaves at 07:40."])
def test_other_figures_and_denials_contradict(text):
    assert merging.relation(LEAVES, note("When does the ferry leave?", text), 1.0) == "contradiction"


def test_other_names_contradict_but_not_those_of_the_question():
    one = note("Who sails the ferry to Arran?", "The captain is Smith.")
    assert merging.relation(one, note(one.question, "The captain is Jones."), 1.0) == "contradiction"
    assert merging.relation(one, note(one.question, "To Arran it is sailed by John Smith."), 1.0) == "duplicate"


def test_a_name_that_begins_a_sentence_is_told_by_how_the_document_writes_it():
    one, other = note("Who sails it?", "Smith does."), note("Who sails it?", "Jones does.")
    assert merging.relation(one, other, 1.0) == "duplicate"
    writing = checking.writing_of(["The captain is Smith, the mate is Jones."])
    assert merging.relation(one, other, 1.0, writing) == "contradiction"


def test_duplicates_are_joined_and_the_rest_is_added():
    other = note("How many cars does it carry?", "12 cars.")
    found = merging.merge([LEAVES, other], [LEAVES], np.array([[1.0], [0.1]]))
    assert (found.added, found.replaced, found.joined, found.settled) == ((1,), (), 1, 0)


def test_of_two_that_contradict_the_one_with_more_in_its_quotes_stays():
    weak = note("When does the ferry leave?", "At 07:45.", "at 07:45")
    found = merging.merge([LEAVES], [weak], np.ones((1, 1)))
    assert (found.added, found.replaced, found.settled) == ((0,), (0,), 1)
    found = merging.merge([weak], [LEAVES], np.ones((1, 1)))
    assert (found.added, found.replaced, found.settled) == ((), (), 1)


def test_a_tie_keeps_what_was_there():
    other = note("When does the ferry leave?", "At 07:45.", "The ferry leaves at 07:45")
    found = merging.merge([other], [LEAVES], np.ones((1, 1)))
    assert (found.added, found.replaced) == ((), ())


def test_what_one_new_note_replaced_is_not_compared_with_the_next():
    weak = note("When does the ferry leave?", "At 07:45.", "at 07:45")
    found = merging.merge([LEAVES, weak], [weak], np.ones((2, 1)))
    assert found.added == (0, 1)
    assert found.replaced == (0,)


def test_nothing_there_adds_all():
    assert merging.merge([LEAVES], [], np.zeros((1, 0))).added == (0,)


@pytest.mark.model
def test_paraphrases_are_near_and_neighbouring_questions_are_not():
    from stc.models.embedding import MiniLM

    embedder = MiniLM()
    pairs = [
        (LEAVES, note("At what time does the ferry depart?", "It departs at 07:40."), "duplicate"),
        (
            note("What does the programme cost per year?", "The programme costs $3.5 million per year."),
            note("How much does the programme cost each year?", "$3.5 million per year."),
            "duplicate",
        ),
        (
            note("How many employees worked here in 2017?", "5,300 employees."),
            note("How many people were employed here in 2017?", "There were 5,400 employees."),
            "contradiction",
        ),
        (
            note("Who approves the plan?", "The director approves the plan."),
            note("Who writes the plan?", "The planner writes the plan."),
            None,
        ),
    ]
    for one, other, expected in pairs:
        a, b = embedder.encode([f"{one.question} {one.text}", f"{other.question} {other.text}"])
        assert merging.relation(one, other, float(a @ b)) == expected, (one.question, float(a @ b))
