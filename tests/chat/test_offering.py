import pytest

from stc.chat.offering import kind, offers


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("When was the bridge taken?", "time"),
        ("In which year did it open?", "time"),
        ("How many lamps were lit?", "number"),
        ("How old was the pilot when he flew?", "number"),
        ("Who kept the light?", "name"),
        ("Which river does it cross?", "name"),
        ("Why did it sink?", "reason"),
        ("What are the coordinates of the wreck?", "coordinates"),
        ("At what latitude does it lie?", "coordinates"),
        ("Who coordinates the searches?", "name"),
        ("What is a lighthouse?", "any"),
    ],
)
def test_a_question_asks_for_a_kind_of_thing(question, expected):
    assert kind(question) == expected


@pytest.mark.parametrize(
    ("question", "text", "offered"),
    [
        ("When was Operation Market Garden?", "It took place in September 1944.", True),
        ("When was Operation Market Garden?", "It was meant to take the bridges over the Rhine.", False),
        ("How many lamps were lit?", "They lit eleven lamps.", True),
        ("How many lamps were lit?", "They lit 11 lamps.", True),
        ("How many lamps were lit?", "They lit the lamps.", False),
        ("Who kept the light?", "It was kept by Amelia Strand.", True),
        ("Who kept the light?", "Nobody knows any more.", False),
        ("Why did it sink?", "It sank because of a leak.", True),
        ("Why did it sink?", "It sank on a Monday.", False),
        ("What are the coordinates?", "Latitude, Longitude: 57.7053, -10.6001", True),
        ("What are the coordinates?", "It lies at 57°42'N 10°36'E.", True),
        ("What are the coordinates?", "It lies 12 miles from Ebb Harbour, in 31.50 m of water.", False),
        ("What is the latitude?", "The reef begins at 57.7 N.", True),
        ("What is a lighthouse?", "A tower with a light.", True),
    ],
)
def test_a_text_offers_the_kind_of_thing_asked_for_or_not(question, text, offered):
    assert offers(question, text) is offered


def test_what_stands_in_the_question_is_not_offered_for_it():
    assert not offers("Who built the Heron?", "It is told of the Heron.")
    assert offers("Who built the barge?", "It is told of the Heron.")
    assert not offers("How many ships sailed in 1840?", "Ships sailed in 1840.")
    assert not offers("What happened first, when 1840 began?", "It began in 1840.")
