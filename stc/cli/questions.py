"""``search``, ``context`` and ``ask``: one question, or a file of them."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from stc.cli.input import Commands, WrongCall, is_storable, lines_of, whole
from stc.cli.output import DONE, SOME_FAILED, emit, hit_json, say, usage_json
from stc.errors import StcError
from stc.services import Services
from stc.words import EXTRACTIVE, ROUTES, Answer

_ROUTES = ("auto", *(route for route in ROUTES if route != "none"))


def declare(commands: Commands) -> None:
    options = commands.add("search", search, "Show what retrieval finds, without an answer.")
    _asking(options)
    options.add_argument("-k", type=whole, default=10, metavar="N", help="number of hits (default 10)")
    options.add_argument("--kind", choices=("chunk", "note", "all"), default="all", help="passages, notes or both")

    options = commands.add("context", context, "Show the exact context that ask would read.")
    _asking(options)
    options.add_argument("--budget", type=whole, metavar="TOKENS", help="tokens that the context never exceeds")
    options.add_argument("--route", choices=_ROUTES, default="auto")

    options = commands.add("ask", ask, "Answer a question.")
    _asking(options)
    options.add_argument("--route", choices=_ROUTES, default="auto")
    options.add_argument("--effort", choices=("low", "medium", "high"))
    options.add_argument("--model", metavar="NAME", help="LiteLLM name of the model, for this call")


def _asking(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("question", nargs="?", metavar="QUESTION")
    parser.add_argument(
        "--document", action="append", metavar="ID", dest="documents", help="only this one (repeatable)"
    )
    parser.add_argument("--pages", metavar="PAGES", default="", help="only these of the one document: 5, 3-7 or 3-7,12")
    parser.add_argument("--from", type=Path, metavar="FILE", dest="source", help="questions as JSON lines")


_Item = tuple[dict[str, Any], str | None, list[str] | None, str]
"""A question's head, the question or ``None`` when it is broken, its documents (``None`` for all), its pages ("" for all)."""


def _questions(options: argparse.Namespace) -> Iterator[_Item]:
    if (options.question is None) == (options.source is None):
        raise WrongCall("give a QUESTION, or --from FILE with questions, one of the two")
    if options.source is None:
        yield {"question": options.question}, options.question, options.documents, options.pages
        return
    for number, line in enumerate(lines_of("--from", options.source), start=1):
        if not line.strip():
            continue
        head: dict[str, Any] = {"question": None}
        try:
            item = json.loads(line)
            if not isinstance(item, dict):
                raise ValueError("it is no JSON object")
            json.dumps([item.get("id"), item.get("question")], allow_nan=False)  # they must be sayable again
            head = ({"id": item["id"]} if "id" in item else {}) | {"question": item.get("question")}
            if not isinstance(item.get("question"), str):
                raise ValueError('it has no "question"')
            chosen = item.get("document_id", options.documents)
            chosen = [chosen] if isinstance(chosen, str) else chosen
            fits = isinstance(chosen, list) and chosen and all(isinstance(each, str) for each in chosen)
            if chosen is not None and not fits:
                raise ValueError('"document_id" must be an id or a list of at least one id')
            if not all(is_storable(each) for each in chosen or ()):
                raise ValueError('its "document_id" holds half a character')
            pages = item.get("pages", options.pages)
            if not isinstance(pages, str | int) or isinstance(pages, bool) or not is_storable(str(pages)):
                raise ValueError('"pages" must be a page or a text like "3-7,12"')
        except RecursionError:
            yield head | {"error": f"Line {number} can't be used: it is nested too deeply."}, None, None, ""
            continue
        except ValueError as error:
            yield head | {"error": f"Line {number} can't be used: {error}."}, None, None, ""
            continue
        yield head, item["question"], chosen, str(pages)


def _each(
    options: argparse.Namespace,
    work: Callable[[str, list[str] | None, str], dict[str, Any]],
    show: Callable[[dict[str, Any]], None],
) -> int:
    """Run ``work`` on every question; a failed item is a line of its own."""
    status = DONE
    for head, question, documents, pages in _questions(options):
        result = head
        if question is not None:
            try:
                result = head | work(question, documents, pages)
            except StcError as error:
                result = head | {"error": str(error)}
        if result.get("error"):
            status = SOME_FAILED
        if options.json:
            emit(result)
        elif result.get("error"):
            print(result["error"], file=sys.stderr)
        else:
            show(result)
    return status


def search(services: Services, options: argparse.Namespace) -> int:
    from stc.chat.retrieval import retrieve
    from stc.chat.scope import check_question, resolve

    def work(question: str, documents: list[str] | None, pages: str) -> dict[str, Any]:
        began = time.monotonic()
        scope = resolve(services, documents, pages)
        hits = retrieve(
            services,
            check_question(question),
            document_ids=scope.ids,
            pages=scope.pages,
            kind=options.kind,
            limit=options.k,
        )
        return {"hits": [hit_json(hit) for hit in hits], "seconds": round(time.monotonic() - began, 4)}

    def show(result: dict[str, Any]) -> None:
        for hit in result["hits"]:
            say(f"{hit['score']:.2f}  {hit['kind']} {hit['document_id']} p. {hit['page_start']}\n{hit['text']}\n")

    return _each(options, work, show)


def context(services: Services, options: argparse.Namespace) -> int:
    from stc.chat.answering import prepare_context

    def work(question: str, documents: list[str] | None, pages: str) -> dict[str, Any]:
        context = prepare_context(
            services, question, document_ids=documents, pages=pages, route=options.route, budget=options.budget
        )
        parts = []
        for part in context.parts:
            parts.append(dataclasses.asdict(part))
        return {
            "route": context.route,
            "tokens": context.tokens,
            "text": context.text,
            "parts": parts,
            "reasons": list(context.reasons),
        }

    return _each(options, work, lambda result: say(result["text"]))


def ask(services: Services, options: argparse.Namespace) -> int:
    from stc.chat import answering

    def work(question: str, documents: list[str] | None, pages: str) -> dict[str, Any]:
        answer = answering.ask(
            services,
            question,
            document_ids=documents,
            pages=pages,
            route=options.route,
            effort=options.effort,
            model=options.model,
        )
        return _answer_json(answer)

    def show(result: dict[str, Any]) -> None:
        if result["model"] == EXTRACTIVE:
            say("Quotes only (no AI model)")
        say(result["answer"])
        for citation in result["citations"]:
            say(f"  [{citation['label']}] {citation['name']}, p. {citation['page']}: “{citation['quote']}”")

    return _each(options, work, show)


def _answer_json(answer: Answer) -> dict[str, Any]:
    if answer.state == "failed":
        return {"answer_id": answer.id, "error": answer.error}
    return {
        "answer_id": answer.id,
        "resolved": answer.standalone or None,
        "answer": answer.text,
        "abstained": answer.abstained,
        "route": answer.route,
        "model": answer.model,
        "citations": [dataclasses.asdict(citation) for citation in answer.citations],
        "nearest": [hit_json(hit) for hit in answer.nearest],
        "usage": usage_json(answer.usage),
        "baselines": {
            name: baseline
            and {
                "input_tokens": baseline.input_tokens,
                "output_tokens": baseline.output_tokens,
                "cost_usd": baseline.cost_usd,
                "seconds": baseline.seconds,
                "measured": baseline.measured,
            }
            for name, baseline in answer.baselines.items()
        },
        "reasons": list(answer.reasons),
        "notes_used": list(answer.notes_used),
        "based_on": {"documents": answer.documents_read, "of": answer.documents_asked},
        "coverage": answer.coverage,
        "retrieval_seconds": answer.retrieval_s,
        "first_token_seconds": answer.first_token_s,
        "seconds": answer.seconds,
    }
