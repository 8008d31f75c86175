from hypothesis import given
from hypothesis import strategies as st

from stc.chat.context import best_piece, pack
from stc.models import tokens
from stc.words import Hit


def hit(text, *, document="a", page=1, kind="chunk", score=1.0):
    return Hit(kind, f"{document}{page}{text[:8]}", document, page, page, text, tokens.count(text), score, {})


NAMES = {"a": "Annual report.pdf", "b": "Timetable.pdf"}


def test_parts_are_ordered_by_document_and_page_and_stand_verbatim_in_the_text():
    hits = [hit("The third page.", page=3), hit("The first page.", page=1)]
    context = pack(hits, NAMES, question="page", route="chunks", budget=100)
    assert [part.page_start for part in context.parts] == [1, 3]
    assert [part.label for part in context.parts] == [1, 2]
    assert all(part.text in context.text for part in context.parts)
    assert context.tokens == tokens.count(context.text)
    assert "Annual report" not in context.text


def test_names_are_shown_where_there_are_several_documents():
    context = pack([hit("One."), hit("Two.", document="b")], NAMES, question="q", route="chunks", budget=100)
    assert "[1] Annual report.pdf, p. 1" in context.text
    assert "[2] Timetable.pdf, p. 1" in context.text


def test_the_same_text_is_never_read_twice():
    context = pack([hit("Same."), hit("Same.", page=2)], NAMES, question="q", route="chunks", budget=100)
    assert len(context.parts) == 1


def test_nothing_that_fits_is_no_route():
    context = pack([hit("Far too long a sentence for so few tokens.")], NAMES, question="q", route="chunks", budget=3)
    assert (context.route, context.parts, context.text) == ("none", (), "")


def test_what_does_not_fit_is_shortened_to_its_nearest_sentences():
    text = "The weather was fine that day. The ferry leaves at 07:40 from the pier. Nobody complained about the food."
    context = pack([hit(text)], NAMES, question="When does the ferry leave?", route="chunks", budget=22)
    assert context.parts[0].text == "The ferry leaves at 07:40 from the pier."


@given(st.lists(st.text("abc .\n", min_size=1, max_size=200), max_size=8), st.integers(0, 120))
def test_a_budget_is_never_exceeded(texts, budget):
    hits = [hit(text, page=page) for page, text in enumerate(texts, start=1)]
    assert pack(hits, NAMES, question="a b c", route="chunks", budget=budget).tokens <= budget


@given(st.text("ab c.\n", max_size=300), st.integers(-1, 60))
def test_a_piece_is_verbatim_and_within_its_limit(text, limit):
    piece = best_piece(text, "a b", limit)
    assert piece in text
    assert tokens.count(piece) <= max(limit, 0)
