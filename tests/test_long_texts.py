"""Texts that fuzzing found to take for ever: what reads texts takes about as long as they are (benchmarks/fuzz.py --long)."""

from __future__ import annotations

import time

import pytest

from stc.chat import orders, replies
from stc.sleep import checking

CHARACTERS = 40_000


def _stream(text: str) -> None:
    shown = replies.Shown()
    for start in range(0, len(text), 4000):
        shown.add(text[start : start + 4000])
    shown.text(final=True)


def _claims(text: str) -> None:
    said = replies.parse(text).text
    replies.claims(said)
    replies.relabel(said, {1: [2]})


@pytest.mark.parametrize(
    ("read", "piece"),
    [
        (replies.parse, "\n"),
        (replies.parse, "\n> "),
        (_stream, "\n"),
        (_claims, " "),
        (orders.gives_orders, "“"),
        (checking.names, "Q? "),
        (checking.names, "12 March "),
    ],
)
def test_the_same_over_and_over_takes_no_long_time(read, piece):
    text = f"The Rhine is long.{piece * (CHARACTERS // len(piece))}!"
    began = time.process_time()
    read(text)
    assert time.process_time() - began < 2


def test_a_reply_that_ends_in_line_breaks_is_the_reply():
    assert replies.parse("The Rhine is long [1]." + "\n" * 5000).text == "The Rhine is long [1]."
