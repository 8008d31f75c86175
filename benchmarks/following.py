"""Are follow-ups understood by the question before them, and are questions that need nothing left alone?

    python -m benchmarks.following

``follow_up_pairs.jsonl`` beside this file, written by hand: a question, what was asked next, and every wording that would be
a right reading of it; none for a question that stands by itself. Rules only, no model. A reading that is not among the
right ones is wrong; none at all is silent, and then a language model is asked, where there is one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from stc.chat import following

PAIRS = Path(__file__).with_name("follow_up_pairs.jsonl")


def main() -> int:
    right, silent, wrong, missed, alarmed = judge(printing=True)
    print(f"\nfollow-ups: {right} read rightly, {silent} left alone, {wrong} read wrongly; {missed} not recognised")
    print(f"questions that stand by themselves: {alarmed} taken for follow-ups")
    return 1 if wrong else 0


def judge(*, printing: bool = False) -> tuple[int, int, int, int, int]:
    """Return how many follow-ups were read rightly, left alone and read wrongly, how many were not seen to be one, and how
    many questions that stand by themselves were taken for one. One of these that is changed counts as read wrongly."""
    right = silent = wrong = missed = alarmed = 0
    for line in PAIRS.read_text(encoding="utf-8").splitlines():
        pair = json.loads(line)
        seen = following.dependent(pair["asked"])
        reading = following.resolve(pair["asked"], pair["before"])
        if reading is not None and reading not in pair["right"]:
            wrong += 1
            verdict = "WRONG"
        elif reading is not None:
            right += 1
            verdict = "right"
        else:
            silent += pair["dependent"]
            verdict = "silent" if pair["dependent"] else ""
        missed += pair["dependent"] and not seen
        alarmed += seen and not pair["dependent"]
        if printing and (verdict in ("WRONG", "silent") or seen != pair["dependent"]):
            mark = "" if seen == pair["dependent"] else " (taken for one)" if seen else " (not recognised)"
            print(f"  {verdict:6}{mark} {pair['before']} | {pair['asked']} | {reading}")
    return right, silent, wrong, missed, alarmed


if __name__ == "__main__":
    sys.exit(main())
