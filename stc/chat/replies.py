"""Take a model's reply apart: what is shown, and the quotes that must hold. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stc.models.prompts import NOT_THERE, QUOTES

_MARK = re.compile(r"\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")
_QUOTE_LINE = re.compile(r"^\s*[-*]?\s*\[(\d{1,3})\][\s:.-]*(.+?)\s*$")
_DELIMITER = re.compile(rf"^[\s*#_]*{QUOTES}[\s*_:]*$", re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Reply:
    """``quotes`` are (label, quote) pairs in the model's order; ``not_there`` says that the context doesn't suffice."""

    text: str
    quotes: tuple[tuple[int, str], ...]
    not_there: bool


def parse(reply: str) -> Reply:
    """Take a reply apart; never raises, whatever the model wrote."""
    delimiter = _DELIMITER.search(reply)
    text = (reply[: delimiter.start()] if delimiter else reply).strip()
    quotes = []
    for line in reply[delimiter.end() :].splitlines() if delimiter else ():
        match = _QUOTE_LINE.match(line)
        if match:
            quotes.append((int(match[1]), match[2].strip(" \"'“”„«»")))
    bare = text.strip(" .\"'*`")
    return Reply(text, tuple(quote for quote in quotes if quote[1]), bare == "" or bare.upper() == NOT_THERE)


def labels_in(text: str) -> list[int]:
    """Return the marks of a text in order of first use."""
    found = [int(number) for match in _MARK.finditer(text) for number in re.split(r"[,;]", match[1])]
    return list(dict.fromkeys(found))


def claims(text: str) -> list[tuple[str, list[int]]]:
    """Return the sentences of a text, each with its marks."""
    return [
        (_MARK.sub("", sentence).strip(), labels_in(sentence))
        for sentence in _SENTENCE_END.split(text)
        if sentence.strip()
    ]


def relabel(text: str, new: dict[int, int]) -> str:
    """Return the text with its marks renumbered by ``new``; marks that are not in it disappear."""

    def replace(match: re.Match[str]) -> str:
        kept = [new[int(number)] for number in re.split(r"[,;]", match[1]) if int(number) in new]
        return "".join(f"[{label}]" for label in dict.fromkeys(kept))

    return re.sub(r"[ \t]+([.,;!?])", r"\1", _MARK.sub(replace, text)) if text else text


class Shown:
    """What of a streamed reply may be shown so far: never a part of the quotes or of the words for "not there"."""

    def __init__(self) -> None:
        self._reply = ""

    def add(self, piece: str) -> str:
        """Return all that may be shown after ``piece`` has come."""
        self._reply += piece
        return self.text(final=False)

    def text(self, *, final: bool) -> str:
        delimiter = _DELIMITER.search(self._reply)
        if delimiter:
            return self._reply[: delimiter.start()].rstrip()
        if final:
            return self._reply.strip()
        head, _, tail = self._reply.rpartition("\n")
        bare = tail.strip(" *#_:")
        if QUOTES.startswith(bare):
            return head.rstrip()
        if NOT_THERE.startswith(self._reply.strip(" *\"'`.")[: len(NOT_THERE)]):
            return ""
        return self._reply
