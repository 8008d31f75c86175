"""Does a derived figure follow from what is quoted? Exact arithmetic on a note's formula, with units, dates and times. Pure.

A formula is one or several equations joined by ``;``, each ``left = right``; the last right side is the note's one result::

    2319 h - 2313 h = 6 h
    $4.20 * 3 = $12.60; $15 - $12.60 = $2.40
    24 / 63 = 38%
    300 km / 4 h = 75 km/h
    sum(12 t, 30 t, 8 t) = 50 t         also mean, min, max, count
    convert(22 °C) = 72 °F
    weekday(2007-12-29) = Saturday
    days(2007-12-29, 2008-02-28) = 61 days         also months, years: full ones
    minutes(10:05, 11:20) = 75 minutes             also hours; a moment is 2007-12-29 10:05

Units agree in + and -, and a right side's unit follows from the left side or is another unit of the same. A number without
unit is a pure count, or has the one unit that the quotes give it; years (2026 - 2022) differ by years. Every number, date
and time of a left side stands in the note's quotes, or is the result of an equation before it, or a whole count up to 12, or
100. A right side is right when it is the left side rounded to as many digits as it has.
Dates, times, amounts and years may be written as texts write them (``8 December 2007``, ``5:30 pm``, ``USD 3``,
``FY 2022``). docs/decisions/0015-formulas.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from fractions import Fraction
from typing import NoReturn

from stc.chat.figures import numbers
from stc.sleep import quantities
from stc.sleep.quantities import MONTH_NAMES, PERCENT, PURE, SCALES, UNITS, WEEKDAYS, Unit

_COUNT = 12
"""A whole number up to this may stand in a formula without being quoted: it says how many of something are meant."""
_LONGEST = 600
_DEEPEST = 20
_MOST_DIGITS = 18
_CELSIUS, _FAHRENHEIT = UNITS["°C"].dimensions, UNITS["°F"].dimensions

_SIGNS = str.maketrans(
    {"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "—": "-", "≈": "=", "\u00a0": " ", "\u202f": " ", "º": "°"}
)
_WORD = r"[^\W\d_]+(?:['’][^\W\d_]+)*"
_TOKEN = re.compile(
    rf"""\s*(?:
    (?P<moment>\d{{4}}-\d{{2}}-\d{{2}}[ T]\d{{1,2}}:\d{{2}})(?![\d:])
    |(?P<date>\d{{4}}-\d{{2}}-\d{{2}})(?!\d)
    |(?P<time>\d{{1,2}}:\d{{2}})(?![\d:])
    |(?P<quantity>(?P<currency>[$€£])?\s?(?P<number>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)
      (?:[ ]?(?P<scale>thousand|million|billion|trillion)\b)?
      (?:[ ]?(?P<unit>%|°?[^\W\d_]+[²³]?(?:[ -]{_WORD}){{0,3}}))?
      (?P<per>[ ]?/[ ]?(?!{_WORD}\()°?{_WORD}[²³]?(?:[ ]{_WORD})?)?)
    |(?P<function>{_WORD})(?=\()
    |(?P<sign>[-+*/(),])
    )\s*""",
    re.VERBOSE | re.IGNORECASE,
)
_ANSWER_WORD = re.compile(_WORD)
_YEAR = re.compile(r"[12]\d{3}")
_CLOCK_CALL = re.compile(r"\b(?:minutes|hours)\([^()]*\)", re.IGNORECASE)
_FOUR_FIGURES = re.compile(r"(?<=[(,\s])([01]\d|2[0-3])([0-5]\d)(?=\s*[,)])")
_WRITINGS = tuple(
    (re.compile(pattern, re.IGNORECASE), plain)
    for pattern, plain in (
        (r"\n", "; "),
        (r"\b(?:FY|fiscal year) ?(?=\d{4}\b)", ""),
        (r"\b(?:USD ?\$?|US ?\$) ?(?=\d)", "$"),
        (r"\bEUR ?(?=\d)", "€"),
        (r"\bGBP ?(?=\d)", "£"),
        (r"(%|\bpercent|\bper cent) of (?=\S)", r"\1 * "),
        (r"\b(?:average|avg)(?=\()", "mean"),
        (r"\btotal(?=\()", "sum"),
        (r"\bminimum(?=\()", "min"),
        (r"\bmaximum(?=\()", "max"),
        (r"(?<=\s)x(?=\s)", "*"),
    )
)
"""How models write what the notation writes otherwise."""


@dataclass(frozen=True, slots=True)
class Computed:
    """What a formula that holds allows a note's text to say beyond its quotes."""

    result: str
    """The last right side as it stands."""
    numbers: set[str]
    """As ``stc.chat.figures.numbers`` writes them: the results, the counts that stand in no quote, the parts of dates."""
    words: set[str]
    """In small letters: weekdays, months and units."""


class _Fault(ValueError):
    pass


@dataclass(frozen=True, slots=True)
class _Value:
    """``amount`` is in base units. ``percent`` tells a percentage from a pure count; ``converted`` a temperature that may
    be shown on another scale. A number without unit that was not multiplied or divided is ``counted``; ``means`` is the unit
    that it may be shown with, its amount being in that: the quotes give it one, years were subtracted, or a share was
    multiplied by 100."""

    amount: Fraction
    unit: Unit
    percent: bool = False
    converted: bool = False
    counted: bool = False
    means: Unit | None = None
    year: bool = False

    @property
    def bare(self) -> bool:
        return not self.unit.dimensions and not self.percent


@dataclass(slots=True)
class _Quoted:
    """What may stand on a left side, and what of it did."""

    text: str
    numbers: set[Fraction]
    dates: set[date]
    times: set[time]
    results: set[tuple[Fraction, Unit]] = field(default_factory=set)
    """The number as its unit counts it, with that unit."""
    extra: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    quoted: bool = False
    """The present equation starts from something quoted, or from a result."""


def recompute(formula: str, quotes: Sequence[str], *, day_first: bool | None = None) -> Computed | None:
    """Return what follows from a formula over ``quotes``, ``None`` where it does not hold.

    ``day_first``: how the document's dates in figures are read; ``None``: one that may be read in two ways counts as both.
    """
    if len(formula) > _LONGEST:
        return None
    known = _quoted(quotes, day_first)
    try:
        result = ""
        for equation in _in_notation(formula, day_first).strip(" ;").split(";"):
            left, *results = (side.strip(" .") for side in equation.split("="))
            if len(results) > 1 and not any(map(str.isdigit, left)):
                left, *results = results  # "share = 3 / 10 = 30%"
            for result in results or [""]:
                _prove(left, result, known)
    except (_Fault, ZeroDivisionError):
        return None
    return Computed(result, known.extra, known.words)


def _in_notation(formula: str, day_first: bool | None) -> str:
    text = formula.translate(_SIGNS)
    for item in reversed(quantities.dates(text, day_first=day_first)):
        text = text[: item.start] + item.value.isoformat() + text[item.end :]
    for clock in reversed(quantities.times(text)):
        text = text[: clock.start] + f"{clock.value:%H:%M}" + text[clock.end :]
    text = _CLOCK_CALL.sub(lambda call: _FOUR_FIGURES.sub(r"\1:\2", call[0]), text)
    for pattern, plain in _WRITINGS:
        text = pattern.sub(plain, text)
    return text


def _quoted(quotes: Sequence[str], day_first: bool | None) -> _Quoted:
    text = "\n".join(quotes)
    found = {Fraction(number) for number in numbers(text) if len(number) <= _MOST_DIGITS}
    for item in quantities.quantities(text):
        if len(item.number) <= _MOST_DIGITS:
            if item.scale:
                found.add(Fraction(item.number) * SCALES.get(item.scale.casefold(), 1))
            if item.unit == PERCENT:
                found.add(Fraction(item.number) / 100)
    if day_first is None:
        days = {value for quote in quotes for value in quantities.possible_dates(quote)}
    else:
        days = {item.value for quote in quotes for item in quantities.dates(quote, day_first=day_first)}
    return _Quoted(text, found, days, {item.value for quote in quotes for item in quantities.times(quote)})


def _prove(left: str, right: str, known: _Quoted) -> None:
    """Raise ``_Fault`` unless ``right`` is what ``left`` comes to; add both to what is known."""
    known.quoted = False
    value = _Parser(left, known).whole()
    if not known.quoted:
        raise _Fault("nothing of it is quoted")
    if isinstance(value, str):
        if right.casefold() != value.casefold():
            raise _Fault(right)
        known.words.add(value.casefold())
        return
    amount, shown, unit, places, scale = _right(right)
    exact = _in_unit(value, unit) / scale
    step = Fraction(1, 10**places)
    if amount not in (round(exact / step) * step, _half_up(exact / step) * step):
        raise _Fault(right)
    known.results |= {(abs(amount) * scale, unit), (abs(amount) * scale, PURE)}
    known.extra |= numbers(shown) | ({f"-{number}" for number in numbers(shown)} if amount < 0 else set())
    known.words |= {word.casefold() for word in _ANSWER_WORD.findall(right)} | {name for name, _ in unit.dimensions}


def _half_up(value: Fraction) -> int:
    whole = int(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


def _in_unit(value: _Value, unit: Unit) -> Fraction:
    """Return a value's number in a unit. Raises ``_Fault`` where the unit does not follow."""
    if value.unit.dimensions != unit.dimensions:
        way = (value.unit.dimensions, unit.dimensions) if value.converted else None
        if way == (_CELSIUS, _FAHRENHEIT):
            return value.amount * Fraction(9, 5) + 32
        if way == (_FAHRENHEIT, _CELSIUS):
            return (value.amount - 32) * Fraction(5, 9)
        means = value.means
        if means is not None and means.dimensions == unit.dimensions:
            return value.amount * means.factor / unit.factor
        if value.counted and means in (None, UNITS["year"]) and not unit.known and len(unit.dimensions) == 1:
            return value.amount
        raise _Fault("the unit does not follow")
    if value.means == unit == PERCENT:
        return value.amount
    if value.percent and unit.factor != PERCENT.factor:
        raise _Fault("a percentage is shown as one")
    return value.amount / unit.factor


def _right(text: str) -> tuple[Fraction, str, Unit, int, int]:
    """Return a right side's number, the number as written, its unit, its digits behind the point, and its scale."""
    negative = text.startswith("-")
    match = _TOKEN.match(text[1:] if negative else text)
    if match is None or match.end() != len(text) - negative or not match["quantity"]:
        raise _Fault(text)
    number = match["number"].replace(",", "")
    if len(number) > _MOST_DIGITS:
        raise _Fault(text)
    places = len(number.partition(".")[2])
    amount = Fraction(number) * (-1 if negative else 1)
    return amount, match["number"], _unit(match), places, _scale(match)


def _scale(match: re.Match[str]) -> int:
    """Return what a number's scale multiplies it by. A pattern that ignores case takes "mıllion" for a million."""
    scale = SCALES.get(match["scale"].casefold()) if match["scale"] else 1
    if scale is None:
        raise _Fault(match["scale"])
    return scale


def _unit(match: re.Match[str]) -> Unit:
    name = match["unit"] or ""
    if match["currency"] and name:
        if not name.lower().startswith("per "):
            raise _Fault(name)
        name = f"{match['currency']}/{name[4:]}"
    elif match["currency"]:
        name = match["currency"]
    if match["per"]:
        name += match["per"]
    if not name:
        return PURE
    unit = quantities.unit(name.strip()) if not name.lstrip().startswith("/") else None
    if unit is None:
        raise _Fault(name)
    return unit


class _Parser:
    """A left side. Nothing is executed: what is not in the notation is a fault."""

    def __init__(self, text: str, known: _Quoted) -> None:
        self._tokens: list[re.Match[str]] = []
        self._known = known
        self._at = 0
        self._depth = 0
        place = 0
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise _Fault(text[place:])
            self._tokens.append(match)
            place = match.end()

    def whole(self) -> _Value | str:
        first = self._peek("function").casefold()
        value = self._weekday() if first == "weekday" else self._sum()
        if self._at < len(self._tokens):
            raise _Fault("more follows")
        return value

    def _peek(self, group: str) -> str:
        return (self._tokens[self._at][group] or "") if self._at < len(self._tokens) else ""

    def _take(self, sign: str) -> None:
        if self._peek("sign") != sign:
            raise _Fault(f"no {sign}")
        self._at += 1

    def _sum(self) -> _Value:
        value = self._product()
        while self._peek("sign") in {"+", "-"}:
            sign = 1 if self._peek("sign") == "+" else -1
            self._at += 1
            other = self._product()
            years = sign < 0 and value.year and other.year
            value = _total([value, _Value(sign * other.amount, *_nature(other))])
            if years:
                value = replace(value, means=UNITS["year"])
        return value

    def _product(self) -> _Value:
        value = self._factor()
        while self._peek("sign") in {"*", "/"}:
            multiplies = self._peek("sign") != "/"
            self._at += 1
            other = self._factor()
            if multiplies:
                hundredfold = value.bare and other.bare and 100 in (value.amount, other.amount)
                means = PERCENT if hundredfold else None
                value = _Value(value.amount * other.amount, _plain(value) * _plain(other), means=means)
            else:
                if _clash(value, other):
                    raise _Fault("units differ")
                value = _Value(value.amount / other.amount, _plain(value) / _plain(other))
        return value

    def _factor(self) -> _Value:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Fault("too deep")
        try:
            if self._peek("sign") == "-":
                self._at += 1
                value = self._factor()
                return _Value(-value.amount, *_nature(value))
            if self._peek("sign") == "(":
                self._at += 1
                value = self._sum()
                self._take(")")
                return value
            if self._peek("function"):
                return self._function()
            if self._peek("quantity"):
                return self._quantity()
            raise _Fault("no value")
        finally:
            self._depth -= 1

    def _quantity(self) -> _Value:
        match = self._tokens[self._at]
        self._at += 1
        number = match["number"].replace(",", "")
        if len(number) > _MOST_DIGITS:
            raise _Fault(number)
        unit = _unit(match)
        amount = Fraction(number)
        scale = _scale(match)
        self._must_be_known(amount, scale, unit, match["number"])
        if unit != PURE:
            return _Value(amount * scale * unit.factor, unit, percent=unit == PERCENT)
        means = _stated(self._known.text, amount * scale)
        year = means is None and _YEAR.fullmatch(match["number"]) is not None and scale == 1
        return _Value(amount * scale, unit, counted=True, means=means, year=year)

    def _must_be_known(self, amount: Fraction, scale: int, unit: Unit, written: str) -> None:
        known = self._known
        if (amount * scale, unit) in known.results:
            known.quoted = True
        elif (
            amount * scale in known.numbers or (scale > 1 and amount in known.numbers and _scaled(known, amount, scale))
        ) and (not _contradicted(known.text, amount * scale, unit)):
            known.quoted = True
            known.extra |= numbers(written)
        elif unit == PERCENT and amount == 100:
            pass  # "100% - 38%"
        elif unit == PURE and scale == 1 and (amount == 100 or (amount <= _COUNT and amount.denominator == 1)):
            if amount != 100:
                known.extra |= numbers(written)
        else:
            raise _Fault(f"{written} is not quoted")

    def _function(self) -> _Value:
        name = self._peek("function").casefold()
        self._at += 1
        self._take("(")
        if name in _BETWEEN:
            value = _BETWEEN[name](*self._moments())
        elif name in _OVER:
            values = [self._sum()]
            while self._peek("sign") == ",":
                self._at += 1
                values.append(self._sum())
            value = _OVER[name](values)
        else:
            raise _Fault(name)
        self._take(")")
        return value

    def _weekday(self) -> str:
        self._at += 1
        self._take("(")
        moment = self._moment()
        self._take(")")
        if not isinstance(moment, date):
            raise _Fault("no date")
        return WEEKDAYS[moment.weekday()]

    def _moments(self) -> tuple[date | time, date | time]:
        first = self._moment()
        self._take(",")
        return first, self._moment()

    def _moment(self) -> date | time:
        """Return a date, a time, or both as a ``datetime``, that is quoted."""
        match = self._tokens[self._at] if self._at < len(self._tokens) else None
        self._at += 1
        if match is None or not (match["date"] or match["time"] or match["moment"]):
            raise _Fault("no date or time")
        day, _, clock = (match["date"] or match["moment"] or "").replace("T", " ").partition(" ")
        known = self._known
        on = at = None
        try:
            if day:
                on = date.fromisoformat(day)
            if match["time"] or clock:
                hour, minute = (match["time"] or clock).split(":")
                at = time(int(hour), int(minute))
        except ValueError as error:
            raise _Fault(str(error)) from error
        if (on is not None and on not in known.dates) or (at is not None and at not in known.times):
            raise _Fault("date or time is not quoted")
        known.quoted = True
        if on is not None:
            known.extra |= {str(on.year), str(on.month), str(on.day)}
            known.words.add(MONTH_NAMES[on.month - 1].lower())
        if at is not None:
            known.extra |= {str(at.hour), str(at.minute), f"{at.hour}.{at.minute:02}".rstrip("0").rstrip(".")}
            known.extra |= {str(int(f"{at:%H%M}"))}
            if on is not None:
                return datetime.combine(on, at)
        found = at if on is None else on
        assert found is not None
        return found


def _scaled(known: _Quoted, amount: Fraction, scale: int) -> bool:
    """Tell whether the quotes name the scale somewhere: the head of a table's column says "in million"."""
    name = next(name for name, size in SCALES.items() if size == scale)
    return re.search(rf"\b{name}s?\b", known.text, re.IGNORECASE) is not None


def _contradicted(text: str, amount: Fraction, unit: Unit) -> bool:
    """Tell whether the quotes give this number only with another unit than the formula has."""
    if unit == PURE or not unit.known:
        return False
    stated = _units_of(text, amount)
    return (
        bool(stated)
        and all(other is not None and len(other.dimensions) == 1 and other != unit for other in stated)
        and (len(unit.dimensions) <= 1)
    )


def _stated(text: str, amount: Fraction) -> Unit | None:
    """Return the one unit that the quotes give a number, ``None`` where they give it none, or several."""
    stated = {unit for unit in _units_of(text, amount) if unit is not None}
    return stated.pop() if len(stated) == 1 else None


def _units_of(text: str, amount: Fraction) -> list[Unit | None]:
    return [
        item.unit
        for item in quantities.quantities(text)
        if len(item.number) <= _MOST_DIGITS and Fraction(item.number) * SCALES.get(item.scale.casefold(), 1) == amount
    ]


def _nature(value: _Value) -> tuple[Unit, bool, bool, bool, Unit | None]:
    """Return what a value is but for its amount."""
    return value.unit, value.percent, False, value.counted, value.means


def _alike(values: Sequence[_Value]) -> list[_Value]:
    """Return values that can be added: a number without unit gets the unit of the others where the quotes allow it."""
    given = next((value for value in values if not value.bare), None)
    found = list(values) if given is None else [_with_unit(value, given) for value in values]
    for value in found[1:]:
        _agree(found[0], value)
    return found


def _with_unit(value: _Value, given: _Value) -> _Value:
    means = value.means
    if not value.bare:
        return value
    if given.percent and (means == PERCENT or abs(value.amount) == 100):
        return _Value(value.amount / 100, PERCENT, percent=True)
    if means is not None and means.dimensions == given.unit.dimensions != ():
        return _Value(value.amount * means.factor, means)
    if value.counted and means is None and not given.unit.known:
        return replace(value, unit=given.unit)
    return value


def _plain(value: _Value) -> Unit:
    return Unit(value.unit.dimensions, known=value.unit.known)


def _clash(one: _Value, other: _Value) -> bool:
    """Tell whether two numbers stand without unit though the quotes give them different ones: 20 kg and 40 h."""
    first, second = one.means, other.means
    if not (one.bare and other.bare and first is not None and second is not None):
        return False
    return first.known and second.known and first != second


def _agree(one: _Value, other: _Value) -> None:
    if one.unit.dimensions != other.unit.dimensions or _clash(one, other):
        raise _Fault("units differ")
    if one.percent != other.percent and 1 not in (one.amount, other.amount):
        raise _Fault("a percentage and a number")


def _total(values: Sequence[_Value]) -> _Value:
    found = _alike(values)
    means = {value.means for value in found}
    return _Value(
        sum((value.amount for value in found), Fraction(0)),
        next((value.unit for value in found if value.unit.dimensions), found[0].unit),
        any(value.percent for value in found),  # "1 - 38%"
        counted=all(value.counted for value in found),
        means=means.pop() if len(means) == 1 else None,
    )


def _mean(values: Sequence[_Value]) -> _Value:
    total = _total(values)
    return replace(total, amount=total.amount / len(values))


def _least(values: Sequence[_Value]) -> _Value:
    return min(_alike(values), key=lambda value: value.amount)


def _most(values: Sequence[_Value]) -> _Value:
    return max(_alike(values), key=lambda value: value.amount)


def _count(values: Sequence[_Value]) -> _Value:
    return _Value(Fraction(len(values)), PURE)


def _converted(values: Sequence[_Value]) -> _Value:
    if len(values) != 1 or not values[0].unit.dimensions:
        raise _Fault("convert takes one value with a unit")
    return _Value(values[0].amount, values[0].unit, converted=True)


_OVER: dict[str, Callable[[Sequence[_Value]], _Value]] = {
    "sum": _total,
    "mean": _mean,
    "min": _least,
    "max": _most,
    "count": _count,
    "convert": _converted,
}


def _of(number: int | Fraction, name: str) -> _Value:
    return _Value(number * UNITS[name].factor, UNITS[name])


def _days(first: date | time, last: date | time) -> _Value:
    if isinstance(first, date) and isinstance(last, date):
        return _of((date(last.year, last.month, last.day) - date(first.year, first.month, first.day)).days, "day")
    return _mixed()


def _months(first: date | time, last: date | time) -> _Value:
    return _of(_full_months(first, last), "month")


def _years(first: date | time, last: date | time) -> _Value:
    return _of(_full_months(first, last) // 12, "year")


def _full_months(first: date | time, last: date | time) -> int:
    if not isinstance(first, date) or not isinstance(last, date):
        _mixed()
    if (last.year, last.month, last.day) < (first.year, first.month, first.day):
        raise _Fault("the first date is the later one")
    return quantities.months_between(first, last)


def _minutes(first: date | time, last: date | time) -> _Value:
    return _of(_elapsed(first, last), "minute")


def _hours(first: date | time, last: date | time) -> _Value:
    return _of(_elapsed(first, last) / 60, "hour")


def _elapsed(first: date | time, last: date | time) -> Fraction:
    """Return the minutes from one time to a later one, of the same day where no date tells."""
    if isinstance(first, datetime) and isinstance(last, datetime):
        minutes = Fraction(int((last - first).total_seconds()), 60)
    elif isinstance(first, time) and isinstance(last, time):
        minutes = Fraction((last.hour - first.hour) * 60 + last.minute - first.minute)
    else:
        _mixed()
    if minutes < 0:
        raise _Fault("the first time is the later one")
    return minutes


def _mixed() -> NoReturn:
    raise _Fault("a date and a time")


_BETWEEN: dict[str, Callable[[date | time, date | time], _Value]] = {
    "days": _days,
    "months": _months,
    "years": _years,
    "minutes": _minutes,
    "hours": _hours,
}
