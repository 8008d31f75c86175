"""Find the context of an answer: retrieve, choose the route, pack. Calls no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stc.chat import derived, reuse, routing
from stc.chat.context import CONTEXT_TOKENS, pack, plain, rarities
from stc.chat.offering import offers
from stc.chat.retrieval import retrieve_each
from stc.chat.scope import Scope
from stc.models import tokens
from stc.services import Services
from stc.storage import bans
from stc.storage import documents as document_rows
from stc.storage import notes as note_rows
from stc.words import Context, Effort, Hit, Note, Route

if TYPE_CHECKING:
    from sqlalchemy import Connection

_CHUNK_HITS = 30
_NOTE_HITS = 12
_NOTES_IN_CONTEXT = 5
_STANDS_OUT = 0.1
"""By so much more of the words that tell documents apart one must hold than the next, to be the one that is meant."""


@dataclass(frozen=True, slots=True)
class Found:
    """What retrieval found for one question. ``notes`` holds the notes behind ``note_hits``; ``prepared`` is a note
    whose answer may stand as it is, with the reason why; ``derived`` one that holds what it asks to be worked out."""

    question: str
    scope: Scope
    chunk_hits: tuple[Hit, ...]
    note_hits: tuple[Hit, ...]
    notes: dict[str, Note]
    prepared: tuple[Note, str] | None
    derived: Note | None


def find(services: Services, question: str, scope: Scope, *, clicked: str = "") -> Found:
    """Search the scope's passages and verified notes. ``clicked``: the note whose question was offered and clicked."""
    limits = {"chunk": _CHUNK_HITS, "note": _NOTE_HITS}
    hits = retrieve_each(services, question, document_ids=scope.ids, limits=limits, pages=scope.pages)
    chunk_hits, note_hits = hits["chunk"], hits["note"]
    with services.database.read() as connection:
        notes = note_rows.by_id(connection, [hit.id for hit in note_hits])
        notes = {note.id: note for note in notes.values() if note.status == "verified"}
        note_hits = [hit for hit in note_hits if hit.id in notes]
        prepared = _clicked(connection, services.owner, question, scope, notes, clicked) if clicked else None
        prepared = prepared or _prepared(connection, services.owner, question, scope, note_hits, notes)
    if prepared is not None:
        notes[prepared[0].id] = prepared[0]
    if len(scope.documents) == 1:
        worked_out = derived.choose(question, [notes[hit.id] for hit in note_hits], rarities(chunk_hits))
    else:
        worked_out, hit = _of_the_one_meant(services, question, chunk_hits)
        if worked_out is not None and hit is not None:
            notes[worked_out.id] = worked_out
            note_hits = [*(each for each in note_hits if each.id != hit.id), hit]
    return Found(question, scope, tuple(chunk_hits), tuple(note_hits), notes, prepared, worked_out)


def _of_the_one_meant(services: Services, question: str, hits: Sequence[Hit]) -> tuple[Note | None, Hit | None]:
    """Return the note that holds what a question over several documents asks to be worked out, with its hit.

    ``None`` where no document stands out, or the question does not name it: "the" figure could be any document's.
    """
    shares = {hit.document_id: hit.signals.get("document", 0.0) for hit in hits}
    ranked = sorted(shares, key=lambda document_id: -shares[document_id])
    if not ranked or (len(ranked) > 1 and shares[ranked[0]] - shares[ranked[1]] < _STANDS_OUT):
        return None, None
    with services.database.read() as connection:
        first = document_rows.read_page(connection, ranked[0], 1)
    about = derived.without_name(question, first.text) if first is not None else None
    if about is None:
        return None, None
    limits = {"chunk": _CHUNK_HITS, "note": _NOTE_HITS}
    inside = retrieve_each(services, about, document_ids=[ranked[0]], limits=limits)
    with services.database.read() as connection:
        notes = note_rows.by_id(connection, [hit.id for hit in inside["note"]])
    standing = [notes[hit.id] for hit in inside["note"] if hit.id in notes and notes[hit.id].status == "verified"]
    chosen = derived.choose(about, standing, rarities(inside["chunk"]))
    return chosen, next((hit for hit in inside["note"] if chosen is not None and hit.id == chosen.id), None)


def _prepared(
    connection: Connection, owner: str, question: str, scope: Scope, hits: Sequence[Hit], notes: dict[str, Note]
) -> tuple[Note, str] | None:
    """Return the note whose answer may stand as it is, with the reason: in its own words first, then the best hit.

    ``None`` where none may, or those that may give different answers.
    """
    standing = []
    for hit in hits:
        note = notes[hit.id]
        similarity = hit.signals["meaning"]
        verdict = reuse.may_stand(question, note, documents=len(scope.documents), similarity=similarity)
        if verdict.stands:
            banned = bans.questions(connection, owner, note)
            verdict = reuse.may_stand(
                question, note, documents=len(scope.documents), similarity=similarity, banned=banned
            )
        if verdict.stands:
            standing.append((note, verdict.reason))
    standing = [found for found in standing if found[1] == reuse.VERY_QUESTION] or standing
    return standing[0] if standing and reuse.agree([note for note, _ in standing]) else None


def _clicked(
    connection: Connection, owner: str, question: str, scope: Scope, notes: dict[str, Note], note_id: str
) -> tuple[Note, str] | None:
    """Return the note whose question was clicked, with the reason, where it may stand: the click says which document is meant,
    however many are in scope. ``notes`` are those found, among them what else that document has for this question."""
    note = note_rows.by_id(connection, [note_id]).get(note_id)
    if note is None or note.document_id not in scope.ids or not all(scope.holds(item.page) for item in note.evidence):
        return None
    banned = bans.questions(connection, owner, note)
    verdict = reuse.may_stand(question, note, documents=1, similarity=1.0, banned=banned)
    others = [other for other in notes.values() if other.document_id == note.document_id]
    others = [
        other
        for other in others
        if reuse.may_stand(question, other, documents=1, similarity=1.0).reason == reuse.VERY_QUESTION
    ]
    return (note, verdict.reason) if verdict.stands and reuse.agree([note, *others]) else None


def decide(found: Found, *, effort: Effort, reuse_extractive: bool, whole: int | None = None) -> routing.Decision:
    """Choose the route. ``reuse_extractive``: a quote picked without a model may stand as the answer. ``whole`` as for
    ``routing.choose``."""
    prepared = None
    if found.prepared is not None and (reuse_extractive or found.prepared[0].thinker == "model"):
        prepared = found.prepared[1]
    if prepared is None and found.derived is not None and (effort != "high" or reuse_extractive):
        return routing.Decision("notes", ("what is asked for was worked out while preparing",))
    best = _best_note(found)
    evidence = found.notes[best[0].id].evidence if best else ()
    return routing.choose(
        effort=effort,
        prepared=prepared,
        coverage=coverage(found),
        notes=best,
        # As the text alone ranks them: what the notes' own questions add is no second signal.
        chunks=sorted(found.chunk_hits, key=lambda hit: hit.signals.get("asked", 0.0) - hit.score),
        evidence_chunks=[item.chunk_id for item in evidence],
        offered=any(offers(found.question, item.quote) for item in evidence),
        whole=whole,
    )


def coverage(found: Found) -> float:
    """Return the share (0 to 1) of the question's telling words that the best note with its evidence holds."""
    best = _best_note(found)
    evidence = found.notes[best[0].id].evidence if best else ()
    texts = [hit.text for hit in best] + [item.quote for item in evidence]
    return routing.question_coverage(found.question, texts, rarities(found.chunk_hits))


def _best_note(found: Found) -> list[Hit]:
    # What was derived answers only what asks for it: its quotes are cut to what was reckoned with.
    return [hit for hit in found.note_hits if found.notes[hit.id].kind != "inference"][:1]


def context_for(
    services: Services,
    found: Found,
    route: Route,
    *,
    effort: Effort,
    budget: int | None,
    quotes_only: bool,
    reasons: tuple[str, ...],
) -> Context:
    """Return the context of a route, of at most ``budget`` tokens (the effort's own where ``None``).

    ``quotes_only``: for the extractive reader, which quotes what it is given: notes come as their evidence.
    """
    if route == "document":
        return _whole_documents(services, found, budget, reasons)
    if route in ("none", "reused"):
        return Context(route, (), "", 0, reasons)
    limit = CONTEXT_TOKENS[effort][route] if budget is None else budget
    usable = [hit for hit in found.note_hits if not quotes_only or found.notes[hit.id].kind != "inference"]
    ranked = [hit for hit in found.note_hits if found.derived is not None and hit.id == found.derived.id] + [
        hit for hit in usable if found.derived is None or hit.id != found.derived.id
    ]
    notes = [_note_hit(hit, found.notes[hit.id], quotes_only) for hit in ranked[:_NOTES_IN_CONTEXT]]
    if route == "notes" and quotes_only and found.derived is not None:
        hits = notes[:1]
    elif route == "notes":
        hits = notes
    elif route == "chunks":
        hits = list(found.chunk_hits)
    else:
        # Notes must never crowd out the text: they take at most a quarter, the passages the rest.
        hits = tokens.within(notes, limit // 4) + list(found.chunk_hits)
    # The extractive reader weighs passages against each other, and doubts by the one that a sentence stands in.
    joined = [] if quotes_only else [hit.id for hit in hits if hit.kind == "chunk"]
    with services.database.read() as connection:
        passages = document_rows.chunks_by_id(connection, joined)
    return pack(
        hits,
        found.scope.names,
        question=found.question,
        route=route,
        budget=limit,
        reasons=reasons,
        ordinals={passage.id: passage.ordinal for passage in passages.values()},
        shortened=lambda hit, there: note_text(found.notes[hit.id], quotes_only=quotes_only, there=there),
    )


def _note_hit(hit: Hit, note: Note, quotes_only: bool) -> Hit:
    text = note_text(note, quotes_only=quotes_only)
    return Hit(
        "note", hit.id, hit.document_id, hit.page_start, hit.page_end, text, tokens.count(text), hit.score, hit.signals
    )


def note_text(note: Note, *, quotes_only: bool, there: str = "") -> str:
    """Return a note as it stands in a context: question, answer and evidence, nothing twice.

    ``there``: text that stands in the context already; it is not quoted again. "" where the note says nothing else.
    """
    quotes = list(dict.fromkeys(item.quote for item in note.evidence))
    standing = plain(there)
    own = [quote for quote in quotes if plain(quote) not in standing]
    if quotes_only:
        # A blank line keeps two quotes from being read as one sentence that stands nowhere.
        return "\n\n".join([note.text, *own] if note.kind == "inference" else own)
    told = plain(note.text)
    lines = []
    if not any(told in plain(quote) for quote in quotes):
        lines.append(note.text)
        own = [quote for quote in own if plain(quote) not in told]
    lines += [f"“{quote}”" for quote in own]
    return "\n".join([note.question, *lines] if note.question and lines else lines)


def _whole_documents(services: Services, found: Found, budget: int | None, reasons: tuple[str, ...]) -> Context:
    hits = []
    with services.database.read() as connection:
        for document in found.scope.documents:
            for page in found.scope.read_pages(connection, document.id):
                if page.text.strip():
                    identity = f"{document.id}:{page.number}"
                    count = tokens.count(page.text)
                    hits.append(
                        Hit("chunk", identity, document.id, page.number, page.number, page.text, count, 0.0, {})
                    )
    if budget is not None and sum(hit.tokens for hit in hits) > budget:
        reason = f"the whole text is longer than the {budget:,} tokens that can be read at once"
        return Context("none", (), "", 0, (*reasons, reason))
    whole = 10**9 if budget is None else budget + 16 * len(hits)  # page marks come on top
    return pack(hits, found.scope.names, question=found.question, route="document", budget=whole, reasons=reasons)
