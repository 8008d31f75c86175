"""How far documents are and how long they will take yet, in numbers and words. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from stc.words import UNFINISHED, Document

_PASSAGES_PER_PAGE = 3.0
"""Guess for a document whose passages are not counted yet."""
_BYTES_PER_PAGE = {"application/pdf": 10_000.0}
_BYTES_PER_SECTION = 4_500.0
_SMOOTHING = 0.3


@dataclass(frozen=True, slots=True)
class Rates:
    """Work done per second; ``None`` until measured. See ``measure``."""

    pages_per_s: float | None = None
    passages_per_s: float | None = None


_TYPICAL_PAGES_PER_S = 100.0
_TYPICAL_PASSAGES_PER_S = 30.0
"""Two cores in 2026: these stand in for what is not measured, to weigh the parts of the work against each other."""


@dataclass(frozen=True, slots=True)
class Progress:
    """``done_fraction`` is 0 to 1; ``seconds_to_go`` is ``None`` until a rate is measured."""

    done_fraction: float
    seconds_to_go: float | None
    line: str


def overall(documents: Sequence[Document], rates: Rates) -> Progress:
    """Return the progress of a batch. Pass the finished ones of the batch too, or the bar runs backwards."""
    speeds = (rates.pages_per_s or _TYPICAL_PAGES_PER_S, rates.passages_per_s or _TYPICAL_PASSAGES_PER_S)
    to_go = [_seconds_to_go(document, *speeds) for document in documents]
    total = sum(_whole_seconds(document, *speeds) for document in documents)
    fraction = 1.0 if total == 0 else max(0.0, min(1.0, 1.0 - sum(to_go) / total))
    finished = sum(document.status in {"ready", "failed"} for document in documents)
    if finished == len(documents):
        return Progress(1.0, 0.0, _files(finished) + " done" if finished else "")
    known = rates.pages_per_s is not None or rates.passages_per_s is not None
    seconds = sum(to_go) if known else None
    line = f"{finished} of {_files(len(documents))} done" if len(documents) > 1 else sentence(_busy(documents))
    if seconds is not None:
        line += f", {say_seconds(seconds)} to go"
    return Progress(fraction, seconds, line)


def measure(before: Sequence[Document], after: Sequence[Document], seconds: float, rates: Rates) -> Rates:
    """Return the rates that two looks at the same documents, ``seconds`` apart, show, smoothed into those known."""
    if seconds <= 0:
        return rates
    earlier: Mapping[str, Document] = {document.id: document for document in before}
    pages = passages = 0
    reading = embedding = False
    for now in after:
        then = earlier.get(now.id)
        if then is None or then.status not in UNFINISHED:
            continue
        read_then, embedded_then = _units_done(then)
        read_now, embedded_now = _units_done(now)
        pages += max(0, read_now - read_then) if then.status == now.status == "reading" else 0
        passages += max(0, embedded_now - embedded_then) if then.status == "embedding" else 0
        reading |= then.status == now.status == "reading"
        embedding |= then.status == "embedding"
    if reading and pages:
        rates = replace(rates, pages_per_s=_smooth(rates.pages_per_s, pages / seconds))
    if embedding and passages:
        rates = replace(rates, passages_per_s=_smooth(rates.passages_per_s, passages / seconds))
    return rates


def sentence(document: Document) -> str:
    """Return "reading page 12 of 160", "embedding 80 of 400", "ready", "waiting to be read", "failed: reason"."""
    if document.status == "ready":
        return "ready"
    if document.status == "failed":
        return f"failed: {document.error}" if document.error else "failed"
    if document.status == "embedding":
        if document.stage_total == 0:
            return "cutting into passages"
        return f"embedding {document.stage_done:,} of {document.stage_total:,}"
    if document.stage_total == 0:
        return "waiting to be read"
    unit = "page" if document.has_pages else "section"
    return f"reading {unit} {min(document.stage_done + 1, document.stage_total):,} of {document.stage_total:,}"


def say_seconds(seconds: float) -> str:
    """Return "a few seconds", "about 40 seconds", "about 3 minutes", "about 2 hours"."""
    if seconds < 8:
        return "a few seconds"
    if seconds < 55:
        return f"about {round(seconds / 5) * 5} seconds"
    if seconds < 90:
        return "about a minute"
    if seconds < 55 * 60:
        return f"about {round(seconds / 60)} minutes"
    hours = max(1, round(seconds / 3600))
    return "about an hour" if hours == 1 else f"about {hours} hours"


def _units_done(document: Document) -> tuple[int, int]:
    """Return (pages read, passages embedded)."""
    if document.status == "ready":
        return document.pages, document.chunks
    if document.status == "embedding":
        return document.pages, document.stage_done
    return document.stage_done, 0


def _pages(document: Document) -> float:
    if document.pages:
        return document.pages
    if document.status == "reading" and document.stage_total:
        return document.stage_total
    return max(1.0, document.size_bytes / _BYTES_PER_PAGE.get(document.media_type, _BYTES_PER_SECTION))


def _passages(document: Document) -> float:
    if document.chunks:
        return document.chunks
    if document.status == "embedding" and document.stage_total:
        return document.stage_total
    return _pages(document) * _PASSAGES_PER_PAGE


def _whole_seconds(document: Document, pages_per_s: float, passages_per_s: float) -> float:
    return _pages(document) / pages_per_s + _passages(document) / passages_per_s


def _seconds_to_go(document: Document, pages_per_s: float, passages_per_s: float) -> float:
    if document.status in {"ready", "failed"}:
        return 0.0
    if document.status == "embedding":
        return max(0.0, _passages(document) - document.stage_done) / passages_per_s
    return max(0.0, _pages(document) - document.stage_done) / pages_per_s + _passages(document) / passages_per_s


def _smooth(before: float | None, now: float) -> float:
    return now if before is None else (1 - _SMOOTHING) * before + _SMOOTHING * now


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _busy(documents: Sequence[Document]) -> Document:
    return next(document for document in documents if document.status not in {"ready", "failed"})
