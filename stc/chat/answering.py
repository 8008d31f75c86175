"""Answer a question, from first to last: scope, context, reader, citations, ledger. The verb behind page and command."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from stc import logs
from stc.access import rights
from stc.chat import calls, claims, counting, finding, following, history, replies
from stc.chat.finding import Found
from stc.chat.history import Turn
from stc.chat.scope import Scope, check_question, resolve
from stc.errors import UpstreamError, UserError
from stc.meter import prices
from stc.meter.ledger import BROUGHT, CUT, GIVEN, INSTEAD, TRUNCATED
from stc.models import prompts, tokens
from stc.models.llm import count_messages
from stc.services import Services
from stc.storage import conversations
from stc.storage import documents as document_rows
from stc.storage import ledger as ledger_rows
from stc.storage import notes as note_rows
from stc.storage.database import new_id
from stc.words import (
    EFFORTS,
    EXTRACTIVE,
    HAND_WRITTEN,
    IMPORTED,
    PREPARED_ON,
    ROUTES,
    Answer,
    Baseline,
    Citation,
    Context,
    Effort,
    LedgerRow,
    Note,
    Origin,
    Page,
    Part,
    Route,
    Usage,
)

ABSTAINED = "Your documents don't say."

OUTPUT_TOKENS: dict[str, int] = {"low": 300, "medium": 700, "high": 1500}
"""Longest answer by effort, in tokens."""

QUOTES_ONLY_WINDOW_TOKENS = 16_000
"""What the extractive reader reads at most in one go; a person waits, and two processor cores read slowly."""

QUOTED_TOKENS = 128
"""An extractive answer and its quotes together."""

MOST_READ_WHOLE_TOKENS = 24_000
"""The longest text that is read whole because passages did not suffice, and only where thoroughness was asked for."""

_CUT_SHORT = {
    "length": "The answer grew too long and was cut before its quotes. Ask for less at once, or choose Thorough.",
    "cut": "The connection to the model broke before the answer was whole. Ask again.",
    "filtered": "The provider's content filter cut the answer. Put the question differently.",
}

_OTHER_TOKENIZERS = 1.3
"""By so much more than counted here a model may count the same text."""

_WITHOUT_NOTES = ("chunks", "document")
_STANDALONE_TOKENS = 100
"""Of a follow-up that a model writes as a question by itself."""
ASKED_AS = "asked as"
_SAVE_EVERY_S = 1.0
_WAITING_FOR_S = 60.0
"""How long the sleeper believes that a person waits without being told again; a killed process tells nobody."""
_SAY_AGAIN_S = 15.0
_NEAREST = 3
_LEFT_OUT = "kept on this computer and left out"


@dataclass(slots=True)
class _Ask:
    """One question on its way."""

    services: Services
    answer: Answer
    found: Found
    model: str
    on_text: Callable[[str], None] | None
    stop: threading.Event
    started: float
    earlier: tuple[tuple[str, str], ...] = ()
    asked_before_s: float | None = None
    purpose: Literal["chat", "check"] = "chat"
    first_token_s: float | None = None
    usage: Usage = Usage()
    sent_tokens: int = 0
    understanding_tokens: int = 0
    saved_at: float = 0.0

    @property
    def effort(self) -> Effort:
        return self.answer.effort

    @property
    def quotes_only(self) -> bool:
        return self.model == EXTRACTIVE


@dataclass(frozen=True, slots=True)
class _Understood:
    """``standalone`` is a follow-up as a question by itself, "" where it is taken as it stands; ``search``: what to look for;
    ``sources``: the documents whose text ``standalone`` may hold."""

    standalone: str
    search: str
    sources: frozenset[str] = frozenset()
    usage: Usage = Usage()
    sent_tokens: int = 0


@dataclass(frozen=True, slots=True)
class _Said:
    """What a reader made of a context."""

    text: str
    citations: tuple[Citation, ...]
    abstained: bool
    reasons: tuple[str, ...] = ()
    partly: bool = False
    """A part of the question stayed open."""


def ask(
    services: Services,
    question: str,
    *,
    document_ids: Sequence[str] | None = None,
    pages: str = "",
    route: str = "auto",
    effort: str | None = None,
    model: str | None = None,
    conversation_id: str | None = None,
    origin: Origin = "typed",
    clicked: str = "",
    on_text: Callable[[str], None] | None = None,
    stop: threading.Event | None = None,
    answer_id: str | None = None,
) -> Answer:
    """Answer a question and return the answer as it was saved.

    ``document_ids`` limits the scope (``None``: all ready documents), ``pages`` ("3-7,12") that of one. ``route`` "auto"
    climbs the ladder and may fall back; a route that is named never does. ``clicked`` is the note whose question was offered,
    where ``origin`` is "suggested". ``on_text`` gets the whole text so far, again and
    again. Setting ``stop`` ends the answer with what is there. A model's failure is an answer of state "failed" with a
    sentence in ``error``.
    Raises ``UserError`` for what the person can mend: an empty question, a document that is gone.
    """
    started = time.monotonic()
    question = check_question(question)
    if route != "auto" and route not in ROUTES:
        raise UserError(f"There is no route {route!r}. Choose auto, {', '.join(ROUTES[:-1])}.")
    settings = services.settings
    scope = resolve(services, document_ids, pages)
    scope, model, reasons = _who_may_read(services, scope, settings.chat_model if model is None else model)
    now = services.now()
    answer = Answer(
        id=answer_id or new_id(),
        owner=services.owner,
        conversation_id=conversation_id,
        question=question,
        scope=tuple(scope.ids) if scope.chosen else (),
        pages=str(scope.pages or ""),
        origin=origin,
        effort=_effort(effort or settings.effort),
        asked_at=now,
        model=model,
    )
    before = [other for other in _said_in(services, conversation_id) if other.id != answer.id]
    told = history.turns(before, scope, away=_away(services, model))
    if model != EXTRACTIVE and history.withheld(told):
        reasons = (*reasons, history.WITHHELD)
    with services.database.write() as connection:
        if conversation_id:
            rights.require(services, connection, "change", "conversation", conversation_id)
        conversations.save_answer(connection, answer)
        if route in _WITHOUT_NOTES:
            for other in before:
                if other.notes_used and INSTEAD not in other.reasons and _same(other, answer):
                    said_why = dataclasses.replace(other, reasons=(*other.reasons, INSTEAD))
                    conversations.save_answer(connection, said_why)
        if conversation_id:
            conversations.change(connection, services.owner, conversation_id, updated_at=now)
        conversations.person_waits(connection, answer.id, now + _WAITING_FOR_S, services.holder)
        if scope.chosen:
            document_rows.touch(connection, scope.ids, now)
    served = threading.Event()
    threading.Thread(target=_keep_waiting, args=(services, answer.id, served), daemon=True).start()
    try:
        stop = stop or threading.Event()
        understood = _understand(services, answer, told, scope, stop)
        if understood.standalone:
            answer = dataclasses.replace(answer, standalone=understood.standalone)
            reasons = (*reasons, f"{ASKED_AS}: “{understood.standalone}”")
        searched = time.monotonic()
        found = finding.find(services, understood.search, scope, clicked=clicked)
        earlier = _earlier(told)
        known = understood.sources | (frozenset() if model == EXTRACTIVE else history.all_sources(earlier))
        answer = dataclasses.replace(
            answer,
            retrieval_s=time.monotonic() - searched,
            coverage=finding.coverage(found),
            sources=tuple(sorted(known)),
        )
        request = _Ask(
            services,
            answer,
            found,
            model,
            on_text,
            stop,
            started,
            history.pairs(earlier),
            asked_before_s=_asked_before_s(before, answer),
            usage=understood.usage,
            sent_tokens=understood.sent_tokens,
            understanding_tokens=understood.sent_tokens,
        )
        try:
            answer = _climb(request, route, reasons)
        except UpstreamError as error:
            answer = dataclasses.replace(
                request.answer,
                state="failed",
                error=str(error),
                usage=request.usage,
                first_token_s=request.first_token_s,
                seconds=time.monotonic() - started,
            )
        _save(services, answer, scope)
    except BaseException:  # Ctrl+C too: no answer may look as if it were still being written
        _save(services, dataclasses.replace(answer, state="failed", error="The program failed while answering."), scope)
        raise
    finally:
        served.set()
        with services.database.write() as connection:
            conversations.person_served(connection, answer.id, services.now())
    _log(answer)
    return answer


def _log(answer: Answer) -> None:
    logs.event(
        f"answer {answer.state}",
        answer_id=answer.id,
        route=answer.route,
        abstained=answer.abstained,
        model=answer.model,
        input_tokens=answer.usage.input_tokens,
        output_tokens=answer.usage.output_tokens,
        cost_usd=answer.usage.cost_usd,
        first_token_s=answer.first_token_s,
        seconds=answer.seconds,
    )


def _asked_before_s(before: Sequence[Answer], answer: Answer) -> float | None:
    """Return the seconds since the conversation last asked these documents: so old is what a provider's cache holds."""
    asked_at = [other.asked_at for other in before if _of_same(other, answer)]
    return answer.asked_at - max(asked_at) if asked_at else None


def _same(one: Answer, other: Answer) -> bool:
    """Tell whether two answers are to the same question about the same text."""
    words = [" ".join(answer.asked.casefold().split()) for answer in (one, other)]
    return words[0] == words[1] and _of_same(one, other)


def _of_same(one: Answer, other: Answer) -> bool:
    return (set(one.scope), one.pages) == (set(other.scope), other.pages)


def run_baseline(services: Services, answer: Answer, route: Route, *, stop: threading.Event) -> Answer:
    """Answer an answered question once more by another route, as it would have been answered then, to compare the two.

    Nothing is shown or stored but what its calls cost, for the purpose "check". Raises ``UserError`` where a document is
    gone, and where what was read then may not be read by that model now.
    """
    started = time.monotonic()
    scope = resolve(services, answer.scope or None, answer.pages)
    allowed, model, _ = _who_may_read(services, scope, answer.model)
    if model != answer.model or len(allowed.documents) != len(scope.documents):
        raise UserError("A document is kept on this computer.")
    said = _said_in(services, answer.conversation_id)
    before = [other for other in said if other.asked_at < answer.asked_at]
    told = history.turns(before, allowed, away=_away(services, model))
    found = finding.find(services, answer.standalone or _search(answer.question, told), scope)
    asked = dataclasses.replace(answer, text="", reasons=(), citations=(), notes_used=(), usage=Usage(), baselines={})
    earlier = history.pairs(_earlier(told))
    request = _Ask(services, asked, found, model, None, stop, started, earlier, purpose="check")
    return _climb(request, route, ())


def _keep_waiting(services: Services, answer_id: str, served: threading.Event) -> None:
    """Say again and again that a person waits for this answer, until it is there."""
    while not served.wait(_SAY_AGAIN_S):
        # Where it can't be said, the sleeper works on beside the person, and the answer comes all the same.
        with contextlib.suppress(UserError), services.database.write() as connection:
            if not served.is_set():  # asked under the write lock: not after person_served
                until = services.now() + _WAITING_FOR_S
                conversations.person_waits(connection, answer_id, until, services.holder)


def prepare_context(
    services: Services,
    question: str,
    *,
    document_ids: Sequence[str] | None = None,
    pages: str = "",
    route: str = "auto",
    budget: int | None = None,
) -> Context:
    """Return the context that ``ask`` would read, of at most ``budget`` tokens. Raises ``UserError`` like ``ask``."""
    question = check_question(question)
    scope = resolve(services, document_ids, pages)
    scope, model, reasons = _who_may_read(services, scope, services.settings.chat_model)
    effort = _effort(services.settings.effort)
    found = finding.find(services, question, scope)
    chosen: Route
    if route == "auto":
        decision = finding.decide(
            found,
            effort=effort,
            reuse_extractive=model == EXTRACTIVE,
            whole=_whole(services, model, effort, question, (), found.scope, budget),
        )
        # A stored answer is no context; what stands behind it is its note.
        chosen, why = ("notes" if decision.route == "reused" else decision.route), decision.reasons
    elif route in ROUTES:
        chosen, why = route, ("this route was asked for",)
    else:
        raise UserError(f"There is no route {route!r}. Choose auto, {', '.join(ROUTES[:-1])}.")
    if chosen == "reused" and not _stands(found, model):
        chosen = "none"
    if chosen == "document" and budget is None:
        budget = _document_budget(services, model, effort)
    return finding.context_for(
        services, found, chosen, effort=effort, budget=budget, quotes_only=model == EXTRACTIVE, reasons=(*reasons, *why)
    )


def _who_may_read(services: Services, scope: Scope, model: str) -> tuple[Scope, str, tuple[str, ...]]:
    """Return the scope and the reader that consent allows: what stays on this computer reaches no other one."""
    reasons = scope.reasons
    if not model or model == EXTRACTIVE:
        return scope, EXTRACTIVE, reasons
    if services.llm.is_local(model):
        return scope, model, reasons
    away = tuple(document for document in scope.documents if not document.keep_local)
    if len(away) == len(scope.documents):
        return scope, model, reasons
    if not away:
        return scope, EXTRACTIVE, (*reasons, "kept on this computer: quotes only")
    kept = len(scope.documents) - len(away)
    noun = "document is" if kept == 1 else "documents are"
    return dataclasses.replace(scope, documents=away), model, (*reasons, f"{kept} {noun} {_LEFT_OUT}")


def _away(services: Services, model: str) -> set[str] | None:
    """Return the documents that may go to a model elsewhere, ``None`` where this one is on this computer."""
    if model == EXTRACTIVE or services.llm.is_local(model):
        return None
    with services.database.read() as connection:
        documents = document_rows.list_plain(connection, services.readable, None)
    return {document.id for document in documents if not document.keep_local}


def _said_in(services: Services, conversation_id: str | None) -> list[Answer]:
    if conversation_id is None:
        return []
    with services.database.read() as connection:
        return conversations.answers_of(connection, services.owner, conversation_id)


def _effort(value: str) -> Effort:
    for effort in EFFORTS:
        if value == effort:
            return effort
    raise UserError(f"There is no effort {value!r}. Choose low, medium or high.")


def _earlier(told: Sequence[Turn]) -> list[Turn]:
    """Return the turns that go along with a question."""
    return history.last(turn for turn in told if turn.answered)


def _understand(
    services: Services, answer: Answer, told: Sequence[Turn], scope: Scope, stop: threading.Event
) -> _Understood:
    """Read a follow-up by what was said before: by rules where they are sure, else by the model, where there is one."""
    question = answer.question
    asked = _said_before(question, told)
    if not asked or answer.origin == "suggested" or not following.dependent(question):
        return _Understood("", question)  # a prepared question means what it meant when it was prepared
    if by_rule := following.resolve(question, asked[-1].told):
        return _Understood(by_rule, by_rule, asked[-1].sources)
    search = _search(question, told)
    turns = history.last(asked)
    if answer.model == EXTRACTIVE or not turns:
        return _Understood("", search)
    earlier = history.pairs(turns)
    messages = prompts.standalone_messages(question, earlier)
    try:
        reply = calls.complete(
            services,
            answer.model,
            messages,
            max_tokens=_STANDALONE_TOKENS,
            effort="low",
            row=_row_before(services, answer, scope),
            stop=stop,
        )
    except UpstreamError as error:
        # The answer's own call will say what is wrong with the server.
        spent = error.usage or Usage()
        return _Understood("", search, usage=spent, sent_tokens=count_messages(messages) if error.usage else 0)
    by_model = following.accepted(reply.text, question, earlier) if reply.finish_reason == "stop" else None
    known = history.all_sources(turns) if by_model else frozenset[str]()
    return _Understood(by_model or "", by_model or search, known, reply.usage, count_messages(messages))


def _search(question: str, told: Sequence[Turn]) -> str:
    """Return what to look for where nobody could read a follow-up: the question before it stands beside it."""
    asked = _said_before(question, told)
    return f"{asked[-1].told} {question}".strip() if asked and following.dependent(question) else question


def _said_before(question: str, told: Sequence[Turn]) -> list[Turn]:
    """Return the turns that a follow-up may refer to: not itself, where it is asked once more."""
    return [turn for turn in told if turn.asked != question]


def _climb(request: _Ask, route: str, reasons: tuple[str, ...]) -> Answer:
    """Take the route, and once the next rung where its context does not suffice and none was forced."""
    forced = route != "auto"
    if forced:
        chosen: Route = route  # type: ignore[assignment]  # checked against ROUTES by ask
        why: tuple[str, ...] = ("this route was asked for",)
    else:
        decision = finding.decide(
            request.found,
            effort=request.effort,
            reuse_extractive=request.quotes_only,
            whole=_whole(
                request.services,
                request.model,
                request.effort,
                request.answer.asked,
                request.earlier,
                request.found.scope,
                None,
            ),
        )
        chosen, why = decision.route, decision.reasons
    reasons = (*reasons, *why)
    if chosen == "reused":
        if (note := _stands(request.found, request.model)) is not None:
            return _reuse(request, note, reasons)
        return _finish(request, Context("none", (), "", 0), _Said(ABSTAINED, (), True), reasons)
    context = _context(request, chosen, reasons)
    said = _read(request, context)
    reasons = context.reasons + said.reasons
    if (
        (said.abstained or said.partly)
        and not forced
        and not request.stop.is_set()
        and (rung := _next(request, chosen))
    ):
        more = _context(request, rung[0], (*reasons, rung[1]))
        second = _read(request, more)
        reasons = more.reasons + second.reasons
        if said.abstained or not second.abstained:
            context, said = more, second
    return _finish(request, context, said, reasons)


def _next(request: _Ask, tried: Route) -> tuple[Route, str] | None:
    """Return the rung after one whose context did not suffice, with the reason; ``None`` where there is none."""
    if tried == "notes":
        return "chunks", "the notes did not suffice: the passages were read"
    if tried in ("chunks", "notes+chunks") and request.effort == "high" and not request.quotes_only:
        budget = _document_budget(request.services, request.model, request.effort)
        whole = sum(document.tokens for document in request.found.scope.documents)
        if budget is not None and whole <= min(budget, MOST_READ_WHOLE_TOKENS):
            return "document", "the passages did not suffice: the whole text was read"
    return None


def _context(request: _Ask, route: Route, reasons: tuple[str, ...]) -> Context:
    budget = None
    if route == "document":
        budget = _document_budget(request.services, request.model, request.effort)
    return finding.context_for(
        request.services,
        request.found,
        route,
        effort=request.effort,
        budget=budget,
        quotes_only=request.quotes_only,
        reasons=reasons,
    )


def _stands(found: Found, model: str) -> Note | None:
    """Return the note whose answer may stand as it is for this reader: a quote picked without a model only for the one that
    quotes."""
    prepared = found.prepared[0] if found.prepared is not None else None
    return prepared if prepared is not None and (model == EXTRACTIVE or prepared.thinker == "model") else None


def _document_budget(services: Services, model: str, effort: Effort) -> int | None:
    """Return the tokens of a whole text that are read at most, ``None`` where the model's window is not known."""
    if model == EXTRACTIVE:
        return QUOTES_ONLY_WINDOW_TOKENS
    window = services.llm.context_window(model)
    return None if window is None else window - OUTPUT_TOKENS[effort] - 1_000


def _whole(
    services: Services,
    model: str,
    effort: Effort,
    question: str,
    earlier: tuple[tuple[str, str], ...],
    scope: Scope,
    budget: int | None,
) -> int | None:
    """Return the tokens of all the text in scope, ``None`` where it is not known to fit beside the question and the answer.

    The reader without a model quotes passages; a model must have a known window, and a price or none to pay.
    """
    if effort != "high" or model == EXTRACTIVE or services.llm.price(model) is None:
        return None
    window = services.llm.context_window(model)
    whole = sum(counting.document_tokens(document) for document in scope.documents)
    if window is None or (budget is not None and whole > budget):
        return None
    sent = whole + counting.prompt_tokens("", question, model, earlier)
    room = window - _OTHER_TOKENIZERS * sent - OUTPUT_TOKENS[effort]
    if room < 0 or (room < calls.ROOM_TO_THINK[effort] and services.llm.thinks(model)):
        return None
    return whole


def _read(request: _Ask, context: Context) -> _Said:
    if not context.parts:
        return _Said(ABSTAINED, (), True)
    if request.quotes_only:
        return _quote(request, context)
    known = {*(request.answer.sources or ()), *(part.document_id for part in context.parts)}
    request.answer = dataclasses.replace(request.answer, sources=tuple(sorted(known)))
    return _write(request, context)


def _quote(request: _Ask, context: Context) -> _Said:
    """Let the extractive reader pick sentences of the context."""
    from stc.models import extractive

    began = time.monotonic()
    by_label = {part.label: part for part in context.parts}
    told = request.found.derived if context.route == "notes" else None
    doubt = ""
    if told is not None:  # it is no quote, and stands by its evidence
        text, quotes = told.text, [(context.parts[0], item.quote) for item in told.evidence]
    else:
        reading = extractive.read(
            request.answer.asked,
            context.parts,
            embed=request.services.embedder.encode,
            max_tokens=QUOTED_TOKENS,
            about="\n".join(request.found.scope.names.values()),
        )
        doubt = reading.doubt
        text, quotes = reading.text, [(by_label[quote.label], quote.text) for quote in reading.quotes]
    written = tokens.count(text)
    proven: list[Citation] = []
    for part, quote in quotes:
        # One citation each, and in the page's own words, whose line ends may count for more tokens than were planned.
        for citation in _prove(request, part, quote, len(proven) + 1)[:1]:
            size = tokens.count(citation.quote)
            if not proven or written + size <= QUOTED_TOKENS:
                proven.append(citation)
                written += size
    abstained = not proven
    sent = counting.prompt_tokens(context.text, request.answer.asked, EXTRACTIVE, ())
    request.sent_tokens += sent
    _enter(
        request,
        LedgerRow(
            id=new_id(),
            **_row(request, context),
            model=EXTRACTIVE,
            raw_usage={},
            usage=Usage(input_tokens=sent, output_tokens=0 if abstained else written, cost_usd=0.0),
            price_revision=None,
            litellm_cost_usd=None,
            tier="standard",
            first_token_s=None,
            seconds=time.monotonic() - began,
            error=None,
        ),
    )
    if abstained:
        return _Said(ABSTAINED, (), True, (doubt,) if doubt else ())
    if request.on_text:
        request.on_text(text)
    return _Said(text, tuple(proven), False)


def _write(request: _Ask, context: Context) -> _Said:
    """Let the model answer from the context; what it can't prove by a quote is not cited."""
    shown, saved = replies.Shown(), False

    def more(piece: str) -> None:
        nonlocal saved
        text = shown.add(piece)
        if request.first_token_s is None:
            request.first_token_s = time.monotonic() - request.started
        if request.on_text:
            request.on_text(text)
        if request.purpose == "chat" and time.monotonic() - request.saved_at > _SAVE_EVERY_S:
            request.saved_at = time.monotonic()
            request.answer = dataclasses.replace(request.answer, text=text)
            with request.services.database.write() as connection:
                if saved:
                    conversations.save_text(connection, request.answer.id, text)
                else:  # with what it was made from, as it stands where the program is killed now
                    conversations.save_answer(connection, request.answer)
            saved = True

    messages = prompts.answer_messages(context.text, request.answer.asked, request.earlier)
    request.sent_tokens += counting.prompt_tokens(context.text, request.answer.asked, request.model, request.earlier)
    try:
        reply = calls.complete(
            request.services,
            request.model,
            messages,
            max_tokens=OUTPUT_TOKENS[request.effort],
            effort=request.effort,
            row=_row(request, context),
            stop=request.stop,
            on_text=more,
            # Passages and notes are picked anew for each question: to cache them would cost, and nobody would read them.
            stable=prompts.stable_prefix(context.text) if context.route == "document" else "",
        )
    except UpstreamError as error:
        request.answer = dataclasses.replace(request.answer, text=shown.text(final=True), route=context.route)
        request.usage = request.usage + (error.usage or Usage())
        raise
    request.usage = request.usage + reply.usage
    parsed = replies.parse(reply.text)
    if request.stop.is_set():
        return _Said(shown.text(final=True), (), False, ("stopped by you",))
    if parsed.not_there:
        return _Said(ABSTAINED, (), True)
    text, citations = claims.prove_reply(
        parsed,
        context.parts,
        question=request.answer.asked,
        names=request.found.scope.names,
        notes=request.found.notes,
        read_page=_pages(request),
    )
    reasons: tuple[str, ...] = (TRUNCATED,) if reply.truncated else ()
    if reply.finish_reason == "length":
        reasons += (f"{CUT} at its longest length",)
    elif reply.finish_reason == "cut":
        reasons += (f"{CUT}: the connection to the model broke",)
    elif reply.finish_reason == "filtered":
        reasons += (f"{CUT} by the provider's content filter",)
    if not citations and reply.finish_reason in _CUT_SHORT:
        # The quotes come last. What the documents say is not known: "Your documents don't say" would be untrue.
        request.answer = dataclasses.replace(request.answer, text=shown.text(final=True), route=context.route)
        raise UpstreamError(_CUT_SHORT[reply.finish_reason], kind="reply", retry=True)
    if not citations:
        # Without one quote that holds, the model's words are only the model's: they are kept for Details, not shown as an answer.
        return _Said(ABSTAINED, (), True, (*reasons, f"the model answered, but no quote supports it: {text}"))
    return _Said(text, citations, False, reasons, parsed.partly)


def _prove(request: _Ask, part: Part, quote: str, label: int) -> list[Citation]:
    return claims.prove(
        part, quote, names=request.found.scope.names, notes=request.found.notes, read_page=_pages(request), label=label
    )


def _pages(request: _Ask) -> Callable[[str, int], Page | None]:
    def read_page(document_id: str, number: int) -> Page | None:
        if not request.found.scope.holds(number):
            return None
        with request.services.database.read() as connection:
            return document_rows.read_page(connection, document_id, number)

    return read_page


def _reuse(request: _Ask, note: Note, reasons: tuple[str, ...]) -> Answer:
    """Serve a prepared answer as it stands, with its evidence."""
    name = request.found.scope.names[note.document_id]
    citations = tuple(
        Citation(label, note.document_id, name, item.page, item.quote, True, note.id)
        for label, item in enumerate(note.evidence, start=1)
    )
    marks = "".join(f"[{citation.label}]" for citation in citations)
    text = f"{note.text} {marks}"
    if request.on_text:
        request.on_text(text)
    reasons = (*reasons, f"{PREPARED_ON} {datetime.datetime.fromtimestamp(note.created_at):%Y-%m-%d %H:%M}")
    context = Context("reused", (), "", 0, reasons)
    return _finish(request, context, _Said(text, citations, False), reasons, reused=note)


def _row(request: _Ask, context: Context) -> dict[str, Any]:
    """Return what every ledger row of this question has in common."""
    row = _row_before(request.services, request.answer, request.found.scope)
    return {
        **row,
        "purpose": request.purpose,
        "document_shares": _shares(context.parts),
        "route": context.route,
    }


def _row_before(services: Services, answer: Answer, scope: Scope) -> dict[str, Any]:
    """Return the fields of a ledger row of a question for which nothing was searched yet."""
    return {
        "owner": services.owner,
        "at": services.now(),
        "purpose": "chat",
        "answer_id": answer.id,
        "run_id": None,
        "document_id": scope.ids[0] if len(scope.ids) == 1 else None,
        "document_shares": {},
        "route": "none",
        "origin": answer.origin,
    }


def _shares(parts: Sequence[Part]) -> dict[str, float]:
    """Return each document's share of a context's tokens; they add up to 1."""
    total = sum(part.tokens for part in parts)
    shares: dict[str, float] = {}
    for part in parts:
        shares[part.document_id] = shares.get(part.document_id, 0.0) + part.tokens / total
    return shares


def _enter(request: _Ask, row: LedgerRow) -> None:
    """Enter one call into the ledger."""
    request.usage = request.usage + row.usage
    with request.services.database.write() as connection:
        ledger_rows.add(connection, row)


def _finish(
    request: _Ask, context: Context, said: _Said, reasons: tuple[str, ...], reused: Note | None = None
) -> Answer:
    used = (reused.id,) if reused else tuple(part.id for part in context.parts if part.kind == "note")
    makers = {request.found.notes[note_id].model for note_id in used}
    reasons += tuple(reason for maker, reason in ((HAND_WRITTEN, GIVEN), (IMPORTED, BROUGHT)) if maker in makers)
    seconds = time.monotonic() - request.started
    stands_on = {citation.document_id for citation in said.citations} or {part.document_id for part in context.parts}
    known = {*(request.answer.sources or ()), *(citation.document_id for citation in said.citations)}
    baselines, counted = _baselines(request, context, said.text)
    return dataclasses.replace(
        request.answer,
        state="stopped" if request.stop.is_set() else "done",
        text=said.text,
        abstained=said.abstained,
        route=context.route if not said.abstained or context.parts else "none",
        reasons=reasons,
        citations=said.citations,
        nearest=request.found.chunk_hits[:_NEAREST] if said.abstained else (),
        notes_used=() if said.abstained else used,
        usage=request.usage,
        baselines=baselines,
        counted=counted,
        documents_read=len(stands_on),
        documents_asked=len(request.found.scope.documents),
        sources=tuple(sorted(known)),
        first_token_s=request.first_token_s if request.first_token_s is not None else seconds,
        seconds=seconds,
    )


def _baselines(request: _Ask, context: Context, text: str) -> tuple[dict[str, Baseline | None], dict[str, Any]]:
    llm = None if request.quotes_only else request.services.llm
    return counting.baselines(
        request.services,
        request.found,
        question=request.answer.asked,
        model=request.model,
        effort=request.effort,
        earlier=request.earlier,
        usage=request.usage,
        sent_tokens=request.sent_tokens,
        understanding_tokens=request.understanding_tokens,
        own=context,
        # A prepared answer costs no output now; without preparation it would have had to be written.
        output_tokens=request.usage.output_tokens or tokens.count(text),
        price=llm.price(request.model) if llm else prices.price_of(EXTRACTIVE),
        context_window=llm.context_window(request.model) if llm else None,
        asked_before_s=request.asked_before_s,
    )


def _save(services: Services, answer: Answer, scope: Scope) -> None:
    """Save the answer, count the notes it used, and let the documents it stands on count as used."""
    cited = {citation.document_id for citation in answer.citations}
    with services.database.write() as connection:
        conversations.save_answer(connection, answer)
        if answer.notes_used:
            note_rows.count_use(connection, answer.notes_used)
        document_rows.touch(connection, cited & set(scope.ids), services.now())
