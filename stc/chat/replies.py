"""Take a model's reply apart: what is shown, and the quotes that must hold. Pure.

Small models keep to a form roughly. Whatever a person would understand is understood here: "**Quotes:**" for QUOTES, no such
line at all, marks behind the full stop, "[1, 2]" or "(passage 2)", a page before a quote, a fence around everything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stc.models.prompts import MISSING, NOT_THERE, QUOTES

_LIST = r"\d{1,3}(?:\s*(?:[,;&–-]|and)\s*(?:passages?\s*)?\d{1,3})*"
_MARK = re.compile(
    rf"\[{{1,2}}\s*(?:passages?\s*)?({_LIST})\s*\]{{1,2}}|\(passages?\s*\[?({_LIST})\]?\)", re.IGNORECASE
)
_NUMBERS = re.compile(r"(\d+)(?:\s*[–-]\s*(\d+))?")
_WIDEST_RANGE = 9

_TITLES = (QUOTES, "QUOTE", f"EXACT {QUOTES}", f"SUPPORTING {QUOTES}")
_TITLE = re.compile(
    rf"^[ \t*#_>-]*(?P<title>{'|'.join(_TITLES)})(?:[\s*_:]*$|[\s*_]*:[\s*_]*(?=[\[\"“])|\s+(?=\[\d))"
    r"|^[ \t*-]*\[{1,2}\d{1,3}\]{1,2}[\s:.–-]*[\"“].*[\"”][\s.]*$",
    re.IGNORECASE | re.MULTILINE,
)
"""Where the quotes begin: their title, or without one a line like ``[3] "departs at"``."""
_MAYBE_QUOTE = re.compile(r"[\s*-]*(?:\[{1,2}\d{0,3}\]{0,2}[\s:.–-]*)?(?:(?<=[\s:.–\]-])[\"“].*)?")

_MISSING = re.compile(rf"^[ \t*#_>-]*{MISSING.rstrip(':')}\**:\**[ \t]*(?=\S)", re.IGNORECASE | re.MULTILINE)
_MISSING_LINE = re.compile(rf"{_MISSING.pattern}.*$", re.IGNORECASE | re.MULTILINE)
_NOT_FOUND = "\nNot found: "

_ITEM = re.compile(r"[\s>]*(?:[-*•]\s+|\d{1,2}[.)]\s+)*\**")
_LABEL = re.compile(
    r"(?:\[{1,2}\s*(?:passages?\s*)?(\d{1,3})\s*\]{1,2}|\(?passage\s+(\d{1,3})\)?)[\s*:.–-]*", re.IGNORECASE
)
_PAGE = re.compile(r"\(?p(?:p?\.|ages?)\s*\d+(?:\s*[–-]\s*\d+)?\)?[\s*:,.–-]*", re.IGNORECASE)
_BEHIND = re.compile(rf"(?<=[\"”.…])\s*(?:\(?(?:{_LABEL.pattern}|{_PAGE.pattern})\)?\s*)+\.?$", re.IGNORECASE)
_OPENING, _CLOSING = '"“„«', '"”».'
_QUOTE_MARKS = f" *{_OPENING}{_CLOSING.rstrip('.')}"

_MUCH_SPACE = re.compile(r"(?<!\s)\s{21,}")
"""A small model may end in thousands of line breaks; every pattern here would look through them from each of them."""

_FENCE = re.compile(r"\s*```\w*\n(.*?)(?:\n```\s*)?", re.DOTALL)
_SENTENCE_END = re.compile(rf"(?<=[.!?])[\"”’)*_]*(?:\s*(?:{_MARK.pattern}))*(?:[ \t]+|$)|\s*\n\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    """``quotes`` are (label, quote) pairs in the model's order, the label ``None`` where it gave none; ``not_there`` says
    that the context doesn't suffice, ``partly`` that it does for a part of the question."""

    text: str
    quotes: tuple[tuple[int | None, str], ...]
    not_there: bool
    partly: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of an answer: as it stands there (``raw``), without its marks (``text``), and what they are."""

    raw: str
    text: str
    labels: tuple[int, ...]


def parse(reply: str) -> Reply:
    """Take a reply apart; never raises, whatever the model wrote."""
    reply = _MUCH_SPACE.sub("\n\n", reply)
    fenced = _FENCE.fullmatch(reply)
    reply = fenced[1] if fenced else reply
    body, behind = _split(reply)
    lines = body.strip().splitlines()
    said_so = any(_says_not_there(line) for line in lines)
    answered = "\n".join(line for line in lines if not _says_not_there(line)).strip()
    text, missing = _MISSING.subn(_NOT_FOUND, answered)
    text = re.sub(r"^\**answer:\**\s*", "", text, flags=re.IGNORECASE)
    quotes = _quotes(behind)
    said = _MISSING_LINE.sub("", answered)
    empty = not any(character.isalnum() for character in said)
    said_so = said_so or NOT_THERE in said
    not_there = empty or (said_so and not quotes and not _MARK.search(said))
    return Reply(text, tuple(quotes), not_there, not not_there and bool(missing or said_so))


def _split(reply: str) -> tuple[str, str]:
    """Return the answer and what stands behind it."""
    for title in _TITLE.finditer(reply):
        if any(character.isalnum() for character in reply[: title.start()]):
            return reply[: title.start()], reply[title.end() if title["title"] else title.start() :]
    return reply, ""


def _says_not_there(line: str) -> bool:
    return line.strip(" .\"'*`#_").upper() == NOT_THERE


def _quotes(text: str) -> list[tuple[int | None, str]]:
    """Return the quotes in the lines behind an answer; a line that is none will stand on no page."""
    found: list[tuple[int | None, str]] = []
    waiting: int | None = None
    """A label whose quote has not come yet."""
    unfinished = False
    for line in text.splitlines():
        rest = line.strip()
        if unfinished and rest:
            found[-1] = (found[-1][0], f"{found[-1][1]} {rest}")
            unfinished = rest[-1] not in _CLOSING
            continue
        unfinished = False
        item = _ITEM.match(rest)
        rest = rest[item.end() :] if item else rest
        label = _LABEL.match(rest)
        if label:
            waiting = int(label[1] or label[2])
            rest = rest[label.end() :]
        page = _PAGE.match(rest)
        rest = rest[page.end() :] if page else rest
        number = waiting
        behind = _BEHIND.search(rest)
        if behind:
            number = number or int(behind[1] or behind[2] or 0) or None
            rest = rest[: behind.start()]
        if rest.strip(_QUOTE_MARKS):
            found.append((number, rest))
            unfinished = rest[0] in _OPENING and rest[-1] not in _CLOSING
            waiting = None
    return [(label, quote.strip(_QUOTE_MARKS)) for label, quote in found]


def _labels(match: re.Match[str]) -> list[int]:
    found: list[int] = []
    for first, last in _NUMBERS.findall(match[1] or match[2]):
        end = int(last or first)
        found += range(int(first), end + 1) if int(first) <= end <= int(first) + _WIDEST_RANGE else [int(first), end]
    return found


def labels_in(text: str) -> list[int]:
    """Return the marks of a text in order of first use."""
    return list(dict.fromkeys(label for match in _MARK.finditer(text) for label in _labels(match)))


def claims(text: str) -> list[Claim]:
    """Return the sentences of a text; put together again, their ``raw`` are the text. Marks behind a full stop are its own."""
    found: list[str] = []
    start = 0
    for end in [*(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]:
        raw = text[start:end]
        start = end
        if found and not any(character.isalnum() for character in _MARK.sub("", raw)):
            found[-1] += raw
        elif raw:
            found.append(raw)
    return [Claim(raw, _plain(raw), tuple(labels_in(raw))) for raw in found]


def _plain(raw: str) -> str:
    return re.sub(r"\s+([.,;:!?])", r"\1", _MARK.sub("", raw)).strip()


def relabel(text: str, new: Mapping[int, Sequence[int]], *, more: Sequence[int] = ()) -> str:
    """Return the text with its marks renumbered by ``new``; marks that are not in it disappear, ``more`` come at the end."""
    shown: list[int] = []

    def replace(match: re.Match[str]) -> str:
        kept = dict.fromkeys(label for old in _labels(match) for label in new.get(old, ()))
        shown.extend(kept)
        marks = "".join(f"[{label}]" for label in kept)
        return marks and match.group()[: len(match.group()) - len(match.group().lstrip())] + marks

    replaced = re.sub(rf"[ \t]*(?:{_MARK.pattern})", replace, text, flags=re.IGNORECASE)
    marks = "".join(f"[{label}]" for label in dict.fromkeys(more) if label not in shown)
    if marks:
        words = replaced.rstrip(" \t\n.!?*_")
        replaced = f"{words}{'' if words.endswith(']') else ' '}{marks}{replaced[len(words) :]}"
    return re.sub(r"[ \t]+([.,;!?])", r"\1", replaced)


class Shown:
    """What of a streamed reply may be shown so far: never a part of the quotes or of the words for "not there"."""

    def __init__(self) -> None:
        self._reply = ""

    def add(self, piece: str) -> str:
        """Return all that may be shown after ``piece`` has come."""
        self._reply += piece
        return self.text(final=False)

    def text(self, *, final: bool) -> str:
        body, behind = _split(_MUCH_SPACE.sub("\n\n", self._reply))
        if final or behind:
            return parse(body).text
        head, _, tail = body.rpartition("\n")
        bare = tail.strip(" *#_:>-\"'`.").upper()
        if any(title.startswith(bare) for title in (*_TITLES, NOT_THERE)) or _MAYBE_QUOTE.fullmatch(tail):
            body = head
        return parse(body).text
