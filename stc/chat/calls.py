"""One call of the chat model: it stands in the ledger before it is sent, so that a killed process leaves a trace."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stc.access import limits
from stc.errors import StcError, UpstreamError
from stc.meter import prices
from stc.meter.ledger import IN_FLIGHT
from stc.models.llm import count_messages
from stc.storage import ledger
from stc.storage.database import new_id
from stc.words import Effort, LedgerRow, Usage

if TYPE_CHECKING:
    from stc.models.llm import Reply
    from stc.services import Services

ROOM_TO_THINK: dict[Effort, int] = {"low": 1_000, "medium": 4_000, "high": 12_000}
"""Tokens that a model which thinks before it answers may write more, by effort; its thoughts count as output."""


def complete(
    services: Services,
    model: str,
    messages: Sequence[dict[str, Any]],
    *,
    max_tokens: int,
    effort: Effort,
    row: dict[str, Any],
    stop: threading.Event,
    on_text: Callable[[str], None] | None = None,
    stable: str = "",
) -> Reply:
    """Return the model's reply. ``row`` has the fields of its ledger row that the caller knows; ``stable`` as for
    ``LanguageModel.complete``.

    ``max_tokens`` of answer; a model that thinks gets room for that on top, and ``effort`` says how long it should.
    Raises like ``LanguageModel.complete``, and ``UserError`` where the person may not use so much today. What a failed call
    was billed is in the ledger then, one that was refused is not.
    """
    llm = services.llm
    thinks = llm.thinks(model, stop)
    if thinks:
        max_tokens += ROOM_TO_THINK[effort]
    most = Usage(count_messages(messages), output_tokens=max_tokens, estimated=True)
    most = replace(most, cost_usd=prices.cost(most, llm.price(model)))
    sent = LedgerRow(
        id=new_id(),
        **row,
        model=model,
        raw_usage={},
        usage=most,
        price_revision=prices.revision(),
        litellm_cost_usd=None,
        tier="standard",
        first_token_s=None,
        seconds=0.0,
        error=IN_FLIGHT,
    )
    with services.database.write() as connection:
        if sent.purpose == "chat":
            limits.check_asking(services, connection, most)
        ledger.add(connection, sent)
    began = time.monotonic()
    try:
        reply = llm.complete(
            model,
            messages,
            max_tokens=max_tokens,
            stop=stop,
            on_text=on_text,
            effort=effort if thinks else None,
            stable=stable,
        )
    except StcError as error:
        with services.database.write() as connection:
            if isinstance(error, UpstreamError) and error.usage is not None:
                failed = llm.failed_row(model, error, seconds=time.monotonic() - began, **row)
                ledger.settle(connection, replace(failed, id=sent.id))
            else:
                ledger.withdraw(connection, sent.id)
        raise
    with services.database.write() as connection:
        ledger.settle(connection, replace(reply.ledger_row(**row), id=sent.id))
    return reply
