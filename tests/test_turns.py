"""A lock that goes to whoever waits, not to whoever had it last."""

from __future__ import annotations

import threading
import time

import pytest

from stc.turns import Turns


def test_one_that_takes_it_again_and_again_lets_another_in_between():
    turns, taken, over = Turns(), [], threading.Event()

    def busy() -> None:
        while not over.is_set():
            with turns.taken():
                taken.append("busy")
                time.sleep(0.005)

    thread = threading.Thread(target=busy)
    thread.start()
    while not taken:
        time.sleep(0.001)
    for _ in range(10):
        before = len(taken)
        with turns.taken():
            assert len(taken) - before <= 2, "the one at work and the one who waited already"
            taken.append("other")
    over.set()
    thread.join()


def test_who_will_not_wait_longer_goes_on_without_it_and_it_is_free_after_an_exception():
    turns = Turns()
    with turns.taken(), turns.taken(within_s=0.02) as mine:
        assert not mine
    with pytest.raises(ZeroDivisionError), turns.taken():
        raise ZeroDivisionError
    with turns.taken(within_s=0.02) as mine:
        assert mine
