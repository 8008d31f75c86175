"""What an admin can do about people, what a member can't, and that somebody always remains to look after the place."""

from __future__ import annotations

import pytest

from stc.access import entering, people
from stc.errors import UserError
from stc.words import ONLY_PERSON, Limits
from tests.access.conftest import GOOD

ADDRESS = "192.0.2.7"


def test_the_first_admin_is_the_one_who_was_alone_here_and_the_others_are_somebody_else(services, anna):
    people.add(services, "Bert", admin=True, password=GOOD)
    assert anna.id == ONLY_PERSON
    assert people.find(services, "bert").id != ONLY_PERSON


def test_what_was_here_goes_to_no_second_admin_because_the_first_was_a_member_before(services):
    people.add(services, "Bob", password=GOOD)
    with pytest.raises(UserError, match="no admin yet"):
        people.set_admin(services, "Bob", True)
    people.add(services, "Carol", admin=True, password=GOOD)
    assert people.find(services, "Carol").id == ONLY_PERSON
    people.set_admin(services, "Bob", True)
    assert people.find(services, "Bob").admin


@pytest.mark.parametrize("name", ["Anna", "ANNA", " anna  ", "", " ", "x" * 61, "a\u202eb", "a\x1b[2Jb"])
def test_a_name_that_is_taken_or_is_no_name_is_refused(services, anna, name):
    with pytest.raises(UserError):
        people.add(services, name)


def test_the_last_admin_stays(services, anna):
    for act in (lambda: people.disable(services, "Anna"), lambda: people.set_admin(services, "Anna", False)):
        with pytest.raises(UserError, match="admin"):
            act()
    people.add(services, "Bert", admin=True)  # has not come in yet: cannot look after anything
    with pytest.raises(UserError, match="admin"):
        people.disable(services, "Anna")
    people.reset(services, "Bert", password=GOOD)
    people.disable(services, "Anna")
    assert people.find(services, "Anna").disabled


def test_disabling_signs_out_at_once_and_enabling_lets_in_again(services, anna):
    people.add(services, "Bert", password=GOOD)
    token = entering.sign_in(services, "Bert", GOOD, ADDRESS)
    people.disable(services, "Bert")
    assert entering.who(services, token) is None
    people.enable(services, "Bert")
    assert entering.who(services, token) is None, "the old sign-in is over"
    assert entering.sign_in(services, "Bert", GOOD, ADDRESS)


def test_a_reset_voids_password_sign_ins_and_earlier_codes(services, anna):
    early = people.add(services, "Bert")
    token = entering.enter_with_code(services, early, "", GOOD, ADDRESS)
    first = people.reset(services, "Bert")
    second = people.reset(services, "Bert")
    assert entering.who(services, token) is None
    for code in (early, first):
        with pytest.raises(UserError, match="code"):
            entering.enter_with_code(services, code, "", GOOD, ADDRESS)
    with pytest.raises(UserError, match="not right"):
        entering.sign_in(services, "Bert", GOOD, ADDRESS)
    assert entering.enter_with_code(services, second, "", GOOD, ADDRESS)


def test_a_reset_voids_a_login_provider_s_account_too(services, anna):
    people.add(services, "Dora", email="dora@example.org")
    claims = {"iss": "https://id.example", "sub": "42", "email": "dora@example.org", "email_verified": True}
    entering.enter_from_provider(services, claims)
    people.set_email(services, "Dora", "")
    assert entering.enter_from_provider(services, claims), "known by the subject"
    people.reset(services, "Dora")
    with pytest.raises(UserError, match="added"):
        entering.enter_from_provider(services, claims)
    people.set_email(services, "Dora", "Dora@Example.org")
    token = entering.enter_from_provider(services, {**claims, "sub": "43"})
    assert entering.who(services, token).name == "Dora"


def test_an_address_belongs_to_one_person(services, anna):
    people.add(services, "Dora", email="dora@example.org")
    for act in (
        lambda: people.add(services, "Eve", email="DORA@example.org"),
        lambda: people.set_email(services, "Anna", "Dora@example.org"),
        lambda: people.set_email(services, "Anna", "no address"),
        lambda: people.set_email(services, "Anna", "a@b@example.org"),
    ):
        with pytest.raises(UserError, match="address"):
            act()
    people.set_email(services, "Dora", "DORA@example.org")
    assert people.find(services, "Dora").email == "DORA@example.org"
    assert people.find(services, "Anna").email is None


def test_limits_are_set_one_by_one_and_taken_away_again(services, anna):
    people.add(services, "Bert", password=GOOD)
    people.limit(services, "Bert", ask_usd=0.5)
    assert people.limit(services, "Bert", most_documents=3) == Limits(ask_usd=0.5, most_documents=3)
    assert people.limit(services, "Bert", ask_usd=None) == Limits(most_documents=3)
    with pytest.raises(UserError, match="at least 0"):
        people.limit(services, "Bert", ask_tokens=-1)


def test_a_member_can_do_none_of_it(services, anna):
    people.add(services, "Bert", password=GOOD)
    member = services.of(people.find(services, "Bert"))
    for act in (
        lambda: people.listed(member),
        lambda: people.add(member, "Eve", admin=True),
        lambda: people.reset(member, "Anna"),
        lambda: people.disable(member, "Anna"),
        lambda: people.enable(member, "Anna"),
        lambda: people.set_admin(member, "Bert", True),
        lambda: people.limit(member, "Bert", ask_usd=None),
        lambda: people.set_email(member, "Anna", "bert@example.org"),
        lambda: people.used(member, anna.id),
        lambda: member.change_settings(api_base="https://evil.example"),
        lambda: member.change_settings(effort="low", chat_model="x"),
    ):
        with pytest.raises(UserError, match="Only an admin"):
            act()
    assert member.settings.effort == "medium"


def test_a_person_s_own_setting_is_theirs_and_the_others_hold_for_everybody(services, anna):
    people.add(services, "Bert", password=GOOD)
    member = services.of(people.find(services, "Bert"))
    services.change_settings(chat_model="openai/gpt-5-mini", effort="high")
    member.change_settings(effort="low")
    assert (services.settings.effort, services.settings.chat_model) == ("high", "openai/gpt-5-mini")
    assert (member.settings.effort, member.settings.chat_model) == ("low", "openai/gpt-5-mini")
