"""The main job from first to last, in a real browser: drop, ask, look, prepare, ask again, see what it saved."""

from __future__ import annotations

import re
import sqlite3

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

REPORT = """# Lighthouse report

The lighthouse at Cape Marrow was built in 1887. It stands 41 metres tall.
The keeper's name was Agnes Tull. She kept the light for 29 years.

## Costs

Repairs cost $48,200 in 2024. The lamp was replaced on 12 March 2023.
The new lamp uses 60 watts. The old lamp used 1,000 watts.
""" + "\n\n".join(
    f"## Log {year}\n\nIn {year} the light was lit on {200 + year % 100} nights. The fog horn sounded {year % 37} times."
    for year in range(1990, 2020)
)


def ask(page: Page, question: str) -> None:
    page.get_by_test_id("stChatInputTextArea").fill(question)
    page.keyboard.press("Enter")


def add(page: Page, name: str, text: str) -> None:
    place = page.get_by_test_id("stFileUploaderDropzoneInput")
    expect(place).to_have_count(1)  # for a moment there are two: the one that is emptied, and its successor
    place.set_input_files({"name": name, "mimeType": "text/markdown", "buffer": text.encode()})


def test_a_document_is_asked_prepared_asked_again_and_counted(server, tab):
    server.start()
    page = tab().page
    page.goto(server.url)
    expect(page.get_by_role("heading", name="Ask your documents")).to_be_visible()
    add(page, "lighthouse.md", REPORT)
    expect(page.get_by_role("heading", name="lighthouse.md")).to_be_visible()
    expect(page.get_by_text(re.compile(r"0 prepared notes"))).to_be_visible()

    ask(page, "When was the lighthouse at Cape Marrow built?")
    expect(page.get_by_test_id("stChatMessage").nth(1)).to_contain_text("1887")
    expect(page.get_by_text("Answered from: passages · Quotes only (no AI model)")).to_be_visible()

    page.locator("[class*=st-key-cite-] button:visible").first.click()
    drawer = page.get_by_role("dialog")
    expect(drawer.locator("mark")).to_contain_text("1887")
    expect(drawer).to_contain_text("The keeper's name was Agnes Tull")
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)

    page.get_by_role("link", name="Background work").click()
    page.get_by_role("button", name="Prepare now").click()
    expect(page.get_by_text(re.compile(r"questions and answers, "))).not_to_have_count(0)
    expect(page.get_by_text("Asleep: everything is prepared")).to_be_visible()

    page.get_by_role("link", name="Chat", exact=True).click()
    expect(page.get_by_text("Prepared questions")).to_be_visible()
    page.locator("[class*=st-key-ask-] button:visible").first.click()
    expect(page.get_by_text(re.compile(r"Answered from: (a prepared answer|prepared notes)"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"tokens? .*without preparation|nothing prepared"))).to_be_visible()

    page.get_by_role("link", name="Savings").click()
    expect(page.get_by_text(re.compile(r"not paid back yet|paid for itself", re.I)).first).to_be_visible()
    expect(page.get_by_role("cell", name="Without an AI model")).to_be_visible()
    assert not server.refused()
    assert "Traceback" not in server.log()


def test_chats_and_documents_outlive_a_refresh_a_kill_and_a_restart(server, tab):
    server.start()
    page = tab().page
    page.goto(server.url)
    add(page, "lighthouse.md", REPORT)
    expect(page.get_by_text("0 prepared notes")).to_be_visible()
    ask(page, "How tall is the lighthouse?")
    expect(page.get_by_test_id("stChatMessage").nth(1)).to_contain_text("41 metres")
    page.reload()
    expect(page.get_by_test_id("stChatMessage").nth(1)).to_contain_text("41 metres")
    server.kill()
    server.start()
    page.reload()
    expect(page.get_by_test_id("stChatMessage").nth(1)).to_contain_text("41 metres")
    page.get_by_role("button", name="New chat").click()
    expect(page.get_by_role("heading", name="lighthouse.md")).to_be_visible()


def test_the_same_bytes_twice_are_one_document_and_what_can_not_be_read_leaves_a_line(server, tab):
    server.start()
    page = tab().page
    page.goto(f"{server.url}/documents")
    add(page, "lighthouse.md", REPORT)
    expect(page.get_by_role("button", name="Ask")).to_have_count(1)
    add(page, "copy of it.md", REPORT)
    expect(page.get_by_text("copy of it.md is already here, as lighthouse.md.")).to_be_visible()
    add(page, "nothing.txt", "")
    expect(page.get_by_text("nothing.txt could not be added")).to_be_visible()
    page.reload()
    expect(page.get_by_text("nothing.txt could not be added")).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text("nothing.txt could not be added")).to_have_count(0)

    options = page.get_by_role("button", name="Options")
    expect(options).to_have_count(1)
    options.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete this document").click()
    page.get_by_role("dialog").get_by_role("button", name="Yes, delete it").click()
    expect(page.get_by_text("Nothing here yet")).to_be_visible()
    with sqlite3.connect(server.storage / "stc.db") as database:
        assert database.execute("SELECT count(*) FROM documents").fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM vectors").fetchone() == (0,)
    assert not [path for path in (server.storage / "files").rglob("*") if path.is_file()]
