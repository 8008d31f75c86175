"""An answer about a bridge, for the tests of what the meter makes of answers."""

from __future__ import annotations

import dataclasses

from stc.words import Answer, Baseline, Citation, Usage

PROOF = Citation(1, "bridge", "Bridge.pdf", 3, "412 metres", True)


def answer(usage: Usage, **fields) -> Answer:
    plain = Answer(
        id="a",
        owner="local",
        conversation_id=None,
        question="How long?",
        scope=(),
        origin="typed",
        effort="medium",
        asked_at=1_795_000_000.0,
        state="done",
        text="412 metres [1].",
        route="notes",
        citations=(PROOF,),
        notes_used=("n1",),
        usage=usage,
        baselines={"chunks": Baseline(2000, 100, 0.003)},
    )
    return dataclasses.replace(plain, **fields)
