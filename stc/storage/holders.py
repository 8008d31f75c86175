"""Who works on a storage: each process holds a lock of its own for as long as it lives, so that a dead one is known at once.

A holder's name stands in its leases. The system lets go of the lock however the process ends; neither its number, which
another process may be given, nor the clock has a say.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from stc.errors import UserError
from stc.storage.unwritable import refusal

_PATIENCE_S = 30.0


class Holders:
    """The holders of one storage: a directory with a locked file for each. Thread-safe; making it does nothing."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._own: FileLock | None = None

    def enter(self, first: Callable[[], None] = lambda: None) -> str:
        """Make this process a holder and return its name, new for each call; ``first`` is done before anybody works.

        Raises ``UserError`` where the directory can't be written to, or somebody works on the storage alone.
        """
        name = f"{os.getpid()}-{os.urandom(4).hex()}"
        with self._gate():
            first()
            own = FileLock(self._lock_of(name), thread_local=False)
            own.acquire(timeout=0)
        self._own = own
        return name

    def leave(self) -> None:
        """Let go; whoever looks next finds this holder dead, and takes up what it has left."""
        if self._own is not None:
            self._own.release(force=True)
            self._own = None

    def dead(self) -> list[str]:
        """Return the names of the holders that are gone and not buried yet."""
        with self._gate():
            return [name for name in self._names() if not self._lives(name)]

    def living(self) -> list[str]:
        """Return the names of the holders that work on the storage, this one included."""
        with self._gate():
            return [name for name in self._names() if self._lives(name)]

    def bury(self, names: Sequence[str]) -> None:
        """Forget dead holders, once what they left is taken up."""
        with self._gate():
            for name in names:
                if not self._lives(name):
                    self._lock_of(name).unlink(missing_ok=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep everybody else out of the storage meanwhile. Raises ``UserError`` where somebody works on it."""
        with self._gate():
            working = [name for name in self._names() if self._lives(name)]
            if working:
                process = working[0].partition("-")[0]
                raise UserError(f"The program is at work on this storage (process {process}). Stop it, then try again.")
            yield

    @contextmanager
    def _gate(self) -> Iterator[None]:
        try:
            self.directory.mkdir(
                exist_ok=True
            )  # not its parents: a storage that was taken away does not come back empty
            lock = FileLock(self.directory / "gate.lock")
            lock.acquire(timeout=_PATIENCE_S)
        except Timeout:
            raise UserError("The storage is being restored or repaired. Try again when that is done.") from None
        except OSError as error:
            raise refusal(self.directory.parent, error) from error
        try:
            yield
        finally:
            lock.release()

    def _lock_of(self, name: str) -> Path:
        return self.directory / f"{name}.lock"

    def _names(self) -> list[str]:
        return sorted(path.stem for path in self.directory.glob("*-*.lock"))

    def _lives(self, name: str) -> bool:
        lock = FileLock(self._lock_of(name), thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        lock.release()
        return False
