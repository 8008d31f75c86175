import pytest
from hypothesis import given
from hypothesis import strategies as st

from stc.chat.replies import Claim, Shown, claims, labels_in, parse, relabel

REPLY = """It leaves at 07:40 [3]. It costs 4 euros [1, 2].
QUOTES
[3] "departs at 07:40"
- [1]: “a single costs 4 euros”
nonsense"""


def test_a_reply_comes_apart():
    reply = parse(REPLY)
    assert reply.text == "It leaves at 07:40 [3]. It costs 4 euros [1, 2]."
    assert reply.quotes[:2] == ((3, "departs at 07:40"), (1, "a single costs 4 euros"))
    assert not reply.not_there
    assert labels_in(reply.text) == [3, 1, 2]


def test_the_word_for_not_there_is_understood_with_decoration():
    assert parse("**NOT IN THE PASSAGES.**").not_there
    assert parse("").not_there
    assert not parse("The answer is not in the passages about Rome but in [1].").not_there


@pytest.mark.parametrize(
    "title",
    [
        "QUOTES:",
        "**Quotes:**",
        "### Quotes",
        "> QUOTES",
        "Quote:",
        "Supporting quotes:",
        "- **QUOTES**:\n",
        "",
    ],
)
def test_the_quotes_begin_however_the_model_announced_them(title):
    reply = parse(f'It leaves at 07:40 [3].\n\n{title}\n[3] "departs at 07:40"')
    assert (reply.text, reply.quotes) == ("It leaves at 07:40 [3].", ((3, "departs at 07:40"),))


@pytest.mark.parametrize(
    "line",
    [
        '- [3]: "departs at 07:40"',
        '[3] p. 5: "departs at 07:40"',
        '[3] pp. 4-5\n"departs at 07:40"',
        '**[3]** "departs at 07:40"',
        "[[3]] “departs at 07:40”",
        '1. [3] "departs at 07:40"',
        '(passage 3) "departs at 07:40"',
        '[Passage 3] "departs at 07:40"',
        '"departs at 07:40" [3]',
        '* "departs at 07:40" (p. 5) [3].',
        "[3] departs at 07:40",
        '[3] "departs\nat 07:40"',
    ],
)
def test_a_quote_is_read_however_its_line_is_written(line):
    assert parse(f"It leaves at 07:40 [3].\nQUOTES\n{line}").quotes == ((3, "departs at 07:40"),)


def test_a_quote_without_a_number_is_kept_without_one():
    assert parse('It leaves [3].\nQuotes:\n* "departs at 07:40"').quotes == ((None, "departs at 07:40"),)


def test_quotes_may_begin_in_the_line_of_their_title():
    reply = parse('It leaves [3].\nQUOTES: [3] "departs at 07:40"')
    assert (reply.text, reply.quotes) == ("It leaves [3].", ((3, "departs at 07:40"),))


def test_an_answer_that_only_mentions_quotes_stays_whole():
    text = "Quotes from the captain stand on page 3 [3]. He says:\n“Quotes are cheap” [4] and goes on."
    assert parse(text).text == text


def test_a_fence_or_a_label_around_the_answer_is_taken_off():
    assert parse('```\n**Answer:** At 07:40 [3].\nQUOTES\n[3] "at 07:40"\n```').text == "At 07:40 [3]."


def test_not_there_at_the_end_of_an_explanation_is_understood():
    assert parse("The passages don't name the captain.\n\nNOT IN THE PASSAGES").not_there
    assert parse("Captain: NOT IN THE PASSAGES").not_there


def test_not_there_for_a_part_of_the_question_leaves_the_rest():
    reply = parse("It leaves at 07:40 [3].\nNOT IN THE PASSAGES")
    assert (reply.text, reply.not_there, reply.partly) == ("It leaves at 07:40 [3].", False, True)


@pytest.mark.parametrize("line", ["MISSING: the price.", "**Missing:** the price.", "- MISSING: the price."])
def test_what_is_missing_is_told_from_the_answer(line):
    reply = parse(f'It leaves at 07:40 [3].\n{line}\nQUOTES\n[3] "at 07:40"')
    assert reply.text == "It leaves at 07:40 [3].\n\nNot found: the price."
    assert (reply.partly, reply.not_there) == (True, False)


def test_if_all_is_missing_it_is_not_there():
    reply = parse("MISSING: the captain's name.")
    assert (reply.partly, reply.not_there) == (False, True)


def test_a_whole_answer_is_not_called_partial():
    assert not parse("Three cars are missing: two red ones [3].").partly


@pytest.mark.parametrize(
    ("marks", "labels"),
    [
        ("[1][2]", [1, 2]),
        ("[1, 2]", [1, 2]),
        ("[1; 2]", [1, 2]),
        ("[1 and 2]", [1, 2]),
        ("[1-3]", [1, 2, 3]),
        ("[Passage 2]", [2]),
        ("[passages 1 and 2]", [1, 2]),
        ("(passage 2)", [2]),
        ("[[2]]", [2]),
        ("[2010]", []),
        ("(2)", []),
        ("[note 7]", []),
    ],
)
def test_marks_are_read_in_every_usual_form(marks, labels):
    assert labels_in(f"It leaves {marks}.") == labels


def test_claims_carry_their_own_marks():
    assert claims("It leaves at 07:40 [3]. It costs 4 euros [1, 2].") == [
        Claim("It leaves at 07:40 [3]. ", "It leaves at 07:40.", (3,)),
        Claim("It costs 4 euros [1, 2].", "It costs 4 euros.", (1, 2)),
    ]


def test_a_mark_behind_a_full_stop_belongs_to_the_claim_before_it():
    found = claims("It leaves at 07:40. [3] It costs 4 euros.[1]\nIt is red.\n[2]")
    assert [(claim.text, claim.labels) for claim in found] == [
        ("It leaves at 07:40.", (3,)),
        ("It costs 4 euros.", (1,)),
        ("It is red.", (2,)),
    ]


def test_marks_are_renumbered_and_unsupported_ones_vanish():
    assert (
        relabel("It leaves at 07:40 [3]. It costs 4 euros [1, 2].", {3: [1], 2: [2]})
        == "It leaves at 07:40 [1]. It costs 4 euros [2]."
    )
    assert relabel("It leaves at 07:40. [3] Or not.", {}) == "It leaves at 07:40. Or not."


def test_marks_that_are_missing_are_put_before_the_full_stop():
    assert relabel("It leaves at 07:40.\n", {}, more=[1]) == "It leaves at 07:40 [1].\n"
    assert relabel("It leaves at 07:40 [3].", {3: [1]}, more=[1, 2]) == "It leaves at 07:40 [1][2]."


def test_quotes_are_never_shown_while_streaming():
    shown = Shown()
    seen = [shown.add(character) for character in REPLY]
    assert all("QUOTE" not in text and "departs at" not in text for text in seen)
    assert seen[-1] == "It leaves at 07:40 [3]. It costs 4 euros [1, 2]."


@pytest.mark.parametrize("title", ["**Quotes:**\n", ""])
def test_quotes_in_another_form_are_never_shown_while_streaming_either(title):
    shown = Shown()
    seen = [shown.add(character) for character in f'It leaves [3].\n\n{title}[3] "departs at 07:40"']
    assert all("uote" not in text and "departs" not in text for text in seen)
    assert seen[-1] == shown.text(final=True) == "It leaves [3]."


def test_the_words_for_not_there_are_never_shown_while_streaming():
    shown = Shown()
    assert {shown.add(character) for character in "NOT IN THE PASSAGES"} == {""}
    shown = Shown()
    assert all("NOT" not in shown.add(character) for character in "Unknown.\nNOT IN THE PASSAGES")


@given(st.text(alphabet='[]()0123,QUOTES \n"a.*-p', max_size=200))
def test_any_reply_can_be_taken_apart(reply):
    parsed = parse(reply)
    found = claims(parsed.text)
    assert "".join(claim.raw for claim in found) == parsed.text
    for claim in found:
        relabel(claim.raw, {1: [1]}, more=[2])
    assert all(quote for _, quote in parsed.quotes)
