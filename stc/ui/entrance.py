"""The plain pages at the door: sign in, choose a password with a code, one's own account. HTML without any script.

Passwords go by these forms only: no Streamlit session, no widget's state and no log ever holds one.
"""

from __future__ import annotations

import asyncio
import html
import ipaddress
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from stc.access import entering, passwords, reach
from stc.errors import UserError
from stc.services import Services
from stc.ui import gate, login_provider
from stc.words import Person

_LARGEST_FORM_BYTES = 10_000
_NOTHING: Mapping[str, str] = {}
_SAYS = {"out": "You are signed out.", "changed": "The password is changed. You are signed out everywhere else."}
_NOT_COMPLETED = "The sign-in with your organisation was not completed. Try again; if it fails again, tell an admin."
_READABLE = "This page came without HTTPS: others on the way can read what is typed here. Tell an admin."
_AT_ONCE = 4
"""Passwords that are looked at or wait for it in threads of their own: a flood of them holds up nothing else."""


class Entrance:
    """The routes at the door of one server."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._threads = ThreadPoolExecutor(_AT_ONCE, "passwords")

    def routes(self) -> list[Route]:
        base = gate.base()
        found = [
            Route(base + gate.SIGN_IN, self._show_sign_in, methods=["GET"]),
            Route(base + gate.SIGN_IN, self._sign_in, methods=["POST"]),
            Route(base + gate.JOIN, self._show_join, methods=["GET"]),
            Route(base + gate.JOIN, self._join, methods=["POST"]),
            Route(base + gate.ACCOUNT, self._show_account, methods=["GET"]),
            Route(base + gate.ACCOUNT, self._account, methods=["POST"]),
        ]
        if login_provider.is_set_up():
            found.append(Route(base + gate.PROVIDER, self._from_provider, methods=["GET"]))
        return found

    async def _show_sign_in(self, request: Request) -> Response:
        if login_provider.has_come(request):
            return _to(gate.PROVIDER)
        said = request.query_params.get("said", "")
        return _page(request, "Sign in", _sign_in_form(), _SAYS.get(said, ""), _NOT_COMPLETED if said == "back" else "")

    async def _sign_in(self, request: Request) -> Response:
        async def enter(given: dict[str, str]) -> str:
            return await self._apart(
                entering.sign_in, given.get("name", ""), given.get("password", ""), _address(request)
            )

        return await self._enter(request, "Sign in", _sign_in_form, enter)

    async def _show_join(self, request: Request) -> Response:
        return _page(request, "Use a code", _join_form())

    async def _join(self, request: Request) -> Response:
        async def enter(given: dict[str, str]) -> str:
            if given.get("password", "") != given.get("again", ""):
                raise UserError("The two passwords differ. Type the same one twice.")
            return await self._apart(
                entering.enter_with_code,
                given.get("code", ""),
                given.get("name", ""),
                given.get("password", ""),
                _address(request),
            )

        return await self._enter(request, "Use a code", _join_form, enter)

    async def _enter(self, request: Request, title: str, form: Callable[..., str], enter: Callable) -> Response:
        given: dict[str, str] = {}
        try:
            given = await _given(request)
            token = await enter(given)
        except UserError as error:
            return _page(request, title, form(given), error=str(error), status=403)
        return await self._entered(request, token)

    async def _entered(self, request: Request, token: str) -> Response:
        """Let the browser in; whoever it was before is signed out."""
        before = gate.token_of(request.scope)
        if before:
            await run_in_threadpool(entering.sign_out, self._services, before)
        response = _to("/")
        gate.give_token(request.scope, response, token)
        return response

    async def _apart(self, act: Callable[..., str], *given: object) -> str:
        """Carry out what takes as long as a password does."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, act, self._services, *given)

    async def _show_account(self, request: Request) -> Response:
        person = await self._person(request)
        said = _SAYS.get(request.query_params.get("said", ""), "")
        return _page(request, person.name, _account_forms(person), said) if person else _to(gate.SIGN_IN)

    async def _account(self, request: Request) -> Response:
        person = await self._person(request)
        if person is None:
            return _to(gate.SIGN_IN)
        token = gate.token_of(request.scope)
        try:
            given = await _given(request)
            act = given.get("act", "")
            if act == "password":
                if given.get("password", "") != given.get("again", ""):
                    raise UserError("The two new passwords differ. Type the same one twice.")
                token = await self._apart(
                    entering.change_password,
                    person,
                    given.get("old", ""),
                    given.get("password", ""),
                    _address(request),
                )
                response: Response = _to(f"{gate.ACCOUNT}?said=changed")
                gate.give_token(request.scope, response, token)
                return response
            if act == "everywhere":
                await run_in_threadpool(entering.sign_out_everywhere, self._services, person)
            elif act == "out":
                await run_in_threadpool(entering.sign_out, self._services, token)
            else:
                raise UserError("That is not known here. Go back and try again.")
        except UserError as error:
            return _page(request, person.name, _account_forms(person), error=str(error), status=403)
        response = _to(f"{gate.SIGN_IN}?said=out")
        gate.give_token(request.scope, response, "")
        response.headers["clear-site-data"] = '"cache", "storage"'
        login_provider.forget(request, response)
        return response

    async def _from_provider(self, request: Request) -> Response:
        """Send the browser to the login provider; when it has come back from there, let the person in."""
        claims = login_provider.claims(request)
        if claims is None:
            return login_provider.leave_for(request)
        try:
            token = await run_in_threadpool(entering.enter_from_provider, self._services, claims)
        except UserError as error:
            response: Response = _page(request, "Sign in", _sign_in_form(), error=str(error), status=403)
        else:
            response = await self._entered(request, token)
        login_provider.forget(request, response)  # from here on our own sign-in counts, which an admin can end
        return response

    async def _person(self, request: Request) -> Person | None:
        return await run_in_threadpool(entering.who, self._services, gate.token_of(request.scope))


async def _given(request: Request) -> dict[str, str]:
    """Return a form's fields. Raises ``UserError`` for what no form of ours sends."""
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise UserError("This form came from another site. Go back and use the one here.")
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > _LARGEST_FORM_BYTES:
                raise UserError("That is too long. Go back and try again.")
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20))
    except (ClientDisconnect, ValueError) as error:  # broken off; too many fields
        raise UserError("That is no form of this page. Go back and try again.") from error


def _address(request: Request) -> str:
    """Return where a request comes from, for counting attempts: of an IPv6 address the network that one house has."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False).network_address)


def _is_here(request: Request) -> bool:
    """Tell whether the page was asked for under a name of this computer: nothing of it crosses a network then."""
    return reach.is_here(request.url.hostname or "")


def _to(path: str) -> RedirectResponse:
    return RedirectResponse(gate.base() + path, 303)


def _page(request: Request, title: str, body: str, said: str = "", error: str = "", status: int = 200) -> HTMLResponse:
    told = f'<p class="error">{_READABLE}</p>' if request.url.scheme == "http" and not _is_here(request) else ""
    told += f'<p class="error" role="alert">{html.escape(error)}</p>' if error else ""
    told += f'<p class="said" role="status">{html.escape(said)}</p>' if said else ""
    text = _PAGE.format(title=html.escape(title), style=_STYLE, body=told + body)
    return HTMLResponse(text, status, {"cache-control": "no-store"})


def _sign_in_form(given: Mapping[str, str] = _NOTHING) -> str:
    button = f'<p><a href="{gate.base()}{gate.PROVIDER}">Sign in with your organisation</a></p>'
    return f"""<form method="post" action="{gate.base()}{gate.SIGN_IN}">
{_field("name", "Name", "text", "username", value=given.get("name", ""), more="autofocus")}
{_field("password", "Password", "password", "current-password")}
<button>Sign in</button></form>
{button if login_provider.is_set_up() else ""}
<p><a href="{gate.base()}{gate.JOIN}">I was given a code</a></p>"""


def _join_form(given: Mapping[str, str] = _NOTHING) -> str:
    """A code that was typed stays: what is wrong is mostly the passwords."""
    name, code = given.get("name", ""), given.get("code", "")
    more = "autofocus spellcheck=false autocapitalize=characters"
    return f"""<p>With the code that you were given you choose a password, once. The first admin's code stands where
the program was started.</p>
<form method="post" action="{gate.base()}{gate.JOIN}">
{_field("code", "Code", "text", "one-time-code", value=code, more=more)}
{_field("name", "Your name (only for the first admin)", "text", "username", value=name, required=False)}
{_new_password()}
<button>Set the password</button></form>
<p><a href="{gate.base()}{gate.SIGN_IN}">I have a password</a></p>"""


def _account_forms(person: Person) -> str:
    action = f'method="post" action="{gate.base()}{gate.ACCOUNT}"'
    change = f"""<h2>Change the password</h2>
<form {action}><input type="hidden" name="act" value="password">
<input type="text" name="name" value="{html.escape(person.name)}" autocomplete="username" hidden>
{_field("old", "Present password", "password", "current-password")}
{_new_password()}
<button>Change it</button></form>"""
    return f"""<p><a href="{gate.base()}/">Back to the documents</a></p>
<form {action}><button name="act" value="out">Sign out</button>
<button name="act" value="everywhere" class="plain">Sign out everywhere</button></form>
{change if person.has_password else ""}"""


def _new_password() -> str:
    label = f"New password, at least {passwords.SHORTEST} characters"
    return _field("password", label, "password", "new-password", more=f"minlength={passwords.SHORTEST}") + _field(
        "again", "The same once more", "password", "new-password"
    )


def _field(
    name: str, label: str, kind: str, complete: str, *, value: str = "", more: str = "", required: bool = True
) -> str:
    must = "required" if required else ""
    return (
        f'<label>{html.escape(label)}<input name="{name}" type="{kind}" autocomplete="{complete}" '
        f'value="{html.escape(value)}" maxlength="200" {must} {more}></label>'
    )


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{title} - Sleep-Time Chat</title><style>{style}</style></head>
<body><main><p class="brand">🌙 Sleep-Time Chat</p><h1>{title}</h1>{body}</main></body></html>"""
_STYLE = """
:root { color-scheme: light dark; --text: #22252e; --ground: #fff; --field: #f4f5f9; --line: #dcdfe8; --main: #3d52a8;
  --bad: #a3242f }
@media (prefers-color-scheme: dark) { :root { --text: #e4e6ec; --ground: #14161d; --field: #1f222c; --line: #343845;
  --main: #8fa0ea; --bad: #ff9aa2 } }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 22rem; margin: 0 auto; padding: 12vh 1.25rem 2rem }
.brand { opacity: .75 }
h1 { font-size: 1.75rem; overflow-wrap: anywhere } h2 { font-size: 1.125rem; margin-top: 2rem }
label { display: block; margin: 0 0 1rem }
input { box-sizing: border-box; width: 100%; margin-top: .25rem; padding: .6rem .75rem; font: inherit; color: inherit;
  background: var(--field); border: 1px solid var(--line); border-radius: .5rem }
button { padding: .6rem 1.25rem; font: inherit; color: var(--ground); background: var(--main); border: 1px solid var(--main);
  border-radius: .5rem; cursor: pointer }
button.plain { color: inherit; background: none; border-color: var(--line) }
a { color: var(--main) }
.error { color: var(--bad) }
"""
