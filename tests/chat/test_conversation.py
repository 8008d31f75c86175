"""A conversation from question to question: what a follow-up is taken for, what that costs, and where it is kept."""

from __future__ import annotations

import dataclasses

from stc.chat import answering, generations, rating, routing
from stc.chat.answering import ask
from stc.meter import ledger
from stc.models.llm import LanguageModel
from stc.sleep import demand, run
from stc.storage import bans, conversations
from stc.storage import notes as note_rows
from tests.chat.library import add, model, prepare, rows
from tests.fakes import ModelServer

PROVEN = 'It is 31 metres tall [1].\nQUOTES\n[1] "It is 31 metres tall"'


def chat_about(services, document_id):
    return generations.new_conversation(services, "a chat", [document_id])


def asked_of(body):
    """Return what a request asks, and whether it asks only for a standalone question."""
    said = body["messages"][-1]["content"]
    return said, "The next question:" in said


def test_a_follow_up_is_answered_as_the_question_that_it_means(services, ferry):
    chat = chat_about(services, ferry)
    ask(services, "When was the lighthouse built?", document_ids=[ferry], conversation_id=chat)
    answer = ask(services, "And how tall is it?", document_ids=[ferry], conversation_id=chat)
    assert answer.standalone == answer.asked == "How tall is the lighthouse?"
    assert answer.question == "And how tall is it?"
    assert "31 metres" in answer.text + " ".join(citation.quote for citation in answer.citations)
    assert "asked as: “How tall is the lighthouse?”" in answer.reasons
    with services.database.read() as connection:
        assert conversations.get_answer(connection, services.owner, answer.id) == answer
    assert len(rows(services)) == 2, "no call was needed to understand it"


def test_follow_ups_of_follow_ups_are_understood_too(services, ferry):
    chat = chat_about(services, ferry)
    said = ["How many passengers came in 2014?", "and in 2015?", "And in 2016?"]
    read = [ask(services, question, document_ids=[ferry], conversation_id=chat).asked for question in said]
    assert read == [f"How many passengers came in {year}?" for year in (2014, 2015, 2016)]


def test_a_question_that_stands_by_itself_is_asked_as_it_is(services, ferry):
    chat = chat_about(services, ferry)
    ask(services, "When was the lighthouse built?", document_ids=[ferry], conversation_id=chat)
    with ModelServer(reply=lambda body: PROVEN) as server:
        model(services, server)
        answer = ask(services, "How tall is the lighthouse?", document_ids=[ferry], conversation_id=chat)
    assert (answer.standalone, answer.asked) == ("", "How tall is the lighthouse?")
    assert len(server.requests) == 1


def test_what_rules_cannot_read_the_model_reads_in_a_call_of_its_own(services, ferry):
    def reply(body):
        return "How tall is the lighthouse?" if asked_of(body)[1] else PROVEN

    chat = chat_about(services, ferry)
    with ModelServer(reply=reply) as server:
        model(services, server)
        ask(services, "When was the lighthouse built?", document_ids=[ferry], conversation_id=chat)
        answer = ask(services, "What about its size, is it very tall?", document_ids=[ferry], conversation_id=chat)
    assert answer.standalone == "How tall is the lighthouse?"
    assert "Question: How tall is the lighthouse?" in asked_of(server.requests[-1])[0]
    mine = [row for row in rows(services) if row.answer_id == answer.id]
    assert [(row.purpose, row.route, row.error) for row in mine] == [
        ("chat", "none", None),
        ("chat", answer.route, None),
    ]
    assert answer.usage.input_tokens == sum(one.prompt_tokens for one in server.billed[-2:])
    assert server.requests[-2]["max_tokens"] <= 100
    instead = answer.baselines["chunks"]
    assert instead.input_tokens == answer.usage.input_tokens, "without preparation it would have to be understood too"


def test_a_reading_that_brings_in_what_nobody_said_is_not_taken(services, ferry):
    def reply(body):
        return "How tall is the Eiffel Tower in 1889?" if asked_of(body)[1] else PROVEN

    chat = chat_about(services, ferry)
    with ModelServer(reply=reply) as server:
        model(services, server)
        ask(services, "When was the lighthouse built?", document_ids=[ferry], conversation_id=chat)
        answer = ask(services, "What about its size, is it very tall?", document_ids=[ferry], conversation_id=chat)
    assert answer.standalone == ""
    assert "Question: What about its size" in asked_of(server.requests[-1])[0]


def test_a_follow_up_is_answered_though_the_model_failed_to_read_it(services, ferry):
    chat = chat_about(services, ferry)
    with ModelServer(reply=lambda body: PROVEN) as server:
        model(services, server)
        ask(services, "When was the lighthouse built?", document_ids=[ferry], conversation_id=chat)
        server.faults.append("empty")
        answer = ask(services, "What about its size, is it very tall?", document_ids=[ferry], conversation_id=chat)
    assert answer.state == "done"
    assert answer.standalone == ""
    assert [row.error is None for row in rows(services)] == [True, False, True], "the empty reply was billed"


def test_the_history_that_is_sent_does_not_grow(services, ferry):
    chat = chat_about(services, ferry)
    with ModelServer(reply=lambda body: PROVEN) as server:
        model(services, server)
        for number in range(6):
            ask(services, f"How tall is lighthouse {number}?" + " x" * 500, document_ids=[ferry], conversation_id=chat)
    sizes = [len(asked_of(body)[0]) for body in server.requests]
    assert sizes[5] == sizes[2]
    for body in server.requests:
        said = asked_of(body)[0]
        assert said.startswith("<passages>")
        assert said.index("</passages>") < said.find("<earlier>") or "<earlier>" not in said
        assert body["messages"][0] == server.requests[0]["messages"][0], "what begins a prompt is always the same"


def test_a_ban_holds_for_the_question_that_was_meant(services, ferry):
    prepare(services, ferry)
    chat = chat_about(services, ferry)
    ask(services, "When does the ferry leave?", document_ids=[ferry], conversation_id=chat)
    answer = ask(services, "And when does it arrive?", document_ids=[ferry], conversation_id=chat)
    assert answer.standalone == "When does the ferry arrive?"
    with services.database.write() as connection:
        note = note_rows.of_document(connection, ferry)[0]
        reused = dataclasses.replace(answer, route="reused", notes_used=(note.id,))
        conversations.save_answer(connection, reused)
    rating.rate(services, answer.id, -1)
    with services.database.read() as connection:
        assert bans.questions(connection, services.owner, note) == [answer.standalone]


def test_a_call_is_in_the_ledger_before_it_is_answered(services, ferry):
    seen = []

    def reply(body):
        seen.extend(rows(services))
        return PROVEN

    with ModelServer(reply=reply) as server:
        model(services, server)
        answer = ask(services, "How tall is the lighthouse?", document_ids=[ferry])
    assert [(row.error, row.answer_id, row.usage.output_tokens) for row in seen] == [
        (ledger.IN_FLIGHT, answer.id, answering.OUTPUT_TOKENS["medium"])
    ]
    assert [(row.id, row.error) for row in rows(services)] == [(seen[0].id, None)], "its reply took its place"


def test_a_call_that_was_refused_leaves_no_row(services, ferry):
    with ModelServer() as server:
        server.fault = "401"
        model(services, server)
        assert ask(services, "How tall is the lighthouse?", document_ids=[ferry]).state == "failed"
    assert rows(services) == []


def test_effort_is_asked_of_a_model_that_thinks_and_of_no_other(services, ferry):
    with ModelServer(reply=lambda body: PROVEN, models=("double", "o3-mini")) as server:
        model(services, server)
        ask(services, "How tall is the lighthouse?", document_ids=[ferry], effort="high")
        services.change_settings(chat_model="openai/o3-mini")
        ask(services, "How tall is the lighthouse?", document_ids=[ferry], effort="high")
    plain, thinking = server.requests
    assert "reasoning_effort" not in plain
    assert thinking["reasoning_effort"] == "high"
    allowed = [body.get("max_completion_tokens") or body["max_tokens"] for body in server.requests]
    assert allowed[1] - allowed[0] == 12_000, "its thoughts take nothing from the answer"


def test_an_answer_says_on_how_many_documents_it_stands(services, ferry):
    for name in ("mill", "barn", "well"):
        add(services, f"{name}.md", f"# The {name}\n\nThe {name} was dug in 1750 by Ole Dahl.\n".encode())
    answer = ask(services, "How tall is the lighthouse?")
    assert (answer.documents_read, answer.documents_asked) == (1, 4)
    silent = ask(services, "Who won the chess championship in Reykjavik?")
    assert silent.abstained
    assert 1 <= silent.documents_read <= silent.documents_asked == 4


def test_a_follow_up_whose_answer_was_marked_wrong_is_answered_anew_while_asleep(services, ferry):
    chat = chat_about(services, ferry)
    ask(services, "When was the lighthouse built?", document_ids=[ferry], conversation_id=chat)
    follow_up = ask(services, "And how tall is it?", document_ids=[ferry], conversation_id=chat)
    ask(services, "Why?", document_ids=[ferry])
    rating.rate(services, follow_up.id, -1)
    with services.database.read() as connection:
        asked = demand.questions(conversations.all_answers(connection, services.owner))[ferry]
    assert [(one.text, one.wrong) for one in asked] == [
        ("How tall is the lighthouse?", 1),
        ("When was the lighthouse built?", 0),
    ]
    (planned,) = (one.task for one in run.dry_run(services, [ferry]) if one.task.pass_name == "directed")
    assert follow_up.id in planned.answers
    for _ in run.sleep_now(services, [ferry], until_done=True):
        pass
    with services.database.read() as connection:
        prepared = [note.question for note in note_rows.of_document(connection, ferry)]
    assert "And how tall is it?" not in prepared


def test_a_thorough_answer_reads_a_short_text_whole_at_once_where_it_fits_the_model(services, ferry, monkeypatch):
    windows = [100_000, 2_000, None]
    monkeypatch.setattr(LanguageModel, "context_window", lambda *_: windows[0])
    with ModelServer(reply=lambda body: PROVEN) as server:
        model(services, server)
        whole = ask(services, "How tall is the lighthouse?", document_ids=[ferry], effort="high")
        same = answering.prepare_context(services, "How tall is the lighthouse?", document_ids=[ferry])
        services.change_settings(effort="high")
        seen = answering.prepare_context(services, "How tall is the lighthouse?", document_ids=[ferry])
        del windows[0]
        tight = ask(services, "How tall is the lighthouse?", document_ids=[ferry])
        del windows[0]
        unknown = ask(services, "How tall is the lighthouse?", document_ids=[ferry])
        monkeypatch.setattr(LanguageModel, "context_window", lambda *_: 100_000)
        monkeypatch.setattr(LanguageModel, "price", lambda *_: None)
        unpriced = ask(services, "How tall is the lighthouse?", document_ids=[ferry])
    assert whole.route == "document"
    assert any("the whole text is short" in reason for reason in whole.reasons)
    assert "leaves the north pier" in server.requests[0]["messages"][-1]["content"]
    assert [same.route, seen.route] == ["chunks", "document"]
    assert [answer.route for answer in (tight, unknown, unpriced)] == ["chunks", "chunks", "chunks"]
    assert ask(services, "How tall is the lighthouse?", document_ids=[ferry], model="extractive").route == "chunks"


def test_questions_of_the_same_whole_text_begin_with_the_same_prompt_and_end_with_the_question(
    services, ferry, monkeypatch
):
    monkeypatch.setattr(LanguageModel, "context_window", lambda *_: 100_000)
    marked = []
    complete = LanguageModel.complete
    monkeypatch.setattr(
        LanguageModel, "complete", lambda *given, **named: marked.append(named["stable"]) or complete(*given, **named)
    )
    with ModelServer(reply=lambda body: PROVEN) as server:
        model(services, server)
        for question in ("How tall is the lighthouse?", "What does a ticket cost?"):
            ask(services, question, document_ids=[ferry], effort="high")
        ask(services, "What does a ticket cost?", document_ids=[ferry], effort="low")
    first, second, passages = (body["messages"] for body in server.requests)
    assert first[0] == second[0]
    assert marked[0] == marked[1] != ""
    assert first[1]["content"].startswith(marked[0])
    assert second[1]["content"].startswith(marked[0])
    assert second[1]["content"].index("What does a ticket cost?") > len(marked[0])
    assert marked[2] == "", "passages are picked anew for each question"
    assert passages[0] == first[0]


def test_where_the_passages_do_not_suffice_a_thorough_answer_reads_the_whole_text_once(services, ferry, monkeypatch):
    monkeypatch.setattr(LanguageModel, "context_window", lambda *_: 100_000)
    monkeypatch.setattr(routing, "MOST_READ_FIRST_TOKENS", 10)
    said = ["NOT IN THE PASSAGES", PROVEN, "NOT IN THE PASSAGES", "NOT IN THE PASSAGES", "NOT IN THE PASSAGES"]
    with ModelServer(reply=lambda body: said.pop(0)) as server:
        model(services, server)
        answer = ask(services, "How tall is the lighthouse?", document_ids=[ferry], effort="high")
        silent = ask(services, "How tall is the lighthouse?", document_ids=[ferry], effort="high")
        quick = ask(services, "How tall is the lighthouse?", document_ids=[ferry], effort="low")
    assert (answer.route, answer.abstained) == ("document", False)
    assert "the passages did not suffice: the whole text was read" in answer.reasons
    calls = [row for row in rows(services) if row.answer_id == answer.id]
    assert [row.route for row in calls] == ["chunks", "document"]
    assert answer.usage.input_tokens == sum(row.usage.input_tokens for row in calls) > 0
    assert silent.abstained
    assert len([row for row in rows(services) if row.answer_id == silent.id]) == 2, "once, not again and again"
    assert len([row for row in rows(services) if row.answer_id == quick.id]) == 1


def test_a_prepared_question_that_is_clicked_is_asked_as_it_was_prepared(services, ferry):
    chat = chat_about(services, ferry)
    ask(services, "When was the lighthouse built?", document_ids=[ferry], conversation_id=chat)
    answer = ask(services, "How tall is it?", document_ids=[ferry], conversation_id=chat, origin="suggested")
    assert answer.asked == "How tall is it?"


def test_a_follow_up_that_is_asked_once_more_still_follows_what_was_before_it(services, ferry, monkeypatch):
    looked_for = []
    find = answering.finding.find

    def noted(services, question, scope, **more):
        looked_for.append(question)
        return find(services, question, scope, **more)

    monkeypatch.setattr(answering.finding, "find", noted)
    chat = chat_about(services, ferry)
    for question in ("When was the lighthouse built?", "Is it very tall?", "Is it very tall?"):
        ask(services, question, document_ids=[ferry], conversation_id=chat)
    assert looked_for[1:] == ["When was the lighthouse built? Is it very tall?"] * 2
