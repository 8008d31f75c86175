"""The layer before the server: who is let in, and what it tells the browser."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from stc.ui.headers import ALWAYS, Guard, is_same_origin

HERE = "127.0.0.1:8600"


def send(kind: str = "http", path: str = "/", method: str = "GET", **headers: str) -> list[dict[str, Any]]:
    """Send one request through the guard to a server that lets everybody in; return what came back."""
    said: list[dict[str, Any]] = []

    async def server(scope, receive, send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        given = [(b"content-type", b"text/html"), (b"x-frame-options", b"ALLOWALL")]
        await send({"type": "http.response.start", "status": 200, "headers": given})
        await send({"type": "http.response.body", "body": b"let in"})

    async def receive() -> dict[str, Any]:
        return {"type": f"{kind}.connect"}

    async def remember(message) -> None:
        said.append(dict(message))

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "path": path, "headers": raw, **({"method": method} if kind == "http" else {})}
    asyncio.run(Guard(server)(scope, receive, remember))
    return said


def let_in(said: list[dict[str, Any]]) -> bool:
    return said[0]["type"] == "websocket.accept" or said[0].get("status") == 200


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "host", ["evil.test", "evil.test:8600", "127.0.0.1.evil.test", "localhost@evil.test", "", "a b", "127.0.0.1:x"]
)
def test_a_foreign_host_gets_nothing_from_any_door(kind, host):
    said = send(kind, host=host)
    assert not let_in(said)
    assert b"let in" not in b"".join(message.get("body", b"") for message in said)


@pytest.mark.parametrize("host", [HERE, "localhost:8600", "[::1]:8600", "LOCALHOST", "localhost."])
def test_the_hosts_of_the_configuration_are_let_in(host):
    assert let_in(send(host=host))
    assert let_in(send("websocket", host=host))


def test_a_request_without_a_host_or_with_two_is_refused():
    assert not let_in(send())
    said: list[dict[str, Any]] = []

    async def remember(message) -> None:
        said.append(dict(message))

    two = [(b"host", b"localhost"), (b"host", b"evil.test")]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": two}
    asyncio.run(Guard(None)(scope, None, remember))  # type: ignore[arg-type]  # neither is to be called
    assert said[0]["status"] == 403


def test_what_watches_the_server_may_ask_after_its_health_under_any_name():
    assert let_in(send(path="/_stcore/health", host="10.0.0.7:8600"))
    assert not let_in(send(path="/_stcore/healthy", host="10.0.0.7:8600"))


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.test",
        "null",
        "http://127.0.0.1:9999",  # another program on this computer
        "http://localhost:8600",  # another name: its pages are another origin
        "file://",
        "http://127.0.0.1:8600.evil.test",
        "http://127.0.0.1:99999999",
        "",
    ],
)
def test_a_page_of_another_origin_can_neither_connect_nor_change_anything(origin):
    assert not let_in(send("websocket", host=HERE, origin=origin))
    for method in ("PUT", "POST", "DELETE", "PATCH"):
        assert not let_in(send(path="/_stcore/upload_file/a/b", method=method, host=HERE, origin=origin))


def test_our_own_pages_and_programs_may():
    assert let_in(send("websocket", host=HERE, origin=f"http://{HERE}"))
    assert let_in(send("websocket", host=HERE))
    assert let_in(send(method="PUT", host=HERE, origin=f"http://{HERE}"))


def test_behind_a_proxy_the_name_is_enough_where_it_keeps_the_port_to_itself():
    assert is_same_origin("https://chat.example.org", "chat.example.org")
    assert is_same_origin("https://chat.example.org:8443", "chat.example.org")
    assert not is_same_origin("https://chat.example.org:8443", "chat.example.org:443")
    assert not is_same_origin("https://example.org", "chat.example.org")
    assert not is_same_origin("http://127.0.0.1:3000", "127.0.0.1")


def headers_of(said: list[dict[str, Any]]) -> dict[str, str]:
    pairs = [(name.decode(), value.decode()) for name, value in said[0]["headers"]]
    assert len(dict(pairs)) == len(pairs), "each header once"
    return dict(pairs)


def test_every_reply_tells_the_browser_what_it_may_do_refusals_too():
    for said in (send(host=HERE), send(host="evil.test")):
        assert headers_of(said).items() >= ALWAYS.items()
    assert headers_of(send(host=HERE))["content-type"] == "text/html"
    assert headers_of(send(host=HERE, path="/media/0123.md"))["cache-control"] == "no-store"


def test_the_policy_lets_a_page_load_from_this_server_alone():
    policy = headers_of(send(host=HERE))["content-security-policy"]
    rules = {name: sources for name, *sources in (rule.split() for rule in policy.split("; "))}
    assert rules["default-src"] == ["'self'"]
    assert "'unsafe-inline'" not in rules["script-src"]
    assert "'unsafe-eval'" not in rules["script-src"]
    assert rules["frame-ancestors"] == rules["object-src"] == rules["base-uri"] == ["'none'"]
    sources = {source for found in rules.values() for source in found}
    assert {source for source in sources if "://" in source} == {f"ws://{HERE}", f"wss://{HERE}"}
    assert "*" not in sources
    assert not {source for source in sources if re.fullmatch(r"(https?|wss?):", source)}
