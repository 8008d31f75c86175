"""Every verb that takes an id, with the ids of somebody else: as if there were no such thing. A new verb must be listed."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
import json
import pkgutil
from types import SimpleNamespace

import pytest

import stc
from stc import background
from stc.access import people
from stc.chat import answering, generations, rating, retrieval, scope, suggesting
from stc.documents import ingest, retrying, sharing
from stc.errors import UserError
from stc.services import Services
from stc.sleep import facts, notebook, run
from stc.storage import conversations as conversation_rows
from stc.storage import notes as note_rows
from stc.ui import library, meter
from tests.access.conftest import GOOD

SECRET = "The patient of room 41 is called Xaver Quill and was born in 1949."

NO_IDS = {
    "stc.access.entering": "who comes in: the token or code says who",
    "stc.access.limits": "about the person who asks",
    "stc.access.people": "admins only: tests/access/test_people.py",
    "stc.access.rights": "the rule itself",
    "stc.background.start": "the server's own",
    "stc.background.stop": "the server's own",
    "stc.background.running": "the server's own",
    "stc.background.health": "the server's own; tells nothing of anybody's",
    "stc.background.preparing": "what this person asked for",
    "stc.ui.preparing": "draws what run and background give",
    "stc.ui.adding": "draws what ingest and retrying give",
    "stc.ui.reader": "draws what library.page gives",
    "stc.ui.gate": "tests/access/test_gate.py",
    "stc.ui.prices": "admins only",
    "stc.ui.opened": "draws documents that library gave",
    "stc.ui.answers": "draws answers that library gave",
    "stc.ui.checking": "draws books that library gave",
    "stc.ui.second_try": "draws what retrying gives",
    "stc.ui.meter.show": "draws an answer that library gave",
    "stc.chat.calls": "sends what answering has put together",
    "stc.chat.counting": "reckons with what answering has found",
    "stc.chat.answering.run_baseline": "of shadowing, with an answer of the person",
    "stc.chat.generations.end_orphans": "the server's own",
    "stc.chat.retrieval.question_vector": "takes no id",
    "stc.chat.finding": "finds in a scope that scope.resolve gave",
    "stc.sleep.passes": "carries out what facts.gather has planned",
    "stc.sleep.calling": "of a pass",
    "stc.sleep.directing": "of a pass",
    "stc.sleep.thinking": "of a pass",
    "stc.sleep.shadowing": "takes no ids",
    "stc.sleep.scheduler": "takes no ids",
    "stc.doctor": "the shell's",
    "stc.sample": "adds a document of one's own",
    "stc.documents.ingest.enter": "of receive and retrying, which are below",
    "stc.documents.ingest.process_pending": "the server's own: reads what anybody has added, for them",
    "stc.documents.ingest.settle": "files that no document has",
    "stc.documents.retrying.process_aside": "the server's own, like process_pending",
    "stc.ui.library.may_change": "the rule itself",
    "stc.documents.replacing": "of ingest, whose verbs are below",
}
"""Modules and verbs that take no id from a person, each with why."""


def refused(act) -> None:
    with pytest.raises(UserError) as error:
        list(act() or ())
    assert "Quill" not in str(error.value)
    assert "letter" not in str(error.value)


def nothing(act) -> None:
    assert not act()


def unchanged(act) -> None:
    """For what says nothing of what it did not do; what is there is compared at the end."""
    with contextlib.suppress(UserError):
        act()


ATTEMPTS = {
    "stc.background.prepare_now": (unchanged, lambda s, t: background.prepare_now(s, [t.document])),
    "stc.chat.answering.ask": (
        refused,
        lambda s, t: answering.ask(s, "What is the patient called?", document_ids=[t.document]),
    ),
    "stc.chat.answering.prepare_context": (
        refused,
        lambda s, t: answering.prepare_context(s, "What is the patient called?", document_ids=[t.document]),
    ),
    "stc.chat.generations.start": (
        refused,
        lambda s, t: generations.start(s, "What is the patient called?", conversation_id=t.conversation),
    ),
    "stc.chat.generations.new_conversation": (
        unchanged,
        lambda s, t: answering.ask(
            s, "Who?", conversation_id=generations.new_conversation(s, "Who?", [t.document]), document_ids=[t.document]
        ),
    ),
    "stc.chat.rating.rate": (unchanged, lambda s, t: rating.rate(s, t.answer, -1)),
    "stc.chat.retrieval.retrieve": (
        refused,
        lambda s, t: retrieval.retrieve(s, "patient of room 41", document_ids=[t.document]),
    ),
    "stc.chat.retrieval.retrieve_each": (
        refused,
        lambda s, t: retrieval.retrieve_each(s, "patient", document_ids=[t.document], limits={"chunk": 5}),
    ),
    "stc.chat.scope.resolve": (refused, lambda s, t: scope.resolve(s, [t.document])),
    "stc.chat.suggesting.follow_ups": (nothing, lambda s, t: suggesting.follow_ups(s, t.answer_itself, [])),
    "stc.documents.ingest.process": (refused, lambda s, t: ingest.process(s, t.document)),
    "stc.documents.ingest.receive": (
        refused,
        lambda s, t: ingest.receive(s, "x.md", io.BytesIO(b"# Other\n\ntext"), replaces=t.document),
    ),
    "stc.documents.ingest.remove": (nothing, lambda s, t: ingest.remove(s, t.document)),
    "stc.documents.ingest.replace_by": (refused, lambda s, t: ingest.replace_by(s, t.document, t.own)),
    "stc.documents.retrying.dismiss": (unchanged, lambda s, t: retrying.dismiss(s, [t.failure])),
    "stc.documents.retrying.read_pictures": (unchanged, lambda s, t: retrying.read_pictures(s, t.document, "eng")),
    "stc.documents.retrying.try_again": (refused, lambda s, t: retrying.try_again(s, t.failure) and ()),
    "stc.documents.sharing.share": (refused, lambda s, t: sharing.share(s, t.document)),
    "stc.documents.sharing.unshare": (refused, lambda s, t: sharing.unshare(s, t.document)),
    "stc.sleep.facts.gather": (refused, lambda s, t: facts.gather(s, [t.document]) and ()),
    "stc.sleep.notebook.bring_in": (
        unchanged,
        lambda s, t: list(
            notebook.bring_in(s, ['{"question": "q", "text": "t", "evidence": []}'], document_id=t.document)
        ),
    ),
    "stc.sleep.notebook.hide": (refused, lambda s, t: notebook.hide(s, t.note)),
    "stc.sleep.notebook.unhide": (refused, lambda s, t: notebook.unhide(s, t.note)),
    "stc.sleep.notebook.take_out": (refused, lambda s, t: notebook.take_out(s, [t.document])),
    "stc.sleep.run.adopt": (refused, lambda s, t: run.adopt(s, t.document, [], model="m") and ()),
    "stc.sleep.run.dry_run": (refused, lambda s, t: run.dry_run(s, [t.document])),
    "stc.sleep.run.history": (nothing, lambda s, t: run.history(s, document_id=t.document)),
    "stc.sleep.run.prepare_again": (refused, lambda s, t: run.prepare_again(s, t.document)),
    "stc.sleep.run.purge": (refused, lambda s, t: run.purge(s, t.document)),
    "stc.sleep.run.sleep_now": (refused, lambda s, t: run.sleep_now(s, [t.document])),
    "stc.ui.library.answer": (nothing, lambda s, t: library.answer(s, t.answer)),
    "stc.ui.library.answers": (nothing, lambda s, t: library.answers(s, t.conversation)),
    "stc.ui.library.change_document": (refused, lambda s, t: library.change_document(s, t.document, name="x")),
    "stc.ui.library.count_open": (unchanged, lambda s, t: library.count_open(s, t.document)),
    "stc.ui.library.delete_conversation": (unchanged, lambda s, t: library.delete_conversation(s, t.conversation)),
    "stc.ui.library.document": (nothing, lambda s, t: library.document(s, t.document)),
    "stc.ui.library.exported_conversation": (
        nothing,
        lambda s, t: library.exported_conversation(s, t.conversation, "json"),
    ),
    "stc.ui.library.follow_ups": (nothing, lambda s, t: library.follow_ups(s, t.answer_itself, [])),
    "stc.ui.library.page": (nothing, lambda s, t: library.page(s, t.document, 1)),
    "stc.ui.library.rate": (unchanged, lambda s, t: library.rate(s, t.answer, -1)),
    "stc.ui.library.rename_conversation": (unchanged, lambda s, t: library.rename_conversation(s, t.conversation, "x")),
    "stc.ui.library.scope_conversation": (unchanged, lambda s, t: library.scope_conversation(s, t.conversation, [])),
    "stc.ui.library.some_notes": (nothing, lambda s, t: library.some_notes(s, t.document)),
    "stc.ui.library.tally_notes": (nothing, lambda s, t: library.tally_notes(s, t.document)),
}
LISTS = {
    "stc.sleep.run.status": lambda s: run.status(s),
    "stc.sleep.run.while_away": lambda s: run.while_away(s, 0.0),
    "stc.ui.library.documents": library.documents,
    "stc.ui.library.arriving": library.arriving,
    "stc.ui.library.conversations": library.conversations,
    "stc.ui.library.failures": library.failures,
    "stc.ui.library.shared_costs": library.shared_costs,
    "stc.ui.library.away_since": library.away_since,
    "stc.ui.library.consent_wanted": library.consent_wanted,
    "stc.ui.library.file_arrived": library.file_arrived,
    "stc.ui.meter.books": lambda s: meter.books(s),
    "stc.ui.meter.checks": lambda s: meter.checks(s),
    "stc.ui.meter.note_use": lambda s: meter.note_use(s),
    "stc.sleep.facts.spent": lambda s: facts.spent(s, 0.0),
    "stc.sleep.facts.spent_today": lambda s: facts.spent_today(s, 0.0),
}


@pytest.fixture
def somebody(services):
    people.add(services, "Anna", admin=True, password=GOOD)
    return services.of(people.find(services, "Anna"))


@pytest.fixture(params=["member", "admin"])
def stranger(request, services, somebody):
    people.add(services, "Eve", admin=request.param == "admin", password=GOOD)
    return services.of(people.find(services, "Eve"))


@pytest.fixture
def theirs(somebody, stranger):
    """Anna's things, by their ids, and a document of Eve's own."""

    def add(services, name, text):
        received = ingest.receive(services, name, io.BytesIO(text.encode()))
        ingest.process(services, received.document_id)
        return received.document_id

    document = add(somebody, "letter.md", f"# Letter\n\n{SECRET}\n")
    line = {"question": "Who is in room 41?", "text": "Xaver Quill.", "evidence": [{"page": 1, "quote": SECRET}]}
    (brought,) = notebook.bring_in(somebody, [json.dumps(line)], document_id=document)
    assert brought.status == "added", brought.error
    chat = generations.new_conversation(somebody, "What is the patient called?", [document])
    answer = answering.ask(somebody, "What is the patient of room 41 called?", conversation_id=chat)
    with pytest.raises(UserError):
        ingest.receive(somebody, "letter two.md", io.BytesIO(b""))
    with somebody.database.read() as connection:
        (note, *_) = note_rows.of_document(connection, document)
    (failure,) = library.failures(somebody)
    own = add(stranger, "own.md", "# Own\n\nThe bridge is 40 metres long.\n")
    return SimpleNamespace(
        document=document, note=note.id, conversation=chat, answer=answer.id, answer_itself=answer,
        failure=failure["id"], own=own,
    )  # fmt: skip


def seen(services, theirs) -> tuple:
    """Return all that Anna sees of her own; reading changes nothing of it."""
    with services.database.read() as connection:
        return (
            library.document(services, theirs.document),
            library.page(services, theirs.document, 1),
            note_rows.of_document(connection, theirs.document, statuses=("verified", "stale", "hidden")),
            conversation_rows.list_all(connection, services.owner),
            conversation_rows.answers_of(connection, services.owner, theirs.conversation),
            library.failures(services),
            meter.books(services),
        )


def test_no_verb_gives_or_changes_what_is_somebody_else_s(somebody, stranger, theirs):
    before = seen(somebody, theirs)
    for name, (how, act) in ATTEMPTS.items():
        try:
            how(lambda act=act: act(stranger, theirs))
        except (AssertionError, pytest.fail.Exception) as error:
            raise AssertionError(f"{name} with a stranger's ids") from error
    for name, listed in LISTS.items():
        shown = repr(listed(stranger))
        assert "Quill" not in shown, name
        assert "letter" not in shown, name
    assert seen(somebody, theirs) == before


def test_what_is_unknown_and_what_is_somebody_else_s_read_alike(stranger, theirs):
    unknown = SimpleNamespace(**dict.fromkeys(vars(theirs), "0" * 16) | {"own": theirs.own})
    for name, (how, act) in ATTEMPTS.items():
        if how is not refused:
            continue
        said = []
        for ids in (theirs, unknown):
            with pytest.raises(UserError) as error:
                list(act(stranger, ids) or ())
            for known in vars(ids).values():
                said.append(str(error.value)) if known == ids.own else None
        shown = [text.replace(theirs.document, "ID").replace("0" * 16, "ID") for text in said]
        assert len(set(shown)) == 1, f"{name}: {shown}"


def verbs():
    """Yield the name of every public function whose first argument is the services of a person."""
    for module in pkgutil.walk_packages(stc.__path__, "stc."):
        if ".migrations" in module.name or module.name.startswith(("stc.cli", "stc.__main__")):
            continue
        found = importlib.import_module(module.name)
        for name, function in inspect.getmembers(found, inspect.isfunction):
            if name.startswith("_") or function.__module__ != module.name:
                continue
            first = next(iter(inspect.signature(function).parameters.values()), None)
            if first is not None and str(first.annotation) in ("Services", str(Services)):
                yield f"{module.name}.{name}"


def test_every_verb_is_tried_or_it_is_said_why_not():
    unlisted = [
        verb
        for verb in verbs()
        if verb not in ATTEMPTS and verb not in LISTS and verb not in NO_IDS and verb.rpartition(".")[0] not in NO_IDS
    ]
    assert not unlisted, "try each with a stranger's ids (ATTEMPTS, LISTS), or say why that can't be (NO_IDS)"


def test_no_verb_is_listed_that_is_gone():
    there = set(verbs())
    assert not [name for name in (*ATTEMPTS, *LISTS) if name not in there]
