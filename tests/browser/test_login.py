"""Signing in with a real browser on a real server: the first admin's code, wrong and right, reload, sign out, disabled."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from stc.access import people
from stc.chat import answering, generations
from stc.documents import ingest
from stc.services import Services

pytestmark = pytest.mark.browser
GOOD = "correct horse battery"


def sign_in(page, url: str, name: str, password: str) -> None:
    page.goto(url)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_people_come_in_stay_in_and_are_kept_out(server, tab):
    server.environment["STC_LOGIN"] = "yes"
    server.start()
    code = re.search(r"[A-Z0-9]{5}(-[A-Z0-9]{5}){3}", server.log())[0]
    anna = tab().page
    anna.goto(f"{server.url}/documents")
    expect(anna).to_have_url(f"{server.url}/sign-in")
    anna.get_by_role("link", name="I was given a code").click()
    anna.get_by_label("Code").fill(code)
    anna.get_by_label("Your name").fill("Anna")
    anna.get_by_label("New password").fill(GOOD)
    anna.get_by_label("once more").fill(GOOD)
    anna.get_by_role("button", name="Set the password").click()
    expect(anna.get_by_role("link", name="People")).to_be_visible()
    anna.reload()
    expect(anna.get_by_role("link", name="People")).to_be_visible()

    anna.get_by_role("link", name="People").click()
    anna.get_by_label("Name", exact=True).fill("Bert")
    anna.get_by_role("button", name="Add", exact=True).click()
    given = anna.locator("code", has_text=re.compile(r"^[A-Z0-9]{5}(-[A-Z0-9]{5}){3}$"))
    expect(given).to_be_visible()

    bert = tab(viewport={"width": 390, "height": 844}).page
    sign_in(bert, server.url, "Bert", GOOD)
    expect(bert.get_by_role("alert")).to_have_text("The name or the password is not right.")
    bert.get_by_role("link", name="I was given a code").click()
    bert.get_by_label("Code").fill(given.inner_text())
    bert.get_by_label("New password").fill(GOOD)
    bert.get_by_label("once more").fill(GOOD)
    bert.get_by_role("button", name="Set the password").click()
    expect(bert.get_by_placeholder("Ask your documents")).to_be_visible()
    bert.goto(f"{server.url}/people")
    expect(bert.get_by_text("Page not found").or_(bert.get_by_placeholder("Ask your documents")).first).to_be_visible()
    expect(bert.get_by_text("Add somebody")).to_have_count(0)

    bert.goto(f"{server.url}/account")
    bert.get_by_role("button", name="Sign out", exact=True).click()
    expect(bert.get_by_role("status")).to_have_text("You are signed out.")
    bert.goto(server.url)
    expect(bert).to_have_url(f"{server.url}/sign-in")
    sign_in(bert, server.url, "bert", GOOD)
    expect(bert.get_by_placeholder("Ask your documents")).to_be_visible()

    opened = Services(server.storage)
    people.disable(opened, "Bert")
    opened.close()
    bert.wait_for_timeout(1500)
    bert.get_by_placeholder("Ask your documents").fill("What is there?")
    bert.keyboard.press("Enter")
    bert.wait_for_timeout(1500)
    bert.reload()
    expect(bert).to_have_url(f"{server.url}/sign-in")
    expect(anna.get_by_role("link", name="People")).to_be_visible()


def test_a_file_is_saved_by_whom_it_was_offered_to_and_by_nobody_who_knows_its_address(server, tab):
    opened = Services(server.storage)
    people.add(opened, "Anna", admin=True, password=GOOD)
    people.add(opened, "Bert", password=GOOD)
    hers = opened.of(people.find(opened, "Anna"))
    received = ingest.receive(hers, "towers.md", io.BytesIO(b"# Towers\n\nThe tower of Alder was built in 1931.\n"))
    ingest.process(hers, received.document_id)
    chat = generations.new_conversation(hers, "When was the tower built?", [received.document_id])
    answering.ask(hers, "When was the tower of Alder built?", conversation_id=chat)
    opened.close()
    server.start()
    anna, bert = tab().page, tab().page
    for page, name in ((anna, "Anna"), (bert, "Bert")):
        sign_in(page, server.url, name, GOOD)
        expect(page.get_by_role("link", name="Account")).to_be_visible()

    anna.get_by_role("button", name="When was the tower built?").click()
    anna.get_by_text("Details").last.click()
    with anna.expect_download() as receipt:
        anna.get_by_role("button", name="Receipt").click()
    anna.get_by_role("button", name="Edit").click()
    anna.get_by_role("menuitem", name="Download").click()
    with anna.expect_download() as written:
        anna.get_by_role("button", name="Markdown, to read").click()
    for saved, holds in ((receipt.value, "baselines"), (written.value, "The tower of Alder was built in 1931.")):
        assert holds in Path(saved.path()).read_text()
        assert "/media/" in saved.url
        assert bert.request.get(saved.url).status == 404
        assert anna.request.get(saved.url).status == 200
    assert bert.request.get(f"{server.url}/_stcore/metrics").status == 403
    assert anna.request.get(f"{server.url}/_stcore/metrics").status == 200
