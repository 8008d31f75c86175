"""The uploaded files, under the names of their content's hash."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from stc.errors import UserError

_BLOCK_BYTES = 1 << 20
_INCOMING = "incoming-"


@dataclass(frozen=True, slots=True)
class Stored:
    content_hash: str
    size_bytes: int
    path: Path


class Files:
    """A directory of files named by SHA-256. Nobody else's name for a file ever reaches the file system."""

    def __init__(self, directory: Path, holder: str) -> None:
        """``holder`` names the process in what it leaves half written, should it be killed."""
        self.directory = directory
        self._holder = holder

    def path(self, content_hash: str) -> Path:
        return self.directory / content_hash[:2] / content_hash

    def receive(
        self, stream: BinaryIO, *, max_bytes: int, arriving: Callable[[str], None] = lambda content_hash: None
    ) -> Stored:
        """Copy a stream to disk, block by block, and return where it lies. The same bytes twice are stored once.

        ``arriving`` gets the hash just before the file lies there. Raises ``UserError`` when it is empty, larger than
        ``max_bytes``, or the disk can't take it; nothing is left then.
        """
        digest = hashlib.sha256()
        size = 0
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f"{_INCOMING}{self._holder}-", dir=self.directory)
        except OSError as error:
            raise UserError(f"The file can't be saved: {error.strerror}. Check the disk, then add it again.") from error
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as target:
                while block := stream.read(_BLOCK_BYTES):
                    size += len(block)
                    if size > max_bytes:
                        raise UserError(
                            f"The file is larger than {max_bytes // 2**20} MiB, the most that is taken. "
                            "Split it, or raise the limit (STC_MAX_FILE_BYTES)."
                        )
                    digest.update(block)
                    target.write(block)
                target.flush()
                os.fsync(target.fileno())
            if size == 0:
                raise UserError("The file is empty. Check that it was saved completely, then add it again.")
            path = self.path(digest.hexdigest())
            path.parent.mkdir(exist_ok=True)
            arriving(digest.hexdigest())
            os.replace(temporary, path)
        except OSError as error:
            raise UserError(f"The file can't be saved: {error.strerror}. Make room, then add it again.") from error
        finally:
            temporary.unlink(missing_ok=True)
        return Stored(digest.hexdigest(), size, path)

    def delete(self, content_hash: str) -> None:
        """Delete a file; one that is not there is fine."""
        self.path(content_hash).unlink(missing_ok=True)

    def incoming(self) -> dict[Path, str]:
        """Return the half-written files, each with its holder."""
        found = self.directory.glob(f"{_INCOMING}*")
        return {path: path.name.removeprefix(_INCOMING).rpartition("-")[0] for path in found}

    def delete_incoming(self, holders: Sequence[str]) -> None:
        """Delete what these holders have left half written."""
        for path, holder in self.incoming().items():
            if holder in holders:
                path.unlink(missing_ok=True)
