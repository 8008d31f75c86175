"""The sample document and the notes that come with it."""

from __future__ import annotations

import re

import pytest

from scripts import make_sample
from stc import sample
from stc.chat.answering import ask
from stc.chat.citing import find_quote
from stc.documents import ingest
from stc.meter.ledger import saving
from stc.sleep import run
from stc.storage import documents, ledger, notes

DRAFTS = sample.prepared()


@pytest.fixture
def pages(services) -> dict[int, str]:
    with sample.PDF.open("rb") as stream:
        document = ingest.process(services, ingest.receive(services, sample.NAME, stream).document_id)
    assert document.status == "ready"
    assert document.warnings == ()
    with services.database.read() as connection:
        return {page.number: page.text for page in documents.read_pages(connection, document.id)}


def test_the_file_is_what_the_script_draws(tmp_path):
    make_sample.draw(tmp_path / "drawn.pdf")
    assert (tmp_path / "drawn.pdf").read_bytes() == sample.PDF.read_bytes()


def test_it_has_ten_to_twenty_pages_with_tables_read_row_by_row(pages):
    assert 10 <= len(pages) <= 20
    assert "Petrel 2024 36 m 150 14 battery Route 2" in pages[9]
    assert "Reserves 2,735 2,861 2,974" in pages[16]


def test_every_quote_of_every_note_stands_on_its_page(pages):
    missing = [
        (item.page, item.quote)
        for draft in DRAFTS
        for item in draft.evidence
        if find_quote(item.quote, pages[item.page]) is None
    ]
    assert not missing


def test_every_number_of_a_note_stands_in_its_quotes_or_follows_from_them():
    for draft in DRAFTS:
        known = numbers(" ".join(item.quote for item in draft.evidence)) | numbers(draft.question)
        known |= {2023, 2024, 2025}  # the report's years, in the heads of its tables
        known |= numbers(draft.formula or "")
        known |= {number * 1000 for number in known}  # tables in thousands of euros
        assert not numbers(draft.text) - known, draft.text


def test_every_formula_comes_out():
    formulas = [part for draft in DRAFTS if draft.formula for part in draft.formula.split("; ")]
    assert len(formulas) > 10
    for formula in formulas:
        left, right = formula.split(" = ")
        assert re.fullmatch(r"[\d.,%*/+\- ]+", left)
        result = eval(re.sub(r"%", "*0.01", left.replace(",", "")))
        wanted = float(right.replace(",", "").removesuffix("%")) * (0.01 if right.endswith("%") else 1)
        digits = len(right.removesuffix("%").partition(".")[2]) + (2 if right.endswith("%") else 0)
        assert round(result, digits) == pytest.approx(wanted), formula


def test_no_question_is_prepared_twice():
    questions = [draft.question for draft in DRAFTS if draft.question]
    assert len(set(questions)) == len(questions) >= 60


def test_loading_it_twice_is_loading_it_once_and_costs_nothing(services):
    first = sample.load(services)
    assert sample.load(services) == first
    with services.database.read() as connection:
        (document,) = documents.list_all(connection, services.owner)
        kept = notes.of_document(connection, first)
        assert ledger.rows(connection, services.owner) == []
    assert document.status == "ready"
    assert len(kept) == len(DRAFTS), "every note passes the check"
    assert {note.model for note in kept} == {"hand-written for the sample"}
    assert run.dry_run(services, [first]) == [], "nothing is left to prepare"
    assert all(item.chunk_id for note in kept for item in note.evidence[:1] if note.kind != "summary")


def numbers(text: str) -> set[float]:
    return {float(found.replace(",", "")) for found in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", text)}


def test_what_the_notes_of_the_sample_spare_is_not_counted_as_saved(services):
    document = sample.load(services)
    answer = ask(services, "When did Petrel enter service?", document_ids=[document])
    assert answer.route == "reused"
    saved = saving(answer, "chunks")
    assert saved is not None
    assert (saved.tokens, saved.reason) == (0, "its notes came with the sample")
