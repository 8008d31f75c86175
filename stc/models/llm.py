"""Language models: the one place with LiteLLM, which is imported at the first call (it takes seconds).

Every call streams, so that it can be stopped and so that silence is noticed. It runs on one background event loop; the
caller's thread waits for it and hands pieces on. Nothing is retried here but a call that was refused before its first
word, once.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import gc
import http.client
import json
import logging
import os
import queue
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from stc.errors import UpstreamError, UserError
from stc.meter import prices, providers
from stc.meter.ledger import day
from stc.meter.providers import ADDRESS_KEY, OLLAMA_ADDRESS, Target, is_local, resolve
from stc.meter.usage import normalise
from stc.models import tokens
from stc.settings import Settings
from stc.storage import ledger
from stc.storage import prices as price_rows
from stc.storage.database import new_id
from stc.storage.secrets import Secrets
from stc.words import EXTRACTIVE, SERVER, LedgerRow, Usage

if TYPE_CHECKING:
    from stc.services import Services

__all__ = ["FoundServer", "LanguageModel", "Reply", "found_servers", "is_local"]

FinishReason = Literal["stop", "length", "filtered", "stopped", "cut"]

_LONGEST_RETRY_WAIT_S = 10.0
_RETRY_WAIT_S = 0.5
_CONNECT_S = 10.0
_STOP_LOOK_S = 0.05
_TEST_WAIT_S = 30.0
_DETECT_S = 0.3
_LOCAL_SERVERS = "Ollama=http://127.0.0.1:11434,LM Studio=http://127.0.0.1:1234,llama.cpp=http://127.0.0.1:8080"
_KEY_ALIASES = {"GEMINI_API_KEY": ("GOOGLE_API_KEY",), "TOGETHERAI_API_KEY": ("TOGETHER_API_KEY",)}
_TIER_PATIENCE = 5.0
_TIER_REST_S = 600.0
_OTHER_TIERS = frozenset({"flex", "priority"})
_NO_KEY = "not-needed"
"""OpenAI's client refuses to start without a key; servers that need none take any."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered and what that cost.

    ``finish_reason``: ``stop`` complete, ``length`` cut at ``max_tokens``, ``filtered`` by the provider, ``stopped`` by
    the caller, ``cut`` the connection broke. ``estimated`` usage (also in ``usage.estimated``) was counted here because
    the server reported none, or none that can be true. ``truncated``: the server read far less than it was sent.
    """

    text: str
    finish_reason: FinishReason
    model: str
    usage: Usage
    raw_usage: dict[str, Any]
    price_revision: str | None
    litellm_cost_usd: float | None
    first_token_s: float | None
    seconds: float
    estimated: bool
    truncated: bool = False
    tier: str = "standard"
    """What the provider says it bills by; ``standard`` where it does not say."""
    price: prices.Price | None = None
    """What the cost was reckoned with."""

    def ledger_row(
        self,
        *,
        owner: str,
        at: float,
        purpose: Literal["chat", "sleep", "check", "test"],
        answer_id: str | None = None,
        run_id: str | None = None,
        document_id: str | None = None,
        document_shares: dict[str, float] | None = None,
        route: str = "",
        origin: str = "",
        error: str | None = None,
    ) -> LedgerRow:
        """Return the row that records this call."""
        return LedgerRow(
            id=new_id(),
            owner=owner,
            at=at,
            purpose=purpose,
            model=self.model,
            answer_id=answer_id,
            run_id=run_id,
            document_id=document_id,
            document_shares=document_shares or {},
            raw_usage=self.raw_usage,
            usage=self.usage,
            price_revision=self.price_revision,
            litellm_cost_usd=self.litellm_cost_usd,
            tier=self.tier,
            route=route,
            origin=origin,
            first_token_s=self.first_token_s,
            seconds=self.seconds,
            error=error,
            price=self.price.facts() if self.price else None,
        )


@dataclass(frozen=True, slots=True)
class FoundServer:
    """A model server on this computer. ``models`` are names for the settings, ``address`` for ``api_base``."""

    name: str
    address: str
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _End:
    """How a stream ended. ``finish_reason`` and ``usage`` are the server's own, ``None`` where it sent none."""

    finish_reason: str | None
    usage: dict[str, Any] | None
    litellm_cost_usd: float | None
    tier: str


@dataclass(slots=True)
class _Heard:
    """What has come in so far."""

    text: str = ""
    thought: str = ""
    first_token_s: float | None = None


class LanguageModel:
    """The models that the settings name. Thread-safe; the settings are read afresh at each call."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.secrets = Secrets(services.storage)
        self._refused: dict[tuple[str, str | None], set[str]] = {}
        """Parameters that a server has refused before: they are not sent to it again."""
        self._no_tier_until: dict[tuple[str, str | None], float] = {}
        """Until when (monotonic) a server that had no room in its cheaper tier is not asked for it again."""
        self._windows: dict[tuple[str, str | None], int] = {}

    def complete(
        self,
        model: str,
        messages: Sequence[dict[str, Any]],
        *,
        max_tokens: int,
        schema: dict[str, Any] | None = None,
        stop: threading.Event | None = None,
        on_text: Callable[[str], None] | None = None,
        temperature: float = 0.0,
        tier: str | None = None,
        effort: str | None = None,
        stable: str = "",
    ) -> Reply:
        """Return the model's answer; ``on_text`` gets its pieces as they come, in the caller's thread.

        ``schema`` is a JSON schema that the server is asked to keep to where it can; the caller validates. ``stop``
        ends the call within a moment, also while the server is silent. ``tier`` (flex) is asked for where the price map
        has a price for it, and waited for longer; the reply says what was billed. ``effort`` (low, medium, high) is asked
        of models that think. ``stable`` is what the last message begins with and what will be sent again soon: providers
        that cache only what is marked are sent a mark behind it. Raises ``UpstreamError`` when nothing usable came.
        """
        settings = self._settings
        reply = self._call(
            model, messages, max_tokens, schema, stop, on_text, temperature, settings, tier, effort, stable
        )
        if reply.text.strip() or reply.finish_reason == "stopped":
            return reply
        server = _begin(resolve(model, self._settings.api_base).server)
        if reply.finish_reason == "length":
            sentence = f"{server} used up its output limit before the first word. Choose a model that thinks less."
        elif reply.finish_reason == "filtered":
            sentence = f"{server} refused to answer this (its content filter). Put the question differently."
        else:
            sentence = f"{server} sent an empty answer. Ask again, or choose another model on the Settings page."
        raise UpstreamError(sentence, kind="reply", retry=True, usage=reply.usage, raw_usage=reply.raw_usage)

    def test(self, model: str) -> str:
        """Make one tiny call and return a sentence about it; it stands in the ledger, also where it failed but may be
        billed. Raises ``UpstreamError``."""
        settings = self._settings
        settings = replace(settings, request_timeout_s=min(settings.request_timeout_s, _TEST_WAIT_S))
        messages = [{"role": "user", "content": "Reply with the one word: ready"}]
        # Enough for a model that thinks before it speaks; an answer cut there has shown that the connection works.
        began = time.monotonic()
        try:
            reply = self._call(model, messages, 256, None, None, None, 0.0, settings)
        except UpstreamError as error:
            if error.usage is not None:
                row = self.failed_row(model, error, seconds=time.monotonic() - began, purpose="test")
                with self._services.database.write() as connection:
                    ledger.add(connection, row)
            raise
        with self._services.database.write() as connection:
            row = reply.ledger_row(owner=self._services.owner, at=self._services.now(), purpose="test")
            ledger.add(connection, row)
        target = resolve(model, settings.api_base)
        spent = reply.usage.cost_usd
        money = "price unknown" if spent is None else "free" if spent == 0 else f"${spent:.6f}"
        return f"{target.model} answered in {reply.seconds:.1f} s ({reply.usage.tokens} tokens, {money})."

    def warm(self) -> None:
        """Import LiteLLM now, so that the first question does not wait for it; for a background thread at start."""
        _litellm()

    def is_local(self, model: str) -> bool:
        """Return whether this model's text stays on this computer, with the settings in force."""
        return is_local(model, self._settings.api_base)

    def thinks(self, model: str, stop: threading.Event | None = None) -> bool:
        """Return whether a model is known to think before it answers; False where nobody knows."""
        target = resolve(model, self._settings.api_base)
        if target.is_ollama:
            return False
        try:
            return bool(_litellm(stop).supports_reasoning(model=target.name))
        except _Stopped:
            return False

    def failed_row(self, model: str, error: UpstreamError, *, seconds: float, **fields: Any) -> LedgerRow:
        """Return the row of a call that failed and was billed all the same; ``fields`` as for ``Reply.ledger_row``."""
        price = self.price(model)
        raw = error.raw_usage or {}
        reply = Reply(
            "",
            "cut",
            resolve(model, self._settings.api_base).name,
            error.usage or Usage(cost_usd=None, estimated=True),
            raw,
            price.revision if price else None,
            None,
            None,
            seconds,
            estimated=not raw,
            price=price,
        )
        fields = {"owner": self._services.owner, "at": self._services.now(), **fields}
        return reply.ledger_row(**fields, error=str(error))

    def price(self, model: str, tier: str = "standard") -> prices.Price | None:
        """Return the model's price with the settings in force and the prices entered; ``None`` where it is unknown."""
        return self._price(model, tier, self._settings)

    def needs_key(self, model: str) -> str | None:
        """Return the name of the variable that holds the key this model needs; ``None`` where it needs none."""
        return resolve(model, self._settings.api_base).key_variable

    def context_window(self, model: str) -> int | None:
        """Return how many tokens the model takes, prompt and answer together; ``None`` where unknown or unlimited."""
        settings = self._settings
        target = resolve(model, settings.api_base)
        if target.is_ollama:
            return min(settings.num_ctx, self._ollama_window(target) or settings.num_ctx)
        found = prices.entry(target)
        limit = (found or {}).get("max_input_tokens") or (found or {}).get("max_tokens")
        return int(limit) if limit else None

    @property
    def _settings(self) -> Settings:
        return self._services.settings

    def _ollama_window(self, target: Target) -> int | None:
        where = (target.model, target.api_base)
        if where not in self._windows:
            shown = _json_from(f"{target.api_base}/api/show", body={"model": target.model}, timeout_s=2.0)
            details = shown.get("model_info") if isinstance(shown, dict) else None
            if not isinstance(details, dict):
                return None
            lengths = [v for k, v in details.items() if k.endswith(".context_length") and isinstance(v, int) and v > 0]
            if not lengths:
                return None
            self._windows[where] = lengths[0]
        return self._windows[where]

    def _call(
        self,
        model: str,
        messages: Sequence[dict[str, Any]],
        max_tokens: int,
        schema: dict[str, Any] | None,
        stop: threading.Event | None,
        on_text: Callable[[str], None] | None,
        temperature: float,
        settings: Settings,
        tier: str | None = None,
        effort: str | None = None,
        stable: str = "",
    ) -> Reply:
        target = resolve(model, settings.api_base)
        if target.name == EXTRACTIVE:
            raise UserError("No AI model is chosen. Choose one on the Settings page.")
        price = self._price(model, "standard", settings)
        revision = price.revision if price else None
        counted = count_messages(messages)
        if target.is_ollama and counted >= settings.num_ctx:
            # Ollama would drop the beginning without a word, and the meter would take that for a saving.
            raise UpstreamError(
                f"The text is about {counted:,} tokens long, but {target.model} is given {settings.num_ctx:,}. "
                "Ask about fewer documents, choose Quick, or raise num_ctx on the Settings page.",
                kind="context",
            )
        key = self._key(target)
        try:
            litellm = _litellm(stop)
        except _Stopped:
            nothing = Usage(cost_usd=0.0)
            return Reply("", "stopped", target.name, nothing, {}, revision, None, None, 0.0, estimated=False)
        arguments = self._arguments(litellm, target, messages, max_tokens, temperature, schema, settings, key)
        if tier is not None and self._sells(litellm, model, target, tier, settings):
            arguments["service_tier"] = tier
            arguments["timeout"] = _timeout(settings.request_timeout_s * _TIER_PATIENCE)
        if effort is not None and _takes(litellm, target, "reasoning_effort"):
            arguments["reasoning_effort"] = effort
        if stable and _caches_what_is_marked(litellm, target):
            arguments["messages"] = _marked(messages, stable)
        for name in self._refused.get((target.name, target.api_base), ()):
            _without(arguments, name)
        heard = _Heard()
        started = time.monotonic()

        def listen(kind: str, piece: str) -> None:
            if kind == "thought":
                heard.thought += piece
                return
            if heard.first_token_s is None:
                heard.first_token_s = time.monotonic() - started
            heard.text += piece
            if on_text is not None:
                on_text(piece)

        def reply(finish: FinishReason, end: _End | None = None) -> Reply:
            raw = dict(end.usage) if end and end.usage else {}
            usage, truncated = _measure(raw, target, counted, heard)
            billed = end.tier if end else "standard"
            reckoned = self._price_in(billed, model, price, settings)
            usage = replace(usage, cost_usd=prices.cost(usage, reckoned))
            seconds = time.monotonic() - started
            litellm_cost = end.litellm_cost_usd if end and not usage.estimated else None
            return Reply(
                heard.text,
                finish,
                target.name,
                usage,
                raw,
                revision,
                litellm_cost,
                heard.first_token_s,
                seconds,
                usage.estimated,
                truncated,
                billed,
                reckoned,
            )

        retried = False
        while True:
            # A cheaper tier is a slower one, and nobody waits who asks for it.
            silence_s = settings.request_timeout_s * (_TIER_PATIENCE if "service_tier" in arguments else 1.0)
            try:
                end = _run(litellm, arguments, silence_s, stop, listen)
            except _Stopped:
                return reply("stopped")
            except _Failed as failed:
                error = failed.error
                failure = self._explain(error, target, replace(settings, request_timeout_s=silence_s))
                if not heard.text and failure.kind != "context" and self._drop_refused(error, target, arguments):
                    continue
                if not heard.text and "service_tier" in arguments and _status(error) == 429:
                    del arguments["service_tier"]
                    self._no_tier_until[target.name, target.api_base] = time.monotonic() + _TIER_REST_S
                    continue
                delay_s = failure.retry_after_s if failure.retry_after_s is not None else _RETRY_WAIT_S
                if not (heard.text or retried) and _may_pass(error, failure) and delay_s <= _LONGEST_RETRY_WAIT_S:
                    retried = True
                    if not _pause(delay_s, stop):
                        return reply("stopped")
                    continue
                if heard.text and failure.kind in {"network", "reply", "server"}:
                    return reply("cut")
                if heard.text or heard.thought or failure.kind == "timeout":
                    # The server took the prompt and may bill it: charged to the budget, marked as an estimate.
                    partly = reply("cut")
                    failure.usage, failure.raw_usage = partly.usage, partly.raw_usage
                raise failure from None
            finish = _finish_reason(end)
            if finish == "cut" and not heard.text:
                raise UpstreamError(
                    f"{_begin(target.server)} sent nothing that can be read as an answer. Check on the Settings page "
                    "that the address is that of an OpenAI-compatible or Ollama server.",
                    kind="reply",
                )
            return reply(finish, end)

    def _arguments(
        self,
        litellm: Any,
        target: Target,
        messages: Sequence[dict[str, Any]],
        max_tokens: int,
        temperature: float,
        schema: dict[str, Any] | None,
        settings: Settings,
        key: str | None,
    ) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "model": target.name,
            "messages": list(messages),
            "max_tokens": max_tokens,
            "temperature": temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
            "api_key": key,
            "timeout": _timeout(settings.request_timeout_s),
            "num_retries": 0,
            "max_retries": 0,
            "drop_params": True,
        }
        if target.api_base is not None:
            arguments["api_base"] = target.api_base
        if target.is_ollama:
            arguments["num_ctx"] = settings.num_ctx
            # LiteLLM asks a server at its default address about each Ollama model that it has no entry for.
            free = {
                "litellm_provider": "ollama",
                "mode": "chat",
                "input_cost_per_token": 0.0,
                "output_cost_per_token": 0.0,
            }
            litellm.model_cost.setdefault(f"ollama/{target.model}", free)
        if schema is not None and (wanted := _response_format(litellm, target, schema)):
            arguments["response_format"] = wanted
        return arguments

    def _sells(self, litellm: Any, model: str, target: Target, tier: str, settings: Settings) -> bool:
        """Return whether a tier has a price for this model, and was not short of room a while ago."""
        price = self._price(model, tier, settings)
        if price is None or price.free or not _takes(litellm, target, "service_tier"):
            return False
        return time.monotonic() >= self._no_tier_until.get((target.name, target.api_base), 0.0)

    def _drop_refused(self, error: BaseException, target: Target, arguments: dict[str, Any]) -> bool:
        """Take out a parameter that the server's refusal names; return whether there was one."""
        if _status(error) not in {400, 422}:
            return False
        text = _detail(error).lower()
        text = text.replace("service tier", "service_tier")
        for name in (
            "response_format",
            "temperature",
            "stream_options",
            "service_tier",
            "reasoning_effort",
            "max_tokens",
        ):
            if name in text and name in arguments:
                _without(arguments, name)
                self._refused.setdefault((target.name, target.api_base), set()).add(name)
                return True
        return False

    def _price(self, model: str, tier: str, settings: Settings) -> prices.Price | None:
        with self._services.database.read() as connection:
            entered = price_rows.list_all(connection, SERVER)
        today = day(self._services.now())
        return prices.price_of(model, tier, api_base=settings.api_base, entered=entered, on=today)

    def _price_in(
        self, tier: str, model: str, standard: prices.Price | None, settings: Settings
    ) -> prices.Price | None:
        """Return the price of the tier that was billed; the standard one where a cheaper tier's is unknown."""
        if tier == "standard":
            return standard
        price = self._price(model, tier, settings)
        return standard if price is None and tier == "flex" else price

    def _key(self, target: Target) -> str | None:
        """Return the key to send, raising ``UpstreamError`` where one is needed and none is known."""
        variable = target.key_variable
        if variable is not None and variable != ADDRESS_KEY:
            for name in (variable, *_KEY_ALIASES.get(variable, ())):
                if key := self.secrets.get(name):
                    return key
            raise UpstreamError(f"There is no key for {target.server} yet. Enter it on the Settings page.", kind="key")
        if target.api_base is None or target.is_ollama:
            return None
        # A server known by its address only. OpenAI's key goes there when the environment says so, as all
        # OpenAI-compatible programs take it, but never one that was entered here for OpenAI, and never in the clear.
        if key := self.secrets.get(ADDRESS_KEY):
            return key
        if target.local or target.api_base.startswith("https:"):
            return os.environ.get("OPENAI_API_KEY", "").strip() or _NO_KEY
        return _NO_KEY

    def _explain(self, error: BaseException, target: Target, settings: Settings) -> UpstreamError:
        """Return the error in plain words. What the server itself said is a note on it, without keys."""
        failure = _explanation(error, target, settings)
        detail = " ".join(self.secrets.scrub(_detail(error)).split())
        if detail:
            failure.add_note(detail[:500])
        return failure


def count_messages(messages: Sequence[dict[str, Any]]) -> int:
    """Return the tokens of a prompt as OpenAI counts it: 3 around each message and 3 to begin the answer."""
    return 3 + sum(
        3 + tokens.count(str(m.get("role", ""))) + tokens.count(str(m.get("content") or "")) for m in messages
    )


def found_servers() -> list[FoundServer]:
    """Return the model servers that answer on this computer with at least one model, within a third of a second.

    ``STC_LOCAL_SERVERS`` replaces where it looks (``name=address`` joined by commas; empty: nowhere).
    """
    listed = os.environ.get("STC_LOCAL_SERVERS", _LOCAL_SERVERS)
    places = []
    for item in listed.split(","):
        name, _, address = item.partition("=")
        if address.strip() and providers.is_loopback(providers.clean_address(address)):
            places.append((name.strip(), providers.clean_address(address).removesuffix("/v1")))
    if not places:
        return []
    with ThreadPoolExecutor(max_workers=len(places)) as pool:
        servers = list(pool.map(lambda place: _look(*place), places))
    return [server for server in servers if server is not None]


def _look(name: str, address: str) -> FoundServer | None:
    if name.lower() == "ollama":
        shown = _json_from(f"{address}/api/tags", timeout_s=_DETECT_S)
        listed, prefix, base = _items(shown, "models", "name"), "ollama", address
        base = "" if address in {OLLAMA_ADDRESS, "http://localhost:11434"} else address
    else:
        shown = _json_from(f"{address}/v1/models", timeout_s=_DETECT_S)
        listed, prefix, base = _items(shown, "data", "id"), "openai", f"{address}/v1"
    models = tuple(f"{prefix}/{model}" for model in listed if "embed" not in model.lower())
    return FoundServer(name, base, models) if models else None


def _items(shown: Any, field: str, name: str) -> list[str]:
    items = shown.get(field) if isinstance(shown, dict) else None
    if not isinstance(items, list):
        return []
    return [item[name] for item in items if isinstance(item, dict) and isinstance(item.get(name), str)]


def _json_from(url: str, *, body: dict[str, Any] | None = None, timeout_s: float) -> Any:
    """Return what a server says, ``None`` where it does not answer in time or not in JSON. No proxy, no redirect."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=timeout_s)
    except (http.client.HTTPException, ValueError):
        return None
    try:
        data = None if body is None else json.dumps(body)
        connection.request("GET" if body is None else "POST", parts.path, data, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return json.loads(response.read(1 << 20)) if response.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


# --- one call ---------------------------------------------------------------------------------------------------------


class _Stopped(Exception):
    """The caller set the stop event."""


class _Failed(Exception):
    """LiteLLM raised ``error``, one of its some forty classes; what the caller's listener raises passes as it is."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


def _run(
    litellm: Any,
    arguments: dict[str, Any],
    silence_s: float,
    stop: threading.Event | None,
    listen: Callable[[str, str], None],
) -> _End:
    """Run one call on the event loop and wait for it here. Raises ``_Stopped`` or ``_Failed``."""
    pieces: queue.SimpleQueue[tuple[str, str] | None] = queue.SimpleQueue()
    _mute()
    future: Future[_End] = asyncio.run_coroutine_threadsafe(
        _stream(litellm, dict(arguments), silence_s, pieces.put), _event_loop()
    )
    future.add_done_callback(lambda _: pieces.put(None))
    thoughts = _Thoughts()
    try:
        while True:
            if stop is not None and stop.is_set():
                raise _Stopped
            try:
                piece = pieces.get(timeout=_STOP_LOOK_S)
            except queue.Empty:
                continue
            if piece is None:
                break
            for kind, text in [piece] if piece[0] == "thought" else thoughts.sort(piece[1]):
                listen(kind, text)
        for kind, text in thoughts.rest():
            listen(kind, text)
        if (error := future.exception()) is not None:
            raise _Failed(error)
        return future.result()
    finally:
        future.cancel()  # the connection closes; nobody waits for that


async def _stream(
    litellm: Any, arguments: dict[str, Any], silence_s: float, say: Callable[[tuple[str, str]], None]
) -> _End:
    stream = None
    try:
        async with asyncio.timeout(silence_s):
            stream = await litellm.acompletion(**arguments)
        chunks = aiter(stream)
        while True:
            try:
                async with asyncio.timeout(silence_s):
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                break
            delta = chunk.choices[0].delta if chunk.choices else None
            if thought := getattr(delta, "reasoning_content", None):
                say(("thought", _storable(thought)))
            if text := getattr(delta, "content", None):
                say(("text", _storable(text)))
        # Without a reason from the server LiteLLM says "stop" and counts tokens itself: look at what really came.
        reported = [chunk.usage for chunk in stream.chunks if getattr(chunk, "usage", None) is not None]
        usage = reported[-1] if reported else None
        tier = _billed_tier([getattr(chunk, "service_tier", None) for chunk in stream.chunks])
        return _End(
            stream.received_finish_reason or stream.intermittent_finish_reason,
            usage.model_dump(exclude_none=True) if usage is not None else None,
            _litellm_cost(litellm, arguments["model"], usage, tier),
            tier,
        )
    finally:
        if stream is not None:
            await stream.aclose()


def _storable(piece: str) -> str:
    """Return what of a piece a database takes: half a character, and none at all (NUL), can be sent as JSON escapes."""
    return piece.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")


def _billed_tier(said: Sequence[str | None]) -> str:
    """Return the tier that a provider names in its reply; ``standard`` where it names none, or its usual one."""
    named = next((tier for tier in reversed(said) if tier), "")
    return named if named in _OTHER_TIERS else "standard"


def _litellm_cost(litellm: Any, model: str, usage: Any, tier: str) -> float | None:
    if usage is None:
        return None
    try:
        billed = None if tier == "standard" else tier
        return float(sum(litellm.cost_per_token(model=model, usage_object=usage, service_tier=billed)))
    except Exception:  # noqa: BLE001 - it raises a bare Exception for a model that is not in its map
        return None


class _Thoughts:
    """Keep apart what a model thinks aloud: many local ones write ``<think>…</think>`` before the answer."""

    _OPEN, _CLOSE = "<think>", "</think>"

    def __init__(self) -> None:
        self._state: Literal["start", "inside", "after", "answer"] = "start"
        self._held = ""

    def sort(self, piece: str) -> Iterator[tuple[str, str]]:
        self._held += piece
        if self._state == "start":
            begin = self._held.lstrip()
            if begin.startswith(self._OPEN):
                self._state, self._held = "inside", begin[len(self._OPEN) :]
            elif self._OPEN.startswith(begin):
                return
            else:
                self._state = "answer"
        if self._state == "inside":
            thought, close, rest = self._held.partition(self._CLOSE)
            if not close:
                return
            yield "thought", thought
            self._state, self._held = "after", rest
        if self._state == "after":
            self._held = self._held.lstrip()
            if not self._held:
                return
            self._state = "answer"
        if self._held:
            yield "text", self._held
            self._held = ""

    def rest(self) -> Iterator[tuple[str, str]]:
        """Yield what is held at the end of the stream."""
        if self._held.strip():
            yield ("thought" if self._state == "inside" else "text"), self._held


def _measure(raw: dict[str, Any], target: Target, counted: int, heard: _Heard) -> tuple[Usage, bool]:
    """Return the call's usage and whether the server read far less than it was sent.

    Reported counts that can't be true are replaced by our own; those of a cut prompt stand, but count as estimated, so
    that nothing is credited for them.
    """
    reported = normalise(raw) if raw else None
    said = bool(heard.text or heard.thought)
    if reported is None or (said and reported.output_tokens == 0):
        thought = tokens.count(heard.thought)
        output = tokens.count(heard.text) + thought
        return Usage(counted, output_tokens=output, reasoning_tokens=thought, cost_usd=None, estimated=True), False
    # Tokenizers differ, least on a server that somebody runs for themselves; big providers refuse rather than cut.
    plausible = 0.2 if target.provider and not target.self_run else 0.5
    truncated = reported.input_tokens < plausible * counted
    return replace(reported, estimated=truncated), truncated


def _finish_reason(end: _End) -> FinishReason:
    if end.finish_reason is None:
        # A stream that ends without a reason broke off, unless the server closed its account of it.
        return "stop" if end.usage is not None else "cut"
    if end.finish_reason in {"length", "max_tokens"}:
        return "length"
    return "filtered" if end.finish_reason == "content_filter" else "stop"


def _response_format(litellm: Any, target: Target, schema: dict[str, Any]) -> dict[str, Any] | None:
    described = {"name": "answer", "schema": schema, "strict": _is_strict(schema)}
    strict_schema = {"type": "json_schema", "json_schema": described}
    if target.api_base is not None:
        # LiteLLM knows nothing of these servers; nearly all take a schema, and one that refuses is asked without.
        return strict_schema
    if litellm.supports_response_schema(model=target.name):
        return strict_schema
    try:
        supported = litellm.get_supported_openai_params(model=target.name) or []
    except Exception:  # noqa: BLE001 - a provider that LiteLLM does not know; the call itself will say so
        return None
    return {"type": "json_object"} if "response_format" in supported else None


def _timeout(patience_s: float) -> Any:
    """Return what the client waits for by itself. Silence is measured in _stream; this is for what it can't see."""
    import openai

    return openai.Timeout(patience_s + 5.0, connect=min(_CONNECT_S, patience_s))


def _takes(litellm: Any, target: Target, name: str) -> bool:
    """Return whether a server can be sent a parameter: LiteLLM says so, or knows nothing of the server."""
    if target.is_ollama:
        return False
    if target.api_base is not None:
        return True
    if name == "reasoning_effort" and not litellm.supports_reasoning(model=target.name):
        return False
    try:
        return name in (litellm.get_supported_openai_params(model=target.name) or [])
    except Exception:  # noqa: BLE001 - a provider that LiteLLM does not know; the call itself will say so
        return False


def _caches_what_is_marked(litellm: Any, target: Target) -> bool:
    """Return whether a provider caches only what is marked: Anthropic's models do, wherever they run.

    OpenAI, DeepSeek and others cache by themselves, and Gemini too; marked, it would be asked for a store that is billed by
    the hour. To a server at an address of one's own no mark is sent: who answers there is not known.
    """
    return (
        target.api_base is None
        and "claude" in target.model.lower()
        and bool(litellm.utils.supports_prompt_caching(model=target.name))
    )


def _marked(messages: Sequence[dict[str, Any]], stable: str) -> list[dict[str, Any]]:
    """Return the messages with the mark behind what is stable; it holds for all that stands before it, too."""
    *before, last = messages
    content = last["content"]
    if not content.startswith(stable):
        raise ValueError("the last message does not begin with what is stable")
    blocks: list[dict[str, Any]] = [{"type": "text", "text": stable, "cache_control": {"type": "ephemeral"}}]
    if rest := content[len(stable) :]:
        blocks.append({"type": "text", "text": rest})
    return [*before, {**last, "content": blocks}]


def _is_strict(schema: Any) -> bool:
    """Return whether OpenAI's strict mode takes the schema: every object closed, every property required."""
    if isinstance(schema, list):
        return all(_is_strict(item) for item in schema)
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        properties = schema.get("properties", {})
        if schema.get("additionalProperties") is not False or set(schema.get("required", ())) != set(properties):
            return False
    return all(_is_strict(value) for value in schema.values())


def _without(arguments: dict[str, Any], name: str) -> None:
    value = arguments.pop(name, None)
    if name == "max_tokens" and value is not None:
        arguments["max_completion_tokens"] = value


def _pause(seconds: float, stop: threading.Event | None) -> bool:
    """Wait; return False when the caller stopped meanwhile."""
    if stop is None:
        time.sleep(seconds)
        return True
    return not stop.wait(seconds)


# --- errors in plain words --------------------------------------------------------------------------------------------


_NO_CREDIT = ("insufficient_quota", "current quota", "credit balance", "insufficient balance", "billing")
_TOO_LONG = (
    "context length",
    "context window",
    "context_length",
    "context size",
    "prompt is too long",
    "input is too long",
)
_NO_MODEL = (
    "model not found",
    "model_not_found",
    "not exist",
    "unknown model",
    "invalid model",
    "provider not provided",
)


def _explanation(error: BaseException, target: Target, settings: Settings) -> UpstreamError:
    server, model = target.server, target.model
    chain = _chain(error)
    text = _detail(error).lower()
    status = _status(error)
    # By name: LiteLLM wraps what httpx, httpcore and openai raise, each of them in classes of its own.
    kinds = {cls.__name__ for link in chain for cls in type(link).__mro__}

    if kinds & {"ConnectError", "ConnectTimeout", "UnsupportedProtocol", "InvalidURL"}:
        if target.api_base is None:
            sentence = f"No connection to {server}. Check the network, then try again."
        else:
            sentence = f"No connection to {providers.public_address(target.api_base)}: is the server running?"
        return UpstreamError(sentence, kind="network", retry=True)
    if kinds & {"TimeoutError", "TimeoutException", "Timeout", "APITimeoutError"}:
        return UpstreamError(
            f"{_begin(server)} sent nothing for {settings.request_timeout_s:g} s. "
            "Try again, or choose a faster model on the Settings page.",
            kind="timeout",
            retry=True,
        )
    if status in {401, 403} or "AuthenticationError" in kinds or "api key not valid" in text:
        return UpstreamError(
            f"The key for {server} was refused. Enter a new one on the Settings page.",
            kind="key",
        )
    if "ContextWindowExceededError" in kinds or any(word in text for word in _TOO_LONG):
        return UpstreamError(
            f"The text is longer than {model} can read. "
            "Ask about fewer documents, choose Quick, or choose another model on the Settings page.",
            kind="context",
        )
    if status == 402 or any(word in text for word in _NO_CREDIT):
        return UpstreamError(
            f"The account at {server} has no credit left. "
            "Add some there, or choose another model on the Settings page.",
            kind="quota",
        )
    if status == 429 or "RateLimitError" in kinds:
        delay_s = _retry_after(chain)
        when = "a minute" if delay_s is None else f"{max(delay_s, 1):.0f} s"
        return UpstreamError(
            f"{_begin(server)} takes no more questions just now. Try again in {when}.",
            kind="quota",
            retry=True,
            retry_after_s=delay_s,
        )
    if status == 404 or "NotFoundError" in kinds or any(word in text for word in _NO_MODEL):
        if "provider not provided" in text:
            sentence = (
                f"{model} does not say whose model it is. Write it as provider/model, for example openai/{model}, "
                "or enter a server's address on the Settings page."
            )
        elif target.is_ollama:
            sentence = f"{server} has no model {model}. Fetch it with 'ollama pull {model}', or choose another one."
        else:
            sentence = f"{_begin(server)} has no model {model}. Check its name on the Settings page."
        return UpstreamError(sentence, kind="model")
    if "content_filter" in text or "ContentPolicyViolationError" in kinds:
        return UpstreamError(
            f"{_begin(server)} refused to answer this (its content filter). Put the question differently.",
            kind="reply",
        )
    if kinds & {"JSONDecodeError", "UnicodeDecodeError", "DecodingError"}:
        return UpstreamError(
            f"{_begin(server)} sent nothing that can be read as an answer. Check on the Settings page "
            "that the address is that of an OpenAI-compatible or Ollama server.",
            kind="reply",
        )
    if "TransportError" in kinds:
        return UpstreamError(f"{_begin(server)} broke the connection. Try again.", kind="network", retry=True)
    if status is not None and status < 500:
        return UpstreamError(
            f"{_begin(server)} refused the request (error {status}). Choose another model on the Settings page.",
            kind="server",
        )
    delay_s = _retry_after(chain)
    shown = f" (error {status})" if status else ""
    return UpstreamError(
        f"{_begin(server)} failed{shown}. Try again in a moment.",
        kind="server",
        retry=True,
        retry_after_s=delay_s,
    )


def _chain(error: BaseException) -> list[BaseException]:
    """Return the error and what it came from, outermost first."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain and len(chain) < 20:
        chain.append(link)
        link = link.__cause__ or link.__context__
    return chain


def _status(error: BaseException) -> int | None:
    """Return the HTTP status that the server sent. LiteLLM makes up a 500 where there was none."""
    for link in reversed(_chain(error)):
        status = getattr(getattr(link, "response", None), "status_code", None)
        if type(link).__name__ == "HTTPStatusError" and isinstance(status, int):
            return status
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _detail(error: BaseException) -> str:
    texts = []
    for link in _chain(error):
        texts.append(str(link))
        if isinstance(body := getattr(link, "body", None), dict):
            texts.append(json.dumps(body))
    return " | ".join(dict.fromkeys(text for text in texts if text))


def _retry_after(chain: Sequence[BaseException]) -> float | None:
    for link in chain:
        headers = getattr(link, "litellm_response_headers", None) or getattr(
            getattr(link, "response", None), "headers", None
        )
        value = headers.get("retry-after") if headers else None
        if not value:
            continue
        with contextlib.suppress(ValueError):
            return max(0.0, float(value))
        with contextlib.suppress(ValueError, TypeError):
            return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    return None


def _may_pass(error: BaseException, failure: UpstreamError) -> bool:
    """Return whether the server answered, and with a refusal that the same call may get past in a moment."""
    status = _status(error) or 0
    return failure.retry and failure.kind in {"quota", "server"} and (status == 429 or status >= 500)


def _begin(words: str) -> str:
    return words[:1].upper() + words[1:]


# --- LiteLLM itself ---------------------------------------------------------------------------------------------------

_import_lock = threading.Lock()


def _litellm(stop: threading.Event | None = None) -> Any:
    """Return the module, imported once. Raises ``_Stopped`` when the caller stops before it is there."""
    with _import_lock:
        importing = _importing()
    while True:
        if stop is not None and stop.is_set():
            raise _Stopped
        if importing.done():
            return importing.result()
        wait([importing], timeout=_STOP_LOOK_S)


@cache
def _importing() -> Future[Any]:
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="import")
    try:
        return pool.submit(_imported)
    finally:
        pool.shutdown(wait=False)


def _imported() -> Any:
    """Import LiteLLM, tell it to be quiet and to stay off the network."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ["LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS"] = "True"
    os.environ["LITELLM_LOCAL_BLOG_POSTS"] = "True"
    os.environ["LITELLM_MODE"] = "PRODUCTION"  # else it reads a .env file from wherever we were started
    for name in ("NO_PROXY", "no_proxy"):
        # What goes to this computer must not go by way of a proxy.
        os.environ[name] = ",".join(filter(None, [os.environ.get(name, ""), "127.0.0.1,localhost,::1"]))
    _mute()
    import litellm

    litellm.suppress_debug_info = True
    litellm.telemetry = False
    litellm.drop_params = True
    litellm.disable_hf_tokenizer_download = True
    litellm.disable_streaming_logging = True
    # aiohttp keeps sessions that complain when the process ends; httpx closes with the event loop.
    litellm.disable_aiohttp_transport = True
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in ("httpx", "openai"):
        logging.getLogger(name).setLevel(logging.WARNING)  # at INFO they log addresses, some with a key in them
    gc.freeze()  # its objects stay: see stc.background
    return litellm


def _mute() -> None:
    """Keep LiteLLM 1.106's own warnings away; again before each call, since tests reset the filters."""
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"litellm\b")
    warnings.filterwarnings("ignore", message=".*`ReadOnly` qualifier", category=UserWarning)
    # A call that is stopped before LiteLLM has begun it leaves a method of one of its classes unawaited.
    warnings.filterwarnings("ignore", message=r"coroutine '[A-Z]\w+\.\w+' was never awaited", category=RuntimeWarning)


_loop_lock = threading.Lock()


def _event_loop() -> asyncio.AbstractEventLoop:
    """Return the loop on which all calls run: one per process, on a thread of its own."""
    with _loop_lock:
        return _started_loop()


@cache
def _started_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="models", daemon=True).start()
    return loop
