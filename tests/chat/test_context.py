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


PARAGRAPH = (
    "The harbour was dug by hand over many years. Its stones came from the hill behind the church. "
    "The ferry leaves at 07:40 from the north pier. Nobody complained about the food on board."
)


def test_sentences_of_several_passages_come_before_the_rest_of_the_best_one():
    best = hit(PARAGRAPH, page=1, score=1.0)
    second = hit("Cats sleep on the quay. On Sundays the ferry leaves at 09:10 from the north pier.", page=2, score=0.9)
    context = pack([best, second], NAMES, question="When does the ferry leave?", route="chunks", budget=50)
    assert [part.text for part in context.parts] == [
        "The ferry leaves at 07:40 from the north pier.",
        "On Sundays the ferry leaves at 09:10 from the north pier.",
    ]


def test_sentences_left_out_leave_a_blank_line():
    text = (
        "The ferry leaves at 07:40. "
        + "Nothing else is worth a word here at all, not even this. " * 3
        + "The ferry waits."
    )
    context = pack([hit(text)], NAMES, question="When does the ferry leave and wait?", route="chunks", budget=24)
    assert context.parts[0].text == "The ferry leaves at 07:40.\n\nThe ferry waits."


def test_passages_stay_whole_where_all_of_them_fit():
    hits = [hit(PARAGRAPH, page=1), hit("Short.\n\n  Indented.", page=2)]
    context = pack(hits, NAMES, question="ferry", route="chunks", budget=200)
    assert [part.text for part in context.parts] == [PARAGRAPH, "Short.\n\n  Indented."]


def test_a_sentence_that_two_passages_share_is_read_once():
    first = hit("One goes here alone. The ferry leaves at 07:40.", page=1)
    second = hit("The ferry leaves at 07:40. Two stands there alone, and is longer than the rest.", page=2)
    context = pack([first, second], NAMES, question="When does the ferry leave?", route="chunks", budget=34)
    assert context.text.count("07:40") == 1


def test_notes_come_before_passages():
    note = hit("When does the ferry leave?\nAt 07:40.", kind="note", page=2)
    context = pack(
        [note, hit(PARAGRAPH, page=1)], NAMES, question="When does the ferry leave?", route="notes+chunks", budget=30
    )
    assert note.text in context.text


@given(st.lists(st.text("abc .\n", min_size=1, max_size=200), max_size=8), st.integers(0, 120))
def test_what_is_packed_of_a_passage_stands_in_it(texts, budget):
    hits = [hit(text, page=page) for page, text in enumerate(texts, start=1)]
    context = pack(hits, NAMES, question="a b c", route="chunks", budget=budget)
    for part in context.parts:
        source = texts[part.page_start - 1]
        assert part.text == source or all(run in source for run in part.text.split("\n\n"))


# One part per text


QUOTE = "The ferry leaves at 07:40 from the north pier."
ASKED = "When does the ferry leave?"


def quoting(hit, there):
    """Return a note of the form question, answer, quotes without the quotes that stand in a text."""
    first, *quotes = hit.text.split("\n")
    own = [quote for quote in quotes if quote.strip("“”") not in there]
    return "\n".join([first, *own]) if own else ""


def test_a_quote_that_stands_in_a_packed_passage_leaves_its_note():
    note = hit(f"Ferries run at 07:40.\n“{QUOTE}”\n“Cats sleep on the quay.”", kind="note", page=1)
    context = pack(
        [note, hit(PARAGRAPH, page=1)], NAMES, question=ASKED, route="notes+chunks", budget=200, shortened=quoting
    )
    assert [(part.kind, part.text) for part in context.parts] == [
        ("note", "Ferries run at 07:40.\n“Cats sleep on the quay.”"),
        ("chunk", PARAGRAPH),
    ]


def test_a_note_that_says_nothing_beside_the_passage_is_left_out():
    note = hit(f"Ferries run at 07:40.\n“{QUOTE}”", kind="note", page=1)
    context = pack(
        [note, hit(PARAGRAPH, page=1)], NAMES, question=ASKED, route="notes+chunks", budget=200, shortened=quoting
    )
    assert [part.kind for part in context.parts] == ["chunk"]


def test_a_sentence_that_a_packed_note_quotes_makes_room_for_another():
    note = hit(f"Ferries run at 07:40.\n“{QUOTE}”", kind="note", page=1)
    second = hit("Cats sleep on the quay. On Sundays the ferry leaves at 09:10 from the north pier.", page=2, score=0.9)
    hits = [note, hit(PARAGRAPH, page=1), second]
    context = pack(hits, NAMES, question=ASKED, route="notes+chunks", budget=60, shortened=quoting)
    assert context.text.count("07:40 from the north pier") == 1
    assert "09:10" in context.text


def test_two_notes_quote_a_sentence_once():
    notes = [hit(f"{said}\n“{QUOTE}”\n“{said} It is sure.”", kind="note") for said in ("First.", "Second.")]
    context = pack(notes, NAMES, question=ASKED, route="notes", budget=200, shortened=quoting)
    assert context.text.count(QUOTE) == 1
    assert len(context.parts) == 2


def test_passages_that_follow_on_one_another_are_one_part():
    first, second, third = hit("It begins here.", page=1), hit("It goes on.", page=2), hit("Far away.", page=9)
    places = {first.id: 4, second.id: 5, third.id: 9}
    context = pack([third, second, first], NAMES, question=ASKED, route="chunks", budget=100, ordinals=places)
    assert [(part.id, part.page_start, part.page_end, part.text) for part in context.parts] == [
        (first.id, 1, 2, "It begins here.\nIt goes on."),
        (third.id, 9, 9, "Far away."),
    ]
    assert context.text.startswith("[1] pp. 1-2\nIt begins here.")
    assert [part.label for part in context.parts] == [1, 2]


def test_passages_of_two_documents_are_never_one_part():
    first, second = hit("It begins here.", document="a"), hit("It goes on.", document="b")
    places = {first.id: 0, second.id: 1}
    assert len(pack([first, second], NAMES, question="q", route="chunks", budget=100, ordinals=places).parts) == 2


def test_what_is_left_out_between_two_passages_leaves_a_blank_line():
    first = hit("The ferry leaves at 07:40. " + "Nothing else is worth a word here at all, not even this. " * 3, page=1)
    second = hit("Boats wait for no ferry. " + "And here there is nothing to be said of it either, really. " * 3)
    places = {first.id: 0, second.id: 1}
    context = pack(
        [first, second], NAMES, question="When does the ferry leave?", route="chunks", budget=30, ordinals=places
    )
    assert [part.text for part in context.parts] == ["The ferry leaves at 07:40.\n\nBoats wait for no ferry."]


def test_passages_of_a_page_stand_in_their_order():
    hits = [hit("The end."), hit("The beginning.")]
    context = pack(hits, NAMES, question="q", route="chunks", budget=50, ordinals={hits[0].id: 7, hits[1].id: 2})
    assert [part.text for part in context.parts] == ["The beginning.", "The end."]


@given(
    st.lists(st.tuples(st.booleans(), st.text("abc .\n", min_size=1, max_size=200)), max_size=8), st.integers(0, 120)
)
def test_a_budget_holds_with_notes_and_neighbours_and_no_note_is_read_twice(texts, budget):
    hits = [
        hit(text, page=page, kind="note" if noted else "chunk") for page, (noted, text) in enumerate(texts, start=1)
    ]
    hits.sort(key=lambda one: one.kind != "note")

    def shortened(note, there):
        return "" if " ".join(note.text.split()) in " ".join(there.split()) else note.text

    context = pack(
        hits,
        NAMES,
        question="a b c",
        route="notes+chunks",
        budget=budget,
        ordinals={one.id: one.page_start for one in hits if one.kind == "chunk"},
        shortened=shortened,
    )
    assert context.tokens <= budget
    assert [part.label for part in context.parts] == list(range(1, len(context.parts) + 1))
    passages = [" ".join(part.text.split()) for part in context.parts if part.kind == "chunk"]
    for part in context.parts:
        assert part.kind == "chunk" or not any(" ".join(part.text.split()) in passage for passage in passages)


def test_passages_that_follow_on_one_another_are_one_part_only_as_far_as_a_reader_can_look_there():
    hits = [hit(f"Page {page} tells of the ferry.", page=page) for page in range(1, 41)]
    places = {one.id: one.page_start for one in hits}
    context = pack(hits, NAMES, question=ASKED, route="chunks", budget=3000, ordinals=places)
    assert [(part.page_start, part.page_end) for part in context.parts[:2]] == [(1, 3), (4, 6)]
    assert max(part.page_end - part.page_start for part in context.parts) == 2
    assert all(f"Page {page} tells" in context.text for page in range(1, 41))


def test_a_part_of_one_page_has_a_longest_length():
    hits = [hit(f"{number:02} ferries leave at noon. " * 20, page=1) for number in range(12)]
    places = {one.id: number for number, one in enumerate(hits)}
    context = pack(hits, NAMES, question=ASKED, route="chunks", budget=3000, ordinals=places)
    assert 1 < len(context.parts) < len(hits)
    assert max(part.tokens for part in context.parts) <= 810, "800 and the line breaks between the passages"


def test_a_passage_that_is_longer_by_itself_stays_whole():
    long = hit("The ferry leaves at noon. " * 200, page=1)
    wide = Hit("chunk", "wide", "a", 2, 9, "The ferry waits.", 4, 1.0, {})
    context = pack([long, wide], NAMES, question=ASKED, route="chunks", budget=3000, ordinals={long.id: 0, wide.id: 1})
    assert [part.text for part in context.parts] == [long.text, wide.text]


@given(st.lists(st.integers(1, 60), min_size=1, max_size=8), st.integers(20, 1500))
def test_a_budget_holds_where_parts_end_at_their_longest(sizes, budget):
    hits = [
        hit(f"Ferry {number}. " + "It leaves at noon. " * size, page=number // 2 + 1)
        for number, size in enumerate(sizes)
    ]
    places = {one.id: number for number, one in enumerate(hits)}
    context = pack(hits, NAMES, question=ASKED, route="chunks", budget=budget, ordinals=places)
    assert context.tokens <= budget
