"""A lock for threads that nobody takes twice in a row while another waits: Python's own is had by whoever asks first."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Whoever waits longest but one is next: while it waits for the lock it keeps all others from asking for it."""

    def __init__(self) -> None:
        self._next = threading.Lock()
        self._held = threading.Lock()

    @contextmanager
    def taken(self, within_s: float = -1.0) -> Iterator[bool]:
        """Hold the lock; yield whether it was to be had ``within_s`` seconds (-1: however long that takes)."""
        end = time.monotonic() + within_s
        if not self._next.acquire(timeout=within_s):
            yield False
            return
        try:
            held = self._held.acquire(timeout=within_s if within_s < 0 else max(0.0, end - time.monotonic()))
        finally:
            self._next.release()
        try:
            yield held
        finally:
            if held:
                self._held.release()
