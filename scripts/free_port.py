"""Exit with one sentence when a port on this machine is taken: ``python scripts/free_port.py 8501``."""

import socket
import sys


def main() -> None:
    port = int(sys.argv[1]) if sys.argv[1].isdecimal() else 0
    if not 1 <= port <= 65535:
        sys.exit(f"PORT is {sys.argv[1]}, but it must be a number from 1 to 65535: make run PORT=8502")
    with socket.socket() as probe:
        if sys.platform != "win32":  # there the option would let two programs share the port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            sys.exit(
                f"Port {port} is in use, perhaps by this program itself: look at http://127.0.0.1:{port}. "
                f"To start at another port: make run PORT={port + 1}"
            )


if __name__ == "__main__":
    main()
