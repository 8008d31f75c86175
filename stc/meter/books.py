"""Everything the meter adds up: calls and answers, with the nets of documents kept as sums. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cached_property

from stc.meter import ledger
from stc.words import Answer, LedgerRow

Shares = Mapping[str | None, Fraction]


class Books:
    """Calls and answers; the answers may be without their texts. Never changed: what is new makes new books.

    A net is ``ledger.net`` over what concerns its documents. Pages ask for it at each drawing and new answers come all the
    time, so each call and answer is reckoned once; what changes is taken off the sums and put on again (exact fractions:
    nothing drifts).
    """

    def __init__(self, rows: Iterable[LedgerRow] = (), answers: Iterable[Answer] = ()) -> None:
        self._rows: dict[str, LedgerRow] = {}
        self._answers: dict[str, Answer] = {}
        self._rows_of: dict[str, dict[str, None]] = {}
        """The calls that each answer made."""
        self._saved: dict[str, tuple[ledger.Saving, Shares]] = {}
        self._slept: dict[str, tuple[ledger.Total, Shares]] = {}
        self._sums: dict[str | None, ledger.Running] = {}
        self._several: dict[frozenset[str], ledger.Net] = {}
        self._take(rows, answers)

    def changed(self, rows: Iterable[LedgerRow], answers: Iterable[Answer]) -> Books:
        """Return the books with these calls and answers too, in the place of those of their ids."""
        after = Books()
        after._rows, after._answers = dict(self._rows), dict(self._answers)
        after._rows_of = {answer_id: dict(ids) for answer_id, ids in self._rows_of.items()}
        after._saved, after._slept, after._sums = dict(self._saved), dict(self._slept), dict(self._sums)
        after._take(rows, answers)
        return after

    def __len__(self) -> int:
        return len(self._rows) + len(self._answers)

    @cached_property
    def rows(self) -> list[LedgerRow]:
        """All calls, oldest first."""
        return sorted(self._rows.values(), key=_age)

    @cached_property
    def answers(self) -> list[Answer]:
        """All answers, oldest first."""
        return sorted(self._answers.values(), key=lambda answer: (answer.asked_at, answer.id))

    def net(self, documents: frozenset[str]) -> ledger.Net:
        """Return what preparing these documents cost and saved; answers of one chat mostly share theirs."""
        if len(documents) == 1:
            return self.of_document(*documents)
        if documents not in self._several:
            running = ledger.Running()
            for saving, shares in self._saved.values():
                running = running.with_saving(saving, ledger.share_of(shares, documents))
            for whole, shares in self._slept.values():
                running = running.with_slept(whole, ledger.share_of(shares, documents))
            self._several[documents] = running.net(ledger.HEADLINE)
        return self._several[documents]

    def of_document(self, document_id: str) -> ledger.Net:
        return self._sums.get(document_id, ledger.Running()).net(ledger.HEADLINE)

    def _take(self, rows: Iterable[LedgerRow], answers: Iterable[Answer]) -> None:
        asked, called = set(), set()
        for answer in answers:
            self._answers[answer.id] = answer
            asked.add(answer.id)
        for row in rows:
            self._rows[row.id] = row
            called.add(row.id)
            if row.answer_id:
                self._rows_of.setdefault(row.answer_id, {})[row.id] = None
                asked.add(row.answer_id)
        for answer_id in asked:
            called.update(self._rows_of.get(answer_id, ()))  # a call that names no document is its answer's
            self._reckon_answer(answer_id)
        for row_id in called:
            self._reckon_row(self._rows[row_id])

    def _reckon_answer(self, answer_id: str) -> None:
        if before := self._saved.pop(answer_id, None):
            self._add(*before, times=-1)
        answer = self._answers.get(answer_id)
        one = ledger.saving(answer, ledger.HEADLINE) if answer is not None else None
        if answer is None or one is None or answer.origin != "typed":
            return
        calls = sorted((self._rows[row_id] for row_id in self._rows_of.get(answer_id, ())), key=_age)
        self._saved[answer_id] = one, ledger.answer_shares_of(calls, [answer])[answer_id]
        self._add(*self._saved[answer_id], times=1)

    def _add(self, one: ledger.Saving, shares: Shares, times: int) -> None:
        for document_id, share in shares.items():
            self._sums[document_id] = self._sums.get(document_id, ledger.Running()).with_saving(one, share, times)

    def _reckon_row(self, row: LedgerRow) -> None:
        if before := self._slept.pop(row.id, None):
            self._charge(*before, times=-1)
        if row.purpose == "sleep":
            self._slept[row.id] = ledger.of_row(row), ledger.shares(row, self._answers)
            self._charge(*self._slept[row.id], times=1)

    def _charge(self, whole: ledger.Total, shares: Shares, times: int) -> None:
        for document_id, share in shares.items():
            running = self._sums.get(document_id, ledger.Running())
            self._sums[document_id] = running.with_slept(whole, share * times)


def _age(row: LedgerRow) -> tuple[float, str]:
    return row.at, row.id
