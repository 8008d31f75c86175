"""A model server's double: real HTTP on loopback, the OpenAI protocol, enough of two others, replies and faults to order.

In a test::

    with ModelServer(reply=lambda body: "It is 42 [1].") as server:
        services.change_settings(chat_model="double", api_base=server.url)
        server.faults.append("429")          # the next call only; server.fault = "500" for every call
        ...
        assert server.billed[0].prompt_tokens == ...

By itself, for a browser: ``python -m tests.fakes --port 4000 [--reply package.module:function]``.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import re
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FAULTS = {
    "401": "the key is refused",
    "403": "the key may not use the model",
    "404": "no such model",
    "429": "too many requests; Retry-After as server.retry_after_s says",
    "429-quota": "insufficient_quota: the account is empty",
    "500": "an internal error",
    "503": "overloaded",
    "400-context": "context_length_exceeded",
    "400-format": "response_format is refused; without one the call succeeds",
    "400-tier": "service_tier is refused; without one the call succeeds",
    "429-tier": "no room in the tier asked for; without one the call succeeds",
    "hang": "the request is read, nothing is ever sent",
    "hang-headers": "headers are sent, then nothing",
    "hang-midway": "half the reply, then nothing",
    "cut": "half the reply, then the connection breaks",
    "cut-clean": "half the reply, then a tidy end without finish_reason",
    "broken-json": "half the reply, then an event that is no JSON",
    "error-event": "half the reply, then an error event",
    "html": "status 200 with a web page",
    "empty": "a reply without text, billed",
    "no-usage": "usage is left out",
    "wrong-usage": "usage is nonsense: negative, text, cached above prompt",
    "zero-usage": "usage is all zeros",
    "length": "cut at max_tokens, finish_reason length",
    "truncated": "the prompt was cut silently: a tenth of it is reported and billed",
}


def count(text: str) -> int:
    """Return this server's token count: one for every four bytes begun."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // 4)


@dataclass(frozen=True)
class Billed:
    """What one call cost. ``reported``: the client was told."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    reported: bool = True
    tier: str | None = None
    """What the client was told."""
    cache_write_tokens: int = 0


@dataclass
class ModelServer:
    """The server. ``reply`` gets the request's body and returns the text, which is streamed word by word."""

    reply: Callable[[dict[str, Any]], str] = lambda body: "This is the model double's answer."
    models: tuple[str, ...] = ("double", "double-small")
    port: int = 0
    key: str | None = None
    """The key that is asked for; ``None`` takes any."""
    piece: str = r"\s*\S+|\s+$"
    """The pattern of what is streamed at a time: a word, unless a test wants words cut in two."""
    fault: str | None = None
    """The fault of every call that ``faults`` says nothing about."""
    faults: deque[str | None] = field(default_factory=deque)
    """Faults of the next calls, one each; ``None`` is a good call."""
    cached_tokens: int = 0
    """So many tokens of each prompt were in the provider's cache."""
    reasoning_tokens: int = 0
    bills_tier: str | None = None
    """What a reply says of its tier: ``asked`` for what was asked for, any other word as it is; ``None``: nothing."""
    retry_after_s: float | None = 0.0
    first_delay_s: float | Callable[[dict[str, Any]], float] = 0.0
    """Seconds before a reply begins; a function gets the request's body."""
    word_delay_s: float = 0.0
    one_at_a_time: bool = False
    """A call waits until those before it are answered or given up, as at a model server on a small computer."""
    context_length: int = 8192
    """Ollama only: what /api/show says of every model."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    """Every chat request's body, in order, with ``path`` and ``authorization``."""
    billed: list[Billed] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)
    """Set when a client left before its reply was complete."""
    kept: set[str] = field(default_factory=set)
    """Anthropic only: the beginnings of prompts that were marked, and so are read from the cache from then on."""
    gone_at: float = 0.0
    """When that was, on the monotonic clock."""
    turn: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> ModelServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._stopping = threading.Event()
        self._server = _Server(self)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def root(self) -> str:
        """The address without ``/v1``: what an Ollama client is given."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.root}/v1"

    def pieces(self, text: str) -> list[str]:
        """Return what is streamed at a time. Where nobody waits between words, a long reply goes on by the twenty."""
        words = re.findall(self.piece, text, re.DOTALL)
        if self.word_delay_s:
            return words
        return words[:20] + ["".join(words[start : start + 20]) for start in range(20, len(words), 20)]

    def next_fault(self) -> str | None:
        fault = self.faults.popleft() if self.faults else self.fault
        if fault is not None and fault not in FAULTS:
            raise ValueError(f"{fault!r} is none of {', '.join(FAULTS)}")
        return fault


class _ClientGone(Exception):
    pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, double: ModelServer) -> None:
        self.double = double
        super().__init__(("127.0.0.1", double.port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def double(self) -> ModelServer:
        return self.server.double

    def log_message(self, format: str, *arguments: object) -> None:
        """Stay silent: a test's output is the test's."""

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, _ClientGone):
            self.close_connection = True

    def do_GET(self) -> None:
        if self.path == "/v1/models":
            listed = [{"id": name, "object": "model", "owned_by": "double"} for name in self.double.models]
            self._json(200, {"object": "list", "data": listed})
        elif self.path == "/api/tags":
            self._json(200, {"models": [{"name": name, "model": name} for name in self.double.models]})
        else:
            self._json(404, {"error": {"message": f"no route {self.path}", "type": "invalid_request_error"}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.path == "/api/show":
            name = body.get("model") or body.get("name")
            if name not in self.double.models:
                self._json(404, {"error": f"model '{name}' not found"})
                return
            window = {"general.architecture": "llama", "llama.context_length": self.double.context_length}
            self._json(200, {"model_info": window, "capabilities": ["completion"]})
            return
        if self.path == "/v1/messages":
            self._answer_as_anthropic(body)
            return
        if self.path not in {"/v1/chat/completions", "/api/chat"}:
            self._json(404, {"error": {"message": f"no route {self.path}", "type": "invalid_request_error"}})
            return
        key = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.double.requests.append({**body, "path": self.path, "authorization": key})
        fault = self.double.next_fault()
        if self.double.key is not None and key != self.double.key:
            fault = "401"
        if body.get("model") not in self.double.models:
            fault = "404"
        try:
            if not self._refused(body, fault, key):
                with self._turn():
                    self._answer(body, fault)
        except (ConnectionError, _ClientGone):
            self.double.gone_at = time.monotonic()
            self.double.gone.set()
            raise

    def _answer_as_anthropic(self, body: dict[str, Any]) -> None:
        self.double.requests.append({**body, "path": self.path, "authorization": self.headers.get("x-api-key", "")})
        told = [{"content": body.get("system", "")}, *body["messages"]]
        blocks = [block for message in told for block in _blocks(message["content"])]
        sizes = [count(block["text"]) for block in blocks]
        marked = max((place for place, block in enumerate(blocks, start=1) if "cache_control" in block), default=0)
        beginning = json.dumps([block["text"] for block in blocks[:marked]])
        read, written = (sum(sizes[:marked]), 0) if beginning in self.double.kept else (0, sum(sizes[:marked]))
        self.double.kept.add(beginning)
        text = self.double.reply(body)
        usage = {
            "input_tokens": sum(sizes[marked:]),
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": read,
            "output_tokens": 1,
        }
        message = {"id": "msg-double", "type": "message", "role": "assistant", "model": body["model"], "content": []}
        events: list[dict[str, Any]] = [
            {"type": "message_start", "message": {**message, "stop_reason": None, "usage": usage}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": count(text)}},
            {"type": "message_stop"},
        ]
        self.double.billed.append(Billed(sum(sizes), count(text), read, cache_write_tokens=written))
        self._head(200, "text/event-stream", {"Transfer-Encoding": "chunked"})
        for event in events:
            self._chunk(f"event: {event['type']}\n".encode() + f"data: {json.dumps(event)}\n\n".encode())
        self._chunk(b"")

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        if not self.double.one_at_a_time:
            yield
            return
        turn = self.double.turn
        while not turn.acquire(timeout=0.02):
            if self._client_left() or self.double._stopping.is_set():
                raise _ClientGone
        try:
            yield
        finally:
            turn.release()

    def _refused(self, body: dict[str, Any], fault: str | None, key: str) -> bool:
        ollama = self.path == "/api/chat"
        if fault == "401":
            self._error(401, f"Incorrect API key provided: {key}.", "invalid_request_error", "invalid_api_key")
        elif fault == "403":
            self._error(403, "You are not allowed to use this model.", "invalid_request_error", None)
        elif fault == "404" and ollama:
            self._json(404, {"error": f"model '{body.get('model')}' not found"})
        elif fault == "404":
            text = f"The model `{body.get('model')}` does not exist or you do not have access to it."
            self._error(404, text, "invalid_request_error", "model_not_found")
        elif fault == "429":
            wait = self.double.retry_after_s
            headers = {} if wait is None else {"Retry-After": f"{wait:g}"}
            self._error(429, "Rate limit reached.", "requests", "rate_limit_exceeded", headers)
        elif fault == "429-quota":
            text = "You exceeded your current quota, please check your plan and billing details."
            self._error(429, text, "insufficient_quota", "insufficient_quota")
        elif fault in {"500", "503"}:
            self._error(int(fault), "The server had an error.", "server_error", None)
        elif fault == "400-context":
            text = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
            self._error(400, text, "invalid_request_error", "context_length_exceeded")
        elif fault == "400-format" and "response_format" in body:
            text = "Invalid parameter: 'response_format' of this type is not supported with this model."
            self._error(400, text, "invalid_request_error", None)
        elif fault == "400-tier" and "service_tier" in body:
            self._error(400, "Invalid service_tier argument", "invalid_request_error", "invalid_service_tier")
        elif fault == "429-tier" and "service_tier" in body:
            self._error(429, "Resource unavailable.", "requests", "resource_unavailable")
        elif fault == "hang":
            self._wait_for_goodbye()
        elif fault == "html":
            page = b"<!doctype html><html><body><h1>It works!</h1></body></html>"
            self._head(200, "text/html", {"Content-Length": str(len(page))})
            self.wfile.write(page)
        else:
            return False
        return True

    def _answer(self, body: dict[str, Any], fault: str | None) -> None:
        double = self.double
        prompt = sum(count(_text(message.get("content"))) + 4 for message in body.get("messages", []))
        if fault == "truncated":
            prompt = max(1, prompt // 10)
        text = "" if fault == "empty" else double.reply(body)
        limit = body.get("max_tokens") or body.get("max_completion_tokens")
        limit = limit or body.get("options", {}).get("num_predict") or 0
        pieces = double.pieces(text)
        finish = "stop"
        if fault == "length" or (limit and count(text) > limit):
            finish = "length"
            pieces = pieces[: max(1, len(pieces) // 2)] if fault == "length" else _fitting(pieces, limit)
        halfway = fault in {"hang-midway", "cut", "cut-clean", "broken-json", "error-event"}
        if halfway:
            pieces = pieces[: max(1, len(pieces) // 2)]
        ollama = self.path == "/api/chat"
        stream = body.get("stream", ollama)
        cached = min(double.cached_tokens, prompt)
        reasoning = double.reasoning_tokens if fault != "truncated" else 0

        def bill(sent: str, *, reported: bool) -> Billed:
            return Billed(prompt, count(sent) + reasoning, cached, reasoning, reported, self._tier(body))

        asked = ollama or (body.get("stream_options") or {}).get("include_usage", False)
        hidden = halfway or fault in {"no-usage", "wrong-usage", "zero-usage"}
        sent, told = "", False
        try:
            delay = double.first_delay_s
            self._pause(delay(body) if callable(delay) else delay)
            if not stream and not halfway:
                sent = "".join(pieces)
                double.billed.append(bill(sent, reported=fault not in {"no-usage", "wrong-usage", "zero-usage"}))
                self._json(200, self._whole(body, sent, finish, fault))
                return
            self._head(200, "application/x-ndjson" if ollama else "text/event-stream", {"Transfer-Encoding": "chunked"})
            if fault == "hang-headers":
                self._wait_for_goodbye()
            if not ollama:
                self._event(body, {"role": "assistant", "content": ""})
            for piece in pieces:
                self._pause(double.word_delay_s)
                sent += piece
                if ollama:
                    message = {"role": "assistant", "content": piece}
                    self._line({"model": body["model"], "message": message, "done": False})
                else:
                    self._event(body, {"content": piece})
            if fault == "hang-midway":
                self._wait_for_goodbye()
            if fault == "cut":
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                raise _ClientGone
            if fault == "broken-json":
                self._chunk(b'{"model": \n' if ollama else b'data: {"id": "x", "choices": [{"delta"\n\n')
            elif fault == "error-event":
                error = {"error": {"message": "The server had an error while writing.", "type": "server_error"}}
                self._chunk(json.dumps(error).encode() + b"\n" if ollama else f"data: {json.dumps(error)}\n\n".encode())
            if not halfway:
                self._end(body, finish, fault, bill(sent, reported=True))
                told = asked and not hidden
            self._chunk(b"")
        except BaseException:
            double.billed.append(bill(sent, reported=told))  # the client may go as soon as it knows all
            raise
        double.billed.append(bill(sent, reported=told))

    def _whole(self, body: dict[str, Any], text: str, finish: str, fault: str | None) -> dict[str, Any]:
        last = self.double.billed[-1]
        if self.path == "/api/chat":
            message = {"role": "assistant", "content": text}
            counts = self._ollama_counts(fault, last)
            return {"model": body["model"], "message": message, "done": True, "done_reason": finish, **counts}
        answer: dict[str, Any] = {
            "id": "chatcmpl-double",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": body["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        }
        counts = self._usage(fault, last)
        return answer if counts is None else {**answer, "usage": counts}

    def _end(self, body: dict[str, Any], finish: str, fault: str | None, bill: Billed) -> None:
        if self.path == "/api/chat":
            counts = self._ollama_counts(fault, bill)
            message = {"role": "assistant", "content": ""}
            self._line({"model": body["model"], "message": message, "done": True, "done_reason": finish, **counts})
            return
        self._event(body, {}, finish)
        counts = self._usage(fault, bill)
        if (body.get("stream_options") or {}).get("include_usage") and counts is not None:
            self._data({**self._envelope(body), "choices": [], "usage": counts})
        self._chunk(b"data: [DONE]\n\n")

    @staticmethod
    def _usage(fault: str | None, bill: Billed) -> dict[str, Any] | None:
        if fault == "no-usage":
            return None
        prompt, output, cached = bill.prompt_tokens, bill.completion_tokens, bill.cached_tokens
        reasoning = bill.reasoning_tokens
        if fault == "zero-usage":
            prompt = output = cached = reasoning = 0
        if fault == "wrong-usage":
            prompt, output, cached = -5, -1, 10**6
        return {
            "prompt_tokens": prompt,
            "completion_tokens": output,
            "total_tokens": prompt + output,
            "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        }

    @staticmethod
    def _ollama_counts(fault: str | None, bill: Billed) -> dict[str, int]:
        if fault == "no-usage":
            return {}
        prompt, output = bill.prompt_tokens, bill.completion_tokens
        if fault == "zero-usage":
            prompt = output = 0
        if fault == "wrong-usage":
            prompt, output = -5, -1
        return {"prompt_eval_count": prompt, "eval_count": output, "total_duration": 1, "eval_duration": 1}

    def _envelope(self, body: dict[str, Any]) -> dict[str, Any]:
        kind = "chat.completion.chunk"
        tier = {"service_tier": tier} if (tier := self._tier(body)) else {}
        return {"id": "chatcmpl-double", "object": kind, "created": int(time.time()), "model": body["model"], **tier}

    def _tier(self, body: dict[str, Any]) -> str | None:
        said = self.double.bills_tier
        return body.get("service_tier", "default") if said == "asked" else said

    def _event(self, body: dict[str, Any], delta: dict[str, Any], finish: str | None = None) -> None:
        self._data({**self._envelope(body), "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    def _data(self, value: dict[str, Any]) -> None:
        self._chunk(f"data: {json.dumps(value)}\n\n".encode())

    def _line(self, value: dict[str, Any]) -> None:
        self._chunk(json.dumps(value).encode() + b"\n")

    def _chunk(self, data: bytes) -> None:
        if self._client_left():
            raise _ClientGone
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _pause(self, seconds: float) -> None:
        if seconds and not self.double._stopping.is_set():
            readable, _, _ = select.select([self.connection], [], [], seconds)
            if readable and self._client_left():
                raise _ClientGone

    def _wait_for_goodbye(self) -> None:
        while not self.double._stopping.is_set():
            readable, _, _ = select.select([self.connection], [], [], 0.02)
            if readable and self._client_left():
                break
        raise _ClientGone

    def _client_left(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        try:
            return bool(readable) and self.connection.recv(1, socket.MSG_PEEK) == b""
        except ConnectionError:
            return True

    def _head(self, status: int, media_type: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _json(self, status: int, value: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        data = json.dumps(value).encode()
        self._head(status, "application/json", {"Content-Length": str(len(data)), **(headers or {})})
        self.wfile.write(data)

    def _error(
        self, status: int, message: str, kind: str, code: str | None, headers: dict[str, str] | None = None
    ) -> None:
        if self.path == "/api/chat":
            self._json(status, {"error": message}, headers)
        else:
            self._json(status, {"error": {"message": message, "type": kind, "param": None, "code": code}}, headers)


def _blocks(content: Any) -> list[dict[str, Any]]:
    """Return the text blocks of a message in Anthropic's protocol."""
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _text(content: Any) -> str:
    """Return a message's text, whether it is a string or a list of parts."""
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content or ""


def _fitting(pieces: list[str], tokens: int) -> list[str]:
    kept: list[str] = []
    for piece in pieces:
        if count("".join(kept) + piece) > tokens:
            break
        kept.append(piece)
    return kept or pieces[:1]


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve the model double on 127.0.0.1 until interrupted.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--reply", metavar="MODULE:FUNCTION", help="takes the request's body, returns the text")
    parser.add_argument("--fault", choices=sorted(FAULTS), help="the fault of every call")
    parser.add_argument("--word-delay", type=float, default=0.0, metavar="SECONDS")
    options = parser.parse_args()
    server = ModelServer(port=options.port, fault=options.fault, word_delay_s=options.word_delay)
    if options.reply:
        module, _, function = options.reply.partition(":")
        server.reply = getattr(importlib.import_module(module), function)
    with server:
        print(server.url, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()


def indexed(connection: Any, word: str, kind: str) -> list[str]:
    """Return the ids of the passages or notes that the full-text index finds by a word, in their order."""
    from stc.storage import lexical

    standing = lexical.standing(connection, [word], kind=kind, document_ids=None, most=100)[word]
    return list(lexical.items_at(connection, standing.places).values())
