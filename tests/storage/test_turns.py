"""Threads of one process write one after the other."""

from __future__ import annotations

import threading

import pytest

from stc.errors import UserError
from stc.storage import database
from stc.storage import settings as setting_rows


def test_whoever_waits_for_its_turn_writes_as_soon_as_the_other_is_through(services):
    inside, through = threading.Event(), threading.Event()
    seen: list[dict[str, str]] = []

    def second() -> None:
        inside.wait(10)
        with services.database.write() as connection:
            seen.append(setting_rows.stored(connection, "local")["local"])
            setting_rows.store(connection, "local", {"b": "2"})
        through.set()

    thread = threading.Thread(target=second)
    thread.start()
    with services.database.write() as connection:
        inside.set()
        assert not through.wait(0.2), "it waits"
        setting_rows.store(connection, "local", {"a": "1"})
    assert through.wait(10)
    thread.join()
    assert seen == [{"a": "1"}]


def test_what_waits_too_long_is_told_so_and_an_exception_ends_a_turn(services, monkeypatch):
    monkeypatch.setattr(database, "_BUSY_S", 0.05)
    with (
        pytest.raises(UserError, match="busy with other work"),
        services.database.write(),
        services.database.write(),
    ):
        pass
    with services.database.write() as connection:
        setting_rows.store(connection, "local", {"a": "1"})
