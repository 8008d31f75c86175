"""Does a derived figure follow from the figures quoted? Pure arithmetic on a note's formula."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Set
from decimal import Decimal, DecimalException

_COUNT = 12
"""A whole number up to this may stand in a formula without being quoted: it says how many of something are meant."""

_LONGEST = 300
_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-"})
_UNIT = re.compile(r"[€$£]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_RESULT = re.compile(r"-?\d+(?:\.\d+)?%?")
_OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def results(formula: str, known: Set[str]) -> set[str] | None:
    """Return the numbers that stand in a formula besides the ``known`` ones, or ``None`` where it does not hold.

    A formula is one or several equations joined by ``;``: ``24 / 63 = 38%``, ``2 * 6.80 = 13.60; 15 - 13.60 = 1.40``. Each
    number on a left side is known, the result of an equation before it, or a small count. A right side is right when it
    is the left side rounded to as many digits as it has. Numbers are written as ``known`` has them: ``1200.5``.
    """
    if len(formula) > _LONGEST:
        return None
    allowed = {Decimal(number) for number in known}
    derived: set[Decimal] = set()
    for equation in formula.split(";"):
        left, _, right = (side.strip() for side in _plain(equation).partition("="))
        if _RESULT.fullmatch(right) is None:
            return None
        shown = Decimal(right.removesuffix("%"))
        try:
            value, used = _value(_PERCENT.sub(r"(\1 / 100)", left))
            exact = value * 100 if right.endswith("%") else value
            if round(exact, -int(shown.as_tuple().exponent)) != shown:
                return None
        except (ValueError, SyntaxError, DecimalException):
            return None
        if used - allowed - derived - {Decimal(count) for count in (*range(_COUNT + 1), 100)}:
            return None
        derived |= (used - {Decimal(100)}) | {shown, abs(shown)}
    return {_written(number) for number in derived - allowed}


def _plain(text: str) -> str:
    return _THOUSANDS.sub("", _UNIT.sub("", text.translate(_SIGNS)))


def _value(text: str) -> tuple[Decimal, set[Decimal]]:
    """Return what an expression comes to and the numbers in it. Raises ``ValueError`` when it is no plain arithmetic."""
    numbers: set[Decimal] = set()

    def reckon(node: ast.expr) -> Decimal:
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](reckon(node.left), reckon(node.right))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -reckon(node.operand)
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            number = Decimal(ast.get_source_segment(text, node) or "")
            numbers.add(number)
            return number
        raise ValueError(text)

    return reckon(ast.parse(text, mode="eval").body), numbers


def _written(number: Decimal) -> str:
    plain = f"{number:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
