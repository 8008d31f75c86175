from __future__ import annotations

import pytest

from stc import background
from stc.sleep import run
from stc.storage import ledger
from stc.ui import library
from stc.words import LedgerRow, Usage
from tests.fakes import ModelServer
from tests.pages.conftest import all_text, button, until


@pytest.fixture
def clock(tmp_path, monkeypatch):
    """A file with the seconds by which the time is ahead."""
    file = tmp_path / "clock"
    monkeypatch.setenv("STC_FAKE_CLOCK", str(file))
    return file


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
    until(page, "**lighthouse.md** · a summary, page 1")
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
        assert "never pays for itself in money, because your answers are free" in shown
        services.change_settings(chat_model="openai/gpt-5-mini")
        assert "Pays for itself after about " in all_text(page.run())
        button(page, "Not now").click().run()
        assert services.settings.consent == ""
        button(page, "See what it would do").click().run()
        button(page, "Agree").click().run()
        assert services.settings.consent == "openai/gpt-5-mini"
        assert "waits for your word" not in all_text(page.run())
        assert "Today preparing with an AI model has used $0 of $1.00" in all_text(page)
        assert model.requests == []
    assert library.document(services, document_id).notes == 0


def test_what_is_spent_at_an_unknown_price_is_not_shown_as_nothing(page, add, services):
    services.change_settings(sleep_model="openai/unheard-of", consent="openai/unheard-of")
    row = LedgerRow(
        id="1", owner=services.owner, at=services.now(), purpose="sleep", model="openai/unheard-of", answer_id=None,
        run_id=None, document_id=add(), document_shares={}, raw_usage={}, usage=Usage(900, output_tokens=100, cost_usd=None),
        price_revision=None, litellm_cost_usd=None, tier="standard", route="outline", origin="", first_token_s=None,
        seconds=1.0, error=None,
    )  # fmt: skip
    with services.database.write() as connection:
        ledger.add(connection, row)
    said = "has used $0 and what 1 call at an unknown price cost, of $1.00 and 1,000 of 1,000,000 tokens"
    assert said in all_text(page.run())


def test_a_run_that_failed_says_why(page, add, services):
    add()
    with ModelServer(fault="500") as model:
        services.change_settings(sleep_model="double", api_base=model.url)
        list(run.sleep_now(services, max_passes=1))
    page.run()
    assert "failed: " in all_text(page)
    assert not page.exception


def test_what_the_model_does_not_do_is_shown_with_its_sum(page, add, services, clock):
    add(text="\n\n".join(f"Station {n} was built in {1800 + n}. " + "It is a gauge. " * 90 for n in range(60)))
    clock.write_text("3600")
    services.change_settings(
        chat_model="openai/gpt-5-mini", sleep_model="openai/gpt-5-mini", consent="openai/gpt-5-mini"
    )
    page.run()
    shown = all_text(page)
    assert "Next: lighthouse.md: a summary first; unused for 60 minutes." in shown.replace(":gray[Next:]", "Next:")
    assert [one.label for one in page.expander][:2] == ["What comes then", "What is not worth it"]
    assert "not asked this week" in shown
    assert "likely to save" in shown
    assert not page.exception


def test_something_large_shows_what_it_would_cost_before_it_begins(page, add, services):
    document_id = add(
        text="\n\n".join(f"Station {n} was built in {1800 + n}. " + "A gauge. " * 500 for n in range(200))
    )
    services.change_settings(sleep_model="openai/gpt-5", consent="openai/gpt-5")
    page.run()
    button(page, "Prepare now").click().run()
    shown = all_text(page)
    assert "openai/gpt-5 would take" in shown.replace("**", "")
    assert "at most $" in shown
    assert background.preparing(services) is None
    button(page, "Not now").click().run()
    assert background.preparing(services) is None
    assert library.document(services, document_id).notes == 0


def test_what_is_small_begins_at_once(page, add, services):
    add()
    services.change_settings(sleep_model="openai/gpt-5", consent="openai/gpt-5", daily_tokens=0)
    page.run()
    button(page, "Prepare now").click().run()
    until(page, "limit of 0 tokens is reached")
    assert background.preparing(services) is not None


def test_quiet_hours_say_until_when(page, add, services, clock):
    add()
    services.change_settings(quiet_hours="00:00-00:00")
    clock.write_text("3600")
    page.run()
    assert "Asleep: it is quiet hours, until about 00:00." in all_text(page)


def test_each_step_is_summed_up_with_what_it_sent(page, add, services):
    add()
    with ModelServer(reply=lambda body: '{"notes": []}') as model:
        services.change_settings(sleep_model="double", api_base=model.url)
        list(run.sleep_now(services, until_done=True))
    page.run()
    assert "Each step in numbers" in [one.label for one in page.expander]
    assert "tokens per token of text" in all_text(page)
    assert not page.exception
