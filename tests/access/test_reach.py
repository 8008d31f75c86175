"""A server that others can reach starts with a login, or because somebody said in words that it needs none."""

from __future__ import annotations

import pytest

from stc.access.reach import EVERYBODY, door, is_here
from stc.errors import UserError

HERE = ("localhost", "127.0.0.1", "::1")


def decided(address="127.0.0.1", hosts=HERE, login="", people=False, no_login=""):
    environment = {"STC_LOGIN": login, "STC_NO_LOGIN": no_login}
    return door(address=address, hosts=hosts, people=people, environment=environment)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.9.8.7", "localhost", "::1", "[::1]", "LOCALHOST", "::ffff:127.0.0.1"]
)
def test_one_person_on_this_computer_needs_no_login(address):
    assert decided(address) == "alone"


@pytest.mark.parametrize(
    "address", ["", "0.0.0.0", "::", "192.168.1.5", "10.0.0.1", "myhost", "127.0.0.1.evil.example", "*"]
)
def test_an_address_that_others_reach_is_refused_with_both_ways_out(address):
    with pytest.raises(UserError) as refused:
        decided(address)
    assert "STC_LOGIN=yes" in str(refused.value)
    assert EVERYBODY in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_name_that_others_use_is_refused_too_though_the_address_is_this_computers():
    with pytest.raises(UserError, match=r"docs\.example\.org"):
        decided(hosts=(*HERE, "docs.example.org"))
    with pytest.raises(UserError):
        decided(hosts=("*",))


def test_no_names_at_all_mean_any_name_which_needs_a_login():
    with pytest.raises(UserError, match="under any name"):
        decided(hosts=())
    assert decided(hosts=(), login="yes") == "login"


@pytest.mark.parametrize(
    "host",
    [
        "docs.example.org,localhost",
        "docs.example.org:8443",
        "https://docs.example.org",
        "docs.example.org/",
        '["a"]',
        "",
    ],
)
def test_a_name_that_no_request_can_come_under_is_refused_instead_of_everybody_who_comes(host):
    for login in ("", "yes"):
        with pytest.raises(UserError, match="blanks part several"):
            decided(hosts=(*HERE, host), login=login)


@pytest.mark.parametrize("host", ["docs.example.org", "*.example.org", "*", "10.0.0.5", "fe80::1", "my_host-2", "a.b."])
def test_a_name_that_requests_come_under_is_taken(host):
    assert decided("0.0.0.0", hosts=(host,), login="yes") == "login"


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", ""])
def test_a_login_is_a_login_wherever_the_server_listens(address):
    assert decided(address, login="yes") == "login"
    assert decided(address, people=True) == "login"


def test_everybody_is_let_in_by_the_whole_sentence_only():
    assert decided("0.0.0.0", no_login=EVERYBODY) == "open"
    for said in ("1", "yes", "true", EVERYBODY.upper(), EVERYBODY + "."):
        with pytest.raises(UserError, match="not understood"):
            decided("0.0.0.0", no_login=said)


def test_accounts_are_not_thrown_open_by_a_variable():
    with pytest.raises(UserError, match="accounts"):
        decided("0.0.0.0", people=True, no_login=EVERYBODY)


@pytest.mark.parametrize(
    "host", ["", "localhost.evil.example", "evil.localhost.example", "127.0.0.1.nip.io", "0.0.0.0", "::"]
)
def test_what_only_looks_like_this_computer_is_not(host):
    assert not is_here(host)


def test_a_login_that_is_neither_yes_nor_no_is_not_guessed():
    with pytest.raises(UserError, match="yes or no"):
        decided("0.0.0.0", login="maybe")
