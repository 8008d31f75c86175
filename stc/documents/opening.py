"""Open a file that somebody names, and nothing that only has a name: a pipe never ends, a device has no content."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from stc.errors import UserError


def open_regular(path: Path) -> BinaryIO:
    """Return a regular file, or what a link to one leads to, opened for reading; it never waits.

    Raises ``UserError`` when it is none, or can't be opened.
    """
    try:
        # Without O_NONBLOCK, opening a pipe waits for somebody who writes to it.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise UserError(f"{error.strerror or error}. Check the path, then add it again.") from None
    except ValueError:
        raise UserError("This is no path that a file can have. Check it, then add it again.") from None
    kind = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(kind):
        os.close(descriptor)
        what = "a folder" if stat.S_ISDIR(kind) else "a device, a pipe or a socket"
        raise UserError(f"This is {what}, not a file. Name a file, then add it again.")
    return os.fdopen(descriptor, "rb")
