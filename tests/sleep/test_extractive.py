"""The thinker without a model: what it reads, what it asks, how it sums up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stc.models import tokens
from stc.sleep import checking
from stc.sleep.extractive import ExtractiveThinker
from stc.sleep.reading import read, readable
from stc.words import Page
from tests.sleep import library


def thinker(*texts: str, **options) -> ExtractiveThinker:
    return ExtractiveThinker(
        read([Page(number, text) for number, text in enumerate(texts, start=1)], **options), tokens.count
    )


def asked(*texts: str, share: int = 100_000, **options) -> dict[str, str]:
    """Return question -> answer; ``share`` tokens of text stand behind, so that nothing is left out for want of room."""
    drafts = thinker(*texts, **options).anticipate(1, len(texts), tokens=share)
    return {draft.question: draft.text for draft in drafts}


def test_headers_page_numbers_and_ids_are_not_read():
    told = [f"The {what} was built in 1950." for what in ("station", "old mill", "pier", "dam in the west", "house")]
    texts = [f"Annual Report\nPage {n}\n{text}\n_2d4b-{n}e54d-11ec-aa3d" for n, text in enumerate(told)]
    statements = read([Page(number, text) for number, text in enumerate(texts, start=1)]).statements
    assert [statement.text for statement in statements] == told


def test_a_sentence_over_several_lines_is_read_whole_and_quoted_as_it_stands():
    text = "The commis-\nsion keeps a state-\nof-the-art gauge at the river, and\nit is read every day. It is state-of-the-art."
    first = read([Page(1, text)]).statements[0]
    assert first.text == "The commission keeps a state-of-the-art gauge at the river, and it is read every day."
    assert first.quote == text[first.start : first.end]


def test_what_a_pages_end_cuts_is_left_out():
    statements = read(
        [
            Page(1, "The first sentence is whole. The second one goes on\nover the"),
            Page(2, "Page's end into this. The third is whole."),
        ]
    )
    assert statements.statements[0].text == "The first sentence is whole."
    assert "Page's end into this." not in [s.text for s in statements.statements]


@given(st.lists(st.text("ab AB.,:\n-•1 ", max_size=120), max_size=5))
def test_every_statement_is_characters_of_its_page(texts):
    pages = [Page(number, text) for number, text in enumerate(texts, start=1)]
    for statement in read(pages).statements:
        assert statement.quote == texts[statement.page - 1][statement.start : statement.end]
        assert statement.text == readable(statement.quote, frozenset()) or "-" in statement.quote


@given(st.lists(st.text("ab AB.,:\n-•1?", max_size=150), min_size=1, max_size=4))
def test_whatever_the_text_each_note_stands_on_its_page(texts):
    thinking = thinker(*texts)
    drafts = [*thinking.outline(tokens=1000), *thinking.anticipate(1, len(texts), tokens=1000)]
    assert not checking.check(drafts, dict(enumerate(texts, start=1))).dropped.keys() - {checking.DUPLICATE}


def test_a_lead_in_is_answered_by_the_list_below_it():
    text = (
        "The members of the board are:\n• the chair of the cooperative\n• two captains\n• the treasurer\n\n"
        "The commission determines the probable cause(s) of this accident to be:\n"
        "The pilot failed to keep control of the airplane."
    )
    found = asked(text)
    assert found["What are the members of the board?"] == "the chair of the cooperative; two captains; the treasurer."
    assert found["What is the probable cause of the accident?"] == "The pilot failed to keep control of the airplane."


def test_a_row_of_a_table_is_asked_about_by_its_columns():
    prose = "The diesel of the new charging station is dear.\n\n"
    table = "2023 2024 2025\nDiesel 610 598 395\nNew charging station 0 12 840\nAll 1,200 1,190 1,800"
    text = prose + table
    found = asked(text)
    assert found["What was the diesel in 2023, 2024 and 2025?"] == "2023: 610; 2024: 598; 2025: 395"


def test_a_heading_that_asks_is_answered_by_what_follows():
    text = "# How do I get a refund?\n\nWrite to the office within two weeks. A refund is paid by bank transfer.\n"
    assert asked(text, markdown=True)["How do I get a refund?"].startswith("Write to the office within two weeks.")


def test_a_question_with_several_answers_is_not_asked():
    text = "EPA will focus on clean air in the cities of the north. EPA will focus on clean water in the south."
    assert "What will EPA focus on?" not in asked(text)
    assert "What will EPA focus on?" in asked(text.split(". ")[1])


def test_a_form_is_asked_about_label_by_label():
    text = (
        "Name of Vessel: Petrel\nBuilt: 2024\nLength: 38 m\nHome Port: Ardwell, WI Crew: 5\nLast Inspection: 03/02/2025"
    )
    found = asked(text)
    assert found["What is the home port?"] == "Ardwell, WI"
    assert found["What is the last inspection?"] == "03/02/2025"


def test_short_forms_are_asked_about_once():
    found = asked("The Air Quality Index (AQI) is good.", "The Air Quality Index (AQI) is bad.")
    assert found["What does AQI stand for?"] == "Air Quality Index (AQI)"


def test_questions_asked_already_are_not_asked_again():
    drafts = thinker(*library.RIVER).anticipate(1, 2, tokens=10_000, asked=["what is the RHINE?"])
    assert "What is the Rhine?" not in {draft.question for draft in drafts}


@pytest.mark.parametrize("size", [0, 50, 200, 2000])
def test_the_share_of_tokens_is_kept(size):
    drafts = thinker(*library.long(8)).anticipate(1, 8, tokens=size)
    assert sum(tokens.count(f"{draft.question} {draft.text}") for draft in drafts) <= 0.41 * size


def test_the_summary_begins_with_what_the_document_is():
    filler = " ".join(f"Station {n} keeps the water of the river Rhine in view." for n in range(30))
    (summary, *_) = thinker(library.RIVER[0] + " " + filler).outline(tokens=3000)
    assert summary.kind == "summary"
    assert summary.question == ""
    assert summary.text.startswith("The Rhine is a European river that begins in the Swiss Alps.")


def test_long_sections_have_their_own_summaries_with_the_heading_as_evidence():
    body = " ".join(f"The harbour number {n} is open to all ships on weekdays." for n in range(20))
    text = f"# Harbours\n\n{body}\n\n# Ships\n\n{body.replace('harbour', 'ship')}\n"
    drafts = thinker(text, markdown=True).outline(tokens=5000)
    assert [draft.text.split(":")[0] for draft in drafts[1:]] == ["Harbours", "Ships"]
    assert not checking.check(drafts, {1: text}).dropped


def test_a_digest_of_a_long_document_fits_and_is_verbatim():
    texts = library.long(30)
    pieces = thinker(*texts).digest(tokens=300)
    assert sum(tokens.count(text) for _, text in pieces) <= 330
    for page, text in pieces:
        assert all(line in texts[page - 1] for line in text.split("\n"))


def test_a_digest_begins_with_the_documents_own_beginning():
    texts = ["Harbour Plan 2022\nBy the Port Office\nThe port will grow. " + library.long(1)[0], *library.long(30)]
    pieces = thinker(*texts).digest(tokens=600)
    assert pieces[0][0] == 1
    assert pieces[0][1].startswith("Harbour Plan 2022\nBy the Port Office")


def test_a_digest_of_an_article_begins_with_its_first_sentence():
    first = "The harbour of Lindau, which ships from Austria and Switzerland have called at since 1856, is a port."
    pieces = thinker(f"{first} {library.long(1)[0]}", *library.long(30)).digest(tokens=300)
    assert pieces[0][1].startswith(first)


@pytest.mark.parametrize("path", ["qa/squad_v1.1/docs/Rhine.txt", "qa/squad_v1.1/docs/Immune_system.txt"])
def test_on_a_real_article_every_note_holds_and_the_questions_are_of_several_kinds(shared_data, path):
    text = (shared_data / path).read_text(encoding="utf-8")
    parts = [text[start : start + 5000] for start in range(0, len(text), 5000)]
    thinking = thinker(*parts)
    total = sum(tokens.count(part) for part in parts)
    drafts = [*thinking.outline(tokens=total), *thinking.anticipate(1, len(parts), tokens=total)]
    checked = checking.check(drafts, dict(enumerate(parts, start=1)))
    assert checked.dropped == {}
    assert {draft.question.split()[0] for draft in drafts if draft.question} >= {"What", "When", "Why"}
    assert sum(tokens.count(f"{draft.question} {draft.text}") for draft in drafts) <= 0.5 * total
