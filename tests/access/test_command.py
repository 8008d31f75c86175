"""People at the command line: whoever can read the files looks after them."""

from __future__ import annotations

import json

import pytest

from stc import cli
from stc.access import entering, people
from tests.access.conftest import GOOD


@pytest.fixture
def stc(services, capsys):
    """Return a function that runs a command on the storage and returns its status and its lines of JSON."""

    def run(*arguments: str):
        status = cli.main(["--storage", str(services.storage), "--json", *arguments])
        return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def test_the_first_admin_is_added_where_the_files_are_by_a_password_in_a_file(services, stc, tmp_path):
    (tmp_path / "password").write_text(f"{GOOD}\n")
    status, (line,) = stc("people", "add", "Anna", "--admin", "--password-file", str(tmp_path / "password"))
    assert (status, line) == (0, {"name": "Anna", "done": "add", "code": None})
    assert entering.sign_in(services, "Anna", GOOD, "here")
    assert entering.setup_code(services) is None


def test_a_code_is_printed_where_no_password_is_given_and_a_reset_gives_another(services, stc):
    _, (added,) = stc("people", "add", "Anna", "--admin")
    _, (again,) = stc("people", "reset", "anna")
    assert added["code"] != again["code"]
    assert entering.enter_with_code(services, again["code"], "", GOOD, "here")


def test_people_are_listed_limited_disabled_and_enabled(services, stc):
    people.add(services, "Anna", admin=True, password=GOOD)
    people.add(services, "Bert", password=GOOD)
    stc("people", "limits", "Bert", "--ask-usd", "0.5", "--most-documents", "3")
    stc("people", "limits", "Bert", "--most-documents", "none")
    stc("people", "disable", "Bert")
    _, (anna, bert) = stc("people", "list")
    assert (anna["owner"], anna["admin"]) == ("local", True)
    assert bert["disabled"]
    assert (bert["limits"]["ask_usd"], bert["limits"]["most_documents"]) == (0.5, None)
    assert bert["used"]["documents"] == 0
    stc("people", "enable", "Bert")
    assert not people.find(services, "Bert").disabled


def test_an_address_is_set_and_taken_away_again(services, stc):
    people.add(services, "Anna", admin=True, password=GOOD)
    assert stc("people", "email", "Anna", "--email", "anna@example.org")[0] == 0
    assert people.find(services, "Anna").email == "anna@example.org"
    assert stc("people", "email", "Anna")[0] == 2
    stc("people", "email", "Anna", "--email", "none")
    assert people.find(services, "Anna").email is None


def test_the_last_admin_an_unknown_name_and_a_missing_one_are_refused_in_words(services, stc):
    people.add(services, "Anna", admin=True, password=GOOD)
    status, (line,) = stc("people", "disable", "Anna")
    assert (status, "admin" in line["error"]) == (1, True)
    status, (line,) = stc("people", "reset", "Nobody")
    assert (status, "nobody named Nobody" in line["error"]) == (1, True)
    assert stc("people", "add")[0] == 2


def test_an_owner_is_a_person_by_name_once_there_are_people(services, stc, tmp_path):
    people.add(services, "Anna", admin=True, password=GOOD)
    people.add(services, "Bert", password=GOOD)
    path = tmp_path / "bridge.md"
    path.write_text("# Bridge\n\nThe bridge is 40 metres long.\n")
    assert stc("--owner", "bert", "add", str(path))[0] == 0
    assert [line["name"] for line in stc("--owner", "Bert", "documents")[1]] == ["bridge.md"]
    assert stc("documents")[1] == []
    status, (line,) = stc("--owner", "Nobody", "documents")
    assert (status, "nobody named Nobody" in line["error"]) == (1, True)
