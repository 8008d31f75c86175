"""Child process: plain text and Markdown, decoded and cut into numbered sections in place of pages."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from stc.documents.parsing.child import Replies, Request, run
from stc.documents.parsing.cleaning import clean
from stc.documents.parsing.detect import utf16_without_bom

SECTION_CHARACTERS = 5_000

_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)\]]*\s")
_SAMPLE_BYTES = 200_000


def read(request: Request, replies: Replies) -> None:
    text, warning = decode(Path(request.path).read_bytes())
    if warning:
        replies.warning(warning)
    if len(text.strip()) > request.max_characters:
        return replies.error("too much")
    send(clean(text), request, replies)


def send(text: str, request: Request, replies: Replies) -> None:
    """Send cleaned text in sections, or say that there are too many."""
    parts = sections(text)
    replies.total(len(parts))
    if len(parts) > request.max_pages:
        return replies.error("too long")
    for number, part in enumerate(parts, start=1):
        replies.page(number, part)
    replies.end()


def decode(data: bytes) -> tuple[str, str | None]:
    """Return the text of a file and, where its encoding had to be guessed or does not fit, a sentence that says so."""
    for bom, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(bom):
            return _replacing(data, encoding)
    if unmarked := utf16_without_bom(data[:_SAMPLE_BYTES]):
        return _replacing(data, unmarked)
    text, warning = _replacing(data, "utf-8")
    if warning is None:
        return text, None
    high = sum(data[:_SAMPLE_BYTES].count(byte) for byte in range(0x80, 0x100))
    lost = text[:_SAMPLE_BYTES].count("\ufffd")
    if lost <= 0.02 * high:
        return text, warning  # it is UTF-8, but for a damaged place or two
    encoding = _guess(data[:_SAMPLE_BYTES], high)
    text = data.decode(encoding, "replace")
    name = {"cp1252": "Windows-1252"}.get(encoding, encoding.replace("_", "-"))
    return text, (
        f"The text is not in UTF-8; it was read as {name}. If letters look wrong, save it as UTF-8 and add it again."
    )


def _replacing(data: bytes, encoding: str) -> tuple[str, str | None]:
    try:
        return data.decode(encoding), None
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace")
    lost = text.count("\ufffd")
    characters = "1 character" if lost == 1 else f"{lost:,} characters"
    sentence = f"{characters} could not be read and stand as \ufffd."
    return text, f"{sentence} If that matters, save the file as UTF-8 and add it again."


def _guess(sample: bytes, high: int) -> str:
    # Western European text has few bytes above ASCII, and guessing by statistics goes wrong on so few; Greek, Cyrillic
    # and East Asian text is nearly all above it.
    if high > 0.35 * len(sample):
        import charset_normalizer

        best = charset_normalizer.from_bytes(sample).best()
        if best is not None:
            return best.encoding
    return "cp1252"


def sections(text: str, limit: int = SECTION_CHARACTERS) -> list[str]:
    """Cut cleaned text into parts of at most ``limit`` characters, at the end of a paragraph, line, sentence or word.

    Only white space is lost, between the parts; a word is cut only if it is longer than ``limit`` itself.
    """
    parts: list[str] = []
    start = 0
    while True:
        while start < len(text) and text[start].isspace():
            start += 1
        if start >= len(text):
            return parts
        end = start + limit if len(text) - start > limit else len(text)
        if end < len(text):
            end = _border(text, start, end)
        parts.append(text[start:end].rstrip())
        start = end


def _border(text: str, start: int, end: int) -> int:
    """Return where the part that begins at ``start`` ends: the best place in its second half."""
    half = (start + end) // 2
    for mark in ("\n\n", "\n"):
        found = text.rfind(mark, half, end + len(mark))
        if found > start:
            return found
    sentence_ends = [match.end() - 1 for match in _SENTENCE_END.finditer(text, half, end + 1)]
    if sentence_ends:
        return sentence_ends[-1]
    for position in range(end, start, -1):
        if text[position].isspace():
            return position
    return end


if __name__ == "__main__":
    run(read)
