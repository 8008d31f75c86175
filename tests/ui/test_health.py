"""What watches the server: an answer within seconds, whatever hangs, and nothing of anybody's in it."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from starlette.requests import Request

from stc import background
from stc.ui import health


def ask(endpoint: health.Health, times: int = 1) -> list[tuple[int, bytes]]:
    async def all_at_once():
        replies = await asyncio.gather(*(endpoint.answer(Request({"type": "http"})) for _ in range(times)))
        return [(reply.status_code, bytes(reply.body)) for reply in replies]

    return asyncio.run(all_at_once())


@pytest.mark.parametrize(("ok", "status"), [(True, 200), (False, 503)])
def test_the_status_says_whether_it_works(ok, status):
    assert ask(health.Health(lambda: {"ok": ok}))[0][0] == status


def test_a_hundred_who_ask_at_once_cost_one_look():
    looks = []
    endpoint = health.Health(lambda: looks.append(1) or {"ok": True})
    assert {status for status, _ in ask(endpoint, 100)} == {200}
    assert len(looks) == 1


def test_what_hangs_is_told_as_slow(monkeypatch):
    monkeypatch.setattr(health, "_WITHIN_S", 0.05)
    go_on = threading.Event()
    threading.Timer(0.3, go_on.set).start()
    ((status, body),) = ask(health.Health(lambda: go_on.wait(5) and {"ok": True}))
    assert status == 503
    assert b"slow" in body


@pytest.fixture
def running(services):
    """A server's background whose works never begin: nothing was shown, and it ends before they would."""
    background.start(services)
    yield background.running(services)
    background.stop(services)


def test_a_server_that_starts_is_well_and_says_no_word_of_the_documents(services, running):
    found = background.health(services)
    assert found["ok"]
    assert found["database"] == "ok"
    assert found["version"] != "unknown"
    assert found.keys() == {"ok", "version", "database", "reading", "index", "sleeper"}
    assert {found["reading"], found["index"], found["sleeper"]} == {"starting"}


def test_a_process_that_is_no_server_is_not_well(services):
    assert not background.health(services)["ok"]


def test_a_work_that_has_ended_is_not_well_and_one_that_fails_for_now_is(services, running):
    running.states["index"] = "failing"
    assert background.health(services)["ok"]
    running.states["reading"] = "ended"
    assert not background.health(services)["ok"]


def test_a_sleeper_that_a_person_paused_is_paused(services, running):
    running.states["sleeper"] = "running"
    services.change_settings(sleep_paused=True)
    assert background.health(services)["sleeper"] == "paused"
    assert background.health(services)["ok"]


def test_a_database_that_can_not_be_read_is_not_well(services, running, monkeypatch):
    services.database.path.rename(services.database.path.with_suffix(".away"))
    for name in ("stc.db-wal", "stc.db-shm"):
        (services.storage / name).unlink(missing_ok=True)
    services.database.close()
    (services.storage / "stc.db").mkdir()
    found = background.health(services)
    assert (found["ok"], found["database"]) == (False, "UserError")
    (services.storage / "stc.db").rmdir()


def test_work_that_fails_again_and_again_fills_no_log(services, running, caplog):
    for _ in range(50):
        running._failed("index", OSError("no space"))
    assert len([record for record in caplog.records if "index" in record.getMessage()]) == 1
    assert running.states["index"] == "failing"
    running._worked("index")
    running._failed("index", OSError("no space"))
    assert len([record for record in caplog.records if "index" in record.getMessage()]) == 2


def test_a_work_that_ends_by_a_bug_is_told(services, running, monkeypatch):
    monkeypatch.setattr(background, "_FIRST_PAGE_WITHIN_S", 0.0)

    def fail() -> None:
        raise RuntimeError("it broke")

    begun = time.monotonic()
    running._after_first_page("sleeper", fail)
    assert time.monotonic() - begun < 5
    assert running.states["sleeper"] == "ended"
