from __future__ import annotations

import json

import pytest

from stc.sleep import notebook
from stc.storage import notes as note_rows
from stc.ui import library
from stc.words import Answer, Baseline, Citation, Usage
from tests.pages.conftest import all_text, button

TOWER = {
    "question": "How tall is the lighthouse?",
    "text": "41 metres.",
    "evidence": [{"page": 1, "quote": "It stands 41 metres tall."}],
}
KEEPER = {
    "question": "Who was the keeper?",
    "text": "Agnes Tull.",
    "evidence": [{"page": 1, "quote": "The keeper's name was Agnes Tull."}],
}
SAVED_WATTS = {
    "kind": "inference",
    "question": "How many watts fewer does the new lamp use?",
    "text": "940 watts.",
    "formula": "1,000 watts - 60 watts = 940 watts",
    "evidence": [
        {"page": 1, "quote": "The new lamp uses 60 watts."},
        {"page": 1, "quote": "The old lamp used 1,000 watts."},
    ],
}
SUMMARY = {
    "kind": "summary",
    "text": "A report about a lighthouse.",
    "evidence": [{"page": 1, "quote": "Lighthouse report"}],
}


@pytest.fixture
def document(add, services):
    """A document with a summary, two answers and a derived figure; returns its id."""
    document_id = add()
    lines = [json.dumps(note) for note in (SUMMARY, TOWER, KEEPER, SAVED_WATTS)]
    assert [one.error for one in notebook.bring_in(services, lines, document_id=document_id)] == [None] * 4
    return document_id


@pytest.fixture
def page(app, services):
    app.run()
    return app.switch_page("pages/notes.py").run()


def note_of(services, document_id, question):
    return next(note for note in library.some_notes(services, document_id) if note.question == question)


def questions(app):
    shown = all_text(app)
    return [note["question"] for note in (TOWER, KEEPER, SAVED_WATTS) if note["question"] in shown]


def test_without_documents_the_page_says_what_it_is_for(page):
    assert "Nothing here yet" in all_text(page)
    assert not page.exception


def test_a_document_without_notes_says_why(page, add, services):
    document_id = add()
    page.run()
    assert "That happens by itself" in all_text(page)
    library.change_document(services, document_id, prepare=False)
    page.run()
    assert "switched off" in all_text(page)


def test_every_note_stands_with_its_answer_evidence_formula_and_figures(page, document):
    page.run()
    assert not page.exception
    shown = all_text(page)
    assert questions(page) == [TOWER["question"], KEEPER["question"], SAVED_WATTS["question"]]
    assert "A report about a lighthouse." in shown
    assert "“It stands 41 metres tall.”" in shown
    assert "1,000 watts − 60 watts = 940 watts" in shown
    assert "derived figure · not used yet · imported · just now" in shown


def test_a_quote_opens_its_page_with_the_quote_highlighted(page, document, services):
    page.run()
    page.button(key=f"quote-{note_of(services, document, TOWER['question']).id}-0").click().run()
    assert "<mark" in "".join(one.value for one in page.get("html"))
    assert "Section 1 of 1" in all_text(page)


def test_notes_are_sought_by_words_and_by_kind(page, document):
    page.run()
    page.text_input(key=f"find-{document}").set_value("agnes").run()
    assert questions(page) == [KEEPER["question"]]
    page.text_input(key=f"find-{document}").set_value("zebra").run()
    assert "No note has all of these words" in all_text(page)
    page.text_input(key=f"find-{document}").set_value("").run()
    page.get("button_group")[0].set_value(["inference"]).run()
    assert questions(page) == [SAVED_WATTS["question"]]
    assert not page.exception


def test_a_note_is_hidden_at_once_and_comes_back_by_undo(page, document, services):
    page.run()
    note = note_of(services, document, TOWER["question"])
    page.button(key=f"hide-{note.id}").click().run()
    assert questions(page) == [KEEPER["question"], SAVED_WATTS["question"]]
    assert "does not come back" in all_text(page)
    assert library.document(services, document).notes == 3
    page.button(key="undo").click().run()
    assert len(questions(page)) == 3
    assert "does not come back" not in all_text(page)


def test_hidden_notes_can_be_looked_at_and_shown_again(page, document, services):
    note = note_of(services, document, TOWER["question"])
    notebook.hide(services, note.id)
    page.run()
    page.get("button_group")[0].set_value("hidden").run()
    assert questions(page) == [TOWER["question"]]
    assert "are not prepared again" in all_text(page)
    button(page, "Show again").click().run()
    assert len(questions(page)) == 3


def test_notes_out_of_date_stand_apart(page, document, services):
    note = note_of(services, document, TOWER["question"])
    with services.database.write() as connection:
        note_rows.make_stale(connection, document, [note.id])
    page.run()
    assert questions(page) == [KEEPER["question"], SAVED_WATTS["question"]]
    page.get("button_group")[0].set_value("stale").run()
    assert questions(page) == [TOWER["question"]]
    assert "have changed since" in all_text(page)


def test_all_notes_are_thrown_away_after_a_second_word(page, document, services):
    notebook.hide(services, note_of(services, document, TOWER["question"]).id)
    page.run()
    button(page, "Throw all away").click().run()
    assert "All 4 notes" in all_text(page)
    button(page, "Keep them").click().run()
    assert library.document(services, document).notes == 3
    button(page, "Throw all away").click().run()
    button(page, "Throw them away").click().run()
    assert library.document(services, document).notes == 0
    assert "Nothing is prepared of it" in all_text(page)
    assert not page.exception


def test_what_a_note_saved_is_told_where_it_is_known(page, document, services):
    from stc.storage import conversations

    note = note_of(services, document, TOWER["question"])
    answer = Answer(
        id="a", owner=services.owner, conversation_id=None, question=TOWER["question"], scope=(), origin="typed",
        effort="medium", asked_at=services.now(), state="done", text="41 metres.", route="notes",
        citations=(Citation(1, document, "lighthouse.md", 1, "It stands 41 metres tall.", True, note.id),),
        notes_used=(note.id,), usage=Usage(100), baselines={"chunks": Baseline(1600, 0, 0.0)},
    )  # fmt: skip
    with services.database.write() as connection:
        conversations.save_answer(connection, answer)
        note_rows.count_use(connection, [note.id])
    page.run()
    assert "answer · used 1 time · 1,500 tokens saved" in all_text(page)
    assert all_text(page).count("saved ·") == 1


def test_thousands_of_notes_come_in_pages(page, add, services):
    document_id = add()
    lines = [json.dumps(TOWER | {"question": f"Question {n}: how tall is it?"}) for n in range(45)]
    list(notebook.bring_in(services, lines, document_id=document_id))
    page.run()
    assert sum(one.label == "Hide" for one in page.button) == 20
    page.get("pagination")[0].set_value(3).run()
    assert sum(one.label == "Hide" for one in page.button) == 5
    page.text_input(key=f"find-{document_id}").set_value("44").run()
    assert sum(one.label == "Hide" for one in page.button) == 1
    assert not page.exception


def test_a_choice_of_document_is_kept_in_the_address(page, document, add):
    other = add("mill.md", "# The mill\n\nThe mill was built in 1750.\n")
    page.run()
    assert len(questions(page)) == 3, "the first with notes is shown"
    page.selectbox(key="notes-of").set_value(other).run()
    assert "Nothing is prepared of it yet" in all_text(page)
    assert page.query_params["document"] == other
    page.query_params["document"] = document
    page.run()
    assert len(questions(page)) == 3


def test_the_notes_are_reached_from_the_opened_document_and_from_the_list(app, document, add):
    add("mill.md", "# The mill\n\nThe mill was built in 1750.\n")
    app.query_params["document"] = document
    app.run()
    assert "A report about a lighthouse." in all_text(app)
    assert questions(app) == [TOWER["question"], KEEPER["question"], SAVED_WATTS["question"]]
    button(app, "All its notes").click().run()
    assert app.title[0].value == "Prepared notes"
    assert len(questions(app)) == 3
    app.switch_page("pages/documents.py").run()
    assert [one.label for one in app.button if one.label == "Notes"] == ["Notes"], "only where there are some"
    button(app, "Notes").click().run()
    assert len(questions(app)) == 3
    assert not app.exception


def test_an_opening_is_counted_once_in_a_visit(app, document, services):
    app.run()
    assert library.document(services, document).opens == 0, "the only document is shown without being opened"
    app.query_params["document"] = document
    app.run().run()
    assert library.document(services, document).opens == 1


def test_many_prepared_questions_are_offered_a_few_at_a_time(app, add, services):
    document_id = add()
    lines = [json.dumps(TOWER | {"question": f"Question {n}: how tall is it?"}) for n in range(25)]
    list(notebook.bring_in(services, lines, document_id=document_id))
    app.run()
    assert all_text(app).count("how tall is it?") == 5
    button(app, "More (20)").click().run()
    assert all_text(app).count("how tall is it?") == 15


def test_what_documents_say_stays_text(page, add, services):
    evil = "![x](http://evil.test/x.png) <script>alert(1)</script> :material/home: $x$"
    document_id = add(f"{evil[:20]}.md", f"# Title\n\nThe sign reads {evil} on the door.\n")
    note = {
        "question": f"What is {evil}?",
        "text": f"It is {evil}",
        "evidence": [{"page": 1, "quote": f"The sign reads {evil} on the door."}],
    }
    (brought,) = notebook.bring_in(services, [json.dumps(note)], document_id=document_id)
    assert brought.status == "added", brought.error
    page.run()
    assert not page.exception
    shown = [one.value for one in (*page.markdown, *page.caption)] + [one.label for one in page.button]
    active = ("](", "<script>", ":material/home:", "$x$")
    assert not [one for one in shown if any(mark in one for mark in active)]
    assert "<script" not in "".join(one.value for one in page.get("html"))
