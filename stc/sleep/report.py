"""What sleep brought, in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stc.sleep.planning import PASS_WORDS, pages_in_words
from stc.words import PASSES, Note, Pass, SleepRun, Usage


def while_away(runs: Sequence[SleepRun], *, questions: int | None = None) -> str:
    """Return "While you were away: 3 documents, 41 questions prepared, $0.06." or "" where nothing was.

    ``questions`` are how many of the notes have one; without it all notes count as prepared notes.
    """
    done = [run for run in runs if run.status == "done" and run.notes_added]
    failed = sum(run.status == "failed" for run in runs)
    if not done:
        return (
            "" if not failed else f"While you were away: nothing was prepared, {_count(failed, 'try', 'tries')} failed."
        )
    documents = len({run.document_id for run in done})
    notes = sum(run.notes_added for run in done) if questions is None else questions
    what = "note" if questions is None else "question"
    parts = [_count(documents, "document", "documents"), f"{_count(notes, what, what + 's')} prepared"]
    own = sum(run.notes_added for run in done if run.pass_name == "directed")
    if own:
        parts.append(f"{own:,} of your own answered again")
    parts.append(money(total(runs)))
    if failed:
        parts.append(f"{_count(failed, 'try', 'tries')} failed")
    return f"While you were away: {', '.join(parts)}."


def total(runs: Sequence[SleepRun]) -> Usage:
    """Return what runs cost together."""
    usage = Usage()
    for run in runs:
        usage = usage + run.usage
    return usage


def money(usage: Usage) -> str:
    """Return a cost in words: "$0.06", "less than $0.01", "free", "cost unknown"."""
    if usage.cost_usd is None:
        return "cost unknown"
    if usage.cost_usd == 0:
        return "free"
    if usage.cost_usd < 0.01:
        return "less than $0.01"
    return f"${usage.cost_usd:.2f}"


def step(run: SleepRun) -> str:
    """Return what a run was about: "questions and answers, pages 3–5, look 2"."""
    said = f"{PASS_WORDS[run.pass_name]}, {pages_in_words(run.page_start, run.page_end)}"
    if run.generation > 1:
        said += f", look {run.generation}"
    return said


def outcome(run: SleepRun) -> str:
    """Return what came of a run: notes found, joined and dropped with the reasons, or why there are none."""
    if run.status != "done":
        return f"{run.status}: {run.error or 'no reason was given'}"
    said = _count(run.notes_added, "note", "notes")
    if run.notes_joined:
        said += f", {run.notes_joined:,} more said the same"
    dropped = sum(run.notes_dropped.values())
    if dropped:
        reasons = ", ".join(f"{number} {reason}" for reason, number in run.notes_dropped.items())
        said += f", {dropped:,} dropped ({reasons})"
    return said


@dataclass(frozen=True, slots=True)
class PassTotal:
    """What the runs of one pass came to; tokens as ``SleepRun`` counts them."""

    pass_name: Pass
    runs: int
    notes: int
    joined: int
    dropped: int
    window_tokens: int
    sent_tokens: int
    asked_tokens: int
    usage: Usage

    @property
    def sent_share(self) -> float | None:
        """Tokens sent per token of text; ``None`` where no model was asked."""
        return self.sent_tokens / self.window_tokens if self.sent_tokens and self.window_tokens else None

    @property
    def asked_share(self) -> float | None:
        """Tokens of reply asked for at most, per token of text; ``None`` where no model was asked."""
        return self.asked_tokens / self.window_tokens if self.sent_tokens and self.window_tokens else None


def by_pass(runs: Sequence[SleepRun]) -> list[PassTotal]:
    """Return a sum for each pass that was done; what was sent in runs that failed counts as sent, too."""
    sums = []
    for name in PASSES:
        some = [run for run in runs if run.pass_name == name]
        if some:
            sums.append(
                PassTotal(
                    name,
                    len(some),
                    sum(run.notes_added for run in some),
                    sum(run.notes_joined for run in some),
                    sum(sum(run.notes_dropped.values()) for run in some),
                    sum(run.window_tokens for run in some if run.thinker == "model"),
                    sum(run.sent_tokens for run in some),
                    sum(run.asked_tokens for run in some),
                    total(some),
                )
            )
    return sums


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def summaries(notes: Sequence[Note]) -> tuple[Note | None, list[Note]]:
    """Return the document's summary and those of its sections, from its notes in the order of making."""
    found = [note for note in notes if note.kind == "summary"]
    if not found:
        return None, []
    found = [note for note in found if note.task_id is not None] or found  # imported ones stand in for none
    last = found[-1].task_id
    made_together = [note for note in found if note.task_id == last]
    return made_together[0], made_together[1:]
