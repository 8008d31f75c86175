"""Gather what the planner decides by: documents with their windows, tasks, the model's state, what was spent today."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stc.errors import UserError
from stc.meter import providers
from stc.models import tokens
from stc.sleep import planning, thinking
from stc.sleep.planning import Candidate, ModelState, Policy, Spent, Window
from stc.storage import documents as document_rows
from stc.storage import ledger, tasks
from stc.words import EXTRACTIVE, PASSES, Document, TaskKey, TaskState, Usage

if TYPE_CHECKING:
    from stc.services import Services

_SMALLEST_WINDOW = 500
_KEPT_WINDOWS = 500

_windows: OrderedDict[tuple[str, str, int], tuple[Window, ...]] = OrderedDict()
"""Windows by document, content and limit: counting a long document's tokens takes longer than a tick should."""


@dataclass(frozen=True, slots=True)
class Facts:
    candidates: tuple[Candidate, ...]
    states: dict[TaskKey, TaskState]
    policy: Policy
    spent: Spent
    now: float
    limit: int
    """Tokens of the largest window."""


def gather(services: Services, document_ids: Sequence[str] | None = None) -> Facts:
    """Return the facts as they are now, of some documents or of all. Raises ``UserError`` for one that is not there."""
    now = services.now()
    model, limit, estimate = _model(services, now)
    settings = services.settings
    with services.database.read() as connection:
        found = document_rows.list_all(connection, services.owner)
        states = tasks.states(connection, services.owner, now)
        revisions = tasks.revisions(connection, services.owner)
    if document_ids is not None:
        for missing in set(document_ids) - {document.id for document in found}:
            raise UserError(f"Document {missing} is not here; 'python -m stc documents' lists what is.")
        found = [document for document in found if document.id in set(document_ids)]
    candidates = tuple(
        Candidate(document, revisions[document.id], _windows_of(services, document, limit))
        for document in found
        if document.status == "ready"
    )
    policy = Policy(
        idle_after_s=settings.idle_after_s,
        daily_usd=settings.daily_usd,
        daily_tokens=settings.daily_tokens,
        paused=settings.sleep_paused,
        model=model,
        estimate=estimate,
    )
    return Facts(candidates, states, policy, spent_today(services, now), now, limit)


def spent_today(services: Services, now: float) -> Spent:
    """Return what models were used for preparing since midnight (UTC)."""
    with services.database.read() as connection:
        rows = ledger.rows(connection, services.owner, since=now // 86400 * 86400, purpose="sleep")
    rows = [row for row in rows if row.model != EXTRACTIVE]
    return Spent(sum(row.usage.cost_usd or 0.0 for row in rows), sum(row.usage.tokens for row in rows))


def agreement(model: str, api_base: str) -> str:
    """Return what the setting ``consent`` holds once the person agreed to this model: its name, and the address it is
    asked at where that is not its provider's own. The same name at another address is another reader of the text."""
    target = providers.resolve(model, api_base)
    return model if target.api_base is None else f"{model} at {providers.public_address(target.api_base)}"


def _model(services: Services, now: float):
    """Return the preparation model's state, the largest window for it, and how to estimate a window's cost."""
    settings = services.settings
    name = settings.sleep_model
    if not name:
        return ModelState(), planning.WINDOW_TOKENS, lambda window: (0, 0.0)
    llm = services.llm
    price = llm.price(name)
    context = llm.context_window(name)
    limit = planning.WINDOW_TOKENS
    if context is not None:
        overhead = max(thinking.overhead_tokens(each) for each in PASSES) + 400
        limit = max(_SMALLEST_WINDOW, min(limit, int((context - overhead) / (1 + thinking.OUTPUT_SHARE))))
    with services.database.read() as connection:
        failures, failed_at = tasks.failures_in_a_row(connection, services.owner, "model")
    free = price is not None and price.free
    local = llm.is_local(name)
    state = ModelState(
        name=name,
        local=local,
        needs_consent=not (local and free),
        consented=settings.consent == agreement(name, settings.api_base),
        failures=failures,
        failed_at=failed_at,
    )

    def estimate(window: Window) -> tuple[int, float | None]:
        from stc.meter import prices

        sent, asked = thinking.needed(window.pass_name, window.tokens, limit=limit, questions=window.questions)
        usage = Usage(input_tokens=sent, output_tokens=asked)
        return usage.tokens, prices.cost(usage, price)

    return state, limit, estimate


def _windows_of(services: Services, document: Document, limit: int) -> tuple[Window, ...]:
    key = (document.id, document.content_hash, limit)
    found = _windows.get(key)
    if found is None:
        with services.database.read() as connection:
            pages = document_rows.read_pages(connection, document.id)
        found = _windows[key] = planning.windows(pages, tokens.count, limit=limit)
        while len(_windows) > _KEPT_WINDOWS:
            _windows.popitem(last=False)
    _windows.move_to_end(key)
    return found
