"""Fixtures for every test: a storage of its own, a fake embedder, no key, no settings from outside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stc.services import Services

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Tests see no setting or key of the person who runs them; only ``model`` tests load the real embedder."""
    for name in list(os.environ):
        if name.startswith("STC_") or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)
    if request.node.get_closest_marker("model") is None:
        monkeypatch.setenv("STC_FAKE_EMBEDDER", "1")


@pytest.fixture
def services(tmp_path: Path):
    opened = Services(tmp_path / "storage")
    yield opened
    opened.close()


@pytest.fixture
def shared_data() -> Path:
    """Real documents and questions, where the checkout has them beside it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real documents (shared/data) are not beside this checkout")
    return SHARED_DATA
