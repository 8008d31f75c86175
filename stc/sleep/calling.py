"""Ask the model on behalf of one task: consent and limits are asked anew before each call, and nothing is paid for twice.

A call is in the ledger before it is sent, marked as in flight with the most that it can cost; its reply takes that row's
place and is kept with the task, in one transaction. So a process may be killed at any moment: what was in flight stays
marked, and whoever takes the task up again goes on from the replies that are there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stc.errors import BudgetReached, StcError, UpstreamError
from stc.meter import prices
from stc.meter.ledger import IN_FLIGHT
from stc.models import tokens
from stc.sleep import thinking
from stc.sleep.facts import agreement, spent_today
from stc.sleep.planning import Spent
from stc.storage import documents as document_rows
from stc.storage import ledger, tasks
from stc.storage.database import new_id
from stc.words import EXTRACTIVE, LedgerRow, SleepTask, Usage

if TYPE_CHECKING:
    from stc.models.llm import Reply
    from stc.services import Services

LEASE_S = 45.0
_OTHER_TEMPERATURE = 0.7
"""Of the second generation and those after it: at 0 they would only find what the first found."""
_ONE_STEP_UP = {"low": "medium", "medium": "high", "high": "high"}


class Interrupted(Exception):
    """The task was given back undone: a person waits, the program ends, or the document is gone."""


class Caller:
    """The model as one task calls it (``thinking.Call``). Adds up what was used, sent and asked for."""

    def __init__(
        self,
        services: Services,
        task: SleepTask,
        run_id: str,
        model: str,
        *,
        give_way: Callable[[], None],
        abort: threading.Event,
        ending: threading.Event,
    ) -> None:
        """``give_way`` waits for people and may raise ``Interrupted``; ``abort`` breaks a call off, because of ``ending``
        or because a person asks."""
        self._services = services
        self._task = task
        self._run_id = run_id
        self._model = model
        self._give_way = give_way
        self._abort = abort
        self._ending = ending
        self._place = 0
        self.usage = Usage()
        self.sent_tokens = 0
        self.asked_tokens = 0

    def __call__(self, messages: list[dict[str, str]], max_tokens: int, schema: dict[str, Any]) -> thinking.Said:
        """Return the reply. Raises ``Interrupted``, ``BudgetReached``, ``UpstreamError`` and ``thinking.Unusable``."""
        self._give_way()
        place, self._place = self._place, self._place + 1
        with self._services.database.read() as connection:
            kept = tasks.kept_reply(connection, self._task.id, place, model=self._model, asked_tokens=max_tokens)
        if kept is not None:
            return thinking.Said(*kept)
        if (
            self._abort.is_set()
        ):  # a person asked while something else was done: nothing is begun that would be broken off
            raise Interrupted
        row = self._begin(messages, max_tokens)
        began = time.monotonic()
        settings = self._services.settings
        try:
            reply = self._services.llm.complete(
                self._model,
                messages,
                max_tokens=max_tokens,
                schema=schema,
                stop=self._abort,
                temperature=0.0 if self._task.generation == 1 else _OTHER_TEMPERATURE,
                tier="flex" if settings.cheap_tier else None,
                effort=self._effort(settings.sleep_effort),
            )
        except UpstreamError as error:
            self._fail(row, error, time.monotonic() - began)
            raise
        except StcError:
            with self._services.database.write() as connection:
                ledger.withdraw(connection, row.id)
            raise
        self._end(place, row, reply, max_tokens)
        if reply.finish_reason == "stopped":
            raise Interrupted
        if reply.truncated:
            raise UpstreamError(
                "The model server read only a part of what it was sent. Raise num_ctx, or choose a model with a larger context.",
                kind="context",
            )
        if reply.finish_reason == "filtered":
            raise thinking.Unusable("The provider's content filter refused it.")
        return thinking.Said(reply.text, reply.finish_reason)

    def _effort(self, chosen: str) -> str | None:
        """Return the effort to ask for: for real questions one step more than for what was only foreseen."""
        if not chosen:
            return None
        return _ONE_STEP_UP[chosen] if self._task.pass_name == "directed" else chosen

    def _begin(self, messages: list[dict[str, str]], max_tokens: int) -> LedgerRow:
        """Write the row of a call that is about to be sent, where consent and limits allow it."""
        given = sum(tokens.count(message["content"]) + 6 for message in messages)
        most = Usage(given, output_tokens=max_tokens, estimated=True)
        most = replace(most, cost_usd=prices.cost(most, self._services.llm.price(self._model)))
        self._check_consent()
        row = self._row(most)
        with self._services.database.write() as connection:  # so that two sleepers can't both take what is left
            until = row.at + LEASE_S
            if not tasks.renew(connection, self._task.id, holder=self._services.holder, until=until):
                raise Interrupted  # this computer slept, and another process has the task: it pays, not this one
            self._check_limits(most)
            ledger.add(connection, row)
        self.sent_tokens += given
        self.asked_tokens += max_tokens
        return row

    def _check_consent(self) -> None:
        """Ask anew before each call: between two of them the person may have decided otherwise, or set another address."""
        settings, local = self._services.settings, self._services.llm.is_local(self._model)
        with self._services.database.read() as connection:
            document = document_rows.get(connection, self._services.owner, self._task.document_id)
        agreed = local or settings.consent == agreement(self._model, settings.api_base)
        if document is None or settings.sleep_model != self._model or not agreed or (document.keep_local and not local):
            raise Interrupted

    def _check_limits(self, most: Usage) -> None:
        settings = self._services.settings
        today = spent_today(self._services, self._services.now())
        run = Spent(self.usage.cost_usd or 0.0, self.usage.tokens)
        for begin, what, spent, limit_tokens, limit_usd in (
            ("Today's", "preparing", today, settings.daily_tokens, settings.daily_usd),
            ("The", "preparing one document", self._on_document(), settings.document_tokens, settings.document_usd),
            ("The", "one step of preparing", run, settings.run_tokens, settings.run_usd),
        ):
            if spent.tokens + most.tokens > limit_tokens:
                raise BudgetReached(f"{begin} limit of {limit_tokens:,} tokens for {what} is reached.")
            if most.cost_usd is None and not limit_usd:
                raise BudgetReached(f"The price is unknown, and a limit of $0 is set for {what}.")
            if most.cost_usd and spent.usd + most.cost_usd > limit_usd:
                raise BudgetReached(f"{begin} limit of ${limit_usd:.2f} for {what} is reached.")

    def _on_document(self) -> Spent:
        with self._services.database.read() as connection:
            rows = ledger.rows(connection, self._services.owner, purpose="sleep", document_id=self._task.document_id)
        rows = [row for row in rows if row.model != EXTRACTIVE]
        return Spent(sum(row.usage.cost_usd or 0.0 for row in rows), sum(row.usage.tokens for row in rows))

    def _end(self, place: int, row: LedgerRow, reply: Reply, asked_tokens: int) -> None:
        error = None
        if reply.finish_reason == "stopped":
            error = "broken off: the program ended" if self._ending.is_set() else "broken off: a person asked"
        told = reply.ledger_row(
            owner=row.owner,
            at=self._services.now(),
            purpose="sleep",
            run_id=row.run_id,
            document_id=row.document_id,
            document_shares=row.document_shares,
            route=row.route,
            error=error,
        )
        self.usage = self.usage + reply.usage
        with self._services.database.write() as connection:
            ledger.settle(connection, replace(told, id=row.id))
            if reply.finish_reason not in {"stopped", "filtered"} and not reply.truncated:
                tasks.keep_reply(
                    connection,
                    self._task.id,
                    place,
                    model=self._model,
                    asked_tokens=asked_tokens,
                    text=reply.text,
                    finish_reason=reply.finish_reason,
                )

    def _fail(self, row: LedgerRow, error: UpstreamError, seconds: float) -> None:
        """Keep the row of a call that failed only where it was billed all the same."""
        with self._services.database.write() as connection:
            if error.usage is None:
                ledger.withdraw(connection, row.id)
                return
            self.usage = self.usage + error.usage
            ledger.settle(
                connection,
                replace(
                    row,
                    at=self._services.now(),
                    usage=error.usage,
                    raw_usage=error.raw_usage or {},
                    seconds=seconds,
                    error=str(error),
                ),
            )

    def _row(self, usage: Usage) -> LedgerRow:
        return LedgerRow(
            id=new_id(),
            owner=self._services.owner,
            at=self._services.now(),
            purpose="sleep",
            model=self._model,
            answer_id=None,
            run_id=self._run_id,
            document_id=self._task.document_id,
            document_shares={self._task.document_id: 1.0},
            raw_usage={},
            usage=usage,
            price_revision=prices.revision(),
            litellm_cost_usd=None,
            tier="standard",
            route=self._task.pass_name,
            origin="",
            first_token_s=None,
            seconds=0.0,
            error=IN_FLIGHT,
        )
