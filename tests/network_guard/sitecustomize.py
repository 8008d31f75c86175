"""Refuse every connection but to this machine, in this process and (through PYTHONPATH) in the ones it starts.

Python imports a module of this name by itself at start-up. An audit hook sees each socket call of Python code, whichever
library makes it, and can't be taken off again. ``NETWORK_GUARD_LOG`` names a file for what was refused, because a library
may swallow the exception.
"""

import contextlib
import os
import sys

_LOOPBACK_NAMES = {"localhost", "localhost.localdomain", "ip6-localhost", "::1", "", None}


def _is_loopback(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    return host in _LOOPBACK_NAMES or (isinstance(host, str) and host.startswith(("127.", "::ffff:127.")))


def _guard(event: str, arguments: tuple) -> None:
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        address = arguments[1]
        # A path or None: a local socket, or one that is connected already.
        host = address[0] if isinstance(address, tuple) else None
    elif event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}:
        host = arguments[0]
    else:
        return
    if not _is_loopback(host):
        log = os.environ.get("NETWORK_GUARD_LOG")
        if log:
            with contextlib.suppress(OSError), open(log, "a", encoding="utf-8") as file:
                file.write(f"{event} {host!r} from {sys.argv[:3]!r}\n")
        raise ConnectionRefusedError(f"a test wanted to reach {host!r}; only this machine may be reached")


sys.addaudithook(_guard)
