"""Sign in through a login provider (OpenID Connect): Streamlit's ``st.login`` does it, this hands its result on.

Set up by ``[auth]`` in ``.streamlit/secrets.toml``. Streamlit checks the provider's reply (with Authlib) and leaves the
claims of the ID token in a signed cookie, which is believed for minutes only: from then on our own sign-in counts. What is
used of Streamlit is fixed for 1.67 (2026).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from streamlit import auth_util
from streamlit.errors import StreamlitAuthError
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import TOKENS_COOKIE_NAME, USER_COOKIE_NAME
from streamlit.web.server.starlette.starlette_websocket import _parse_decoded_user_cookie, is_host_allowed

from stc.errors import UserError
from stc.ui import gate

SHORTEST_SECRET = 32
_HOLDS_S = 300
"""Who leaves the provider is let in at once; a copy of the cookie shall open nothing later."""


def check() -> None:
    """Raise ``UserError`` where ``secrets.toml`` speaks of a provider, but not so that it could be used or trusted."""
    section = auth_util.get_secrets_auth_section()
    if not section:
        return
    try:
        auth_util.validate_auth_credentials(_provider() or "default")
    except StreamlitAuthError as error:
        raise UserError(f"The login provider is not set up. {' '.join(str(error).split())}") from error
    if len(get_cookie_secret()) < SHORTEST_SECRET:
        raise UserError(
            f"cookie_secret in secrets.toml must have at least {SHORTEST_SECRET} characters: who guesses it can come in as "
            'anybody. Take what this prints: python -c "import secrets; print(secrets.token_urlsafe(32))"'
        )
    address = urlsplit(auth_util.get_redirect_uri(section) or "")
    if address.path != gate.base() + gate.CALLBACK or not is_host_allowed(address.netloc):
        raise UserError(
            f"redirect_uri in secrets.toml is {address.geturl()}, but it must end with {gate.base()}{gate.CALLBACK} and its "
            "name must be one that the page answers to (server.allowedHosts)."
        )


def is_set_up() -> bool:
    """Tell whether ``secrets.toml`` names a provider."""
    return bool(_provider())


def _provider() -> str:
    """Return the name that Streamlit knows the provider by: "default", or that of its own section."""
    section = auth_util.get_secrets_auth_section()
    if "client_id" in section:
        return "default"
    return next((name for name, value in section.items() if hasattr(value, "keys") and "client_id" in value), "")


def leave_for(request: Request) -> Response:
    """Send the browser to the provider."""
    token = auth_util.encode_provider_token(_provider())
    return RedirectResponse(f"{gate.base()}/auth/login?provider={token}", 302)


def has_come(request: Request) -> bool:
    """Tell whether the browser is back from the provider."""
    return is_set_up() and claims(request) is not None


def claims(request: Request) -> dict[str, Any] | None:
    """Return what the provider says of the person, ``None`` where it has said nothing that is signed."""
    found = auth_util.get_cookie_with_chunks(lambda name: _signed(request, name), USER_COOKIE_NAME)
    if not found:
        return None
    said = _parse_decoded_user_cookie(found, auth_util.get_origin_from_redirect_uri() or "")
    return said if said.get("is_logged_in") else None


def _signed(request: Request, name: str) -> bytes | None:
    value = request.cookies.get(name)
    if value is None:
        return None
    return decode_signed_value(get_cookie_secret(), name, value.encode("latin-1"), _HOLDS_S / 86_400)


def forget(request: Request, response: Response) -> None:
    """Take Streamlit's own cookies away: they would open nothing here, and an admin could not end them."""
    for name in request.cookies:
        if name.startswith((USER_COOKIE_NAME, TOKENS_COOKIE_NAME)):
            response.delete_cookie(name, path=gate.base() or "/")
