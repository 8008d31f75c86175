"""Read a file's pages in child processes, under limits of time and memory; a second parser follows one that fails."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import queue
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stc import children
from stc.documents.parsing.child import Request
from stc.documents.parsing.detect import DOCX, HTML, MARKDOWN, PDF, TEXT
from stc.errors import Unreadable
from stc.settings import Settings
from stc.words import Page

logger = logging.getLogger(__name__)

_FIRST_PARSER_SHARE = 0.6
"""Of the time for one file, so that the second parser has some left."""
_PACE_KNOWN_AFTER_SHARE = 0.07
"""Of the time for one file: then the first parser's pace tells whether it will do. The second one is several times faster."""
_STALL_SHARE = 0.25
"""Of the time for one file: so long may one page take before the parser counts as hung."""
_MAX_RESTARTS = 5
"""A parser that crashes is started again behind the page it crashed on, this often."""
_FEW_CHARACTERS = 60
"""A page with less text than this may be a scan with a stamp on it; the second parser looks."""
_LETTERS_SHARE = 0.4
"""Of a page's characters: with fewer letters and digits the first parser may not know the font; the second looks."""
_MAX_LINE_BYTES = 16 * 2**20
"""A page's most characters, each escaped in up to twelve bytes. A child that sends a longer line is no parser any more."""
_WAITING_LINES = 4
_PICTURE_STALL_S = 90.0
"""The child that calls Tesseract gives a page up before this."""
_OVER = {"too long", "too much"}
"""What a child says of a file that is over a limit, whoever reads it."""
_GLYPH_NAMES = re.compile(r"(?:/[A-Za-z]{1,3}\d{1,5})+")  # what pypdf writes for characters of a font it can't map

_MODULES = {TEXT: "text", MARKDOWN: "text", HTML: "html", DOCX: "docx"}
_WHAT = {PDF: "PDF", TEXT: "file", MARKDOWN: "file", HTML: "web page", DOCX: "Word document"}

OnPage = Callable[[Page, int], None]


@dataclass(frozen=True, slots=True)
class Parsed:
    """All pages in order, a page without text as ""; ``warnings`` are sentences for the person.

    ``pictures`` is the number of pages that are pictures which nobody has read.
    """

    pages: list[Page]
    warnings: tuple[str, ...]
    pictures: int = 0


def open_pages(
    path: Path,
    media_type: str,
    settings: Settings,
    on_page: OnPage = lambda page, total: None,
    *,
    password: str | None = None,
    languages: str | None = None,
) -> Parsed:
    """Return the pages of the file at ``path``; ``on_page(page, total)`` hears of each that could be read, as it comes.

    Not always in order: a page that only the second parser can read comes later. Pages that are pictures are read by
    Tesseract where ``languages`` are given ("deu+eng"). Raises ``Unreadable`` when nothing can be read, a password is
    missing, or a limit is passed; what ``on_page`` raises goes through. No child outlives this.
    """
    reading = _Reading(path, settings, on_page, password, languages or "", _WHAT[media_type])
    if media_type == PDF:
        reading.read_pdf()
    else:
        reading.error = reading.attempt(_MODULES[media_type], None, reading.deadline)
    reading.raise_if_too_little()
    return reading.parsed()


class _Reading:
    """One file's reading and what is known of it so far."""

    def __init__(
        self, path: Path, settings: Settings, on_page: OnPage, password: str | None, languages: str, what: str
    ) -> None:
        self._path = path.resolve()
        self._what = what
        self._settings = settings
        self._on_page = on_page
        self._password = password
        self._started = time.monotonic()
        self.deadline = self._started + settings.parse_timeout_s
        self.error: str | None = None
        self._total = 0
        self._texts: dict[int, str] = {}
        self._pictures: set[int] = set()
        self._doubtful: set[int] = set()  # read, but with so little text that the second parser is to look
        self._warnings: list[str] = []
        self._characters = 0
        self._late = False
        self._languages = languages
        self._answered = 0  # the last page that a child has said something about
        self._recognised: set[int] = set()

    def read_pdf(self) -> None:
        self.error = self.attempt("pdf", None, self._started + self._settings.parse_timeout_s * _FIRST_PARSER_SHARE)
        if self.error not in _OVER:
            self._follow_with_second_parser()
        self._late = time.monotonic() >= self.deadline
        if self._languages and self.error not in _OVER:
            self._read_pictures()

    def _read_pictures(self) -> None:
        """Let Tesseract read the pages that are pictures, one after the other, past those that it can't."""
        until = time.monotonic() + self._settings.ocr_timeout_s
        wanted = sorted(self._pictures)
        for _ in range(_MAX_RESTARTS + 1):
            self._answered = 0
            if not wanted or self.attempt("ocr", wanted, until) not in {"crashed", "hung"}:
                break
            wanted = [number for number in wanted if number > self._answered][1:]  # that page it ended on

    def attempt(self, module: str, pages: list[int] | None, until: float) -> str | None:
        """Run one child over ``pages``, note what it says, and return why it did not come to its end."""
        request = Request(
            path=str(self._path),
            password=self._password,
            pages=pages,
            max_pages=self._settings.max_pages,
            max_characters=self._settings.max_characters,
            memory_bytes=self._settings.parse_memory_bytes,
            time_s=max(1, math.ceil(until - time.monotonic()) + 1),
            languages=self._languages,
        )
        stall_s = self._settings.parse_timeout_s  # what is no PDF is read in one go
        if module == "ocr":
            stall_s = _PICTURE_STALL_S
        elif module in {"pdf", "pdfium"}:
            stall_s = max(1.0, stall_s * _STALL_SHARE)
        for reply in _replies(module, request, until=until, stall_s=stall_s):
            self._answered = reply.get("page", reply.get("failed", self._answered))
            if "page" in reply:
                self._take(module, reply)
                if self._characters > self._settings.max_characters:
                    return "too much"
                if module == "pdf" and self._too_slow():
                    return "slow"
            elif "total" in reply:
                self._total = self._total or reply["total"]
            elif "warning" in reply:
                self._warnings.append(reply["warning"])
            elif "error" in reply:
                return str(reply["error"])
        return None

    def _too_slow(self) -> bool:
        """Tell whether at its pace the first parser will not be done in its share of the time."""
        spent_s = time.monotonic() - self._started
        share_s = self._settings.parse_timeout_s * _FIRST_PARSER_SHARE
        known = spent_s > self._settings.parse_timeout_s * _PACE_KNOWN_AFTER_SHARE
        return known and spent_s * self._total > share_s * len(self._texts)

    def _take(self, module: str, reply: dict[str, Any]) -> None:
        number, text = reply["page"], reply["text"]
        if reply["picture"]:
            self._pictures.add(number)
        before = self._texts.get(number, "")
        if module == "ocr":
            text = max(before, text, key=_letters)
            if text != before:
                self._recognised.add(number)
        elif number in self._doubtful:
            self._doubtful.discard(number)
            text = max(before, text, key=_letters)
        self._texts[number] = text
        self._characters += len(text) - len(before)
        if self._languages and reply["picture"]:
            return  # it is read when Tesseract has been there
        if module == "pdf" and (len(text) < _FEW_CHARACTERS or _letters(text) < _LETTERS_SHARE * len(text)):
            self._doubtful.add(number)
        else:
            self._on_page(Page(number, text), self._total)

    def _follow_with_second_parser(self) -> None:
        """Let PDFium read what is missing, page by page past its crashes, and look at pages with hardly any text."""
        left_out: set[int] = set()
        for _ in range(_MAX_RESTARTS + 1):
            wanted = self._unsettled(left_out) if self._total else None
            if wanted == [] or time.monotonic() >= self.deadline:
                break
            self.error = self.attempt("pdfium", wanted, self.deadline)
            if self.error not in {"crashed", "hung"} or not self._total:
                break
            left_out.update(self._unsettled(left_out)[:1])  # a child goes in order: that page it ended on
        for number in sorted(self._doubtful):
            self._on_page(Page(number, self._texts[number]), self._total)

    def _missing(self) -> list[int]:
        return [number for number in range(1, self._total + 1) if number not in self._texts]

    def _unsettled(self, left_out: set[int]) -> list[int]:
        return sorted({*self._missing(), *self._doubtful} - left_out)

    def raise_if_too_little(self) -> None:
        """Raise ``Unreadable`` where what was read is not enough to go on with: less than half of the pages."""
        limits, what = self._settings, self._what
        again = "It may be damaged; open it in another program and save it again"
        if self.error == "too much":
            raise Unreadable(
                f"The {what} holds more than {limits.max_characters:,} characters, the most that are taken. "
                "Split it, or raise the limit (STC_MAX_CHARACTERS)."
            )
        if self.error == "too long":
            unit = "pages" if what == "PDF" else "sections of 5,000 characters"
            size = f"{self._total:,}" if self._total else f"more than {limits.max_pages:,}"
            raise Unreadable(
                f"The {what} has {size} {unit}; {limits.max_pages:,} are the most that are taken. "
                "Split it, or raise the limit (STC_MAX_PAGES)."
            )
        if self._texts and len(self._missing()) <= len(self._texts):
            return
        if self.error == "password" and what == "PDF":
            why = "the password given does not open it" if self._password else "it needs a password"
            raise Unreadable(
                f"The PDF is locked: {why}. Add it with its password (--password-file on the command line), "
                "or save a copy without one and add that.",
                need="password",
            )
        if self.error == "password":
            raise Unreadable(f"The {what} is locked with a password. Save a copy without one and add that.")
        if self.error == "bomb":
            raise Unreadable(
                f"The {what} is not taken: it unpacks to far more than its size, or is built to keep programs busy. "
                "If it is a real one, save it as PDF and add that."
            )
        if self.error == "memory":
            raise Unreadable(
                f"Reading the {what} takes more than {limits.parse_memory_bytes // 2**20:,} MiB of memory. {again}."
            )
        if (self.error == "hung" or self._late) and self._texts:
            raise Unreadable(
                f"Reading the {what} took longer than {limits.parse_timeout_s:.0f} s and was given up after "
                f"{len(self._texts):,} of {self._total:,} pages. Split it, or raise the limit (STC_PARSE_TIMEOUT_S)."
            )
        if self.error == "hung" or self._late:
            part = f"the {what}" if self._late or what != "PDF" else "a page of the PDF"
            longest_s = limits.parse_timeout_s * (1 if self._late or what != "PDF" else _STALL_SHARE)
            raise Unreadable(
                f"Reading {part} took longer than {longest_s:.0f} s and was given up. "
                f"{again}, or raise the limit (STC_PARSE_TIMEOUT_S)."
            )
        if what == "file" and self.error is None:
            raise Unreadable(
                "The file holds no text, only white space. Check that it was saved completely, then add it again."
            )
        if what != "PDF" and self.error is None:
            raise Unreadable(f"The {what} holds no text to read. Check that it is the right file.")
        raise Unreadable(f"The {what} is damaged: it can't be read. Open it in another program and save it again.")

    def parsed(self) -> Parsed:
        missing = self._missing()
        texts = self._texts | dict.fromkeys(missing, "")
        pictures = sorted(self._pictures - self._recognised)
        if not any(text.strip() for text in texts.values()):
            if pictures and self._languages:
                raise Unreadable("The PDF holds only pictures, and Tesseract found no text in them.")
            if pictures:
                raise Unreadable(
                    "The PDF holds no text, only pictures (a scan?). Text recognition (OCR) can read them: Tesseract "
                    "(--ocr on the command line), or the program of your scanner.",
                    need="ocr",
                )
            raise Unreadable("The PDF holds no text at all: its pages are empty. Check that it is the right file.")
        warnings = list(dict.fromkeys(self._warnings))
        if recognised := sorted(self._recognised):
            was = "was" if len(recognised) == 1 else "were"
            warnings.append(
                f"{name_pages(recognised)} {was} read from pictures by Tesseract; names and figures may be wrong there."
            )
        if pictures:
            are, them = ("is a picture", "it") if len(pictures) == 1 else ("are pictures", "them")
            why = f"Tesseract found no text in {them}" if self._languages else f"search can't read {them}"
            warnings.append(f"{name_pages(pictures)} {are}; {why}.")
        if missing:
            left_out = "it is left out" if len(missing) == 1 else "they are left out"
            warnings.append(f"{name_pages(missing)} could not be read; {left_out}.")
        return Parsed([Page(number, texts[number]) for number in sorted(texts)], tuple(warnings), len(pictures))


def _letters(text: str) -> int:
    return sum(character.isalnum() for character in _GLYPH_NAMES.sub("", text))


def _replies(module: str, request: Request, *, until: float, stall_s: float) -> Iterator[dict[str, Any]]:
    """Yield a child's replies, the last one ``{"end": true}`` or an ``{"error": kind}``, made here if it left none.

    Kinds made here: ``"hung"`` (no reply for ``stall_s``, or the time is over) and ``"crashed"``.
    """
    with tempfile.TemporaryFile() as complaints:
        child = children.start(f"stc.documents.parsing.{module}", stderr=complaints)
        lines: queue.Queue[bytes] = queue.Queue(maxsize=_WAITING_LINES)
        stopped = threading.Event()
        threading.Thread(target=_pump, args=(child, request.dumps(), lines, stopped), daemon=True).start()
        try:
            while True:
                line = _next(lines, min(until - time.monotonic(), stall_s))
                if line is None:
                    yield {"error": "hung"}
                    return
                try:
                    reply = json.loads(line)  # the last line of one that was killed is cut short, or empty
                except ValueError:
                    _kill(child)
                    _log_complaints(module, child, complaints)
                    yield {"error": "crashed"}
                    return
                yield reply
                if "end" in reply or "error" in reply:
                    return
        finally:
            stopped.set()
            _kill(child)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End a child and what it has started. SIGKILL at once: it has nothing to save, and may be deaf to anything less."""
    if child.returncode is not None:
        return
    if hasattr(os, "killpg"):
        # As long as nobody has waited for the child its number, which is its group's, is nobody else's.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    child.kill()
    child.wait()


def _next(lines: queue.Queue[bytes], wait_s: float) -> bytes | None:
    if wait_s <= 0:
        return None
    try:
        return lines.get(timeout=wait_s)
    except queue.Empty:
        return None


def _pump(child: subprocess.Popen[bytes], request: bytes, lines: queue.Queue[bytes], stopped: threading.Event) -> None:
    """Hand the request to the child and its lines to the queue, last an empty one."""
    assert child.stdin is not None
    assert child.stdout is not None
    # A child that died before it listened breaks the pipe; its empty output says so.
    with contextlib.suppress(OSError), child.stdin:
        child.stdin.write(request)
    with child.stdout as output:
        ended = False
        while not ended:
            line = output.readline(_MAX_LINE_BYTES)
            ended = not line.endswith(b"\n")
            while not stopped.is_set():
                try:
                    lines.put(line, timeout=0.5)
                    break
                except queue.Full:
                    continue
            else:
                return


def _log_complaints(module: str, child: subprocess.Popen[bytes], complaints: Any) -> None:
    complaints.seek(max(0, complaints.seek(0, os.SEEK_END) - 2000))
    text = complaints.read().decode("utf-8", "replace").strip()
    logger.info("The %s parser ended with status %s: %s", module, child.returncode, text or "no message")


def name_pages(numbers: Sequence[int]) -> str:
    """Return "Page 4", "Pages 3–5 and 9" or "Pages 1, 3–5 and 9" for ascending page numbers."""
    ranges: list[tuple[int, int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    names = [str(first) if first == last else f"{first}–{last}" for first, last in ranges]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{'Page' if len(numbers) == 1 else 'Pages'} {listed}"
