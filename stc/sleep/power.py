"""Whether this computer runs on its battery now, asked of the operating system itself."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_SUPPLIES = Path("/sys/class/power_supply")
_ASK_AGAIN_S = 20.0
_ANSWER_WITHIN_S = 3.0

_known: tuple[float, bool] | None = None


def on_battery() -> bool:
    """Return whether the battery is what feeds this computer; False also where the system can't tell.

    The answer is kept for some seconds.
    """
    global _known
    now = time.monotonic()
    if _known is None or now - _known[0] >= _ASK_AGAIN_S:
        _known = (now, _ask())
    return _known[1]


def _ask() -> bool:
    if sys.platform == "darwin":
        return _pmset_says_battery(_pmset())
    if sys.platform == "win32":
        return _windows_says_battery()
    return supplies_say_battery(_SUPPLIES)


def supplies_say_battery(folder: Path) -> bool:
    """Return whether Linux's power supplies say so: no mains, and a battery of the computer itself that discharges.

    A wireless mouse has a battery, too: its scope is "Device".
    """
    discharging = False
    for supply in _entries(folder):
        kind = _read(supply / "type")
        if kind in ("Mains", "USB") and _read(supply / "online") == "1":
            return False
        if kind == "Battery" and _read(supply / "scope") != "Device":
            discharging = discharging or _read(supply / "status") == "Discharging"
    return discharging


def _entries(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(folder.iterdir())
    except OSError:
        return


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _pmset() -> str:
    try:
        asked = subprocess.run(
            ["/usr/bin/pmset", "-g", "batt"], capture_output=True, text=True, timeout=_ANSWER_WITHIN_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout


def _pmset_says_battery(said: str) -> bool:
    return "'Battery Power'" in said.partition("\n")[0]


class _PowerStatus(ctypes.Structure):
    """Windows' SYSTEM_POWER_STATUS."""

    _fields_ = (
        ("ac_line", ctypes.c_ubyte),
        ("battery", ctypes.c_ubyte),
        ("percent", ctypes.c_ubyte),
        ("saver", ctypes.c_ubyte),
        ("seconds_left", ctypes.c_ulong),
        ("seconds_full", ctypes.c_ulong),
    )


def _windows_says_battery() -> bool:
    windows = getattr(ctypes, "windll", None)
    status = _PowerStatus()
    if windows is None or not windows.kernel32.GetSystemPowerStatus(ctypes.byref(status)):
        return False
    return status.ac_line == 0  # 1: plugged in, 255: unknown
