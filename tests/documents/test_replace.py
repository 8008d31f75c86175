"""A new version takes a document's place: everything is real but the embedder."""

import io
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from stc import doctor
from stc.chat import scope
from stc.chat.retrieval import retrieve
from stc.documents import ingest, replacing
from stc.errors import UserError
from stc.services import Services
from stc.sleep import run
from stc.storage import conversations, documents, tasks
from stc.storage import notes as note_rows
from stc.storage.vectors import VectorIndex
from stc.words import Answer, Citation, SleepTask
from tests.documents.pdfs import make_pdf

HARBOUR = "The harbour of Corvane has 12 berths. The dues are 40 euros a day. A pilot boards each ship over 60 metres."
LIGHT = "The lighthouse was built in 1874 by the engineer Idris Vale. Its lamp burned 312 litres of oil a month."
FERRY = "The ferry leaves at 7:40 and at 18:15. A ticket costs 9 euros. Bicycles travel free of charge on weekdays."
MUSEUM = "The museum opened in 1990. Its largest hall shows 14 model ships. Entry is free on the first Sunday."


def receive(services, pages, name="corvane.pdf", **options):
    return ingest.receive(services, name, io.BytesIO(make_pdf(pages)), **options)


def add(services, pages, name="corvane.pdf", **options):
    return ingest.process(services, receive(services, pages, name, **options).document_id)


def shown(services):
    with services.database.read() as connection:
        return documents.list_all(connection, services.owner)


def pages_of(services, document_id):
    with services.database.read() as connection:
        return [page.text for page in documents.read_pages(connection, document_id)]


def notes_of(services, document_id, *statuses):
    with services.database.read() as connection:
        return note_rows.of_document(connection, document_id, statuses=statuses or ("verified",))


def failures(services):
    with services.database.read() as connection:
        return [(each["name"], each["reason"]) for each in documents.list_failures(connection, services.owner)]


def files(services):
    return {path.name for path in services.files.directory.rglob("*") if path.is_file()}


def sound(services):
    checks = doctor.examine(services.storage, services.owner).checks
    return [check.detail for check in checks if not check.ok and check.name != "storage"]


def prepare(services, document_id):
    return [each for each in run.sleep_now(services, [document_id], until_done=True) if each.status == "done"]


def everywhere(services):
    """Return the document ids that the searches name."""
    found = retrieve(services, "lighthouse harbour ferry museum euros", kind="all", limit=50)
    return {hit.document_id for hit in found}


def test_a_new_version_takes_the_place_and_keeps_the_id(services):
    old = add(services, [HARBOUR, LIGHT])
    with services.database.write() as connection:
        documents.change(connection, old.id, keep_local=True, opens=3, added_at=old.added_at - 100)
    new = add(services, [HARBOUR, FERRY, MUSEUM], "corvane 2.pdf", replaces=old.id)
    assert shown(services) == [new]
    assert (new.id, new.name, new.status, new.pages) == (old.id, "corvane 2.pdf", "ready", 3)
    assert (new.keep_local, new.opens, new.added_at) == (True, 3, old.added_at - 100)
    assert new.content_hash != old.content_hash
    assert pages_of(services, old.id) == [HARBOUR, FERRY, MUSEUM]
    assert files(services) == {new.content_hash}
    assert sound(services) == []


def test_searches_find_the_new_text_and_no_longer_the_old(services, tmp_path):
    old = add(services, [LIGHT] * 3)
    services.vectors.follow()
    add(services, [FERRY] * 3, replaces=old.id)
    (hit, *_) = retrieve(services, "What does a ticket for the ferry cost?")
    assert (hit.document_id, "ferry" in hit.text) == (old.id, True)
    assert all("lighthouse" not in each.text for each in retrieve(services, "Who built the lighthouse?"))
    scoped = retrieve(services, "When does the ferry leave?", document_ids=[old.id])
    assert scoped
    assert all("ferry" in each.text for each in scoped)


def test_chroma_follows_to_the_new_version(services, tmp_path):
    index = VectorIndex(services.database, tmp_path / "other-chroma", worth_chroma=0)
    old = add(services, [LIGHT, MUSEUM])
    assert index.follow()
    add(services, [FERRY, HARBOUR], replaces=old.id)
    vector = services.embedder.encode([FERRY])[0]

    def found():
        hits = index.search(vector, kind="chunk", document_ids=None, embedder_name=services.embedder.name, limit=10)
        with services.database.read() as connection:
            return {documents.chunks_by_id(connection, [item])[item].document_id for item, _ in hits}

    assert found() == {old.id}, "what Chroma has not seen yet is searched exactly"
    assert index.follow()
    assert found() == {old.id}
    index.close()


def test_until_it_is_ready_the_earlier_version_is_used_and_the_new_one_is_no_document(services):
    old = add(services, [HARBOUR, LIGHT])
    received = receive(services, [FERRY], "new.pdf", replaces=old.id)
    assert received.status == "new"
    (listed,) = shown(services)
    assert (listed.id, listed.name, listed.status, listed.being_replaced) == (old.id, old.name, "ready", True)
    assert scope.resolve(services, None).ids == [old.id]
    assert everywhere(services) == {old.id}
    with pytest.raises(UserError, match="not here"):
        scope.resolve(services, [received.document_id])
    with services.database.read() as connection:
        assert [each.id for each in documents.list_arriving(connection, services.owner)][-1:] == [received.document_id]
    assert [document.id for document in ingest.process_pending(services)] == [old.id]
    assert [(each.name, each.being_replaced) for each in shown(services)] == [("new.pdf", False)]


def test_a_new_version_that_can_not_be_read_leaves_all_as_it_was(services):
    old = add(services, [HARBOUR])
    received = ingest.receive(services, "broken.pdf", io.BytesIO(b"%PDF-1.7\n"), replaces=old.id)
    failed = ingest.process(services, received.document_id)
    assert failed.status == "failed"
    assert shown(services) == [old]
    ((name, reason),) = failures(services)
    assert name == "broken.pdf"
    assert "damaged" in reason
    assert "“corvane.pdf” stays as it was" in reason
    assert files(services) == {old.content_hash}


def test_the_same_bytes_are_no_new_version(services):
    old = add(services, [HARBOUR])
    assert receive(services, [HARBOUR], replaces=old.id) == ingest.Received(old.id, "duplicate")
    assert shown(services) == [old]
    assert files(services) == {old.content_hash}


def test_bytes_that_another_document_has_replace_nothing(services):
    old, other = add(services, [HARBOUR]), add(services, [LIGHT], "light.pdf")
    with pytest.raises(UserError, match=r"here already, as “light.pdf”"):
        receive(services, [LIGHT], replaces=old.id)
    assert {document.id for document in shown(services)} == {old.id, other.id}
    assert files(services) == {old.content_hash, other.content_hash}


def test_the_same_new_version_twice_is_read_once(services):
    old = add(services, [HARBOUR])
    first, again = (receive(services, [LIGHT], replaces=old.id) for _ in range(2))
    assert first == again
    assert ingest.process(services, again.document_id).id == old.id


def test_of_two_new_versions_the_later_one_counts(services):
    old = add(services, [HARBOUR])
    first = receive(services, [LIGHT], "first.pdf", replaces=old.id)
    second = receive(services, [FERRY], "second.pdf", replaces=old.id)
    with pytest.raises(UserError, match="no document"):
        ingest.process(services, first.document_id)
    assert ingest.process(services, second.document_id).name == "second.pdf"
    assert failures(services) == [
        ("first.pdf", "Another new version of “corvane.pdf” was added before this one was ready.")
    ]
    assert pages_of(services, old.id) == [FERRY]
    assert len(files(services)) == 1


def test_a_document_removed_meanwhile_takes_its_new_version_along(services, monkeypatch):
    old = add(services, [HARBOUR])
    received = receive(services, [FERRY], replaces=old.id)
    encode = services.embedder.encode

    def remove_first(texts):
        assert ingest.remove(services, old.id)
        return encode(texts)

    monkeypatch.setattr(services.embedder, "encode", remove_first)
    document = ingest.process(services, received.document_id)
    assert (document.status, document.error) == ("failed", "It was removed while it was being read.")
    assert (shown(services), failures(services), files(services)) == ([], [], set())


@pytest.mark.parametrize("unknown", ["deadbeef", "somebody else's", "a new version's"])
def test_only_a_document_of_ones_own_is_replaced(services, tmp_path, unknown):
    old = add(services, [HARBOUR])
    other = Services(tmp_path / "storage", owner="other")
    theirs = add(other, [LIGHT])
    pending = receive(services, [FERRY], replaces=old.id)
    wanted = {"deadbeef": "deadbeef", "somebody else's": theirs.id, "a new version's": pending.document_id}[unknown]
    with pytest.raises(UserError, match=r"no document .* to replace"):
        receive(services, [MUSEUM], replaces=wanted)
    other.close()


def test_a_document_still_being_read_is_not_replaced(services):
    received = receive(services, [HARBOUR])
    with pytest.raises(UserError, match="still being read"):
        receive(services, [LIGHT], replaces=received.document_id)


def test_the_earlier_file_stays_where_somebody_else_has_it(services, tmp_path):
    other = Services(tmp_path / "storage", owner="other")
    mine, theirs = add(services, [HARBOUR]), add(other, [HARBOUR])
    new = add(services, [LIGHT], replaces=mine.id)
    assert files(services) == {theirs.content_hash, new.content_hash}
    other.close()


def test_a_document_can_be_replaced_by_its_earlier_version_again(services):
    old = add(services, [HARBOUR, LIGHT])
    add(services, [FERRY], replaces=old.id)
    again = add(services, [HARBOUR, LIGHT], replaces=old.id)
    assert (again.id, again.content_hash) == (old.id, old.content_hash)
    assert pages_of(services, old.id) == [HARBOUR, LIGHT]
    assert files(services) == {old.content_hash}


def test_a_waiting_caller_gets_the_document_whose_place_it_took(services):
    old = add(services, [HARBOUR])
    received = receive(services, [LIGHT], replaces=old.id)
    done = []
    threads = [
        threading.Thread(target=lambda: done.append(ingest.process(services, received.document_id))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(document.id, document.status, document.pages) for document in done] == [(old.id, "ready", 1)] * 3


# Added by itself, then put in another one's place


@pytest.mark.parametrize("read", [True, False])
def test_a_document_added_beside_another_may_take_its_place_later(services, read):
    old = add(services, [HARBOUR, LIGHT])
    newer = receive(services, [FERRY], "newer.pdf")
    with services.database.write() as connection:
        for name, scoped in (("one", [newer.document_id, old.id]), ("all", [])):
            conversations.start(connection, name, services.owner, name, scoped, 1.0)
    if read:
        ingest.process(services, newer.document_id)
        prepare(services, newer.document_id)
    ingest.replace_by(services, old.id, newer.document_id)
    assert everywhere(services) == {old.id}
    assert [document.id for document in ingest.process_pending(services)] == [old.id]
    assert [(each.id, each.name, each.notes) for each in shown(services)] == [(old.id, "newer.pdf", 0)]
    assert pages_of(services, old.id) == [FERRY]
    with services.database.read() as connection:
        chats = {chat["id"]: chat["scope"] for chat in conversations.list_all(connection, services.owner)}
    assert chats == {"one": [old.id], "all": []}
    assert sound(services) == []


def test_one_decided_on_while_it_is_embedded_takes_the_place_too(services, monkeypatch):
    old = add(services, [HARBOUR])
    newer = receive(services, [FERRY], "newer.pdf")
    encode = services.embedder.encode

    def decide_first(texts):
        ingest.replace_by(services, old.id, newer.document_id)
        return encode(texts)

    monkeypatch.setattr(services.embedder, "encode", decide_first)
    assert ingest.process(services, newer.document_id).id == old.id
    assert pages_of(services, old.id) == [FERRY]


def test_one_that_failed_meanwhile_replaces_nothing(services):
    old = add(services, [HARBOUR])
    ingest.replace_by(services, old.id, "gone")
    assert shown(services) == [old]
    other = add(services, [LIGHT])
    ingest.remove(services, old.id)
    with pytest.raises(UserError, match="no document"):
        ingest.replace_by(services, old.id, other.id)
    assert shown(services) == [other]


# Notes


def pages(count):
    """Return so many pages, each with facts of its own and long enough to be a window of its own."""
    return [
        f"Station {n} is a gauge on the Rhine. Station {n} was built in {1800 + n}. The gauge at place {n} costs "
        f"${n + 2} million per year. "
        + " ".join(
            f"Reading {k} of page {n} was made at noon and written down by the keeper {k + n}." for k in range(190)
        )
        for n in range(1, count + 1)
    ]


def add_text(services, texts, **options):
    received = ingest.receive(services, "gauges.txt", io.BytesIO("\n\n".join(texts).encode()), **options)
    return ingest.process(services, received.document_id)


@pytest.fixture
def prepared(services):
    """A document of several windows that everything has been prepared of."""
    document = add_text(services, pages(4))
    prepare(services, document.id)
    return document


def test_only_what_the_change_touches_is_out_of_date_and_prepared_again(services, prepared):
    before = notes_of(services, prepared.id)
    old_pages = pages_of(services, prepared.id)
    texts = pages(4)
    texts[-1] = texts[-1].replace("costs $6 million", "costs $9 million")
    new = add_text(services, texts, replaces=prepared.id)
    new_pages = pages_of(services, prepared.id)
    stale, verified = notes_of(services, prepared.id, "stale"), notes_of(services, prepared.id)
    assert (new.notes, new.notes_stale) == (len(verified), len(stale))
    assert shown(services) == [new]
    assert {note.id for note in [*stale, *verified]} == {note.id for note in before}
    assert stale
    assert verified
    for note in verified:
        assert all(item.quote in new_pages[item.page - 1] for item in note.evidence)
        assert note.kind != "summary"
    changed = {n for n, (a, b) in enumerate(zip(old_pages, new_pages, strict=True), start=1) if a != b}
    assert changed
    runs = prepare(services, prepared.id)
    assert runs[0].pass_name == "outline"
    assert all(changed & set(range(each.page_start, each.page_end + 1)) for each in runs)
    assert len(runs) < 4, "one window, by its passes, and the outline"
    assert notes_of(services, prepared.id, "stale") == []
    assert {note.id for note in verified} <= {note.id for note in notes_of(services, prepared.id)}
    assert prepare(services, prepared.id) == []
    assert sound(services) == []


def test_evidence_names_the_new_pages_and_passages(services):
    document = add(services, [LIGHT, FERRY, HARBOUR])
    prepare(services, document.id)
    before = {note.id: note for note in notes_of(services, document.id) if note.kind != "summary"}
    with services.database.write() as connection:
        window = tasks.of_document(connection, document.id)
        assert {task.pass_name for task in window} >= {"outline", "anticipate"}
    add(services, [MUSEUM, LIGHT, FERRY, HARBOUR], replaces=document.id)
    after = notes_of(services, document.id)
    assert {note.id for note in after} == set(before)
    for note in after:
        assert [item.page for item in note.evidence] == [item.page + 1 for item in before[note.id].evidence]
        with services.database.read() as connection:
            held = documents.chunks_by_id(connection, [item.chunk_id for item in note.evidence if item.chunk_id])
        for item in note.evidence:
            assert item.chunk_id is None or item.quote in held[item.chunk_id].text
    with services.database.read() as connection:
        moved = {(task.page_start, task.page_end) for task in tasks.of_document(connection, document.id)}
    assert moved == {(1, 4), (2, 4)}


def test_notes_out_of_date_are_found_by_nothing(services, prepared):
    question = next(note.question for note in notes_of(services, prepared.id) if note.question)
    assert retrieve(services, question, kind="note")
    add_text(services, [MUSEUM], replaces=prepared.id)
    assert retrieve(services, question, kind="note", limit=50) == []
    assert notes_of(services, prepared.id) == []
    with services.database.read() as connection:
        kinds = connection.exec_driver_sql("SELECT DISTINCT kind FROM vectors").scalars().all()
    assert kinds == ["chunk"]


def test_notes_whose_pages_are_gone_go_when_everything_is_prepared(services, prepared):
    add_text(services, pages(4)[:1], replaces=prepared.id)
    with services.database.read() as connection:
        gone = [task for task in tasks.of_document(connection, prepared.id) if task.page_start == 0]
    assert gone
    assert notes_of(services, prepared.id, "stale")
    prepare(services, prepared.id)
    assert notes_of(services, prepared.id, "stale") == []
    assert all(note.evidence[0].page <= shown(services)[0].pages for note in notes_of(services, prepared.id))


def test_text_that_comes_back_is_thought_about_again(services, prepared):
    first = {(note.question, note.text) for note in notes_of(services, prepared.id)}
    add_text(services, [MUSEUM], replaces=prepared.id)
    prepare(services, prepared.id)
    add_text(services, pages(4), replaces=prepared.id)
    prepare(services, prepared.id)
    assert {(note.question, note.text) for note in notes_of(services, prepared.id)} == first
    assert notes_of(services, prepared.id, "stale") == []


def test_hidden_notes_stay_hidden_and_never_come_back(services, prepared):
    hidden = [note for note in notes_of(services, prepared.id) if note.question][-1]
    with services.database.write() as connection:
        note_rows.set_status(connection, services.owner, hidden.id, "hidden")
    add_text(services, [MUSEUM, *pages(4)], replaces=prepared.id)
    assert [note.id for note in notes_of(services, prepared.id, "hidden")] == [hidden.id]
    prepare(services, prepared.id)
    assert hidden.question not in {note.question for note in notes_of(services, prepared.id)}


def test_what_is_being_prepared_of_the_earlier_version_is_not_stored(services, monkeypatch):
    document = add_text(services, pages(2))
    encode = services.embedder.encode
    seen: list[object] = []

    def replace_first(texts):
        if not seen:
            seen.append(texts)
            add_text(services, [MUSEUM, *pages(2)[1:]], replaces=document.id)
        return encode(texts)

    monkeypatch.setattr(services.embedder, "encode", replace_first)
    prepare(services, document.id)
    text = pages_of(services, document.id)
    assert seen
    assert notes_of(services, document.id)
    for note in notes_of(services, document.id):
        assert all(item.quote in text[item.page - 1] for item in note.evidence)
    assert sound(services) == []


def test_what_a_model_replied_about_moved_pages_is_not_taken_for_the_new_version(services):
    document = add(services, [LIGHT, FERRY])
    with services.database.write() as connection:
        task = SleepTask("t1", services.owner, document.id, "anticipate", "hash", 2, 2, "model")
        tasks.ensure(connection, task, 1.0)
        tasks.keep_reply(connection, "t1", 0, model="m", asked_tokens=9, text="page 2 says", finish_reason="stop")

    def kept():
        with services.database.read() as connection:
            return tasks.kept_reply(connection, "t1", 0, model="m", asked_tokens=9)

    add(services, [LIGHT, FERRY, HARBOUR], replaces=document.id)
    assert kept(), "page 2 is where it was"
    add(services, [MUSEUM, LIGHT, FERRY, HARBOUR], replaces=document.id)
    assert kept() is None


def test_answers_keep_the_citations_that_they_have(services):
    document = add(services, [LIGHT])
    citation = Citation(1, document.id, document.name, 1, "built in 1874", True)
    with services.database.write() as connection:
        answer = Answer("a1", services.owner, None, "When?", (document.id,), "typed", "low", 1.0, citations=(citation,))
        conversations.save_answer(connection, answer)
    add(services, [FERRY], "other.pdf", replaces=document.id)
    with services.database.read() as connection:
        kept = conversations.get_answer(connection, services.owner, "a1")
    assert kept is not None
    assert kept.citations == (citation,)


# Killed


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from stc.documents import ingest, replacing
    from stc.services import Services

    services = Services(Path(sys.argv[1]))

    def die(*arguments, **options):
        os.kill(os.getpid(), signal.SIGKILL)

    encode = services.embedder.encode
    match sys.argv[2]:
        case "embedding":
            services.embedder.encode = die
        case "swapping":
            replacing.tasks.follow_pages = die
        case "swapped":
            replacing.put_away = die
        case "putting away":
            services.files.delete = die
    ingest.process(services, sys.argv[3])
"""


@pytest.mark.parametrize("moment", ["embedding", "swapping", "swapped", "putting away"])
def test_killed_at_any_moment_it_is_finished_at_the_next_start(services, tmp_path, monkeypatch, moment):
    old = add(services, [HARBOUR, LIGHT])
    prepare(services, old.id)
    noted = len(notes_of(services, old.id))
    received = receive(services, [HARBOUR, FERRY], "new.pdf", replaces=old.id)
    child = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path / "storage"), moment, received.document_id],
        cwd=Path(ingest.__file__).parents[2],
        env={**os.environ, "STC_FAKE_EMBEDDER": "1"},
        check=False,
    )
    assert child.returncode == -signal.SIGKILL
    (listed,) = shown(services)
    swapped = moment in ("swapped", "putting away")
    assert (listed.id, listed.name) == (old.id, "new.pdf" if swapped else "corvane.pdf")
    assert len(notes_of(services, old.id, "verified", "stale")) == noted
    assert everywhere(services) == {old.id}
    clock = tmp_path / "clock"
    clock.write_text(str(ingest.LEASE_S + 1))
    monkeypatch.setenv("STC_FAKE_CLOCK", str(clock))
    ingest.process_pending(services)
    (listed,) = shown(services)
    assert (listed.name, listed.being_replaced) == ("new.pdf", False)
    assert pages_of(services, old.id) == [HARBOUR, FERRY]
    assert files(services) == {listed.content_hash}
    with services.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM documents").scalar_one() == 1
    assert sound(services) == []


def test_bytes_on_their_way_out_may_come_in_again(services, monkeypatch):
    old = add(services, [HARBOUR])
    with monkeypatch.context() as patch:
        patch.setattr(replacing, "put_away", lambda services: None)
        add(services, [LIGHT], replaces=old.id)
    again = add(services, [HARBOUR], "again.pdf")
    assert again.status == "ready"
    replacing.put_away(services)
    assert {document.id for document in shown(services)} == {old.id, again.id}
    assert len(files(services)) == 2
