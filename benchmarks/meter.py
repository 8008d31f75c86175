"""How far are the meter's estimates off?

    python -m benchmarks.meter --document report.pdf --questions 40

Two parts, both against the loopback model double, whose bill is known to the token:

billing    200 mixed calls with faults, stops and retries. The ledger must equal the bill wherever usage was reported (exit
           status 1 where it does not); the error of the rows that are estimates is printed.
baselines  a document is prepared without a model, its own anticipated questions are asked as if typed, and every answer
           from notes has a baseline really run (``stc.sleep.shadowing``, the lot drawing all of them). Printed is how far the
           estimate that stood under the answer was off, before and after the first runs correct it.

The double's tokens are bytes, four to one: another tokenizer than ours, as every provider's is. Its answers from passages are
longer than those from notes by a third, which no estimate knows before it has been measured.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stc.chat import answering
from stc.documents import ingest
from stc.meter import calibrating
from stc.meter.calibrating import Error, Off
from stc.services import Services
from stc.sleep import shadowing
from stc.sleep.run import sleep_now
from stc.storage import notes as note_rows
from stc.storage import shadows
from stc.words import Shadow
from tests.fakes import ModelServer
from tests.meter.billing import CALLS, mixed_calls

_MODEL = "openai/double"
_FROM_NOTES_WORDS, _FROM_PASSAGES_WORDS = 18, 24
_LONG_PROMPT = 6000
"""Characters; the double takes a longer prompt for one with passages."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--document", type=Path, help="a file to prepare and to ask; without one only billing is checked"
    )
    parser.add_argument("--questions", type=int, default=40, help="questions asked of it (default 40)")
    options = parser.parse_args()
    right = billing()
    if options.document is not None:
        baselines(options.document, options.questions)
    return 0 if right else 1


def billing() -> bool:
    """Print how the ledger compares with the bill; return whether they are equal where usage was reported."""
    with tempfile.TemporaryDirectory() as folder, ModelServer() as server:
        services = Services(Path(folder))
        paid = mixed_calls(services, server)
        services.close()
    told = [one for one in paid if one.bill.reported]
    wrong = [
        one
        for one in told
        if (one.row.usage.input_tokens, one.row.usage.output_tokens)
        != (one.bill.prompt_tokens, one.bill.completion_tokens)
    ]
    off = [one.off for one in paid if not one.bill.reported]
    print(
        f"billing: {len(paid)} calls of {CALLS} asked for; {len(told)} reported, {len(wrong)} of them differ from the bill"
    )
    print(
        f"  {len(off)} estimates: off by {statistics.fmean(map(abs, off)):.1%} on the average, median "
        f"{statistics.median(off):+.1%}, {min(off):+.0%} to {max(off):+.0%}"
    )
    return not wrong


def baselines(path: Path, number: int) -> None:
    """Print how far the baselines' estimates were off where they were really run."""
    with tempfile.TemporaryDirectory() as folder, ModelServer(reply=_reply) as server:
        services = Services(Path(folder))
        with path.open("rb") as stream:
            document = ingest.process(services, ingest.receive(services, path.name, stream).document_id)
        list(sleep_now(services, [document.id], until_done=True))
        services.change_settings(
            chat_model=_MODEL, api_base=server.url, shadow_share=1.0, idle_after_s=0.0, pause_on_battery=False
        )
        server.word_delay_s = 0.002
        with services.database.read() as connection:
            asked = [note.question for note in note_rows.of_document(connection, document.id) if note.question]
        for question in asked[:: max(1, len(asked) // number)][:number]:
            answering.ask(services, question, document_ids=[document.id])
            while shadowing.step(services, threading.Event()):
                pass
        with services.database.read() as connection:
            runs = shadows.list_all(connection, services.owner)
        services.close()
    done = [run for run in runs if run.measured is not None]
    print(f"baselines: {path.name}, {len(runs)} real runs, {len(done)} measured")
    for name in dict.fromkeys(run.baseline for run in done):
        mine = [run for run in done if run.baseline == name]
        first, later = mine[: calibrating.FEWEST_RUNS], mine[calibrating.FEWEST_RUNS :]
        _print(f"{name}, as estimated before any run", mine, as_the_answer=True)
        _print(f"{name}, the first {len(first)}", first)
        _print(f"{name}, the {len(later)} after them", later)


def _print(title: str, runs: Sequence[Shadow], *, as_the_answer: bool = False) -> None:
    if as_the_answer:
        runs = [
            replace(run, estimated=replace(run.estimated, output_tokens=run.answer_output_tokens, seconds=None))
            for run in runs
        ]
    errors: dict[str, Error] = calibrating.errors(runs)
    for one in errors.values():
        told = [
            f"{words} {_told(off)}" for words, off in zip(_WORDS, (one.input, one.output, one.seconds), strict=True)
        ]
        print(f"  {title}: {', '.join(told)}; answers agree {one.agreeing} of {one.runs}")


_WORDS = ("tokens read", "written", "seconds")


def _told(off: Off | None) -> str:
    return "not known" if off is None else f"{off.mean:.1%} ({off.bias:+.1%})"


def _reply(body: dict[str, Any]) -> str:
    """Answer with words of the first passage, and quote them."""
    prompt = body["messages"][1]["content"]
    words = re.search(r"\[1\][^\n]*\n(.+)", prompt, re.DOTALL)
    number = _FROM_PASSAGES_WORDS if len(prompt) > _LONG_PROMPT else _FROM_NOTES_WORDS
    said = " ".join((words[1] if words else prompt).split()[:number]).replace('"', "")
    return f'{said} [1].\nQUOTES\n[1] "{said}"'


if __name__ == "__main__":
    sys.exit(main())
