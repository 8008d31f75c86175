"""Signing in with a real browser on a real server: the first admin's code, wrong and right, reload, sign out, disabled."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from stc.access import people
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
