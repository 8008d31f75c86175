"""Fixtures for every test: a storage of its own, a fake embedder, no key, no settings from outside, no network."""

from __future__ import annotations

import contextlib
import os
import runpy
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stc.documents.parsing import reader, text
from stc.documents.parsing.child import Replies, Request
from stc.models import llm
from stc.services import Services
from stc.storage import private
from stc.storage.database import Database

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
NETWORK_GUARD = Path(__file__).resolve().parent / "network_guard"
NO_SHARED_DATA = "the real documents (shared/data) are not beside this checkout"
ONE_PLATFORM = "only on "
"""How the reason of a skip begins that says for which system a test is."""

runpy.run_path(str(NETWORK_GUARD / "sitecustomize.py"))  # by path: Python may have a sitecustomize of its own


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With STC_REQUIRE_ALL set (CI), fail when a test was skipped that a complete machine runs."""
    if _wrongly_skipped(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    for line in _wrongly_skipped(config):
        terminalreporter.write_line(f"SKIPPED BUT REQUIRED {line}", red=True)


def _wrongly_skipped(config: pytest.Config) -> list[str]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("STC_REQUIRE_ALL") or reporter is None:
        return []
    lines = []
    for report in reporter.stats.get("skipped", []):
        reason = report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else ""
        if reason != NO_SHARED_DATA and not reason.startswith(ONE_PLATFORM):
            lines.append(f"{report.nodeid}: {reason}")
    return lines


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Tests see no setting or key of the person who runs them, and wait no half second before a call is tried again; only
    ``model`` tests load the real embedder."""
    for name in list(os.environ):
        if name.startswith("STC_") or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("STC_LOCAL_SERVERS", "")  # whatever model server runs on this computer is not looked for
    monkeypatch.setattr(llm, "_RETRY_WAIT_S", 0.01)
    if request.node.get_closest_marker("model") is None:
        monkeypatch.setenv("STC_FAKE_EMBEDDER", "1")


class _Heard(Replies):
    """What a reading child would have said."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []

    def _send(self, **reply: object) -> None:
        self.said.append(reply)


def read_text_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have plain text and Markdown read in this process: a child for each file would take a tenth of all time."""
    start_child = reader._replies

    def replies(module: str, request: Request, **limits: float) -> Iterator[dict[str, Any]]:
        if module != "text":
            yield from start_child(module, request, **limits)
            return
        heard = _Heard()
        text.read(request, heard)
        yield from heard.said

    monkeypatch.setattr(reader, "_replies", replies)


@contextlib.contextmanager
def for_a_whole_file() -> Iterator[None]:
    """What every test gets, for a fixture that is made before the first of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STC_FAKE_EMBEDDER", "1")
        patch.setenv("STC_LOCAL_SERVERS", "")
        read_text_here(patch)
        yield


@pytest.fixture(autouse=True)
def how_text_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its parser, without the child around it: tests of reading (``tests/documents``) have the child, too."""
    read_text_here(monkeypatch)


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a database with nothing in it: a copy is there sooner than a new one."""
    path = tmp_path_factory.mktemp("new") / "stc.db"
    Database(path).close()
    return path


@pytest.fixture
def new_storage(tmp_path: Path, new_database: Path) -> Path:
    """A storage of the test's own, with nothing in it."""
    folder = tmp_path / "storage"
    private.make_folder(folder)
    shutil.copy2(new_database, folder / "stc.db")
    return folder


@pytest.fixture
def services(new_storage: Path):
    opened = Services(new_storage)
    yield opened
    opened.close()


@pytest.fixture
def shared_data() -> Path:
    """Real documents and questions, where the checkout has them beside it."""
    if not SHARED_DATA.is_dir():
        pytest.skip(NO_SHARED_DATA)
    return SHARED_DATA


@pytest.fixture
def free_port() -> int:
    """A port of this machine that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a browser that Playwright can drive; its own downloads are not asked for."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip("no Chromium or Chrome is installed (Debian: apt install chromium)")
    return found
