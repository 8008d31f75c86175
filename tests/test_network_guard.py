"""The tests' own fence: a test that reached out would pass here and fail elsewhere."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import NETWORK_GUARD


def test_no_test_can_reach_another_machine():
    with pytest.raises(ConnectionRefusedError, match="only this machine"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(ConnectionRefusedError, match="only this machine"):
        socket.getaddrinfo("example.org", 443)
    # In a thread of its own: Playwright's loop may be running in this one.
    with ThreadPoolExecutor() as pool, pytest.raises(ConnectionRefusedError, match="only this machine"):
        pool.submit(lambda: asyncio.run(asyncio.open_connection("example.org", 443))).result()


def test_this_machine_can_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


def test_the_fence_stands_in_child_processes_too_and_writes_down_what_it_refused(tmp_path, monkeypatch):
    log = tmp_path / "refused.txt"
    monkeypatch.setenv("PYTHONPATH", str(NETWORK_GUARD))
    monkeypatch.setenv("NETWORK_GUARD_LOG", str(log))
    code = "import socket\ntry:\n    socket.create_connection(('example.org', 80))\nexcept OSError:\n    pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert "example.org" in log.read_text()
