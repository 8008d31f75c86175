"""Whether Tesseract is installed on this computer, and which languages it knows."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess

from stc.errors import UserError

NOT_INSTALLED = (
    "Tesseract, which reads pictures, is not installed on this computer. Install it (on Debian and Ubuntu: "
    "apt install tesseract-ocr; others: tesseract-ocr.github.io), then try again."
)
_LANGUAGE = re.compile(r"[A-Za-z][A-Za-z0-9_/]{1,40}")
_NO_LANGUAGE = {"osd", "equ"}  # models that find the way up and formulas
_ANSWERS_WITHIN_S = 10.0


def program() -> str | None:
    return shutil.which("tesseract")


def languages() -> tuple[str, ...]:
    """Return the codes of the languages installed ("eng", "deu"); () where Tesseract is not installed."""
    found = program()
    return _languages_of(found) if found else ()


@functools.lru_cache(maxsize=4)
def _languages_of(found: str) -> tuple[str, ...]:
    try:
        listed = subprocess.run(
            [found, "--list-langs"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_ANSWERS_WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    lines = listed.stdout.splitlines()[1:]
    return tuple(sorted(line for line in lines if _LANGUAGE.fullmatch(line) and line not in _NO_LANGUAGE))


def check_languages(wanted: str) -> str:
    """Return ``wanted`` ("deu+eng") if Tesseract can read it here. Raises ``UserError`` that says what is missing."""
    installed = languages()
    if not installed:
        raise UserError(NOT_INSTALLED)
    missing = [one for one in wanted.split("+") if one not in installed]
    if missing or not wanted:
        raise UserError(
            f"Tesseract has no language {missing[0]!r} here; installed are {', '.join(installed)}. "
            "Choose of those, or install it (on Debian: apt install tesseract-ocr-LANGUAGE)."
        )
    return wanted
