"""Run a baseline for real, now and then, while nothing else is to do: it shows how far the meter's estimates are off.

For a share of the questions that prepared notes answered (setting ``shadow_share``, 0 unless the person chooses one) the
answer is made once more without preparation. What that costs is charged to the meter itself (purpose "check"), never to
preparing; both answers are compared. An answer is taken once, whatever becomes of the run: nothing is paid for twice.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from stc.chat import answering, replies
from stc.chat.figures import numbers
from stc.errors import StcError, UpstreamError, UserError
from stc.meter import ledger as meter
from stc.meter import prices
from stc.sleep import checking, facts, planning, power, quantities
from stc.storage import conversations, shadows
from stc.storage import documents as document_rows
from stc.words import EXTRACTIVE, Answer, Baseline, Route, Shadow, Usage

if TYPE_CHECKING:
    from stc.services import Services
    from stc.settings import Settings

_PREPARED: tuple[Route, ...] = ("reused", "notes", "notes+chunks")
_DOCUMENT_SHARE = 0.25
"""Of the runs so many are of the whole document, where it fits: it is by far the dearer one."""
_LATEST_S = 30 * 86_400.0
_MOST_ANSWERS = 500
_FAILURES = 3
_REST_S = 3600.0
_LOOK_S = 0.2


def step(services: Services, stop: threading.Event) -> bool:
    """Run the baseline of one answer, where one is due and everything allows it; return whether one was run."""
    settings = services.settings
    if not settings.shadow_share or not _allowed(services, settings):
        return False
    shadow, answer = _due(services, settings)
    if shadow is None or answer is None:
        return False
    with services.database.write() as connection:
        if not shadows.begin(connection, shadow):
            return True  # another process has just taken it
    done = _run(services, shadow, answer, stop)
    with services.database.write() as connection:
        current = conversations.get_answer(connection, services.owner, answer.id)
        if current is None:
            return True  # its conversation was deleted meanwhile, and the run's row with it
        shadows.finish(connection, done)
        if done.measured is not None and not done.abstained:
            measured = {**current.baselines, done.baseline: done.measured}
            conversations.save_answer(connection, replace(current, baselines=measured))
    return True


def drawn(answer_id: str, share: float) -> bool:
    """Tell whether an answer is among the share (0 to 1) that is run: by lot, so that nobody picks the flattering ones."""
    return _lot(answer_id) < share


def compare(one: str, other: str) -> dict[str, list[str]]:
    """Return the numbers, dates and names in which two answers contradict each other: where each has some of its own.

    An answer that says more than the other, and nothing else, does not contradict it.
    """
    texts = [replies.relabel(text, {}) for text in (one, other)]
    found = {
        "numbers": [numbers(text) for text in texts],
        "dates": [{day.isoformat() for day in quantities.possible_dates(text)} for text in texts],
        "names": [checking.names(text) for text in texts],
    }
    return {kind: [] if a <= b or b <= a else sorted(a ^ b) for kind, (a, b) in found.items()}


def _lot(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64


def _allowed(services: Services, settings: Settings) -> bool:
    """Whether the person lets the chat model work by itself now: the same manners as for preparing."""
    now = services.now()
    if settings.sleep_paused or planning.quiet_until(settings.quiet_hours, now) is not None:
        return False
    if settings.pause_on_battery and power.on_battery():
        return False
    model = settings.chat_model or EXTRACTIVE
    with services.database.read() as connection:
        if conversations.somebody_waits(connection, now):
            return False
        runs = shadows.list_all(connection, services.owner, model=model)[-_FAILURES:]
    if len(runs) == _FAILURES and all(run.state == "failed" for run in runs) and now - runs[-1].at < _REST_S:
        return False
    if model == EXTRACTIVE:
        return True
    price = services.llm.price(model)
    if price is None:
        return False
    if price.free and services.llm.is_local(model):
        return True
    return settings.shadow_consent == facts.agreement(model, settings.api_base)


def _due(services: Services, settings: Settings) -> tuple[Shadow, Answer] | tuple[None, None]:
    """Return the latest answer that was drawn and is idle, with the run that it is due, within today's limits."""
    now = services.now()
    model = settings.chat_model or EXTRACTIVE
    with services.database.read() as connection:
        answers = conversations.recent_answers(connection, services.owner, since=now - _LATEST_S, limit=_MOST_ANSWERS)
        taken = {run.answer_id for run in shadows.list_all(connection, services.owner, model=model)}
        documents = {document.id: document for document in document_rows.list_all(connection, services.readable)}
    for answer in reversed(answers):
        if answer.id in taken or answer.model != model or not _fit(answer, settings.shadow_share):
            continue
        concerned = [documents.get(one) for one in answer.scope or [c.document_id for c in answer.citations]]
        used_at = [document.last_used_at if document else now for document in concerned]
        if now - max([answer.asked_at, *used_at]) < settings.idle_after_s:
            continue
        name, estimated = _chosen(answer)
        if estimated is not None and _affordable(services, settings, answer, estimated):
            written = answer.usage.output_tokens or int(answer.counted.get("output_tokens", 0))
            run = Shadow(
                answer.id, services.owner, name, model, answer.effort, now, "running", estimated,
                answer_output_tokens=written,
            )  # fmt: skip
            return run, answer
    return None, None


def _fit(answer: Answer, share: float) -> bool:
    return (
        answer.state == "done"
        and not answer.abstained
        and answer.route in _PREPARED
        and not answer.usage.estimated
        and drawn(answer.id, share)
    )


def _chosen(answer: Answer) -> tuple[str, Baseline | None]:
    whole = answer.baselines.get("document")
    small = answer.model != EXTRACTIVE or (
        whole is not None and whole.input_tokens <= answering.QUOTES_ONLY_WINDOW_TOKENS
    )
    if whole is not None and not whole.note and small and _lot(f"which {answer.id}") < _DOCUMENT_SHARE:
        return "document", whole
    return "chunks", answer.baselines.get("chunks")


def _affordable(services: Services, settings: Settings, answer: Answer, estimated: Baseline) -> bool:
    """Whether the run keeps within the day's limits for what is done unasked, however long its answer gets."""
    if answer.model == EXTRACTIVE:
        return True
    most = Usage(estimated.input_tokens, output_tokens=answering.OUTPUT_TOKENS[answer.effort])
    money = prices.cost(most, services.llm.price(answer.model))
    spent = facts.spent_today(services, services.now())
    return (
        money is not None
        and spent.usd + money <= settings.daily_usd
        and spent.tokens + most.tokens <= settings.daily_tokens
    )


def _run(services: Services, shadow: Shadow, answer: Answer, stop: threading.Event) -> Shadow:
    route: Route = "document" if shadow.baseline == "document" else "chunks"
    try:
        with _giving_way(services, shadow.model, stop) as abort:
            again = answering.run_baseline(services, answer, route, stop=abort)
    except (UserError, UpstreamError) as error:
        return replace(shadow, state="failed", error=str(error))
    if again.state == "stopped":
        return replace(shadow, state="failed", error="broken off: a person asked, or the program ended")
    return replace(
        shadow,
        state="done",
        measured=_measured(services, shadow, again),
        text=again.text,
        abstained=again.abstained,
        differs={} if again.abstained else compare(answer.text, again.text),
    )


def _measured(services: Services, shadow: Shadow, again: Answer) -> Baseline | None:
    """Return the baseline as it came out, ``None`` where its server did not say, or the answer was cut."""
    usage = again.usage
    if usage.estimated or again.route == "none" or any(reason.startswith(meter.CUT) for reason in again.reasons):
        return None
    cost = usage.cost_usd
    if shadow.baseline == "document" and usage.cached_tokens:
        # This baseline is the one without the provider's cache, whatever happened to be in there.
        cost = prices.cost(replace(usage, cached_tokens=0, cost_usd=None), services.llm.price(shadow.model))
        usage = replace(usage, cached_tokens=0)
    return Baseline(
        usage.input_tokens, usage.output_tokens, cost, again.seconds, measured=True, cached_tokens=usage.cached_tokens
    )


@contextmanager
def _giving_way(services: Services, model: str, stop: threading.Event) -> Iterator[threading.Event]:
    """Yield an event that is set when the program ends, or when a person asks and the model runs on this computer."""
    local = model != EXTRACTIVE and services.llm.is_local(model)
    abort, finished = threading.Event(), threading.Event()

    def watch() -> None:
        while not finished.wait(_LOOK_S):
            try:
                with services.database.read() as connection:
                    waits = local and conversations.somebody_waits(connection, services.now())
            except StcError:
                continue  # a busy database: it is asked again in a moment
            if stop.is_set() or waits:
                abort.set()

    watching = threading.Thread(target=watch, name="shadow", daemon=True)
    watching.start()
    try:
        yield abort
    finally:
        finished.set()
        watching.join()
