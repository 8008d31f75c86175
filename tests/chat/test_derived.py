"""A question is answered with what was derived only where it asks for that, and about that."""

from __future__ import annotations

import io

import pytest

from stc.chat import derived
from stc.chat.answering import ask, prepare_context
from stc.chat.terms import terms
from stc.documents import ingest
from stc.models import tokens
from stc.sleep.run import sleep_now
from stc.words import Evidence, Note

HOURS = "Sea Time: 2319 hours (Total), 2313 hours (Total, this class), 17 hours (Last 90 days), 8 hours (Last 30 days)"


def note(question: str, text: str, formula: str, *quotes: str, kind="inference") -> Note:
    evidence = tuple(Evidence(1, quote) for quote in quotes)
    return Note(
        question, "local", "d", "t", kind, question, text, formula, evidence, "verified", "extractive", "extractive", 9, 0, 0.0
    )  # fmt: skip


WEEKDAY = note(
    "On what day of the week did the collision happen?", "Sunday (12/29/2024).", "weekday(2024-12-29) = Sunday",
    "Date: 12/29/2024",
)  # fmt: skip
REPORT = note(
    "How many days after the collision was the report date?",
    "61 days: from 12/29/2024 to 02/28/2025.",
    "days(2024-12-29, 2025-02-28) = 61 days",
    "Date: 12/29/2024",
    "Report Date: 02/28/2025",
)
EXAM = note(
    "How many full months before the collision was the last medical exam?",
    "18 months: from 06/01/2023 to 12/29/2024.",
    "months(2023-06-01, 2024-12-29) = 18 months",
    "Last Medical Exam: 06/01/2023",
    "Date: 12/29/2024",
)
REVIEW = note(
    "How many full months before the collision was the last pilotage review?",
    "14 months: from 10/01/2023 to 12/29/2024.",
    "months(2023-10-01, 2024-12-29) = 14 months",
    "Last Pilotage Review: 10/01/2023",
    "Date: 12/29/2024",
)
SHARE = note(
    "What share of the total sea time was in this class?", "About 100%: 2313 of 2319 hours.",
    "2313 hours / 2319 hours = 100%", HOURS,
)  # fmt: skip
REST = note(
    "How many hours of sea time were not in this class, but in others?", "6 hours: 2319 less 2313.",
    "2319 hours - 2313 hours = 6 hours", HOURS,
)  # fmt: skip
BETWEEN = note(
    "How many hours of sea time were between 90 and 30 days before the collision?", "9 hours: 17 less 8.",
    "17 hours - 8 hours = 9 hours", HOURS,
)  # fmt: skip
WARMTH = note(
    "What was the temperature in degrees Fahrenheit?", "72°F (22°C).", "convert(22 °C) = 72°F", "Temperature: 22°C"
)  # fmt: skip
NOTES = [WEEKDAY, REPORT, EXAM, REVIEW, SHARE, REST, BETWEEN, WARMTH]
RARITY = {
    "collis": 0.5, "report": 0.7, "date": 0.7, "last": 0.9, "medic": 1.5, "exam": 1.5, "sea": 1.5, "time": 0.7, "class": 1.5,
    "master": 0.8, "hour": 1.0, "temperatur": 1.5, "pilotag": 1.5, "review": 1.5, "dai": 1.0, "wreck": 1.5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What day of the week was the collision?", WEEKDAY),
        ("On which weekday did the collision take place?", WEEKDAY),
        ("How many days passed between the collision and the date of the report?", REPORT),
        ("How long after the collision was the report dated?", REPORT),
        ("How many full months before the collision was the master's last medical exam?", EXAM),
        ("What percentage of the master's total sea time was in this class?", SHARE),
        ("How many hours of sea time did the master have in other classes?", REST),
        ("How many sea hours had the master between 90 and 30 days before the collision?", BETWEEN),
        ("What was the temperature in Fahrenheit?", WARMTH),
    ],
)
def test_a_question_in_other_words_finds_what_was_derived(question, expected):
    assert derived.choose(question, NOTES, RARITY) is expected


@pytest.mark.parametrize(
    "question",
    [
        "When did the collision happen?",
        "What is the report date?",
        "When was the last medical exam?",
        "How much sea time has the master in this class?",
        "How many hours of total sea time has the master?",
        "How many hours of sea time were in the last 30 days?",
        "What was the temperature?",
        "What was the temperature in degrees Celsius?",
        "How many days after the collision was the wreck raised?",
        "How many days before the collision was the report dated?",
        "How many hours after the collision was the report dated?",
        "How many full months before the collision was the last review of the brakes?",
        "What share of the crew was in this class?",
        "How many hours of sea time were between 60 and 30 days before the collision?",
        "",
    ],
)
def test_a_question_for_something_else_finds_nothing(question):
    assert derived.choose(question, NOTES, RARITY) is None


def test_two_notes_that_fit_alike_and_differ_answer_nothing():
    other = note(WARMTH.question, "50°F (10°C).", "convert(10 °C) = 50°F", "Temperature: 10°C")
    assert derived.choose("What was the temperature in Fahrenheit?", [WARMTH, other], RARITY) is None
    assert derived.choose("What was the temperature in Fahrenheit?", [WARMTH, WARMTH], RARITY) is WARMTH


def test_only_inferences_with_a_formula_count():
    plain = note(WARMTH.question, "72°F (22°C).", "", "Temperature: 22°C", kind="answer")
    assert derived.choose(WARMTH.question, [plain], RARITY) is None


@pytest.mark.parametrize(
    ("formula", "operation"),
    [
        ("weekday(2024-12-29) = Sunday", "weekday"),
        ("days(2024-12-29, 2025-02-28) = 61 days", "elapsed"),
        ("24 / 63 = 38%", "share"),
        ("(150 - 120) / 120 = 25%", "change"),
        ("150 - 120 = 30", "difference"),
        ("150 − 120 = 30", "difference"),
        ("1989 - 1963 = 26", "elapsed"),
        ("1 h + 2 h = 3 h", "total"),
        ("2 * 3 = 6; sum(6, 7) = 13", "total"),
        ("mean(6, 8) = 7", "mean"),
        ("max(6, 8) = 8", "most"),
        ("300 km / 4 h = 75 km/h", "rate"),
        ("convert(22 °C) = 72 °F", "converted"),
        ("2 * 3 = 6", ""),
        ("", ""),
    ],
)
def test_a_formula_tells_what_was_done(formula, operation):
    assert derived.operation(formula) == operation


LOG = b"""Collision Report
Date and Time: 12/29/2024, 1730 EST
Vessel: Petrel
Harbour: Ardwell
The collision happened near the pier. The collision broke the rail of the ship.
Master: Jane Doe
Last Medical Exam: 06/01/2023
Sailing Time: 1710 EST
Report Date: 02/28/2025
""" + b"".join(
    b"Berth %d of the harbour lies behind the old mill, and ships of every kind and flag come there to land their goods.\n"
    % n
    for n in range(40)
)


@pytest.fixture
def log(services):
    received = ingest.receive(services, "log.txt", io.BytesIO(LOG))
    assert ingest.process(services, received.document_id).status == "ready"
    assert {run.status for run in sleep_now(services, until_done=True)} == {"done"}
    return received.document_id


def test_what_was_worked_out_answers_with_its_evidence(services, log):
    answer = ask(services, "How many days passed between the collision and the report date?", document_ids=[log])
    assert answer.route == "notes"
    assert answer.text == "61 days: from 12/29/2024 to 02/28/2025."
    assert [citation.quote for citation in answer.citations] == [
        "Date and Time: 12/29/2024, 1730 EST",
        "Report Date: 02/28/2025",
    ]
    assert all(citation.verified and citation.via_note in answer.notes_used for citation in answer.citations)
    assert tokens.count("\n".join([answer.text, *(citation.quote for citation in answer.citations)])) <= 128
    context = prepare_context(
        services, "How many days passed between the collision and the report date?", document_ids=[log]
    )
    assert context.route == "notes"
    assert "61 days" in context.text


def test_what_is_stated_is_quoted_all_the_same(services, log):
    answer = ask(services, "When was the last medical exam?", document_ids=[log])
    assert "06/01/2023" in answer.text
    assert "months" not in answer.text


def test_over_several_documents_nothing_derived_answers(services, log):
    received = ingest.receive(services, "other.txt", io.BytesIO(LOG.replace(b"02/28/2025", b"03/31/2025")))
    ingest.process(services, received.document_id)
    answer = ask(services, "How many days passed between the collision and the report date?")
    assert "61 days" not in answer.text


PAGE = "Aviation accident report. Location: Tallahassee, FL. Aircraft: Piper PA-22-150, N5921D. Date: 11/24/2007."


def test_a_question_is_freed_of_the_name_of_its_document():
    asked = "How many hours had the pilot in other models (the Piper N5921D accident at Tallahassee, FL)?"
    assert derived.without_name(asked, PAGE) == "How many hours had the pilot in other models ?"
    assert terms(derived.without_name("How old was N5921D near Tallahassee?", PAGE)) == terms("How old was near?")


@pytest.mark.parametrize(
    "asked", ["How many hours had the pilot?", "How many hours had the pilot in Alton?", "Pilot hours?"]
)
def test_a_question_that_names_no_document_could_mean_any(asked):
    assert derived.without_name(asked, PAGE) is None


def test_over_several_documents_the_one_that_is_named_answers(services, log):
    received = ingest.receive(
        services, "other.txt", io.BytesIO(LOG.replace(b"02/28/2025", b"03/31/2025").replace(b"Petrel", b"Curlew"))
    )
    ingest.process(services, received.document_id)
    assert {run.status for run in sleep_now(services, until_done=True)} == {"done"}
    asked = "How many days passed between the collision and the report date"
    answer = ask(services, f"{asked} (the Curlew)?")
    assert (answer.route, answer.text) == ("notes", "92 days: from 12/29/2024 to 03/31/2025.")
    assert "61 days" in ask(services, f"{asked} (the Petrel)?").text
    for unnamed in (f"{asked}?", f"{asked} (the Heron)?"):
        assert not {"61 days", "92 days"} & {ask(services, unnamed).text[:7]}
