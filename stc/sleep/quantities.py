"""Units, dates and times as texts write them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time
from fractions import Fraction
from functools import lru_cache

from stc.chat.figures import MONTHS

Dimensions = tuple[tuple[str, int], ...]
"""Base quantities with their powers, sorted by name: ``(("length", 1), ("time", -1))``."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTH_NAMES = tuple(
    "January February March April May June July August September October November December".split()
)  # fmt: skip
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}


@dataclass(frozen=True, slots=True)
class Unit:
    """``factor`` times the base units of its dimensions. No dimensions: a pure count, or with ``factor`` 1/100 a percentage."""

    dimensions: Dimensions = ()
    factor: Fraction = Fraction(1)
    known: bool = True
    """False where the unit is only a word ("votes"): a dimension of its own."""

    def __mul__(self, other: Unit) -> Unit:
        return Unit(
            _joined(self.dimensions, other.dimensions, 1), self.factor * other.factor, self.known and other.known
        )

    def __truediv__(self, other: Unit) -> Unit:
        return Unit(
            _joined(self.dimensions, other.dimensions, -1), self.factor / other.factor, self.known and other.known
        )


def _joined(one: Dimensions, other: Dimensions, sign: int) -> Dimensions:
    powers = dict(one)
    for name, power in other:
        powers[name] = powers.get(name, 0) + sign * power
    return tuple(sorted((name, power) for name, power in powers.items() if power))


PURE = Unit()
PERCENT = Unit(factor=Fraction(1, 100))

_TABLE: dict[str, dict[str, str]] = {
    "time": {
        "1": "s sec secs second seconds",
        "60": "min mins minute minutes",
        "3600": "h hr hrs hour hours",
        "86400": "day days",
        "604800": "week weeks",
    },
    "calendar": {"1": "month months", "12": "year years yr yrs"},
    "length": {
        "0.001": "mm millimeter millimeters millimetre millimetres",
        "0.01": "cm centimeter centimeters centimetre centimetres",
        "0.0254": "inch inches",
        "0.3048": "ft foot feet",
        "0.9144": "yd yard yards",
        "1": "m meter meters metre metres",
        "1000": "km kilometer kilometers kilometre kilometres",
        "1609.344": "mi mile miles",
        "1852": "NM nmi|nautical mile|nautical miles",
    },
    "mass": {
        "0.000001": "mg milligram milligrams",
        "0.001": "g gram grams",
        "1": "kg kilogram kilograms kilo kilos",
        "1000": "t tonne tonnes|metric ton|metric tons",
        "0.45359237": "lb lbs pound pounds",
        "0.028349523125": "oz ounce ounces",
    },
    "volume": {
        "0.001": "ml mL milliliter milliliters millilitre millilitres",
        "1": "l L liter liters litre litres",
        "1000": "m³ m3|cubic meter|cubic meters|cubic metre|cubic metres",
        "3.785411784": "gal gallon gallons",
        "28.316846592": "ft³|cubic foot|cubic feet|cu ft",
    },
    "area": {
        "1": "m² m2|square meter|square meters|square metre|square metres",
        "0.09290304": "ft² sqft|square foot|square feet|sq ft",
        "10000": "ha hectare hectares",
        "4046.8564224": "acre acres",
        "1000000": "km² km2|square kilometer|square kilometers|square kilometre|square kilometres",
        "2589988.110336": "mi²|square mile|square miles|sq mi",
    },
    "power": {"1": "W watt watts", "1000": "kW kilowatt kilowatts", "1000000": "MW megawatt megawatts"},
    "energy": {"1": "Wh", "1000": "kWh", "1000000": "MWh", "1000000000": "GWh"},
    "data": {"1": "byte bytes", "1000": "kB KB", "1000000": "MB", "1000000000": "GB", "1000000000000": "TB"},
    "celsius": {"1": "°C ºC|degree Celsius|degrees Celsius|degree C|degrees C|deg C"},
    "fahrenheit": {"1": "°F ºF|degree Fahrenheit|degrees Fahrenheit|degree F|degrees F|deg F"},
    "pressure": {
        "1": "Pa",
        "100": "hPa mb mbar millibar millibars",
        "3386.389": "inHg|inches Hg|in Hg|inches of mercury",
    },
    "angle": {"1": "° degree degrees"},
    "dollar": {"1": "$ USD dollar dollars", "0.01": "cent cents"},
    "euro": {"1": "€ EUR euro euros"},
    "pound sterling": {"1": "£ GBP"},
}
_COMPOUND = {
    "mph": ("mi", "h"),
    "kph": ("km", "h"),
    "kmh": ("km", "h"),
    "kt": ("NM", "h"),
    "kts": ("NM", "h"),
    "knot": ("NM", "h"),
    "knots": ("NM", "h"),
}
_PERCENT_WORDS = frozenset(
    ("%", "percent", "per cent", "percentage point", "percentage points", "percent point", "percent points")
)
_MODIFIED = frozenset("square cubic nautical metric short long sq cu deg degree degrees troy fluid light".split())
"""Words that make another unit of the word behind them."""


def _table() -> dict[str, Unit]:
    units = {}
    for dimension, sizes in _TABLE.items():
        for factor, names in sizes.items():
            words, *phrases = names.split("|")
            for name in (*words.split(), *phrases):
                units[name] = Unit(((dimension, 1),), Fraction(factor))
    units.update({name: units[above] / units[below] for name, (above, below) in _COMPOUND.items()})
    units.update(dict.fromkeys(_PERCENT_WORDS, PERCENT))
    return units


UNITS = _table()
_FOLDED = {name.casefold(): unit for name, unit in UNITS.items() if len(name) > 2}


@lru_cache(maxsize=5000)
def unit(name: str) -> Unit | None:
    """Return the unit of that name: "h", "km/h", "miles per hour", "flight hours". A word that is no unit's name is a unit of
    its own, plural or not; ``None`` for what can't be one."""
    name = " ".join(name.split())
    above, per, below = _parted(name)
    if per:
        over, under = unit(above), unit(below)
        return over / under if over is not None and under is not None else None
    if name in UNITS or name.casefold() in _FOLDED:
        return UNITS.get(name) or _FOLDED[name.casefold()]
    words = name.split()
    if not words or not all(re.fullmatch(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*", word) for word in words):
        return None
    if len(words) > 1:
        last = unit(words[-1])
        if last is not None and last.known:
            return None if words[-2].casefold() in _MODIFIED else last
    return Unit(((singular(name.casefold()), 1),), known=False)


def _parted(name: str) -> tuple[str, str, str]:
    found = re.search(r"\s*/\s*|\s+per\s+(?!cent\b)", name)
    return (name[: found.start()], "/", name[found.end() :]) if found and found.start() else (name, "", "")


def singular(word: str) -> str:
    """Return a noun's singular by its ending; what does not look like a plural stays."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 2 else word


# Dates and times


@dataclass(frozen=True, slots=True)
class Dated:
    """A date that stands at ``start:end`` of a text."""

    value: date
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Timed:
    """A time of day that stands at ``start:end`` of a text; ``zone`` as written behind it, "" where there is none."""

    value: time
    start: int
    end: int
    zone: str


_MONTH = rf"({'|'.join(sorted(MONTHS, key=len, reverse=True))})"
_ISO = re.compile(r"(?<![\w/.-])(\d{4})-(\d{2})-(\d{2})(?![\d/-])")
_FIGURES = re.compile(r"(?<![\w/.-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?![\d/-]|\.\d)")
_MONTH_FIRST = re.compile(rf"\b{_MONTH}\.? ?\s?(\d{{1,2}})(?:st|nd|rd|th)?,?\s(\d{{4}})\b", re.IGNORECASE)
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th|\.)?(?:\sof)?[\s-]{_MONTH}\.?,?[\s-](\d{{4}})\b", re.IGNORECASE)
_ZONE = (
    r"(?:UTC|GMT|Z|local(?: time)?|[ECMPA][SD]T|AK[SD]T|HST|BST|IST|CES?T|JST|"
    r"(?:eastern|central|mountain|pacific|alaska|hawaii|atlantic)(?: standard| daylight)?(?: time)?)"
)
_CLOCK = re.compile(
    rf"(?<![\w:.,/-])([01]?\d|2[0-3])[:.]([0-5]\d)(?::[0-5]\d)?(?: ?([ap])\.? ?m\b\.?)?(?:\s({_ZONE})\b)?(?![:\d/]|[.,]\d|%)",
    re.IGNORECASE,
)
_HOUR = re.compile(rf"(?<![\w:.,/-])(1[0-2]|0?[1-9]) ?([ap])\.? ?m\b\.?(?:\s({_ZONE})\b)?", re.IGNORECASE)
_FOUR = re.compile(
    rf"(?<![\w:.,/$€£-])([01]\d|2[0-3])([0-5]\d)(?:\s?({_ZONE})\b|\s?(?:hours|hrs?)\b|(?![\w/:%-]|[.,]\d))"
)
_HOURS_BEHIND = re.compile(r"\s(?:hours|hrs)\b")
_AMERICAN = re.compile(r"\b(?:[ECMP][SD]T|AK[SD]T|USA|United States)\b|\bU\.S\.")
_TIME_BEFORE = re.compile(
    r"\btime\b[^\d:]{0,20}:\s*$|\b(?:at|by|until|from|about|around|approximately)\s$", re.IGNORECASE
)


def dates(text: str, *, day_first: bool | None = None) -> list[Dated]:
    """Return the dates of a text in order. One in figures that may be read in two ways is read as ``day_first`` says, and
    left out where that is ``None``."""
    return [Dated(*found) for found in _dates(text, day_first)]


def day_first(texts: Iterable[str]) -> bool | None:
    """Return how a document's dates in figures are read: as those that can be read in one way only, else as those that it
    writes out, too, else month first where it is American. ``None`` where nothing tells."""
    texts = list(texts)
    orders: set[bool] = set()
    open_ones: list[tuple[date | None, date | None]] = []
    certain: set[date] = set()
    for text in texts:
        for match in _FIGURES.finditer(text):
            first, second = int(match[1]), int(match[3])
            if first <= 12 and second <= 12 and first != second:
                open_ones.append((_date(match[4], match[1], match[3]), _date(match[4], match[3], match[1])))
            elif (first > 12) != (second > 12):
                orders.add(first > 12)
        certain.update(item.value for item in dates(text))
    if not orders:
        orders = {order for pair in open_ones for order in (False, True) if pair[order] in certain}
    if not orders and any(_AMERICAN.search(text) for text in texts):
        return False
    return orders.pop() if len(orders) == 1 else None


def possible_dates(text: str) -> set[date]:
    """Return every date that a text may mean."""
    return {found[0] for order in (True, False) for found in _dates(text, order)}


def _dates(text: str, day_first: bool | None) -> list[tuple[date, int, int]]:
    found = []
    for match in _ISO.finditer(text):
        found.append((_date(match[1], match[2], match[3]), match.start(), match.end()))
    for match in _FIGURES.finditer(text):
        first, second = int(match[1]), int(match[3])
        order = first > 12 if (first > 12) != (second > 12) else day_first if first != second else False
        if order is not None:
            month, day = (match[3], match[1]) if order else (match[1], match[3])
            found.append((_date(match[4], month, day), match.start(), match.end()))
    for match in _MONTH_FIRST.finditer(text):
        found.append((_date(match[3], _month(match[1]), match[2]), match.start(), match.end()))
    for match in _DAY_FIRST.finditer(text):
        found.append((_date(match[3], _month(match[2]), match[1]), match.start(), match.end()))
    return sorted(((value, start, end) for value, start, end in found if value), key=lambda item: item[1])


def _month(name: str) -> str:
    """Return a month's number, "" for none: a pattern that ignores case takes the "APRİL" of a Turkish keyboard, too."""
    return MONTHS.get(name.casefold(), "")


def _date(year: str, month: str, day: str) -> date | None:
    full = int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 70 else 1900)
    try:
        return date(full, int(month), int(day))
    except ValueError:
        return None


def times(text: str) -> list[Timed]:
    """Return the times of day of a text in order: "10:05", "10.05 p.m.", "3 pm", "1005 PST", "at 1005 hours", and "1005"
    behind a label with the word "time"."""
    found: list[Timed] = []
    for match in _CLOCK.finditer(text):
        if "." in match[0][:3] and not match[3] and not match[4]:
            continue  # "10.05" alone is a number
        hour = _hour(int(match[1]), match[3])
        if hour is not None:
            found.append(Timed(time(hour, int(match[2])), match.start(), match.end(), match[4] or ""))
    for match in _HOUR.finditer(text):
        hour = _hour(int(match[1]), match[2])
        if hour is not None:
            found.append(Timed(time(hour), match.start(), match.end(), match[3] or ""))
    for match in _FOUR.finditer(text):
        before = _TIME_BEFORE.search(text[max(0, match.start() - 40) : match.start()])
        hours = _HOURS_BEHIND.match(text, match.end())
        if match[3] or (before and (":" in before[0] or hours)):
            value = time(int(match[1]), int(match[2]))
            found.append(Timed(value, match.start(), match.end(), match[3] or ""))
    return sorted(found, key=lambda item: item.start)


def _hour(hour: int, half: str | None) -> int | None:
    if not half:
        return hour
    if not 1 <= hour <= 12:
        return None
    return hour % 12 + (12 if half.lower() == "p" else 0)


def months_between(first: date, last: date) -> int:
    """Return the full months from one date to a later one."""
    return (last.year - first.year) * 12 + last.month - first.month - (last.day < first.day)


# Numbers with their units

_QUANTITY = re.compile(
    r"(?P<sign>(?<![\w.)])[-−])?(?P<currency>[$€£])?(?<![\w.,/:])(?<![\w)]-)(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?![\d:]|[.,/-]\d)"
    r"(?:[ -]?(?P<scale>thousand|million|billion|trillion)\b)?"
    r"(?: ?(?P<percent>%|percent\b|per cent\b)|[ -]?(?P<unit>[°º]?[A-Za-z²³]+(?: [A-Za-z]+)?))?"
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number that stands at ``start:end`` of a text, with its unit: ``None`` where no known one follows."""

    number: str
    negative: bool
    scale: str
    unit: Unit | None
    unit_name: str
    start: int
    end: int


def quantities(text: str) -> Iterator[Quantity]:
    """Yield the numbers of a text, in order, with the units that certainly are ones."""
    for match in _QUANTITY.finditer(text):
        name = match["percent"] or match["unit"] or ""
        found = None
        end = match.end("scale") if match["scale"] else match.end("number")
        if match["currency"]:
            found, name = UNITS[match["currency"]], match["currency"]
        elif match["percent"]:
            found, end = PERCENT, match.end()
        elif name:
            for candidate in (name, name.split()[0]):
                if candidate in UNITS or candidate.casefold() in _FOLDED:
                    found, name, end = unit(candidate), candidate, match.start("unit") + len(candidate)
                    break
            else:
                name = ""
        yield Quantity(
            match["number"].replace(",", ""), bool(match["sign"]), match["scale"] or "", found, name, match.start(), end
        )
