from __future__ import annotations

import io

import pytest

from stc.documents import ingest
from stc.sleep import run
from stc.storage import conversations
from stc.ui import library
from tests.documents.pdfs import make_pdf
from tests.pages.conftest import all_text, ask, button, until


def test_an_empty_page_offers_a_sample_and_a_place_to_drop_files(app):
    app.run()
    assert not app.exception
    assert app.title[0].value == "Ask your documents"
    assert button(app, "Try it with a sample")
    assert app.file_uploader
    assert "Quotes only (no AI model)" in all_text(app)


def test_the_sample_comes_prepared(app):
    app.run()
    button(app, "Try it with a sample").click().run()
    assert not app.exception
    shown = all_text(app)
    assert "Prepared questions" in shown
    assert "491,500 passengers" in shown, "its summary"
    assert "prepared notes" in shown


def test_a_prepared_question_is_answered_from_its_prepared_answer(app, services):
    app.run()
    button(app, "Try it with a sample").click().run()
    next(one for one in app.button if one.label.endswith("\\?")).click().run()
    until(app, "Answered from: a prepared answer of 20")
    assert not app.exception
    asked = library.answers(services, library.conversations(services)[0]["id"])
    assert [answer.origin for answer in asked] == ["suggested"]
    button(app, "Ask the document instead").click().run()
    until(app, "Answered from: passages")
    assert library.answers(services, library.conversations(services)[0]["id"])[1].route == "chunks"


def test_after_an_answer_prepared_questions_from_around_it_are_offered(app, services):
    app.run()
    button(app, "Try it with a sample").click().run()
    next(one for one in app.button if one.label.endswith("\\?")).click().run()
    until(app, "Prepared questions nearby")
    first = library.answers(services, library.conversations(services)[0]["id"])[0]
    offered = [one for one in app.button if one.key.startswith(f"next-{first.id}")]
    assert 1 <= len(offered) <= 3
    words = offered[0].label
    offered[0].click().run()
    until(app, "Answered from: a prepared answer")
    said = library.answers(services, library.conversations(services)[0]["id"])
    assert [answer.origin for answer in said] == ["suggested", "suggested"]
    again = [one for one in app.button if one.key.startswith("next-")]
    assert all(one.key.startswith(f"next-{said[1].id}") for one in again), "only behind the last answer"
    assert words not in [one.label for one in again]


def test_a_follow_up_is_asked_of_the_document_as_it_was_understood(app, add, services):
    add()
    app.run()
    ask(app, "When was the lighthouse built?")
    until(app, "1887")
    ask(app, "And how tall is it?")
    until(app, "41 metres")
    answer = library.answers(services, library.conversations(services)[0]["id"])[1]
    assert (answer.question, answer.standalone) == ("And how tall is it?", "How tall is the lighthouse?")
    assert "Asked as" not in all_text(app)
    app.session_state[f"meter-{answer.id}"] = True
    app.run()
    assert "Asked as: “How tall is the lighthouse?”" in all_text(app)


def test_over_several_documents_an_answer_says_on_how_many_it_stands(app, add):
    add()
    add("harbour.md", "# Harbour\n\nThe harbour was dug in 1902. It holds 80 boats.\n")
    app.run()
    ask(app, "When was the lighthouse at Cape Marrow built?")
    until(app, "Based on 1 of 2 documents")
    ask(app, "Which orchestra played Beethoven in Vienna?")
    until(app, "of 2 documents")


def test_an_answer_cites_its_page_and_says_what_it_cost(app, add):
    add()
    app.run()
    ask(app, "When was the lighthouse at Cape Marrow built?")
    shown = all_text(until(app, "Answered from: passages · Quotes only (no AI model)"))
    assert "1887" in shown
    assert "[1] lighthouse.md, p. 1" in shown
    assert any("tokens" in one.label and "$0" in one.label for one in app.expander)


def test_a_citation_opens_its_page_with_the_quote_highlighted(app, add):
    add()
    app.run()
    ask(app, "When was the lighthouse at Cape Marrow built?")
    until(app, "Answered from")
    button(app, "[1]").click().run()
    page = next(one.value for one in app.get("html") if "<mark" in one.value)
    assert "1887" in page.split("<mark")[1].split("</mark>")[0]
    assert "Agnes Tull" in page


def test_what_no_document_says_is_said_so_with_the_nearest_passages(app, add):
    add()
    app.run()
    ask(app, "Which orchestra played Beethoven in Vienna?")
    shown = all_text(until(app, "documents don&#x27;t say"))
    assert "nearest" in shown
    assert "Answered from" not in shown


@pytest.mark.parametrize(
    ("question", "said"),
    [("x" * 50_000, "50,000 characters long"), ("???", "The question is empty")],
)
def test_a_question_that_can_not_be_asked_is_told_so_and_leaves_no_chat(app, add, services, question, said):
    add()
    app.run()
    ask(app, question)
    assert said in app.error[0].value.replace("\\", "")
    assert library.conversations(services) == []
    assert not app.exception
    assert app.text_area[0].value == question, "what was typed is not lost"
    app.text_area[0].set_value("When was the lighthouse built?").run()
    button(app, "Ask again").click().run()
    until(app, "1887")
    assert not app.error
    assert not app.text_area


def test_a_question_without_any_document_is_told_so(app, services):
    app.run()
    ask(app, "When was it built?")
    assert "no document to ask yet" in app.error[0].value.replace("\\", "")


def test_a_question_that_came_too_early_is_kept_to_be_asked_again(app, services):
    from tests.pages.conftest import LIGHTHOUSE

    app.run()
    app.file_uploader[0].upload("lighthouse.md", LIGHTHOUSE.encode(), "text/markdown").run()
    ask(app, "How tall is the lighthouse?")
    assert "still being read" in app.error[0].value
    ingest.process_pending(services)
    app.run()
    assert "still being read" in app.error[0].value, "it does not vanish by itself"
    button(app, "Ask again").click().run()
    until(app, "41 metres")
    assert not app.error


def test_a_document_that_is_still_read_can_be_opened(app, services):
    app.run()
    for name in ("a.md", "b.md"):
        app.file_uploader[0].upload(name, f"# {name}\n\nThe mill was built in 1750.\n".encode(), "text/markdown")
    app.run()
    app.query_params["document"] = library.documents(services)[0].id
    app.run()
    assert not app.exception
    assert "Being read" in all_text(app)


def test_a_chat_outlives_its_documents_and_says_that_they_are_gone(app, add, services):
    document_id = add()
    add("harbour.md", "# Harbour\n\nThe harbour was dug in 1902. It holds 80 boats.\n")
    app.query_params["document"] = document_id
    app.run()
    ask(app, "When was the lighthouse at Cape Marrow built?")
    until(app, "Answered from")
    ingest.remove(services, document_id)
    app.run()
    assert "1887" in all_text(app)
    ask(app, "How tall is the lighthouse?")
    assert "What this chat was limited to is deleted" in app.error[0].value
    assert len(library.answers(services, library.conversations(services)[0]["id"])) == 1
    button(app, "[1]").click().run()
    assert not app.exception
    assert "Its text is gone with it" in all_text(app)
    button(app, "Answer from all documents").click().run()
    ask(app, "When was the harbour dug?")
    until(app, "1902")


def test_a_chat_can_be_limited_to_documents(app, add, services):
    add()
    other = add("harbour.md", "# Harbour\n\nThe harbour was dug in 1902. It holds 80 boats.\n")
    app.run()
    app.multiselect[0].set_value([other]).run()
    ask(app, "When was the lighthouse at Cape Marrow built?")
    until(app, "documents don&#x27;t say")
    chat = library.conversations(services)[0]
    assert chat["scope"] == [other]
    app.multiselect[0].set_value([]).run()
    assert library.conversations(services)[0]["scope"] == []


def test_a_chat_can_be_limited_to_pages_of_one_document(app, services):
    texts = ["The ferry leaves at 07:40.", "The harbour was dug in 1902.", "The lighthouse was built in 1911."]
    received = ingest.receive(services, "guide.pdf", io.BytesIO(make_pdf(texts)))
    ingest.process(services, received.document_id)
    app.query_params["document"] = received.document_id
    app.run()
    app.sidebar.text_input[0].set_value("2-9").run()
    assert "guide.pdf has 3 pages: there is no page 9" in app.sidebar.caption[0].value.replace("\\", "")
    ask(app, "When was the harbour dug?")
    assert "there is no page 9" in app.error[0].value
    app.sidebar.text_input[0].set_value("2").run()
    button(app, "Ask again").click().run()
    until(app, "1902")
    chat = library.conversations(services)[0]
    assert (chat["scope"], chat["pages"]) == ([received.document_id], "2")
    assert app.sidebar.text_input[0].value == "2"
    ask(app, "When was the lighthouse built?")
    until(app, "documents don&#x27;t say")
    app.sidebar.text_input[0].set_value("").run()
    assert library.conversations(services)[0]["pages"] == ""
    ask(app, "In which year was the lighthouse built?")
    until(app, "1911")
    assert [answer.pages for answer in library.answers(services, chat["id"])] == ["2", "2", ""]


def test_a_question_can_be_asked_where_a_run_that_was_cut_short_forgot_a_field(app, add, services):
    add()
    other = add("harbour.md", "# Harbour\n\nThe harbour was dug in 1902. It holds 80 boats.\n")
    app.run()
    app.multiselect[0].set_value([other]).run()
    ask(app, "When was the harbour dug?")
    until(app, "1902")
    chat = library.conversations(services)[0]["id"]
    del app.session_state[f"pages-scope-{chat}"]
    ask(app, "How many boats does it hold?")
    until(app, "80 boats")
    assert not app.exception
    assert [answer.scope for answer in library.answers(services, chat)] == [(other,), (other,)]


def test_a_chat_is_renamed_and_deleted(app, add, services):
    add()
    app.run()
    ask(app, "When was the lighthouse at Cape Marrow built?")
    until(app, "Answered from")
    app.get("menu_button")[0].click("Rename").run()
    app.text_input[0].set_value("The light *and* <b>").run()
    button(app, "Save").click().run()
    assert library.conversations(services)[0]["title"] == "The light *and* <b>"
    app.get("menu_button")[0].click("Delete").run()
    button(app, "Delete").click().run()
    assert library.conversations(services) == []
    assert not app.exception


def test_a_chat_is_downloaded_as_markdown_or_json(app, add, services):
    add()
    app.run()
    ask(app, "When was the lighthouse at Cape Marrow built?")
    until(app, "Answered from")
    app.get("menu_button")[0].click("Download").run()
    assert not app.exception
    assert [each.label for each in app.get("download_button")] == ["Markdown, to read", "JSON, for programs"]
    (chat,) = library.conversations(services)
    for kind in ("md", "json"):
        assert "When was the lighthouse at Cape Marrow built?" in library.exported_conversation(
            services, chat["id"], kind
        )
    assert library.exported_conversation(services, "gone", "md") == ""


def test_a_long_chat_shows_its_end_and_the_rest_on_demand(app, add, services):
    add()
    app.run()
    ask(app, "When was the lighthouse at Cape Marrow built?")
    until(app, "Answered from")
    with services.database.write() as connection:
        answer = conversations.all_answers(connection, services.owner)[0]
        for number in range(30):
            fields = _fields(answer) | {"id": f"a{number:02d}", "question": f"Question {number}?", "asked_at": number}
            conversations.save_answer(connection, type(answer)(**fields))
    app.run()
    assert len(app.get("feedback")) == 20
    button(app, "Earlier questions (11)").click().run()
    assert len(app.get("feedback")) == 31


def test_thumbs_are_kept(app, add, services):
    add()
    app.run()
    ask(app, "When was the lighthouse at Cape Marrow built?")
    until(app, "Answered from")
    chat = library.conversations(services)[0]["id"]
    app.get("feedback")[0].set_value(0).run()
    assert library.answers(services, chat)[0].rating == -1
    app.get("feedback")[0].set_value(1).run()
    assert library.answers(services, chat)[0].rating == 1


def test_an_answer_whose_process_is_gone_can_be_asked_again(app, add, services):
    add()
    app.run()
    ask(app, "When was the lighthouse at Cape Marrow built?")
    until(app, "Answered from")
    with services.database.write() as connection:
        answer = conversations.all_answers(connection, services.owner)[0]
        conversations.save_answer(connection, type(answer)(**{**_fields(answer), "state": "running", "text": "It was"}))
        conversations.end_orphans(connection, services.now() + 1, "The program was stopped. Ask again.")
    app.run()
    assert "The program was stopped" in all_text(app)
    button(app, "Ask again").click().run()
    until(app, "Answered from")


def _fields(answer):
    return {name: getattr(answer, name) for name in answer.__slots__}


def test_what_was_prepared_meanwhile_is_told_at_the_next_visit(app, add, services):
    add("long.md", "\n\n".join(f"The tower of Alder {i} was built in {1900 + i} by Ada Lind." for i in range(30)))
    app.run()
    assert "While you were away" not in all_text(app)
    assert [one.status for one in run.sleep_now(services, until_done=True)]
    from streamlit.testing.v1 import AppTest

    later = AppTest.from_file(app._script_path, default_timeout=30).run()
    assert "While you were away: 1 document" in all_text(later)


def test_dropped_files_are_taken_by_the_input_line(app, services):
    app.run()
    place = app.chat_input[0]
    place.upload("notes.txt", b"The mill was built in 1750.", "text/plain").run()
    assert not app.exception
    assert [document.name for document in library.documents(services)] == ["notes.txt"]
