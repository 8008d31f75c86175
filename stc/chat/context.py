"""Pack what was found into the text that is read for an answer: pure, and never over budget."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from stc.chat import sentences
from stc.chat.terms import terms
from stc.models import tokens
from stc.words import Context, Hit, Part, Route

CONTEXT_TOKENS: dict[str, dict[Route, int]] = {
    "low": {"notes": 200, "notes+chunks": 500, "chunks": 500},
    "medium": {"notes": 400, "notes+chunks": 1000, "chunks": 1000},
    "high": {"notes": 800, "notes+chunks": 3000, "chunks": 3000},
}
"""Tokens of context by effort and route. Notes get less: they are what was distilled."""

_FEWEST_WORDS = 4
"""A piece of fewer is a heading that its text was cut from."""


def pack(
    hits: Sequence[Hit],
    names: Mapping[str, str],
    *,
    question: str,
    route: Route,
    budget: int,
    reasons: tuple[str, ...] = (),
) -> Context:
    """Return the best hits that fit ``budget`` tokens, labelled, ordered by document and page.

    Hits come best first. The first that does not fit whole is shortened to its piece nearest to the question. ``names``
    maps document ids to names; they are shown where there are several.
    """
    several = len({hit.document_id for hit in hits}) > 1
    chosen: list[Hit] = []
    used = 0
    seen: set[str] = set()
    for hit in hits:
        if hit.text in seen:
            continue
        seen.add(hit.text)
        header = tokens.count(_header(len(chosen) + 1, hit, names, several) + "\n\n\n")
        if used + header + hit.tokens <= budget:
            chosen.append(hit)
            used += header + hit.tokens
            continue
        piece = best_piece(hit.text, question, budget - used - header)
        if len(piece.split()) >= _FEWEST_WORDS:
            chosen.append(dataclasses.replace(hit, text=piece, tokens=tokens.count(piece)))
        break
    while True:
        parts, text = _render(chosen, names, several)
        total = tokens.count(text)
        if total <= budget or not chosen:
            return Context(route if parts else "none", parts, text, total, reasons)
        chosen.pop()  # pieces counted apart may come to a token or two less than the whole


def best_piece(text: str, question: str, limit: int) -> str:
    """Return the run of whole sentences or lines, verbatim, that shares most words with the question, within ``limit`` tokens.

    "" when not even one fits.
    """
    units = sentences.split(text)
    if limit <= 0 or not units:
        return ""
    wanted = set(terms(question))
    shares = [len(wanted & set(terms(text[unit.start : unit.end]))) for unit in units]
    for centre in sorted(range(len(units)), key=lambda i: (-shares[i], i)):
        first = last = centre
        if tokens.count(text[units[first].start : units[last].end]) > limit:
            continue
        while True:
            grown = [(first - 1, last)] * (first > 0) + [(first, last + 1)] * (last + 1 < len(units))
            fitting = [(a, b) for a, b in reversed(grown) if tokens.count(text[units[a].start : units[b].end]) <= limit]
            if not fitting:
                return text[units[first].start : units[last].end]
            first, last = fitting[0]
    return ""


def _header(label: int, hit: Hit, names: Mapping[str, str], several: bool) -> str:
    pages = f"p. {hit.page_start}" if hit.page_start == hit.page_end else f"pp. {hit.page_start}-{hit.page_end}"
    return f"[{label}] {names[hit.document_id]}, {pages}" if several else f"[{label}] {pages}"


def _render(hits: Sequence[Hit], names: Mapping[str, str], several: bool) -> tuple[tuple[Part, ...], str]:
    ordered = sorted(hits, key=lambda hit: (hit.document_id, hit.page_start, hit.page_end, hit.kind == "chunk"))
    parts = tuple(
        Part(label, hit.kind, hit.id, hit.document_id, hit.page_start, hit.page_end, hit.text, hit.tokens)
        for label, hit in enumerate(ordered, start=1)
    )
    blocks = [f"{_header(label, hit, names, several)}\n{hit.text}" for label, hit in enumerate(ordered, start=1)]
    return parts, "\n\n".join(blocks)
