from hypothesis import given
from hypothesis import strategies as st

from stc.chat.replies import Shown, claims, labels_in, parse, relabel

REPLY = """It leaves at 07:40 [3]. It costs 4 euros [1, 2].
QUOTES
[3] "departs at 07:40"
- [1]: “a single costs 4 euros”
nonsense"""


def test_a_reply_comes_apart():
    reply = parse(REPLY)
    assert reply.text == "It leaves at 07:40 [3]. It costs 4 euros [1, 2]."
    assert reply.quotes == ((3, "departs at 07:40"), (1, "a single costs 4 euros"))
    assert not reply.not_there
    assert labels_in(reply.text) == [3, 1, 2]


def test_the_word_for_not_there_is_understood_with_decoration():
    assert parse("**NOT IN THE PASSAGES.**").not_there
    assert parse("").not_there
    assert not parse("The answer is not in the passages about Rome but in [1].").not_there


def test_claims_carry_their_own_marks():
    assert claims("It leaves at 07:40 [3]. It costs 4 euros [1, 2].") == [
        ("It leaves at 07:40 .", [3]),
        ("It costs 4 euros .", [1, 2]),
    ]


def test_marks_are_renumbered_and_unsupported_ones_vanish():
    assert (
        relabel("It leaves at 07:40 [3]. It costs 4 euros [1, 2].", {3: 1, 2: 2})
        == "It leaves at 07:40 [1]. It costs 4 euros [2]."
    )


def test_quotes_are_never_shown_while_streaming():
    shown = Shown()
    seen = [shown.add(character) for character in REPLY]
    assert all("QUOTE" not in text and "departs at" not in text for text in seen)
    assert seen[-1] == "It leaves at 07:40 [3]. It costs 4 euros [1, 2]."


def test_the_words_for_not_there_are_never_shown_while_streaming():
    shown = Shown()
    assert {shown.add(character) for character in "NOT IN THE PASSAGES"} == {""}


@given(st.text(alphabet='[]0123,QUOTES \n"a.', max_size=200))
def test_any_reply_can_be_taken_apart(reply):
    parsed = parse(reply)
    relabel(parsed.text, {1: 1})
    claims(parsed.text)
