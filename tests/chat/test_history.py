"""What was said before goes to a model only while the text that it came from is asked still."""

from __future__ import annotations

import io
import threading

import pytest

from stc.chat import answering, generations, history
from stc.chat.answering import ask, run_baseline
from stc.chat.scope import Pages, Scope
from stc.documents import ingest
from stc.storage import conversations
from stc.storage import documents as document_rows
from stc.words import Answer, Citation, Document
from tests.chat.library import add, model
from tests.documents.pdfs import make_pdf
from tests.fakes import ModelServer

BRIDGE = b"# The bridge\n\nThe bridge was opened in 1962 by the mayor of Alder. It is 412 metres long.\n"
SAID = "The ferry leaves the north pier at 07:40"
PROVEN = f'{SAID} [1].\nQUOTES\n[1] "leaves the north pier at 07:40"'
NEXT = "Who opened the bridge?"


@pytest.fixture
def bridge(services):
    return add(services, "bridge.md", BRIDGE)


@pytest.fixture
def server(services):
    with ModelServer(reply=lambda body: PROVEN) as running:
        model(services, running)
        yield running


def chat_about(services, *document_ids):
    return generations.new_conversation(services, "a chat", list(document_ids))


def sent(server):
    """Return what the last request held behind the instructions."""
    return server.requests[-1]["messages"][-1]["content"]


def told(server):
    """Return what the last request told of the conversation, "" for nothing."""
    text = sent(server)
    return text[text.index("<earlier>") : text.index("</earlier>")] if "<earlier>" in text else ""


def test_an_answer_is_told_while_its_document_is_asked_also_with_others(services, ferry, bridge, server):
    chat = chat_about(services)
    ask(services, "When does the ferry leave?", document_ids=[ferry], conversation_id=chat)
    for scope in ([ferry], [ferry, bridge], None):
        answer = ask(services, NEXT, document_ids=scope, conversation_id=chat)
        assert SAID in told(server)
        assert history.WITHHELD not in answer.reasons


def test_an_answer_about_a_document_that_was_taken_out_of_the_scope_is_not_told(services, ferry, bridge, server):
    chat = chat_about(services)
    ask(services, "When does the ferry leave?", document_ids=[ferry], conversation_id=chat)
    answer = ask(services, NEXT, document_ids=[bridge], conversation_id=chat)
    assert "07:40" not in sent(server)
    assert "When does the ferry leave?" in told(server), "the person's own words are no document's"
    assert history.WITHHELD in answer.reasons


def test_an_answer_over_all_documents_is_not_told_once_one_that_was_read_for_it_is_left_out(
    services, ferry, bridge, server
):
    chat = chat_about(services)
    first = ask(services, "When does the ferry leave?", conversation_id=chat)
    assert set(first.sources) == {ferry, bridge}, "passages of both were read"
    ask(services, NEXT, document_ids=[ferry], conversation_id=chat)
    assert SAID not in told(server)


def test_an_answer_about_a_deleted_document_is_not_told(services, ferry, bridge, server):
    chat = chat_about(services)
    ask(services, "When does the ferry leave?", document_ids=[ferry], conversation_id=chat)
    ingest.remove(services, ferry)
    ask(services, NEXT, conversation_id=chat)
    assert "07:40" not in sent(server)


def test_an_answer_about_the_earlier_version_of_a_document_is_not_told(services, ferry, server):
    chat = chat_about(services)
    ask(services, "When does the ferry leave?", document_ids=[ferry], conversation_id=chat)
    newer = ingest.receive(services, "ferry.md", io.BytesIO(BRIDGE), replaces=ferry)
    ingest.process(services, newer.document_id)
    ask(services, NEXT, document_ids=[ferry], conversation_id=chat)
    assert "opened in 1962" in sent(server)
    assert "07:40" not in sent(server)


def test_what_a_model_here_said_of_a_document_that_is_kept_here_goes_to_no_model_elsewhere(
    services, ferry, bridge, server, monkeypatch
):
    chat = chat_about(services)
    ask(services, "When does the ferry leave?", conversation_id=chat)
    with services.database.write() as connection:
        document_rows.change(connection, ferry, keep_local=True)
    ask(services, NEXT, conversation_id=chat)
    assert SAID in told(server), "the model is on this computer"
    monkeypatch.setattr(type(services.llm), "is_local", lambda self, name: False)
    for scope in (None, [bridge]):
        ask(services, NEXT, document_ids=scope, conversation_id=chat)
        assert "07:40" not in sent(server)
        assert "When does the ferry leave?" not in sent(server), "of such a document not even the question"


def test_what_was_asked_of_a_document_that_is_kept_here_goes_to_no_model_elsewhere_by_a_follow_up(
    services, ferry, bridge, server, monkeypatch
):
    chat = chat_about(services)
    with services.database.write() as connection:
        document_rows.change(connection, ferry, keep_local=True)
    ask(services, "When was the lighthouse built?", document_ids=[ferry], conversation_id=chat)
    server.reply = lambda body: 'It is 412 metres long [1].\nQUOTES\n[1] "It is 412 metres long"'
    follow_up = ask(services, "And how tall is it?", document_ids=[bridge], conversation_id=chat)
    assert (follow_up.standalone, follow_up.sources) == ("How tall is the lighthouse?", (bridge,))
    ask(services, NEXT, document_ids=[bridge], conversation_id=chat)
    assert "How tall is the lighthouse?" in told(server), "the model is on this computer"
    monkeypatch.setattr(type(services.llm), "is_local", lambda self, name: False)
    ask(services, NEXT, document_ids=[bridge], conversation_id=chat)
    assert "lighthouse" not in sent(server)
    assert NEXT in told(server), "what was asked of others goes along"


def test_what_was_told_once_is_no_part_of_later_answers_that_may_be_told(services, ferry, bridge, server):
    chat = chat_about(services)
    ask(services, "When does the ferry leave?", document_ids=[ferry], conversation_id=chat)
    second = ask(services, NEXT, document_ids=[ferry, bridge], conversation_id=chat)
    assert set(second.sources) == {ferry, bridge}, "the second may repeat the first"
    server.reply = lambda body: 'It is 412 metres long [1].\nQUOTES\n[1] "It is 412 metres long"'
    third = ask(services, "How long is the bridge?", document_ids=[bridge], conversation_id=chat)
    assert "07:40" not in sent(server)
    assert third.sources == (bridge,)
    ask(services, "Is the bridge long?", document_ids=[bridge], conversation_id=chat)
    assert "How long is the bridge?" in told(server)


def test_a_follow_up_in_another_document_is_read_by_the_persons_own_words_alone(services, ferry, bridge, server):
    chat = chat_about(services)
    ask(services, "When was the lighthouse built?", document_ids=[ferry], conversation_id=chat)
    answer = ask(services, "And how tall is it?", document_ids=[bridge], conversation_id=chat)
    assert answer.standalone == "How tall is the lighthouse?"
    ask(services, "What about its size, is it very tall?", document_ids=[bridge], conversation_id=chat)
    asking = server.requests[-2]["messages"][-1]["content"]
    assert "The next question:" in asking
    assert "07:40" not in asking


def test_a_suggested_question_of_a_document_that_is_not_asked_is_told_to_nobody(services, ferry, bridge, server):
    chat = chat_about(services)
    ask(services, "When was the lighthouse built?", document_ids=[ferry], conversation_id=chat, origin="suggested")
    answer = ask(services, "And how tall is it?", document_ids=[bridge], conversation_id=chat)
    assert answer.standalone == ""
    assert "lighthouse" not in sent(server)
    assert len(server.requests) == 2, "no model can read it either"
    within = ask(services, "And how tall is it?", document_ids=[ferry], conversation_id=chat_about(services, ferry))
    assert within.standalone == ""


def test_nothing_before_a_turn_that_may_not_be_told_is(services, ferry, bridge, server):
    chat = chat_about(services)
    ask(services, "How long is the bridge?", document_ids=[bridge], conversation_id=chat)
    ask(services, "When was the lighthouse built?", document_ids=[ferry], conversation_id=chat, origin="suggested")
    answer = ask(services, "And who opened it?", document_ids=[bridge], conversation_id=chat)
    assert answer.standalone == "", "it is not the bridge"
    assert told(server) == ""


def test_what_was_said_of_other_pages_is_not_told(services, server):
    document = add(services, "guide.pdf", make_pdf(["The ferry leaves the north pier at 07:40.", BRIDGE.decode()]))
    chat = chat_about(services, document)
    ask(services, "When does the ferry leave?", document_ids=[document], conversation_id=chat)
    ask(services, NEXT, document_ids=[document], conversation_id=chat)
    assert SAID in told(server)
    ask(services, NEXT, document_ids=[document], pages="2", conversation_id=chat)
    assert SAID not in told(server)


def test_a_baseline_tells_no_more_than_its_answer_was_told(services, ferry, bridge, server):
    chat = chat_about(services)
    ask(services, "When does the ferry leave?", document_ids=[ferry], conversation_id=chat)
    answer = ask(services, NEXT, document_ids=[bridge], conversation_id=chat)
    run_baseline(services, answer, "document", stop=threading.Event())
    assert "07:40" not in sent(server)


def test_what_an_answer_stands_on_is_kept_also_while_it_is_written(services, ferry, bridge, server, monkeypatch):
    monkeypatch.setattr(answering, "_SAVE_EVERY_S", 0.0)
    chat = chat_about(services)
    seen = []

    def look(_):
        with services.database.read() as connection:
            (running,) = conversations.answers_of(connection, services.owner, chat)
        seen.append(running.sources)

    ask(services, "When does the ferry leave?", document_ids=[ferry], conversation_id=chat, on_text=look)
    assert seen[-1] == (ferry,)


# What was answered before sources were recorded


def answer(**values):
    base = {"id": "a", "owner": "me", "conversation_id": "c", "question": "Why?", "scope": (), "origin": "typed"}
    return Answer(**(base | {"effort": "low", "asked_at": 9.0, "state": "done", "text": "So."} | values))


def scope(*names, pages=""):
    progress = {"status": "ready", "stage_done": 0, "stage_total": 0, "warnings": (), "error": None}
    extent = {"size_bytes": 1, "pages": 9, "chunks": 1, "tokens": 1, "media_type": "text/plain"}
    wishes = {"owner": "me", "prepare": True, "keep_local": False}
    times = {"added_at": 1.0, "ready_at": 5.0, "last_used_at": 5.0}
    named = [{"id": name, "name": name, "content_hash": name} for name in names]
    return Scope(
        tuple(Document(**progress, **extent, **wishes, **times, **one) for one in named), True, (), Pages.parse(pages)
    )


def cited(document_id):
    return Citation(1, document_id, document_id, 1, "q", True)


@pytest.mark.parametrize(
    ("before", "is_told"),
    [
        (answer(scope=("a",)), True),
        (answer(scope=("b",)), False),
        (answer(citations=(cited("a"),)), True),
        (answer(citations=(cited("b"),)), False),
        (answer(citations=(cited("a"),), model="m"), False),
        (answer(citations=(cited("a"),), model="m", route="reused"), True),
        (answer(citations=(cited("a"),), model="m", sources=("a",)), True),
        (answer(sources=("a",), asked_at=4.0), False),
    ],
)
def test_of_an_answer_without_a_record_what_it_may_hold_is_told_by_what_it_cites_and_was_asked_of(before, is_told):
    (turn,) = history.turns([before], scope("a"), away=None)
    assert bool(turn.text) is is_told


@pytest.mark.parametrize(
    ("then", "now", "is_told"),
    [("2-3", "2-5", True), ("2-3", "3-5", False), ("", "1-9", False), ("1,4", "1-2,4", True)],
)
def test_pages_are_told_of_within_pages(then, now, is_told):
    (turn,) = history.turns([answer(scope=("a",), pages=then)], scope("a", pages=now), away=None)
    assert bool(turn.text) is is_told


def test_an_answer_that_failed_is_none():
    assert history.turns([answer(state="failed"), answer(state="running")], scope("a"), away=None) == []
