import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stc.models import tokens
from stc.models.embedding import FakeEmbedder
from stc.models.extractive import read
from stc.words import Part

EMBED = FakeEmbedder().encode
FERRY = (
    "The Northern Ferry Company runs three boats between Oldtown and the islands. Its oldest boat, the Heron, was built by "
    "Amelia Strand in 1931 and carries 48 passengers. In winter the boats sail twice a week, because the harbour freezes. "
    "Freight is taken on Mondays only."
)
FORM = (
    "Trip Record\nDeparture Time: 1422 CST Type of Airspace:\nDestination: Newhaven Clearance: None\n"
    "Master: J. Brook Age: 61, Male\nBoat Length/Width: 31 ft / 9 ft Seats: 48\nCrew Injuries: 1 Minor Fire:"
)


def part(text, label=1, page=1):
    return Part(label, "chunk", f"c{label}", "d1", page, page, text, tokens.count(text))


PARTS = [part(FERRY), part(FORM, 2, 2)]


def size(reading):
    return tokens.count(reading.text) + sum(tokens.count(quote.text) for quote in reading.quotes)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("When was the Heron built?", "1931"),
        ("Who built the Heron?", "Amelia Strand"),
        ("How many passengers does the boat Heron carry?", "48"),
        ("Why do the boats sail only twice a week in winter?", "because the harbour freezes"),
        ("At what time did the boat depart?", "1422 CST"),
        ("What was the destination?", "Newhaven"),
        ("How old was the master?", "61"),
        ("How long and wide was the boat?", "31 ft / 9 ft"),
    ],
)
def test_the_lead_holds_the_answer(question, answer):
    assert answer in read(question, PARTS, embed=EMBED).text


def test_every_quote_is_verbatim_and_says_where_it_stands():
    reading = read("When was the Heron built, and how many passengers does it carry?", PARTS, embed=EMBED)
    assert not reading.abstained
    assert len(reading.quotes) > 1
    for quote in reading.quotes:
        source = PARTS[quote.label - 1]
        assert source.text[quote.start : quote.end] == quote.text
        assert (quote.id, quote.page_start) == (source.id, source.page_start)
    lead = reading.text.strip("… ")
    assert lead in " ".join(PARTS[reading.quotes[0].label - 1].text.split())


@pytest.mark.parametrize(
    "question",
    [
        "Which enzyme splits lactose in the small intestine?",
        "What did the parliament of Norway decide about whaling in 1987?",
        "How do neutron stars cool?",
        "Who?",
        "???",
    ],
)
def test_a_question_about_something_else_is_not_answered(question):
    reading = read(question, PARTS, embed=EMBED)
    assert reading.abstained
    assert (reading.text, reading.quotes) == ("", ())


def test_without_text_nothing_is_answered():
    assert read("When was the Heron built?", [], embed=EMBED).abstained
    assert read("When was the Heron built?", [part(" \n ")], embed=EMBED).abstained


LONG = " ".join(
    f"the Heron number {i} was built in {1900 + i}, and its mate, which sailed to port {i}, sank;" for i in range(40)
)


@pytest.mark.parametrize("limit", [40, 64, 128, 300])
@pytest.mark.parametrize("parts", [PARTS, [part(LONG)], [part("word" * 2000 + " Heron built 1931")]])
def test_lead_and_quotes_stay_within_the_tokens(limit, parts):
    reading = read("When was the Heron built?", parts, embed=EMBED, max_tokens=limit)
    assert size(reading) <= limit
    assert reading.abstained or reading.quotes


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet=st.sampled_from("aHeron built 19:\n.,()-"), max_size=400), st.integers(30, 128))
def test_any_text_can_be_read(text, limit):
    reading = read("When was the Heron built?", [part(text), part(FERRY, 2)], embed=EMBED, max_tokens=limit)
    assert size(reading) <= limit
    for quote in reading.quotes:
        assert [text, FERRY][quote.label - 1][quote.start : quote.end] == quote.text != ""


def test_the_same_line_is_quoted_once():
    twice = [part(FORM), part(FORM, 2)]
    quotes = [quote.text for quote in read("At what time did the boat depart?", twice, embed=EMBED).quotes]
    assert len(quotes) == len(set(quotes))


def test_of_a_long_text_only_the_likeliest_sentences_are_embedded():
    embedded = []

    def counting(texts):
        embedded.extend(texts)
        return EMBED(texts)

    filler = "\n".join(f"Row {i}: nothing of note happened at the quay on day {i} of the month." for i in range(3000))
    reading = read("Who built the Heron?", [part(filler + "\n" + FERRY)], embed=counting)
    assert "Amelia Strand" in reading.text
    assert len(embedded) < 100
