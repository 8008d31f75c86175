"""Kill the sleeper with SIGKILL again and again, and see what is left.

    python -m benchmarks.kills --kills 50 --seed 0

Three made-up documents, the loopback model double, the fake embedder. Each victim is ``python -m stc sleep --until-done``,
killed within a second of its first acknowledged step; the clock is set forward afterwards, so that the dead one's lease has run
out. At last two sleepers side by side finish the work. Printed: what was expected against what was found. The exit status is 1
where they differ.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import select

from stc.documents import ingest
from stc.services import Services
from stc.sleep.facts import agreement
from stc.storage import ledger, tasks
from stc.storage.schema import sleep_tasks
from tests.fakes import ModelServer

_MODEL = "openai/double"
_PAGES = 150
_LATEST_S = 1.0
_LEASE_OVER_S = 120


def made_up_document(number: int, pages: int, seed: int) -> str:
    """Return a text whose every sentence holds a figure of its own."""
    chance = random.Random(seed * 1000 + number)
    places = ["north bank", "mill race", "upper lock", "east quay", "old weir", "salt store", "dry dock", "tide gate"]
    parts = []
    for page in range(1, pages + 1):
        lines = [f"# Section {page} of book {number}", ""]
        for item in range(1, 22):
            place = chance.choice(places)
            lines.append(
                f"Pump {number}-{page}-{item} at the {place} was fitted in {chance.randint(1850, 1990)} and lifts "
                f"{chance.randint(20, 900)} litres of water each minute when its valve stands open."
            )
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def reply(body: dict[str, Any]) -> str:
    """Answer as a fair model would: each note is a sentence of the window with a question about it."""
    told = body["messages"][0]["content"]
    text = "\n".join(message["content"] for message in body["messages"][1:])
    sentences = [
        (int(number), sentence)
        for number, page in re.findall(r"<page (\d+)>\n(.*?)\n(?=<page \d|</document>)", text, re.DOTALL)
        for sentence in re.findall(r"Pump \S+ at [^.]+\.", page)
    ]
    if '"sections"' in told:
        page, sentence = sentences[0]
        quote = [{"page": page, "quote": sentence}]
        return json.dumps({"evidence": quote, "summary": sentence, "sections": []})
    notes = [
        {
            "kind": "answer",
            "question": f"When was {sentence.split(' at ')[0]} fitted?",
            "evidence": [{"page": page, "quote": sentence}],
            "answer": sentence,
        }
        for page, sentence in sentences[:2]
    ]
    return json.dumps({"notes": [] if "formula" in told else notes})


def run(kills: int, seed: int, storage: Path) -> bool:
    chance = random.Random(seed)
    clock = storage / "clock"
    clock.write_text("0")
    os.environ.update(STC_FAKE_EMBEDDER="1", STC_FAKE_CLOCK=str(clock), STC_LOCAL_SERVERS="", STC_API_KEY="double")
    with ModelServer(reply=reply, word_delay_s=0.0005) as server:
        services = Services(storage)
        services.change_settings(
            sleep_model=_MODEL, api_base=server.url, daily_tokens=10**9, daily_usd=1000.0,
            document_tokens=10**9, document_usd=1000.0, consent=agreement(_MODEL, server.url),
        )  # fmt: skip
        for number in (1, 2, 3):
            path = storage / f"book {number}.md"
            path.write_text(made_up_document(number, _PAGES, seed))
            with path.open("rb") as stream:
                ingest.process(services, ingest.receive(services, path.name, stream).document_id)
        killed = acknowledged = 0
        while killed < kills:
            victim = _sleeper(storage)
            assert victim.stdout is not None
            if not victim.stdout.readline():
                print(f"Everything was prepared after {killed} kills; fewer would have been enough.", file=sys.stderr)
                victim.wait()
                break
            acknowledged += 1
            time.sleep(chance.uniform(0, _LATEST_S))
            victim.send_signal(signal.SIGKILL)
            acknowledged += sum(1 for line in victim.stdout if line.endswith("\n"))
            victim.wait()
            killed += 1
            clock.write_text(str(killed * _LEASE_OVER_S))
            if killed % 10 == 0:
                print(f"{killed} kills, {acknowledged} steps acknowledged", file=sys.stderr)
        for last in [_sleeper(storage), _sleeper(storage)]:
            said, _ = last.communicate()
            acknowledged += len(said.splitlines())
        fine = _report(services, server, killed, acknowledged)
        services.close()
        return fine


def _sleeper(storage: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "stc", "--storage", str(storage), "sleep", "--until-done", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[1],
    )


def _report(services: Services, server: ModelServer, killed: int, acknowledged: int) -> bool:
    with services.database.read() as connection:
        undone = connection.execute(select(sleep_tasks.c.id).where(sleep_tasks.c.done_at.is_(None))).all()
        runs = tasks.history(connection, services.owner)
        rows = [row for row in ledger.rows(connection, services.owner, purpose="sleep") if row.model != "extractive"]
    done = Counter(run.task_id for run in runs if run.status == "done")
    reported = Counter((row.usage.input_tokens, row.usage.output_tokens) for row in rows if not row.usage.estimated)
    billed = Counter((one.prompt_tokens, one.completion_tokens) for one in server.billed)
    marked = sum(row.usage.estimated for row in rows)
    unseen = sum((billed - reported).values())
    invented = sum((reported - billed).values())
    check = subprocess.run(
        [sys.executable, "-m", "stc", "--storage", str(services.storage), "doctor", "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    doctor = json.loads(check.stdout)
    faults = [f"{one['name']}: {one['detail']}" for one in doctor["checks"] if not one["ok"]]
    lines = [
        ("kills", killed, killed),
        ("steps acknowledged and recorded as done, at least", acknowledged, min(acknowledged, sum(done.values()))),
        ("tasks left undone", 0, len(undone)),
        ("tasks done more than once", 0, sum(number > 1 for number in done.values())),
        ("ledger rows that the server never billed", 0, invented),
        ("calls billed and not in the ledger, but for those marked as in flight", 0, max(0, unseen - marked)),
        ("calls marked as in flight, at most one per kill", min(marked, killed), marked),
        ("faults found by doctor", 0, len(faults)),
    ]
    width = max(len(name) for name, _, _ in lines)
    for name, expected, found in lines:
        print(f"{name:<{width}}  expected {expected:>5}  found {found:>5}{'' if expected == found else '  WRONG'}")
    print(
        f"{len(done)} tasks, {len(server.billed)} calls billed, {unseen} of them broken off by a kill; "
        f"{sum(run.status == 'failed' for run in runs)} runs recorded as interrupted or failed"
    )
    for error, number in Counter(run.error for run in runs if run.status != "done").items():
        print(f"{number} times: {error}")
    print("\n".join(faults), end="\n" if faults else "")
    return all(expected == found for _, expected, found in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return 0 if run(options.kills, options.seed, Path(folder)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
