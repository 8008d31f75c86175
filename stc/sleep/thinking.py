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
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from stc.chat.citing import locate
from stc.models import tokens
from stc.sleep import checking, prompts, proving
from stc.words import Evidence, NoteDraft, Page, Pass

OUTPUT_SHARE = 0.24
"""Tokens of reply asked for, per token of text: a little below the quarter that a pass may ask for over a whole document,
which leaves room for the least that short windows get."""
SENT_SHARE = 1.2
"""Tokens sent per token of text, at most, where questions choose how often."""
_NOTE_TOKENS = 110
_INFERENCE_TOKENS = 140
_SECTION_TOKENS = 90
_ANSWER_TOKENS = 260
_LEAST_OUTPUT_TOKENS = 240
_LEAST_OF_SHORT_TOKENS = 500
_SHORT_DOCUMENT_TOKENS = 20_000
"""A shorter document has few windows: each may get what a useful reply needs, whatever its share."""
_MOST_OUTPUT_TOKENS = 3000
_OUTLINE_IN_PROMPT_TOKENS = 50
_KNOWN_IN_PROMPT = 4
_MOST_QUESTIONS = 10
_MOST_NOTES = 100
"""Of one reply: none of ``_MOST_OUTPUT_TOKENS`` holds more, and each is looked for on the pages."""
_SLACK = 1.05
"""Pieces of a page end with a line, so they come out shorter than planned."""
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
    """Leave out the unreadable notes of a list where others can be read, and what no reply of the length asked for holds;
    an empty one stands for each in the count."""
    if not isinstance(value, list):
        return value
    unreadable = {"question": "", "answer": ""}
    kept = [item if place < _MOST_NOTES and _fits(_Note, item) else unreadable for place, item in enumerate(value)]
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


def _formula(value: Any) -> Any:
    """Return the text of a formula that came as null or as a list of equations."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "; ".join(value)
    return "" if value is None else value


class _Inference(_Note):
    formula: Annotated[str, BeforeValidator(_formula)] = ""


class _Inferences(BaseModel):
    notes: Annotated[list[_Inference], BeforeValidator(_readable)]


class _Answer(BaseModel):
    question: Annotated[int | None, BeforeValidator(_page)]
    answer: Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
    evidence: _Quotes


class _Answers(BaseModel):
    answers: Annotated[list[_Answer], Field(max_length=_MOST_NOTES)]


class _Section(BaseModel):
    title: str = ""
    summary: str
    evidence: _Quotes


class _Outline(BaseModel):
    summary: str
    evidence: _Quotes
    sections: list[_Section] = Field(default_factory=list, max_length=_MOST_NOTES)


def output_tokens(text_tokens: int, document_tokens: int = 0) -> int:
    """Return ``max_tokens`` for so much text of a document: its share, within what a useful reply needs."""
    short = document_tokens < _SHORT_DOCUMENT_TOKENS
    least = _LEAST_OF_SHORT_TOKENS if short else _LEAST_OUTPUT_TOKENS
    return max(least, min(_MOST_OUTPUT_TOKENS, int(text_tokens * OUTPUT_SHARE)))


@cache
def overhead_tokens(pass_name: Pass) -> int:
    """Return how many tokens are sent at most around the text of one call."""
    if pass_name == "outline":
        return _count(prompts.outline("", [], excerpts=True, sections=10))
    if pass_name == "directed":
        return _count(prompts.directed("", [], questions=["a question of some twelve words"] * 3, excerpts=True))
    if pass_name == "infer":
        return _count(prompts.infer("", "", [], notes=10)) + _OUTLINE_IN_PROMPT_TOKENS
    known = ["a question of some twelve words"] * _KNOWN_IN_PROMPT
    return _count(prompts.anticipate("", "", [], questions=10, asked=known)) + _OUTLINE_IN_PROMPT_TOKENS


def needed(
    pass_name: Pass, text_tokens: int, *, limit: int, document_tokens: int = 0, questions: Sequence[str] = ()
) -> tuple[int, int]:
    """Return about how many tokens one task sends, and how many it asks for at most.

    ``text_tokens`` are the window's, ``limit`` those of the largest one.
    """
    size = min(text_tokens, limit)
    if pass_name == "directed":
        groups = in_groups(questions, document_tokens=document_tokens or text_tokens, limit=limit)
        sent = len(groups) * (overhead_tokens(pass_name) + size)
        return sent, sum(_room_for(group) for group in groups)
    if pass_name == "outline":
        return overhead_tokens(pass_name) + size, output_tokens(size, document_tokens)
    calls = max(1, -(-text_tokens // limit))
    asked = output_tokens(-(-text_tokens // calls), document_tokens)
    return calls * overhead_tokens(pass_name) + text_tokens, calls * asked


def _count(messages: Sequence[dict[str, str]]) -> int:
    return sum(tokens.count(message["content"]) + 6 for message in messages)


def anticipate(
    call: Call,
    *,
    name: str,
    outline: str,
    pages: Sequence[Page],
    limit: int,
    asked: Sequence[str] = (),
    generation: int = 1,
    document_tokens: int = 0,
) -> list[NoteDraft]:
    """Return the questions that a model thinks readers will ask about these pages, with answers and quotes.

    Pages longer than ``limit`` tokens together are asked about in several calls. Raises ``Unusable``, and whatever
    ``call`` raises.
    """
    drafts: list[NoteDraft] = []
    prove = _Prover(pages)
    for part in _parts(pages, limit):
        room = output_tokens(_size(part), document_tokens)
        messages = prompts.anticipate(
            name,
            tokens.cut(outline, _OUTLINE_IN_PROMPT_TOKENS),
            part,
            questions=max(2, room // _NOTE_TOKENS),
            asked=[*asked, *(draft.question for draft in drafts)][-_KNOWN_IN_PROMPT:],
            generation=generation,
        )
        reply = _read(call, messages, room, prompts.NOTES_SCHEMA, _Notes)
        for note in reply.notes:
            found = prove(note.answer, note.evidence, note.question)
            answer = proving.proven(note.answer, found, prove.writing)
            drafts.append(NoteDraft(note.kind, note.question, answer, found))
    return drafts


def infer(
    call: Call,
    *,
    name: str,
    outline: str,
    pages: Sequence[Page],
    limit: int,
    generation: int = 1,
    document_tokens: int = 0,
) -> list[NoteDraft]:
    """Return what a model thinks follows from these pages, each with its quotes and, where it computed, its formula.

    Raises ``Unusable``, and whatever ``call`` raises.
    """
    drafts: list[NoteDraft] = []
    prove = _Prover(pages)
    for part in _parts(pages, limit):
        room = output_tokens(_size(part), document_tokens)
        messages = prompts.infer(
            name,
            tokens.cut(outline, _OUTLINE_IN_PROMPT_TOKENS),
            part,
            notes=max(1, room // _INFERENCE_TOKENS),
            generation=generation,
        )
        reply = _read(call, messages, room, prompts.INFERENCES_SCHEMA, _Inferences)
        for note in reply.notes:
            formula = note.formula.strip()
            found = prove(note.answer, note.evidence, note.question, formula)
            drafts.append(NoteDraft("inference", note.question, note.answer, found, formula or None))
    return drafts


def in_groups(questions: Sequence[str], *, document_tokens: int, limit: int) -> list[list[str]]:
    """Return a document's questions in the groups in which they are answered, one call each.

    What fits whole is sent once. Of a longer document each call sees what its own questions need, so the fewer of them
    the better: as many calls as ``SENT_SHARE`` allows.
    """
    calls = -(-len(questions) // _MOST_QUESTIONS)
    if document_tokens > limit:
        allowed = int(SENT_SHARE * document_tokens / (limit + overhead_tokens("directed")))
        calls = max(calls, min(len(questions), allowed))
    return [list(questions[start::calls]) for start in range(calls)]


def directed(
    call: Call,
    *,
    name: str,
    pages: Sequence[Page],
    shown: Sequence[tuple[int, str]],
    questions: Sequence[str],
    excerpts: bool,
) -> list[NoteDraft]:
    """Return a model's answers to real questions, without those that it finds no answer to in what is ``shown``.

    ``excerpts``: that is not the whole document. Raises ``Unusable``, and whatever ``call`` raises.
    """
    messages = prompts.directed(name, shown, questions=questions, excerpts=excerpts)
    reply = _read(call, messages, _room_for(questions), prompts.ANSWERS_SCHEMA, _Answers)
    prove = _Prover(pages)
    drafts: dict[str, NoteDraft] = {}
    for item in reply.answers:
        if item.answer.strip() and item.question is not None and 1 <= item.question <= len(questions):
            question = questions[item.question - 1]
            found = prove(item.answer, item.evidence, question)
            answer = proving.proven(item.answer, found, prove.writing)
            drafts.setdefault(question, NoteDraft("answer", question, answer, found))
    return list(drafts.values())


def _room_for(questions: Sequence[str]) -> int:
    return min(_MOST_OUTPUT_TOKENS, _LEAST_OUTPUT_TOKENS + _ANSWER_TOKENS * len(questions))


def _size(part: Sequence[tuple[int, str]]) -> int:
    return sum(tokens.count(text) for _, text in part)


def outline(
    call: Call,
    *,
    name: str,
    pages: Sequence[Page],
    shown: Sequence[tuple[int, str]],
    excerpts: bool,
    document_tokens: int = 0,
) -> list[NoteDraft]:
    """Return the summary of a document, then of its sections. ``shown`` is what of the pages is sent.

    Raises ``Unusable``, and whatever ``call`` raises.
    """
    room = output_tokens(_size(shown), document_tokens)
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
                return shape.model_validate(_json(said.text, next(iter(shape.model_fields))))
            except ValidationError as fault:
                first = fault.errors()[0]
                error = f"At {'.'.join(str(part) for part in first['loc']) or 'the top'}: {first['msg']}."
            except ValueError as fault:
                error = f"It is no JSON: {fault}."
            except RecursionError:
                error = "It is nested too deeply."
        # Only the beginning of a bad reply goes back: it costs tokens, and its end may be endless.
        asked = prompts.repair(messages, said.text[:1000], error)
    raise Unusable(error)


_FENCE = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
_COMMA_TOO_MUCH = re.compile(r",(?=\s*[}\]])")
_STRING_END = re.compile(r'\s*(?:[}\]:]|,\s*["{\[}\]]|$)')
_NOTE = re.compile(r'\{\s*"(?:kind|question)"')


def _json(text: str, name: str) -> Any:
    """Return the JSON object in a reply, also where it stands in a fence or behind a thought, or came as a bare list, or
    with its one list under another name: then that is its ``name``."""
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
    if isinstance(found, dict) and name not in found:
        found = next(iter(found.values())) if len(found) == 1 else found
    return {name: found} if isinstance(found, list) else found


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

    def __call__(
        self, text: str, quotes: Sequence[_Quote], question: str = "", formula: str = ""
    ) -> tuple[Evidence, ...]:
        given = [(item.page, item.quote) for item in quotes]
        return proving.evidence(text, given, self._texts, self.writing, question=question, formula=formula)

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
    size = tokens.count(text)
    if size <= limit:
        return [text]
    # Pieces of about one length: a short last one would be given more room for its reply than its share.
    limit = min(limit, int(size / -(-size // limit) * _SLACK) + 1)
    pieces = []
    while text.strip():
        piece = tokens.cut(text, limit)
        if len(piece) < len(text) and "\n" in piece.strip():
            piece = piece[: piece.rindex("\n") + 1]
        pieces.append(piece)
        text = text[max(1, len(piece)) :]
    return pieces
