"""A call of a model that was cut off by a kill stands in the ledger, and the doctor says what that means."""

from __future__ import annotations

import pytest

from stc import doctor
from stc.chat.answering import ask
from stc.meter.ledger import IN_FLIGHT
from stc.models.llm import LanguageModel
from stc.storage.holders import Holders
from tests.chat.library import model, rows
from tests.fakes import ModelServer


def said_of_calls(storage):
    (check,) = (check for check in doctor.examine(storage).checks if check.name == "model calls")
    assert check.ok, "nothing can be repaired"
    return check.detail


@pytest.fixture
def cut_off(services, ferry, monkeypatch):
    """Ask a question in a process that is ended while the model answers; return a function that asks another."""

    def ended(*_, **__):
        raise SystemExit

    def once():
        with pytest.raises(SystemExit):
            ask(services, "When does the ferry leave?", document_ids=[ferry])

    with ModelServer() as server:
        model(services, server)
        monkeypatch.setattr(LanguageModel, "complete", ended)
        once()
        yield once


def test_calls_that_came_back_are_nothing_to_name(services, ferry):
    ask(services, "When does the ferry leave?", document_ids=[ferry])
    assert said_of_calls(services.storage) == "every call of a model came back"


def test_calls_that_were_cut_off_are_named_with_what_the_meter_counts_for_them(services, cut_off, monkeypatch):
    assert [row.error for row in rows(services)] == [IN_FLIGHT]
    services.close()
    told = said_of_calls(services.storage)
    tokens = rows(services)[0].usage.tokens
    assert told.startswith("1 call was cut off when the program was killed, the first on 2")
    assert f"the most that they can have cost: {tokens:,} tokens, $0" in told
    with monkeypatch.context() as patch:
        patch.setattr(LanguageModel, "price", lambda *_: None)
        cut_off()
    services.close()
    told = said_of_calls(services.storage)
    assert told.startswith("2 calls were cut off")
    assert told.endswith("tokens, price unknown")


def test_a_call_of_a_process_that_lives_may_come_back_yet(services, cut_off, monkeypatch):
    services.close()
    other = Holders(services.storage / "holders")
    other.enter()
    try:
        assert said_of_calls(services.storage) == "every call of a model came back"
        monkeypatch.setattr(doctor, "_LONGEST_CALL_S", 0.0)
        assert said_of_calls(services.storage).startswith("1 call was cut off")
    finally:
        other.leave()
