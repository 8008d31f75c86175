"""What a person can ask of the sleeper, and the sleeper by itself."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

import pytest

from stc.errors import UserError
from stc.services import Services
from stc.sleep import facts, power, report, run
from stc.sleep.scheduler import Sleeper
from stc.storage import conversations, documents, ledger, notes, tasks
from stc.words import EXTRACTIVE, Answer, Usage
from tests.fakes import ModelServer
from tests.sleep import library


def history(services):
    with services.database.read() as connection:
        return tasks.history(connection, services.owner)


def test_without_more_it_does_one_task(services):
    library.add(services)
    for expected in ("outline", "anticipate", "infer"):
        assert [one.pass_name for one in run.sleep_now(services)] == [expected]
    assert list(run.sleep_now(services)) == []


def test_at_most_so_many_tasks_over_all_documents(services):
    library.add(services, name="a.txt")
    library.add(services, name="b.txt")
    seen = []
    assert len(list(run.sleep_now(services, max_passes=3, on_run=seen.append))) == 3
    assert len(seen) == 3


def test_only_the_documents_asked_for_are_prepared(services):
    library.add(services, name="a.txt")
    wanted = library.add(services, name="b.txt")
    runs = list(run.sleep_now(services, [wanted.id], until_done=True))
    assert {r.document_id for r in runs} == {wanted.id}


def test_until_done_waits_for_what_another_process_is_at(services):
    library.add(services)
    gone = Services(services.storage)  # another process, as the database sees it
    (task, *_) = (item.task for item in run.dry_run(services))
    now = services.now()
    with services.database.write() as connection:
        tasks.ensure(connection, task, now)
        assert tasks.claim(connection, task.id, holder=gone.holder, now=now, until=now + 60)
    threading.Timer(1.0, gone.close).start()  # as it ends it gives up what it has not done
    runs = list(run.sleep_now(services, until_done=True))
    assert now + 1 < services.now() < now + 60
    assert task.id in [r.task_id for r in runs if r.status == "done"]


def test_a_document_that_is_not_there_is_said_so(services):
    with pytest.raises(UserError, match="is not here"):
        list(run.sleep_now(services, ["nothing"]))
    with pytest.raises(UserError, match="is not here"):
        run.purge(services, "nothing")
    with pytest.raises(UserError, match="is not here"):
        run.prepare_again(services, "nothing")


def test_a_dry_run_says_what_would_be_done_and_does_nothing(services):
    document = library.add(services)
    planned = run.dry_run(services)
    assert [(item.task.pass_name, item.tokens, item.cost_usd) for item in planned] == [
        ("outline", document.tokens, 0.0),
        ("anticipate", document.tokens, 0.0),
        ("infer", document.tokens, 0.0),
    ]
    assert "a summary first" in planned[0].task.reason
    assert history(services) == []
    with services.database.read() as connection:
        assert tasks.states(connection, services.owner, 0.0) == {}


def test_the_sleeper_prepares_what_is_idle_and_nothing_else(services):
    idle = library.add(services, name="idle.txt")
    library.add(services, name="used.txt", used_at=services.now())
    done = Sleeper(services).tick()
    assert {r.document_id for r in done} == {idle.id}
    assert len(done) == 3


def test_a_paused_sleeper_does_nothing(services):
    library.add(services)
    services.change_settings(sleep_paused=True)
    assert Sleeper(services).tick() == []
    assert run.status(services).asleep == "paused"


def test_the_sleeper_begins_nothing_while_a_person_waits(services):
    library.add(services)
    with services.database.write() as connection:
        conversations.person_waits(connection, "chat", services.now() + 60)
    assert Sleeper(services).tick() == []


def test_the_sleeper_ticks_by_itself_and_ends_when_told(services):
    library.add(services)
    services.change_settings(tick_s=0.1)
    sleeper = Sleeper(services)
    sleeper.start()
    sleeper.start()
    until = time.monotonic() + 10
    while len(history(services)) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    sleeper.stop()
    assert len(history(services)) == 3
    assert sleeper.status().asleep == "everything is prepared"


def test_a_tick_survives_whatever_happens_and_says_it(services, monkeypatch, caplog):
    from stc.sleep import facts

    def broken(*_):
        raise RuntimeError("by the test")

    monkeypatch.setattr(facts, "gather", broken)
    assert Sleeper(services).tick() == []
    assert "by the test" in caplog.text


def test_the_status_shows_now_next_and_why_asleep_to_any_process(services):
    document = library.add(services)
    status = run.status(services)
    assert status.next.startswith("rhine.txt: a summary first")
    planned = run.dry_run(services)[0].task
    now = services.now()
    with services.database.write() as connection:
        task = tasks.ensure(connection, planned, now)
        tasks.claim(connection, task.id, holder="another process", now=now, until=now + 30)
    (working,) = run.status(Services(services.storage)).now
    assert (working.document_id, working.pass_name, working.page_start, working.since) == (
        document.id,
        "outline",
        1,
        now,
    )


def test_the_report_of_the_night(services):
    began = services.now()
    assert run.while_away(services, began) == ""
    library.add(services)
    runs = list(run.sleep_now(services, until_done=True))
    with services.database.read() as connection:
        asked = sum(bool(note.question) for r in runs[:1] for note in notes.of_document(connection, r.document_id))
    assert run.while_away(services, began) == f"While you were away: 1 document, {asked} questions prepared, free."
    assert run.while_away(services, services.now() + 1) == ""


def test_the_report_adds_up_money_and_says_when_it_is_unknown(services):
    library.add(services)
    (first, *_) = run.sleep_now(services, until_done=True)

    def made(**changes):
        return dataclasses.replace(first, **{"notes_added": 20, **changes})

    paid = [made(usage=Usage(cost_usd=0.04)), made(document_id="b", usage=Usage(cost_usd=0.024))]
    assert report.while_away(paid, questions=41) == "While you were away: 2 documents, 41 questions prepared, $0.06."
    assert report.while_away([made(usage=Usage(cost_usd=None))]).endswith("20 notes prepared, cost unknown.")
    assert report.while_away([made(usage=Usage(cost_usd=0.001))]).endswith("less than $0.01.")
    assert "1 try failed" in report.while_away([*paid, made(status="failed", notes_added=0)])


_VICTIM = """
import sys, time
from pathlib import Path
from stc.services import Services
from stc.sleep import passes, run
services = Services(Path(sys.argv[1]))
if len(sys.argv) > 2:
    embed = passes._Job._embed
    def slow(self, notes):
        print("thinking", flush=True)
        time.sleep(0.2)
        return embed(self, notes)
    passes._Job._embed = slow
for done in run.sleep_now(services, until_done=True):
    print(done.status, flush=True)
"""


def test_a_process_killed_in_its_sleep_loses_nothing_and_nothing_is_done_twice(services, tmp_path):
    """Kill a real process in the middle of a task several times; another one takes up its work."""
    document = library.add(services, library.long(24))
    library.add(services, library.long(12, seed=1), name="other.txt")
    expected = {item.task.key for item in run.dry_run(services)}
    assert len(expected) > 6
    clock = tmp_path / "clock"
    environment = {**os.environ, "STC_FAKE_CLOCK": str(clock)}
    command = [sys.executable, "-c", _VICTIM, str(services.storage)]
    root = str(library.__file__).removesuffix("/tests/sleep/library.py")
    for attempt in range(3):
        clock.write_text(str(attempt * 120))
        victim = subprocess.Popen([*command, "slow"], env=environment, cwd=root, stdout=subprocess.PIPE, text=True)
        assert victim.stdout is not None
        for _ in range(3):
            victim.stdout.readline()
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        victim.stdout.close()
    clock.write_text("600")
    subprocess.run(command, env=environment, cwd=root, check=True, capture_output=True)
    with services.database.read() as connection:
        states = tasks.states(connection, services.owner, services.now())
        runs = tasks.history(connection, services.owner)
        rows = ledger.rows(connection, services.owner)
        found = notes.of_document(connection, document.id)
        documents.get(connection, services.owner, document.id)
    assert {key for key, state in states.items() if state.done} == expected
    done = [r for r in runs if r.status == "done"]
    assert len(done) == len(expected) == len({r.task_id for r in done})
    assert sorted(row.run_id or "" for row in rows) == sorted(r.id for r in done)
    assert len({note.question for note in found if note.question}) == len([note for note in found if note.question])
    assert [r for r in runs if r.status == "failed"], "each kill left its trace"


# What it would cost, and what is worth it


def reply(body):
    """Answer each pass with one note of its own, by the text that was sent."""
    sent = body["messages"][-1]["content"]
    found = re.search(r"Station (\d+-\d+) was built in (\d+)", sent)
    if "summary" in json.dumps(body.get("response_format", {})) or found is None:
        quote = [{"page": 1, "quote": "Station 0-1 was built in 1801"}]
        return json.dumps({"summary": "Station 0-1 was built in 1801.", "evidence": quote, "sections": []})
    quote = [{"page": None, "quote": found.group()}]
    name, year = found.groups()
    note = {"kind": "answer", "question": f"When was station {name} built?", "evidence": quote, "answer": f"In {year}."}
    return json.dumps({"notes": [note], "answers": []})


@pytest.fixture
def paid(services, monkeypatch, tmp_path):
    """A loopback model with a price, that the person agreed to."""
    prices = tmp_path / "prices.json"
    prices.write_text(json.dumps({"double": {"input_cost_per_token": 2e-6, "output_cost_per_token": 8e-6}}))
    monkeypatch.setenv("STC_PRICES", str(prices))
    with ModelServer(reply=reply) as model:
        services.change_settings(
            chat_model="double", sleep_model="double", api_base=model.url, daily_usd=100.0, document_usd=50.0
        )
        services.change_settings(consent=facts.agreement("double", model.url))
        yield model


def ask(services, document, number, **changes):
    values = {"route": "chunks", "state": "done", **changes}
    answer = Answer(
        f"answer-{number}", services.owner, None, f"Who keeps gauge {number}?", (document.id,), "typed", "medium",
        services.now() - 4000 + number, **values,
    )  # fmt: skip
    with services.database.write() as connection:
        conversations.save_answer(connection, answer)
    return answer


def test_by_itself_a_paid_model_takes_a_first_look_and_leaves_the_rest_to_the_other_thinker(services, paid):
    document = library.add(services, library.long(20))
    done = Sleeper(services).tick()
    assert [r.pass_name for r in done if r.thinker == "model"] == ["outline", "anticipate"]
    assert all(r.status == "done" for r in done)
    windows = {(r.pass_name, r.page_start) for r in done}
    assert len(windows) == len(done) > 6
    status = run.status(services)
    assert status.asleep == "what is worth its cost is prepared"
    assert len(status.not_worth) == 2
    assert all(line.startswith("rhine.txt, ") and "costs about $" in line for line in status.not_worth)
    by_hand = list(run.sleep_now(services, until_done=True))
    assert {r.thinker for r in by_hand} == {"model"}
    assert len(by_hand) == len(done) - 2
    with services.database.read() as connection:
        assert {n.thinker for n in notes.of_document(connection, document.id) if n.kind == "answer"} == {"model"}


def test_questions_really_asked_are_answered_first_and_once(services, paid):
    library.add(services, name="other.txt")
    document = library.add(services, library.long(6), name="asked.txt", used_at=services.now() - 9000)
    ask(services, document, 1)
    ask(services, document, 2, route="none", abstained=True)
    ask(services, document, 3, route="notes")
    assert run.status(services).next == "asked.txt: 2 questions that you asked and the notes did not answer"
    (first, *_) = Sleeper(services).tick()
    assert (first.pass_name, first.document_id, first.status) == ("directed", document.id, "done")
    assert not [item for item in run.dry_run(services) if item.task.pass_name == "directed"]
    ask(services, document, 4)
    (again,) = (item.task for item in run.dry_run(services) if item.task.pass_name == "directed")
    assert again.answers == ("answer-4",)


def test_a_dry_run_is_about_what_is_then_needed(services, paid):
    services.change_settings(generations=2)
    document = library.add(services, library.long(30))
    ask(services, document, 1)
    expected = run.bill(run.dry_run(services))
    done = list(run.sleep_now(services, until_done=True))
    assert {r.status for r in done} == {"done"}
    assert {(r.pass_name, r.generation) for r in done} >= {
        ("outline", 1), ("anticipate", 1), ("infer", 1), ("directed", 1),
    }  # fmt: skip
    once = [r for r in done if r.generation == 1]
    assert len(once) <= expected.steps <= 2 * len(once)
    assert expected.cost_usd is not None
    sent = sum(r.sent_tokens + r.asked_tokens for r in done)
    assert sent <= expected.tokens
    services.change_settings(generations=1)
    run.prepare_again(services, document.id)
    single = run.bill(run.dry_run(services))
    repeated = list(run.sleep_now(services, until_done=True))
    sent = sum(r.sent_tokens + r.asked_tokens for r in repeated)
    assert 0.8 * single.tokens <= sent <= 1.1 * single.tokens
    assert sum(r.usage.cost_usd or 0.0 for r in repeated) <= single.cost_usd


def test_the_engine_stops_by_itself_when_another_look_brings_little_and_says_so(services, paid):
    services.change_settings(generations=5)
    library.add(services, library.long(6))
    done = list(run.sleep_now(services, until_done=True))
    assert max(r.generation for r in done) < 5
    assert any(
        "another look at pages 1–" in line and "would bring little" in line for line in run.status(services).little
    )


def test_purged_notes_do_not_come_back_by_themselves_and_the_way_back_is_one_switch(services):
    document = library.add(services)
    list(run.sleep_now(services, until_done=True))
    assert run.purge(services, document.id) > 0
    assert Sleeper(services).tick() == []
    assert list(run.sleep_now(services, until_done=True)) == []
    assert run.status(services).asleep == "every document is kept from preparation"
    with services.database.write() as connection:
        documents.change(connection, document.id, prepare=True)
    assert [r.status for r in Sleeper(services).tick()] == ["done"] * 3
    with services.database.read() as connection:
        assert notes.of_document(connection, document.id)


def test_what_is_being_prepared_while_notes_are_thrown_away_stores_nothing(services, monkeypatch):
    from stc.sleep import passes

    document = library.add(services)
    working = passes.make_notes

    def purged_meanwhile(*arguments, **options):
        run.purge(services, document.id)
        return working(*arguments, **options)

    monkeypatch.setattr(passes, "make_notes", purged_meanwhile)
    assert list(run.sleep_now(services)) == []
    with services.database.read() as connection:
        assert notes.of_document(connection, document.id) == []


def test_quiet_hours_and_the_battery_keep_it_asleep_and_a_person_is_served_all_the_same(services, monkeypatch):
    library.add(services)
    services.change_settings(quiet_hours="00:00-00:00")
    assert Sleeper(services).tick() == []
    assert run.status(services).asleep == "it is quiet hours"
    services.change_settings(quiet_hours="")
    monkeypatch.setattr(power, "on_battery", lambda: True)
    assert Sleeper(services).tick() == []
    assert run.status(services).asleep == "the computer runs on its battery"
    assert len(list(run.sleep_now(services))) == 1
    services.change_settings(pause_on_battery=False)
    assert len(Sleeper(services).tick()) == 2


def test_a_limit_for_each_document_holds_for_its_whole_life(services, paid):
    document = library.add(services, library.long(12))
    services.change_settings(document_tokens=9000)
    last = list(run.sleep_now(services, until_done=True))[-1]
    assert (last.status, last.error) == (
        "skipped",
        "rhine.txt waits: the limit of 9,000 tokens for one document is reached.",
    )
    with services.database.read() as connection:
        spent = ledger.spent_on_documents(connection, services.owner, purpose="sleep", free_model=EXTRACTIVE)
    assert 0 < spent[document.id][1] <= 9000


def test_the_report_names_questions_of_ones_own(services):
    library.add(services)
    (first, *_) = run.sleep_now(services, until_done=True)
    own = dataclasses.replace(first, pass_name="directed", notes_added=2, usage=Usage(cost_usd=0.02))
    assert report.while_away([own], questions=2) == (
        "While you were away: 1 document, 2 questions prepared, 2 of your own answered again, $0.02."
    )
    second = dataclasses.replace(own, generation=2, notes_joined=3, notes_dropped={"no evidence": 1})
    assert report.step(second) == "questions that you asked, pages 1–2, look 2"
    assert report.outcome(second) == "2 notes, 3 more said the same, 1 dropped (1 no evidence)"


def test_each_pass_is_summed_up_with_what_it_sent_for_its_text(services, paid):
    library.add(services, library.long(20))
    done = list(run.sleep_now(services, until_done=True))
    totals = {one.pass_name: one for one in report.by_pass(done)}
    assert list(totals) == ["outline", "anticipate", "infer"]
    assert 1.0 < totals["anticipate"].sent_share < 1.5
    assert 0.1 < totals["anticipate"].asked_share < 0.5
    library.add(services, name="without.txt")
    services.change_settings(sleep_model="")
    assert report.by_pass(list(run.sleep_now(services)))[0].sent_share is None


def test_what_the_provider_bills_cheaper_is_reckoned_so_and_limits_hold_at_the_full_price(services, paid, tmp_path):
    document = library.add(services, library.long(12))
    paid.bills_tier = "asked"
    (tmp_path / "prices.json").write_text(
        json.dumps(
            {
                "double": {
                    "input_cost_per_token": 2e-6,
                    "output_cost_per_token": 8e-6,
                    "input_cost_per_token_flex": 1e-6,
                    "output_cost_per_token_flex": 4e-6,
                }
            }
        )
    )
    window = facts.gather(services).candidates[0].windows[1]
    before = facts.gather(services).policy.estimate(document, window)
    list(run.sleep_now(services, max_passes=1))
    after = facts.gather(services).policy.estimate(document, window)
    assert (before.usual_usd, after.usual_usd) == (None, pytest.approx(before.usd / 2))
    assert after.usd == before.usd
    services.change_settings(cheap_tier=False)
    assert facts.gather(services).policy.estimate(document, window) == before
