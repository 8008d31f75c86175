"""Chats as files that a person keeps: Markdown to read, JSON for programs. Pure.

In Markdown all that people, documents and models wrote stands in fences longer than any run of backticks in it: wherever
the file is shown, it makes no image, no link and no heading.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from stc.words import EXTRACTIVE, Answer

_FROM = {
    "reused": "a prepared answer",
    "notes": "prepared notes",
    "notes+chunks": "prepared notes and passages",
    "chunks": "passages",
    "document": "the whole document",
}
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\ufffb]"
)

Chats = Sequence[tuple[Mapping[str, Any], Sequence[Answer]]]
"""Conversations (``id``, ``title``, ``scope``, ``pages``, ``created_at``) with their answers, oldest answer first."""


def as_markdown(chats: Chats) -> str:
    """Return chats as Markdown, each with its questions, answers and quotes."""
    parts = ["# Chats"]
    for number, (chat, answers) in enumerate(chats, start=1):
        parts += [f"## Chat {number}, {_time(chat['created_at'])}", _fenced(chat["title"])]
        for answer in answers:
            parts += [f"### Question, {_time(answer.asked_at)}", _fenced(answer.question), f"### {_heading(answer)}"]
            parts.append(_fenced(answer.text or answer.error or ""))
            for citation in answer.citations:
                verified = "verified" if citation.verified else "not verified"
                parts.append(f"Quote {citation.label}, page {citation.page}, {verified}:")
                parts.append(_fenced(f"{citation.name}\n“{citation.quote}”"))
    return "\n\n".join(parts) + "\n"


def _heading(answer: Answer) -> str:
    by = " (quotes only, no AI model)" if answer.model == EXTRACTIVE else ""
    if answer.state != "done":
        return f"No whole answer{by}"
    return f"Answered from {_FROM[answer.route]}{by}" if answer.route in _FROM else f"Answer{by}"


def _fenced(text: str) -> str:
    shown = _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{shown}\n{fence}"


def _time(at: float) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")


def as_json(chats: Chats) -> str:
    """Return chats as JSON in ASCII; times are Unix seconds."""
    told = {
        "chats": [
            {
                "id": chat["id"],
                "title": chat["title"],
                "documents": list(chat["scope"]),
                "pages": chat["pages"],
                "created_at": chat["created_at"],
                "answers": [_answer(answer) for answer in answers],
            }
            for chat, answers in chats
        ]
    }
    return json.dumps(told, ensure_ascii=True, indent=1)


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "answer_id": answer.id,
        "asked_at": answer.asked_at,
        "question": answer.question,
        "answer": answer.text,
        "state": answer.state,
        "error": answer.error,
        "abstained": answer.abstained,
        "route": answer.route,
        "model": answer.model,
        "rating": answer.rating,
        "citations": [
            {
                "label": citation.label,
                "document_id": citation.document_id,
                "name": citation.name,
                "page": citation.page,
                "quote": citation.quote,
                "verified": citation.verified,
            }
            for citation in answer.citations
        ],
    }
