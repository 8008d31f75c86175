"""Answers in the making: the first are answered at once, the others wait for their turn in the order of asking."""

from __future__ import annotations

import threading
import time

import pytest

from stc.chat import calls, generations
from stc.errors import BudgetReached, UserError
from stc.storage import conversations
from tests.fakes import ModelServer
from tests.sleep import library


def until(condition, within_s: float = 20.0) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def go_on():
    return threading.Event()


@pytest.fixture
def ask(services, go_on, monkeypatch):
    """Ask a model that says nothing until ``go_on`` is set; one question is answered at a time."""
    monkeypatch.setattr(generations, "_MOST_AT_ONCE", 1)
    library.add(services)

    def reply(body):
        go_on.wait(20)
        return "It is about 1,230 km long [1]."

    with ModelServer(reply=reply) as server:
        services.change_settings(chat_model="openai/double", api_base=server.url)
        monkeypatch.setenv("STC_API_KEY", "double")
        chat = generations.new_conversation(services, "How long is the Rhine?", None)
        asked = []

        def start() -> str:
            asked.append(generations.start(services, "How long is the Rhine?", conversation_id=chat))
            return asked[-1]

        yield start
        go_on.set()
        until(lambda: all(generations.partial(answer_id).done for answer_id in asked))


def state(services, answer_id: str) -> str:
    with services.database.read() as connection:
        return conversations.get_answer(connection, services.owner, answer_id).state


def test_who_comes_later_waits_and_is_told_how_many_are_before(services, ask, go_on):
    first, second, third = ask(), ask(), ask()
    assert [generations.partial(each).ahead for each in (first, second, third)] == [0, 1, 2]
    assert generations.count() == 3
    go_on.set()
    until(lambda: generations.count() == 0)
    assert [state(services, each) for each in (first, second, third)] == ["done"] * 3


def test_one_that_waits_can_be_stopped_and_frees_its_place(services, ask):
    first, second, third = ask(), ask(), ask()
    generations.stop(second)
    until(lambda: generations.partial(second).done)
    assert state(services, second) == "stopped"
    assert state(services, first) == "running"
    assert generations.partial(third).ahead == 1


def test_too_many_are_refused_in_words(ask, monkeypatch):
    monkeypatch.setattr(generations, "_MOST_WAITING", 1)
    ask()
    ask()
    with pytest.raises(UserError, match="Try again in a moment"):
        ask()
    assert generations.count() == 2


def test_a_failure_that_can_not_be_stored_at_once_is_stored_later(services, ask, go_on, monkeypatch):
    monkeypatch.setattr(generations, "_SAVE_AGAIN_S", 0.01)
    save, refused = conversations.save_answer, []

    def full(connection, answer):
        if answer.state != "running" and len(refused) < 3:
            refused.append(answer.state)
            raise UserError("The disk is full.")
        save(connection, answer)

    monkeypatch.setattr(conversations, "save_answer", full)
    go_on.set()
    asked = ask()
    until(lambda: generations.partial(asked).done)
    with services.database.read() as connection:
        answer = conversations.get_answer(connection, "local", asked)
    assert (answer.state, answer.error) == ("failed", "The disk is full.")
    assert refused == ["done", "failed", "failed"]


def test_an_answer_that_is_there_is_not_called_failed_for_what_came_after_it(services, ask, go_on, monkeypatch):
    def broken(*_):
        raise UserError("The disk is full.")

    monkeypatch.setattr(conversations, "person_served", broken)
    go_on.set()
    asked = ask()
    until(lambda: generations.partial(asked).done)
    with services.database.read() as connection:
        assert conversations.get_answer(connection, "local", asked).state == "done"


def refused() -> None:
    raise BudgetReached("You have used what you may today.")


def broken() -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("cause", "said"), [(refused, "You have used what you may today."), (broken, "The log names it")]
)
def test_an_answer_that_ends_on_its_way_says_why(services, ask, go_on, monkeypatch, cause, said):
    monkeypatch.setattr(calls, "complete", lambda *_, **__: cause())
    go_on.set()
    asked = ask()
    until(lambda: generations.partial(asked).done)
    with services.database.read() as connection:
        answer = conversations.get_answer(connection, "local", asked)
    assert answer.state == "failed"
    assert said in answer.error
