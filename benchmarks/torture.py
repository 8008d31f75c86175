"""Kill processes that share one storage, again and again, and see whether anything that was acknowledged is lost.

    python -m benchmarks.torture --kills 100 --seed 0

Three processes at a time add, ask, prepare, import notes and remove on one storage (fake embedder, no model); some also keep
the vector index. Each is killed with SIGKILL within a second or two of its first acknowledged operation, and another takes its
place. Afterwards comes what any start does, never ``doctor --fix``. Printed: what was expected against what was found. The exit
status is 1 where they differ.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import select

from stc import doctor
from stc.chat import answering, generations
from stc.documents import ingest
from stc.errors import UserError
from stc.services import Services
from stc.sleep import notebook, run
from stc.storage import conversations, documents, ledger
from stc.storage.schema import answers, notes, sleep_runs
from stc.storage.vectors import VectorIndex

_AT_ONCE = 3
_LATEST_S = 1.5
_PLACES = ("north bank", "mill race", "upper lock", "east quay", "old weir", "salt store", "dry dock", "tide gate")


def made_up_text(number: int) -> str:
    """Return a text of a few pages whose every sentence holds a figure of its own."""
    chance = random.Random(number)
    lines = []
    for item in range(chance.randint(8, 60)):
        lines.append(
            f"Pump {number}-{item} at the {chance.choice(_PLACES)} was fitted in {chance.randint(1850, 1990)} and lifts "
            f"{chance.randint(20, 900)} litres of water each minute when its valve stands open."
        )
    return "\n\n".join(lines)


class Worker:
    """One process's work: operations at random, each told once it is acknowledged, until it is killed."""

    def __init__(self, storage: Path, seed: int) -> None:
        self.services = Services(storage)
        self.chance = random.Random(seed)
        self.seed = seed

    def work(self) -> None:
        if self.chance.random() < 0.25:
            index = VectorIndex(self.services.database, self.services.storage / "chroma", worth_chroma=1)
            threading.Thread(target=self._follow, args=(index,), daemon=True).start()
        kinds = (self._add, self._ask, self._sleep, self._import, self._remove)
        for number in range(1_000_000):
            operation = self.chance.choices(kinds, weights=(4, 4, 5, 2, 1))[0]
            try:
                operation(number)
            except UserError as error:  # what it worked on was removed by another one
                _tell("refused", why=str(error))

    def _follow(self, index: VectorIndex) -> None:
        while True:
            index.follow()
            time.sleep(0.05)

    def _any_document(self) -> str | None:
        with self.services.database.read() as connection:
            ready = [one.id for one in documents.list_all(connection, self.services.owner) if one.status == "ready"]
        return self.chance.choice(ready) if ready else None

    def _add(self, number: int) -> None:
        common = self.chance.random() < 0.2
        text = made_up_text(self.chance.randint(0, 20) if common else self.seed * 1000 + number)
        received = ingest.receive(self.services, f"{self.seed}-{number}.txt", io.BytesIO(text.encode()))
        document = ingest.process(self.services, received.document_id)
        if document.status == "ready":
            content_hash = hashlib.sha256(text.encode()).hexdigest()
            _tell("added", id=document.id, hash=content_hash, chunks=document.chunks, pages=document.pages)

    def _ask(self, number: int) -> None:
        question = f"When was the pump {self.chance.randint(0, 9)} at the {self.chance.choice(_PLACES)} fitted?"
        chat = generations.new_conversation(self.services, question, None)
        answer = answering.ask(self.services, question, conversation_id=chat)
        _tell("answered", id=answer.id, text=answer.text, chat=chat)

    def _sleep(self, number: int) -> None:
        for one in run.sleep_now(self.services):
            if one.status == "done":
                with self.services.database.read() as connection:
                    query = select(notes.c.id, notes.c.question).where(notes.c.task_id == one.task_id)
                    made = [list(row) for row in connection.execute(query)]
                _tell("prepared", run=one.id, document=one.document_id, notes=made)

    def _import(self, number: int) -> None:
        document_id = self._any_document()
        if document_id is None:
            return
        with self.services.database.read() as connection:
            page = documents.read_pages(connection, document_id)[0]
        sentence = page.text.split("\n\n")[0]
        line = {
            "question": f"What of {self.seed} and {number}?",
            "text": sentence,
            "evidence": [{"page": 1, "quote": sentence}],
        }
        for brought in notebook.bring_in(self.services, [json.dumps(line)], document_id=document_id):
            if brought.status == "added":
                _tell("imported", note=brought.id, document=document_id)

    def _remove(self, number: int) -> None:
        document_id = self._any_document()
        if document_id is not None:
            _tell("removing", id=document_id)
            if ingest.remove(self.services, document_id):
                _tell("removed", id=document_id)


def _tell(what: str, **facts: Any) -> None:
    print(json.dumps({"what": what} | facts), flush=True)


_INTENTIONS = ("removing", "refused")


class Tormentor:
    """Starts workers, kills them and collects what they acknowledged."""

    def __init__(self, storage: Path, kills: int, seed: int) -> None:
        self.storage, self.kills, self.seed = storage, kills, seed
        self.told: list[dict[str, Any]] = []
        self.killed = self.started = 0
        self.crashes: list[str] = []
        self._lock = threading.Lock()

    def run(self) -> None:
        slots = [threading.Thread(target=self._slot) for _ in range(_AT_ONCE)]
        for slot in slots:
            slot.start()
        for slot in slots:
            slot.join()

    def _slot(self) -> None:
        while True:
            with self._lock:
                if self.started >= self.kills or self.crashes:
                    return
                self.started += 1
                seed = self.seed * 100_000 + self.started
            self._torment(seed)

    def _torment(self, seed: int) -> None:
        command = [sys.executable, "-m", "benchmarks.torture", "--worker", str(seed), "--storage", str(self.storage)]
        root = Path(__file__).resolve().parents[1]
        with (
            tempfile.TemporaryFile("w+") as errors,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=root) as victim,
        ):
            assert victim.stdout is not None
            lines = []
            for line in victim.stdout:
                lines.append(line)
                if json.loads(line)["what"] not in _INTENTIONS:
                    break
            time.sleep(random.Random(seed).uniform(0, _LATEST_S))
            victim.send_signal(signal.SIGKILL)
            lines += [line for line in victim.stdout if line.endswith("\n")]
            victim.wait()
            errors.seek(0)
            said = errors.read()
        with self._lock:
            self.told += [json.loads(line) for line in lines]
            self.killed += victim.returncode == -signal.SIGKILL
            if victim.returncode != -signal.SIGKILL or "Traceback" in said:
                self.crashes.append(said)
            if self.killed % 10 == 0:
                print(f"{self.killed} kills, {len(self.told)} lines told", file=sys.stderr)

    def all(self, what: str) -> list[dict[str, Any]]:
        return [one for one in self.told if one["what"] == what]


def start_as_always(storage: Path) -> Services:
    """Do what the program does at its start and in its first minutes."""
    services = Services(storage)
    generations.end_orphans(services)
    ingest.process_pending(services)
    for _ in run.sleep_now(services, until_done=True):
        pass
    services.vectors.follow()
    return services


def report(told: Tormentor, services: Services) -> bool:
    with services.database.read() as connection:
        there = {one.id: one for one in documents.list_all(connection, services.owner)}
        said = {row.id: row for row in connection.execute(select(answers.c.id, answers.c.text, answers.c.state))}
        chats = {chat["id"] for chat in conversations.list_all(connection, services.owner)}
        rows = ledger.rows(connection, services.owner)
        noted = {row.id: row for row in connection.execute(select(notes))}
        runs = connection.execute(select(sleep_runs.c.id, sleep_runs.c.task_id, sleep_runs.c.status)).all()
    paid = Counter(row.answer_id or row.run_id for row in rows)
    # Where the notes did not suffice the passages were read as well: a call of its own, once.
    routes = {one["id"]: [row.route for row in rows if row.answer_id == one["id"]] for one in told.all("answered")}
    maybe_gone = {one["id"] for one in (*told.all("removing"), *told.all("removed"))}
    added = {one["id"]: one for one in told.all("added")}
    kept = {id_: one for id_, one in added.items() if id_ not in maybe_gone}
    whole = [
        id_
        for id_, one in kept.items()
        if id_ in there
        and (there[id_].status, there[id_].chunks, there[id_].pages) == ("ready", one["chunks"], one["pages"])
        and hashlib.sha256(services.files.path(one["hash"]).read_bytes()).hexdigest() == one["hash"]
    ]
    answered = told.all("answered")
    same = sum(one["id"] in said and said[one["id"]].text == one["text"] for one in answered)
    steps = told.all("prepared")
    prepared = [one for one in steps if one["document"] not in maybe_gone]
    made = [(note, one["document"], question) for one in prepared for note, question in one["notes"]]
    made += [(one["note"], one["document"], "") for one in told.all("imported") if one["document"] not in maybe_gone]
    # A question that a person asked is answered anew, in the place of the note that did not answer it.
    questions = {(row.document_id, row.question) for row in noted.values() if row.question}
    ids = {row.id for row in runs}
    checked = doctor.examine(services.storage)
    faults = [f"{one.name}: {one.detail}" for one in checked.checks if not one.ok]
    done_twice = sum(n > 1 for n in Counter(row.task_id for row in runs if row.status == "done").values())
    said_twice = Counter((row.document_id, row.task_id, row.question, row.text) for row in noted.values())
    lines = [
        ("kills", told.kills, told.killed),
        ("processes that failed by themselves", 0, len(told.crashes)),
        ("acknowledged documents whole, with their originals", len(kept), len(whole)),
        ("documents acknowledged as removed that are still there", 0, sum(one["id"] in there for one in told.all("removed"))),
        ("documents that are not ready", 0, sum(one.status != "ready" for one in there.values())),
        ("the same bytes twice", 0, len(there) - len({one.content_hash for one in there.values()})),
        ("acknowledged answers as they were said", len(answered), same),
        ("acknowledged chats", len(answered), sum(one["chat"] in chats for one in answered)),
        ("answers that look as if they were still being written", 0, sum(row.state == "running" for row in said.values())),
        (
            "acknowledged answers whose calls are paid for once",
            len(answered),
            sum(0 < len(found) == len(set(found)) for found in routes.values()),
        ),
        ("acknowledged steps recorded", len(prepared), sum(one["run"] in ids for one in prepared)),
        ("acknowledged steps paid for once", len(steps), sum(paid[one["run"]] == 1 for one in steps)),
        (
            "acknowledged notes",
            len(made),
            sum(note in noted or (document, question) in questions for note, document, question in made),
        ),
        ("steps done twice", 0, done_twice),
        ("notes twice", 0, sum(n - 1 for n in said_twice.values())),
        ("faults found by doctor, nothing fixed", 0, len(faults)),
    ]  # fmt: skip
    width = max(len(name) for name, _, _ in lines)
    for name, expected, found in lines:
        print(f"{name:<{width}}  expected {expected:>5}  found {found:>5}{'' if expected == found else '  WRONG'}")
    left = [path.name for path in services.storage.rglob("*") if path.name.startswith("incoming-")]
    print(
        f"{len(told.told)} lines told, {len(there)} documents, {len(noted)} notes, {len(rows)} ledger rows; "
        f"{sum(row.status == 'failed' for row in runs)} steps recorded as interrupted, {len(left)} half files left"
    )
    for text in (*told.crashes, *faults):
        print(text)
    return all(expected == found for _, expected, found in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--storage", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker is not None:
        Worker(options.storage, options.worker).work()
    os.environ.update(STC_FAKE_EMBEDDER="1", STC_LOCAL_SERVERS="")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        storage = Path(folder) / "storage"
        Services(storage).close()
        told = Tormentor(storage, options.kills, options.seed)
        told.run()
        services = start_as_always(storage)
        fine = report(told, services)
        services.close()
    print(f"{time.monotonic() - began:.0f} s")
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
