"""A real server in a process of its own, and a real browser on it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import NETWORK_GUARD

expect.set_options(timeout=90_000)  # on a busy machine; what is there already is seen at once

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Server:
    """``streamlit run app.py`` on a storage of its own; ``stop`` and ``start`` keep the storage."""

    storage: Path
    environment: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reserve_port(self) -> None:
        """Choose the port before the start, for what has to know the address."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def start(self) -> None:
        if not self.port:
            self.reserve_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("STC_")} | {
            "STC_STORAGE": str(self.storage),
            "STC_FAKE_EMBEDDER": "1",
            "STC_LOCAL_SERVERS": "",
            "STC_TICK_S": "1",
            "STC_IDLE_AFTER_S": "100000",
            "PYTHONPATH": str(NETWORK_GUARD),
            "NETWORK_GUARD_LOG": str(self.storage.parent / "refused.log"),
            **self.environment,
        }
        with (self.storage.parent / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port)],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise AssertionError(f"the server did not start:\n{self.log()}") from None
                time.sleep(0.1)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=30)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def log(self) -> str:
        return (self.storage.parent / "server.log").read_text(errors="replace")

    def refused(self) -> str:
        """Return what connections to other machines were tried."""
        path = self.storage.parent / "refused.log"
        return path.read_text() if path.exists() else ""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    one = Server(tmp_path / "storage")
    yield one
    one.kill()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A browser. Not for the whole session: Playwright's event loop runs on in this thread as long, and no test could run one."""
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"] if as_root else [])
        yield opened
        opened.close()


@dataclass
class Tab:
    """A page, and what went wrong in it: dialogs that a script opened, errors, requests to other machines."""

    page: Page
    wrong: list[str] = field(default_factory=list)


@pytest.fixture
def tab(browser: Browser) -> Iterator[Callable[..., Tab]]:
    """Open a tab; at the end nothing may have gone wrong in it. ``elsewhere``: another server that it may go to."""
    opened: list[Tab] = []

    def open_tab(elsewhere: str = "http://127.0.0.1:", **options) -> Tab:
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        page = context.new_page()
        page.set_default_timeout(30_000)
        one = Tab(page)

        def requested(request) -> None:
            if not request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", elsewhere)):
                one.wrong.append(f"request to {request.url}")

        def asked(dialog) -> None:
            one.wrong.append(f"dialog {dialog.message}")
            dialog.dismiss()

        page.on("request", requested)
        page.on("dialog", asked)
        page.on("pageerror", lambda error: one.wrong.append(f"error {error}"))
        opened.append(one)
        return one

    yield open_tab
    wrong = [item for one in opened for item in one.wrong]
    for one in opened:
        one.page.context.close()
    assert not wrong
