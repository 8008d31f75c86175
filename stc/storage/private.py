"""Keep the storage from other people on the same computer: contracts and medical letters lie in it.

Windows keeps others out by the rights of the folder that it lies in; here nothing is changed there.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_folder(folder: Path) -> None:
    """Make a folder that only its owner may look into; one that is there already stays as somebody set it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def close_file(path: Path) -> None:
    """Take from everybody but the owner what rights there are on a file; one that is not there is fine."""
    if os.name == "posix" and path.exists() and path.stat().st_mode & _OTHERS:
        path.chmod(path.stat().st_mode & ~_OTHERS & 0o777)


def is_open_to_others(path: Path) -> bool:
    """Tell whether others on this computer have any right on a file or folder."""
    return os.name == "posix" and bool(path.stat().st_mode & _OTHERS)
