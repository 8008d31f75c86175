"""Two hundred calls of every kind against a server whose bill is known, with faults, stops and retries."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from stc.chat import answering
from stc.errors import StcError, UpstreamError
from stc.models.llm import LanguageModel
from stc.services import Services
from stc.sleep.run import sleep_now
from stc.storage import ledger
from stc.words import LedgerRow
from tests.fakes import Billed, ModelServer
from tests.sleep import library

CALLS = 200
_FAULTS = (
    None, None, None, "429", "no-usage", "cut", "zero-usage", "500", "length", "truncated", "stop", "error-event",
    "wrong-usage", "empty", "cut-clean", "401", "400-context", "html", "broken-json",
)  # fmt: skip
_FERRY = (
    "The ferry leaves the north pier at {hour}:40 on weekdays. A single ticket costs {hour} euros and 20 cents.\n\n"
)
_PROVEN = 'It leaves at 7:40 [1].\nQUOTES\n[1] "The ferry leaves the north pier at 7:40 on weekdays."'
_STRAY_S = 3.0


@dataclass(frozen=True, slots=True)
class Paid:
    """One call as the ledger has it, and as the server billed it."""

    row: LedgerRow
    bill: Billed

    @property
    def off(self) -> float:
        """Return how far the ledger's tokens are off, as a share of the bill."""
        return self.row.usage.tokens / (self.bill.prompt_tokens + self.bill.completion_tokens) - 1


def mixed_calls(services: Services, server: ModelServer, *, calls: int = CALLS, seed: int = 0) -> list[Paid]:
    """Ask, prepare and test until the server has billed so many calls; return them in order, each with its row.

    Raises ``AssertionError`` where a billed call has no row, or a row no bill.
    """
    server.reply = lambda body: '{"notes": []}' if "response_format" in body else _PROVEN
    services.change_settings(
        chat_model="openai/double", sleep_model="openai/double", api_base=server.url, daily_tokens=10**9,
        request_timeout_s=20.0, document_tokens=10**9,
    )  # fmt: skip
    lot = random.Random(seed)
    document = _add(services, 7)
    hours = itertools.count(8)
    while len(server.billed) < calls:
        before = len(server.billed)
        fault = lot.choice(_FAULTS)
        server.faults.append(None if fault == "stop" else fault)
        server.cached_tokens, server.reasoning_tokens = lot.randrange(9), lot.choice((0, 0, 7))
        kind = lot.choice(("call", "call", "call", "ask", "ask", "test", "sleep"))
        # Who stops must have stopped before the server has sent its last word, on a busy machine too.
        server.word_delay_s = 0.05 if kind == "call" and fault == "stop" else 0.001
        with suppress(StcError):
            if kind == "call":
                _call(services, lot, stopped=fault == "stop")
            elif kind == "ask":
                answering.ask(services, "When does the ferry leave the north pier?", document_ids=[document])
            elif kind == "test":
                services.llm.test("openai/double")
            else:
                list(sleep_now(services, [_add(services, next(hours))]))
        server.faults.clear()
        _settled(services, server, more=len(server.billed) > before)
    rows = [row for row in _rows(services) if row.model != "extractive"]
    assert len(rows) == len(server.billed), "each call that was billed has one row, and no call was paid for twice"
    return [Paid(row, bill) for row, bill in zip(rows, server.billed, strict=True)]


def _add(services: Services, hour: int) -> str:
    return library.add(services, [_FERRY.format(hour=hour) * 3], name=f"ferry {hour}.md").id


def _call(services: Services, lot: random.Random, *, stopped: bool) -> None:
    stop = threading.Event()
    text = "How long is the bridge, and who measured it? " * lot.randrange(1, 30)
    model = LanguageModel(services)
    at = services.now()
    try:
        reply = model.complete(
            "openai/double",
            [{"role": "user", "content": text}],
            max_tokens=100,
            stop=stop,
            on_text=lambda piece: stop.set() if stopped else None,
        )
        row = reply.ledger_row(owner=services.owner, at=at, purpose="chat")
    except UpstreamError as error:
        if error.usage is None:
            raise
        row = model.failed_row("openai/double", error, seconds=0.0, at=at, purpose="chat")
    with services.database.write() as connection:
        ledger.add(connection, row)


def _rows(services: Services) -> list[LedgerRow]:
    with services.database.read() as connection:
        return ledger.rows(connection, services.owner)


def _settled(services: Services, server: ModelServer, *, more: bool) -> None:
    """Wait until the server has noticed that a client is gone, and billed what it had sent by then."""
    deadline = time.monotonic() + _STRAY_S
    while time.monotonic() < deadline:
        if len(server.billed) >= sum(row.model != "extractive" for row in _rows(services)):
            return
        time.sleep(0.01)


def estimated(paid: list[Paid]) -> Iterator[Paid]:
    return (one for one in paid if one.row.usage.estimated)
