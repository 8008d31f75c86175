"""A login provider's double: real HTTP on loopback, OpenID Connect's code flow with signed ID tokens, and faults to order.

It stands under the name localhost, the program under 127.0.0.1: for a browser those are two sites.

    with LoginProvider({"Dora": {"sub": "42", "email": "dora@example.org", "email_verified": True}}) as provider:
        provider.fault = "signature"          # one of FAULTS, for each sign-in from now on
        (tmp_path / "secrets.toml").write_text(provider.secrets_toml("http://127.0.0.1:8123"))
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

FAULTS = {
    "denied": "the person says no at the provider",
    "signature": "the ID token is signed with another key",
    "audience": "the ID token is meant for another program",
    "issuer": "the ID token names another provider",
    "nonce": "the ID token belongs to another sign-in",
    "expired": "the ID token is an hour too old",
    "no-token": "there is an access token, but none that says who it is",
    "refused": "the code is not taken",
}
CLIENT, CLIENT_SECRET = "stc", "the secret of the client"


class LoginProvider:
    """``people`` by the name of their button, with the claims that are told of them."""

    def __init__(self, people: Mapping[str, Mapping[str, Any]]) -> None:
        self.people = people
        self.fault = ""
        self.asked: list[dict[str, str]] = []
        """The parameters of each browser that was sent here."""
        self._key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self._other_key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self._codes: dict[str, tuple[str, dict[str, str]]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                provider._get(self)

            def do_POST(self) -> None:
                provider._post(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self._server.server_address[1]}"

    def __enter__(self) -> LoginProvider:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def secrets_toml(self, app: str, **changes: str) -> str:
        """Return Streamlit's set-up of this provider for a program at the address ``app``."""
        lines = {
            "redirect_uri": f"{app}/oauth2callback",
            "cookie_secret": secrets.token_urlsafe(32),
            "client_id": CLIENT,
            "client_secret": CLIENT_SECRET,
            "server_metadata_url": f"{self.url}/.well-known/openid-configuration",
            **changes,
        }
        return "[auth]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())

    def _get(self, request: BaseHTTPRequestHandler) -> None:
        address = urlsplit(request.path)
        given = {name: values[0] for name, values in parse_qs(address.query).items()}
        pages: dict[str, Callable[[], None]] = {
            "/.well-known/openid-configuration": lambda: _reply(request, self._metadata()),
            "/jwks": lambda: _reply(request, KeySet([self._key]).as_dict(private=False)),
            "/authorize": lambda: self._choose(request, given),
            "/chosen": lambda: self._chosen(request, given),
        }
        pages.get(address.path, lambda: _reply(request, {}, 404))()

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    def _choose(self, request: BaseHTTPRequestHandler, given: dict[str, str]) -> None:
        """Ask who it is, as providers do: one button for each person."""
        self.asked.append(given)
        buttons = "".join(
            f'<p><a href="/chosen?{html.escape(urlencode({**given, "who": name}))}">{html.escape(name)}</a></p>'
            for name in self.people
        )
        _reply(request, f"<!doctype html><title>Provider</title><h1>Who are you?</h1>{buttons}")

    def _chosen(self, request: BaseHTTPRequestHandler, given: dict[str, str]) -> None:
        code = secrets.token_urlsafe(16)
        self._codes[code] = (given["who"], given)
        told = {"error": "access_denied"} if self.fault == "denied" else {"code": code}
        request.send_response(302)
        request.send_header("Location", f"{given['redirect_uri']}?{urlencode({**told, 'state': given['state']})}")
        request.end_headers()

    def _post(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"])).decode()
        given = {name: values[0] for name, values in parse_qs(body).items()}
        name, asked = self._codes.pop(given.get("code", ""), ("", {}))
        challenge = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        basic = base64.b64encode(f"{CLIENT}:{CLIENT_SECRET}".replace(" ", "+").encode()).decode()
        plain = base64.b64encode(f"{CLIENT}:{CLIENT_SECRET}".encode()).decode()
        good = (
            name
            and self.fault != "refused"
            and request.headers["Authorization"] in (f"Basic {basic}", f"Basic {plain}")
            and given.get("redirect_uri") == asked["redirect_uri"]
            and base64.urlsafe_b64encode(challenge).rstrip(b"=").decode() == asked.get("code_challenge")
        )
        if not good:
            _reply(request, {"error": "invalid_grant"}, 400)
            return
        tokens = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 3600}
        if self.fault != "no-token":
            tokens["id_token"] = self._id_token(name, asked)
        _reply(request, tokens)

    def _id_token(self, name: str, asked: Mapping[str, str]) -> str:
        issued = int(time.time()) - (7200 if self.fault == "expired" else 0)
        claims = {
            "iss": "https://other.test" if self.fault == "issuer" else self.url,
            "aud": "another" if self.fault == "audience" else CLIENT,
            "nonce": "another" if self.fault == "nonce" else asked["nonce"],
            "iat": issued,
            "exp": issued + 3600,
            **self.people[name],
        }
        key = self._other_key if self.fault == "signature" else self._key
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)


def _reply(request: BaseHTTPRequestHandler, told: dict[str, Any] | str, status: int = 200) -> None:
    body = told.encode() if isinstance(told, str) else json.dumps(told).encode()
    request.send_response(status)
    request.send_header("Content-Type", "text/html" if isinstance(told, str) else "application/json")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
