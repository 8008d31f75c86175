"""Follow-ups are read by the question before them where only one reading is possible, and left alone elsewhere."""

from __future__ import annotations

import time

import pytest

from benchmarks import following as pairs
from stc.chat import following

EARLIER = [("When was the lighthouse at Cape Marrow built?", "In 1887, by Agnes Tull.")]


def test_no_follow_up_is_read_wrongly_and_no_whole_question_is_changed():
    right, silent, wrong, missed, alarmed = pairs.judge()
    assert wrong == 0
    assert right >= 75
    assert right / (right + silent) > 0.5
    assert (missed, alarmed) <= (2, 1)


@pytest.mark.parametrize(
    ("before", "asked", "reading"),
    [
        ("How many came in 2014?", "and in 2015?", "How many came in 2015?"),
        ("When was the pier built?", "By whom?", "By whom was the pier built?"),
        ("What does a ticket cost?", "And for children?", "What does a ticket cost for children?"),
        ("How tall is the lighthouse?", "When was it built?", "When was the lighthouse built?"),
        ("Who built the pier?", "When did she die?", "When did the person who built the pier die?"),
        ("Who was Marie Curie?", "What is her age?", "What is Marie Curie's age?"),
        ("And how tall is the lighthouse?", "And the ferry?", "How tall is the ferry?"),
    ],
)
def test_a_sure_follow_up_stands_by_itself_afterwards(before, asked, reading):
    assert following.dependent(asked)
    assert following.resolve(asked, before) == reading
    assert following.resolve(reading, before) is None
    assert not following.dependent(reading)


@pytest.mark.parametrize(
    ("before", "asked"),
    [
        ("When did Norway declare war on Germany?", "And Italy?"),
        ("How many came between 2010 and 2014?", "and in 2015?"),
        ("When did the ferry leave the pier?", "How long is it?"),
        ("When did the two ships collide?", "Where did it happen?"),
        ("When was the captain hired?", "When was it repaired?"),
        ("", "Why?"),
        ("x " * 400, "Why?"),
    ],
)
def test_where_two_readings_are_possible_there_is_none(before, asked):
    assert following.dependent(asked)
    assert following.resolve(asked, before) is None


@pytest.mark.parametrize(
    ("reply", "taken"),
    [
        ("How tall is the lighthouse at Cape Marrow?", True),
        ('Question: "How tall is the lighthouse at Cape Marrow?"', True),
        ("How tall is the lighthouse at Cape Horn?", False),
        ("How tall was the lighthouse in 1890?", False),
        ("How tall is it?", False),
        ("The lighthouse is 41 metres tall.\nIs that enough?", False),
        ("How tall is the lighthouse? See http://elsewhere.example", False),
        ("What did the keeper's famous wife secretly cook there?", False),
        ("", False),
        ("x" * 5000, False),
    ],
)
def test_a_models_reading_holds_nothing_that_was_not_said(reply, taken):
    assert (following.accepted(reply, "How tall is it?", EARLIER) is not None) == taken


def test_a_models_reading_loses_no_figure_of_the_question():
    assert following.accepted("When was the lighthouse built?", "And what of 1887?", EARLIER) is None


def test_hostile_questions_take_no_time():
    began = time.perf_counter()
    for text in ("it " * 4000, "the " * 4000, "And " * 4000, "A " * 4000, "in the " * 2000, "is it " * 2000 + "that"):
        following.dependent(text)
        following.resolve(text, text)
        following.resolve("Why?", text)
        following.accepted(text, text, [(text, text)])
    assert time.perf_counter() - began < 2
