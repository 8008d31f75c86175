"""A question that the text nearly answers gets no answer where one certain word turns it round."""

from __future__ import annotations

import pytest

from stc.chat.abstaining import doubt
from stc.chat.answering import ABSTAINED, ask

SENTENCE = "The ferry leaves the north pier at 07:40 on weekdays in summer 2014."


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("From which pier does the ferry not leave?", "says “not”"),
        ("Which pier doesn't the ferry leave from?", "says “n't”"),
        ("When does the ferry arrive at the south pier?", "“south”, the nearest sentence “north”"),
        ("When does the only ferry leave the pier?", "says “the only”"),
        ("When does the ferry always leave the pier?", "says “always”"),
        ("When did the ferry leave the pier in 2015?", "about 2015, the nearest sentence about 2014"),
        ("When does the ferry to Reykjavik leave the pier?", "“Reykjavik” stands nowhere"),
        ("When does ferry 12 leave the pier?", "about 12, the nearest sentence about"),
    ],
)
def test_a_twist_that_the_sentence_does_not_have_is_a_doubt(question, why):
    assert why in doubt(question, SENTENCE, SENTENCE, f"{SENTENCE}\nferry.md")


@pytest.mark.parametrize(
    "question",
    [
        "When does the ferry leave the north pier?",
        "When did the ferry leave the pier in 2014?",
        "When does the ferry leave the pier on a Monday in March?",
        "Why does the ferry leave only once, and all ferries on weekdays?",
        "WHEN DOES THE FERRY LEAVE THE PIER IN OSLO?",
        "When Does The Ferry Leave The Pier?",
        "When does the ferry of Cape Marrow leave?",
        "Which captain believed that the ferry does not leave the north pier?",
        "When does the NPF leave the north pier?",
        "When does the ferry leave, and when does it not leave the north pier?",
    ],
)
def test_a_question_without_one_is_none(question):
    sentence = SENTENCE if "and when does it not" not in question else "The ferry does not leave on Sundays."
    assert doubt(question, sentence, sentence, f"{sentence}\ncape-marrow.md: Cape Marrow") == ""


@pytest.mark.parametrize(
    ("question", "sentence", "doubted"),
    [
        ("Which pumps are private-owned?", "Publicly known, all public-owned pumps are red.", True),
        ("What do tumours promote?", "Tumours inhibiting the response are rare.", True),
        ("What promotes growth?", "Light promoted growth, and cold inhibited it.", False),
        ("Which doors aren't active?", "Doors 3 and 4 are inactive.", False),
        ("Which classes are deterministic?", "Non-deterministic classes are BPP and ZPP.", True),
        (
            "Which barrier is not mechanical?",
            "The mechanical barrier protects against rain, as opposed to paint.",
            True,
        ),
        ("Which barrier is not mechanical?", "The unmechanical barrier is paint.", False),
        ("How many lamps have 40 watts?", "There are twelve lamps of forty watts and 3 of 60.", False),
        ("How many lamps have 40 watts?", "There are 12 lamps of 60 watts.", True),
        ("How many lamps have 1,500 watts?", "There are 12 lamps of 1500 watts.", False),
        ("Which lamps besides 1,2 and 3 burn?", "Lamps 1, 2, 3 and 4 burn.", False),
        ("How far is the pier?", "The pier is near the church.", False),
        ("What is unknown of the wreck?", "It is not known how the wreck sank.", False),
        ("What is unknown of the wreck?", "It is known how the wreck sank.", True),
        ("When was most of Sunnside built?", "Sunnyside was built in 1950.", False),
        ("When did Hartmanis write it?", "Hatrmanis wrote it in 1965.", False),
        ("When did Hartmann write it?", "Hartmut wrote it in 1965.", False),
        ("When did Fermat write it?", "Format wrote it in 1965.", True),
    ],
)
def test_an_opposite_is_known_in_all_its_forms_and_a_figure_in_words(question, sentence, doubted):
    assert bool(doubt(question, sentence, sentence, sentence)) is doubted


def test_a_year_that_stands_behind_the_sentence_is_another_sentences_year():
    passage = f"{SENTENCE} In 2015 it leaves the south pier."
    assert "about 2015" in doubt("When did the ferry leave in 2015?", SENTENCE, passage, passage)
    assert doubt("When did the ferry leave in 2015?", SENTENCE, f"Since 2015. {SENTENCE}", passage) == ""


def test_a_year_or_a_name_may_stand_elsewhere_in_what_is_read():
    context = f"Timetable of Reykjavik, 2015\n{SENTENCE}"
    assert doubt("When did the ferry leave in 2015?", SENTENCE, context, context) == ""
    assert doubt("When does the ferry of Reykjavik leave?", SENTENCE, SENTENCE, context) == ""
    assert doubt("When does the Reykjavikian ferry leave?", SENTENCE, SENTENCE, context) == ""


def test_the_answer_says_why_it_keeps_silent(services, ferry):
    answer = ask(services, "Who did not build the lighthouse in 1911?", document_ids=[ferry])
    assert answer.abstained
    assert answer.text == ABSTAINED
    assert answer.nearest
    assert any("says “not”" in reason for reason in answer.reasons)
    assert not ask(services, "Who built the lighthouse in 1911?", document_ids=[ferry]).abstained
