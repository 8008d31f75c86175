"""Baselines that are really run while nobody needs the model: by lot, within limits, once, and charged to the meter."""

from __future__ import annotations

import io
import threading

import pytest

from stc.chat import answering
from stc.chat.routing import Decision
from stc.documents import ingest
from stc.meter import ledger
from stc.sleep import facts, run, shadowing
from stc.sleep.scheduler import Sleeper
from stc.storage import conversations, shadows
from stc.storage import documents as document_rows
from stc.storage import ledger as ledger_rows
from stc.words import Evidence, NoteDraft
from tests.fakes import ModelServer

FERRY = b"""# The ferry

The ferry leaves the north pier at 07:40 on weekdays. A single ticket costs 4 euros and 20 cents.
"""
FROM_NOTES = 'At 07:40 [1].\nQUOTES\n[1] "leaves the north pier at 07:40"'
FROM_PASSAGES = (
    'The ferry leaves the north pier at 07:40 on weekdays [1].\nQUOTES\n[1] "leaves the north pier at 07:40"'
)


@pytest.fixture
def server():
    said = {"notes": FROM_NOTES, "text": FROM_PASSAGES}

    def reply(body):
        return said["notes" if "When does the ferry leave?\n" in body["messages"][1]["content"] else "text"]

    with ModelServer(reply=reply) as running:
        running.said = said
        yield running


@pytest.fixture
def answer(services, server, monkeypatch):
    """One typed question that a prepared note answered, two minutes ago."""
    received = ingest.receive(services, "ferry.md", io.BytesIO(FERRY))
    ingest.process(services, received.document_id)
    evidence = (Evidence(1, "The ferry leaves the north pier at 07:40 on weekdays."),)
    note = NoteDraft("answer", "When does the ferry leave?", "At 07:40.", evidence)
    run.adopt(services, received.document_id, [note], model="m")
    services.change_settings(
        chat_model="openai/double", api_base=server.url, shadow_share=1.0, idle_after_s=0.0, pause_on_battery=False
    )
    monkeypatch.setattr(answering.finding, "decide", lambda *_, **__: Decision("notes", ()))
    monkeypatch.setattr(shadowing, "_DOCUMENT_SHARE", 0.0)
    return answering.ask(services, "When does the ferry leave?", document_ids=[received.document_id])


def step(services):
    return shadowing.step(services, threading.Event())


def known(services):
    with services.database.read() as connection:
        rows = ledger_rows.rows(connection, services.owner)
        return rows, conversations.all_answers(connection, services.owner), shadows.list_all(connection, services.owner)


def test_a_baseline_is_run_once_and_takes_the_place_of_its_estimate(services, server, answer):
    assert answer.route == "notes"
    assert step(services)
    assert not step(services), "nothing is run or paid for twice"
    rows, (now,), (shadow,) = known(services)
    assert len(server.billed) == 2
    measured = now.baselines["chunks"]
    assert measured.measured
    assert measured.seconds > 0
    assert (measured.input_tokens, measured.output_tokens) == (
        server.billed[1].prompt_tokens,
        server.billed[1].completion_tokens,
    )
    assert shadow.estimated == answer.baselines["chunks"]
    assert shadow.agrees
    assert now.text == answer.text
    assert [row.purpose for row in rows] == ["chat", "check"]
    assert ledger.net(rows, [now]).sleep.calls == 0, "the meter bears it, not preparing"
    assert ledger.total(ledger.checked(rows)).input_tokens == server.billed[1].prompt_tokens


def test_an_answer_that_contradicts_is_told_by_its_numbers(services, server, answer):
    server.said["text"] = 'At 4 [1].\nQUOTES\n[1] "A single ticket costs 4 euros"'
    server.said["notes"] = server.said["text"]
    step(services)
    (shadow,) = known(services)[2]
    assert not shadow.agrees
    assert shadow.differs["numbers"] == ["4", "40", "7"]


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        ("In 1911 [1].", "It was built in 1911 by Anna Lindqvist [2].", {}),
        ("On 4 May 1987.", "On 1987-05-04.", {}),
        ("On 4 May 1987.", "On 5 May 1987.", {"numbers": ["4", "5"], "dates": ["1987-05-04", "1987-05-05"]}),
        ("The keeper was Olof Berg.", "The keeper was Agnes Tull.", {"names": ["agnes", "berg", "olof", "tull"]}),
    ],
)
def test_two_answers_contradict_where_each_has_figures_or_names_of_its_own(one, other, differs):
    found = {kind: items for kind, items in shadowing.compare(one, other).items() if items}
    if "1987-05-04" in other:
        found.pop("numbers", None)  # the same date has other digits in another writing
    assert found == differs


def test_without_a_share_nothing_is_run(services, server, answer):
    services.change_settings(shadow_share=0.0)
    assert not step(services)
    assert len(server.billed) == 1


def test_the_lot_draws_about_the_share_and_always_the_same_answers():
    names = [str(number) for number in range(2000)]
    drawn = [name for name in names if shadowing.drawn(name, 0.2)]
    assert 340 < len(drawn) < 460
    assert drawn == [name for name in names if shadowing.drawn(name, 0.2)]
    assert set(drawn) <= {name for name in names if shadowing.drawn(name, 0.3)}


@pytest.mark.parametrize(
    "settings",
    [{"sleep_paused": True}, {"quiet_hours": "00:00-00:00"}, {"idle_after_s": 3600.0}, {"chat_model": "openai/other"}],
)
def test_the_manners_of_preparing_hold(services, server, answer, settings):
    services.change_settings(**settings)
    assert not step(services)
    assert len(server.billed) == 1


def test_a_person_who_waits_comes_first(services, server, answer):
    with services.database.write() as connection:
        conversations.person_waits(connection, "somebody", services.now() + 60)
    assert not step(services)


def test_a_model_elsewhere_needs_consent_a_price_and_room_in_the_budget(
    services, server, answer, monkeypatch, tmp_path
):
    own = tmp_path / "prices.json"
    own.write_text('{"openai/double": {"input_cost_per_token": 1e-6, "output_cost_per_token": 4e-6}}')
    monkeypatch.setenv("STC_PRICES", str(own))
    assert not step(services), "it costs money, and nobody has agreed"
    services.change_settings(shadow_consent=facts.agreement("openai/double", server.url), daily_usd=0.0)
    assert not step(services), "a limit holds"
    services.change_settings(daily_usd=1.0)
    assert step(services)
    assert facts.spent_today(services, services.now()).usd > 0, "it counts towards the day's limit"


def test_a_model_of_unknown_price_is_never_run_unasked(services, server, answer, monkeypatch):
    monkeypatch.setattr(type(services.llm), "price", lambda *_: None)
    services.change_settings(shadow_consent=facts.agreement("openai/double", server.url))
    assert not step(services)


def test_a_document_that_may_not_leave_this_computer_any_more_is_not_sent(services, server, answer, monkeypatch):
    monkeypatch.setattr(type(services.llm), "is_local", lambda *_: False)
    services.change_settings(shadow_consent=facts.agreement("openai/double", server.url))
    with services.database.write() as connection:
        document_rows.change(connection, answer.scope[0], keep_local=True)
    step(services)
    (shadow,) = known(services)[2]
    assert (shadow.state, shadow.error) == ("failed", "A document is kept on this computer.")
    assert len(server.billed) == 1


def test_a_run_without_reported_usage_measures_nothing(services, server, answer):
    server.fault = "no-usage"
    step(services)
    rows, (now,), (shadow,) = known(services)
    assert shadow.state == "done"
    assert shadow.measured is None
    assert not now.baselines["chunks"].measured
    assert rows[1].usage.estimated


def test_a_failing_server_is_left_alone_for_a_while(services, server, answer):
    for _ in range(3):
        answering.ask(services, "When does the ferry leave?", document_ids=list(answer.scope))
    server.fault = "500"
    assert [step(services) for _ in range(4)] == [True, True, True, False]
    assert [(shadow.state, bool(shadow.error)) for shadow in known(services)[2]] == [("failed", True)] * 3


def test_the_whole_document_is_run_where_it_fits(services, server, answer, monkeypatch):
    monkeypatch.setattr(shadowing, "_DOCUMENT_SHARE", 1.0)
    server.cached_tokens = 50
    assert step(services)
    _, (now,), _ = known(services)
    assert now.baselines["document"].measured
    assert now.baselines["document"].cached_tokens == 0, "this baseline is the one without a cache"
    assert not now.baselines["chunks"].measured


def test_the_reader_that_quotes_is_checked_too_and_costs_nothing(services, server, answer, monkeypatch):
    services.change_settings(chat_model="")
    again = answering.ask(services, "When does the ferry leave the north pier?", document_ids=list(answer.scope))
    assert again.route == "notes"
    assert step(services)
    (shadow,) = known(services)[2]
    assert (shadow.answer_id, shadow.model, shadow.measured.cost_usd) == (again.id, "extractive", 0.0)
    assert len(server.billed) == 1


def test_the_background_job_runs_a_baseline_when_nothing_else_is_to_do(services, server, answer):
    Sleeper(services).tick()
    assert [shadow.state for shadow in known(services)[2]] == ["done"]
