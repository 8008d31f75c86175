"""What sleep brought, in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from stc.words import Note, SleepRun, Usage


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
    parts = [
        _count(documents, "document", "documents"),
        f"{_count(notes, what, what + 's')} prepared",
        money(total(runs)),
    ]
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
