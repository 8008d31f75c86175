"""A question asked of some pages of a document: what is searched, read, reused, quoted and reckoned with."""

import pytest

from stc.chat import generations
from stc.chat.answering import ask, prepare_context, run_baseline
from stc.chat.context import pack
from stc.chat.retrieval import retrieve
from stc.chat.scope import Pages, resolve
from stc.chat.suggesting import follow_ups
from stc.errors import UserError
from stc.sleep import run
from stc.storage import conversations
from stc.storage import documents as document_rows
from stc.words import Evidence, Hit, NoteDraft
from tests.chat.library import add, model
from tests.documents.pdfs import make_pdf
from tests.fakes import ModelServer

FACTS = (
    "The ferry leaves the north pier at 07:40.\nA single ticket costs 4 euros.",
    "The harbour was dug in 1902.\nThe harbour holds 80 boats.",
    "The lighthouse was built in 1911.\nThe lighthouse is 31 metres tall.",
    "The bridge was opened in 1962.\nThe bridge carries two lanes.",
)


@pytest.fixture
def guide(services):
    """The id of a document of four short pages, which one passage holds together."""
    document_id = add(services, "guide.pdf", make_pdf(FACTS))
    with services.database.read() as connection:
        chunks = document_rows.read_chunks(connection, document_id)
    assert any(chunk.page_end > chunk.page_start for chunk in chunks)
    return document_id


def told(question, text, *quotes):
    return NoteDraft("answer", question, text, tuple(Evidence(page, quote) for page, quote in quotes))


def prepare(services, document_id, *drafts):
    assert len(run.adopt(services, document_id, list(drafts), model="m").accepted) == len(drafts)


@pytest.mark.parametrize(
    ("written", "ranges"),
    [
        ("5", ((5, 5),)),
        ("3-7,12", ((3, 7), (12, 12))),
        (" 12, 3 – 7 ", ((3, 7), (12, 12))),
        ("1-3,2-5,6", ((1, 6),)),
    ],
)
def test_pages_are_read_as_people_write_them(written, ranges):
    pages = Pages.parse(written)
    assert pages is not None
    assert pages.ranges == ranges
    assert Pages.parse(str(pages)) == pages


@pytest.mark.parametrize(
    "written", ["0", "7-3", "x", "3-", ",", "1,,2", "-4", "3.5", "٣", "9" * 5_000, "1," * 400 + "1"]
)
def test_what_names_no_pages_is_told_how_to_name_them(written):
    with pytest.raises(UserError, match=r"Write them like 5, 3-7 or 3-7,12"):
        Pages.parse(written)


def test_pages_that_are_not_there_and_pages_of_nothing_in_particular_are_refused(services, guide):
    with pytest.raises(UserError, match=r"guide.pdf has 4 pages: there is no page 9"):
        resolve(services, [guide], "3-9")
    with pytest.raises(UserError, match="in one document only"):
        resolve(services, None, "3")
    other = add(services, "other.md", b"# Other\n\nThe mill grinds rye for the whole valley.\n")
    with pytest.raises(UserError, match="in one document only"):
        resolve(services, [guide, other], "3")
    with pytest.raises(UserError, match=r"has 1 page: there is no page 2"):
        resolve(services, [other], "2")


def test_passages_are_cut_at_the_border_of_the_pages(services, guide):
    hits = retrieve(services, "When was the harbour dug?", document_ids=[guide], pages=Pages.parse("2-3"), kind="chunk")
    assert {page for hit in hits for page in range(hit.page_start, hit.page_end + 1)} == {2, 3}
    text = "\n".join(hit.text for hit in hits)
    assert "1902" in text
    assert "31 metres" in text
    assert "ticket" not in text
    assert "bridge" not in text


def test_pages_apart_leave_a_gap_in_their_passage(services, guide):
    hits = retrieve(services, "harbour or bridge", document_ids=[guide], pages=Pages.parse("2,4"), kind="chunk")
    text = "\n\n".join(hit.text for hit in hits)
    assert "80 boats.\n\nThe bridge" in text
    assert "lighthouse" not in text


def test_only_notes_whose_whole_evidence_lies_on_the_pages_are_found(services, guide):
    quotes = (2, "The harbour was dug in 1902."), (4, "The bridge was opened in 1962.")
    prepare(
        services,
        guide,
        told("When was the harbour dug?", "In 1902.", quotes[0]),
        told("When were the harbour and the bridge made?", "The harbour in 1902 and the bridge in 1962.", *quotes),
    )

    def found(pages):
        return len(retrieve(services, "harbour 1902", document_ids=[guide], pages=Pages.parse(pages), kind="note"))

    assert (found("2"), found("4"), found("2,4"), found("1,3"), found("")) == (1, 0, 2, 0, 2)


def test_a_prepared_answer_from_another_page_is_not_given(services, guide):
    prepare(services, guide, told("When was the harbour dug?", "In 1902.", (2, "The harbour was dug in 1902.")))
    question = "When was the harbour dug?"
    assert ask(services, question, document_ids=[guide], pages="1-2").route == "reused"
    elsewhere = ask(services, question, document_ids=[guide], pages="3-4")
    assert elsewhere.route != "reused"
    assert "1902" not in elsewhere.text
    assert all(hit.page_start >= 3 for hit in elsewhere.nearest)


@pytest.mark.parametrize("route", ["chunks", "notes+chunks", "document"])
def test_no_context_holds_a_word_of_another_page(services, guide, route):
    prepare(services, guide, told("When was the bridge opened?", "In 1962.", (4, "The bridge was opened in 1962.")))
    context = prepare_context(services, "When was the bridge opened?", document_ids=[guide], pages="3", route=route)
    assert "lighthouse" in context.text
    assert "bridge" not in context.text
    assert "harbour" not in context.text
    assert {(part.page_start, part.page_end) for part in context.parts} == {(3, 3)}
    assert "asked of p. 3 only" in context.reasons


def test_passages_that_were_cut_to_pages_apart_are_two_parts():
    cut = [
        Hit("chunk", f"d-{page}", "d", page, page, f"Something is said on page {page}.", 7, 0.5, {}) for page in (1, 3)
    ]
    context = pack(cut, {"d": "d"}, question="?", route="chunks", budget=100, ordinals={"d-1": 0, "d-3": 1})
    assert [(part.page_start, part.page_end) for part in context.parts] == [(1, 1), (3, 3)]


def test_a_quote_is_not_cited_from_a_page_between_those_asked(services):
    shared = "The ferry leaves the north pier at 07:40."
    document = add(services, "twice.pdf", make_pdf(["The mill grinds rye.", shared, f"The shed is red.\n{shared}"]))
    answer = ask(services, "When does the ferry leave the north pier?", document_ids=[document], pages="1,3")
    assert [citation.page for citation in answer.citations] == [3]


def test_the_baselines_read_the_same_pages(services, guide):
    question = "How tall is the lighthouse?"
    whole = ask(services, question, document_ids=[guide])
    some = ask(services, question, document_ids=[guide], pages="3")
    assert some.text == whole.text
    assert some.baselines["document"].input_tokens < whole.baselines["document"].input_tokens / 2
    assert some.baselines["chunks"].input_tokens < whole.baselines["chunks"].input_tokens


def test_a_baseline_that_is_run_reads_the_pages_that_were_asked(services, guide):
    with ModelServer() as server:
        model(services, server)
        answer = ask(services, "How tall is the lighthouse?", document_ids=[guide], pages="3")
        run_baseline(services, answer, "document", stop=generations.threading.Event())
    assert answer.pages == "3"
    assert len(server.requests) == 2
    assert all("31 metres" in str(sent) and "harbour" not in str(sent) for sent in server.requests)


def test_a_chat_and_its_answers_remember_their_pages(services, guide):
    chat = generations.new_conversation(services, "Harbour", [guide], "2")
    answer = ask(services, "When was the harbour dug?", document_ids=[guide], pages=" 2 ", conversation_id=chat)
    with services.database.read() as connection:
        (kept,) = conversations.list_all(connection, services.owner)
        assert kept["pages"] == "2"
        assert conversations.answers_of(connection, services.owner, chat)[0].pages == answer.pages == "2"


def test_questions_offered_after_an_answer_stay_on_its_pages(services, guide):
    prepare(
        services,
        guide,
        told("How many boats does the harbour hold?", "80 boats.", (2, "The harbour holds 80 boats.")),
        told("How tall is the lighthouse?", "31 metres.", (3, "The lighthouse is 31 metres tall.")),
    )
    answer = ask(services, "When was the harbour dug?", document_ids=[guide], pages="2", route="chunks")
    assert [each.question for each in follow_ups(services, answer, ())] == ["How many boats does the harbour hold?"]
