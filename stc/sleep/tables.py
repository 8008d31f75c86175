"""What follows from tables whose columns are years: by how much each row changed, and its share of the total. Pure.

Read from the page's lines: in the text of a PDF a row's name often stands in the lines above its figures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from stc.sleep.deriving import Derived, percent, plainly
from stc.sleep.grammar import Casing
from stc.sleep.reading import Reading, readable
from stc.words import Evidence, Page

_YEAR = r"(?:FY ?|CY ?)?(?:19|20)\d\d"
_HEADER = re.compile(
    rf"{_YEAR}(?:\s+(?:Results?|Actuals?|Estimates?))?(?:\s+{_YEAR}(?:\s+(?:Results?|Actuals?|Estimates?))?)+"
)
_CELL = r"(?:\(?(?:\$ ?)?\d[\d,]*(?:\.\d+)?\)?%?[~*]?|[–—-]{1,2}\*?|N/?A\*?)"
_ROW = re.compile(rf"^(?P<label>.*?[^\W\d_].*? )?(?P<cells>{_CELL}(?:\s+{_CELL})+)(?=\s|$)")
_FIGURE = re.compile(r"((?:\$ ?)?\d[\d,]*(?:\.\d+)?)(%?)")
_CODE = re.compile(r"^(?:[A-Z]?\d+(?:\.\d+)*[A-Za-z]?|[A-Z])[.)]?(?:\s+|$)")
_POINTS = re.compile(r"\b(?:score|index|rating|rate|grade|rank|ratio|level)s?\b", re.IGNORECASE)
_TOTAL = re.compile(r"(?:grand |sub)?total\b(?: (?P<of>.+))?", re.IGNORECASE)
_PLAIN_FIRST = frozenset(
    "percent percentage number total average mean median index rate ratio share amount cost overall net gross annual "
    "other all count value volume level".split()
)
_LINES_ABOVE = 5
_LONGEST_LABEL = 16
_SHARES_PER_TABLE = 3
_FEWEST = 10
"""A change from less than this is not worth a percentage."""


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    text: str


@dataclass(frozen=True, slots=True)
class _Row:
    """``cells`` are (first, last) year's figures as written."""

    label: str
    quote: str
    start: int
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class _Table:
    page: int
    header: str
    first: str
    last: str
    rows: tuple[_Row, ...]


def derived(reading: Reading) -> Iterator[Derived]:
    """Yield what follows from a document's tables."""
    for page in reading.pages:
        for table in _tables(page):
            for row in table.rows:
                yield from _change(table, row, reading.casing)
            yield from _shares(table, reading.casing)


def _tables(page: Page) -> Iterator[_Table]:
    headers = [found for found in _HEADER.finditer(page.text) if _columns(found.group())]
    for number, header in enumerate(headers):
        columns = _columns(header.group())
        end = headers[number + 1].start() if number + 1 < len(headers) else len(page.text)
        line_end = page.text.find("\n", header.end())
        lines = list(_lines(page.text, len(page.text) if line_end < 0 else line_end + 1, end))
        backwards = _year(columns[0]) > _year(columns[-1])
        rows = tuple(_rows(page.text, lines, len(columns), backwards=backwards))
        quote = _as_far(header.group(), len(columns))
        first, last = (columns[-1], columns[0]) if backwards else (columns[0], columns[-1])
        if rows:
            yield _Table(page.number, quote, first, last, rows)


def _columns(header: str) -> list[str]:
    """Return the years of a header as far as they go up, or down, one by one; none where that is not a table's head."""
    years = [" ".join(found.split()) for found in re.findall(_YEAR, header)]
    kept = years[:1]
    for year in years[1:]:
        step = _year(year) - _year(kept[-1])
        if abs(step) != 1 or (len(kept) > 1 and step != _year(kept[-1]) - _year(kept[-2])):
            break
        kept.append(year)
    # Two years side by side stand in sentences, too.
    return kept if len(kept) >= 3 or (len(kept) == 2 and "\n" not in header and len(years) == 2) else []


def _as_far(header: str, count: int) -> str:
    return header[: list(re.finditer(_YEAR, header))[count - 1].end()]


def _year(column: str) -> int:
    return int(column[-4:])


def _lines(text: str, start: int, end: int) -> Iterator[_Line]:
    for line in text[start:end].splitlines(keepends=True):
        yield _Line(start, line.rstrip())
        start += len(line)


def _rows(text: str, lines: Sequence[_Line], count: int, *, backwards: bool) -> Iterator[_Row]:
    names: list[_Line] = []
    for line in lines:
        found = _ROW.match(line.text)
        cells = list(re.finditer(rf"{_CELL}(?=\s|$)", found["cells"])) if found else []
        if found is None or len(cells) < count:
            # A sentence ends a table; a code or a blank line a row's name.
            names = (
                [] if not line.text.strip() or _CODE.fullmatch(line.text.strip()) else [*names, line][-_LINES_ABOVE:]
            )
            continue
        own = (found["label"] or "").strip()
        code = _CODE.match(own)
        begin = line.start + line.text.find(own) + (code.end() if code else 0) if own else 0
        label = own[code.end() :] if code else own
        if not label and names:
            begin = names[0].start
            label = readable("\n".join(name.text for name in names))
        names = []
        last = line.start + found.start("cells") + cells[count - 1].end()
        one, other = (cells[place].group().rstrip("~*") for place in ((count - 1, 0) if backwards else (0, count - 1)))
        if _reads_as_label(label) and last - begin <= 400:
            yield _Row(label.rstrip(" .:"), text[begin:last], begin, one, other)


def _reads_as_label(label: str) -> bool:
    words = label.split()
    return (
        1 <= len(words) <= _LONGEST_LABEL
        and re.match(r"[A-Z][A-Za-z-]+", label) is not None
        and any(letter.islower() for letter in label)
        and not re.search(r"[|_=<>{}\\]|\.\s|\b(?:Table|Page|Figure)\b|\d{5,}|\?", label)
        and sum(letter.isalpha() or letter in " -,'’()" for letter in label) >= 0.85 * len(label)
    )


def _change(table: _Table, row: _Row, casing: Casing) -> Iterator[Derived]:
    one, other = _FIGURE.fullmatch(row.first), _FIGURE.fullmatch(row.last)
    if not one or not other or one[2] != other[2] or one[1].startswith("$") != other[1].startswith("$"):
        return
    a, b = _number(one[1]), _number(other[1])
    if a == b:
        return
    way = "Up" if b > a else "Down"
    high, low = (row.last, row.first) if b > a else (row.first, row.last)
    name = _named(row.label, casing)
    when = f"from {table.first} to {table.last}"
    if one[2]:
        points = plainly(abs(b - a))
        unit = "percentage points" if points != "1" else "percentage point"
        question, result = f"By how many percentage points did {name} change {when}?", f"{points} {unit}"
        formula = f"{high} - {low} = {result}"
    elif _POINTS.search(row.label):
        result = plainly(abs(b - a))
        question, formula = f"By how much did {name} change {when}?", f"{_bare(high)} - {_bare(low)} = {result}"
    elif a >= _FEWEST:
        result = percent(plainly(abs(b - a)), plainly(a))
        question = f"By what percentage did {name} change {when}?"
        formula = f"({_bare(high)} - {_bare(low)}) / {_bare(row.first)} = {result}"
    else:
        return
    small = b and abs(b - a) / max(a, b) < Decimal("0.01")
    about = "about " if result.endswith("%") else ""
    text = f"{way} by {about}{result}, from {_bare(row.first)} to {_bare(row.last)}."
    yield _noted(table, [row], question, text, formula, 0.3 if small else 0.7)


def _shares(table: _Table, casing: Casing) -> Iterator[Derived]:
    """The largest rows' shares of the total, where the rows add up to it."""
    total = next((row for row in table.rows if _TOTAL.match(row.label)), None)
    if total is None:
        return
    parts = table.rows[: table.rows.index(total)]
    figures = [(found, row) for row in parts if (found := _FIGURE.fullmatch(row.last)) and not found[2]]
    whole = _FIGURE.fullmatch(total.last)
    if whole is None or whole[2] or len(figures) < 2 or len(figures) != len(parts):
        return
    amount = _number(whole[1])
    if not amount or abs(sum(_number(found[1]) for found, _ in figures) - amount) > amount / 200:
        return
    of = (_TOTAL.match(total.label) or {"of": None})["of"]
    for found, row in sorted(figures, key=lambda pair: -_number(pair[0][1]))[:_SHARES_PER_TABLE]:
        share = percent(plainly(_number(found[1])), plainly(amount))
        question = f"What share of the total{f' {of}' if of else ''} was {_named(row.label, casing)} in {table.last}?"
        text = f"About {share}: {_bare(row.last)} of {_bare(total.last)}."
        yield _noted(table, [row, total], question, text, f"{_bare(row.last)} / {_bare(total.last)} = {share}", 0.65)


def _noted(table: _Table, rows: Sequence[_Row], question: str, text: str, formula: str, value: float) -> Derived:
    evidence = (*(Evidence(table.page, row.quote) for row in rows), Evidence(table.page, table.header))
    return Derived(question, text, formula, evidence, rows[0].start, value)


def _named(label: str, casing: Casing) -> str:
    """Return a row's label as it stands in a sentence: a row begins with a capital whether it is a name or not."""
    first, *others = label.split()
    if first.lower() in {"the", "a", "an"}:
        return f"{first.lower()} {' '.join(others)}"
    alone = first.istitle() and not casing.is_known_name(first) and not (others and others[0][0].isupper())
    if first.lower() in _PLAIN_FIRST or alone:
        return " ".join(["the", first.lower(), *others])
    return label if casing.is_name(first) else f"the {label}"


def _number(figure: str) -> Decimal:
    return Decimal(figure.replace("$", "").replace(",", "").strip())


def _bare(figure: str) -> str:
    return figure.replace("$ ", "$")
