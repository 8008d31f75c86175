"""Pages as lines, and which of those lines are headings or stand on every page. Pure.

Text from a PDF has no mark-up and mostly no empty lines, so all of this is judged from the lines themselves. It errs on
the side of no heading: a wrong one misleads every passage below it, a missing one only leaves it out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from stc.words import Page

MAX_HEADING_CHARACTERS = 100
PATH_SEPARATOR = " > "
_MAX_PATH_CHARACTERS = 120
_GUESS_LASTS_PAGES = 3
"""A heading known only by its looks stops counting after so many pages without another."""
_MANY_TIMES = 4
"""A title-like line that comes more often than this is a form's label."""

_WORD_LEVEL = 1
_CAPITALS_LEVEL = 20
_UPPER_TITLE_LEVEL = 21
_TITLE_LEVEL = 22


@dataclass(slots=True)
class Line:
    """Characters ``start:end`` of one page, without surrounding white space. ``width``: how far it reaches to the right
    compared with the page's long lines, 1.0 being one of them."""

    page: int  # index into the pages, from 0
    start: int
    end: int
    text: str
    empty_before: bool
    width: float = 1.0
    running: bool = False  # a header or footer
    top: bool = False  # of those, a header: only others of its kind stand above it
    level: int | None = None  # of a heading, smaller is higher
    heading: str = ""
    joined: bool = False  # belongs to the heading above it
    code: bool = False  # inside a Markdown fence

    @property
    def guessed(self) -> bool:
        return self.level is not None and self.level >= _CAPITALS_LEVEL


_LINE = re.compile(r"[^\n]+")
_DIGITS = re.compile(r"\d+")
_FENCE = re.compile(r"(```|~~~)")
_MARKDOWN = re.compile(r"(#{1,6})[ \t]+(\S.*?)(?:[ \t]+#+)?$")
_UNDERLINE = re.compile(r"(=+|-{2,})$")

_LEADERS = re.compile(r"(?:\.\s?){4,}|…{2,}|_{4,}")
_NUMBER_ONLY = re.compile(r"\d{1,3}(?:\.\d{1,3}){2,}\.?$")
_DATE_ONLY = re.compile(r"\(?\d{1,4}[-./]\d{1,2}[-./]\d{1,4}\)?$")
_NUMBERED = re.compile(r"(?:[A-Z][a-z]+ ?)?(\d{1,3}(?:\.\d{1,3}){1,5})[.:]?\s+([A-Z(“\"].*)$")
_SINGLE_NUMBER = re.compile(r"(\d{1,2}|[IVX]{1,6}|[A-H])\.\s+([A-Z(“\"].*)$")
_NAMED = re.compile(
    r"(part|book|volume|chapter|section|article|appendix|annex|exhibit|schedule)\s+"
    r"(?:\d+(?:[.-]\d+)*|[IVXLC]+|[A-Z]|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen)"
    r"\b(?P<rest>.*)$",
    re.IGNORECASE,
)
_ENDS_SENTENCE = re.compile(r"[.!?…。！？:;][\"'”’)\]]*$")
_BULLET = re.compile(r"(?:[•●▪■◦‣∙·*–—-]|\(?[0-9a-zA-Z]{1,3}[.)]|\([0-9a-zA-Z]{1,3}\))\s")
_LABEL_VALUE = re.compile(r"\S[^:]{0,60}:\s")
_COLUMNS = re.compile(r"\t|\S {3,}\S")
_SMALL_WORDS = frozenset("a an and as at by for from in into nor of on or the to via vs with & - –".split())


def read(pages: Sequence[Page], *, markdown: bool) -> list[Line]:
    """Return the lines of all pages that are not empty, in order, with their marks. ``markdown``: headings have marks of
    their own there, and are not told by their looks."""
    lines = _split(pages)
    _mark_running(lines, len(pages))
    if markdown:
        _mark_markdown_headings(lines)
    else:
        _mark_headings(lines)
    return lines


def _split(pages: Sequence[Page]) -> list[Line]:
    lines: list[Line] = []
    for index, page in enumerate(pages):
        end_before = 0
        on_page = []
        for match in _LINE.finditer(page.text):
            text = match[0].strip()
            if not text:
                continue
            start = match.start() + match[0].index(text[0])
            empty_before = page.text.count("\n", end_before, start) > 1
            on_page.append(Line(index, start, start + len(text), text, empty_before))
            end_before = start + len(text)
        if on_page:
            lengths = sorted(len(line.text) for line in on_page)
            usual = max(40, lengths[int(0.9 * (len(lengths) - 1))])
            for line in on_page:
                line.width = len(line.text) / usual
        lines.extend(on_page)
    return lines


def _mark_running(lines: Sequence[Line], page_count: int) -> None:
    """Mark headers and footers: lines that, numbers aside, stand at the edge of a third of the pages."""
    if page_count < 3:
        return
    edges: dict[int, list[Line]] = {}
    for line in lines:
        edges.setdefault(line.page, []).append(line)
    seen: Counter[str] = Counter()
    candidates = []
    for on_page in edges.values():
        edge = on_page[:4] + on_page[4:][-4:]
        candidates.extend(edge)
        seen.update({_DIGITS.sub("#", line.text) for line in edge})
    often = max(3, page_count // 3)
    for line in candidates:
        line.running = seen[_DIGITS.sub("#", line.text)] >= often
    for on_page in edges.values():
        for line in on_page:
            if not line.running:
                break
            line.top = True


def _mark_markdown_headings(lines: Sequence[Line]) -> None:
    fence = ""
    for position, line in enumerate(lines):
        mark = _FENCE.match(line.text)
        if mark and (not fence or line.text.startswith(fence)):
            fence = "" if fence else mark[1]
            line.code = True
            continue
        if fence:
            line.code = True
        elif match := _MARKDOWN.match(line.text):
            line.level, line.heading = len(match[1]), _short(match[2])
        elif _UNDERLINE.match(line.text) and position and not line.empty_before and not line.code:
            above = lines[position - 1]
            alone = above.empty_before or position == 1
            if alone and above.level is None and not above.code and len(above.text) <= MAX_HEADING_CHARACTERS:
                above.level, above.heading = (1 if line.text[0] == "=" else 2), _short(above.text)
                line.joined = True


def _mark_headings(lines: Sequence[Line]) -> None:
    """Mark the headings of text without mark-up."""
    position = 0
    while position < len(lines):
        position += _mark_at(lines, position)
    looks = [
        line.level is None and not line.joined and not line.running and _looks_like_title(line.text) for line in lines
    ]
    times = Counter(line.text for line, title in zip(lines, looks, strict=True) if title)
    for position, line in enumerate(lines):
        if not looks[position] or times[line.text] > _MANY_TIMES:
            continue
        if _two_titles(lines, looks, position):
            line.level, line.heading = _UPPER_TITLE_LEVEL, _short(line.text)
            below = lines[position + 1]
            below.level, below.heading = _TITLE_LEVEL, _short(below.text)
        elif line.level is None and _stands_alone(lines, looks, position):
            capitals = line.text.upper() == line.text
            line.level, line.heading = (_CAPITALS_LEVEL if capitals else _TITLE_LEVEL), _short(line.text)


def paths(lines: Sequence[Line]) -> list[str]:
    """Return, per line, the headings in force there joined by " > ", the innermost last.

    A heading's own line has itself and the lower ones directly below it, a header what the text below it has.
    """
    found = []
    stack: list[Line] = []
    path = ""
    for line in lines:
        if line.level is not None:
            while stack and (stack[-1].level or 0) >= line.level:
                stack.pop()
            stack.append(line)
            path = _path(stack)
        elif stack and stack[-1].guessed and line.page - stack[-1].page > _GUESS_LASTS_PAGES:
            stack = [above for above in stack if not above.guessed]
            path = _path(stack)
        found.append(path)
    for position in range(len(lines) - 2, -1, -1):
        line, below = lines[position : position + 2]
        upper, lower = _heading_level(lines, position), below.level
        above_lower = below.joined or (upper is not None and lower is not None and upper < lower)
        if above_lower or (line.top and line.page == below.page):
            found[position] = found[position + 1]
    return found


def _heading_level(lines: Sequence[Line], position: int) -> int | None:
    """Return the level of the heading that a line is, or belongs to."""
    while lines[position].joined:
        position -= 1
    return lines[position].level


def _path(stack: Sequence[Line]) -> str:
    path = ""
    for line in reversed(stack):
        longer = f"{line.heading}{PATH_SEPARATOR}{path}" if path else line.heading
        if len(longer) > _MAX_PATH_CHARACTERS:
            break
        path = longer
    return path


def _short(text: str) -> str:
    words = " ".join(text.split())
    if len(words) <= MAX_HEADING_CHARACTERS:
        return words
    kept = words[:MAX_HEADING_CHARACTERS]
    return kept.rsplit(" ", 1)[0] if " " in kept else kept


def ends_sentence(text: str) -> bool:
    return _ENDS_SENTENCE.search(text) is not None


def starts_item(text: str) -> bool:
    """Tell whether a line begins with a bullet, "(1)", "2." or "a)"."""
    return _BULLET.match(text) is not None


def runs_on(line: Line, following: Line) -> bool:
    """Tell whether the second line goes on in the middle of the first one's sentence."""
    if following.empty_before or line.level is not None or following.level is not None or line.code or following.code:
        return False
    if starts_item(following.text) or ends_sentence(line.text):
        return False
    if following.text[0].islower() or line.text[-1] in ",-–(/&":
        return True
    return line.width >= 0.75 and not _LABEL_VALUE.match(following.text)


def _mark_at(lines: Sequence[Line], position: int) -> int:
    """Mark a numbered or named heading that begins at ``position``; return how many lines are done with."""
    line = lines[position]
    text = line.text
    if line.running or len(text) > MAX_HEADING_CHARACTERS or _LEADERS.search(text):
        return 1
    before = lines[position - 1] if position else None
    complete = (
        before is None or before.running or line.empty_before or before.page != line.page or not _wide_open(before)
    )
    if not complete:
        return 1
    if _NUMBER_ONLY.match(text):
        return _mark_number_and_title_below(lines, position)
    if (match := _NAMED.match(text)) and _named_rest_is_title(match["rest"]):
        line.level, line.heading = _WORD_LEVEL, _short(text)
    elif (match := _NUMBERED.match(text)) and _is_heading_text(match[2]) and match[1][0] != "0":
        line.level, line.heading = 1 + match[1].count(".") + _WORD_LEVEL, _short(text)
    elif (match := _SINGLE_NUMBER.match(text)) and _is_heading_text(match[2]) and _between_empty_lines(lines, position):
        line.level, line.heading = 1 + _WORD_LEVEL, _short(text)
    return 1


def _mark_number_and_title_below(lines: Sequence[Line], position: int) -> int:
    """Mark "2.3.59.7", alone in its line, with the short lines below it as its title."""
    title: list[str] = []
    count = 1
    for line in lines[position + 1 : position + 7]:
        if line.page != lines[position].page or line.running or starts_item(line.text) or len(line.text) > 45:
            break
        if not _DATE_ONLY.match(line.text):
            if title and ends_sentence(title[-1]):
                break
            title.append(line.text)
        count += 1
    if not title or len(title) > 4 or not title[0][0].isupper():
        return 1
    for line in lines[position + 1 : position + count]:
        line.joined = True
    heading = lines[position]
    heading.heading = _short(f"{heading.text} {' '.join(title)}")
    heading.level = _WORD_LEVEL + 1 + heading.text.rstrip(".").count(".")
    return count


def _wide_open(line: Line) -> bool:
    """Tell whether a line fills its width without ending a sentence, so that the next one goes on with it."""
    return (
        line.width >= 0.75 and not ends_sentence(line.text) and not _LABEL_VALUE.match(line.text) and line.level is None
    )


def _named_rest_is_title(rest: str) -> bool:
    """Tell "Chapter 3: Results" from "Section 5 of the Act requires"."""
    rest = rest.strip()
    if not rest:
        return True
    if rest[0] in ":.–—-":
        return _is_heading_text(rest.lstrip(":.–—- ") or "X")
    return rest[0] in "(" or (rest[0].isupper() and _is_heading_text(rest))


def _is_heading_text(text: str) -> bool:
    words = text.split()
    if not 1 <= len(words) <= 14 or text[-1] in ".,;:!" or _COLUMNS.search(text):
        return False
    return sum(any(c.isdigit() for c in word) for word in words) <= 1 and not _LEADERS.search(text)


def _looks_like_title(text: str) -> bool:
    """Tell whether a line is a few capitalised words and nothing else."""
    words = text.split()
    if not 1 <= len(words) <= 9 or len(text) > 70 or not text[0].isupper():
        return False
    if text[-1] in ".,;:!-–" or any(c.isdigit() or c in ":|=_@#<>•" for c in text) or _COLUMNS.search(text):
        return False
    letters = sum(c.isalpha() for c in text)
    if letters < 5 or letters < 0.7 * len(text.replace(" ", "")):
        return False
    return all(word[0].isupper() or word.lower() in _SMALL_WORDS or not word[0].isalpha() for word in words)


def _stands_alone(lines: Sequence[Line], looks: Sequence[bool], position: int) -> bool:
    """Tell whether a title-like line begins something: what is above is finished, what is below is text of its own."""
    line = lines[position]
    below = lines[position + 1] if position + 1 < len(lines) else None
    if below is None or below.page != line.page or below.running:
        return False
    before = lines[position - 1] if position else None
    first = before is None or before.page != line.page or before.running
    if not first and before is not None and not line.empty_before:
        if looks[position - 1] and before.level is None:
            return False  # one of a list
        over_form = _LABEL_VALUE.match(below.text) and len(line.text.split()) >= 3
        if before.text.endswith(":") or (_wide_open(before) and not over_form):
            return False
    if looks[position + 1] and not below.empty_before:
        return False
    if below.level is not None:
        return True
    if below.text[0].islower() and not below.empty_before:
        return False
    if " " not in line.text and below.width < 0.75:
        return False  # a single word over short lines is rather a cell of a table
    return (
        below.empty_before or len(below.text) >= 40 or bool(_LABEL_VALUE.match(below.text)) or starts_item(below.text)
    )


def _two_titles(lines: Sequence[Line], looks: Sequence[bool], position: int) -> bool:
    """Tell whether exactly two title-like lines begin a page or follow an empty line: a title and the one below it."""
    if position + 2 >= len(lines) or not looks[position + 1]:
        return False
    line, below, after = lines[position : position + 3]
    before = lines[position - 1] if position else None
    begins = before is None or before.page != line.page or before.running or line.empty_before
    same_page = line.page == below.page == after.page
    more = looks[position + 2] or below.empty_before or (after.text[0].islower() and not after.empty_before)
    return begins and same_page and not more and len(line.text.split()) > 1


def _between_empty_lines(lines: Sequence[Line], position: int) -> bool:
    above = position == 0 or lines[position].empty_before or lines[position - 1].page != lines[position].page
    return above and position + 1 < len(lines) and lines[position + 1].empty_before
