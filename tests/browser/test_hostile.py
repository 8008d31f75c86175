"""Documents, file names and models that want to be more than text, in a real browser."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from stc.services import Services
from stc.storage import documents, lexical, notes
from stc.storage.database import new_id
from stc.words import Evidence, Note
from tests.fakes import ModelServer

pytestmark = pytest.mark.browser

NASTY = (
    "<script>window.hit=1;alert(1)</script> <img src=http://evil.test/a.png onerror=window.hit=2;alert(2)> "
    "[click](javascript:alert(3)) ![x](http://evil.test/b.png) [link](http://evil.test) http://evil.test/c "
    "www.evil.test a@evil.test $$x^2$$ $y$ :material/bolt: :tada: :red[red] :streamlit: -> "
    "<a href=http://evil.test>a</a> <iframe src=http://evil.test></iframe> <style>*{display:none}</style>"
)
DOCUMENT = (
    f"# The report\n\nThe tower of Alder was built in 1931 by Ada Lind. {NASTY}\n\nThe tower is 12 metres tall.\n"
)
NAME = "<img src=x onerror=alert(4)> [x](javascript:alert(5)) $y$ :tada: http:evil.test.md"


def no_element_of_theirs(page: Page) -> None:
    """Check that nothing on the page came from a document, a name or a model but text."""
    assert page.evaluate("window.hit") is None
    found = page.evaluate(
        """() => [...document.querySelectorAll('a, img, iframe, .katex, script, style')]
            .map(element => element.outerHTML).filter(markup => /evil|javascript:|onerror|katex/.test(markup))"""
    )
    assert found == []
    for text in page.get_by_test_id("stMarkdownContainer").all_inner_texts():
        assert "🎉" not in text


def prepare(storage: Path) -> None:
    """Add a summary and a prepared answer that hold the same."""
    services = Services(storage)
    with services.database.write() as connection:
        document = documents.list_all(connection, services.owner)[0]
        quote = Evidence(1, "The tower is 12 metres tall.")
        for kind, question in (("summary", ""), ("answer", f"How tall is it? {NASTY}")):
            made = (
                kind,
                question,
                f"It is 12 metres tall. {NASTY}",
                None,
                (quote,),
                "verified",
                "extractive",
                "extractive",
            )
            note = Note(new_id(), services.owner, document.id, None, *made, tokens=50, times_used=0, created_at=1.0)
            notes.add(connection, [note])
            lexical.add(connection, "note", document.id, [(note.id, f"{note.question} {note.text}")])
    services.close()


def test_a_hostile_document_stays_text_from_drop_to_citation(server, tab):
    server.start()
    page = tab().page
    page.goto(server.url)
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": NAME, "mimeType": "text/markdown", "buffer": DOCUMENT.encode()}
    )
    expect(page.get_by_text("0 prepared notes")).to_be_visible()
    no_element_of_theirs(page)
    page.get_by_test_id("stChatInputTextArea").fill("Who built the tower of Alder?")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Answered from: passages")).to_be_visible()
    no_element_of_theirs(page)
    page.locator("[class*=st-key-cite-] button:visible").first.click()
    expect(page.get_by_role("dialog").locator("mark")).to_be_visible()
    expect(page.get_by_role("dialog")).to_contain_text("<script>window.hit=1;alert(1)</script>")
    no_element_of_theirs(page)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Background work").click()
    page.get_by_role("button", name="Prepare now").click()
    expect(page.get_by_text("Asleep: everything is prepared")).to_be_visible()
    no_element_of_theirs(page)
    prepare(server.storage)
    page.get_by_role("link", name="Chat", exact=True).click()
    expect(page.get_by_text("Prepared questions")).to_be_visible()
    no_element_of_theirs(page)
    page.locator("[class*=st-key-ask-] button").first.click()
    expect(page.get_by_text("Answered from: a prepared answer")).to_be_visible()
    no_element_of_theirs(page)
    for name in ("Documents", "Prepared notes", "Savings"):
        page.get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", name=name)).to_be_visible()
        no_element_of_theirs(page)
    assert not server.refused()


SIZES = pytest.mark.parametrize("size", [(1280, 900), (390, 800)], ids=["desktop", "phone"])


@SIZES
def test_what_a_model_sends_in_pieces_stays_text_at_each_of_them(server, tab, size):
    with ModelServer(reply=lambda body: f"Built in 1931 [1]. {NASTY}", piece=r".{1,3}", word_delay_s=0.05) as model:
        server.environment |= {"STC_CHAT_MODEL": "openai/double", "STC_API_BASE": model.url}
        server.start()
        page = tab(viewport={"width": size[0], "height": size[1]}).page
        page.goto(server.url)
        drop = page.get_by_test_id("stFileUploaderDropzoneInput")
        drop.set_input_files(
            [
                {"name": name, "mimeType": "text/markdown", "buffer": f"{DOCUMENT}\n{name}".encode()}
                for name in (NAME, "![x](http:evil.test) <b>bold.md", ":red[x] $y$ www.evil.test.md")
            ]
        )
        expect(page.get_by_text("3 documents")).to_be_visible()
        no_element_of_theirs(page)
        page.get_by_test_id("stChatInputTextArea").fill(f"When was the tower of Alder built? {NASTY}")
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("stChatMessage").nth(1)).to_contain_text("Built in 1931")
        while page.get_by_role("button", name="Stop").count():
            no_element_of_theirs(page)
            page.wait_for_timeout(60)
        expect(page.get_by_text(re.compile("Answered from|Your documents don't say"))).to_be_visible()
        no_element_of_theirs(page)
        page.goto(f"{server.url}/background-work")
        page.get_by_test_id("stSelectbox").first.click()
        expect(page.get_by_role("option").filter(has_text="bold.md")).to_be_visible()
        no_element_of_theirs(page)
        page.keyboard.press("Escape")
        page.goto(server.url)
        if size[0] < 1000:
            page.get_by_test_id("stExpandSidebarButton").click()
        page.get_by_role("combobox", name="Answer from").click()
        expect(page.get_by_role("option").filter(has_text="bold.md")).to_be_visible()
        no_element_of_theirs(page)
        assert page.title() == "Sleep-Time Chat"
    assert not server.refused()


def test_a_hostile_model_stays_text_while_it_streams_and_after(server, tab):
    def reply(body):
        return f"The tower was built in 1931 {NASTY} **by Ada Lind** [1].\n\n- one\n- two {NASTY}"

    with ModelServer(reply=reply, word_delay_s=0.05) as model:
        server.environment |= {"STC_CHAT_MODEL": "openai/double", "STC_API_BASE": model.url}
        server.start()
        page = tab().page
        page.goto(server.url)
        page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
            {"name": "tower.md", "mimeType": "text/markdown", "buffer": DOCUMENT.encode()}
        )
        expect(page.get_by_text("0 prepared notes")).to_be_visible()
        page.get_by_test_id("stChatInputTextArea").fill("Who built the tower of Alder?")
        page.keyboard.press("Enter")
        answer = page.get_by_test_id("stChatMessage").nth(1)
        expect(answer).to_contain_text("The tower was built in 1931")
        while page.get_by_role("button", name="Stop").count():
            no_element_of_theirs(page)
            page.wait_for_timeout(100)
        expect(page.get_by_text(re.compile("Answered from|Your documents don't say"))).to_be_visible()
        no_element_of_theirs(page)
    assert not server.refused()


def test_a_running_answer_survives_a_refresh_and_can_be_stopped(server, tab):
    words = " ".join(f"word{number}" for number in range(400))
    with ModelServer(reply=lambda body: f"Built in 1931 [1]. {words}", word_delay_s=0.1) as model:
        server.environment |= {"STC_CHAT_MODEL": "openai/double", "STC_API_BASE": model.url}
        server.start()
        page = tab().page
        page.goto(server.url)
        page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
            {"name": "tower.md", "mimeType": "text/markdown", "buffer": DOCUMENT.encode()}
        )
        expect(page.get_by_text("0 prepared notes")).to_be_visible()
        page.get_by_test_id("stChatInputTextArea").fill("When was the tower of Alder built?")
        page.keyboard.press("Enter")
        answer = page.get_by_test_id("stChatMessage").nth(1)
        expect(answer).to_contain_text("word3")
        page.reload()
        expect(answer).to_contain_text("word10")
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("button", name="Ask again")).to_be_visible()
        expect(answer).to_contain_text("word10")
        assert model.gone.wait(10), "the model's server is not kept busy for nobody"
    with sqlite3.connect(server.storage / "stc.db") as database:
        assert database.execute("SELECT state FROM answers").fetchall() == [("stopped",)]


def test_a_model_that_fails_is_told_in_a_sentence_and_the_question_can_be_asked_again(server, tab):
    with ModelServer(reply=lambda body: "It was built in 1931 [1].") as model:
        model.faults.append("401")
        server.environment |= {"STC_CHAT_MODEL": "openai/double", "STC_API_BASE": model.url}
        server.start()
        page = tab().page
        page.goto(server.url)
        page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
            {"name": "tower.md", "mimeType": "text/markdown", "buffer": DOCUMENT.encode()}
        )
        expect(page.get_by_text("0 prepared notes")).to_be_visible()
        page.get_by_test_id("stChatInputTextArea").fill("When was the tower of Alder built?")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text(re.compile("key", re.I))
        page.get_by_role("button", name="Ask again").click()
        expect(page.get_by_text("Answered from: passages")).to_be_visible()
