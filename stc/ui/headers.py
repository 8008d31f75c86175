"""Stand before the server: refuse foreign hosts and origins, and tell the browser what a page may load.

The last door, behind ``safe``: what got past the escaping could still run no script and reach no other machine.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Server = Callable[[Scope, Receive, Send], Awaitable[None]]

ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""Headers of every reply."""

_HEALTH = ("/_stcore/health", "/healthz")
"""Asked by what watches the server, under whatever name it has there. The replies hold nothing of anybody's."""
_MEDIA = "/media/"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_PLAIN_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class Guard:
    """The outermost layer of the server, for pages, files and websockets alike.

    A page of another site that knows this address, or took a name for it (DNS rebinding), gets nothing: Streamlit checks
    ``server.allowedHosts`` for its websocket only, and takes any program on this computer for the same origin.
    """

    def __init__(self, app: Server) -> None:
        self._app = app
        self._hashes = _hashes_of_inline_scripts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        host, origin = _header(scope, b"host"), _header(scope, b"origin")
        watched = scope["path"] in _HEALTH
        if not watched and not is_host_allowed(host):
            said = "This program does not answer under this name. Who runs it can add it to server.allowedHosts."
            await _refuse(scope, receive, send, said)
            return
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if changes and origin is not None and not is_same_origin(origin, host or ""):
            await _refuse(scope, receive, send, "This request came from a page of another site.")
            return
        added = {**ALWAYS, "content-security-policy": self._policy(host or "")}
        if _MEDIA in scope["path"]:
            added["cache-control"] = "no-store"  # a file that somebody saved is theirs; the browser keeps no second one

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(name, value) for name, value in message.get("headers", []) if name.decode() not in added]
                message["headers"] = kept + [(name.encode(), value.encode()) for name, value in added.items()]
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _policy(self, host: str) -> str:
        """Return the content-security policy: everything from this server, nothing from elsewhere.

        What Streamlit 1.67 (2026) needs beyond its own files: WebAssembly for its messages, styles written into the page,
        and no eval, as its charts interpret their formulas. Older browsers do not take 'self' for websockets too.
        """
        sockets = f" ws://{host} wss://{host}" if _PLAIN_HOST.fullmatch(host) else ""
        return "; ".join(
            [
                "default-src 'self'",
                f"script-src 'self' 'wasm-unsafe-eval' {self._hashes}".strip(),
                "script-src-attr 'none'",
                "style-src 'self' 'unsafe-inline'",
                "img-src 'self' data: blob:",
                "font-src 'self' data:",
                f"connect-src 'self'{sockets}",
                "worker-src 'self' blob:",
                "frame-src 'none'",
                "object-src 'none'",
                "base-uri 'none'",
                "form-action 'self'",
                "frame-ancestors 'none'",
            ]
        )


def is_same_origin(origin: str, host: str) -> bool:
    """Tell whether a page of ``origin`` was served under ``host``.

    Behind a proxy that passes the name on without the port, the name is enough; on this computer, where each port is
    another program, the port counts too. What the setting ``server.corsAllowedOrigins`` names is let in.
    """
    if origin in (st.get_option("server.corsAllowedOrigins") or ()):
        return True
    try:
        page, here = urlsplit(origin), urlsplit(f"//{host}")
        same_port = page.port == here.port
    except ValueError:
        return False
    if page.scheme not in ("http", "https") or page.hostname is None or page.hostname != here.hostname:
        return False
    return same_port or (here.port is None and page.hostname not in _LOOPBACK)


def _hashes_of_inline_scripts() -> str:
    """Return the hashes of the scripts that stand in Streamlit's own page, as a policy names them."""
    page = Path(st.__file__).parent / "static" / "index.html"
    scripts = _INLINE_SCRIPT.findall(page.read_text(encoding="utf-8"))
    return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in scripts)


def _header(scope: Scope, wanted: bytes) -> str | None:
    """Return a header's value; one that comes twice is no header that can be trusted."""
    found = [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]
    if not found:
        return None
    return found[0] if len(found) == 1 else "\0"


async def _refuse(scope: Scope, receive: Receive, send: Send, said: str) -> None:
    if scope["type"] == "websocket":
        await receive()  # the opening; a close instead of an answer to it is told to the browser as 403
        await send({"type": "websocket.close", "code": 1008})
        return
    body = said.encode()
    headers = [("content-type", "text/plain; charset=utf-8"), ("content-length", str(len(body))), *ALWAYS.items()]
    status = {"type": "http.response.start", "status": 403}
    await send({**status, "headers": [(name.encode(), value.encode()) for name, value in headers]})
    await send({"type": "http.response.body", "body": body})
