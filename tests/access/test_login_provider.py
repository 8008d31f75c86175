"""What Streamlit leaves of a login provider's reply is believed when it is signed for this server, and taken away then."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace

import pytest
from starlette.requests import Request
from starlette.responses import Response
from streamlit import auth_util
from streamlit.runtime.secrets import AttrDict
from streamlit.web.server import server_util
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from stc.errors import UserError
from stc.ui import login_provider

SECRET = "a long random text that nobody knows"
SETUP = {
    "redirect_uri": "https://docs.example.org/oauth2callback",
    "cookie_secret": SECRET,
    "client_id": "stc",
    "client_secret": "s",
    "server_metadata_url": "https://id.example.org/.well-known/openid-configuration",
}
CLAIMS = {"iss": "https://id.example.org", "sub": "42", "email": "dora@example.org", "email_verified": True}


@pytest.fixture
def set_up(monkeypatch):
    def with_section(section):
        kept = SimpleNamespace(load_if_toml_exists=lambda: True, get=lambda *_: AttrDict(section))
        monkeypatch.setattr(auth_util, "secrets_singleton", kept)
        monkeypatch.setattr(server_util, "secrets_singleton", kept)

    with_section(SETUP)
    return with_section


def request(*, secret=SECRET, origin="https://docs.example.org", logged_in=True, **more) -> Request:
    said = {**CLAIMS, **more, "origin": origin, "is_logged_in": logged_in}
    cookie = create_signed_value(secret, "_streamlit_user", json.dumps(said)).decode()
    headers = [(b"cookie", f"_streamlit_user={cookie}; _streamlit_user_tokens=x; other=y".encode())]
    return Request({"type": "http", "method": "GET", "path": "/sign-in", "query_string": b"", "headers": headers})


def test_signed_claims_are_read(set_up):
    found = login_provider.claims(request())
    assert found is not None
    assert {name: found[name] for name in CLAIMS} == CLAIMS
    assert login_provider.has_come(request())


@pytest.mark.parametrize(
    "changed", [{"secret": "another"}, {"origin": "https://evil.example"}, {"logged_in": False}, {"secret": ""}]
)
def test_what_is_not_signed_for_this_server_is_nothing(set_up, changed):
    assert login_provider.claims(request(**changed)) is None
    assert not login_provider.has_come(request(**changed))


def test_without_a_provider_no_cookie_says_anything(set_up):
    set_up({})
    assert not login_provider.is_set_up()
    assert not login_provider.has_come(request(secret=""))


def test_a_copy_of_the_cookie_opens_nothing_a_few_minutes_later(set_up, monkeypatch):
    came = request()
    assert login_provider.has_come(came)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + login_provider._HOLDS_S - 10)
    assert login_provider.has_come(came)
    monkeypatch.setattr(time, "time", lambda: now + login_provider._HOLDS_S + 10)
    assert not login_provider.has_come(came)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"cookie_secret": "a long random text"}, "at least 32 characters"),
        ({"cookie_secret": None}, "cookie_secret"),
        ({"client_secret": None}, "client_secret"),
        ({"client_id": None}, "client_id"),
        ({"server_metadata_url": None}, "server_metadata_url"),
        ({"redirect_uri": None}, "redirect_uri"),
        ({"redirect_uri": "https://docs.example.org/"}, "must end with /oauth2callback"),
        ({"redirect_uri": "https://elsewhere.example.org/oauth2callback"}, "server.allowedHosts"),
    ],
)
def test_a_set_up_that_can_t_be_trusted_or_used_is_refused_at_the_start(set_up, monkeypatch, changed, said):
    monkeypatch.setattr(login_provider, "is_host_allowed", lambda host: host == "docs.example.org")
    login_provider.check()
    set_up({name: value for name, value in (SETUP | changed).items() if value is not None})
    with pytest.raises(UserError, match=said):
        login_provider.check()


def test_without_a_set_up_there_is_nothing_to_refuse(set_up):
    set_up({})
    login_provider.check()


def test_a_provider_in_a_section_of_its_own_is_found(set_up):
    set_up({"cookie_secret": SECRET, "google": {"client_id": "stc", "client_secret": "s"}})
    assert login_provider.is_set_up()


def test_streamlit_s_cookies_are_taken_away_and_no_others(set_up):
    response = Response()
    login_provider.forget(request(), response)
    gone = [value.decode().partition("=")[0] for name, value in response.raw_headers if name == b"set-cookie"]
    assert sorted(gone) == ["_streamlit_user", "_streamlit_user_tokens"]
