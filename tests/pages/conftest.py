"""The pages without a browser and without a server: Streamlit's AppTest on a storage of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from stc.documents import ingest
from stc.services import Services, open_services

ROOT = Path(__file__).resolve().parents[2]
# Streamlit 1.67 (2026) reads the metadata of every installed package for each AppTest: half of these tests' time.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)

LIGHTHOUSE = """# Lighthouse report

The lighthouse at Cape Marrow was built in 1887. It stands 41 metres tall.
The keeper's name was Agnes Tull. She kept the light for 29 years.

## Costs

Repairs cost $48,200 in 2024. The lamp was replaced on 12 March 2023.
The new lamp uses 60 watts. The old lamp used 1,000 watts.
"""


@pytest.fixture
def services(new_storage: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """The services that the pages open by themselves."""
    monkeypatch.setenv("STC_STORAGE", str(new_storage))
    monkeypatch.setenv("STC_LOCAL_SERVERS", "")
    opened = open_services()
    yield opened
    opened.close()


@pytest.fixture
def app(services: Services) -> AppTest:
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)


@pytest.fixture
def add(services: Services, tmp_path: Path) -> Callable[..., str]:
    """Add a document, read and ready; returns its id."""

    def add_text(name: str = "lighthouse.md", text: str = LIGHTHOUSE) -> str:
        path = tmp_path / "incoming"
        path.write_text(text, encoding="utf-8")
        with path.open("rb") as stream:
            received = ingest.receive(services, name, stream)
        ingest.process(services, received.document_id)
        return received.document_id

    return add_text


def all_text(app: AppTest) -> str:
    """Return what stands on the page, one element to a line, with Markdown's escapes undone."""
    kinds = (
        "title",
        "header",
        "markdown",
        "caption",
        "html",
        "error",
        "warning",
        "info",
        "success",
        "button",
        "metric",
    )
    parts = []
    for kind in kinds:
        for element in app.get(kind):
            parts.append(str(getattr(element, "label", "") or ""))
            parts.append(str(getattr(element, "value", "") or ""))
    return "\n".join(parts).replace("\\", "").replace("\u2060", "")


def button(app: AppTest, label: str):
    """Return the first button whose label begins like this."""
    labels = [one.label.replace("\\", "").replace("\u2060", "") for one in app.button]
    return app.button[next(i for i, one in enumerate(labels) if one.startswith(label))]


def until(app: AppTest, wanted: str, within_s: float = 20.0) -> AppTest:
    """Draw the page again until it shows this text: what works beside it takes its time."""
    end = time.monotonic() + within_s
    while wanted not in all_text(app):
        assert time.monotonic() < end, f"{wanted!r} did not come:\n{all_text(app)}"
        time.sleep(0.1)
        app.run()
    return app


def ask(app: AppTest, question: str) -> AppTest:
    app.chat_input[0].set_value(question).run()
    return app
