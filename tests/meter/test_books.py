"""Books that follow every change say what adding everything up anew says, to the last digit."""

from __future__ import annotations

import dataclasses
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from stc.meter import ledger
from stc.meter.books import Books
from tests.meter.test_ledger import ANSWERS, ROWS

DOCUMENTS = ("bridge", "ferry", "tunnel")
NAMES = st.integers(0, 5)
CHANGES = st.lists(
    st.one_of(
        st.builds(
            lambda one, name, answer: dataclasses.replace(
                one, id=f"row-{name}", answer_id=None if answer is None else f"answer-{answer}"
            ),
            ROWS,
            NAMES,
            st.one_of(st.none(), NAMES),
        ),
        st.builds(
            lambda one, name, origin: dataclasses.replace(one, id=f"answer-{name}", origin=origin),
            ANSWERS,
            NAMES,
            st.sampled_from(["typed", "typed", "suggested"]),
        ),
    ),
    max_size=30,
)


@given(CHANGES, st.lists(st.integers(1, 5), min_size=30, max_size=30))
@settings(max_examples=150, deadline=None)
def test_books_that_follow_changes_are_books_made_anew(changes, sizes):
    books, known, at = Books(), {}, 0
    for size in sizes:
        batch = {one.id: one for one in changes[at : at + size]}
        at += size
        known |= batch
        before = {name: books.of_document(name) for name in DOCUMENTS}
        after = books.changed(
            [one for one in batch.values() if one.id.startswith("row")],
            [one for one in batch.values() if one.id.startswith("answer")],
        )
        assert before == {name: books.of_document(name) for name in DOCUMENTS}, "what was there stays as it is"
        books = after
        rows = [one for one in known.values() if one.id.startswith("row")]
        answers = [one for one in known.values() if one.id.startswith("answer")]
        assert len(books) == len(known)
        assert books.rows == sorted(rows, key=lambda one: (one.at, one.id))
        assert {one.id: one for one in books.answers} == {one.id: one for one in answers}
        for number in (1, 2, 3):
            for names in combinations(DOCUMENTS, number):
                assert books.net(frozenset(names)) == ledger.net(books.rows, books.answers, documents=names)
