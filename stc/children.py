"""Python processes of our own that do one thing each, with the way to this package and without our secrets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import stc

_SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD")


def start(module: str, *, stderr: Any = None) -> subprocess.Popen[bytes]:
    """Start ``python -m module`` with pipes to its stdin and from its stdout.

    It leads a process group of its own: Ctrl+C does not reach it, and it can be killed with all that it started.
    """
    root = Path(stc.__file__).resolve().parent.parent
    return subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        cwd=root,
        env=_environment(root),
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        start_new_session=True,
    )


def _environment(root: Path) -> dict[str, str]:
    """Return a child's environment: ours without secrets, which none needs, and with the way to this package."""
    kept = {name: value for name, value in os.environ.items() if not any(word in name.upper() for word in _SECRET)}
    kept["PYTHONPATH"] = os.pathsep.join([str(root), *filter(None, [kept.get("PYTHONPATH")])])
    return kept
