"""The embedding model in a process of its own, for a server: see docs/decisions/0037-embedding-process.md.

Both sides of the pipe stand here. A request is a line of JSON, the texts of one batch. A reply is a line of JSON and, where
that says ``{"rows": n}``, n vectors of float32 after it; ``{"refused": sentence}`` and ``{"failed": type}`` end a request
without any. The process ends when its stdin does, with the server however that ends.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np

from stc import children, memory
from stc.errors import UserError
from stc.models.embedding import MiniLM, Vectors

logger = logging.getLogger(__name__)
_IDLE_S = 1.0


class EmbeddingProcess(MiniLM):
    """``MiniLM`` whose batches are computed elsewhere; started at the first of them. Thread-safe.

    One that has died (out of memory, say) is started anew. Raises ``UserError`` where that does not help.
    """

    _process: subprocess.Popen[bytes] | None = None

    def embed_batch(self, texts: Sequence[str]) -> Vectors:
        for last in (False, True):
            if self._process is None:
                self._process = children.start(__name__)
            try:
                return self._ask(self._process, texts)
            except (OSError, EOFError):
                status = self._end()
                logger.warning("The embedding process has ended with status %s", status)
                if last:
                    raise UserError(
                        "The embedding model's process ended while it worked, twice. Check that there is memory left (it "
                        "takes about 700 MB), then try again."
                    ) from None
            except BaseException:  # Ctrl+C too: a reply may be half read, and the next one must not begin in its middle
                self._end()
                raise
        raise AssertionError("the second attempt returns or raises")

    def _ask(self, process: subprocess.Popen[bytes], texts: Sequence[str]) -> Vectors:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(list(texts)).encode("ascii") + b"\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        reply = json.loads(line)
        if "refused" in reply:
            raise UserError(reply["refused"])
        if "failed" in reply:
            raise RuntimeError(f"the embedding process failed: {reply['failed']}")
        shape = (int(reply["rows"]), self.dimension)
        data = process.stdout.read(4 * shape[0] * shape[1])
        if len(data) < 4 * shape[0] * shape[1]:
            raise EOFError
        return np.frombuffer(data, dtype=np.float32).reshape(shape)

    def _end(self) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        process.kill()  # it has nothing to save
        with contextlib.suppress(OSError):
            process.communicate()
        return process.returncode

    def close(self) -> None:
        with self._turns.taken():
            self._end()


def _serve(requests: BinaryIO, replies: BinaryIO) -> None:
    model: MiniLM | None = None
    while line := _next(requests):
        vectors = None
        try:
            model = model or MiniLM()
            vectors = model.embed_batch(json.loads(line))
            reply: dict[str, object] = {"rows": len(vectors)}
        except UserError as error:
            reply = {"refused": str(error)}
        except Exception as error:  # noqa: BLE001 - raised again on the other side; its words may be a document's
            reply = {"failed": type(error).__name__}
        replies.write(json.dumps(reply).encode("ascii") + b"\n")
        if vectors is not None:
            replies.write(vectors.tobytes())
        replies.flush()


def _next(requests: BinaryIO) -> bytes:
    """Return the next request, b"" when there will be none; give memory back where none comes for a while."""
    # A pipe of Windows can't be waited for, and has no memory to be given back. Nothing is read ahead: requests come one by one.
    if os.name == "posix" and not select.select([requests], [], [], _IDLE_S)[0]:
        memory.give_back()
    return requests.readline()


if __name__ == "__main__":
    # Whatever a library prints goes to stderr: stdout is the pipe. That breaks where the server ends before a reply is there.
    with contextlib.suppress(BrokenPipeError), os.fdopen(os.dup(sys.stdout.fileno()), "wb") as pipe:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        _serve(sys.stdin.buffer, pipe)
