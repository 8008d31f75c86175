"""The thinker that is a language model: what it is asked, and what its reply is worth.

It sees one window at a time, as data between marks, has no tools, and gets no old notes to rework but the document's outline
for orientation. Whatever it says is only a proposal: see ``stc.sleep.checking``.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from stc.chat.citing import locate
from stc.models import tokens
from stc.sleep import checking, prompts, proving
from stc.words import Evidence, NoteDraft, Page

OUTPUT_SHARE = 0.25
"""Tokens of reply asked for, per token of text, at most."""
_NOTE_TOKENS = 110
_SECTION_TOKENS = 90
_LEAST_OUTPUT_TOKENS = 500
_MOST_OUTPUT_TOKENS = 3000
_OUTLINE_IN_PROMPT_TOKENS = 120
_KNOWN_IN_PROMPT = 8
_REPAIRS = 2


@dataclass(frozen=True, slots=True)
class Said:
    """A model's reply as far as thinking needs it."""

    text: str
    finish_reason: str


Call = Callable[[list[dict[str, str]], int, dict[str, Any]], Said]
"""``(messages, max_tokens, schema) -> Said``: pays, records and can be broken off."""


class Unusable(Exception):
    """Every try brought a reply that can't be read; ``str`` says what was wrong with the last."""


def _kind(value: Any) -> str:
    """Models call a note a "fact" or a "comparison"; only a definition is told apart."""
    return "definition" if str(value).casefold().startswith("defin") else "answer"


def _page(value: Any) -> int | None:
    """Return the number in "4", "p. 4" or 4; ``None`` for anything else: where a quote stands is looked up anyway."""
    found = re.search(r"\d+", str(value))
    return int(found.group()) if found and len(found.group()) < 9 else None


def _quote_list(value: Any) -> Any:
    """Return a list of objects for one object, for one string and for a list of strings."""
    items = value if isinstance(value, list) else [] if value is None else [value]
    return [{"quote": item} if isinstance(item, str) else item for item in items]


def _readable(value: Any) -> Any:
    """Leave out the unreadable notes of a list where others can be read; an empty one stands for each in the count."""
    if not isinstance(value, list):
        return value
    unreadable = {"question": "", "answer": ""}
    kept = [item if _fits(_Note, item) else unreadable for item in value]
    return kept if any(item is not unreadable for item in kept) else value


def _fits(shape: type[BaseModel], value: Any) -> bool:
    try:
        shape.model_validate(value)
    except ValidationError:
        return False
    return True


class _Quote(BaseModel):
    page: Annotated[int | None, BeforeValidator(_page)] = None
    quote: str


_Quotes = Annotated[list[_Quote], BeforeValidator(_quote_list), Field(default_factory=list)]


class _Note(BaseModel):
    kind: Annotated[Literal["answer", "definition"], BeforeValidator(_kind)] = "answer"
    question: str
    answer: str
    evidence: _Quotes


class _Notes(BaseModel):
    notes: Annotated[list[_Note], BeforeValidator(_readable)]


class _Section(BaseModel):
    title: str = ""
    summary: str
    evidence: _Quotes


class _Outline(BaseModel):
    summary: str
    evidence: _Quotes
    sections: list[_Section] = Field(default_factory=list)


def output_tokens(text_tokens: int) -> int:
    """Return ``max_tokens`` for a window of so many tokens: a quarter of it, within what a useful reply needs."""
    return max(_LEAST_OUTPUT_TOKENS, min(_MOST_OUTPUT_TOKENS, int(text_tokens * OUTPUT_SHARE)))


def prompt_tokens(text_tokens: int, *, outline: bool) -> int:
    """Return about how many tokens are sent for a window, prompt included."""
    overhead = _overhead_outline() if outline else _overhead_anticipate() + _OUTLINE_IN_PROMPT_TOKENS
    return overhead + text_tokens


def _overhead_outline() -> int:
    return sum(tokens.count(message["content"]) + 6 for message in prompts.outline("", [], excerpts=True, sections=10))


def _overhead_anticipate() -> int:
    return sum(tokens.count(message["content"]) + 6 for message in prompts.anticipate("", "", [], questions=10))


def anticipate(
    call: Call, *, name: str, outline: str, pages: Sequence[Page], limit: int, asked: Sequence[str] = ()
) -> list[NoteDraft]:
    """Return the questions that a model thinks readers will ask about these pages, with answers and quotes.

    Pages longer than ``limit`` tokens together are asked about in several calls. Raises ``Unusable``, and whatever
    ``call`` raises.
    """
    drafts: list[NoteDraft] = []
    prove = _Prover(pages)
    for part in _parts(pages, limit):
        size = sum(tokens.count(text) for _, text in part)
        room = output_tokens(size)
        known = [*asked, *(draft.question for draft in drafts)][-_KNOWN_IN_PROMPT:]
        messages = prompts.anticipate(
            name,
            tokens.cut(outline, _OUTLINE_IN_PROMPT_TOKENS),
            part,
            questions=max(3, room // _NOTE_TOKENS),
            asked=known,
        )
        reply = _read(call, messages, room, prompts.NOTES_SCHEMA, _Notes)
        for note in reply.notes:
            drafts.append(
                NoteDraft(note.kind, note.question, note.answer, prove(note.answer, note.evidence, note.question))
            )
    return drafts


def outline(
    call: Call, *, name: str, pages: Sequence[Page], shown: Sequence[tuple[int, str]], excerpts: bool
) -> list[NoteDraft]:
    """Return the summary of a document, then of its sections. ``shown`` is what of the pages is sent.

    Raises ``Unusable``, and whatever ``call`` raises.
    """
    size = sum(tokens.count(text) for _, text in shown)
    room = output_tokens(size)
    messages = prompts.outline(name, shown, excerpts=excerpts, sections=max(2, room // _SECTION_TOKENS - 3))
    reply = _read(call, messages, room, prompts.OUTLINE_SCHEMA, _Outline)
    prove = _Prover(pages)
    found = prove(reply.summary, reply.evidence)
    drafts = [NoteDraft("summary", "", proving.proven(reply.summary, found, prove.writing), found)]
    for section in reply.sections:
        if not section.summary.strip():
            continue
        found = prove(section.summary, section.evidence)
        summary = proving.proven(section.summary, found, prove.writing)
        title = prove.title(section.title, found)
        if title is not None:
            summary, found = f"{section.title}: {summary}", (title, *found)
        drafts.append(NoteDraft("summary", "", summary, found))
    return drafts


def _read(call: Call, messages: list[dict[str, str]], room: int, schema: dict[str, Any], shape: type[Any]) -> Any:
    """Return the parsed reply; an unusable one is shown back to the model with its fault, twice at most."""
    asked = messages
    error = ""
    for _ in range(1 + _REPAIRS):
        said = call(asked, room, schema)
        if said.finish_reason == "length":
            error = "It was cut off because it was too long."
        elif said.finish_reason != "stop":
            error = "It was incomplete."
        else:
            try:
                return shape.model_validate(_json(said.text))
            except ValidationError as fault:
                first = fault.errors()[0]
                error = f"At {'.'.join(str(part) for part in first['loc']) or 'the top'}: {first['msg']}."
            except ValueError as fault:
                error = f"It is no JSON: {fault}."
        # Only the beginning of a bad reply goes back: it costs tokens, and its end may be endless.
        asked = prompts.repair(messages, said.text[:1000], error)
    raise Unusable(error)


_FENCE = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
_COMMA_TOO_MUCH = re.compile(r",(?=\s*[}\]])")
_STRING_END = re.compile(r'\s*(?:[}\]:]|,\s*["{\[}\]]|$)')
_NOTE = re.compile(r'\{\s*"(?:kind|question)"')


def _json(text: str) -> Any:
    """Return the JSON object in a reply, also where it stands in a fence or behind a thought, or came as a bare list."""
    text = _THOUGHT.sub("", text)
    fenced = _FENCE.search(text)
    text = fenced.group(1) if fenced else text
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=-1)
    end = max(text.rfind("}"), text.rfind("]"))
    if start < 0 or end < start:
        raise ValueError("there is no object in it")
    text = text[start : end + 1]
    try:
        found = json.loads(text, strict=False)
    except ValueError:
        found = _mended(text)
        if not found:
            raise
    return {"notes": found} if isinstance(found, list) else found


def _mended(text: str) -> Any:
    """Return broken JSON without surplus commas and with its inner quotes escaped, else those of its notes that are whole.

    For each note that is not there stands an empty one. ``None`` where nothing can be read.
    """
    decoder = json.JSONDecoder(strict=False)
    for tried in (_COMMA_TOO_MUCH.sub("", text), _COMMA_TOO_MUCH.sub("", _escaped(text))):
        with contextlib.suppress(ValueError):
            return decoder.decode(tried)
    found = []
    for start in _NOTE.finditer(text):
        try:
            found.append(decoder.raw_decode(text, start.start())[0])
        except ValueError:
            found.append({})
    return found if any(found) else None


def _escaped(text: str) -> str:
    """Return JSON with a backslash before each quotation mark within a string: one that no string can end with."""
    written = []
    inside = False
    for place, character in enumerate(text):
        if character == '"' and text[place - 1 : place] != "\\":
            if inside and not _STRING_END.match(text, place + 1):
                written.append("\\")
            else:
                inside = not inside
        written.append(character)
    return "".join(written)


class _Prover:
    """Finds the evidence of what a model said about some pages."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self._texts = {page.number: page.text for page in pages}
        self.writing = checking.writing_of(self._texts.values())

    def __call__(self, text: str, quotes: Sequence[_Quote], question: str = "") -> tuple[Evidence, ...]:
        given = [(item.page, item.quote) for item in quotes]
        return proving.evidence(text, given, self._texts, self.writing, question=question)

    def title(self, title: str, near: Sequence[Evidence]) -> Evidence | None:
        """Return where a section's title stands: on a page of its evidence before others, which may be the contents."""
        cited = {item.page for item in near}
        for number in sorted(self._texts, key=lambda number: (number not in cited, number)):
            found = locate(title, self._texts[number])
            if found:
                start, end = found[0]
                return Evidence(number, self._texts[number][start:end])
        return None


def _parts(pages: Sequence[Page], limit: int) -> list[list[tuple[int, str]]]:
    """Return the pages in groups of at most ``limit`` tokens; a page that is longer by itself is cut at line ends."""
    parts: list[list[tuple[int, str]]] = []
    used = 0
    for page in pages:
        for text in _pieces(page.text, limit):
            size = tokens.count(text)
            if not parts or used + size > limit:
                parts.append([])
                used = 0
            parts[-1].append((page.number, text))
            used += size
    return parts


def _pieces(text: str, limit: int) -> list[str]:
    if not text.strip():
        return []
    if tokens.count(text) <= limit:
        return [text]
    pieces = []
    while text.strip():
        piece = tokens.cut(text, limit)
        if len(piece) < len(text) and "\n" in piece.strip():
            piece = piece[: piece.rindex("\n") + 1]
        pieces.append(piece)
        text = text[max(1, len(piece)) :]
    return pieces
