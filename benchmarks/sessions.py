"""Many people at once: websocket sessions that ask and upload, as browsers do, against a real server.

    python -m benchmarks.sessions --sessions 50 --seconds 300
    python -m benchmarks.sessions --sessions 15 --seconds 60 --fake-embedder

Each session opens the chat page and, until the time is up, waits as somebody who reads would (``--pause``, 5 to 25 seconds
unless told otherwise; ``1 6`` is far more than people do), then asks a question or uploads a small file and waits for the
answer, with the same messages that a browser sends: a look three times a second while an answer grows, too. The answers come
from the loopback model double, a word every 20 ms. Then all leave.

Printed: how long it took to the first sign on the page (that the documents are being looked through, or the answer) and to the
whole answer, refusals, errors, and the memory of the server and what it has started: at the start (one session has asked and
left), at most, and at the end, when Streamlit has let go of the sessions. The exit status is 1 where there was an error, a
first sign at the 95th percentile later than 2 s, or a memory at the end more than 20 % above the start's.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from stc.services import Services

_ROOT = Path(__file__).resolve().parent.parent
_MOST_FIRST_SIGN_S = 2.0
_MOST_GROWTH = 0.20
_ANSWER_WITHIN_S = 120.0
_SESSIONS_KEPT_S = 140.0
"""Streamlit keeps a session whose browser has gone for two minutes, in case it comes back."""
_CLEAN_REFUSALS = ("Many questions are being answered right now", "Try again in a moment")
_ADDRESS_WITHIN_S = 10.0
"""Streamlit 1.67 (2026) may lose its reply when it begins to draw the page at that moment; a person drops the file again."""
_QUESTIONS = (
    "When was pump {a}-{b} fitted?",
    "How many litres does pump {a}-{b} lift each minute?",
    "Where does pump {a}-{b} stand?",
    "Which pump stands at the mill race?",
    "What happens at the east quay?",
)


@dataclass
class Seen:
    """What all sessions saw together."""

    first_sign_s: list[float] = field(default_factory=list)
    whole_s: list[float] = field(default_factory=list)
    upload_s: list[float] = field(default_factory=list)
    opened_s: list[float] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    asked_again: int = 0
    """Uploads whose address had to be asked for once more."""


class Session:
    """One browser tab, as far as the server can tell."""

    def __init__(self, port: int, seen: Seen) -> None:
        self._port = port
        self._seen = seen
        self._query = ""
        self._page = ""
        self._id = ""
        self._input = ""
        self._looks: dict[str, asyncio.Task[None]] = {}
        self._urls: asyncio.Queue[Any] = asyncio.Queue()
        self._changed = asyncio.Event()
        self._waits = False
        """Whether the page shows an answer in the making."""
        self._sign = False
        self._runs = 0
        """Whole runs of the page that have ended."""
        self._socket: Any = None
        self._run_id = ""

    async def live(self, until: float, chance: random.Random, pause: tuple[float, float]) -> None:
        """Be a reader until the time is up. What goes wrong is counted, and ends this session."""
        address = f"ws://127.0.0.1:{self._port}/_stcore/stream"
        try:
            async with connect(
                address, subprotocols=[Subprotocol("streamlit")], max_size=None, open_timeout=60
            ) as self._socket:
                reading = asyncio.create_task(self._read())
                # What it raises is told by what waits for it.
                reading.add_done_callback(lambda task: task.cancelled() or task.exception())
                began = time.monotonic()
                await self._rerun()
                await self._until(lambda: self._runs > 0 and self._input != "", 60, "page")
                self._seen.opened_s.append(time.monotonic() - began)
                while time.monotonic() < until:
                    await asyncio.sleep(chance.uniform(*pause))
                    if chance.random() < 0.15:
                        await self._upload(chance)
                    else:
                        await self._ask(chance)
                reading.cancel()
        except Exception as error:  # noqa: BLE001 - the connection broke, or nothing came in time
            self._seen.errors[f"{type(error).__name__}: {error}"[:120]] += 1
        finally:
            for look in self._looks.values():
                look.cancel()

    async def _ask(self, chance: random.Random) -> None:
        question = chance.choice(_QUESTIONS).format(a=chance.randint(1, 3), b=chance.randint(1, 30))
        self._sign = False
        runs, began = self._runs, time.monotonic()
        await self._rerun(question=question)
        refused = sum(self._seen.refusals.values())
        await self._until(lambda: self._sign or self._refused(refused), 60, "sign")
        if self._refused(refused) and not self._sign:
            return
        self._seen.first_sign_s.append(time.monotonic() - began)
        await self._until(lambda: self._runs > runs and not self._waits, _ANSWER_WITHIN_S, "answer")
        self._seen.whole_s.append(time.monotonic() - began)

    def _refused(self, before: int) -> bool:
        return sum(self._seen.refusals.values()) > before

    async def _upload(self, chance: random.Random) -> None:
        began = time.monotonic()
        name = f"note {uuid.uuid4().hex[:8]}.md"
        data = f"# {name}\n\n" + "\n\n".join(
            f"Item {uuid.uuid4().hex[:6]} lies in store {chance.randint(1, 99)} since {chance.randint(1900, 2020)}."
            for _ in range(chance.randint(5, 200))
        )
        urls = None
        while urls is None:
            message = BackMsg()
            message.file_urls_request.request_id = uuid.uuid4().hex
            message.file_urls_request.file_names.append(name)
            message.file_urls_request.session_id = self._id
            await self._send(message)
            try:
                urls = await asyncio.wait_for(self._urls.get(), _ADDRESS_WITHIN_S)
            except TimeoutError:
                self._seen.asked_again += 1
                assert time.monotonic() - began < 60, "no address to upload to"
        status = await asyncio.to_thread(_put, self._port, urls.upload_url, name, data.encode())
        if status != 204:
            self._seen.errors[f"upload: status {status}"] += 1
            return
        runs = self._runs
        await self._rerun(file=(name, len(data.encode()), urls))
        await self._until(lambda: self._runs > runs, 60, "page with the upload")
        self._seen.upload_s.append(time.monotonic() - began)

    async def _rerun(self, *, question: str = "", file: tuple[str, int, Any] | None = None, fragment: str = "") -> None:
        message = BackMsg()
        state = message.rerun_script
        state.query_string = self._query
        state.page_script_hash = self._page
        if fragment:
            state.fragment_id, state.is_auto_rerun = fragment, True
        if question or file:
            widget = state.widget_states.widgets.add()
            widget.id = self._input
            widget.chat_input_value.data = question
            if file:
                info = widget.chat_input_value.file_uploader_state.uploaded_file_info.add()
                info.name, info.size, info.file_id = file[0], file[1], file[2].file_id
                info.file_urls.CopyFrom(file[2])
        await self._send(message)

    async def _send(self, message: BackMsg) -> None:
        await self._socket.send(message.SerializeToString())

    async def _until(self, condition: Any, seconds: float, what: str) -> None:
        end = time.monotonic() + seconds
        while not condition():
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), max(0.0, end - time.monotonic()))
            except TimeoutError:
                raise TimeoutError(f"no {what} for {seconds:g} s") from None

    async def _read(self) -> None:
        async for data in self._socket:
            message = ForwardMsg()
            message.ParseFromString(data)
            try:
                self._take(message)
            except Exception as error:  # a bug of this benchmark
                self._seen.errors[f"in the benchmark: {type(error).__name__}: {error}"[:120]] += 1
                raise
            self._changed.set()

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._id = message.new_session.initialize.session_id or self._id
            self._page = message.new_session.page_script_hash
            if not message.metadata.run.fragment_ids:
                self._waits = False  # a whole run begins: whatever still grows says so again
                for look in self._looks.values():
                    look.cancel()
                self._looks.clear()
        elif kind == "auto_rerun":
            known = self._looks.get(message.auto_rerun.fragment_id)
            if known is None or known.done():
                look = self._look(message.auto_rerun.fragment_id, message.auto_rerun.interval)
                self._looks[message.auto_rerun.fragment_id] = asyncio.create_task(look)
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "file_urls_response":
            self._urls.put_nowait(message.file_urls_response.file_urls[0])
        elif kind == "script_finished":
            if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                self._runs += 1
            elif message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                self._seen.errors["the script did not compile"] += 1
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._element(message.delta.new_element)

    def _element(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        if kind == "chat_input":
            self._input = element.chat_input.id
        elif (kind == "button" and element.button.label == "Stop") or (
            kind == "markdown" and "shimmer" in element.markdown.body
        ):
            self._sign = self._waits = True
        elif kind == "button" and re.match(r"(Ask the document|Not right|Right)|.*thumb", element.button.label):
            self._sign = True
        elif kind == "exception":
            self._seen.errors[f"{element.exception.type}: {element.exception.message}"[:120]] += 1
        elif kind == "alert":
            said = element.alert.body.replace("\\", "")
            if any(refusal in said for refusal in _CLEAN_REFUSALS):
                self._seen.refusals[said[:80]] += 1
                self._sign = True
            elif "went wrong" in said or "failed" in said:
                self._seen.errors[said[:120]] += 1

    async def _look(self, fragment: str, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            await self._rerun(fragment=fragment)


def _put(port: int, path: str, name: str, data: bytes) -> int:
    boundary = uuid.uuid4().hex
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
        "Content-Type: text/markdown\r\n\r\n"
    ).encode()
    token = _token(port)
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=body + data + f"\r\n--{boundary}--\r\n".encode(),
        method="PUT",
        headers={
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Cookie": f"_streamlit_xsrf={token}",
            "X-Xsrftoken": token,
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        return error.code


def _token(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=60) as reply:
        cookie = reply.headers.get("Set-Cookie", "")
    found = re.search(r"_streamlit_xsrf=([^;]+)", cookie)
    return found[1] if found else ""


def reply(body: dict[str, Any]) -> str:
    """Answer with the first sentence of the context that has a number."""
    text = "\n".join(str(message["content"]) for message in body["messages"])
    found = re.findall(r"Pump \d\S+ at [^.]+\.", text)
    quote = found[0] if found else "The valve stands open."
    return f"The documents say this about it, as far as I can see: {quote} [1]\n---\n[1] “{quote}”"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _family(process: subprocess.Popen[bytes]) -> list[int]:
    """Return the server's process and those that it has started: the embedding model, parsers while they work."""
    found = [process.pid]
    for pid in found:
        for path in Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += [int(child) for child in path.read_text().split()]
    return found


def _memory(process: subprocess.Popen[bytes]) -> int:
    """Return the bytes that the server and what it has started keep in memory."""
    total = 0
    for pid in _family(process):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1]) * 1024
    return total


def _cpu_s(process: subprocess.Popen[bytes]) -> float:
    """Return the seconds of CPU that the server and what it has started have used, those that have ended included; on a
    busy machine they tell more than waiting times."""
    ticks = 0
    for pid in _family(process):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def _prepare(storage: Path, model: str) -> None:
    from benchmarks.kills import made_up_document
    from stc.documents import ingest

    services = Services(storage)
    for number in (1, 2, 3):
        path = storage / f"book {number}.md"
        path.write_text(made_up_document(number, 30, 0))
        with path.open("rb") as stream:
            ingest.process(services, ingest.receive(services, path.name, stream).document_id)
    services.change_settings(chat_model="openai/double", api_base=model, sleep_paused=True)
    services.close()


async def _run(
    port: int, process: subprocess.Popen[bytes], sessions: int, seconds: float, pause: tuple[float, float]
) -> bool:
    warm = Seen()
    await Session(port, warm).live(time.monotonic() + 20, random.Random(99), (1, 6))
    await asyncio.sleep(3)
    start = _memory(process)
    print(f"warm: {len(warm.whole_s)} answers, errors {dict(warm.errors)}, {start / 2**20:.0f} MiB", flush=True)
    seen = Seen()
    until = time.monotonic() + seconds
    most = start
    busy = _cpu_s(process)

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, _memory(process))
            await asyncio.sleep(1)

    async def come(number: int) -> None:
        await asyncio.sleep(number * min(0.2, seconds / 10 / sessions))
        await Session(port, seen).live(until, random.Random(number), pause)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(come(number) for number in range(sessions)))
    left = _memory(process)
    busy = _cpu_s(process) - busy
    await asyncio.sleep(_SESSIONS_KEPT_S)
    watching.cancel()
    end = _memory(process)
    fine = not seen.errors and not warm.errors
    found = {
        "page open": seen.opened_s,
        "first sign": seen.first_sign_s,
        "whole answer": seen.whole_s,
        "upload": seen.upload_s,
    }
    for name, values in found.items():
        if values:
            cuts = statistics.quantiles(values, n=20) if len(values) > 1 else values * 20
            print(
                f"{name:13} {len(values):6,} times, median {statistics.median(values):6.2f} s, p95 {cuts[18]:6.2f} s, "
                f"longest {max(values):6.2f} s"
            )
            fine = fine and (name != "first sign" or cuts[18] <= _MOST_FIRST_SIGN_S)
    done = len(seen.whole_s) + len(seen.upload_s)
    print(f"load          {sessions} sessions, {pause[0]:g} to {pause[1]:g} s of reading")
    print(f"done          {done / seconds:.1f} answers and files a second, {busy / max(1, done):.2f} s of CPU for each")
    grown = end / start - 1
    print(f"refusals      {dict(seen.refusals) or 'none'}; upload addresses asked for again: {seen.asked_again}")
    print(f"errors        {dict(seen.errors) or 'none'}")
    print(
        f"memory        start {start / 2**20:.0f} MiB, at most {most / 2**20:.0f}, when all had left {left / 2**20:.0f}, "
        f"{_SESSIONS_KEPT_S:g} s later {end / 2**20:.0f} MiB ({grown:+.0%})"
    )
    return fine and grown <= _MOST_GROWTH


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--pause", type=float, nargs=2, default=(5.0, 25.0), metavar=("LEAST", "MOST"), help="seconds")
    parser.add_argument("--fake-embedder", action="store_true", help="a hashed bag of words in place of the real one")
    options = parser.parse_args()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STC_")}
    if options.fake_embedder:
        environment["STC_FAKE_EMBEDDER"] = os.environ["STC_FAKE_EMBEDDER"] = "1"
    with tempfile.TemporaryDirectory(prefix="sessions-") as folder:
        storage = Path(folder) / "storage"
        double = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes", "--reply", "benchmarks.sessions:reply", "--word-delay", "0.02"],
            cwd=_ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert double.stdout is not None
        model = double.stdout.readline().strip()
        _prepare(storage, model)
        port = _free_port()
        environment |= {"STC_STORAGE": str(storage), "STC_LOCAL_SERVERS": "", "STC_API_KEY": "double"}
        log = (Path(folder) / "server.log").open("wb")
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
            cwd=_ROOT, env=environment, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            while True:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10).close()
                    break
                except OSError:
                    assert server.poll() is None, (Path(folder) / "server.log").read_text()
                    time.sleep(0.2)
            fine = asyncio.run(_run(port, server, options.sessions, options.seconds, tuple(options.pause)))
        finally:
            server.terminate()
            server.wait(timeout=30)
            double.kill()
            double.wait()
            log.close()
        said = (Path(folder) / "server.log").read_text(errors="replace")
        lines = Counter(re.sub(r"^[\d:.T -]+", "", line)[:200] for line in said.splitlines() if line.strip())
        print("server's window:" + "".join(f"\n   {number} times: {line}" for line, number in lines.most_common(12)))
        errors = [
            line for path in (storage / "logs").glob("*.jsonl") for line in path.read_text().splitlines()
            if '"level": "error"' in line or '"level": "warning"' in line
        ]  # fmt: skip
        print(f"log: {len(errors)} warnings and errors" + "".join(f"\n   {line[:600]}" for line in errors[:10]))
    sys.exit(0 if fine and not errors else 1)


if __name__ == "__main__":
    main()
