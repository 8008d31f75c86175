import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stc.documents import chunking
from stc.documents.chunking import LIMIT, chunk, embedded_text
from stc.documents.parsing.cleaning import clean
from stc.models.embedding import FakeEmbedder
from stc.words import Page

count = FakeEmbedder().count_tokens


def crossing(text: str) -> int:
    """Count like a tokenizer whose tokens reach over white space: the parts' counts don't add up to the whole's."""
    return (len(text) + 2) // 3 + text.count("\n") * 2


def pages_of(*texts):
    return [Page(number, text) for number, text in enumerate(texts, start=1)]


def cut(*texts, limit=LIMIT, **options):
    return chunk("d", pages_of(*texts), count, limit=limit, **options)


def prose(sentences, words=12, start=0):
    return " ".join(
        " ".join(["The", *(f"word{(start + i) * words + j}" for j in range(words))]) + "." for i in range(sentences)
    )


def wrap(text, width=80):
    lines, line = [], ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "\n".join([*lines, line])


def check(pages, chunks, counter, limit):
    """Assert all that holds for every text."""
    by_number = {page.number: page.text for page in pages}
    joined = "".join(chunk.text for chunk in chunks)
    assert "".join(joined.split()) == "".join("".join(page.text for page in pages).split())
    last = (0, 0)
    for ordinal, each in enumerate(chunks):
        assert each.ordinal == ordinal
        assert each.text == "\n".join(by_number[span.page][span.start : span.end] for span in each.spans)
        assert each.text.strip()
        assert counter(embedded_text(each)) <= limit or len(each.text) == 1
        assert len(each.heading) <= 120
        assert (each.page_start, each.page_end) == (each.spans[0].page, each.spans[-1].page)
        for span in each.spans:
            assert last <= (span.page, span.start)
            assert span.start < span.end
            last = (span.page, span.end)
    assert len({each.id for each in chunks}) == len(chunks)


PIECES = [
    "word",
    "Title Case Line",
    "ALL CAPITALS",
    "3.2 Results",
    "Age: 67",
    "Chapter IV",
    "# Mark",
    "```",
    "=====",
    "end.",
]
PIECES += ["x" * 300, " ", " ", "\n", "\n", "\n\n", "\t", ". ", "• ", "中文。", "mini-\nmal", "2.3.4\n(01-01-2020)\n"]
PIECES += ["Page 1 of 9\n", "é", "🗼"]
pieces = st.sampled_from(PIECES)
texts = st.lists(st.one_of(pieces, st.text(max_size=20)), max_size=60).map(lambda parts: clean("".join(parts)))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(texts, max_size=5),
    st.sampled_from([count, crossing, len]),
    st.sampled_from([1, 5, 20, 254]),
    st.booleans(),
)
@example(["x" * 3000], count, 20, False)
@example(["", "", "only the third page has text"], count, 254, False)
def test_whatever_the_text_nothing_is_lost_and_every_passage_fits(texts, counter, limit, markdown):
    pages = pages_of(*texts)
    check(pages, chunk("d", pages, counter, limit=limit, markdown=markdown), counter, limit)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=30), min_size=1, max_size=300))
def test_words_are_never_cut(words):
    text = " ".join(words)
    whole = set(text.split())
    for each in cut(text, limit=80):
        assert set(each.text.split()) <= whole


def test_a_word_over_the_limit_is_cut_and_kept():
    base64 = "QUJD" * 2000
    chunks = cut(f"Before. {base64} after.")
    check(pages_of(f"Before. {base64} after."), chunks, count, LIMIT)


def test_a_word_of_a_million_letters_takes_no_time():
    started = time.monotonic()
    chunks = cut("a" * 1_000_000)
    assert sum(len(each.text) for each in chunks) == 1_000_000
    assert time.monotonic() - started < 10


def test_passages_are_near_the_aim():
    lengths = [count(embedded_text(each)) for each in cut(wrap(prose(200)))]
    assert all(120 <= length <= LIMIT for length in lengths[:-1])


def test_no_text_is_no_passage():
    assert cut() == []
    assert cut("", " \n ") == []


def test_wrapped_prose_is_cut_between_sentences():
    for each in cut(wrap(prose(100))):
        assert re.match(r"The\sword", each.text)
        assert each.text.endswith(".")


def test_paragraphs_are_kept_together():
    paragraphs = [prose(4, start=10 * i) for i in range(12)]
    ends = {paragraph[-30:] for paragraph in paragraphs}
    assert all(each.text[-30:] in ends for each in cut("\n\n".join(paragraphs)))


def test_an_abbreviation_or_a_section_number_ends_no_sentence():
    text = " ".join(f"See J. Smith vs. U. S. Steel in Sec. 4.2. Results, no. {i} of all" for i in range(100))
    for each in cut(text):
        assert not re.search(r"(\bJ|\bvs|\bU|\bS|4\.2)\.$", each.text)


def test_lines_of_a_form_stay_whole():
    lines = [f"Label number {i}: value {i} Other label {i}: other value {i}" for i in range(80)]
    for each in cut("\n".join(lines)):
        assert set(each.text.split("\n")) <= set(lines)


def test_a_passage_over_a_page_break_knows_both_pages():
    first = wrap(prose(3)) + "\nand this sentence goes on with many a word until the page ends and"
    second = "on the next page. " + prose(2, start=50)
    (only,) = cut(first, second)
    assert (only.page_start, only.page_end) == (1, 2)
    assert [span.page for span in only.spans] == [1, 2]


def test_page_numbers_are_those_of_the_pages_given():
    (only,) = chunk("d", [Page(7, "some text")], count)
    assert only.page_start == only.page_end == only.spans[0].page == 7


def test_tokens_are_counted_by_the_counter_given():
    (only,) = cut("three plain words", count_tokens=lambda text: 1000 + len(text))
    assert only.tokens == 1017


def headings(*texts, **options):
    return [each.heading for each in cut(*texts, **options)]


def section(title, start):
    return f"{title}\n{wrap(prose(12, start=start))}"


def test_markdown_headings_make_a_path():
    text = f"# Guide\n\n## Setting up\n\n{prose(14)}\n\n## Running\n\n### Fast\n\n{prose(14, start=50)}"
    found = headings(text, markdown=True)
    assert found[0] == "Guide > Setting up"
    assert found[-1] == "Guide > Running > Fast"


def test_a_comment_in_a_code_block_is_no_heading():
    text = f"# Guide\n\n```\n# not a heading\nx = 1\n```\n\n{prose(20)}"
    assert set(headings(text, markdown=True)) == {"Guide"}


def test_an_underlined_line_is_a_heading_in_markdown():
    text = f"Guide\n=====\n\nRunning\n-------\n\n{prose(14)}"
    assert headings(text, markdown=True)[0] == "Guide > Running"


def test_a_number_sign_in_a_plain_text_is_no_heading():
    assert set(headings(f"# is for official use only\n{wrap(prose(14))}")) == {""}


def test_numbered_headings_nest_by_their_numbers():
    text = "\n".join(
        [section("3. Results", 0), section("3.2 Speed", 20), section("3.2.1 On paper", 40), section("3.3 Cost", 60)]
    )
    found = headings(text)
    assert "3.2 Speed" in found
    assert "3.2 Speed > 3.2.1 On paper" in found
    assert found[-1] == "3.3 Cost"


def test_a_word_before_the_number_nests_too():
    text = "\n".join(
        [section("1.1. Care", 0), section("Strategy 1.1.2. Staff", 20), section("Tactic 1.1.2.3. Pay & Leave", 40)]
    )
    assert headings(text)[-1] == "1.1. Care > Strategy 1.1.2. Staff > Tactic 1.1.2.3. Pay & Leave"


def test_chapters_are_headings_and_their_mention_is_none():
    text = f"CHAPTER IV\n\n{prose(12)}\n\nChapter 5 of the Act says so and goes on\nwith it. {prose(12, start=30)}"
    assert set(headings(text)) == {"CHAPTER IV"}


def test_a_section_number_alone_takes_its_title_from_the_lines_below():
    text = f"2.3.59.8\n(01-16-2020)\nCommand Code\nMessage Screens\n(1) {wrap(prose(14))}"
    assert set(headings(text)) == {"2.3.59.8 Command Code Message Screens"}


def test_title_lines_that_stand_alone_are_headings():
    text = f"{wrap(prose(12))}\nProbable Cause and Findings\n{wrap(prose(12, start=30))}"
    assert headings(text)[-1] == "Probable Cause and Findings"


@pytest.mark.parametrize(
    "line",
    [
        "Age: 67",
        "Total 45 50 60",
        "of the Department and Others",
        "States\nTerritories\nTribes\nCommunities",
        "Introduction ............ 12",
        "3.01A Release the Agenda Met",
        "2.5 million people were asked, and",
        "None",
    ],
)
def test_cells_labels_and_lists_are_no_headings(line):
    text = f"{wrap(prose(12))}\nSeat Occupied:\n{line}\n{wrap(prose(12, start=30))}"
    assert set(headings(text)) == {""}


def test_a_label_that_comes_again_and_again_is_no_heading():
    text = "\n".join(f"Performance Indicators\n{wrap(prose(3, start=10 * i))}" for i in range(12))
    assert set(headings(text)) == {""}


def test_headers_and_footers_are_no_headings():
    texts = [
        f"Ministry of Silly Walks\nPage {i}\n{wrap(prose(14, start=20 * i))}\nInternal Manual" for i in range(1, 9)
    ]
    assert set(headings(*texts)) == {""}


def test_a_section_that_begins_below_a_header_begins_with_it():
    topics = ["Apples", "Bridges", "Clouds", "Dams", "Eels", "Ferries"]
    texts = [
        f"Ministry of Silly Walks {i}\n{i}.1 About {topic}\n{wrap(prose(12, start=20 * i))}"
        for i, topic in enumerate(topics, start=1)
    ]
    for each in cut(*texts):
        assert each.heading == f"{each.page_start}.1 About {topics[each.page_start - 1]}"
        assert each.page_start == each.page_end


def test_a_heading_is_never_the_end_of_a_passage():
    text = "\n".join(section(f"{i}.1 Topic number {i}", 20 * i) for i in range(1, 20))
    for each in cut(text):
        assert not re.search(r"Topic number \d+$", each.text)


def test_a_guessed_heading_does_not_last_for_ever():
    texts = [f"Probable Cause and Findings\n{wrap(prose(12))}", *(wrap(prose(12, start=30 * i)) for i in range(1, 10))]
    found = headings(*texts)
    assert found[0] == "Probable Cause and Findings"
    assert found[-1] == ""


def test_a_long_heading_path_keeps_its_inner_end():
    text = "\n".join(f"{'1.' * i}1 {'Long Words ' * 7}{i}\n{prose(2)}" for i in range(1, 6))
    assert all(len(heading) <= 120 for heading in headings(text))


def test_a_heading_takes_at_most_a_quarter_of_the_window():
    text = f"# {'x' * 90}\n\n{prose(30)}"
    for each in cut(text, limit=40, markdown=True):
        assert count(each.heading + "\n") <= 10


@pytest.mark.parametrize("line", ["a", "A. B", "# A{}", "-"])
def test_of_a_great_many_tiny_lines_only_some_are_looked_at_as_borders(line, monkeypatch):
    looked_at = []
    search = chunking._best_borders
    monkeypatch.setattr(chunking, "_MANY_UNITS", 500)
    monkeypatch.setattr(
        chunking, "_best_borders", lambda units, *more: looked_at.append(len(units)) or search(units, *more)
    )
    pages = pages_of(*["\n".join(line.format(number) for number in range(1_000))] * 3)
    chunks = chunk("d", pages, count, markdown=True)
    assert sum(looked_at) < 1_000, "the search takes the square of the tiny ones in a window"
    check(pages, chunks, count, LIMIT)


def test_a_text_in_parts_loses_nothing_and_counts_on(monkeypatch):
    monkeypatch.setattr(chunking, "_LINES_AT_ONCE", 7)
    pages = pages_of(*[f"# Part {number}\n\n{wrap(prose(4, start=number))}" for number in range(9)])
    chunks = chunk("d", pages, count, markdown=True)
    check(pages, chunks, count, LIMIT)
    assert [each.id for each in chunks] == [f"d-{number}" for number in range(len(chunks))]


def test_a_long_document_is_cut_in_seconds():
    texts = [wrap(prose(25, start=25 * i)) for i in range(400)]
    started = time.monotonic()
    chunks = cut(*texts)
    assert time.monotonic() - started < 15
    assert len(chunks) > 400


@pytest.mark.model
def test_every_passage_of_a_real_report_fits_the_real_window(shared_data):
    from stc.documents.parsing.detect import PDF
    from stc.documents.parsing.reader import open_pages
    from stc.models.embedding import MiniLM
    from stc.settings import Settings

    embedder = MiniLM()
    pages = open_pages(shared_data / "documents" / "HHS2022.pdf", PDF, Settings()).pages
    check(pages, chunk("d", pages, embedder.count_tokens), embedder.count_tokens, embedder.max_tokens - 2)
