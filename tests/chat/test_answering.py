"""Answers from first to last: real storage, the fake embedder, and a model double that speaks HTTP on loopback."""

import logging
import threading
import time

import pytest

from stc.chat import answering, generations
from stc.chat.answering import ABSTAINED, ask, prepare_context
from stc.chat.routing import Decision
from stc.documents import ingest
from stc.errors import UserError
from stc.meter import baselines, ledger
from stc.storage import conversations
from stc.storage import documents as document_rows
from stc.ui import library
from tests.chat.library import add, model, prepare, rows
from tests.fakes import ModelServer


def test_without_a_model_the_answer_quotes_the_document(services, ferry):
    answer = ask(services, "When does the ferry leave the north pier?", document_ids=[ferry])
    assert answer.state == "done"
    assert not answer.abstained
    assert answer.model == "extractive"
    assert "07:40" in answer.text + " ".join(citation.quote for citation in answer.citations)
    assert answer.citations[0].page == 1
    assert all(citation.verified for citation in answer.citations)
    assert answer.usage.cost_usd == 0.0
    assert answer.usage.input_tokens > 0
    assert [row.answer_id for row in rows(services)] == [answer.id]


def test_what_the_documents_do_not_say_is_not_answered(services, ferry):
    answer = ask(services, "Who won the chess championship in Reykjavik?", document_ids=[ferry])
    assert answer.abstained
    assert answer.text == ABSTAINED
    assert answer.citations == ()
    assert answer.nearest


def test_a_model_answers_and_its_quotes_are_checked(services, ferry):
    with ModelServer(
        reply=lambda body: 'At 07:40 [1].\nQUOTES\n[1] "leaves the north pier at 07:40 on weekdays"'
    ) as server:
        model(services, server)
        heard = []
        answer = ask(services, "When does the ferry leave?", document_ids=[ferry], on_text=heard.append)
    assert answer.text == "At 07:40 [1]."
    assert answer.citations[0].quote == "leaves the north pier at 07:40 on weekdays"
    assert answer.citations[0].label == 1
    assert heard[-1].startswith("At 07:40")
    assert not any("QUOTES" in text for text in heard)
    row = rows(services)[0]
    assert (row.usage.input_tokens, row.usage.output_tokens) == (
        server.billed[0].prompt_tokens,
        server.billed[0].completion_tokens,
    )


def test_an_answer_that_no_quote_supports_is_not_shown_as_one(services, ferry):
    with ModelServer(reply=lambda body: 'At 09:15 [1].\nQUOTES\n[1] "leaves at 09:15 every day"') as server:
        model(services, server)
        answer = ask(services, "When does the ferry leave?", document_ids=[ferry])
    assert answer.abstained
    assert answer.text == ABSTAINED
    assert any("09:15" in reason for reason in answer.reasons)


@pytest.mark.parametrize("fault", ["401", "404", "429-quota", "500", "html", "cut", "length", "broken-json", "empty"])
def test_a_model_that_fails_is_one_sentence_and_costs_no_data(services, ferry, fault):
    with ModelServer() as server:
        server.fault = fault
        model(services, server)
        answer = ask(services, "When does the ferry leave?", document_ids=[ferry])
    assert answer.state == "failed"
    assert answer.error
    assert "Traceback" not in answer.error
    with services.database.read() as connection:
        assert conversations.get_answer(connection, services.owner, answer.id) == answer
        assert not conversations.somebody_waits(connection, services.now())


def test_a_stopped_answer_keeps_what_was_there(services, ferry):
    stop = threading.Event()
    with ModelServer(reply=lambda body: "It leaves early in the morning. " * 50, word_delay_s=0.05) as server:
        model(services, server)
        answer = ask(
            services,
            "When does the ferry leave?",
            document_ids=[ferry],
            stop=stop,
            on_text=lambda text: len(text) > 20 and stop.set(),
        )
    assert answer.state == "stopped"
    assert answer.text.startswith("It leaves")
    assert rows(services)[0].usage.estimated


def test_a_person_waits_for_as_long_as_the_answer_takes_and_not_much_longer(services, ferry, monkeypatch):
    monkeypatch.setattr(answering, "_WAITING_FOR_S", 0.4)
    monkeypatch.setattr(answering, "_SAY_AGAIN_S", 0.1)
    waited = []

    def slow(*arguments, **options):
        for _ in range(4):
            time.sleep(0.2)
            with services.database.read() as connection:
                waited.append(conversations.somebody_waits(connection, services.now()))
        raise UserError("far too slow")

    monkeypatch.setattr(answering.finding, "find", slow)
    with pytest.raises(UserError, match="too slow"):
        ask(services, "When does the ferry leave?", document_ids=[ferry])
    assert waited == [True] * 4
    with services.database.read() as connection:
        assert not conversations.somebody_waits(connection, services.now())


def test_a_document_kept_on_this_computer_reaches_no_other_one(services, ferry, monkeypatch):
    with services.database.write() as connection:
        document_rows.change(connection, ferry, keep_local=True)
    services.change_settings(chat_model="openai/gpt-4o-mini")
    answer = ask(services, "When does the ferry leave the north pier?", document_ids=[ferry])
    assert answer.model == "extractive"
    assert "kept on this computer: quotes only" in answer.reasons


def test_what_was_said_of_a_kept_document_reaches_no_model_elsewhere_with_a_later_question(
    services, ferry, monkeypatch
):
    other = add(services, "bridge.md", b"# The bridge\n\nThe bridge was opened in 1962 by the mayor of Alder.\n")
    chat = generations.new_conversation(services, "Ferry", None)
    ask(services, "What does a single ticket cost?", document_ids=[ferry], conversation_id=chat)
    ask(services, "When was the bridge opened?", document_ids=[other], conversation_id=chat)
    with services.database.write() as connection:
        document_rows.change(connection, ferry, keep_local=True)
    with ModelServer() as server:
        model(services, server)
        monkeypatch.setattr(type(services.llm), "is_local", lambda self, name: False)
        ask(services, "Who opened the bridge?", document_ids=[other], conversation_id=chat)
    (sent,) = server.requests
    assert "When was the bridge opened?" in str(sent)
    assert "single ticket" not in str(sent)
    assert "20 cents" not in str(sent)


@pytest.mark.parametrize(
    ("question", "words"), [("", "empty"), ("  ?! ", "empty"), ("why " * 12_500, "characters long")]
)
def test_a_question_that_is_none_gets_a_sentence(services, ferry, question, words):
    with pytest.raises(UserError, match=words):
        ask(services, question)


def test_a_deleted_document_in_scope_gets_a_sentence(services, ferry):
    ingest.remove(services, ferry)
    with pytest.raises(UserError, match="may have been deleted"):
        ask(services, "When does it leave?", document_ids=[ferry])
    with pytest.raises(UserError, match="Add one first"):
        ask(services, "When does it leave?")


def test_a_forced_route_that_has_nothing_is_none(services, ferry):
    for route in ("reused", "notes"):
        answer = ask(services, "When does the ferry leave?", document_ids=[ferry], route=route)
        assert (answer.route, answer.abstained) == ("none", True)


def test_the_context_that_is_shown_is_none_where_an_answer_would_have_none(services, ferry, monkeypatch):
    def shown_and_read(route):
        question = "When does the ferry leave?"
        context = prepare_context(services, question, document_ids=[ferry], route=route)
        return context.route, ask(services, question, document_ids=[ferry], route=route).route

    assert shown_and_read("reused") == ("none", "none")
    assert shown_and_read("document") == ("document", "document")
    monkeypatch.setattr(answering, "QUOTES_ONLY_WINDOW_TOKENS", 20)
    assert shown_and_read("document") == ("none", "none")


def test_the_whole_document_can_be_read(services, ferry):
    answer = ask(services, "When does the ferry leave the north pier?", document_ids=[ferry], route="document")
    assert answer.route == "document"
    assert "07:40" in answer.text + " ".join(citation.quote for citation in answer.citations)


def test_baselines_are_counted_on_the_prompts_not_sent(services, ferry):
    answer = ask(services, "When does the ferry leave the north pier?", document_ids=[ferry])
    assert answer.baselines["chunks"].input_tokens == answer.usage.input_tokens
    assert answer.baselines["document"].input_tokens >= 60
    assert answer.baselines["chunks"].cost_usd == 0.0


def test_a_context_stays_within_its_budget(services, ferry):
    for budget in (8, 32, 64):
        assert (
            prepare_context(services, "When does the ferry leave?", document_ids=[ferry], budget=budget).tokens
            <= budget
        )


def test_an_answer_is_made_in_a_thread_of_its_own_and_saved(services, ferry):
    conversation = generations.new_conversation(services, "When does the ferry leave the north pier?", [ferry])
    answer_id = generations.start(
        services, "When does the ferry leave the north pier?", conversation_id=conversation, document_ids=[ferry]
    )
    for _ in range(200):
        if generations.partial(answer_id).done:
            break
        threading.Event().wait(0.05)
    with services.database.read() as connection:
        saved = conversations.answers_of(connection, services.owner, conversation)
    assert [(answer.id, answer.state) for answer in saved] == [(answer_id, "done")]


def test_a_chat_that_is_deleted_while_it_is_answered_leaves_only_what_it_cost(services, ferry, caplog):
    with ModelServer(reply=lambda body: "It leaves early in the morning. " * 50, word_delay_s=0.05) as server:
        model(services, server)
        chat = generations.new_conversation(services, "When?", [ferry])
        answer_id = generations.start(services, "When does it leave?", conversation_id=chat, document_ids=[ferry])
        until(lambda: len(generations.partial(answer_id).text) > 20)
        library.delete_conversation(services, chat)
        until(lambda: generations.partial(answer_id).done)
    assert [row.answer_id for row in rows(services)] == [answer_id]
    with services.database.read() as connection:
        assert conversations.all_answers(connection, services.owner) == []
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def until(holds):
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_bug_while_answering_is_no_endless_wait(services, ferry, monkeypatch):
    def broken(*arguments, **options):
        raise RuntimeError("boom")

    monkeypatch.setattr(answering.finding, "find", broken)
    conversation = generations.new_conversation(services, "When?", None)
    answer_id = generations.start(services, "When does it leave?", conversation_id=conversation)
    for _ in range(200):
        if generations.partial(answer_id).done:
            break
        threading.Event().wait(0.05)
    with services.database.read() as connection:
        saved = conversations.get_answer(connection, services.owner, answer_id)
    assert saved.state == "failed"
    assert "boom" not in saved.error


def test_an_earlier_answer_is_sent_without_its_marks(services, ferry):
    with ModelServer(reply=lambda body: 'At 07:40 [1].\nQUOTES\n[1] "at 07:40 on weekdays"') as server:
        model(services, server)
        conversation = generations.new_conversation(services, "ferry", [ferry])
        for question in ("When does the ferry leave?", "And on which days does the ferry leave?"):
            ask(services, question, document_ids=[ferry], conversation_id=conversation)
        sent = server.requests[1]["messages"][1]["content"]
    assert "Answer: At 07:40.\n" in sent


def prepared(services, ferry, monkeypatch):
    """Give the document a note and let the notes be read first."""
    prepare(services, ferry)
    monkeypatch.setattr(answering.finding, "decide", lambda *_, **__: Decision("notes", ()))


def test_where_the_notes_answer_only_a_part_the_passages_are_read(services, ferry, monkeypatch):
    prepared(services, ferry, monkeypatch)
    said = [
        'It leaves at 07:40 [1].\nMISSING: the price.\nQUOTES\n[1] "leaves the north pier at 07:40"',
        'At 07:40, for 4 euros and 20 cents [1].\nQUOTES\n[1] "A single ticket costs 4 euros and 20 cents."',
    ]
    with ModelServer(reply=lambda body: said.pop(0)) as server:
        model(services, server)
        answer = ask(services, "When does the ferry leave and what is the price?", document_ids=[ferry])
        assert len(server.billed) == 2
    assert (answer.route, answer.text) == ("chunks", "At 07:40, for 4 euros and 20 cents [1].")


def test_a_partial_answer_from_notes_stays_where_the_passages_say_nothing(services, ferry, monkeypatch):
    prepared(services, ferry, monkeypatch)
    said = ['It leaves at 07:40 [1].\nMISSING: the price.\nQUOTES\n[1] "at 07:40 on weekdays"', "NOT IN THE PASSAGES"]
    with ModelServer(reply=lambda body: said.pop(0)) as server:
        model(services, server)
        answer = ask(services, "When does the ferry leave and what is the price?", document_ids=[ferry])
    assert (answer.route, answer.text) == ("notes", "It leaves at 07:40 [1].\n\nNot found: the price.")


PROVEN = 'It leaves at 07:40 [1].\nQUOTES\n[1] "leaves the north pier at 07:40"'


def test_the_baselines_of_an_answer_can_be_reckoned_again_from_what_stands_beside_it(services, ferry):
    with ModelServer(reply=lambda body: PROVEN) as server:
        model(services, server)
        ask(services, "When does the ferry leave?", document_ids=[ferry])
    with services.database.read() as connection:
        saved = conversations.all_answers(connection, services.owner)[0]
    assert saved.counted["price"]["tier"] == "standard"
    assert baselines.reckon(saved.usage, saved.counted) == saved.baselines


def test_the_providers_cache_is_warm_only_for_documents_that_the_conversation_asked_just_before(services, ferry):
    other = add(services, "bridge.md", b"The bridge is 412 metres long and was measured by Anna Lindqvist in 2019.")
    chat = generations.new_conversation(services, "both", [])
    asked = [(ferry, "When does the ferry leave?"), (other, "How long is the bridge?"), (ferry, "What is a ticket?")]
    answers = [ask(services, question, document_ids=[one], conversation_id=chat) for one, question in asked]
    assert [answer.counted["warm"] for answer in answers] == [False, False, True]


def test_credit_is_withdrawn_when_the_person_then_asks_the_document_instead(services, ferry, monkeypatch):
    prepared(services, ferry, monkeypatch)
    chat = generations.new_conversation(services, "ferry", [ferry])
    with ModelServer(reply=lambda body: PROVEN) as server:
        model(services, server)
        first = ask(services, "When does the ferry leave?", document_ids=[ferry], conversation_id=chat)
        other = ask(services, "Which pier does the ferry leave from?", document_ids=[ferry], conversation_id=chat)
        services.change_settings(effort="high")
        ask(services, "when does the ferry  leave?", document_ids=[ferry], conversation_id=chat, route="chunks")
    answers = {answer.id: answer for answer in library.answers(services, chat)}
    assert ledger.saving(first, "chunks").reason == ""
    withdrawn = ledger.saving(answers[first.id], "chunks")
    assert (withdrawn.tokens, withdrawn.reason) == (-first.usage.tokens, ledger.INSTEAD)
    assert ledger.saving(answers[other.id], "chunks").reason == ""


def test_a_prompt_that_the_server_cut_earns_nothing_and_says_why(services, ferry):
    with ModelServer(reply=lambda body: PROVEN) as server:
        server.fault = "truncated"
        model(services, server)
        answer = ask(services, "When does the ferry leave?", document_ids=[ferry])
    assert not answer.abstained
    assert ledger.uncredited(answer) == ledger.TRUNCATED
    assert ledger.saving(answer, "document").tokens <= 0


def test_a_failed_call_that_may_be_billed_stands_in_the_ledger_with_its_price(services, ferry):
    with ModelServer(reply=lambda body: PROVEN) as server:
        server.fault = "empty"
        model(services, server)
        answer = ask(services, "When does the ferry leave?", document_ids=[ferry])
    (row,) = rows(services)
    assert (row.answer_id, row.error, row.route) == (answer.id, answer.error, "chunks")
    assert row.price["steps"] == []
    assert row.usage.input_tokens == server.billed[0].prompt_tokens


def test_a_baseline_is_run_as_it_would_have_been_then_and_changes_no_answer(services, ferry, monkeypatch):
    prepared(services, ferry, monkeypatch)
    said = [PROVEN, 'At 07:40 on weekdays [1].\nQUOTES\n[1] "leaves the north pier at 07:40 on weekdays"']
    with ModelServer(reply=lambda body: said.pop(0)) as server:
        model(services, server)
        answer = ask(services, "When does the ferry leave?", document_ids=[ferry])
        again = answering.run_baseline(services, answer, "chunks", stop=threading.Event())
    assert (again.route, again.text) == ("chunks", "At 07:40 on weekdays [1].")
    with services.database.read() as connection:
        assert conversations.get_answer(connection, services.owner, answer.id) == answer
    assert [(row.purpose, row.route) for row in rows(services)] == [("chat", "notes"), ("check", "chunks")]
    assert again.usage.input_tokens == server.billed[1].prompt_tokens
