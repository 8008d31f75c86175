"""What the parsing children share: their limits and the lines they print.

A child gets one request as JSON on stdin and answers on stdout with one JSON object per line, ASCII only:
``{"total": n}`` first, then per page ``{"page": n, "text": ..., "picture": bool}`` or ``{"failed": n}``, at any time
``{"warning": sentence}``, and last ``{"end": true}`` or ``{"error": kind}``: "password", "broken", "memory", "too long"
(pages), "too much" (characters), "bomb" (it unpacks to far more than it is).
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

from stc.documents.parsing.cleaning import clean

MAX_PAGE_CHARACTERS = 1_000_000
"""More than that on one page is an attack or a defect; the rest is left out with a warning."""

_MAX_COMPLAINTS_BYTES = 1 << 20
"""A child writes to no file but the one that takes its stderr."""
_GRACE_S = 5


@dataclass(frozen=True, slots=True)
class Request:
    """``pages`` are the numbers to read, ``None`` all. ``memory_bytes`` and ``time_s`` limit the child itself.

    ``languages`` are those of text in pictures, as Tesseract names them ("deu+eng").
    """

    path: str
    password: str | None
    pages: list[int] | None
    max_pages: int
    max_characters: int
    memory_bytes: int
    time_s: int
    languages: str = ""

    def dumps(self) -> bytes:
        return json.dumps(asdict(self)).encode("ascii")


class Replies:
    """The child's side of the pipe."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def _send(self, **reply: object) -> None:
        line = (json.dumps(reply) + "\n").encode("ascii")
        while line:
            line = line[os.write(self._descriptor, line) :]

    def total(self, pages: int) -> None:
        self._send(total=pages)

    def page(self, number: int, text: str, *, picture: bool = False) -> None:
        """Send one page, cleaned. ``picture``: an image fills it, so its text is not all there is to read."""
        if len(text) > MAX_PAGE_CHARACTERS:
            text = text[:MAX_PAGE_CHARACTERS]
            self.warning(
                f"Page {number} holds more than {MAX_PAGE_CHARACTERS:,} characters; the rest of it was left out."
            )
        self._send(page=number, text=clean(text), picture=picture)

    def failed(self, number: int) -> None:
        self._send(failed=number)

    def warning(self, sentence: str) -> None:
        self._send(warning=sentence)

    def error(self, kind: str) -> None:
        self._send(error=kind)

    def end(self) -> None:
        self._send(end=True)


def run(read: Callable[[Request, Replies], None]) -> None:
    """Be a child: take the request, set the limits, read, exit."""
    request = Request(**json.loads(sys.stdin.buffer.read()))
    # The pipe is ours alone: whatever a parser prints goes to stderr.
    replies = Replies(os.dup(1))
    os.dup2(2, 1)
    _limit(request)
    try:
        read(request, replies)
    except MemoryError:
        replies.error("memory")
    sys.stdout.flush()
    os._exit(0)  # a parser's clean-up of a damaged file may hang or crash, and nothing is left to save


def _limit(request: Request) -> None:
    """Bound memory, processor time, files and life: what the parent does too, while it lives."""
    try:
        import resource
    except ImportError:  # Windows: the parent's clock is the only limit there
        return
    for kind, limit in (
        (resource.RLIMIT_AS, request.memory_bytes),
        (resource.RLIMIT_CPU, request.time_s),
        (resource.RLIMIT_FSIZE, _MAX_COMPLAINTS_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(kind, (limit, limit))
        except (ValueError, OSError):  # macOS refuses RLIMIT_AS; a stricter limit may stand already
            continue
    # A parser that waits for ever outlives a parent that was killed: neither clock nor processor time ends it.
    signal.alarm(request.time_s + _GRACE_S)
