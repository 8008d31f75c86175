"""Who reaches the page, and whether they have to say who they are: decided once, when the server starts. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from stc.errors import UserError

EVERYBODY = "everyone who reaches this address may read everything"
"""What ``STC_NO_LOGIN`` has to say, word for word: nobody types that by accident."""

_YES = {"1", "yes", "on", "true"}
_NAME = re.compile(r"\*|(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")

Door = Literal["alone", "login", "open"]
"""``alone``: one person on this computer. ``login``: whoever comes signs in. ``open``: everybody is let in, as told."""


def door(*, address: str, hosts: Sequence[str], people: bool, environment: Mapping[str, str]) -> Door:
    """Return how people come in.

    ``address`` is where the server listens ("": everywhere), ``hosts`` the names that it answers to (none: any); ``people``
    says that accounts exist. Raises ``UserError`` where others could come in and nobody has said how, and for a name under
    which nobody could.
    """
    if odd := [host for host in hosts if not _is_name(host.strip())]:
        raise UserError(
            f"server.allowedHosts has {odd[0]!r}, which no browser asks for: a name or address stands there, without port. In "
            "STREAMLIT_SERVER_ALLOWED_HOSTS blanks part several of them; on the command line the option is repeated."
        )
    login = environment.get("STC_LOGIN", "").strip().lower()
    if login not in {"", "0", "no", "off", "false", *_YES}:
        raise UserError(f"STC_LOGIN is {login!r}, but it must be yes or no.")
    no_login = environment.get("STC_NO_LOGIN", "").strip()
    if login in _YES or people:
        if no_login:
            raise UserError(
                "STC_NO_LOGIN is set, but people sign in here (there are accounts, or STC_LOGIN). Unset it."
            )
        return "login"
    if no_login and no_login != EVERYBODY:
        raise UserError(f'STC_NO_LOGIN is not understood. To let everybody in, set it to "{EVERYBODY}".')
    if no_login:
        return "open"
    foreign = [host for host in hosts or ("*",) if not is_here(host)]
    if is_here(address) and not foreign:
        return "alone"
    if is_here(address):
        where = "under any name" if "*" in foreign else f"under the name {', '.join(foreign)}"
    else:
        where = f"at {address}" if address else "at every address of this computer"
    raise UserError(
        f"The page is to be reached {where}, but nobody would have to sign in: set STC_LOGIN=yes to have them do so, or "
        f'STC_NO_LOGIN="{EVERYBODY}" if that is meant; nothing was started.'
    )


def _is_name(host: str) -> bool:
    """Tell whether this can stand in a request's ``Host`` header, port and brackets taken off, or is a pattern of such."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return bool(_NAME.fullmatch(host))
    return True


def is_here(address: str) -> bool:
    """Tell whether an address or a host's name means this computer and cannot be reached from another one."""
    host = address.strip().strip("[]").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback
