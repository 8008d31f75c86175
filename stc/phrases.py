"""Numbers in words, with their units. Money is said by ``stc.meter.ledger.money``."""

from __future__ import annotations

import re
from datetime import datetime

_EQUATION = re.compile(r"(\w+)\((.*)\)\s*=\s*(.+)")
_SIGNS = {"*": "×", "/": "÷", "-": "−"}


def count(number: int, one: str, many: str | None = None) -> str:
    """Return "1 page", "1,200 pages"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Return "0.4 s", "12 s", "3 min", "2 h 5 min"."""
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest and hours < 10 else f"{hours} h"


def ago(at: float, now: float) -> str:
    """Return "just now", "5 min ago", "3 days ago"."""
    seconds = max(0.0, now - at)
    if seconds < 60:
        return "just now"
    if seconds < 86_400:
        return f"{duration(seconds)} ago"
    days = int(seconds // 86_400)
    return f"{count(days, 'day')} ago" if days < 60 else clock(at)


def clock(at: float) -> str:
    """Return the local date and time, to the minute."""
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M")


def size(size_bytes: int) -> str:
    """Return "512 B", "12 kB", "2.5 MB", "250 MB"."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    if size_bytes < 999_500:
        return f"{size_bytes / 1000:.0f} kB"
    megabytes = size_bytes / 1_000_000
    return f"{megabytes:.1f} MB" if megabytes < 99.95 else f"{megabytes:,.0f} MB"


def formula(text: str) -> str:
    """Return a note's formula (docs/decisions/0015-formulas.md) in words, as far as words are clearer than signs."""
    return "; ".join(_equation(part.strip()) for part in text.split(";"))


def _equation(text: str) -> str:
    called = _EQUATION.fullmatch(text)
    if called is None or "(" in called[2]:
        return re.sub(r" ([*/-]) ", lambda sign: f" {_SIGNS[sign[1]]} ", text)
    name, given, result = called.groups()
    values = [value.strip() for value in given.split(", ")]
    listed = _listed(values)
    if name == "sum":
        return f"{' + '.join(values)} = {result}"
    if name in ("mean", "min", "max"):
        what = {"mean": "average", "min": "smallest", "max": "largest"}[name]
        return f"the {what} of {listed} is {result}"
    if name == "count":
        return f"{result}: {listed}"
    if name == "convert":
        return f"{listed} is {result}"
    if name == "weekday":
        return f"{listed} is a {result}"
    if name in ("days", "months", "years", "hours", "minutes") and len(values) == 2:
        return f"from {values[0]} to {values[1]}: {result}"
    return text


def _listed(values: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(values[:-1]), values[-1]]))
