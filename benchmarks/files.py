"""Add files made to break a reader, and odd real ones, in one run; print what was expected against what was got.

    python -m benchmarks.files --hostile hostile.tar.gz --odd odd_pdfs.tar.gz

``--hostile`` holds a ``manifest.json`` that says what to expect of each file, ``--odd`` only files: each is to be ready or to
fail with a reason. One process of ``python -m stc add`` reads all of them into one storage, with the fake embedder; files whose
bytes equal another's are added once more, each into a storage of its own, and locked ones with their password. Watched
meanwhile: the time of each file, the memory of each process, files written elsewhere. At last ``doctor`` looks. Each file has
its line as soon as it is read, with the most memory that any process has taken so far: a run that is cut short has told as much
as it knows. The exit status is 1 where anything differs from what was expected.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from stc.services import Services
from stc.settings import Settings
from stc.storage import documents

_SLACK_S = 10.0
"""Beside the limit for reading: to store the bytes, cut and embed the text, and to start processes on a busy machine."""
_LOOK_EVERY_S = 0.02
_ANY = {"ready", "failed", "asks for the password"}


@dataclasses.dataclass
class Watched:
    """What was seen of the processes: peaks in bytes, by what they run."""

    peaks: dict[str, int] = dataclasses.field(default_factory=dict)

    def see(self, root: int) -> None:
        for process in _with_descendants(root):
            try:
                status = Path(f"/proc/{process}/status").read_text()
                command = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            peak = next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)
            name = "add" if process == root else os.path.basename(command[2 if b"-m" in command else 0].decode())
            if not peak or name in ("", "stc"):
                continue  # it has just ended, or is a copy of its parent still
            self.peaks[name] = max(self.peaks.get(name, 0), peak)

    def __str__(self) -> str:
        return ", ".join(f"{name} {peak >> 20} MiB" for name, peak in sorted(self.peaks.items()))


def _with_descendants(root: int) -> Iterable[int]:
    waiting = [root]
    while waiting:
        process = waiting.pop()
        yield process
        try:
            for thread in Path(f"/proc/{process}/task").iterdir():
                waiting += map(int, (thread / "children").read_text().split())
        except OSError:
            continue


def add(
    storage: Path,
    files: Sequence[Path],
    watched: Watched,
    *options: str,
    hear: Callable[[dict[str, Any]], None] = lambda line: None,
) -> tuple[int, list[dict[str, Any]], str]:
    """Add files in one process; return its exit status, its lines and what it said on stderr. ``hear`` gets each line as
    it comes."""
    environment = {**os.environ, "STC_FAKE_EMBEDDER": "1", "STC_LOCAL_SERVERS": ""}
    command = [sys.executable, "-m", "stc", "--storage", str(storage), "add", "--json", *options, *map(str, files)]
    lines = []
    with tempfile.TemporaryFile() as complained:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complained, env=environment)
        assert process.stdout is not None
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(_LOOK_EVERY_S):
                watched.see(process.pid)

        watcher = threading.Thread(target=watch)
        watcher.start()
        with process.stdout as said:
            for line in said:
                lines.append(json.loads(line))
                hear(lines[-1])
        process.wait()
        ended.set()
        watcher.join()
        complained.seek(0)
        return process.returncode, lines, complained.read().decode("utf-8", "replace")


def expected(entry: dict[str, Any]) -> set[str]:
    """Return the outcomes that the manifest's words allow."""
    words = entry["expect"]
    if "password needed" in words:
        return {"asks for the password"}
    if words.startswith("detect duplicate"):
        return {"duplicate"}
    if "no crash" in words:
        return _ANY
    if words.startswith(("reject", "say scanned")):
        return {"failed"}
    if any(each in words for each in ("or reject", "or say", "no hang", "no RecursionError")):
        return {"ready", "failed"}
    return {"ready"}


def outcome(line: dict[str, Any]) -> str:
    if line["status"] == "failed" and "needs a password" in (line["error"] or ""):
        return "asks for the password"
    return line["status"]


def faults(line: dict[str, Any], limit_s: float) -> list[str]:
    """Return what is wrong with a line, whatever was expected of its file."""
    found = []
    if line["status"] == "failed" and not line["error"]:
        found.append("failed without a reason")
    if "unexpected went wrong" in (line["error"] or ""):
        found.append(f"a bug: {line['error']}")
    if line["seconds"] > limit_s + _SLACK_S:
        found.append(f"took {line['seconds']:.1f} s")
    return found


def text_of(storage: Path, document_id: str | None) -> str:
    services = Services(storage)
    try:
        with services.database.read() as connection:
            return "\n".join(page.text for page in documents.read_pages(connection, document_id or ""))
    finally:
        services.close()


def repeated(files: Sequence[Path]) -> list[Path]:
    """Return the files whose bytes stand under another name before them."""
    seen: set[str] = set()
    found = []
    for file in files:
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        if content in seen:
            found.append(file)
        seen.add(content)
    return found


def examine(storage: Path) -> tuple[bool, list[str]]:
    environment = {**os.environ, "STC_FAKE_EMBEDDER": "1", "STC_LOCAL_SERVERS": ""}
    command = [sys.executable, "-m", "stc", "--storage", str(storage), "doctor", "--json"]
    report = json.loads(subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False).stdout)
    return report["ok"], [f"{check['name']}: {check['detail']}" for check in report["checks"] if not check["ok"]]


def unpack(archive: Path | None, into: Path) -> Path | None:
    if archive is None:
        return None
    with tarfile.open(archive) as packed:
        packed.extractall(into, filter="data")
    return into


@dataclasses.dataclass
class Trial:
    """The files of one run, and what was found wrong. ``manifest`` says what to expect of some."""

    root: Path
    manifest: dict[Path, dict[str, Any]]
    strange: list[Path]
    watched: Watched = dataclasses.field(default_factory=Watched)
    wrong: list[str] = dataclasses.field(default_factory=list)

    @property
    def files(self) -> list[Path]:
        return [*self.manifest, *self.strange]

    @property
    def storage(self) -> Path:
        return self.root / "storage"

    def together(self) -> None:
        """Add all files in one run and judge each."""
        started = time.monotonic()
        heard = 0

        def hear(line: dict[str, Any]) -> None:
            nonlocal heard
            heard += 1
            name = Path(line["path"]).relative_to(self.root)
            print(f"{heard}/{len(self.files)} {name}: {outcome(line)}, {line['seconds']:.1f} s, {line['error'] or ''}")
            print(f"    so far {time.monotonic() - started:.0f} s; at most {self.watched}", flush=True)

        status, lines, complaints = add(self.storage, self.files, self.watched, hear=hear)
        took_s = time.monotonic() - started
        if status not in (0, 1) or len(lines) != len(self.files):
            self.wrong.append(f"add ended with {status} after {len(lines)} of {len(self.files)}: {complaints[-2000:]}")
        if "Traceback" in complaints:
            self.wrong.append(f"a traceback: {complaints[-2000:]}")
        pairs = list(zip(self.files, lines, strict=False))
        again = set(repeated(self.files))
        for file, line in pairs:
            for each in self._judge(file, line, file in again):
                self.wrong.append(f"{file.relative_to(self.root)}: {outcome(line)} {line['error'] or ''}: {each}")
        print(f"\n{len(lines)} files in {took_s:.0f} s")
        for title, group in (("hostile", set(self.manifest)), ("odd", set(self.strange))):
            print(f"  {title}: {dict(Counter(outcome(line) for file, line in pairs if file in group))}")
        for file, line in sorted(pairs, key=lambda pair: -pair[1]["seconds"])[:5]:
            print(f"  slow: {line['seconds']:6.1f} s  {file.name}: {outcome(line)} {line['error'] or ''}")

    def _judge(self, file: Path, line: dict[str, Any], again: bool) -> list[str]:
        entry = self.manifest.get(file)
        wanted = _ANY if entry is None else expected(entry)
        if again:  # what failed is forgotten, and fails once more
            wanted = {"duplicate"} | (wanted - {"ready"})
        found = faults(line, Settings().parse_timeout_s)
        if outcome(line) not in wanted:
            found.append(f"expected {' or '.join(sorted(wanted))}")
        if entry is not None and line["status"] == "ready" and not self._has_marker(entry, self.storage, line):
            found.append(f"the text {entry['marker']!r} is not in it")
        return found

    def _has_marker(self, entry: dict[str, Any], storage: Path, line: dict[str, Any]) -> bool:
        return not entry["marker"] or entry["marker"] in text_of(storage, line["document_id"])

    def alone(self) -> None:
        """Add each file whose bytes stand under another name too into a storage of its own."""
        found = [file for file in repeated(self.files) if file in self.manifest]
        fitting = 0
        for number, file in enumerate(found):
            entry, storage = self.manifest[file], self.root / f"alone-{number}"
            _, (line,), _ = add(storage, [file], self.watched)
            ready = line["status"] == "ready" and self._has_marker(entry, storage, line)
            if ready or line["status"] in expected(entry) - {"ready"}:
                fitting += 1
            else:
                self.wrong.append(f"{file.name} alone: {line['status']} {line['error']}")
        print(f"  other names of the same bytes, each alone: {fitting} of {len(found)} as expected")

    def unlocked(self) -> None:
        """Add the locked files with their passwords."""
        for file, entry in self.manifest.items():
            if not entry.get("password"):
                continue
            password = self.root / "password"
            password.write_text(entry["password"], encoding="utf-8")
            _, (line,), _ = add(self.storage, [file], self.watched, "--password-file", str(password))
            password.unlink()
            print(f"  with its password: {file.name}: {line['status']} {line['error'] or ''}")
            if line["status"] != "ready":
                self.wrong.append(f"{file.name} with its password: {line['status']}")

    def afterwards(self, before: set[Path]) -> None:
        """Look at memory, at files that nobody should have written, and at the storage."""
        print(f"  memory, at most: {self.watched}")
        cap = Settings().parse_memory_bytes
        self.wrong += [f"{name} took {peak >> 20} MiB" for name, peak in self.watched.peaks.items() if peak > cap]
        ours = {self.storage, *self.root.glob("alone-*")}
        for path in set(self.root.rglob("*")) - before:
            if not ours & {path, *path.parents}:
                self.wrong.append(f"written elsewhere: {path}")
        ok, bad = examine(self.storage)
        print(f"  doctor: {'all ok' if ok else bad}")
        self.wrong += bad


def main() -> int:
    parser = argparse.ArgumentParser(description="Add hostile and odd files; print expected against got.")
    parser.add_argument("--hostile", type=Path, metavar="TAR", help="files with a manifest.json")
    parser.add_argument("--odd", type=Path, metavar="TAR", help="files of which each is ready or fails with a reason")
    options = parser.parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # some of the names are no text
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        hostile = unpack(options.hostile, root / "hostile-files")
        odd = unpack(options.odd, root / "odd-files")
        manifest: dict[Path, dict[str, Any]] = {}
        if hostile is not None:
            listing = next(hostile.rglob("manifest.json"))
            manifest = {listing.parent / entry["file"]: entry for entry in json.loads(listing.read_text())}
        strange = sorted(path for path in odd.rglob("*") if path.is_file()) if odd is not None else []
        before = set(root.rglob("*"))
        trial = Trial(root, manifest, strange)
        trial.together()
        trial.alone()
        trial.unlocked()
        trial.afterwards(before)
    print(f"\n{len(trial.wrong)} differences")
    for each in trial.wrong:
        print(f"  {each}")
    return 1 if trial.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
