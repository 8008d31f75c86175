"""Gather what the planner decides by: documents with their windows, tasks, the model's state, what was spent today."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stc.errors import UserError
from stc.meter import ledger as meter
from stc.meter import prices, providers
from stc.meter.simulating import preparing
from stc.models import tokens
from stc.sleep import demand, planning, power, thinking, value
from stc.sleep.demand import Attempt
from stc.sleep.planning import Candidate, ModelState, Needed, Policy, Spent, Window
from stc.sleep.value import Outcome, Use
from stc.storage import conversations, ledger, tasks
from stc.storage import documents as document_rows
from stc.words import EXTRACTIVE, PASSES, SHARED, Answer, Document, TaskKey, TaskState

if TYPE_CHECKING:
    from stc.services import Services
    from stc.settings import Settings

_SMALLEST_WINDOW = 500
_KEPT_WINDOWS = 10_000
"""Documents; every look asks for all of them in turn, so one less than there are would keep none."""
_REMEMBERED_S = 90 * value.DAY_S
_REMEMBERED_ANSWERS = 300
"""A question of three months ago counts for a hundredth of one of today; more of them only cost time at each look."""

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
    settings = services.settings
    with services.database.read() as connection:
        found = document_rows.list_all(connection, services.owner)
        states = tasks.states(connection, services.owner, now)
        revisions = tasks.revisions(connection, services.owner)
        # Of shared documents it counts how often they are asked, by whomever; the questions stay their askers' own.
        askers = None if services.owner == SHARED else services.owner
        answers = conversations.recent_answers(connection, askers, since=now - _REMEMBERED_S, limit=_REMEMBERED_ANSWERS)
        attempts = [
            Attempt(task.document_id, task.thinker, task.answers, held_until)
            for task, held_until in tasks.directed(connection, services.owner, now)
        ]
        brought = tasks.notes_found(connection, services.owner, "model")
        makers = tasks.makers(connection, services.owner, {one for answer in answers for one in answer.notes_used})
        first_done = tasks.first_done(connection, services.owner)
    if document_ids is not None:
        for missing in set(document_ids) - {document.id for document in found}:
            raise UserError(f"Document {missing} is not here; 'python -m stc documents' lists what is.")
        found = [document for document in found if document.id in set(document_ids)]
    model, limit, estimate = _model(services, now)
    experience = value.learn(
        _outcomes(answers, makers, first_done, settings.chat_model), input_usd=_answers_input_usd(services, settings)
    )
    asked_at = demand.asked_at(answers)
    questions = {} if services.owner == SHARED else demand.questions(answers, attempts)
    unused = _unused(answers, makers, first_done)
    new_notes: dict[tuple[str, int], dict[tuple[str, int], int]] = {}
    for key, number in brought.items():
        new_notes.setdefault((key.document_id, key.revision), {})[key.window_hash, key.generation] = number
    candidates = tuple(
        Candidate(
            document,
            revisions[document.id],
            _windows_of(services, document, limit),
            Use(asked_at.get(document.id, ()), document.opens, document.last_used_at, unused.get(document.id, 0)),
            questions.get(document.id, ()),
            new_notes.get((document.id, revisions[document.id]), {}),
        )
        for document in found
        if document.status == "ready"
    )
    in_money = model.name and not model.free and estimate.price is not None and experience.saved_usd is not None
    policy = Policy(
        idle_after_s=settings.idle_after_s,
        daily_usd=settings.daily_usd,
        daily_tokens=settings.daily_tokens,
        document_usd=settings.document_usd,
        document_tokens=settings.document_tokens,
        run_usd=settings.run_usd,
        run_tokens=settings.run_tokens,
        paused=settings.sleep_paused,
        quiet_until=planning.quiet_until(settings.quiet_hours, now),
        on_battery=settings.pause_on_battery and power.on_battery(),
        generations=settings.generations,
        model=model,
        estimate=estimate,
        unit="usd" if in_money else "tokens",
        experience=experience,
    )
    return Facts(candidates, states, policy, spent(services, now), now, limit)


def _outcomes(
    answers: Sequence[Answer],
    makers: Mapping[str, tuple[str, str]],
    first_done: Mapping[tuple[str, str, str], float],
    chat_model: str,
) -> Iterator[Outcome]:
    """Yield what each answered question tells of the passes that had prepared its documents.

    Of money only the answers of today's ``chat_model`` tell.
    """
    for answer in answers:
        known = [makers[one][0] for one in answer.notes_used if one in makers]
        if answer.state != "done" or meter.GIVEN in answer.reasons or (answer.notes_used and not known):
            continue  # what its notes were is not known any more, or nobody paid for them here
        documents = demand.documents_of(answer)
        prepared = {
            name
            for (document_id, name, _), at in first_done.items()
            if document_id in documents and at <= answer.asked_at
        }
        one = meter.saving(answer, meter.HEADLINE) if known else None
        yield Outcome(
            frozenset(name for name in PASSES if name in prepared),
            frozenset(name for name in PASSES if name in known),
            None if one is None else float(one.tokens),
            None if one is None or one.cost_usd is None or answer.model != chat_model else float(one.cost_usd),
        )


def _unused(
    answers: Sequence[Answer], makers: Mapping[str, tuple[str, str]], first_done: Mapping[tuple[str, str, str], float]
) -> dict[str, int]:
    """Return per document how many questions in a row used no note that a model made, since there are some."""
    since: dict[str, float] = {}
    for (document_id, _, thinker), at in first_done.items():
        if thinker == "model":
            since[document_id] = min(at, since.get(document_id, at))
    unused: dict[str, int] = {}
    for answer in answers:  # oldest first
        if answer.state != "done" or (answer.notes_used and not any(one in makers for one in answer.notes_used)):
            continue
        by_model = any(makers.get(one, ("", ""))[1] == "model" for one in answer.notes_used)
        for document_id in demand.documents_of(answer):
            if answer.asked_at >= since.get(document_id, float("inf")):
                unused[document_id] = 0 if by_model else unused.get(document_id, 0) + 1
    return unused


def _answers_input_usd(services: Services, settings: Settings) -> float | None:
    """Return US dollars for a token that an answer reads; 0 where answers are free, ``None`` where that is unknown."""
    if not settings.chat_model:
        return 0.0
    price = services.llm.price(settings.chat_model)
    if price is None:
        return None
    rates = price.rates(1)
    return 0.0 if rates is None else rates.input


def spent_today(services: Services, now: float) -> Spent:
    """Return what models were used for unasked since midnight (UTC), whoever it was for: to prepare and to check the meter."""
    with services.database.read() as connection:
        rows = ledger.rows(connection, None, since=now // 86400 * 86400)
    rows = [row for row in rows if row.model != EXTRACTIVE and row.purpose in ("sleep", "check")]
    return Spent(
        sum(row.usage.cost_usd or 0.0 for row in rows),
        sum(row.usage.tokens for row in rows),
        unpriced=sum(row.usage.cost_usd is None for row in rows),
    )


def spent(services: Services, now: float) -> Spent:
    """Return what models were used for preparing since midnight (UTC), and for each document ever."""
    with services.database.read() as connection:
        documents = ledger.spent_on_documents(connection, services.owner, purpose="sleep", free_model=EXTRACTIVE)
    return replace(spent_today(services, now), documents=documents)


def agreement(model: str, api_base: str) -> str:
    """Return what the setting ``consent`` holds once the person agreed to this model: its name, and the address it is
    asked at where that is not its provider's own. The same name at another address is another reader of the text."""
    target = providers.resolve(model, api_base)
    return model if target.api_base is None else f"{model} at {providers.public_address(target.api_base)}"


@dataclass(frozen=True, slots=True)
class _Estimate:
    """What the preparation model needs for a window, at most."""

    price: prices.Price | None
    billed: prices.Price | None
    """The price in the tier of the last call, where that was a cheaper one."""
    limit: int

    def __call__(self, document: Document, window: Window) -> Needed:
        sent, asked = thinking.needed(
            window.pass_name,
            window.tokens,
            limit=self.limit,
            document_tokens=document.tokens,
            questions=window.questions,
        )
        usual = preparing(sent, asked, self.billed).cost_usd if self.billed is not None else None
        return Needed(sent, asked, preparing(sent, asked, self.price).cost_usd, usual)


def _model(services: Services, now: float) -> tuple[ModelState, int, _Estimate]:
    """Return the preparation model's state, the largest window for it, and how to estimate what it needs."""
    settings = services.settings
    name = settings.sleep_model
    if not name:
        return (
            ModelState(),
            planning.WINDOW_TOKENS,
            _Estimate(prices.price_of(EXTRACTIVE), None, planning.WINDOW_TOKENS),
        )
    llm = services.llm
    price = llm.price(name)
    context = llm.context_window(name)
    limit = planning.WINDOW_TOKENS
    if context is not None:
        overhead = max(thinking.overhead_tokens(each) for each in PASSES) + 400
        limit = max(_SMALLEST_WINDOW, min(limit, int((context - overhead) / (1 + thinking.OUTPUT_SHARE))))
    with services.database.read() as connection:
        failures, failed_at = tasks.failures_in_a_row(connection, services.owner, "model")
        called = providers.resolve(name, settings.api_base).name
        tier = ledger.last_tier(connection, services.owner, purpose="sleep", model=called)
    billed = llm.price(name, tier) if settings.cheap_tier and tier and tier != "standard" else None
    free = price is not None and price.free
    local = llm.is_local(name)
    state = ModelState(
        name=name,
        local=local,
        free=free,
        needs_consent=not (local and free),
        consented=settings.consent == agreement(name, settings.api_base),
        failures=failures,
        failed_at=failed_at,
    )
    return state, limit, _Estimate(price, billed, limit)


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
