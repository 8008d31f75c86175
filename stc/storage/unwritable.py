"""Say why a storage can't be written to, and which command helps."""

from __future__ import annotations

import errno
import os
import shlex
from pathlib import Path

from stc.errors import UserError


def refusal(folder: Path, error: OSError | None = None) -> UserError:
    """Return the sentence for what went wrong in the folder; without ``error`` the folder itself is looked at."""
    number = error.errno if error else errno.EACCES
    if number in {errno.ENOSPC, errno.EDQUOT}:
        return UserError(f"{folder} can't be written to: the disk is full. Make room, then try again.")
    if number == errno.EROFS or _is_mounted_read_only(folder):
        return UserError(
            f"{folder} can't be written to: its disk is mounted read-only, and reading needs to write there, too. Mount it for "
            f"writing, or copy it ('cp -a {shlex.quote(str(folder))} COPY') and start with STC_STORAGE=COPY."
        )
    if number in {errno.EACCES, errno.EPERM}:
        return UserError(
            f"{folder} can't be written to: this user may not. {_right(folder)}Or choose another folder: start with "
            "STC_STORAGE=FOLDER."
        )
    why = (error.strerror if error else None) or "the system does not say why"
    return UserError(
        f"{folder} can't be written to: {why}. Check the disk, or choose another folder: start with STC_STORAGE=FOLDER."
    )


def _is_mounted_read_only(folder: Path) -> bool:
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except (AttributeError, OSError):  # Windows has no such question, a folder that can't be reached no answer
        return False


def _right(folder: Path) -> str:
    """Name the command that gives this user the right to write, "" where none is known."""
    if os.name != "posix":
        return ""
    quoted = shlex.quote(str(folder))
    try:
        mine = all(path.stat().st_uid == os.geteuid() for path in (folder, *folder.glob("stc.db*")))
    except OSError:
        mine = False
    if mine:
        return f"'chmod -R u+rwX {quoted}' allows it. "
    return f"'sudo chown -R $(id -u) {quoted}' makes it this user's. "
