"""Signing in through a login provider: Streamlit's own ``st.login`` on the real server, a provider's double, a real browser."""

from __future__ import annotations

import io
import re

import pytest
from playwright.sync_api import expect

from stc.access import people
from stc.documents import ingest
from stc.services import Services
from tests.login_double import FAULTS, LoginProvider

pytestmark = pytest.mark.browser

GOOD = "correct horse battery"
MANY = [f"group {number} of the organisation" for number in range(200)]  # more than one cookie holds
PEOPLE = {
    "Dora": {"sub": "1", "email": "Dora@example.org", "email_verified": True, "name": "Dora D."},
    "Emil": {"sub": "2", "email": "emil@joined.example", "email_verified": True, "groups": MANY},
    "Stranger": {"sub": "3", "email": "s@elsewhere.example", "email_verified": True},
    "Unverified": {"sub": "4", "email": "late@example.org", "email_verified": False},
    "Borrowed": {"sub": "5", "email": "dora@example.org", "email_verified": True},
}
NOT_EXPECTED = "Nobody has added you here yet"
NOT_COMPLETED = "was not completed"


@pytest.fixture
def provider(server):
    """A provider that the server will know."""
    with LoginProvider(PEOPLE) as one:
        secrets = server.storage.parent / "secrets.toml"
        server.reserve_port()
        secrets.write_text(one.secrets_toml(server.url))
        server.environment |= {"STREAMLIT_SECRETS_FILES": str(secrets), "STC_LOGIN": "yes"}
        yield one


@pytest.fixture
def expected(server, provider):
    """Anna is the first admin, and has added Dora and one more by their addresses."""
    opened = Services(server.storage)
    people.add(opened, "Anna", admin=True, password=GOOD)
    people.add(opened, "Dora", email="dora@example.org")
    people.add(opened, "Late", email="late@example.org")
    opened.of(people.find(opened, "Anna")).change_settings(join_domains="joined.example")
    opened.close()
    server.start()


@pytest.fixture
def visit(server, provider, tab):
    """Return a function that goes in a fresh browser to the provider and says there who one is."""

    def come(name: str, one=None):
        one = one or tab(elsewhere=provider.url)
        one.page.goto(f"{server.url}/documents")
        one.page.get_by_role("link", name="Sign in with your organisation").click()
        one.page.get_by_role("link", name=name, exact=True).click()
        return one

    return come


def left_by_streamlit(page) -> list[str]:
    return [cookie["name"] for cookie in page.context.cookies() if cookie["name"].startswith("_streamlit_user")]


def test_the_first_admin_comes_by_the_code_and_later_by_the_provider_too(server, provider, visit):
    server.start()
    anna = visit("Stranger")
    expect(anna.page.get_by_role("alert")).to_contain_text(NOT_EXPECTED)
    anna.page.get_by_role("link", name="I was given a code").click()
    anna.page.get_by_label("Code").fill(re.search(r"[A-Z0-9]{5}(-[A-Z0-9]{5}){3}", server.log())[0])
    anna.page.get_by_label("Your name").fill("Anna")
    anna.page.get_by_label("New password").fill(GOOD)
    anna.page.get_by_label("once more").fill(GOOD)
    anna.page.get_by_role("button", name="Set the password").click()
    anna.page.get_by_role("link", name="People").click()
    anna.page.get_by_role("button", name="Options").click()
    anna.page.get_by_role("dialog").get_by_label("E-mail address").fill(PEOPLE["Stranger"]["email"])
    anna.page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(anna.page.get_by_text("elsewhere.example")).to_be_visible()
    anna.page.goto(f"{server.url}/account")
    anna.page.get_by_role("button", name="Sign out", exact=True).click()
    visit("Stranger", anna)
    expect(anna.page.get_by_role("link", name="Account: Anna")).to_be_visible()
    expect(anna.page.get_by_role("link", name="People")).to_be_visible()


@pytest.mark.usefixtures("expected")
def test_only_who_is_expected_comes_in_and_sees_nothing_of_the_others(server, provider, visit):
    dora = visit("Dora")
    expect(dora.page.get_by_role("link", name="Account: Dora")).to_be_visible()
    assert dora.page.url == f"{server.url}/"
    assert left_by_streamlit(dora.page) == []
    (asked,) = provider.asked
    assert (asked["scope"], asked["code_challenge_method"]) == ("openid email profile", "S256")
    opened = Services(server.storage)
    received = ingest.receive(opened.of(people.find(opened, "Dora")), "letter.md", io.BytesIO(b"# Letter\n\nQuill.\n"))
    opened.close()
    assert received.document_id
    dora.page.get_by_role("link", name="Documents").click()
    expect(dora.page.get_by_text("letter.md").first).to_be_visible()

    emil = visit("Emil")
    expect(emil.page.get_by_role("link", name=re.compile("Account: emil"))).to_be_visible()
    assert left_by_streamlit(emil.page) == []
    emil.page.get_by_role("link", name="Documents").click()
    expect(emil.page.get_by_role("heading", name="Documents", exact=True)).to_be_visible()
    expect(emil.page.get_by_text("letter.md")).to_have_count(0)
    expect(emil.page.get_by_role("link", name="People")).to_have_count(0)

    for name in ("Stranger", "Unverified", "Borrowed"):
        stranger = visit(name)
        expect(stranger.page.get_by_role("alert")).to_contain_text(NOT_EXPECTED)
        stranger.page.goto(server.url)
        expect(stranger.page).to_have_url(f"{server.url}/sign-in")


@pytest.mark.usefixtures("expected")
def test_who_has_signed_out_or_is_disabled_stays_out_until_the_provider_is_asked_again(server, visit):
    dora = visit("Dora")
    expect(dora.page.get_by_role("link", name="Account: Dora")).to_be_visible()
    dora.page.goto(f"{server.url}/account")
    dora.page.get_by_role("button", name="Sign out", exact=True).click()
    expect(dora.page.get_by_role("status")).to_have_text("You are signed out.")
    dora.page.goto(server.url)
    expect(dora.page).to_have_url(f"{server.url}/sign-in")
    visit("Dora", dora)
    expect(dora.page.get_by_role("link", name="Account: Dora")).to_be_visible()

    opened = Services(server.storage)
    people.disable(opened, "Dora")
    opened.close()
    dora.page.wait_for_timeout(1100)
    visit("Dora", dora)
    expect(dora.page.get_by_role("alert")).to_contain_text(NOT_EXPECTED)


@pytest.mark.usefixtures("expected")
def test_a_reply_of_the_provider_that_proves_nothing_lets_nobody_in_and_says_so(server, provider, visit, tab):
    for fault in FAULTS:
        provider.fault = fault
        one = visit("Dora")
        expect(one.page.get_by_role("alert")).to_contain_text(NOT_COMPLETED)
        assert one.page.url == f"{server.url}/sign-in?said=back", fault
        one.page.goto(server.url)
        expect(one.page).to_have_url(f"{server.url}/sign-in")
    one = tab()
    one.page.goto(f"{server.url}/oauth2callback?code=guessed&state=guessed")
    expect(one.page.get_by_role("alert")).to_contain_text(NOT_COMPLETED)
    assert "the secret of the client" not in server.log()
    assert not server.refused()


@pytest.mark.usefixtures("expected")
def test_somebody_else_s_sign_in_at_the_provider_takes_the_place_of_the_first(server, visit):
    dora = visit("Dora")
    expect(dora.page.get_by_role("link", name="Account: Dora")).to_be_visible()
    dora.page.goto(f"{server.url}/sign-in")
    dora.page.get_by_role("link", name="Sign in with your organisation").click()
    dora.page.get_by_role("link", name="Emil", exact=True).click()
    expect(dora.page.get_by_role("link", name=re.compile("Account: emil"))).to_be_visible()
    dora.page.goto(f"{server.url}/account")
    dora.page.get_by_role("button", name="Sign out", exact=True).click()
    expect(dora.page.get_by_role("status")).to_have_text("You are signed out.")
