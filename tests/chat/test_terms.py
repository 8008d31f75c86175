import sqlite3

import pytest

from stc.chat.terms import beginning, places, stem, terms

WORDS = (
    "caresses ponies ties cats feed agreed plastered motoring sing conflated troubling sized hopping falling "
    "hissing fizzed failing filing happy sky relational conditional rational valency hesitancy digitizer "
    "conformably radically vilely analogously vietnamization predication operator feudalism decisiveness "
    "hopefulness callousness formality sensitivity sensibility triplicate formative formalize electricity "
    "electrical goodness revival allowance inference airliner adjustable defensible irritant replacement "
    "adjustment dependent adoption communism activate homologous effective bowdlerize probate rate cease "
    "controlling roll technology possibly yes by on"
).split()


def test_stems_are_those_of_the_full_text_index():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE words USING fts5(word, tokenize = 'porter unicode61')")
    connection.execute("CREATE VIRTUAL TABLE stems USING fts5vocab(words, instance)")
    connection.executemany("INSERT INTO words (rowid, word) VALUES (?, ?)", list(enumerate(WORDS)))
    indexed = {WORDS[row]: term for term, row in connection.execute("SELECT term, doc FROM stems")}
    assert {word: stem(word) for word in WORDS} == indexed


def test_case_accents_endings_and_stop_words_make_no_difference():
    assert terms("The Cafés were flooded.") == terms("cafe floods") == ["cafe", "flood"]


@pytest.mark.parametrize("number", ["1,250", "3.5", "06/01/2007", "07:40"])
def test_a_number_is_one_term(number):
    assert terms(f"about {number} metres")[0] == number


def test_places_point_into_the_text():
    text = "The pilot's last flight"
    assert [text[start:end] for _, start, end in places(text)] == ["pilot", "last", "flight"]


def test_forms_of_a_word_begin_alike_and_short_words_and_numbers_have_no_form():
    assert beginning("departur") == beginning("depart") == "depar"
    assert beginning("pier") == beginning("194400") == ""
