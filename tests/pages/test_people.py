"""People's pages: an admin looks after them, a member sees none of it, and one person alone sees nothing of it at all."""

from __future__ import annotations

import json

import pytest

from stc.access import entering, passwords, people
from stc.access.passwords import Cost
from stc.documents import sharing
from stc.sleep import notebook
from stc.ui import gate, login_provider, visitor
from tests.pages.conftest import all_text, button

GOOD = "correct horse battery"


@pytest.fixture
def signed_in(services, app, monkeypatch):
    """Return a function that draws a page for somebody who is signed in."""
    monkeypatch.setattr(passwords, "COST", Cost(16, 8, 1))
    monkeypatch.setattr(gate, "_door", "login")
    people.add(services, "Anna", admin=True, password=GOOD)
    people.add(services, "Bert", password=GOOD)

    def draw(name: str, page: str = ""):
        token = entering.sign_in(services, name, GOOD, "192.0.2.7")
        monkeypatch.setattr(visitor, "token", lambda: token)
        app.run()
        return app.switch_page(page).run() if page else app

    return draw


def test_an_admin_adds_somebody_and_hands_over_a_code_that_is_shown_once(services, signed_in):
    app = signed_in("Anna", "pages/people.py")
    app.text_input("person-name").set_value("Cora")
    button(app, "Add").click().run()
    (code,) = [one.value for one in app.code]
    assert "Cora" in all_text(app)
    assert entering.enter_with_code(services, code, "", GOOD, "192.0.2.7")
    app.run()
    assert not app.code


def test_what_is_refused_is_said(signed_in):
    app = signed_in("Anna", "pages/people.py")
    app.text_input("person-name").set_value("bert")
    button(app, "Add").click().run()
    assert "somebody named bert already" in all_text(app)


def test_an_admin_disables_and_limits_somebody_but_not_themselves(services, signed_in):
    app = signed_in("Anna", "pages/people.py")
    bert = people.find(services, "Bert")
    app.button(f"person-{bert.id}").click().run()
    app.number_input("limit-ask_usd").set_value(0.5)
    app.number_input("limit-most_bytes").set_value(12.5)
    button(app, "Save").click().run()
    limits = people.find(services, "Bert").limits
    assert (limits.ask_usd, limits.most_bytes, limits.ask_tokens) == (0.5, 12_500_000, None)
    assert "at most $0.50 a day, 12.5 MB" in all_text(app).replace("\\", "")
    app.button(f"person-{bert.id}").click().run()
    assert app.number_input("limit-most_bytes").value == 12.5
    app.button(f"person-{bert.id}").click().run()
    button(app, "Disable").click().run()
    assert people.find(services, "Bert").disabled
    assert "disabled" in all_text(app)
    app.button(f"person-{people.find(services, 'Anna').id}").click().run()
    assert "Disable" not in all_text(app)


def test_addresses_are_asked_for_where_there_is_a_login_provider(services, signed_in, monkeypatch):
    app = signed_in("Anna", "pages/people.py")
    assert not [one for one in app.text_input if "E-mail" in one.label]
    monkeypatch.setattr(login_provider, "is_set_up", lambda: True)
    app.run()
    app.text_input("person-name").set_value("Cora")
    app.text_input("person-email").set_value("cora@example.org")
    button(app, "Add").click().run()
    bert = people.find(services, "Bert")
    for given, kept in (("cora@example.org", None), ("bert@example.org", "bert@example.org"), ("", None)):
        app.button(f"person-{bert.id}").click().run()
        app.text_input("person-new-email").set_value(given)
        button(app, "Save").click().run()
        assert people.find(services, "Bert").email == kept
        assert ("somebody else's address" in all_text(app)) == (given == "cora@example.org")
    assert people.find(services, "Cora").email == "cora@example.org"


def test_a_member_finds_no_people_no_models_and_no_keys(services, signed_in, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-server")
    services.change_settings(chat_model="openai/gpt-5-mini")
    app = signed_in("Bert", "pages/settings.py")
    assert "an admin's to set" in all_text(app)
    assert not app.text_input
    assert "OPENAI_API_KEY" not in all_text(app)
    app = signed_in("Bert", "pages/people.py")
    assert "Anna" not in all_text(app)


def test_what_is_prepared_of_a_shared_document_is_hidden_by_who_shared_it_and_by_admins(services, signed_in, add):
    document_id = add("lighthouse.md")
    note = {"question": "How tall is it?", "text": "41 metres."}
    note["evidence"] = [{"page": 1, "quote": "It stands 41 metres tall."}]
    list(notebook.bring_in(services, [json.dumps(note)], document_id=document_id))
    sharing.share(services, document_id)
    acts = {"Hide", "Throw all away"}
    assert acts <= {one.label for one in signed_in("Anna", "pages/notes.py").button}
    app = signed_in("Bert", "pages/notes.py")
    assert "41 metres." in all_text(app)
    assert not acts & {one.label for one in app.button}


def test_each_sees_their_own_documents_only(services, signed_in, add):
    add("lighthouse.md")
    assert "lighthouse.md" in all_text(signed_in("Anna", "pages/documents.py"))
    assert "lighthouse.md" not in all_text(signed_in("Bert", "pages/documents.py"))


def test_who_is_signed_out_meanwhile_gets_a_sentence_and_nothing_else(services, signed_in, add):
    add("lighthouse.md")
    app = signed_in("Anna", "pages/documents.py")
    entering.sign_out_everywhere(services, people.find(services, "Anna"))
    app.run()
    assert "You are signed out" in all_text(app)
    assert "lighthouse.md" not in all_text(app)


def test_a_page_forgets_what_it_knew_of_somebody_else(services, signed_in):
    app = signed_in("Anna")
    app.session_state["refusal"] = ("Anna's own question was refused", None)
    assert "Anna's own question" not in all_text(signed_in("Bert"))


def test_one_person_alone_sees_nothing_of_it(services, app, add):
    add("lighthouse.md")
    app.run()
    app.switch_page("pages/documents.py").run()
    button(app, "Options").click().run()
    assert "Delete this document" in all_text(app)
    assert "Share" not in all_text(app)
    assert "Account" not in all_text(app)


@pytest.mark.parametrize("name", ["Anna", "Bert"])
def test_the_way_to_the_account_says_whose_it_is(signed_in, name):
    (link,) = [one for one in signed_in(name).get("link_button") if "Account" in one.proto.label]
    assert name in link.proto.label
    assert link.proto.url == gate.ACCOUNT
