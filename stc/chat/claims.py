"""Turn what a reader of the context said into citations that hold: every quote is looked for on its page first."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from stc.chat import replies, sentences
from stc.chat.citing import find_quote
from stc.chat.terms import terms
from stc.words import Citation, Note, Page, Part

ReadPage = Callable[[str, int], Page | None]

_NUMBER = re.compile(r"\d[\d.,:/]*")
_OVERLAP = 0.5
"""Share of a claim's telling words that a sentence must hold to be shown as its proof when the model quoted nothing."""
_FEWEST_CHARACTERS = 3


def prove(
    part: Part, quote: str, *, names: Mapping[str, str], notes: Mapping[str, Note], read_page: ReadPage, label: int
) -> Citation | None:
    """Return the citation of a quote from one part of the context, or ``None`` where it stands on none of its pages.

    The quote is given in the page's own words. Through a note, it must stand on a page of the note's evidence; what a
    note says in words of its own is cited by the note's first evidence.
    """
    via_note = part.id if part.kind == "note" else None
    note = notes.get(part.id) if via_note else None
    numbers = dict.fromkeys(item.page for item in note.evidence) if note else range(part.page_start, part.page_end + 1)
    for number in numbers:
        page = read_page(part.document_id, number)
        found = find_quote(quote, page.text) if page and len(quote.strip()) >= _FEWEST_CHARACTERS else None
        if page and found:
            exact = page.text[found[0] : found[1]]
            return Citation(label, part.document_id, names[part.document_id], number, exact, True, via_note)
    if note and note.evidence and find_quote(quote, note.text):
        return prove(part, note.evidence[0].quote, names=names, notes={}, read_page=read_page, label=label)
    return None


def prove_reply(
    reply: replies.Reply,
    parts: Sequence[Part],
    *,
    names: Mapping[str, str],
    notes: Mapping[str, Note],
    read_page: ReadPage,
) -> tuple[str, tuple[Citation, ...]]:
    """Return a model's text with the marks that hold, renumbered from 1, and their citations.

    A mark holds by a quote that the model gave and that stands on its page; else by a sentence of the part marked that
    holds every number of the claim and most of its telling words. A mark that does not hold is taken out.
    """
    by_label = {part.label: part for part in parts}
    claims = replies.claims(reply.text)
    found: dict[int, list[Citation]] = {}
    for label in replies.labels_in(reply.text):
        part = by_label.get(label)
        if part is None:
            continue
        candidates = [quote for quoted, quote in reply.quotes if quoted == label]
        proven = [
            citation
            for quote in candidates
            if (citation := prove(part, quote, names=names, notes=notes, read_page=read_page, label=label))
        ]
        if not proven:
            for claim, labels in claims:
                sentence = _best_sentence(claim, part.text) if label in labels else None
                if sentence is None:
                    continue
                citation = prove(part, sentence, names=names, notes=notes, read_page=read_page, label=label)
                if citation is not None:
                    proven.append(citation)
        if proven:
            found[label] = list(dict.fromkeys(proven))[:2]
    new = {label: position for position, label in enumerate(found, start=1)}
    citations = tuple(
        Citation(new[label], item.document_id, item.name, item.page, item.quote, True, item.via_note)
        for label, items in found.items()
        for item in items
    )
    return replies.relabel(reply.text, new), citations


def _best_sentence(claim: str, text: str) -> str | None:
    words = set(terms(claim))
    numbers = {number.strip(".,:/") for number in _NUMBER.findall(claim)}
    best, best_share = None, _OVERLAP
    for unit in sentences.split(text):
        sentence = text[unit.start : unit.end]
        there = {number.strip(".,:/") for number in _NUMBER.findall(sentence)}
        share = len(words & set(terms(sentence))) / len(words) if words else 0.0
        if numbers <= there and share >= best_share:
            best, best_share = sentence, share
    return best
