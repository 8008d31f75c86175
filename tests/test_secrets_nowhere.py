"""A planted key, after a journey with a server that says it back: it lies in its file and nowhere else."""

from __future__ import annotations

import argparse
import logging
import traceback
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from stc import logs
from stc.chat import answering
from stc.cli import main
from stc.errors import UpstreamError, UserError
from stc.services import Services, open_services
from tests.fakes import ModelServer

# One that looks like a key, and one that only its file tells to be one.
KEYS = ("sk-planted-0123456789abcdefXYZ", "planted+key/0123456789==")
TEXT = "# The ferry\n\nThe ferry leaves the north pier at 07:40 on weekdays. A ticket costs 4 euros.\n"
QUESTION = "When does the ferry leave the north pier?"
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(params=KEYS, ids=["looks-like-one", "looks-like-none"])
def key(request) -> str:
    return request.param


@pytest.fixture
def storage(tmp_path, monkeypatch, key):
    """A storage with the key in its file and a server that refuses it, repeating it."""
    with ModelServer(fault="401") as server:
        monkeypatch.setenv("STC_STORAGE", str(tmp_path / "storage"))
        services = open_services()
        services.change_settings(chat_model="openai/double", sleep_model="openai/double", api_base=server.url)
        services.llm.secrets.set_key("STC_API_KEY", key)
        logs.start(services.storage, "test", max_bytes=1 << 20, files=2)
        yield services.storage
        assert server.requests, "the server was asked, and said the key back"
        logs.stop()
        services.close()


def holding(folder: Path, key: str) -> list[str]:
    """Return the files under a folder that hold a key, as it stands or as a URL would write it."""
    written = {key.encode(), key.replace("+", "%2B").replace("/", "%2F").encode(), key.encode("utf-16-le")}
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [path.name for path in files if any(one in path.read_bytes() for one in written)]


def test_the_command_line_writes_it_nowhere(storage, key, tmp_path, capsys, caplog):
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "ferry.md"
    path.write_text(TEXT)
    said = ""
    for command in (
        ["add", path],
        ["ask", QUESTION],
        ["ask", QUESTION, "--route", "chunks", "--json"],
        ["sleep", "--until-done", "--json"],
        ["notes", "--json"],
        ["meter", "--csv", tmp_path / "ledger.csv"],
        ["backup", tmp_path / "backup.zip"],
        ["chats", "--export", tmp_path / "chats.json"],
        ["doctor"],
        ["doctor", "--json"],
    ):
        main([*map(str, command), "--storage", str(storage)])
        captured = capsys.readouterr()
        said += captured.out + captured.err
    assert "key" in said, "the refusal is told"
    assert key not in said
    assert key not in caplog.text
    assert (tmp_path / "backup.zip").stat().st_size > 0
    assert holding(tmp_path, key) == ["secrets.json"]


def test_an_error_tells_it_to_nobody_who_prints_it(storage, key):
    services = open_services()
    with pytest.raises(UpstreamError) as caught:
        services.llm.complete("openai/double", [{"role": "user", "content": "Hello"}], max_tokens=20)
    error = caught.value
    printed = "".join(traceback.format_exception(error)) + repr(error) + str(error) + "".join(error.__notes__)
    assert "Incorrect API key provided: ***" in printed, "what the server said is told"
    assert key not in printed
    assert key not in repr(vars(error))
    logs.bug(error, "in a test")
    assert holding(storage, key) == ["secrets.json"]


def test_no_page_shows_or_remembers_it(storage, key, tmp_path):
    services = open_services()
    path = tmp_path / "ferry.md"
    path.write_text(TEXT)
    main(["add", str(path), "--storage", str(storage)])
    failed = answering.ask(services, QUESTION)
    assert failed.state == "failed"
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    app.switch_page("pages/settings.py").run()
    next(one for one in app.button if one.label == "Test").click().run()
    assert "key" in "".join(error.value for error in app.error), "the refusal is told"
    pages = [drawn(app)]
    services.change_settings(api_base="")
    app.run().text_input(key="key-OPENAI_API_KEY").set_value(key)
    next(one for one in app.button if one.label == "Keep this key").click().run()
    assert services.llm.secrets.get("OPENAI_API_KEY") == key
    pages.append(drawn(app))
    for name in ("documents", "notes", "sleep", "savings", "chat", "settings"):
        app.switch_page(f"pages/{name}.py").run()
        assert not app.exception
        pages.append(drawn(app))
    assert key not in "".join(pages)
    assert holding(storage, key) == ["secrets.json"]


def drawn(app: AppTest) -> str:
    """Return all that a browser is sent of a page, and all that its session remembers."""
    elements = [str(getattr(element, "proto", "")) for element in app._tree]
    return "".join(elements) + repr(app.session_state._state.filtered_state)


def test_no_command_takes_a_key_where_other_people_see_it_in_the_list_of_processes(monkeypatch, capsys):
    taken: list[str] = []
    add_argument = argparse._ActionsContainer.add_argument

    def remember(self, *names, **options):
        if options.get("action", "store") in ("store", "append"):  # a flag takes no value
            taken.extend(name for name in names if name.startswith("-"))
        return add_argument(self, *names, **options)

    monkeypatch.setattr(argparse._ActionsContainer, "add_argument", remember)
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--storage" in taken
    secret = [name for name in taken if any(word in name for word in ("key", "secret", "token", "password"))]
    assert all(name.endswith(("-file", "-tokens")) for name in secret), secret


def test_a_model_can_not_say_it_as_no_prompt_holds_it(services, key):
    with ModelServer(reply=lambda body: "Hello.") as server:
        services.change_settings(chat_model="openai/double", api_base=server.url)
        services.llm.secrets.set_key("STC_API_KEY", key)
        services.llm.complete("openai/double", [{"role": "user", "content": "Hello"}], max_tokens=20)
        assert all(key not in repr(asked["messages"]) for asked in server.requests)
        assert server.requests


@pytest.mark.parametrize("address", ["https://me:{}@models.test/v1", "https://models.test/v1?key={}", "{}@models.test"])
def test_an_address_with_a_key_in_it_is_refused_not_stored(services, key, address):
    with pytest.raises(UserError, match="Enter the key by itself") as caught:
        services.change_settings(api_base=address.format(key))
    assert key not in str(caught.value)
    assert services.settings.api_base == ""


def test_a_storage_of_another_name_is_not_looked_into(services, key):
    services.llm.secrets.set_key("STC_API_KEY", key)
    other = Services(services.storage.parent / "other")
    assert other.llm.secrets.get("STC_API_KEY") is None
    other.close()
