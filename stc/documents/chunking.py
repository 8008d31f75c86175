"""Cut a document's pages into passages that fit the embedder's window. Pure.

The text is split into units (lines, and sentences inside long lines) that are never cut, unless one is too long by
itself. Where passages begin is then chosen for the document as a whole: the cheapest set of borders, where a border
costs more the more it tears apart and a passage costs more the further its length is from the aim.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from stc.documents import lines as layout
from stc.documents.lines import Line
from stc.words import Chunk, Page, Span

CountTokens = Callable[[str], int]

LIMIT = 254
"""Tokens that all-MiniLM-L6-v2 reads of a text, its two special ones aside."""

_AIM_SHARE = 0.7
"""Of the limit: about 180 tokens. Shorter passages are found more exactly, longer ones carry more around the answer."""
_HEADING_SHARE = 0.25
_PER_PASSAGE = 0.03
_MOST_CHARACTERS_PER_TOKEN = 10
_LINES_AT_ONCE = 200_000
"""Some 4,000 pages of a book; more are cut in parts, each without knowing the headings of the one before."""
_MANY_UNITS = 50_000
_TINY_TOKENS = 6

# What a border costs, in the unit of the length's cost: 1.0 is an empty passage.
_BEFORE_HEADING = -0.4
_BEFORE_GUESSED_HEADING = -0.25
_BETWEEN_PARAGRAPHS = 0.0
_BETWEEN_LINES = 0.12
_BETWEEN_SENTENCES = 0.18
_WITHIN_SENTENCE_AT_PAGE = 0.5
_WITHIN_SENTENCE_AT_LINE = 0.7
_WITHIN_SENTENCE_AT_CLAUSE = 0.9
_WITHIN_SENTENCE = 1.2
_WITHIN_WORD = 8.0
_AFTER_HEADING = 1.5
_BESIDE_RUNNING_LINE = 0.4

_SENTENCE = re.compile(r"[.!?…][\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9])|[。！？][”’」』）]*\s*")
_NO_END = re.compile(
    r"(?:\d+\.){2,}\s+$|^\s*\d+\.\s+$|\b(?:[A-Za-z]|Mr|Mrs|Ms|Dr|St|vs|No|Nos|Inc|Co|Fig|cf|pp|e\.g|i\.e|etc|al|Jr|Sr)\.\s+$"
)
_CLAUSE = re.compile(r"[,;:–—]\s+")
_WORD = re.compile(r"\S+\s*")


@dataclass(slots=True)
class _Unit:
    """Characters ``start:end`` of a page (by index). ``border``: what it costs to begin a passage here."""

    page: int
    start: int
    end: int
    tokens: int
    border: float
    path: str


def chunk(
    document_id: str,
    pages: Sequence[Page],
    count_embedder_tokens: CountTokens,
    *,
    limit: int = LIMIT,
    markdown: bool = False,
    count_tokens: CountTokens | None = None,
) -> list[Chunk]:
    """Return the document's passages in reading order; only white space of the pages is in none of them.

    Each one's ``embedded_text`` is at most ``limit`` tokens by ``count_embedder_tokens``. A word is cut only where it
    alone is over the limit. ``count_tokens`` gives ``Chunk.tokens``; without it they are the embedder's.
    """
    chunks: list[Chunk] = []
    for part in _parts(pages):
        found = layout.read(part, markdown=markdown)
        units, headings = _units(part, found, count_embedder_tokens, limit)
        units = _coarser(units)
        for first, after in _best_borders(units, headings, limit):
            for group in _fitting(part, units[first:after], count_embedder_tokens, headings, limit):
                chunks.append(
                    _chunk(document_id, len(chunks), part, group, headings, count_tokens or count_embedder_tokens)
                )
    return chunks


def _parts(pages: Sequence[Page]) -> Iterator[Sequence[Page]]:
    """Yield the pages in parts that are cut one after the other: nearly every document whole, an endless one in bounds."""
    first = lines = 0
    for position, page in enumerate(pages):
        lines += page.text.count("\n") + 1
        if lines > _LINES_AT_ONCE and position > first:
            yield pages[first:position]
            first, lines = position, page.text.count("\n") + 1
    yield pages[first:]


def _coarser(units: list[_Unit]) -> list[_Unit]:
    """Join neighbours where there are very many and tiny ones: lines of one letter each have no borders worth a search."""
    if len(units) <= _MANY_UNITS or sum(unit.tokens for unit in units) >= _TINY_TOKENS * len(units):
        return units
    joined: list[_Unit] = []
    for unit in units:
        last = joined[-1] if joined else None
        if last and last.tokens < 2 * _TINY_TOKENS and last.page == unit.page:
            joined[-1] = _Unit(last.page, last.start, unit.end, last.tokens + unit.tokens, last.border, last.path)
        else:
            joined.append(unit)
    return joined


def embedded_text(chunk: Chunk) -> str:
    """Return what is embedded and indexed for a passage: its heading, a line break, its text."""
    return _joined(chunk.heading, chunk.text)


def _joined(heading: str, text: str) -> str:
    return f"{heading}\n{text}" if heading else text


@dataclass(frozen=True, slots=True)
class _Heading:
    text: str
    tokens: int


def _units(
    pages: Sequence[Page], found: Sequence[Line], count: CountTokens, limit: int
) -> tuple[list[_Unit], dict[str, _Heading]]:
    units: list[_Unit] = []
    headings: dict[str, _Heading] = {"": _Heading("", 0)}
    for line, path, border in zip(found, layout.paths(found), _borders(found), strict=True):
        if path not in headings:
            headings[path] = _fit_heading(path, count, int(limit * _HEADING_SHARE))
        largest = max(1, limit - headings[path].tokens)
        units.extend(_line_units(pages[line.page].text, line, border, path, count, largest))
    return units, headings


def _fit_heading(path: str, count: CountTokens, most: int) -> _Heading:
    """Return the path, or the innermost part of it that takes at most ``most`` tokens, or nothing."""
    text = path
    while text and (tokens := count(text + "\n")) > most:
        text = text.partition(layout.PATH_SEPARATOR)[2] if layout.PATH_SEPARATOR in text else text.rpartition(" ")[0]
    return _Heading(text, tokens) if text else _Heading("", 0)


def _borders(found: Sequence[Line]) -> list[float]:
    """Return, per line, what it costs to begin a passage there.

    Headers stay with the text below them and footers with the text above: what lies between two pages' text is judged
    as if they weren't there, and the price stands at the first header.
    """
    costs: list[float] = []
    above: Line | None = None  # the last line that is no header or footer
    header: int | None = None  # the first header since then
    for position, line in enumerate(found):
        if line.running:
            costs.append(_BESIDE_RUNNING_LINE)
            if line.top and header is None:
                header = position
            continue
        cost = _border(above, line)
        if header is not None:
            costs[header] = cost
            cost = max(cost, 0.0) + _BESIDE_RUNNING_LINE
        costs.append(cost)
        above, header = line, None
    return costs


def _border(above: Line | None, line: Line) -> float:
    if above is None:
        return 0.0
    if line.joined:
        return _AFTER_HEADING
    deeper = line.level is None or above.level is None or line.level > above.level
    if (above.level is not None or above.joined) and deeper:
        return _AFTER_HEADING
    if line.level is not None:
        return _BEFORE_GUESSED_HEADING if line.guessed else _BEFORE_HEADING
    new_page = line.page != above.page
    if layout.runs_on(above, line):
        if above.text.endswith("-") and line.text[0].isalnum():
            return _WITHIN_WORD
        return _WITHIN_SENTENCE_AT_PAGE if new_page else _WITHIN_SENTENCE_AT_LINE
    if above.text.endswith(":"):
        return _WITHIN_SENTENCE_AT_LINE
    if line.empty_before or new_page or (layout.ends_sentence(above.text) and above.width < 0.75):
        return _BETWEEN_PARAGRAPHS
    return _BETWEEN_LINES


def _line_units(text: str, line: Line, border: float, path: str, count: CountTokens, largest: int) -> Iterator[_Unit]:
    """Yield one line's units: its sentences, and parts of those that are over ``largest`` tokens."""
    starts = [line.start]
    if not line.code:
        for match in _SENTENCE.finditer(text, line.start, line.end):
            if match.end() < line.end and not _NO_END.search(text[max(line.start, match.start() - 12) : match.end()]):
                starts.append(match.end())
    for start, end in zip(starts, [*starts[1:], line.end], strict=True):
        cost = border if start == line.start else _BETWEEN_SENTENCES
        yield from _small_enough(text, line.page, start, end, cost, path, count, largest)


def _weight(text: str, count: CountTokens) -> int:
    """Return the embedder's tokens, but at least one for ten characters: WordPiece makes one of a word over 100."""
    return max(count(text), len(text) // _MOST_CHARACTERS_PER_TOKEN)


def _without_white_space(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    start += len(part) - len(part.lstrip())
    return start, max(start, end - len(part) + len(part.rstrip()))


def _small_enough(
    text: str, page: int, start: int, end: int, border: float, path: str, count: CountTokens, largest: int
) -> Iterator[_Unit]:
    """Yield ``start:end`` whole where it is at most ``largest`` tokens, else in clauses, words or pieces of words."""
    start, end = _without_white_space(text, start, end)
    if start == end:
        return
    tokens = _weight(text[start:end], count)
    if tokens <= largest or end - start <= 1:
        yield _Unit(page, start, end, tokens, border, path)
        return
    for pattern, cost in ((_CLAUSE, _WITHIN_SENTENCE_AT_CLAUSE), (_WORD, _WITHIN_SENTENCE)):
        cuts = [match.end() for match in pattern.finditer(text, start, end) if match.end() < end]
        if cuts:
            middle = (start + end) / 2
            cut = min(cuts, key=lambda place: abs(place - middle))
            # Halving keeps the counting at n log n; a cut near the edge would not.
            if cost == _WITHIN_SENTENCE or 0.2 <= (cut - start) / (end - start) <= 0.8:
                break
    else:
        cut, cost = (start + end) // 2, _WITHIN_WORD
    yield from _small_enough(text, page, start, cut, border, path, count, largest)
    yield from _small_enough(text, page, cut, end, cost, path, count, largest)


def _best_borders(units: Sequence[_Unit], headings: dict[str, _Heading], limit: int) -> list[tuple[int, int]]:
    """Return (first, after last) of each passage, such that the sum of all costs is the least."""
    aim = limit * _AIM_SHARE
    room = limit - aim
    before = [0]
    for unit in units:
        before.append(before[-1] + unit.tokens)
    best = [0.0] * (len(units) + 1)
    chosen = [0] * (len(units) + 1)
    fixed = [headings[unit.path].tokens - before[i] for i, unit in enumerate(units)]
    border = [unit.border + _PER_PASSAGE for unit in units]
    for after in range(1, len(units) + 1):
        least = float("inf")
        first = after - 1
        total_after = before[after]
        while first >= 0:
            tokens = total_after + fixed[first]
            # Tokens grow as the passage begins earlier, but for a longer heading of the unit that it begins with.
            if total_after - before[first] > limit and first < after - 1:
                break
            if tokens <= limit or first == after - 1:
                off = (aim - tokens) / aim if tokens < aim else 0.6 * (tokens - aim) / room
                cost = best[first] + border[first] + off * off
                if cost < least:
                    least, chosen[after] = cost, first
            first -= 1
        best[after] = least
    spans = []
    after = len(units)
    while after > 0:
        spans.append((chosen[after], after))
        after = chosen[after]
    return spans[::-1]


def _fitting(
    pages: Sequence[Page], units: Sequence[_Unit], count: CountTokens, headings: dict[str, _Heading], limit: int
) -> Iterator[Sequence[_Unit]]:
    """Yield the units as one passage, or in parts where the exact count is over the limit after all.

    The parts' counts add up to the whole's where tokens don't reach over white space, as in WordPiece; other tokenizers
    may join or split at the seams.
    """
    heading = headings[units[0].path].text
    if count(_joined(heading, _text(pages, units))) <= limit:
        yield units
    elif len(units) > 1:
        middle = min(range(1, len(units)), key=lambda i: (units[i].border, abs(i - len(units) / 2)))
        yield from _fitting(pages, units[:middle], count, headings, limit)
        yield from _fitting(pages, units[middle:], count, headings, limit)
    else:
        unit = units[0]
        text = pages[unit.page].text
        bare = "" if count(_joined(heading, text[unit.start : unit.start + 1])) > limit else unit.path
        if unit.end - unit.start <= 1:
            yield [_Unit(unit.page, unit.start, unit.end, unit.tokens, unit.border, "")]
            return
        smaller = max(1, unit.tokens // 2)
        parts = list(_small_enough(text, unit.page, unit.start, unit.end, unit.border, bare, count, smaller))
        for part in parts:
            yield from _fitting(pages, [part], count, headings, limit)


def _spans(units: Sequence[_Unit]) -> list[tuple[int, int, int]]:
    """Return (page index, start, end) per page that the units touch."""
    spans: list[tuple[int, int, int]] = []
    for unit in units:
        if spans and spans[-1][0] == unit.page:
            spans[-1] = (unit.page, spans[-1][1], unit.end)
        else:
            spans.append((unit.page, unit.start, unit.end))
    return spans


def holder(page: int, quote: str, chunks: Iterable[Chunk]) -> str | None:
    """Return the id of the passage that holds a verbatim quote of a page whole, ``None`` where none does."""
    return next(
        (chunk.id for chunk in chunks if chunk.page_start <= page <= chunk.page_end and quote in chunk.text), None
    )


def _text(pages: Sequence[Page], units: Sequence[_Unit]) -> str:
    return "\n".join(pages[page].text[start:end] for page, start, end in _spans(units))


def _chunk(
    document_id: str,
    ordinal: int,
    pages: Sequence[Page],
    units: Sequence[_Unit],
    headings: dict[str, _Heading],
    count_tokens: CountTokens,
) -> Chunk:
    text = _text(pages, units)
    spans = tuple(Span(pages[page].number, start, end) for page, start, end in _spans(units))
    return Chunk(
        id=f"{document_id}-{ordinal}",
        document_id=document_id,
        ordinal=ordinal,
        page_start=spans[0].page,
        page_end=spans[-1].page,
        heading=headings[units[0].path].text,
        text=text,
        tokens=count_tokens(text),
        spans=spans,
    )
