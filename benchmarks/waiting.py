"""How much longer does a person wait for an answer while the background job is at work?

    python -m benchmarks.waiting --replies 60 --questions 5

The loopback model double takes ``--replies`` seconds for each sleep call and answers chat at once. Each kind of server is asked
the same questions without sleep and during a sleep call:

local  one call at a time, as on a small computer: the sleep call has to be given up before the answer can begin
cloud  any number of calls: the sleep call runs on beside

Printed: the median and the longest time to the first token. The exit status is 1 where a local server's longest is over 2 s more
with sleep than without, or a cloud server's sleep call was given up or its median is over a quarter of a second more.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.kills import made_up_document, reply
from stc.chat.answering import ask
from stc.documents import ingest
from stc.models.llm import LanguageModel
from stc.services import Services
from stc.sleep.facts import agreement
from stc.sleep.run import sleep_now
from tests.fakes import ModelServer

_MODEL = "openai/double"
_LOCAL_MOST_S = 2.0
_CLOUD_MOST_S = 0.25


def _slow(body: dict[str, Any]) -> bool:
    return "JSON" in body["messages"][0]["content"]


def measure(kind: str, replies_s: float, questions: int, storage: Path) -> bool:
    # On loopback every server is local; the other kind differs by nothing else.
    with patch.object(LanguageModel, "is_local", lambda self, model: kind == "local"):
        return _measure(kind, replies_s, questions, storage)


def _measure(kind: str, replies_s: float, questions: int, storage: Path) -> bool:
    def delay(body: dict[str, Any]) -> float:
        return replies_s if _slow(body) else 0.0

    with ModelServer(reply=_answer, one_at_a_time=kind == "local", first_delay_s=delay) as server:
        services = Services(storage)
        services.change_settings(
            chat_model=_MODEL, sleep_model=_MODEL, api_base=server.url, consent=agreement(_MODEL, server.url)
        )
        path = storage / "book.md"
        path.write_text(made_up_document(1, 20, 0))
        with path.open("rb") as stream:
            document = ingest.process(services, ingest.receive(services, path.name, stream).document_id)
        asked = [f"What does pump 1-{number}-3 lift?" for number in range(1, questions + 1)]
        _first_token(services, document.id, asked[0])  # imports, connections
        awake = [_first_token(services, document.id, question) for question in asked]
        busy, given_up = [], 0
        for question in asked:
            stop = threading.Event()
            before = len(server.requests)
            server.gone.clear()
            sleeper = threading.Thread(target=_sleep, args=(services, stop), daemon=True)
            sleeper.start()
            while len(server.requests) == before:
                time.sleep(0.02)
            time.sleep(0.5)
            busy.append(_first_token(services, document.id, question))
            given_up += server.gone.is_set()
            stop.set()
            sleeper.join()
        services.close()
    more, worst = statistics.median(busy) - statistics.median(awake), max(busy) - max(awake)
    print(
        f"{kind}: first token after {statistics.median(awake):.2f} s ({max(awake):.2f} s at most) without sleep, "
        f"{statistics.median(busy):.2f} s ({max(busy):.2f} s at most) during a sleep call of {replies_s:.0f} s; "
        f"{given_up} of {questions} sleep calls were given up"
    )
    if kind == "local":
        return worst <= _LOCAL_MOST_S
    return more <= _CLOUD_MOST_S and given_up == 0


def _sleep(services: Services, stop: threading.Event) -> None:
    for _ in sleep_now(services, stop=stop):
        pass


def _answer(body: dict[str, Any]) -> str:
    return reply(body) if _slow(body) else 'It stands here: "when its valve stands open" [1].'


def _first_token(services: Services, document_id: str, question: str) -> float:
    answer = ask(services, question, document_ids=[document_id], route="chunks")
    if answer.state != "done" or answer.first_token_s is None:
        raise SystemExit(f"The question was not answered: {answer.error}")
    return answer.first_token_s


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replies", type=float, default=60.0, metavar="SECONDS")
    parser.add_argument("--questions", type=int, default=5)
    options = parser.parse_args()
    os.environ.update(STC_FAKE_EMBEDDER="1", STC_LOCAL_SERVERS="", STC_API_KEY="double")
    fine = True
    for kind in ("local", "cloud"):
        with tempfile.TemporaryDirectory() as folder:
            fine &= measure(kind, options.replies, options.questions, Path(folder))
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
