"""Signing in, codes and login providers; what is refused, and what a database that is stolen gives away."""

from __future__ import annotations

import sqlite3
import threading

import pytest

from stc.access import entering, passwords, people
from stc.access.passwords import Cost
from stc.errors import UserError
from stc.services import Services
from stc.words import ONLY_PERSON
from tests.access.conftest import GOOD

ADDRESS = "192.0.2.7"


def test_name_and_password_give_a_token_that_says_who_it_is(services, anna):
    token = entering.sign_in(services, "anna ", GOOD, ADDRESS)
    assert entering.who(services, token) == anna


@pytest.mark.parametrize("token", ["", "x", "0" * 43])
def test_no_other_token_is_anybody(services, anna, token):
    entering.sign_in(services, "Anna", GOOD, ADDRESS)
    assert entering.who(services, token) is None


def test_a_wrong_password_an_unknown_name_and_a_disabled_person_read_alike_and_cost_as_much(
    services, anna, monkeypatch
):
    people.add(services, "Bert", password=GOOD)
    people.add(services, "Cora")  # has a code only
    people.disable(services, "Bert")
    derived = []
    derive = passwords._derive
    monkeypatch.setattr(passwords, "_derive", lambda *given: derived.append(given[2]) or derive(*given))
    said = set()
    for name, password in (("Anna", "wrong horse battery"), ("Nobody", GOOD), ("Bert", GOOD), ("Cora", GOOD)):
        with pytest.raises(UserError) as refused:
            entering.sign_in(services, name, password, ADDRESS)
        said.add(str(refused.value))
    assert said == {entering.WRONG}
    assert derived == [passwords.COST] * 4


def test_a_password_kept_at_an_earlier_cost_is_kept_at_todays_after_a_sign_in(services, anna, monkeypatch):
    monkeypatch.setattr(passwords, "COST", Cost(32, 8, 1))
    entering.sign_in(services, "Anna", GOOD, ADDRESS)
    with services.database.read() as connection:
        stored = connection.exec_driver_sql("SELECT password FROM people").scalar_one()
    assert not passwords.is_outdated(stored)
    entering.sign_in(services, "Anna", GOOD, ADDRESS)


def test_a_name_is_closed_after_ten_wrong_passwords_also_for_the_right_one_and_in_another_process(
    services, anna, clock
):
    for number in range(entering.MOST_FOR_A_NAME):
        with pytest.raises(UserError, match="not right"):
            entering.sign_in(services, "Anna", "wrong horse", f"192.0.2.{number}")
    other = Services(services.storage)
    with pytest.raises(UserError, match=r"Too many attempts\. Try again in 15 minutes"):
        entering.sign_in(other, "Anna", GOOD, "198.51.100.1")
    other.close()
    clock.write_text(str(entering.COUNTED_S + 1))
    assert entering.sign_in(services, "Anna", GOOD, ADDRESS)


def test_blanks_before_a_name_don_t_make_it_another_one_to_count(services, anna):
    for number in range(entering.MOST_FOR_A_NAME):
        with pytest.raises(UserError, match="not right"):
            entering.sign_in(services, " " * (195 + number) + "Anna", "wrong horse", f"192.0.2.{number}")
    with pytest.raises(UserError, match="Too many attempts"):
        entering.sign_in(services, "Anna", GOOD, ADDRESS)


def test_an_admin_s_code_lets_in_whose_name_somebody_else_has_closed(services, anna):
    people.add(services, "Bert", password=GOOD)
    for number in range(entering.MOST_FOR_A_NAME):
        with pytest.raises(UserError, match="not right"):
            entering.sign_in(services, "Bert", "wrong horse", f"192.0.2.{number}")
    with pytest.raises(UserError, match="Too many attempts"):
        entering.sign_in(services, "Bert", GOOD, "198.51.100.1")
    assert entering.enter_with_code(services, people.reset(services, "Bert"), "", "another good one", "198.51.100.1")


def test_trying_while_closed_does_not_prolong_it(services, anna, clock):
    for _ in range(entering.MOST_FOR_A_NAME):
        with pytest.raises(UserError):
            entering.sign_in(services, "Anna", "wrong horse", ADDRESS)
    clock.write_text("600")
    with pytest.raises(UserError, match="Try again in 5 minutes"):
        entering.sign_in(services, "Anna", GOOD, ADDRESS)
    clock.write_text(str(entering.COUNTED_S + 1))
    assert entering.sign_in(services, "Anna", GOOD, ADDRESS)


def test_an_address_is_closed_after_thirty_attempts_whatever_the_names(services, anna):
    for number in range(entering.MOST_FROM_AN_ADDRESS):
        with pytest.raises(UserError, match="not right"):
            entering.sign_in(services, f"guess {number}", "wrong horse", ADDRESS)
    with pytest.raises(UserError, match="Too many attempts"):
        entering.sign_in(services, "Anna", GOOD, ADDRESS)
    assert entering.sign_in(services, "Anna", GOOD, "198.51.100.1")


def test_attempts_at_the_same_moment_are_counted_too(services, anna):
    said = []

    def guess():
        with pytest.raises(UserError) as refused:
            entering.sign_in(services, "Anna", "wrong horse", ADDRESS)
        said.append(str(refused.value))

    threads = [threading.Thread(target=guess) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said.count(entering.WRONG) == entering.MOST_FOR_A_NAME


def test_coming_in_forgives_what_was_mistyped_before(services, anna):
    for _ in range(3):
        for _ in range(entering.MOST_FOR_A_NAME - 1):
            with pytest.raises(UserError, match="not right"):
                entering.sign_in(services, "Anna", "wrong horse", ADDRESS)
        assert entering.sign_in(services, "Anna", GOOD, "198.51.100.1")
        with services.database.write() as connection:  # another address each time
            connection.exec_driver_sql("UPDATE attempts SET address = 'x'")


def test_a_sign_in_ends_after_two_weeks(services, anna, clock):
    token = entering.sign_in(services, "Anna", GOOD, ADDRESS)
    clock.write_text(str(entering.SIGNED_IN_S - 1))
    assert entering.who(services, token)
    clock.write_text(str(entering.SIGNED_IN_S + 1))
    assert entering.who(services, token) is None


def test_signing_out_ends_this_browser_and_everywhere_ends_all(services, anna):
    one, two, three = (entering.sign_in(services, "Anna", GOOD, ADDRESS) for _ in range(3))
    entering.sign_out(services, one)
    assert [bool(entering.who(services, token)) for token in (one, two, three)] == [False, True, True]
    entering.sign_out_everywhere(services, anna)
    assert [bool(entering.who(services, token)) for token in (one, two, three)] == [False, False, False]


def test_a_changed_password_leaves_nobody_in_but_who_changed_it(services, anna):
    stolen = entering.sign_in(services, "Anna", GOOD, ADDRESS)
    with pytest.raises(UserError, match="present password"):
        entering.change_password(services, anna, "wrong horse", "another good one", ADDRESS)
    mine = entering.change_password(services, anna, GOOD, "another good one", ADDRESS)
    assert entering.who(services, stolen) is None
    assert entering.who(services, mine) == anna
    with pytest.raises(UserError):
        entering.sign_in(services, "Anna", GOOD, ADDRESS)
    assert entering.sign_in(services, "Anna", "another good one", ADDRESS)


def test_the_first_admin_needs_the_code_of_who_started_the_server_and_takes_over_what_was_here(services):
    code = entering.setup_code(services)
    assert code is not None
    with pytest.raises(UserError, match="code"):
        entering.enter_with_code(services, "AAAAA-BBBBB-CCCCC-DDDDD", "Eve", GOOD, ADDRESS)
    token = entering.enter_with_code(services, code.lower(), "Anna", GOOD, ADDRESS)
    person = entering.who(services, token)
    assert person is not None
    assert (person.id, person.admin, person.name) == (ONLY_PERSON, True, "Anna")
    with pytest.raises(UserError, match="code"):
        entering.enter_with_code(services, code, "Eve", GOOD, ADDRESS)
    assert entering.setup_code(services) is None


def test_a_second_start_voids_the_first_code_and_a_day_voids_any(services, clock):
    first, second = entering.setup_code(services), entering.setup_code(services)
    with pytest.raises(UserError, match="code"):
        entering.enter_with_code(services, first, "Eve", GOOD, ADDRESS)
    clock.write_text(str(entering.SETUP_CODE_S + 1))
    with pytest.raises(UserError, match="code"):
        entering.enter_with_code(services, second, "Eve", GOOD, ADDRESS)


def test_a_setup_code_opens_nothing_once_an_admin_was_added_at_the_terminal(services):
    code = entering.setup_code(services)
    people.add(services, "Anna", admin=True, password=GOOD)
    with pytest.raises(UserError, match="code"):
        entering.enter_with_code(services, code, "Eve", GOOD, ADDRESS)


def test_a_code_gives_its_person_a_password_once_and_no_other_name(services, anna):
    code = people.add(services, "Bert")
    with pytest.raises(UserError, match="too short"):
        entering.enter_with_code(services, code, "", "short", ADDRESS)
    token = entering.enter_with_code(services, code, "Anna", GOOD + "!", ADDRESS)
    person = entering.who(services, token)
    assert person is not None
    assert (person.name, person.admin) == ("Bert", False)
    with pytest.raises(UserError, match="code"):
        entering.enter_with_code(services, code, "", GOOD, ADDRESS)


def test_nothing_in_the_database_opens_the_door(services, anna, tmp_path):
    token = entering.sign_in(services, "Anna", GOOD, ADDRESS)
    code = people.add(services, "Bert")
    with pytest.raises(UserError):
        entering.sign_in(services, "hunter2 typed as a name", "x", ADDRESS)
    with sqlite3.connect(services.storage / "stc.db") as connection:
        everything = "\n".join(connection.iterdump())
    connection.close()
    for secret in (token, code, code.replace("-", ""), GOOD, "hunter2"):
        assert secret not in everything


CLAIMS = {"iss": "https://id.example", "sub": "42", "email": "Dora@Example.org", "email_verified": True, "name": "Dora"}


def test_a_provider_brings_whom_an_admin_has_added_by_a_verified_address_and_knows_them_by_subject_from_then_on(
    services, anna
):
    people.add(services, "Dora", email="dora@example.org")
    person = entering.who(services, entering.enter_from_provider(services, CLAIMS))
    assert person is not None
    assert person.name == "Dora"
    moved = {**CLAIMS, "email": "dora@elsewhere.example", "email_verified": False}
    again = entering.who(services, entering.enter_from_provider(services, moved))
    assert again is not None
    assert again.id == person.id


@pytest.mark.parametrize(
    "changed",
    [
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": "eve@example.org"},
        {"email": ""},
    ],
)
def test_nobody_else_gets_in_by_an_address(services, anna, changed):
    people.add(services, "Dora", email="dora@example.org")
    with pytest.raises(UserError, match="added"):
        entering.enter_from_provider(services, CLAIMS | changed)


@pytest.mark.parametrize("changed", [{"sub": "43"}, {"iss": "https://other.example"}])
def test_an_address_that_has_come_once_brings_no_second_account(services, anna, changed):
    people.add(services, "Dora", email="dora@example.org")
    entering.enter_from_provider(services, CLAIMS)
    with pytest.raises(UserError, match="added"):
        entering.enter_from_provider(services, CLAIMS | changed)


@pytest.mark.parametrize("claims", [{}, {"iss": "x"}, {"sub": "x"}])
def test_claims_without_issuer_or_subject_are_nobodys(services, anna, claims):
    with pytest.raises(UserError, match="did not say who you are"):
        entering.enter_from_provider(services, claims)


def test_a_domain_that_may_join_brings_members_and_a_look_alike_does_not(services, anna):
    services.change_settings(join_domains="example.org, @example.com")
    person = entering.who(services, entering.enter_from_provider(services, CLAIMS))
    assert person is not None
    assert (person.name, person.admin) == ("Dora@Example.org", False)
    for email in ("eve@evil-example.org", "eve@example.org.evil.example", "eve@sub.example.org", "example.org"):
        with pytest.raises(UserError, match="added"):
            entering.enter_from_provider(services, CLAIMS | {"sub": email, "email": email})


def test_who_is_disabled_does_not_join_as_somebody_new(services, anna):
    services.change_settings(join_domains="example.org")
    people.add(services, "Dora", email="dora@example.org")
    entering.enter_from_provider(services, CLAIMS)
    people.disable(services, "Dora")
    with pytest.raises(UserError, match="added"):
        entering.enter_from_provider(services, CLAIMS | {"sub": "43"})
    assert [person.name for person in people.listed(services)] == ["Anna", "Dora"]


def test_who_is_disabled_does_not_come_back_through_a_provider(services, anna):
    people.add(services, "Dora", email="dora@example.org")
    token = entering.enter_from_provider(services, CLAIMS)
    people.disable(services, "Dora")
    assert entering.who(services, token) is None
    with pytest.raises(UserError, match="added"):
        entering.enter_from_provider(services, CLAIMS)
