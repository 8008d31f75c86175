"""Fill the disk at random points of adding and preparing, and see whether anything that was acknowledged is lost.

    python -m benchmarks.disk_full --points 20 --seed 0

The storage lies on a small disk of its own (a tmpfs: needs root, as in a container). Documents are added and prepared with the
fake embedder, without a model; at each point another file takes all but a few kilobytes of the disk, work goes on until
something is refused, and then there is room again. Printed: what was expected against what was found. The exit status is 1
where they differ.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import select

from benchmarks.torture import made_up_text
from stc import doctor
from stc.chat import answering
from stc.documents import ingest
from stc.errors import UserError
from stc.services import Services
from stc.sleep import run
from stc.storage import documents
from stc.storage.schema import answers, notes, sleep_runs

_DISK_BYTES = 48 * 2**20
_LEAST_LEFT_BYTES, _MOST_LEFT_BYTES = 0, 400_000
_STEPS_AT_A_POINT = 40


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Yield a folder on a disk of its own."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


class Point:
    """The documents, answers and steps that were acknowledged, and what was refused in which words."""

    def __init__(self, disk: Path, seed: int) -> None:
        self.disk = disk
        self.ballast = disk / "ballast"
        self.storage = disk / "storage"
        self.chance = random.Random(seed)
        self.number = seed * 10_000
        self.added: dict[str, str] = {}
        self.answered: dict[str, str] = {}
        self.prepared: set[str] = set()
        self.noted: set[str] = set()
        self.refused: Counter[str] = Counter()
        self.points_with_a_refusal = 0
        self.failed: list[str] = []
        self.not_again = 0

    def work(self, services: Services) -> None:
        """Do one thing, and remember it once it is acknowledged; first, as the program does, what was left undone."""
        ingest.process_pending(services)
        kind = self.chance.choices(("add", "ask", "sleep"), weights=(4, 1, 4))[0]
        if kind == "add":
            self.number += 1
            text = made_up_text(self.number) + "\n\n" + "And so on. " * self.chance.randint(0, 4_000)
            received = ingest.receive(services, f"{self.number}.txt", io.BytesIO(text.encode()))
            document = ingest.process(services, received.document_id)
            if document.status == "ready":
                self.added[document.id] = hashlib.sha256(text.encode()).hexdigest()
            else:
                raise UserError(document.error or "")
        elif kind == "ask":
            answer = answering.ask(services, f"When was the pump {self.number}-1 fitted?")
            self.answered[answer.id] = answer.text
        else:
            for one in run.sleep_now(services):
                if one.status == "done":
                    self.prepared.add(one.id)
                    with services.database.read() as connection:
                        made = connection.execute(select(notes.c.id).where(notes.c.task_id == one.task_id)).scalars()
                        self.noted.update(made)

    def fill(self) -> None:
        left = self.chance.randint(_LEAST_LEFT_BYTES, _MOST_LEFT_BYTES)
        stat = os.statvfs(self.disk)
        with self.ballast.open("wb") as ballast, suppress(OSError):  # tmpfs rounds up to pages
            os.posix_fallocate(ballast.fileno(), 0, max(1, stat.f_bavail * stat.f_frsize - left))

    def run(self, points: int) -> None:
        for point in range(points):
            services = Services(self.storage)
            self.work(services)
            self.fill()
            if point % 3 == 0:  # a start on a full disk
                services.close()
            refusals = 0
            for _ in range(_STEPS_AT_A_POINT):
                try:
                    if point % 3 == 0:
                        services = Services(self.storage)
                    self.work(services)
                except UserError as error:
                    self.refused[str(error).replace(str(self.disk), "DISK")] += 1
                    refusals += 1
                except Exception as error:  # noqa: BLE001 - what is being looked for
                    self.failed.append(f"{type(error).__name__}: {error}")
                if refusals > 3:
                    break
            self.points_with_a_refusal += refusals > 0
            self.ballast.unlink()
            services = Services(self.storage)
            try:
                self.work(services)
            except UserError as error:
                self.not_again += 1
                print(f"refused with room: {error}", file=sys.stderr)
            services.close()
            self._make_room()

    def _make_room(self) -> None:
        """Remove the oldest documents where the disk is more than half full."""
        services = Services(self.storage)
        stat = os.statvfs(self.disk)
        if stat.f_bavail < stat.f_blocks // 2:
            for document_id in list(self.added)[: len(self.added) // 2]:
                ingest.remove(services, document_id)
                del self.added[document_id]
            with services.database.read() as connection:
                self.noted &= set(connection.execute(select(notes.c.id)).scalars())
                self.prepared &= set(connection.execute(select(sleep_runs.c.id)).scalars())
        services.close()

    def report(self, points: int) -> bool:
        services = Services(self.storage)
        ingest.process_pending(services)
        with services.database.read() as connection:
            there = {one.id: one for one in documents.list_all(connection, services.owner)}
            said = {row.id: row.text for row in connection.execute(select(answers.c.id, answers.c.text))}
            noted = set(connection.execute(select(notes.c.id)).scalars())
            runs = set(connection.execute(select(sleep_runs.c.id)).scalars())
        whole = [
            id_
            for id_, content_hash in self.added.items()
            if id_ in there
            and there[id_].status == "ready"
            and hashlib.sha256(services.files.path(content_hash).read_bytes()).hexdigest() == content_hash
        ]
        same = sum(said.get(answer_id) == text for answer_id, text in self.answered.items())
        services.close()
        checked = doctor.examine(self.storage)
        faults = [f"{one.name}: {one.detail}" for one in checked.checks if not one.ok and one.name != "storage"]
        lines = [
            ("points at which something was refused", points, self.points_with_a_refusal),
            ("refusals that are no sentence", 0, len(self.failed)),
            ("refusals that don't speak of the disk", 0, sum(n for text, n in self.refused.items() if "room" not in text)),
            ("points after which it did not work again", 0, self.not_again),
            ("acknowledged documents whole, with their originals", len(self.added), len(whole)),
            ("acknowledged answers as they were said", len(self.answered), same),
            ("acknowledged steps recorded", len(self.prepared), len(self.prepared & runs)),
            ("acknowledged notes", len(self.noted), len(self.noted & noted)),
            ("faults found by doctor, nothing fixed", 0, len(faults)),
        ]  # fmt: skip
        width = max(len(name) for name, _, _ in lines)
        for name, expected, found in lines:
            print(f"{name:<{width}}  expected {expected:>5}  found {found:>5}{'' if expected == found else '  WRONG'}")
        for text, number in self.refused.most_common():
            print(f"{number:>4} times: {text}")
        for text in (*dict.fromkeys(self.failed), *faults):
            print(text)
        return all(expected == found for _, expected, found in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ.update(STC_FAKE_EMBEDDER="1", STC_LOCAL_SERVERS="")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, small_disk(Path(folder)) as disk:
        point = Point(disk, options.seed)
        point.run(options.points)
        fine = point.report(options.points)
    print(f"{time.monotonic() - began:.0f} s")
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
