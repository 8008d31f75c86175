"""Passwords are kept as scrypt's hashes, at a cost that can be raised later."""

from __future__ import annotations

import inspect

import pytest

from stc.access import passwords
from stc.access.passwords import Cost
from stc.errors import UserError


def test_the_right_password_matches_and_a_wrong_one_does_not():
    stored = passwords.make("correct horse battery")
    assert passwords.matches("correct horse battery", stored)
    assert not passwords.matches("correct horse batterz", stored)
    assert not passwords.matches("", stored)


def test_the_same_password_is_stored_differently_each_time():
    assert passwords.make("correct horse battery") != passwords.make("correct horse battery")


def test_what_is_stored_does_not_hold_the_password():
    assert "horse" not in passwords.make("correct horse battery")


def test_no_password_opens_what_belongs_to_nobody():
    assert not passwords.matches("", passwords.nobodys())
    assert passwords.matches("x", passwords.make("x"))


def test_a_password_kept_at_an_earlier_cost_still_matches_and_is_known_as_outdated(monkeypatch):
    stored = passwords.make("correct horse battery")
    assert not passwords.is_outdated(stored)
    monkeypatch.setattr(passwords, "COST", Cost(32, 8, 1))
    assert passwords.matches("correct horse battery", stored)
    assert passwords.is_outdated(stored)


def test_the_cost_is_what_is_recommended():
    source = inspect.getsource(passwords)
    assert "COST = Cost(2**15, 8, 3)" in source, "the tests run at a cheap one"


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaa", "abababababab", "x" * 201])
def test_a_weak_or_endless_password_is_refused_in_words(password):
    with pytest.raises(UserError, match="password"):
        passwords.check(password)


def test_letters_of_any_script_make_a_password():
    stored = passwords.make(passwords.check("Приве́т, 世界 - 10 €"))
    assert passwords.matches("Приве́т, 世界 - 10 €", stored)
