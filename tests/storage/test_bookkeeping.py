"""Calls and answers kept in memory are what the database holds, whoever changed it, and only what changed is read."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import event

from stc.meter.books import Books
from stc.services import Services
from stc.storage import conversations
from stc.storage import ledger as ledger_rows
from stc.words import Answer, Hit, LedgerRow, Usage


def answer(number: int, **fields) -> Answer:
    plain = Answer(
        f"answer-{number}", "local", "chat", f"Question {number}?", (), "typed", "medium", 100.0 + number,
        state="done", text="A long text.", nearest=(Hit("chunk", "c", "d", 1, 1, "text", 1, 0.5, {}),),
    )  # fmt: skip
    return dataclasses.replace(plain, **fields)


def row(number: int, **fields) -> LedgerRow:
    plain = LedgerRow(
        id=f"row-{number}", owner="local", at=100.0 + number, purpose="chat", model="made/up", answer_id=None, run_id=None,
        document_id=None, document_shares={}, raw_usage={}, usage=Usage(), price_revision=None, litellm_cost_usd=None,
        tier="standard", route="notes", origin="typed", first_token_s=None, seconds=1.0, error=None,
    )  # fmt: skip
    return dataclasses.replace(plain, **fields)


def save(services: Services, *things: Answer | LedgerRow) -> None:
    with services.database.write() as connection:
        for thing in things:
            if isinstance(thing, Answer):
                conversations.save_answer(connection, thing)
            else:
                ledger_rows.settle(connection, thing)


def told(books: Books) -> tuple:
    """Return what books say of themselves."""
    return books.rows, books.answers, books.of_document("d"), books.net(frozenset({"d", "other"}))


def as_stored(services: Services) -> tuple:
    with services.database.read() as connection:
        answers = [
            dataclasses.replace(each, text="", nearest=())
            for each in conversations.all_answers(connection, services.owner)
        ]
        return told(Books(ledger_rows.rows(connection, services.owner), answers))


@pytest.fixture
def kept(services: Services) -> Services:
    """Services that have their books of five calls and answers in memory."""
    with services.database.write() as connection:
        conversations.start(connection, "chat", "local", "Chat", [], 1.0)
        conversations.start(connection, "other", "local", "Other chat", [], 1.0)
    save(services, *(thing(number) for number in range(5) for thing in (answer, row)))
    assert told(services.bookkeeper.open("local")) == as_stored(services)
    return services


def stored_rate(services: Services) -> None:
    with services.database.write() as connection:
        conversations.rate(connection, "local", "answer-1", -1)


def stored_end(services: Services) -> None:
    save(services, answer(7, state="running"))
    services.bookkeeper.open("local")
    with services.database.write() as connection:
        conversations.end_orphans(connection, 10_000.0, "stopped")


def delete_a_chat_and_ask_once_more(services: Services) -> None:
    with services.database.write() as connection:
        conversations.delete_conversation(connection, "local", "chat")
    save(services, *(answer(number, conversation_id="other") for number in range(5, 10)))


def withdraw_and_call_once_more(services: Services) -> None:
    with services.database.write() as connection:
        ledger_rows.withdraw(connection, "row-4")
    save(services, row(9))


CHANGES = {
    "a new answer, asked before the others": lambda s: save(s, answer(0, id="earlier", asked_at=1.0)),
    "an answer that is done now": lambda s: save(s, answer(2, rating=0, seconds=4.0)),
    "a thumb": stored_rate,
    "answers that were running in a process that is gone": stored_end,
    "a call": lambda s: save(s, row(6)),
    "a call in flight that is over": lambda s: save(s, row(4, seconds=9.0)),
    "a call taken back, and another one": withdraw_and_call_once_more,
    "a deleted chat, and as many answers in another one": delete_a_chat_and_ask_once_more,
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_books_follow_the_database(kept, change):
    before = kept.bookkeeper.open("local")
    elsewhere = Services(kept.storage)  # as another process would
    CHANGES[change](elsewhere)
    elsewhere.close()
    after = kept.bookkeeper.open("local")
    assert told(after) == as_stored(kept)
    assert (after.rows, after.answers) != (before.rows, before.answers)


def test_only_what_changed_is_read_and_nothing_where_nothing_did(kept):
    read: list[str] = []

    def note(connection, cursor, statement, parameters, context, executemany) -> None:
        if "ORDER BY" in statement:  # the others only count
            read.append(statement)

    event.listen(kept.database._engine, "after_cursor_execute", note)
    first = kept.bookkeeper.open("local")
    assert kept.bookkeeper.open("local") is first
    assert read == []
    untouched = first.answers[0]
    save(kept, answer(9))
    second = kept.bookkeeper.open("local")
    assert second.answers[0] is untouched
    assert second is not first


def test_the_text_of_a_growing_answer_leaves_the_books_as_they_are(kept):
    save(kept, answer(8, state="running"))
    first = kept.bookkeeper.open("local")
    with kept.database.write() as connection:
        conversations.save_text(connection, "answer-8", "The first words")
        conversations.save_text(connection, "gone", "of an answer that was deleted")
    assert kept.bookkeeper.open("local") is first
    with kept.database.read() as connection:
        assert conversations.get_answer(connection, "local", "answer-8").text == "The first words"
        assert conversations.get_answer(connection, "local", "gone") is None


def test_what_somebody_else_does_leaves_the_books_as_they_are(kept):
    first = kept.bookkeeper.open("local")
    save(kept, row(11, owner="anna"))
    assert kept.bookkeeper.open("local") is first
    assert [each.id for each in kept.bookkeeper.open("anna").rows] == ["row-11"]


def test_stamps_never_come_back_when_the_newest_is_deleted(kept):
    kept.bookkeeper.open("local")
    with kept.database.write() as connection:
        ledger_rows.withdraw(connection, "row-4")
    save(kept, row(4, seconds=3.0))
    assert told(kept.bookkeeper.open("local")) == as_stored(kept)
