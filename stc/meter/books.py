"""Everything the meter adds up: calls and answers, with what was added up of them already. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from stc.meter import ledger
from stc.words import Answer, LedgerRow


@dataclass(frozen=True, slots=True)
class Books:
    """Calls and answers, oldest first; the answers without their texts. What is added up of them is kept with them."""

    rows: Sequence[LedgerRow]
    answers: Sequence[Answer]
    nets: dict[frozenset[str], ledger.Net] = field(default_factory=dict)
    by_document: dict[str, ledger.Net] = field(default_factory=dict)

    def net(self, documents: frozenset[str]) -> ledger.Net:
        """Return what preparing these documents cost and saved; answers of one chat mostly share theirs."""
        if len(documents) == 1:
            return self.of_document(*documents)
        if documents not in self.nets:
            self.nets[documents] = ledger.net(self.rows, self.answers, documents=documents)
        return self.nets[documents]

    def of_document(self, document_id: str) -> ledger.Net:
        if not self.by_document:
            self.by_document.update(ledger.nets_by_document(self.rows, self.answers))
        return self.by_document.get(document_id, ledger.Net(ledger.HEADLINE))
