"""Questions made from statements: as a person would write them, or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stc.sleep import asking, fields, grammar
from stc.sleep.grammar import Casing

TEXT = """\
The river is long and the pilot saw the airplane. The authority must keep the stations open, said Napoleon in
Germany to all employees. The agency will report on the programme. The climate of the region and the radon in
the house are measured. A reduction of emissions and the number of salmon, the share of renewable energy and
the tax form, in Basel and in Cologne."""
CASING = Casing([TEXT])


def ask(sentence: str) -> list[str]:
    return [asked.question for asked in asking.from_sentence(sentence, CASING)]


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        (
            "The biggest city on the river Rhine is Cologne, a place of a million people.",
            "What is the biggest city on the river Rhine?",
        ),
        ("Radon is a gas that comes from the ground beneath a house.", "What is radon?"),
        ("The Rhine is the longest river in Germany.", "What is the longest river in Germany?"),
        ("Martin Luther was a German professor of theology, composer and monk.", "Who was Martin Luther?"),
        (
            "The purpose of the programme is to reduce emissions from old factories.",
            "What is the purpose of the programme?",
        ),
        ("EPA will reduce emissions by promoting a circular economy in every state.", "How will EPA reduce emissions?"),
        ("The airplane was damaged because the nose wheel dug into soft snow.", "Why was the airplane damaged?"),
        (
            "In 1884, Nikola Tesla moved to New York with four cents in his pocket.",
            "When did Nikola Tesla move to New York with four cents in his pocket?",
        ),
        ("Kenya obtained independence in December 1963.", "When did Kenya obtain independence?"),
        (
            "The Confederation of the Rhine was established by Napoleon in 1806.",
            "Who established the Confederation of the Rhine in 1806?",
        ),
        ("Napoleon founded the Confederation of the Rhine.", "Who founded the Confederation of the Rhine?"),
        ("The network is headquartered in Manhattan, New York.", "Where is the network headquartered?"),
        (
            "The performance framework uses 19 measures to assess quality.",
            "How many measures does the performance framework use to assess quality?",
        ),
        (
            "There are two major subtypes of cells in the blood.",
            "How many major subtypes are there of cells in the blood?",
        ),
        (
            "More than 3 billion people cook their food over open fires.",
            "How many people cook their food over open fires?",
        ),
        (
            "Wind power accounts for 20 percent of the energy of the region.",
            "What percentage of the energy of the region does wind power account for?",
        ),
        (
            "75 percent of the inspections will be made without notice.",
            "What percentage of the inspections will be made without notice?",
        ),
        (
            "The programme will cut emissions by 50 percent in ten years.",
            "By how much will the programme cut emissions in ten years?",
        ),
        (
            "The share of renewable energy rose from 10 percent to 14 percent.",
            "How did the share of renewable energy change?",
        ),
        ("The programme costs $3.5 million per year.", "How much does the programme cost?"),
        ("Fresno has a population of 494,665 people.", "What is the population of Fresno?"),
        (
            "Employees must file the form within 30 days of the accident.",
            "How soon must employees file the form after the accident?",
        ),
        (
            "If the water level is above seven metres, the authority must close the river.",
            "What must the authority do if the water level is above seven metres?",
        ),
        ("To create a file, type the name and press the return key.", "How do you create a file?"),
        (
            "To protect the river, the authority will close four old factories.",
            "What will the authority do to protect the river?",
        ),
        (
            "The term Archival Processing refers to the actions that must be taken.",
            "What does Archival Processing refer to?",
        ),
        (
            "By September 30, 2026, assist at least 400 federally recognized Tribes to take action.",
            "How many federally recognized Tribes are to be assisted by September 30, 2026?",
        ),
        (
            "By 2026, NARA will adopt a customer-focused approach to service.",
            "By when will NARA adopt a customer-focused approach to service?",
        ),
        ("The frost in May led to the failure of the harvest.", "What led to the failure of the harvest?"),
        (
            "The innate leukocytes include the phagocytes, mast cells, and basophils.",
            "What do the innate leukocytes include?",
        ),
        ("EJSCREEN, a mapping tool for environmental justice, shows where people live.", "What is EJSCREEN?"),
    ],
)
def test_a_statement_is_turned_into_the_question_it_answers(sentence, question):
    assert question in ask(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "It is a European river that begins in the Swiss Alps.",  # who is "it"?
        "This is the longest river in Germany.",
        "The result was a long delay of all the works.",  # of what?
        "The pilot reported that he was tired and that he had slept badly.",
        "Support expanded research in various settings to build evidence.",  # an order
        "EPA reviews and makes determinations on whether to register pesticides.",
        "December and January are the coldest months in the valley.",
        "Establishing borders on the Rhine was a goal of French policy.",
        "The following is a list of all the stations on the river.",
        "who was born in 1802 and died in 1850 in Paris.",
        "Total 12 13 14 15 was in 2019 and 2020.",
        "He was elected in 1990 by the members.",
        "See https://example.com for the list of members.",
    ],
)
def test_what_would_read_crooked_is_not_asked(sentence):
    assert ask(sentence) == []


def test_the_answer_is_the_statement_and_not_much_longer_than_needed():
    (asked,) = [
        a
        for a in asking.from_sentence(
            "However, the Rhine [note 2] (German: Rhein) is a river in Europe, which begins in the Alps, flows through a lake "
            "and a plain, passes many towns with bridges, mills, harbours and old castles upon the hills, and ends at last in "
            "the sea, where three arms of it form a delta that is as large as a province.",
            CASING,
        )
        if a.question == "What is the Rhine?"
    ]
    assert asked.text.startswith("The Rhine is a river in Europe, which begins in the Alps")
    assert asked.text.endswith(".")
    assert len(asked.text.split()) <= 42
    assert asked.kind == "definition"


@given(st.text("abcdefgh .,'\"()ABCDE012-–", max_size=200))
def test_no_text_breaks_it_and_every_question_reads_like_one(text):
    for asked in asking.from_sentence(text, CASING):
        assert asked.question.endswith("?")
        assert asked.text.strip()


@given(
    st.lists(
        st.sampled_from([*TEXT.split(), "is", "was", "by", "in", "1999,", "12", "because"]),
        max_size=25,
    )
)
def test_no_words_in_any_order_break_it(words):
    sentence = " ".join(words)
    for asked in asking.from_sentence(sentence[:1].upper() + sentence[1:] + ".", CASING):
        assert asked.question.count("?") == 1
        assert 0 < asked.weight <= 1.2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the Air Quality Index (AQI) of the day", [("AQI", "Air Quality Index")]),
        ("the Office of the Director (OD)", [("OD", "Office of the Director")]),
        ("Community Health Workers (CHWs)", [("CHWs", "Community Health Workers")]),
        ("the river (RIV) and Some Words (XYZ)", []),
    ],
)
def test_a_short_form_is_known_by_its_initials(text, expected):
    assert [(short, words) for short, words, _ in asking.acronyms(text)] == expected


# Grammar


@pytest.mark.parametrize(
    ("verb", "past", "third"),
    [
        ("stop", "stopped", "stops"),
        ("try", "tried", "tries"),
        ("offer", "offered", "offers"),
        ("fix", "fixed", "fixes"),
        ("go", "went", "goes"),
    ],
)
def test_verbs_are_known_in_all_their_forms(verb, past, third):
    assert grammar.past_of(verb) == past
    assert grammar.third_person(verb) == third


def test_an_irregular_participle_is_traced_to_its_verb():
    assert grammar.participle("written") == "write"
    assert grammar.participle("river") is None


def test_a_word_seen_in_small_letters_is_no_name():
    assert CASING.is_name("Napoleon")
    assert CASING.is_name("EPA")
    assert not CASING.is_name("Radon")
    assert not CASING.is_name("The")
    assert CASING.lower_first("The Rhine") == "the Rhine"
    assert CASING.lower_first("Radon in the house") == "radon in the house"
    assert CASING.lower_first("Office of Strategy") == "Office of Strategy"


# Forms


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Wind Direction: 230°", [("Wind Direction", "230°")]),
        ("Location: Wausau, WI Report Number: C08", [("Location", "Wausau, WI"), ("Report Number", "C08")]),
        ("Seats: 4 of leather Engine Model: X-7", [("Seats", "4 of leather"), ("Engine Model", "X-7")]),
        ("Aid Given: None Fee Paid: No", [("Aid Given", "None"), ("Fee Paid", "No")]),
        (
            "Total Injuries: 1 Serious Latitude, Longitude: 40.2, -79.4",
            [("Total Injuries", "1 Serious"), ("Latitude, Longitude", "40.2, -79.4")],
        ),
        ("no label here", []),
    ],
)
def test_a_line_of_a_form_is_taken_apart(line, expected):
    assert [(field.label, field.value) for field in fields.fields(line)] == expected


@pytest.mark.parametrize(
    ("label", "value", "question"),
    [
        ("Wind Direction", "230°", "What is the wind direction?"),
        ("Engine(s)", "Turbo", "What are the engines?"),
        ("Seats", "4", "How many seats are there?"),
        ("Length/Width", "10 m / 4 m", "What is the length or width?"),
        ("Toxicology Performed", "No", "Was toxicology performed?"),
        ("Restraint Used", "Seatbelt", "What restraint was used?"),
        ("Flight Conducted Under", "Part 91", "What was the flight conducted under?"),
        ("Second Pilot Present", "No", "Was a second pilot present?"),
        ("Goal 3", "Serve as the leader", "What is Goal 3?"),
        ("Last FAA Exam", "04/01/2006", "What is the last FAA exam?"),
    ],
)
def test_a_label_becomes_a_question(label, value, question):
    assert fields.question(fields.Field(label, value, True, value), CASING) == question


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("Note", "This is new"),
        ("The", "x"),
        ("Students take five courses", "Core, Policy"),
        ("Value", ":"),
        ("A", "long " * 30),
        ("Held", "x"),
        ("Issued By", "x"),
    ],
)
def test_what_is_no_label_is_not_asked_about(label, value):
    assert fields.question(fields.Field(label, value, True, value), CASING) is None


@given(st.text("AB ab:1,()/-", max_size=80))
def test_no_line_breaks_the_reader_of_forms(line):
    for field in fields.fields(line):
        assert field.label in line
        fields.question(field, CASING)
