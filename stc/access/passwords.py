"""Passwords: kept as what scrypt makes of them, and as nothing else. Nothing here knows whose they are."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import threading
from dataclasses import dataclass

from stc.errors import UserError

SHORTEST = 10
LONGEST = 200
_SALT_BYTES = 16
_HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Cost:
    """What scrypt is asked for: ``128 * n * r`` bytes of memory, ``p`` times over."""

    n: int
    r: int
    p: int


COST = Cost(2**15, 8, 3)
"""One of the settings that OWASP's Password Storage Cheat Sheet names (2024): 32 MiB, about 0.2 s here."""

_at_once = threading.Semaphore(2)
"""Each takes 32 MiB and a processor: a flood of attempts waits here, and the program goes on."""


def check(password: str) -> str:
    """Return a password that may be chosen. Raises ``UserError`` for one that is too short, too long or all alike."""
    if len(password) < SHORTEST:
        raise UserError(f"The password is too short. Take at least {SHORTEST} characters; a few words make a good one.")
    if len(password) > LONGEST:
        raise UserError(f"The password is too long. Take at most {LONGEST} characters.")
    if len(set(password)) < 4:
        raise UserError("The password is the same few characters again and again. Take another one.")
    return password


def make(password: str) -> str:
    """Return what is stored of a password: the method with its cost, the salt, the hash."""
    salt = os.urandom(_SALT_BYTES)
    return _written(COST, salt, _derive(password, salt, COST))


def matches(password: str, stored: str) -> bool:
    """Tell whether it is the password; takes as long for a wrong one as for the right one."""
    cost, salt, wanted = _parts(stored)
    return hmac.compare_digest(_derive(password[:LONGEST], salt, cost), wanted)


def is_outdated(stored: str) -> bool:
    """Tell whether it was made at another cost than today's: then it is made anew at the next good sign-in."""
    return _parts(stored)[0] != COST


def nobodys() -> str:
    """Return what no password matches, for names that don't exist: looking at it takes as long."""
    return _written(COST, bytes(_SALT_BYTES), bytes(_HASH_BYTES))


def _derive(password: str, salt: bytes, cost: Cost) -> bytes:
    memory = 128 * cost.n * cost.r + 128 * cost.r * cost.p + (1 << 20)
    with _at_once:
        return hashlib.scrypt(
            password.encode("utf-8", "replace"),
            salt=salt,
            n=cost.n,
            r=cost.r,
            p=cost.p,
            maxmem=memory,
            dklen=_HASH_BYTES,
        )


def _written(cost: Cost, salt: bytes, hashed: bytes) -> str:
    numbers = f"{cost.n}${cost.r}${cost.p}"
    return f"scrypt${numbers}${base64.b64encode(salt).decode()}${base64.b64encode(hashed).decode()}"


def _parts(stored: str) -> tuple[Cost, bytes, bytes]:
    method, n, r, p, salt, hashed = stored.split("$")
    if method != "scrypt":
        raise ValueError(f"{method!r} is no method of keeping passwords that is known here")
    return Cost(int(n), int(r), int(p)), base64.b64decode(salt), base64.b64decode(hashed)
