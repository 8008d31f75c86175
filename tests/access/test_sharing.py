"""Documents are one person's or everybody's; what is somebody's is as if it were not there for all the others."""

from __future__ import annotations

import io
import time

import pytest

from stc.access import people, rights
from stc.chat import answering, generations
from stc.chat.scope import resolve
from stc.documents import ingest, sharing
from stc.errors import UserError
from stc.sleep import facts, run
from stc.sleep.scheduler import Sleeper
from stc.storage import documents as document_rows
from stc.storage import ledger
from stc.words import SHARED, Person
from tests.access.conftest import GOOD

TEXT = "# Lighthouse\n\nThe lighthouse at Cape Marrow was built in 1887. It stands 41 metres tall.\n"


@pytest.fixture
def anna(services):
    people.add(services, "Anna", admin=True, password=GOOD)
    return services.of(people.find(services, "Anna"))


@pytest.fixture
def bert(services, anna):
    people.add(services, "Bert", password=GOOD)
    return services.of(people.find(services, "Bert"))


@pytest.fixture
def cora(services, anna):
    people.add(services, "Cora", password=GOOD)
    return services.of(people.find(services, "Cora"))


def add(services, text: str = TEXT, name: str = "lighthouse.md") -> str:
    received = ingest.receive(services, name, io.BytesIO(text.encode()))
    ingest.process(services, received.document_id)
    return received.document_id


def names(services) -> list[str]:
    try:
        return sorted(document.name for document in resolve(services, None).documents)
    except UserError:
        return []


def test_the_rule():
    member, admin = Person("m", "Mia"), Person("a", "Ada", admin=True)
    assert rights.may(member, "change", owner="m")
    assert not rights.may(admin, "read", owner="m")
    assert rights.may(member, "read", owner=SHARED, added_by="x")
    assert not rights.may(member, "change", owner=SHARED, added_by="x")
    assert rights.may(member, "change", owner=SHARED, added_by="m")
    assert rights.may(admin, "change", owner=SHARED, added_by="m")
    assert not rights.may(Person("", ""), "change", owner=SHARED, added_by="x")


def test_the_same_file_is_new_for_each_and_one_among_the_shared(anna, bert, cora):
    mine = add(bert)
    assert ingest.receive(anna, "other name.md", io.BytesIO(TEXT.encode())).status == "new"
    assert ingest.receive(bert, "again.md", io.BytesIO(TEXT.encode())).document_id == mine
    sharing.share(bert, mine)
    again = ingest.receive(cora, "again.md", io.BytesIO(TEXT.encode()))
    assert (again.document_id, again.status) == (mine, "duplicate")


def test_a_file_stays_as_long_as_anybody_has_it(anna, bert):
    one, two = add(anna), add(bert)
    assert ingest.remove(anna, one)
    with bert.database.read() as connection:
        assert len(resolve(bert, [two]).documents) == 1
        del connection
    assert any(path.is_file() for path in bert.files.directory.rglob("*"))


def test_a_shared_document_is_read_and_asked_by_all_and_changed_by_who_added_it_and_admins(anna, bert, cora):
    document_id = add(bert)
    assert (names(bert), names(cora), names(anna)) == (["lighthouse.md"], [], [])
    sharing.share(bert, document_id)
    assert (names(bert), names(cora), names(anna)) == (["lighthouse.md"],) * 3
    answer = answering.ask(cora, "When was the lighthouse at Cape Marrow built?")
    assert "1887" in answer.text
    for act in (
        lambda: ingest.remove(cora, document_id),
        lambda: run.purge(cora, document_id),
        lambda: run.prepare_again(cora, document_id),
        lambda: list(run.sleep_now(cora, [document_id])),
        lambda: sharing.unshare(cora, document_id),
        lambda: ingest.receive(cora, "new.md", io.BytesIO(b"A new version of it"), replaces=document_id),
    ):
        with pytest.raises(UserError, match="only who added it, or an admin"):
            act()
    run.prepare_again(bert, document_id)
    run.prepare_again(anna, document_id)
    sharing.unshare(anna, document_id)
    assert (names(bert), names(cora), names(anna)) == (["lighthouse.md"], [], [])


def test_a_new_version_of_a_shared_document_stays_shared(anna, bert, cora):
    document_id = add(bert)
    sharing.share(bert, document_id)
    newer = ingest.receive(bert, "new.md", io.BytesIO(TEXT.replace("41", "42").encode()), replaces=document_id)
    ingest.process(bert, newer.document_id)
    (document,) = resolve(cora, None).documents
    assert (document.id, document.shared) == (document_id, True)
    with cora.database.read() as connection:
        page = document_rows.read_page(connection, document_id, 1)
    assert page is not None
    assert "42 metres" in page.text


def test_preparing_what_is_shared_is_paid_once_and_by_nobody(anna, bert, cora):
    document_id = add(bert)
    sharing.share(bert, document_id)
    runs = list(run.sleep_now(bert, [document_id], until_done=True))
    assert runs
    assert {one.owner for one in runs} == {SHARED}
    assert list(run.sleep_now(anna, [document_id], until_done=True)) == []
    with bert.database.read() as connection:
        assert ledger.rows(connection, bert.owner) == []
        assert {row.owner for row in ledger.rows(connection, SHARED)} <= {SHARED}
    assert [one.document_id for one in run.history(cora)][:1] == [document_id]


def test_what_is_prepared_next_tells_of_shared_documents_and_of_nobody_else_s(anna, bert, cora):
    assert run.status(cora).asleep == "there are no documents"
    document_id = add(bert, name="shared.md")
    sharing.share(bert, document_id)
    add(anna, TEXT + "Anna's own.", name="private.md")
    list(run.sleep_now(bert, [document_id], until_done=True))
    assert run.status(cora).asleep == "everything is prepared"
    run.prepare_again(bert, document_id)
    seen = {one: repr(run.status(one)) for one in (anna, bert, cora)}
    assert all("shared.md" in said for said in seen.values())
    assert ["private.md" in said for said in seen.values()] == [True, False, False]


def test_what_was_prepared_for_somebody_s_questions_is_not_shared_and_no_question_prepares_what_is(anna, bert, cora):
    document_id = add(bert)
    with bert.database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO sleep_tasks (id, owner, document_id, pass_name, window_hash, page_start, page_end, thinker, "
            "generation, revision, reason, attempts, created_at, answers) "
            "VALUES ('t', ?, ?, 'directed', 'h', 1, 1, 'model', 1, 1, '', 0, 1, '[]')",
            (bert.owner, document_id),
        )
        connection.exec_driver_sql(
            "INSERT INTO notes (id, owner, document_id, task_id, kind, question, text, status, thinker, model, tokens, "
            "times_used, created_at) VALUES ('n', ?, ?, 't', 'answer', 'Am I fired?', 'No', 'verified', 'model', 'm', 1, 0, 1)",
            (bert.owner, document_id),
        )
    sharing.share(bert, document_id)
    with bert.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM notes").scalar_one() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM sleep_tasks").scalar_one() == 0
    answering.ask(cora, "Where does the keeper of the lighthouse at Cape Marrow live?")
    answering.ask(cora, "When was the lighthouse at Cape Marrow built?")
    found = facts.gather(cora.of(Person(SHARED, "", admin=True)))
    (candidate,) = found.candidates
    assert candidate.questions == ()
    assert len(candidate.use.asked_at) == 2, "that it is asked counts, what is asked does not"


def test_sharing_what_is_shared_already_says_so_and_taking_back_what_one_has_too(anna, bert, cora):
    one, two = add(bert), add(cora)
    sharing.share(bert, one)
    with pytest.raises(UserError, match="shared already"):
        sharing.share(cora, two)
    sharing.share(bert, one)  # again: nothing


def test_the_sleeper_serves_everybody_in_turn_and_nobody_who_is_disabled(services, anna, bert, cora):
    for number in range(3):
        add(
            anna,
            f"# Report {number}\n\nThe bridge over the Elbe was built in {1900 + number}. It is {number + 40} metres long.\n",
        )
    add(bert, "# Letter\n\nThe clinic at Hill Road opened in 1950. It has 30 beds.\n")
    add(cora, "# Contract\n\nThe rent is $900 a month. It was agreed in 2019.\n")
    people.disable(services, "Cora")
    services.change_settings(idle_after_s=0.0, pause_on_battery=False)
    runs = Sleeper(services).tick()
    owners = [one.owner for one in runs]
    assert set(owners[:2]) == {anna.owner, bert.owner}, "one each, before anybody's second"
    assert cora.owner not in owners


def test_nobody_asks_into_another_one_s_chat(anna, bert):
    add(bert)
    chat = generations.new_conversation(anna, "Mine?", None)
    with pytest.raises(UserError, match="no such chat"):
        answering.ask(bert, "When was the lighthouse at Cape Marrow built?", conversation_id=chat)


def test_an_answer_that_is_being_made_ends_when_its_person_is_disabled(services, anna, bert, monkeypatch):
    monkeypatch.setattr(generations, "_LOOK_EVERY_S", 0.0)
    went_on = []

    def slowly(asked_by, question, *, on_text, stop, answer_id, **_):
        on_text("The lighthouse")
        people.disable(services, "Bert")
        on_text("The lighthouse was")
        went_on.append(not stop.is_set())

    add(bert)
    monkeypatch.setattr(answering, "ask", slowly)
    chat = generations.new_conversation(bert, "When?", None)
    answer_id = generations.start(bert, "When was the lighthouse built?", conversation_id=chat)
    end = time.monotonic() + 10
    while not generations.partial(answer_id).done:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert went_on == [False]
