"""Fixtures for people: a clock that can be set, and a cheap scrypt."""

from __future__ import annotations

from pathlib import Path

import pytest

from stc.access import passwords, people
from stc.access.passwords import Cost

CHEAP = Cost(16, 8, 1)
GOOD = "correct horse battery"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "COST", CHEAP)


@pytest.fixture
def anna(services):
    """The first admin."""
    people.add(services, "Anna", admin=True, password=GOOD)
    return people.find(services, "Anna")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file with the seconds by which the program's time is shifted."""
    path = tmp_path / "clock"
    path.write_text("0")
    monkeypatch.setenv("STC_FAKE_CLOCK", str(path))
    return path
