"""The gate before everything the server answers: where people sign in, nobody else gets so far as a page, a websocket,
an upload or a file. A person who is disabled or signed out meanwhile is out within a second, also on an open page.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from stc.access import entering, people, reach
from stc.access.reach import Door
from stc.services import Services
from stc.words import Person

SIGN_IN, JOIN, ACCOUNT, PROVIDER = "/sign-in", "/join", "/account", "/sign-in/provider"
CALLBACK = "/oauth2callback"
TOKEN_HEADER = "x-stc-sign-in"
"""What the gate tells a page's script of the browser's token; whatever a browser sends under this name is dropped."""

_COOKIE = "stc_sign_in"
_SECURE_COOKIE = "__Host-stc_sign_in"
_PUBLIC = (SIGN_IN, JOIN, "/_stcore/health", "/healthz", "/favicon.png")
_PUBLIC_FOLDERS = ("/static/",)
_PROVIDER_PATHS = ("/auth/login", CALLBACK)
_UPLOADS = "/_stcore/upload_file/"
_MEDIA = "/media/"
_METRICS = "/_stcore/metrics"
_BELIEVED_S = 1.0
_MOST_REMEMBERED = 10_000
_LONGEST_TOKEN = 100
_STRANGER = "This program knows no passwords and answers this computer only. docs/access.md says how to let others in."

Whose = tuple[str, bool]

_door: Door = "alone"


def decide(services: Services, environment: Mapping[str, str]) -> Door:
    """Decide how people come in, for this process; raises ``UserError`` where the server must not start."""
    global _door
    address = config.get_option("server.address")
    hosts = config.get_option("server.allowedHosts")
    _door = reach.door(address=address or "", hosts=hosts or [], people=people.exist(services), environment=environment)
    return _door


def first_code(services: Services) -> str:
    """Return what to print where the server starts and has no admin yet, "" where there is nothing to say."""
    code = entering.setup_code(services) if _door == "login" else None
    if code is None:
        return ""
    return f"Nobody looks after this place yet. Open {base()}{JOIN} on the page and enter this code, once, within a day: {code}"


def door() -> Door:
    """Return how people come in; ``alone`` in a process that serves nobody."""
    return _door


def base() -> str:
    """Return the path that everything stands below, "" for none."""
    path = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""


def url() -> str:
    """Return where a browser on this computer finds the page."""
    address = str(config.get_option("server.address") or "")
    everywhere = address in ("", "0.0.0.0", "::")  # noqa: S104 - told, not bound
    host = "localhost" if everywhere else f"[{address}]" if ":" in address else address
    scheme = "https" if config.get_option("server.sslCertFile") else "http"
    return f"{scheme}://{host}:{config.get_option('server.port')}{base()}"


def token_of(scope: Scope) -> str:
    """Return the token that the browser's cookie holds, "" where it has none that could be one."""
    cookies = cookie_parser(Headers(scope=scope).get("cookie", ""))
    token = cookies.get(_SECURE_COOKIE if _is_secure(scope) else _COOKIE, "")
    return token if len(token) <= _LONGEST_TOKEN else ""


def give_token(scope: Scope, response: Response, token: str) -> None:
    """Put a token into the browser's cookie; "" takes it away."""
    secure = _is_secure(scope)
    response.set_cookie(
        _SECURE_COOKIE if secure else _COOKIE,
        token,
        max_age=int(entering.SIGNED_IN_S) if token else 0,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def _is_secure(scope: Scope) -> bool:
    return scope.get("scheme") in {"https", "wss"}


class Gate:
    """ASGI middleware. What it lets through it has told who comes (``TOKEN_HEADER``)."""

    def __init__(self, app: ASGIApp, services: Services, *, provider: bool = False) -> None:
        self._app = app
        self._services = services
        self._public = (*_PUBLIC, *((PROVIDER, *_PROVIDER_PATHS) if provider else ()))
        self._believed: OrderedDict[str, tuple[float, Person | None]] = OrderedDict()
        self._pages: OrderedDict[str, Whose] = OrderedDict()
        """Whose each Streamlit session is: nobody takes up another one's, or what was an admin's as a member."""
        self._files: OrderedDict[tuple[str, str], None] = OrderedDict()
        """The paths of files, each with a person to whom a page of theirs has offered it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"} or _door == "open":
            await self._app(scope, receive, send)
        elif _door == "alone":
            client = scope.get("client")
            if client and not reach.is_here(client[0]):
                await _refuse(scope, receive, send, PlainTextResponse(_STRANGER, 403))
            else:
                await self._app(scope, receive, send)
        else:
            await self._let_in(scope, receive, send)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(base())
        token = token_of(scope)
        told = [(name, value) for name, value in scope["headers"] if name.lower() != TOKEN_HEADER.encode()]
        scope = {**scope, "headers": [*told, (TOKEN_HEADER.encode(), token.encode("latin-1", "replace"))]}
        if scope["type"] == "http" and (path in self._public or path.startswith(_PUBLIC_FOLDERS)):
            await self._app(scope, receive, _back_to_the_door(send) if path == CALLBACK else send)
            return
        person = await self._who(token)
        if person is None:
            answer: Response = PlainTextResponse("Sign in first.", 401)
            if scope["type"] == "http" and "text/html" in Headers(scope=scope).get("accept", ""):
                answer = RedirectResponse(base() + SIGN_IN, 303)
            await _refuse(scope, receive, send, answer)
        elif scope["type"] == "websocket":
            await self._watch(scope, receive, send, token, person)
        elif path.startswith(_UPLOADS) and self._pages.get(path.split("/")[3]) != _whose(person):
            await _refuse(scope, receive, send, PlainTextResponse("There is no such page.", 403))
        elif path.startswith(_MEDIA) and (path, person.id) not in self._files:
            await _refuse(scope, receive, send, PlainTextResponse("There is no such file.", 404))
        elif path.startswith(_METRICS) and not person.admin:
            await _refuse(scope, receive, send, PlainTextResponse("For admins only.", 403))
        else:
            await self._app(scope, receive, send)
            if path == ACCOUNT:
                self._believed.clear()  # somebody may have signed out

    async def _who(self, token: str) -> Person | None:
        if not token:
            return None
        until, person = self._believed.get(token, (0.0, None))
        if until < time.monotonic():
            person = await asyncio.to_thread(entering.who, self._services, token)
            _remember(self._believed, token, (time.monotonic() + _BELIEVED_S, person))
        return person

    async def _watch(self, scope: Scope, receive: Receive, send: Send, token: str, person: Person) -> None:
        """Let a page's websocket live for as long as its person may be here."""
        closed = False
        session = ""

        async def still_in() -> bool:
            nonlocal closed
            now = None if closed else await self._who(token)
            if now is not None and _whose(now) == _whose(person):
                return True
            if not closed:
                closed = True
                await send({"type": "websocket.close", "code": 1008})
            return False

        async def watched_receive() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive" and not await still_in():
                return {"type": "websocket.disconnect", "code": 1008}
            return message

        async def watched_send(message: Message) -> None:
            nonlocal session
            if message["type"] == "websocket.send":
                if not await still_in():
                    return
                data = message.get("bytes") or b""
                if not session:
                    session = _session_in(data)
                    if session:
                        _remember(self._pages, session, _whose(person))
                for path in _files_in(data):
                    _remember(self._files, (path, person.id), None)
            await send(message)

        await self._app(_without_others(scope, self._pages, person), watched_receive, watched_send)


def _whose(person: Person) -> Whose:
    """Return what has to stay the same for a page to go on: who it is, and as what."""
    return person.id, person.admin


def _remember(known: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    known[key] = value
    known.move_to_end(key)
    while len(known) > _MOST_REMEMBERED:
        known.popitem(last=False)


def _back_to_the_door(send: Send) -> Send:
    """Lead a browser that comes from the login provider to the page that lets people in, or says why not."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            others = [(name, value) for name, value in message.get("headers", []) if name.lower() != b"location"]
            message["headers"] = [*others, (b"location", f"{base()}{SIGN_IN}?said=back".encode())]
        await send(message)

    return sent


def _session_in(data: bytes) -> str:
    """Return the Streamlit session that a server's message announces, "" in all the others."""
    message = ForwardMsg()
    message.ParseFromString(data)
    return message.new_session.initialize.session_id if message.HasField("new_session") else ""


def _files_in(data: bytes) -> Iterator[str]:
    """Yield the paths of the files that a server's message offers to its page, to show or to save.

    They stand in fields named ``url``; a text that holds such a path, of a document perhaps, offers nothing.
    """
    if _MEDIA.encode() not in data:
        return
    waiting: list[Any] = [ForwardMsg.FromString(data)]
    while waiting:
        for field, value in waiting.pop().ListFields():
            if field.message_type is not None and not field.message_type.GetOptions().map_entry:
                waiting.extend(value if field.is_repeated else [value])
            elif field.name == "url" and value.startswith(_MEDIA):
                yield value


def _without_others(scope: Scope, pages: MutableMapping[str, Whose], person: Person) -> Scope:
    """Return a handshake that takes up no session but the person's own (Streamlit's is the third subprotocol)."""
    wanted = [one.strip() for one in Headers(scope=scope).get("sec-websocket-protocol", "").split(",")]
    if len(wanted) < 3 or pages.get(wanted[2]) == _whose(person):
        return scope
    headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"sec-websocket-protocol"]
    headers.append((b"sec-websocket-protocol", ", ".join(wanted[:2]).encode("latin-1")))
    return {**scope, "headers": headers, "subprotocols": wanted[:2]}


async def _refuse(scope: Scope, receive: Receive, send: Send, response: Response) -> None:
    if scope["type"] == "websocket":
        await receive()  # the handshake
        await send({"type": "websocket.close", "code": 1008})
    else:
        await response(scope, receive, send)
