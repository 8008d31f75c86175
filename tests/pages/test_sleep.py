from __future__ import annotations

import pytest

from stc import background
from stc.sleep import run
from stc.ui import library
from tests.fakes import ModelServer
from tests.pages.conftest import all_text, button, until


@pytest.fixture
def page(app):
    app.run()
    return app.switch_page("pages/sleep.py").run()


def test_an_empty_page_says_why_nothing_is_done(page):
    shown = all_text(page)
    assert "Asleep: there are no documents." in shown
    assert "Nothing has been prepared yet" in shown
    assert "costs nothing" in shown
    assert not page.exception


def test_prepare_now_prepares_and_the_history_says_what_came_of_it(page, add, services):
    add()
    page.run()
    assert "was used a moment ago" in all_text(page)
    button(page, "Prepare now").click().run()
    until(page, "Asleep: everything is prepared.")
    until(page, "**lighthouse.md** · summary, page 1")
    shown = all_text(page)
    assert "without an AI model" in shown
    assert "$0" in shown
    assert not page.exception
    assert background.preparing(services).ended


def test_the_background_job_can_be_paused(page, add, services):
    add()
    page.toggle(key="prepare-by-itself").set_value(False).run()
    assert services.settings.sleep_paused
    assert "Asleep: paused." in all_text(page)
    page.toggle(key="prepare-by-itself").set_value(True).run()
    assert not services.settings.sleep_paused


def test_a_paid_model_prepares_nothing_before_the_person_has_agreed(page, add, services):
    document_id = add()
    with ModelServer() as model:
        services.change_settings(sleep_model="openai/gpt-5-mini")
        services.llm.secrets.set_key("OPENAI_API_KEY", "sk-test-not-a-key")
        page.run()
        assert "waits for your word" in all_text(page)
        button(page, "See what it would do").click().run()
        shown = all_text(page)
        assert "1 document is sent to OpenAI" in shown
        assert "at most $" in shown
        assert "$1.00 and 1,000,000 tokens a day" in shown
        button(page, "Not now").click().run()
        assert services.settings.consent == ""
        button(page, "See what it would do").click().run()
        button(page, "Agree").click().run()
        assert services.settings.consent == "openai/gpt-5-mini"
        assert "waits for your word" not in all_text(page.run())
        assert "Today openai/gpt-5-mini has used $0 of $1.00" in all_text(page)
        assert model.requests == []
    assert library.document(services, document_id).notes == 0


def test_a_run_that_failed_says_why(page, add, services):
    add()
    with ModelServer(fault="500") as model:
        services.change_settings(sleep_model="double", api_base=model.url)
        list(run.sleep_now(services, max_passes=1))
    page.run()
    assert "failed: " in all_text(page)
    assert not page.exception
