"""What follows from a form: time between its dates, weekdays, differences and shares of its figures, other units. Pure.

General over forms: it knows dates, units and what words such as "total", "last" and "start" mean, and no form's labels.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from itertools import combinations

from stc.sleep import fields, quantities
from stc.sleep.deriving import Derived, percent, plainly
from stc.sleep.quantities import UNITS, WEEKDAYS, Dated, Quantity, Timed
from stc.sleep.reading import Reading, Statement
from stc.words import Evidence

_EVENTS = (
    "accident incident crash collision fire explosion attack storm hurricane earthquake flood outbreak spill outage breach "
    "theft election meeting hearing trial inspection audit survey visit delivery purchase order payment launch mission "
    "experiment surgery operation admission examination interview transaction loss transfer conference event"
).split()
"""What the date of a document may be the date of."""
_BARE_DATE = re.compile(r"(?:date|day)(?:(?: and| or) (?:local )?time)?|when", re.IGNORECASE)
_DATE_OF = re.compile(r"(?:date|day|time)(?:(?: or | and )[a-z]+)* of (?:the )?")
_STARTS = frozenset(
    "start started begin beginning began opening opened departure take-off takeoff from commencement issue entry onset".split()
)
_ENDS = frozenset(
    "end ended ending closing closed arrival landing until to completion completed expiration expiry due exit".split()
)
_SPAN = re.compile(r"\b(?:start|end|effective|expir|valid|publi|revis|report|issue|updat|from|until|due)")
"""Of such a date nobody asks on what day of the week it was."""
_OPPOSITES = (
    ("gross", "net"),
    ("highest", "lowest"),
    ("high", "low"),
    ("maximum", "minimum"),
    ("budget", "actual"),
    ("budgeted", "actual"),
    ("planned", "actual"),
    ("target", "actual"),
    ("estimated", "actual"),
    ("projected", "actual"),
    ("requested", "enacted"),
    ("revenue", "expenses"),
    ("revenues", "expenses"),
    ("revenue", "costs"),
    ("income", "expenses"),
    ("receipts", "outlays"),
    ("assets", "liabilities"),
    ("ending", "beginning"),
    ("closing", "opening"),
    ("after", "before"),
)
_WHOLE = re.compile(r"(?:total|all|overall|combined|altogether)\b", re.IGNORECASE)
_RECENT = re.compile(r"((?:in the )?(?:last|past|previous|prior)) (\d+) (hour|day|week|month|year)s?", re.IGNORECASE)
_ITEM = re.compile(r"\s*[,;]?\s*\(([^():]{3,60})\)")
_PAIR = re.compile(r"\s*/\s*")
_CONVERTED = {
    "ft": ("m", "meters"),
    "mi": ("km", "kilometers"),
    "lb": ("kg", "kilograms"),
    "kt": ("mph", "miles per hour"),
}
_LONGEST_LABEL = 6
_DAYS_UP_TO = 400
_MONTHS_FROM = 120
"""Days. What lies further back is counted in months: readers ask so, and forms give the first of a month for it."""


@dataclass(frozen=True, slots=True)
class _Value:
    """What stands behind a label: a date, a time, a quantity, each only where the value begins with it. ``quote`` is label
    and value as on the page."""

    name: str
    """The label as it stands in a sentence."""
    page: int
    start: int
    quote: str
    day: Dated | None = None
    at: Timed | None = None
    amounts: tuple[Quantity, ...] = ()
    text: str = ""
    """The line with the value, to which the places of ``day``, ``at`` and ``amounts`` refer."""
    heading: str = ""

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.page, self.quote)

    def written(self, part: Dated | Timed | Quantity) -> str:
        return self.text[part.start : part.end].strip(" .,")


def derived(reading: Reading) -> Iterator[Derived]:
    """Yield what follows from a document's forms."""
    form = _Form(reading)
    yield from form.dates()
    yield from form.times()
    yield from form.lists()
    yield from form.pairs()
    yield from form.conversions()


class _Form:
    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.day_first = quantities.day_first(page.text for page in reading.pages)

    @cached_property
    def values(self) -> list[_Value]:
        """The values of labels that stand once in the document, always with the same value, or once under each heading."""
        lines, known = fields.form_lines(self.reading.statements)
        found = []
        for statement, likely in lines:
            flat = re.sub(r"\s", " ", statement.quote)
            for label, start, after, end in fields.spans(flat, known):
                name = fields.in_sentence(label.strip(" .#"), self.reading.casing)
                if not name or len(name.split()) > _LONGEST_LABEL or (" " not in name and _in_the_middle(flat, start)):
                    continue
                value = self._value(name, statement, flat, start, after, end)
                # A date behind a colon is a field's wherever it stands.
                if value is not None and (likely(label) or (value.day is not None and start == 0)):
                    found.append(value)
        return list(_told_apart(found))

    def _value(self, name: str, statement: Statement, flat: str, start: int, after: int, end: int) -> _Value | None:
        begin = after + len(flat[after:end]) - len(flat[after:end].lstrip())
        day = next((item for item in quantities.dates(flat, day_first=self.day_first) if item.start == begin), None)
        behind = begin if day is None else day.end
        at = next(
            (item for item in quantities.times(flat) if item.start < end and _joins(flat[behind : item.start])), None
        )
        amounts: list[Quantity] = []
        if day is None and at is None:
            place = begin
            for item in quantities.quantities(flat):
                if (
                    place <= item.start < end
                    and item.unit is not None
                    and (item.start == place or (amounts and _PAIR.fullmatch(flat[place : item.start])))
                ):
                    amounts.append(item)
                    place = item.end
        parts: list[Dated | Timed | Quantity] = [part for part in (day, at, *amounts) if part is not None]
        if not parts:
            return None
        last = max(part.end for part in parts)
        quote = statement.quote[start:last]
        heading = statement.heading.rpartition(" > ")[2]
        return _Value(name, statement.page, statement.start + start, quote, day, at, tuple(amounts), flat, heading)

    # Dates

    @cached_property
    def anchor(self) -> _Value | None:
        """The date that the document is about: the first that is labelled as a date."""
        dated = [value for value in self.values if value.day is not None]
        return next((value for value in dated if re.search(r"\b(?:date|day)\b", value.name)), None)

    @cached_property
    def event(self) -> str:
        """What happened at the anchor ("the accident"), "" where only the label tells."""
        if self.anchor is None:
            return ""
        told = _DATE_OF.match(self.anchor.name)
        if told:
            return f"the {self.anchor.name[told.end() :]}"
        if not _BARE_DATE.fullmatch(self.anchor.name):
            return ""
        text = "\n".join(page.text for page in self.reading.pages).lower()
        # A label ("Payment Date:") names another thing than what happened.
        counts = Counter(re.findall(rf"\b({'|'.join(_EVENTS)})\b(?![^:\n]{{0,24}}:)", text))
        noun, count = counts.most_common(1)[0] if counts else ("", 0)
        return f"the {noun}" if count >= 2 else ""

    @property
    def _anchor_name(self) -> str:
        if self.event or self.anchor is None:
            return self.event
        return "the document's date" if _BARE_DATE.fullmatch(self.anchor.name) else f"the {self.anchor.name}"

    def dates(self) -> Iterator[Derived]:
        """Weekdays and the time between dates."""
        anchor = self.anchor
        if anchor is None or anchor.day is None:
            return
        day = anchor.day.value
        written = anchor.written(anchor.day)
        if not _SPAN.search(anchor.name):
            asked = f"did {self.event} happen" if self.event else f"was {self._anchor_name}"
            weekday = WEEKDAYS[day.weekday()]
            formula = f"weekday({day}) = {weekday}"
            yield _derived(f"On what day of the week {asked}?", f"{weekday} ({written}).", formula, [anchor], 1.0)
        discount: Counter[bool] = Counter()
        for other in self.values:
            if other.day is None or other is anchor or other.day.value == day:
                continue
            if _SPAN.search(anchor.name) and not set(other.name.split()) & _ENDS:
                continue
            if re.search(r"\bend\b", other.name) and (other.day.value + timedelta(days=1)).day == day.day:
                continue  # whether the last day counts makes a month
            later = other.day.value > day
            value = (0.95 if later else 0.9) * 0.85 ** discount[later]
            discount[later] += 1
            yield self._between(anchor, other, later, value)

    def _between(self, anchor: _Value, other: _Value, later: bool, value: float) -> Derived:
        assert anchor.day is not None
        assert other.day is not None
        first, last = (anchor, other) if later else (other, anchor)
        assert first.day is not None
        assert last.day is not None
        days = (last.day.value - first.day.value).days
        name = _DATE_OF.sub("", other.name)
        months = quantities.months_between(first.day.value, last.day.value)
        long = days > _DAYS_UP_TO if later else days > _MONTHS_FROM or (other.day.value.day == 1 and months >= 1)
        if not long:
            unit, result = "days", days
        elif months >= 60:
            unit, result = "years", months // 12
        else:
            unit, result = "months", months
        shown = f"{result} {unit if result != 1 else unit[:-1]}"
        asked = unit if unit == "days" else f"full {unit}"
        where = f"{'after' if later else 'before'} {self._anchor_name}"
        return _derived(
            f"How many {asked} {where} was the {name}?",
            f"{shown}: from {first.written(first.day)} to {last.written(last.day)}.",
            f"{unit}({first.day.value}, {last.day.value}) = {shown}",
            [first, last] if later else [last, first],
            value,
        )

    # Times

    def times(self) -> Iterator[Derived]:
        """The time between the anchor's and other times of the same day."""
        timed = [value for value in self.values if value.at is not None]
        yield from _from_start_to_end(timed)
        main = next((value for value in timed if value is self.anchor), None)
        if main is None or main.at is None:
            return
        for other in timed:
            assert other.at is not None
            if other is main or (other.day is not None and main.day is not None and other.day.value != main.day.value):
                continue
            if other.at.zone and main.at.zone and other.at.zone.lower() != main.at.zone.lower():
                continue
            name = re.sub(r" time$", "", _DATE_OF.sub("", other.name))
            minutes = _minutes(other.at.value, main.at.value)
            if name in {"time", "date"} or not 0 < abs(minutes) <= 12 * 60:
                continue
            first, last = (other, main) if minutes > 0 else (main, other)
            assert first.at is not None
            assert last.at is not None
            shown = f"{abs(minutes)} minute{'s' if abs(minutes) != 1 else ''}"
            event = self.event or f"the {main.name}"
            asked = f"after {name} did {event} happen" if minutes > 0 else f"after {event} was the {name}"
            if not self.event and minutes > 0:
                asked = f"after {name} was {event}"
            between = set(name.split()) & (_STARTS | _ENDS)
            yield _derived(
                f"How many minutes {asked}?",
                f"{shown}: from {first.written(first.at)} to {last.written(last.at)}.",
                f"minutes({first.at.value:%H:%M}, {last.at.value:%H:%M}) = {shown}",
                [first, last],
                0.95 if between else 0.45,
            )

    # Figures

    def lists(self) -> Iterator[Derived]:
        """Shares and differences in "11000 hours (total), 240 hours (this model), 40 hours (last 30 days)"."""
        lines, known = fields.form_lines(self.reading.statements)
        found: list[tuple[str, list[_Item], Statement, int]] = []
        for statement, likely in lines:
            flat = re.sub(r"\s", " ", statement.quote)
            for label, start, after, end in fields.spans(flat, known):
                items = [
                    _Item(item, told.group(1), told.end())
                    for item in quantities.quantities(flat)
                    if after <= item.start < end and item.unit is not None and (told := _ITEM.match(flat, item.end))
                ]
                if likely(label) and len(items) >= 2:
                    found.append((fields.in_sentence(label, self.reading.casing), items, statement, start))
        often = Counter(name for name, *_ in found)
        for name, items, statement, start in found:
            heading = statement.heading.rpartition(" > ")[2]
            told_apart = f"{name} ({heading})" if often[name] > 1 and heading else name
            yield from self._of_list(told_apart, items, statement, start)

    def _of_list(self, name: str, items: Sequence[_Item], statement: Statement, start: int) -> Iterator[Derived]:
        for one, other in combinations(items, 2):
            quote = statement.quote[start : max(one.end, other.end)]
            value = _Value(name, statement.page, statement.start + start, quote)
            at = _differing(one.facets, other.facets)
            if at is None or one.amount.unit != other.amount.unit:
                continue
            a, b = one.facets[at], other.facets[at]
            recent = _RECENT.fullmatch(a), _RECENT.fullmatch(b)
            if recent[0] and recent[1]:
                yield from self._recent(value, one, other, recent[0], recent[1])
            elif _WHOLE.match(a) and not _WHOLE.match(b):
                yield from self._part(value, one, other, b)
            elif _WHOLE.match(b) and not _WHOLE.match(a):
                yield from self._part(value, other, one, a)

    def _part(self, value: _Value, whole: _Item, part: _Item, facet: str) -> Iterator[Derived]:
        total, some, unit = whole.amount, part.amount, whole.amount.unit_name
        if Decimal(total.number) < Decimal(some.number) or not Decimal(total.number):
            return
        own = facet.lower().startswith("this ")
        facet = fields.in_sentence(facet, self.reading.casing)
        wanted = 0.95 if own else 0.6
        if _RECENT.fullmatch(facet):
            facet, wanted = f"in the {facet}", 0.4
        share = percent(some.number, total.number)
        if share == "0%" and not own:
            return
        among = f"in {facet}" if own else facet
        yield _derived(
            f"What share of the total {value.name} was {among}?",
            f"About {share}: {some.number} of {total.number} {unit}.",
            f"{some.number} {unit} / {total.number} {unit} = {share}",
            [value],
            wanted,
        )
        if own:
            rest = plainly(Decimal(total.number) - Decimal(some.number))
            yield _derived(
                f"How many {unit.lower()} of {value.name} were not in {facet}, but in others?",
                f"{rest} {unit}: {total.number} less {some.number}.",
                f"{total.number} {unit} - {some.number} {unit} = {rest} {unit}",
                [value],
                wanted,
            )

    def _recent(
        self, value: _Value, one: _Item, other: _Item, told: re.Match[str], also: re.Match[str]
    ) -> Iterator[Derived]:
        if told[3].lower() != also[3].lower():
            return
        long, short = (one, other) if int(told[2]) > int(also[2]) else (other, one)
        far, near = sorted((int(told[2]), int(also[2])), reverse=True)
        difference = Decimal(long.amount.number) - Decimal(short.amount.number)
        if difference < 0 or far == near:
            return
        unit, period = long.amount.unit_name, f"{told[3].lower()}s"
        before = f" {self._anchor_name}" if self._anchor_name else ""
        yield _derived(
            f"How many {unit.lower()} of {value.name} were between {far} and {near} {period} before{before}?",
            f"{plainly(difference)} {unit}: {long.amount.number} less {short.amount.number}.",
            f"{long.amount.number} {unit} - {short.amount.number} {unit} = {plainly(difference)} {unit}",
            [value],
            0.9,
        )

    def pairs(self) -> Iterator[Derived]:
        """Differences of what belongs together: two temperatures of one field, gross and net, opening and closing."""
        for value in self.values:
            if len(value.amounts) != 2:
                continue
            parts = value.name.split(" or ")
            one, other = value.amounts
            if len(parts) == 2 and one.unit == other.unit and one.unit in _TEMPERATURES:
                yield _difference(parts[0], parts[1], value, one, value, other, 0.9)
        amounts = {value.name: value for value in self.values if len(value.amounts) == 1}
        for name, value in amounts.items():
            for word, opposite in _OPPOSITES:
                pattern = rf"\b{word}\b"
                against = amounts.get(re.sub(pattern, opposite, name)) if re.search(pattern, name) else None
                if against is not None and against.amounts[0].unit == value.amounts[0].unit:
                    yield _difference(name, against.name, value, value.amounts[0], against, against.amounts[0], 0.85)

    def conversions(self) -> Iterator[Derived]:
        """Temperatures on the other scale, and other measures in the units of other countries."""
        for value in self.values:
            parts = value.name.split(" or ")
            for position, amount in enumerate(value.amounts):
                if len(parts) > len(value.amounts) and not _PAIR.match(value.text, amount.end):
                    continue  # which of the two it is
                name = parts[position] if position < len(parts) else value.name
                if amount.unit in _TEMPERATURES:
                    target, named = _TEMPERATURES[amount.unit]
                    wanted = 0.9 if position == 0 else 0.3
                else:
                    found = next((to for unit, to in _CONVERTED.items() if UNITS[unit] == amount.unit), None)
                    if found is None or position or Decimal(amount.number) < 2:
                        continue
                    target, named = found
                    wanted = 0.25
                result = _convert(amount, target)
                written = f"{'-' if amount.negative else ''}{amount.number}"
                shown = f"{result}{target}" if target.startswith("°") else f"{result} {target}"
                yield _derived(
                    f"What was the {name} in {named}?",
                    f"{shown} ({value.written(amount)}).",
                    f"convert({written} {amount.unit_name}) = {shown}",
                    [value],
                    wanted,
                )


@dataclass(frozen=True, slots=True)
class _Item:
    """One figure of a list, with what stands in brackets behind it; ``end`` is behind the bracket."""

    amount: Quantity
    told: str
    end: int

    @property
    def facets(self) -> list[str]:
        return [facet.strip() for facet in self.told.split(",")]


def _from_start_to_end(timed: Sequence[_Value]) -> Iterator[Derived]:
    """ "Opening time" and "closing time" of the same: the time between."""
    for first, last in combinations(timed, 2):
        if (key := _without(first.name, _STARTS)) is None or key != _without(last.name, _ENDS):
            continue
        if first.at is None or last.at is None:
            continue
        minutes = _minutes(first.at.value, last.at.value)
        same_day = first.day is None or last.day is None or first.day.value == last.day.value
        if minutes <= 0 or not same_day or first.at.zone.lower() != last.at.zone.lower():
            continue
        hours = minutes % 60 == 0
        unit = "hour" if hours else "minute"
        result = f"{minutes // 60 if hours else minutes} {unit}s".removesuffix(
            "s" if minutes == (60 if hours else 1) else ""
        )
        yield _derived(
            f"How many {unit}s passed between the {first.name} and the {last.name}?",
            f"{result}: from {first.written(first.at)} to {last.written(last.at)}.",
            f"{unit}s({first.at.value:%H:%M}, {last.at.value:%H:%M}) = {result}",
            [first, last],
            0.85,
        )


def _without(name: str, words: frozenset[str]) -> str | None:
    """Return a label without its word for a start or an end, ``None`` where it has none."""
    kept = [word for word in name.split() if word not in words]
    return " ".join(kept) if len(kept) < len(name.split()) else None


def _told_apart(found: Sequence[_Value]) -> Iterator[_Value]:
    """Yield each label's value; of a label with several, each with its heading, where that tells them apart."""
    by_name: defaultdict[str, dict[str, _Value]] = defaultdict(dict)
    for value in found:
        by_name[value.name].setdefault(value.quote, value)
    for name, values in by_name.items():
        headings = {value.heading for value in values.values()}
        if len(values) == 1:
            yield from values.values()
        elif len(headings) == len(values) and "" not in headings:
            yield from (replace(value, name=f"{name} ({value.heading})") for value in values.values())


_TEMPERATURES = {
    UNITS["°C"]: ("°F", "degrees Fahrenheit"),
    UNITS["°F"]: ("°C", "degrees Celsius"),
}


def _derived(question: str, text: str, formula: str, values: Sequence[_Value], wanted: float) -> Derived:
    evidence = tuple(dict.fromkeys(value.evidence for value in values))
    return Derived(question, text, formula, evidence, values[0].start, wanted)


def _difference(
    name: str, against: str, value: _Value, one: Quantity, other_value: _Value, other: Quantity, wanted: float
) -> Derived:
    unit = one.unit_name
    a, b = (Decimal(f"{'-' if item.negative else ''}{item.number}") for item in (one, other))
    space = "" if unit.startswith("°") else " "
    shown = f"{plainly(a - b)}{space}{unit}"
    degrees = f" in {'degrees Celsius' if one.unit == UNITS['°C'] else 'degrees Fahrenheit'}" if not space else ""
    return _derived(
        f"What was the difference between {name} and {against}{degrees}?",
        f"{shown}: {value.written(one)} less {other_value.written(other)}.",
        f"{a} {unit} - {f'({b} {unit})' if b < 0 else f'{b} {unit}'} = {shown}",
        [value, other_value],
        wanted,
    )


def _in_the_middle(line: str, start: int) -> bool:
    """Tell whether a label of one word follows other words, so that it may be only the end of one."""
    return re.search(r"[^\W\d_] $", line[:start]) is not None


def _joins(between: str) -> bool:
    return between.strip(" ,") in {"", "at", "/", "-"}


def _differing(one: Sequence[str], other: Sequence[str]) -> int | None:
    """Return the one place where two lists of facets differ."""
    places = [place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a.lower() != b.lower()]
    return places[0] if len(one) == len(other) and len(places) == 1 else None


def _minutes(first: time, last: time) -> int:
    return (last.hour - first.hour) * 60 + last.minute - first.minute


def _convert(amount: Quantity, target: str) -> str:
    number = Decimal(f"{'-' if amount.negative else ''}{amount.number}")
    if target == "°F":
        exact = number * 9 / 5 + 32
    elif target == "°C":
        exact = (number - 32) * 5 / 9
    else:
        assert amount.unit is not None
        ratio = amount.unit.factor / UNITS[target].factor
        exact = number * ratio.numerator / ratio.denominator
    places = 0 if target.startswith("°") or exact >= 100 else 1
    return plainly(exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))
