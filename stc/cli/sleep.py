"""``sleep``: prepare now."""

from __future__ import annotations

import argparse
from typing import Any

from stc.cli.input import Commands, whole
from stc.cli.output import DONE, SOME_FAILED, emit, say, usage_json
from stc.phrases import count
from stc.services import Services
from stc.words import SleepRun


def declare(commands: Commands) -> None:
    options = commands.add("sleep", sleep, "Prepare now; without --until-done one task only.")
    options.add_argument(
        "--document", action="append", metavar="ID", dest="documents", help="this document (repeatable)"
    )
    options.add_argument("--max-passes", type=whole, metavar="N", help="at most this many tasks")
    options.add_argument("--until-done", action="store_true", help="until nothing is left to prepare")
    options.add_argument("--dry-run", action="store_true", help="say what would be done and cost, and do nothing")


def sleep(services: Services, options: argparse.Namespace) -> int:
    from stc.sleep import run

    if options.dry_run:
        for planned in run.dry_run(services, options.documents):
            line = {
                "document_id": planned.task.document_id,
                "pass": planned.task.pass_name,
                "window": [planned.task.page_start, planned.task.page_end],
                "generation": planned.task.generation,
                "thinker": planned.task.thinker,
                "status": "planned",
                "reason": planned.task.reason,
                "tokens": planned.tokens,
                "cost_usd": planned.cost_usd,
            }
            if options.json:
                emit(line)
            else:
                cost = "price unknown" if planned.cost_usd is None else f"${planned.cost_usd:.4f}"
                say(f"{planned.task.document_id} {_step(planned.task)}: about {count(planned.tokens, 'token')}, {cost}")
        return DONE
    status = DONE
    most = options.max_passes if options.max_passes or options.until_done else 1
    for done in run.sleep_now(services, options.documents, max_passes=most, until_done=options.until_done):
        if done.status == "failed":
            status = SOME_FAILED
        if options.json:
            emit(_run_json(done))
        else:
            dropped = sum(done.notes_dropped.values())
            note = done.error or f"{count(done.notes_added, 'note')}, {dropped:,} dropped, {done.seconds:.1f} s"
            if done.sent_tokens:
                note += f", sent {count(done.sent_tokens, 'token')} for {done.window_tokens:,} of text"
            say(f"{done.document_id} {_step(done)}: {note}")
    return status


def _step(task: Any) -> str:
    return f"{task.pass_name}, pages {task.page_start}-{task.page_end}"


def _run_json(run: SleepRun) -> dict[str, Any]:
    return {
        "document_id": run.document_id,
        "pass": run.pass_name,
        "window": [run.page_start, run.page_end],
        "generation": run.generation,
        "status": run.status,
        "notes_added": run.notes_added,
        "notes_joined": run.notes_joined,
        "notes_dropped": run.notes_dropped,
        "window_tokens": run.window_tokens,
        "sent_tokens": run.sent_tokens,
        "asked_tokens": run.asked_tokens,
        "usage": usage_json(run.usage),
        "thinker": run.thinker,
        "model": run.model,
        "error": run.error,
        "seconds": round(run.seconds, 3),
    }
