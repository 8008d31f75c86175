"""``/healthz``: how the server is, for what watches it. Open to everybody, so it tells nothing of anybody's documents."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

_WITHIN_S = 5.0
_HOLDS_S = 1.0


class Health:
    """The endpoint. However many ask, one look is taken at a time, and each holds for a second."""

    def __init__(self, look: Callable[[], dict[str, Any]]) -> None:
        self._look = look
        self._looking: asyncio.Task[dict[str, Any]] | None = None
        self._began = 0.0

    async def answer(self, _: Request) -> JSONResponse:
        """Reply 200 where ``ok``, else 503, within five seconds whatever hangs."""
        now = time.monotonic()
        if self._looking is None or (self._looking.done() and now - self._began > _HOLDS_S):
            self._began = now
            self._looking = asyncio.create_task(asyncio.to_thread(self._look))
        done, _waiting = await asyncio.wait({self._looking}, timeout=_WITHIN_S)
        found = self._looking.result() if done else {"ok": False, "database": "slow"}
        return JSONResponse(found, 200 if found["ok"] else 503, {"Cache-Control": "no-store"})
