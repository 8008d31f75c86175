from __future__ import annotations

import stat

import pytest

from tests.fakes import ModelServer
from tests.pages.conftest import all_text, button

KEY = "sk-a-secret-0123456789"


@pytest.fixture
def page(app):
    app.run()
    return app.switch_page("pages/settings.py").run()


def test_a_model_and_an_address_are_stored_and_tested_in_plain_words(page, services):
    with ModelServer() as model:
        page.text_input(key="setting-chat_model").set_value("openai/double")
        page.text_input(key="setting-api_base").set_value(model.url)
        button(page, "Save").click().run()
        assert services.settings.chat_model == "openai/double"
        assert services.settings.api_base == model.url
        button(page, "Test").click().run()
        assert "double answered in" in page.success[0].value.replace("\\", "")
        model.faults.append("404")
        button(page, "Test").click().run()
        assert "double" in page.error[0].value
        assert not page.exception


def test_without_a_model_nothing_is_to_be_tested(page):
    assert "Quotes only (no AI model)" in all_text(page)
    assert not [one for one in page.button if one.label == "Test"]


def test_a_key_is_kept_in_a_file_of_the_owner_alone_and_never_shown(page, services):
    services.change_settings(chat_model="openai/gpt-5-mini")
    page.run()
    page.text_input(key="key-OPENAI_API_KEY").set_value(KEY)
    button(page, "Keep this key").click().run()
    assert services.llm.secrets.get("OPENAI_API_KEY") == KEY
    assert "a key is set" in all_text(page)
    assert KEY not in str(page)
    assert "key-OPENAI_API_KEY" not in page.session_state
    path = services.storage / "secrets.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KEY.encode() not in (services.storage / "stc.db").read_bytes()
    button(page, "Remove").click().run()
    assert services.llm.secrets.get("OPENAI_API_KEY") is None


def test_an_address_of_the_environment_is_shown_without_its_password(app, monkeypatch):
    monkeypatch.setenv("STC_API_BASE", f"http://user:{KEY}@127.0.0.1:9/v1?key={KEY}")
    monkeypatch.setenv("STC_CHAT_MODEL", "openai/double@2026")
    page = app.run().switch_page("pages/settings.py").run()
    assert page.text_input(key="setting-api_base").value == "http://127.0.0.1:9/v1"
    assert page.text_input(key="setting-chat_model").value == "openai/double@2026"
    assert KEY not in str(page)


def test_what_is_no_key_is_told_so(page, services):
    services.change_settings(chat_model="openai/gpt-5-mini")
    page.run()
    page.text_input(key="key-OPENAI_API_KEY").set_value("not a key")
    button(page, "Keep this key").click().run()
    assert "That is not a key" in page.error[0].value
    assert not page.exception


def test_limits_and_manners_are_stored_in_their_units(page, services):
    page.number_input(key="setting-idle").set_value(5.0)
    page.text_input(key="setting-quiet_hours").set_value("22:00-07:00")
    page.toggle(key="setting-pause_on_battery").set_value(False)
    page.toggle(key="setting-cheap_tier").set_value(False)
    wanted = {
        "daily_usd": 0.25,
        "daily_tokens": 50_000,
        "document_usd": 0.2,
        "document_tokens": 40_000,
        "run_usd": 0.05,
        "run_tokens": 30_000,
        "num_ctx": 4096,
    }
    for name, value in wanted.items():
        page.number_input(key=f"setting-{name}").set_value(value)
    page.button[-1].click().run()
    settings = services.settings
    assert {name: getattr(settings, name) for name in wanted} == wanted
    assert (settings.idle_after_s, settings.quiet_hours) == (300, "22:00-07:00")
    assert (settings.pause_on_battery, settings.cheap_tier) == (False, False)


def test_hours_that_are_none_are_told_so(page, services):
    page.text_input(key="setting-quiet_hours").set_value("at night")
    page.button[-1].click().run()
    assert "it must be two times of day" in page.error[0].value
    assert services.settings.quiet_hours == ""


def test_what_the_environment_sets_is_shown_and_left_alone(page, services, monkeypatch):
    monkeypatch.setenv("STC_CHAT_MODEL", "openai/from-outside")
    from streamlit.testing.v1 import AppTest

    visit = AppTest.from_file(page._script_path, default_timeout=30).run().switch_page("pages/settings.py").run()
    field = visit.text_input(key="setting-chat_model")
    assert field.disabled
    assert field.value == "openai/from-outside"


def test_a_server_on_this_computer_is_found_and_used_with_one_click(services, monkeypatch, app):
    with ModelServer(models=("llama3.2", "nomic-embed")) as model:
        monkeypatch.setenv("STC_LOCAL_SERVERS", f"Ollama={model.root}")
        app.run()
        page = app.switch_page("pages/settings.py").run()
        assert "Found Ollama on this computer with llama3.2." in all_text(page)
        button(page, "Use llama3.2").click().run()
        assert services.settings.chat_model == services.settings.sleep_model == "ollama/llama3.2"
        assert not page.exception
