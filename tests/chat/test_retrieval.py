import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stc.chat.retrieval import retrieve
from stc.documents import ingest
from stc.errors import UserError
from stc.services import Services
from stc.sleep.passes import add_notes
from stc.storage import documents as document_rows
from stc.storage import notes as note_rows
from stc.words import Evidence, Note

FERRY = """The ferry leaves the north pier at 07:40 on weekdays. A single ticket costs 4 euros and 20 cents.

In winter the harbour freezes, and the boats stay in the shed.
"""
LIGHTHOUSE = "The lighthouse was built in 1911 by Anna Lindqvist. It is 31 metres tall and was painted red.\n"


def add(services, name, text):
    received = ingest.receive(services, name, io.BytesIO(text.encode()))
    assert ingest.process(services, received.document_id).status == "ready"
    return received.document_id


@pytest.fixture
def ferry(services):
    return add(services, "ferry.txt", FERRY)


@pytest.fixture
def lighthouse(services):
    return add(services, "lighthouse.txt", LIGHTHOUSE)


def add_note(services, document_id, note_id, question, text, *, pages=(1,), status="verified"):
    evidence = tuple(Evidence(page, "a quote") for page in pages)
    note = Note(
        note_id, services.owner, document_id, None, "answer", question, text, None, evidence, status, "extractive", "", 9, 0, 1.0
    )  # fmt: skip
    with services.database.write() as connection:
        vector = services.embedder.encode([f"{question}\n{text}"])
        add_notes(connection, document_id, [note], vector, services.embedder.name)


def test_the_passage_that_answers_comes_first_and_says_why(services, ferry, lighthouse):
    best, *others = retrieve(services, "Who built the lighthouse?")
    assert best.document_id == lighthouse
    assert "Anna Lindqvist" in best.text
    assert (best.kind, best.page_start, best.page_end) == ("chunk", 1, 1)
    assert set(best.signals) == {"words", "meaning", "sentence", "order", "document"}
    assert all(0 <= value <= 1.0001 for value in best.signals.values())
    assert all(other.score < best.score for other in others)


def test_a_passage_is_found_that_does_not_repeat_which_document_is_meant(services):
    reports = {}
    for place in ("Alton", "Soledad", "Latrobe", "Wausau", "Houston", "Tallahassee"):
        first = f"This report is about the accident at {place}. It was written in spring and read by many people.\n"
        filler = "\n\n".join(
            f"The weather office of the region wrote line {n} of its own log on that day." for n in range(60)
        )
        reports[place] = add(
            services, f"{place}.txt", f"{first}\n\n{filler}\n\nThe temperature was {len(place)} degrees.\n"
        )
    for place, document_id in reports.items():
        hits = retrieve(services, f"What was the temperature at the accident of {place}?", kind="chunk", limit=5)
        assert any(hit.document_id == document_id and "temperature was" in hit.text for hit in hits)


def test_another_form_of_a_word_counts_as_the_word_in_a_sentence(services):
    add(services, "pier.txt", "The departures stand on a board at the pier.\n")
    same = retrieve(services, "Where do departures stand?", kind="chunk")[0].signals
    other = retrieve(services, "Where do departing boats stand?", kind="chunk")[0].signals
    unknown = retrieve(services, "Where do painted boats stand?", kind="chunk")[0].signals
    assert same["sentence"] > other["sentence"] > unknown["sentence"]
    assert other["words"] == pytest.approx(unknown["words"], abs=0.01)


def test_one_document_alone_is_not_told_from_others(services, ferry):
    assert "document" not in retrieve(services, "When does the ferry leave?")[0].signals


def test_scores_can_be_compared_between_questions(services, ferry, lighthouse):
    fitting = retrieve(services, "When does the ferry leave the north pier?")[0].score
    foreign = retrieve(services, "Which enzyme splits lactose in winter?")[0].score
    assert fitting > 2 * foreign


def test_only_documents_in_scope_are_found(services, ferry, lighthouse):
    assert {hit.document_id for hit in retrieve(services, "ferry lighthouse")} == {ferry, lighthouse}
    assert {hit.document_id for hit in retrieve(services, "ferry lighthouse", document_ids=[ferry])} == {ferry}
    assert retrieve(services, "ferry", document_ids=[]) == []


def test_an_unknown_document_is_named_in_words(services, ferry):
    ingest.remove(services, ferry)
    with pytest.raises(UserError, match="may have been deleted"):
        retrieve(services, "ferry", document_ids=[ferry])
    assert retrieve(services, "ferry") == []


def test_documents_of_another_owner_are_never_found(services, ferry):
    other = Services(services.storage, owner="somebody")
    theirs = add(other, "theirs.txt", "The ferry of somebody else leaves the north pier at noon.\n")
    assert {hit.document_id for hit in retrieve(services, "ferry north pier")} == {ferry}
    assert {hit.document_id for hit in retrieve(other, "ferry north pier")} == {theirs}
    with pytest.raises(UserError):
        retrieve(services, "ferry", document_ids=[theirs])
    other.close()


def test_documents_that_are_not_ready_are_never_found(services, ferry, lighthouse):
    with services.database.write() as connection:
        document_rows.change(connection, ferry, status="embedding")
    assert {hit.document_id for hit in retrieve(services, "ferry lighthouse")} == {lighthouse}
    assert retrieve(services, "ferry", document_ids=[ferry]) == []


def test_a_note_is_found_by_its_question_and_points_to_its_evidence(services, ferry):
    add_note(services, ferry, "n1", "What does a ticket cost?", "4 euros and 20 cents.", pages=(3, 2))
    hit = retrieve(services, "What does a ticket cost?", kind="note")[0]
    assert (hit.kind, hit.id, hit.page_start, hit.page_end) == ("note", "n1", 2, 3)
    assert hit.text == "What does a ticket cost?\n4 euros and 20 cents."
    assert {hit.kind for hit in retrieve(services, "What does a ticket cost?")} == {"chunk", "note"}
    assert {hit.kind for hit in retrieve(services, "What does a ticket cost?", kind="chunk")} == {"chunk"}


def test_notes_that_are_hidden_or_out_of_date_are_never_found(services, ferry):
    add_note(services, ferry, "n1", "What does a ticket cost?", "4 euros.", status="stale")
    add_note(services, ferry, "n2", "What does a ticket cost then?", "4 euros.")
    with services.database.write() as connection:
        note_rows.set_status(connection, services.owner, "n2", "hidden")
    assert retrieve(services, "What does a ticket cost?", kind="note") == []


def test_no_more_hits_than_asked_for(services):
    for i in range(5):
        add(services, f"{i}.txt", f"Report {i}: the ferry number {i} was painted.\n")
    assert len(retrieve(services, "ferry painted", limit=3)) == 3
    assert retrieve(services, "ferry painted", limit=0) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.text(max_size=80))
def test_any_question_can_be_searched_for(services, lighthouse, question):
    assert len(retrieve(services, question, document_ids=[lighthouse])) <= 1


@pytest.mark.parametrize("question", ["who was it", "?!", 'AND OR NOT "', "lighthouse " * 5_000])
def test_odd_questions_are_searched_for_too(services, lighthouse, question):
    assert len(retrieve(services, question)) <= 1


def test_a_passage_is_found_by_a_question_that_belongs_to_it_and_says_what_it_owes_to_it(services, ferry, lighthouse):
    question = "Which architect drew the tower by the sea?"
    with services.database.read() as connection:
        (passage,) = document_rows.read_chunks(connection, lighthouse)
    before = next(hit for hit in retrieve(services, question, kind="chunk") if hit.id == passage.id)
    note = Note(
        "n1", services.owner, lighthouse, None, "answer", question, "Anna Lindqvist", None,
        (Evidence(1, "built in 1911 by Anna Lindqvist", passage.id),), "verified", "extractive", "", 9, 0, 1.0,
    )  # fmt: skip
    with services.database.write() as connection:
        vector = services.embedder.encode([question])
        add_notes(connection, lighthouse, [note], vector, services.embedder.name)
    after = retrieve(services, question, kind="chunk")[0]
    assert after.id == passage.id
    assert after.score > before.score + 0.1
    assert after.signals["asked"] > 0.1
    assert "asked" not in before.signals
    with services.database.write() as connection:
        note_rows.set_status(connection, services.owner, "n1", "hidden")
    assert "asked" not in retrieve(services, question, kind="chunk")[0].signals
