"""Turn what a reader of the context said into citations that hold: every quote is looked for on its page first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from stc.chat import replies, sentences
from stc.chat.citing import locate
from stc.chat.figures import constants, numbers, readings, reckoned
from stc.chat.orders import planted
from stc.chat.terms import terms
from stc.words import Citation, Note, Page, Part

_Figure = Sequence[Set[str]]
"""A number of a claim: what it may mean, as sets of which one must be known whole."""
ReadPage = Callable[[str, int], Page | None]

_OVERLAP = 0.5
"""Share of a claim's telling words that a sentence must hold to be shown as its proof when the model quoted nothing."""
_OVERLAP_ELSEWHERE = 0.7
"""The same where the sentence stands in a part that the model did not even name."""
_SHARED_WORDS = 2
"""Telling words that a claim must share with a sentence that is shown for one of its numbers."""
_FEWEST_CHARACTERS = 3
_FEWEST_WORDS = 4
"""A quote of fewer is shown with the sentence or line that it stands in."""
_CITATIONS_OF_A_PART = 3
_INLINE_QUOTE = re.compile(r"[\"“]([^\"“”\n]{8,})[\"”]")
_LINK = re.compile(r"\b(?:https?://|www\.)\S*[^\s.,;:!?)\]]", re.IGNORECASE)
_NO_LINK = "(link left out)"
_NO_FIGURE = re.compile(r"^\s*\d{1,2}[.)](?=\s|$)|\b(?:pages?|pp?\.|passages?)\s*\d+(?:\s*[–-]\s*\d+)?", re.IGNORECASE)
"""The number of a list's item, a page's or a passage's: about the text, not in it."""


def prove(
    part: Part, quote: str, *, names: Mapping[str, str], notes: Mapping[str, Note], read_page: ReadPage, label: int
) -> list[Citation]:
    """Return the citations of a quote from one part of the context, none where it stands on none of its pages.

    They carry the page's own words. Through a note, the quote must stand on a page of the note's evidence; what a note
    says in words of its own is cited by the note's evidence.
    """
    via_note = part.id if part.kind == "note" else None
    note = notes.get(part.id) if via_note else None
    if len(quote.strip()) < _FEWEST_CHARACTERS:
        return []
    pages = dict.fromkeys(item.page for item in note.evidence) if note else range(part.page_start, part.page_end + 1)
    for number in pages:
        page = read_page(part.document_id, number)
        found = locate(quote, page.text) if page else []
        if page and found:
            name = names[part.document_id]
            return [
                Citation(label, part.document_id, name, number, page.text[start:end], True, via_note)
                for start, end in found
            ]
    if note and locate(quote, note.text):
        words = set(terms(quote))
        nearest = sorted(note.evidence, key=lambda item: -len(words & set(terms(item.quote))))
        return [
            citation
            for item in nearest
            for citation in prove(part, item.quote, names=names, notes={}, read_page=read_page, label=label)
        ]
    return []


def prove_reply(
    reply: replies.Reply,
    parts: Sequence[Part],
    *,
    question: str,
    names: Mapping[str, str],
    notes: Mapping[str, Note],
    read_page: ReadPage,
) -> tuple[str, tuple[Citation, ...]]:
    """Return a model's text with the marks that hold, renumbered from 1, and their citations.

    A mark holds by a quote that the model gave and that stands on its page; else by a sentence of the part marked that
    holds every number of the claim and most of its telling words. No mark of a claim holds when one of the claim's
    numbers stands neither in its proofs nor in the question and does not follow from them by one step of arithmetic. Text
    that gives orders to its reader proves nothing but what is quoted of it. A mark that does not hold is taken out, and so
    is a link in a claim that has none left; a quote without a mark gets one at the claim that it fits best.
    """

    def cite(part: Part, quote: str, reported: bool = False) -> list[Citation]:
        found = prove(part, quote, names=names, notes=notes, read_page=read_page, label=part.label)
        return found if reported else [item for item in found if not _is_planted(item, read_page)]

    said = replies.claims(reply.text)
    proofs = _Proofs(parts, names, notes, cite)
    proven = [proof for label, quote in reply.quotes if (proof := proofs.of_quote(label, quote))]
    for claim in said:
        inline = [(label, quote) for label in claim.labels for quote in _INLINE_QUOTE.findall(claim.text)]
        proven += [proof for label, quote in inline if (proof := proofs.of_quote(label, quote, reported=True))]
    marked = {label for claim in said for label in claim.labels}
    strays: dict[int, list[_Proof]] = {}
    for proof in proven:
        if proof.label not in marked and (best := _best_claim(said, proof)) is not None:
            strays.setdefault(best, []).append(proof)
    held = []
    for position, claim in enumerate(said):
        own = _fitting(claim, said, proven) + strays.get(position, [])
        held.append(proofs.complete(claim, own, question))
    return _written(said, held)


@dataclass(frozen=True, slots=True)
class _Proof:
    """``label`` is what the model wrote, ``part`` where the quote was found."""

    label: int
    part: Part
    citations: tuple[Citation, ...]
    numbers: frozenset[str]
    words: frozenset[str]


@dataclass(slots=True)
class _Proofs:
    """Looks for proofs in the parts of a context."""

    parts: Sequence[Part]
    names: Mapping[str, str]
    notes: Mapping[str, Note]
    cite: Callable[..., list[Citation]]
    _sentences: dict[int, list[str]] = field(default_factory=dict)

    def of_quote(self, label: int | None, quote: str, *, reported: bool = False) -> _Proof | None:
        """Return the proof by a quote: from the part it is labelled with, else from the one where it stands."""
        for part in sorted(self.parts, key=lambda part: part.label != label):
            citations = self.cite(part, self._with_its_sentence(part, quote), reported)
            if citations:
                return self._proof(part.label if label is None else label, part, citations)
        return None

    def complete(self, claim: replies.Claim, proofs: Sequence[_Proof], question: str) -> list[_Proof]:
        """Return the proofs of a claim with those that its marks and numbers still lack; none where a number has none."""
        found = list(proofs)
        figures = _figures(claim)
        given = numbers(question) | constants(claim.text)
        marked = [part for label in claim.labels for part in self.parts if part.label == label]
        for part in marked:
            if not any(proof.label == part.label for proof in found):
                found += self._nearest(_words(claim), [part], _OVERLAP, figures, given)
        if not found and claim.labels:
            found = self._nearest(_words(claim), self.parts, _OVERLAP_ELSEWHERE, figures, given)
        if not found:
            return []
        for figure in figures:
            known = given.union(*(proof.numbers for proof in found))
            if not _holds(known, figure, reckon=True):
                # A short answer leaves to the question what it is about.
                words = _words(claim) | set(terms(question))
                parts = [*marked, *(proof.part for proof in found)]
                extra = self._nearest(words, parts, _SHARED_WORDS / max(1, len(words)), [figure], given)
                if not extra:
                    return []
                found += extra
        return found

    def _named(self, part: Part) -> set[str]:
        """Return the numbers in the name of a part's document: they prove what is said of it, and of no other."""
        return numbers(self.names[part.document_id])

    def _nearest(
        self, words: set[str], parts: Iterable[Part], least: float, figures: Iterable[_Figure], given: set[str]
    ) -> list[_Proof]:
        """Return the proof by the sentence with these figures that holds most of the words, a share ``least`` at least."""
        ranked = [
            (len(words & set(terms(sentence))) / len(words), part, sentence)
            for part in {part.label: part for part in parts}.values()
            for sentence in self._sentences_of(part)
            if words and all(_holds(given | self._named(part) | numbers(sentence), figure) for figure in figures)
        ]
        for share, part, sentence in sorted(ranked, key=lambda item: -item[0]):
            if share < least:
                break
            citations = self.cite(part, sentence)
            if citations:
                return [self._proof(part.label, part, citations)]
        return []

    def _proof(self, label: int, part: Part, citations: Sequence[Citation]) -> _Proof:
        text = "\n".join(citation.quote for citation in citations)
        note = self.notes.get(part.id)
        if note:  # a note is checked, and what it reckoned stands in none of its quotes
            text = f"{text}\n{note.text}"
        known = numbers(text) | constants(text) | self._named(part)
        return _Proof(label, part, tuple(citations), frozenset(known), frozenset(terms(text)))

    def _with_its_sentence(self, part: Part, quote: str) -> str:
        if len(quote.split()) >= _FEWEST_WORDS:
            return quote
        return next((sentence for sentence in self._sentences_of(part) if locate(quote, sentence)), quote)

    def _sentences_of(self, part: Part) -> list[str]:
        if part.label not in self._sentences:
            self._sentences[part.label] = [part.text[unit.start : unit.end] for unit in sentences.split(part.text)]
        return self._sentences[part.label]


def _written(said: Sequence[replies.Claim], held: Sequence[Sequence[_Proof]]) -> tuple[str, tuple[Citation, ...]]:
    """Return the text with new marks, one number for each part that proves something, and the citations by number."""
    used: dict[int, dict[tuple[int, str], Citation]] = {}
    for proof in (proof for proofs in held for proof in proofs):
        cited = used.setdefault(proof.part.label, {})
        for citation in proof.citations:
            if not any(citation.page == page and citation.quote in quote for page, quote in cited):
                for within in [key for key in cited if key[0] == citation.page and key[1] in citation.quote]:
                    del cited[within]
                if len(cited) < _CITATIONS_OF_A_PART:
                    cited[citation.page, citation.quote] = citation
    new = {label: position for position, label in enumerate(used, start=1)}
    text = ""
    for claim, proofs in zip(said, held, strict=True):
        marks: dict[int, list[int]] = {}
        for proof in proofs:
            marks.setdefault(proof.label, []).append(new[proof.part.label])
        raw = claim.raw if proofs else _LINK.sub(_NO_LINK, claim.raw)
        text += replies.relabel(raw, marks, more=[new[proof.part.label] for proof in proofs])
    citations = tuple(
        Citation(new[label], item.document_id, item.name, item.page, item.quote, True, item.via_note)
        for label, cited in used.items()
        for item in cited.values()
    )
    return text.strip(), citations


def _best_claim(said: Sequence[replies.Claim], proof: _Proof) -> int | None:
    """Return the position of the claim that a quote without a mark belongs to."""

    def shared(claim: replies.Claim) -> int:
        return len(_words(claim) & proof.words)

    best = max(range(len(said)), key=lambda position: shared(said[position]), default=None)
    if best is None or (len(said) > 1 and shared(said[best]) < _SHARED_WORDS):
        return None
    return best


def _fitting(claim: replies.Claim, said: Sequence[replies.Claim], proven: Sequence[_Proof]) -> list[_Proof]:
    """Return the proofs with a claim's marks: those that share a word with it, else those that share none with any claim."""
    own = [proof for proof in proven if proof.label in claim.labels]
    near = [proof for proof in own if _words(claim) & proof.words]
    return near or [proof for proof in own if not any(_words(other) & proof.words for other in said)]


def _is_planted(citation: Citation, read_page: ReadPage) -> bool:
    page = read_page(citation.document_id, citation.page)
    start = page.text.find(citation.quote) if page else -1
    return page is not None and start >= 0 and planted(page.text, start, start + len(citation.quote))


def _words(claim: replies.Claim) -> set[str]:
    return set(terms(claim.text))


def _figures(claim: replies.Claim) -> Sequence[_Figure]:
    """Return the numbers of a claim; number words are left out: "two reasons" counts what follows."""
    return readings(_NO_FIGURE.sub("", claim.text))


def _holds(known: set[str], figure: _Figure, *, reckon: bool = False) -> bool:
    return any(all(number in known or (reckon and reckoned(number, known)) for number in reading) for reading in figure)
