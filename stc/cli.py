"""The command line: a thin shell over the verbs that the pages use. Its JSON is a contract (docs/command-line.md)."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import getpass
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from stc import doctor, logs
from stc.access import people
from stc.doctor import Report
from stc.errors import StcError, UserError
from stc.services import Services, open_services
from stc.settings import default_storage
from stc.storage import backups
from stc.words import EXTRACTIVE, ONLY_PERSON, ROUTES, SHARED, Answer, Hit, Note, Person, SleepRun, Usage

DONE, SOME_FAILED, WRONG_CALL = 0, 1, 2
_ALL = 10**9
"""As good as all of them, and small enough for the database."""
_ROUTES = ("auto", *(route for route in ROUTES if route != "none"))


class _WrongCall(Exception):
    """The call itself is wrong; exit status 2."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 all done, 1 some items failed, 2 the call is wrong."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    # The defaults stand here: a default in the parser would be shared with the commands, and each would set it again
    # over what stood before the command.
    given = argparse.Namespace(storage=None, owner=ONLY_PERSON, json=False)
    options = _parser().parse_args(arguments, given)
    try:
        _check_text(options)
        if options.run in _UNOPENED:
            return options.run(options)
        services = _services_of(open_services(options.storage), options.owner)
        settings = services.settings
        logs.start(services.storage, options.command, max_bytes=settings.log_bytes, files=settings.log_files)
        began = time.monotonic()
        status = options.run(services, options)
        logs.event("command ended", command=options.command, status=status, seconds=time.monotonic() - began)
        return status
    except _WrongCall as error:
        print(f"stc {options.command}: {error}", file=sys.stderr)
        return WRONG_CALL
    except StcError as error:
        _fail(options, str(error))
        return SOME_FAILED
    except BrokenPipeError:
        # The reader (head, say) has gone. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SOME_FAILED
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except Exception as error:  # raised again: the log is to have it, too
        logs.bug(error, f"in the command {options.command}")
        raise


def _check_text(options: argparse.Namespace) -> None:
    """Refuse names and ids whose bytes are no UTF-8: nothing can be called so. Of files any name is fine."""
    for name, value in vars(options).items():
        for text in value if isinstance(value, list) else [value]:
            if name not in ("paths", "question") and isinstance(text, str) and not _is_storable(text):
                raise _WrongCall(f"{name} {text!a}: these bytes are no UTF-8 text")


def _is_storable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _services_of(opened: Services, name: str) -> Services:
    """Return the services for the person of a name. Whoever runs a command can read the files: they may do anything."""
    if name in (ONLY_PERSON, SHARED):
        return opened.of(Person(name, "", admin=True))
    if not people.exist(opened):
        return opened.of(Person(name, "", admin=True))  # scripts keep things apart by names of their own
    return opened.of(dataclasses.replace(people.find(opened, name), admin=True))


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--storage", type=Path, metavar="DIR", default=argparse.SUPPRESS, help="where the data lives")
    common.add_argument("--owner", metavar="NAME", default=argparse.SUPPRESS, help="whose documents")
    common.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print machine output")
    parser = argparse.ArgumentParser(
        prog="python -m stc", description="Chat with documents that were thought about while idle.", parents=[common]
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[..., int], summary: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=summary, parents=[common])
        added.set_defaults(run=run)
        return added

    add = command("add", _add, "Add files; returns when each is ready, failed or already there.")
    add.add_argument("paths", nargs="+", metavar="PATH", help="a file, or a folder: its files, recursively")
    add.add_argument("--replace", metavar="ID", help="put the one new file in this document's place")
    add.add_argument(
        "--password-file", type=Path, metavar="FILE", help="a text file with the password, for locked PDFs"
    )
    add.add_argument("--ocr", action="store_true", help="let Tesseract read pages that are pictures")
    add.add_argument("--languages", metavar="NAMES", help="languages of the pictures for --ocr, deu+eng for example")

    command("documents", _documents, "List the documents.")

    remove = command("remove", _remove, "Delete documents with their files, passages, notes and vectors.")
    remove.add_argument("documents", nargs="+", metavar="DOCUMENT_ID")

    search = command("search", _search, "Show what retrieval finds, without an answer.")
    _asking(search)
    search.add_argument("-k", type=_count, default=10, metavar="N", help="number of hits (default 10)")
    search.add_argument("--kind", choices=("chunk", "note", "all"), default="all", help="passages, notes or both")

    context = command("context", _context, "Show the exact context that ask would read.")
    _asking(context)
    context.add_argument("--budget", type=_count, metavar="TOKENS", help="tokens that the context never exceeds")
    context.add_argument("--route", choices=_ROUTES, default="auto")

    ask = command("ask", _ask, "Answer a question.")
    _asking(ask)
    ask.add_argument("--route", choices=_ROUTES, default="auto")
    ask.add_argument("--effort", choices=("low", "medium", "high"))
    ask.add_argument("--model", metavar="NAME", help="LiteLLM name of the model, for this call")

    sleep = command("sleep", _sleep, "Prepare now; without --until-done one task only.")
    sleep.add_argument("--document", action="append", metavar="ID", dest="documents", help="this document (repeatable)")
    sleep.add_argument("--max-passes", type=_count, metavar="N", help="at most this many tasks")
    sleep.add_argument("--until-done", action="store_true", help="until nothing is left to prepare")
    sleep.add_argument("--dry-run", action="store_true", help="say what would be done and cost, and do nothing")

    notes = command("notes", _notes, "List the prepared notes; hide, import or export them.")
    notes.add_argument("--document", action="append", metavar="ID", dest="documents", help="this document (repeatable)")
    acts = notes.add_mutually_exclusive_group()
    acts.add_argument("--hide", metavar="NOTE_ID", help="use this note no more, nor another that says the same")
    acts.add_argument("--unhide", metavar="NOTE_ID", help="use a hidden note again")
    acts.add_argument("--import", type=Path, metavar="FILE", dest="source", help="import notes from JSON lines")
    acts.add_argument("--export", type=Path, metavar="FILE", help="write notes as training data for chat models")

    meter = command("meter", _meter, "Add up what answers and preparing cost, and what preparing saved.")
    meter.add_argument("--document", metavar="ID", help="this document only")
    meter.add_argument("--csv", type=Path, metavar="FILE", help="write every row of the ledger to FILE")
    meter.add_argument("--receipt", metavar="ANSWER_ID", help="print one answer's receipt as JSON")
    meter.add_argument("--paper", action="store_true", help="count as the paper's cost model does")
    meter.add_argument("--as-if", metavar="MODEL", help="what was quoted without a model at this model's price")
    _simulating(meter, common)

    chats = command("chats", _chats, "List the chats; write them to a file.")
    chats.add_argument("--chat", action="append", metavar="ID", dest="chosen", help="this one only (repeatable)")
    chats.add_argument("--export", type=Path, metavar="FILE", help="write them as Markdown (.md) or JSON (.json)")

    backup = command("backup", _backup, "Write everything to one file, while the program goes on working.")
    backup.add_argument("file", type=Path, metavar="FILE", help="the file to write, .zip by habit")
    backup.add_argument("--force", action="store_true", help="write over a file that is there")

    restore = command("restore", _restore, "Put a backup in the place of what is here, which is kept aside.")
    restore.add_argument("file", type=Path, metavar="FILE", help="a file that backup has written")
    restore.add_argument("--yes", action="store_true", help="don't ask, also where there is something already")

    folk = command("people", _people, "Say who may sign in, and what each may use.")
    folk.add_argument(
        "act", choices=("list", "add", "reset", "email", "disable", "enable", "limits"), help="what to do"
    )
    folk.add_argument("name", nargs="?", metavar="NAME", help="of whom; not for list")
    folk.add_argument("--admin", action="store_true", help="add: may look after this place")
    folk.add_argument("--email", metavar="ADDRESS", help="add, email: known by it at a login provider; none: by none")
    folk.add_argument(
        "--ask-password", action="store_true", help="add, reset: type the password here instead of a code"
    )
    folk.add_argument("--password-file", type=Path, metavar="FILE", help="add, reset: its first line is the password")
    for option, kind, what in _LIMITS:
        folk.add_argument(f"--{option}", type=kind, metavar="N", help=f"limits: {what}; none: no limit")

    doctor = command("doctor", _doctor, "Check storage, index, models, prices and versions.")
    doctor.add_argument("--fix", action="store_true", help="repair what can be repaired")
    return parser


def _asking(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("question", nargs="?", metavar="QUESTION")
    parser.add_argument(
        "--document", action="append", metavar="ID", dest="documents", help="only this one (repeatable)"
    )
    parser.add_argument("--pages", metavar="PAGES", default="", help="only these of the one document: 5, 3-7 or 3-7,12")
    parser.add_argument("--from", type=Path, metavar="FILE", dest="source", help="questions as JSON lines")


def _simulating(meter: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    from stc.meter.simulating import Assumed

    summary = "Say before anything is spent what preparing costs and after how many questions it pays for itself."
    simulate = meter.add_subparsers(dest="part", metavar="simulate").add_parser(
        "simulate", help=summary, description=summary, parents=[common]
    )
    simulate.set_defaults(run=_simulate)
    simulate.add_argument("--document", metavar="ID", help="take this document's tokens")
    simulate.add_argument("--questions", type=_count, default=100, metavar="N", help="questions expected (default 100)")
    simulate.add_argument("--model", metavar="NAME", help="LiteLLM name of the model that answers")
    simulate.add_argument("--sleep-model", metavar="NAME", help="LiteLLM name of the model that prepares")
    for option, what in (
        ("input", "tokens read"),
        ("output", "tokens written"),
        ("cached", "tokens read from a cache"),
    ):
        simulate.add_argument(f"--{option}-usd", type=_dollars, metavar="USD", help=f"dollars per million {what}")
    simulate.add_argument(
        "--sleep-tier",
        choices=("standard", "batch", "flex"),
        default="standard",
        help="what preparing is billed as; with prices given here batch and flex cost half",
    )
    for field in dataclasses.fields(Assumed):
        if field.name != "context_window":
            kind = _tokens if isinstance(field.default, int) else _share
            option = "--" + field.name.replace("_", "-")
            shown = field.default if kind is _share else f"{field.default:,}"
            simulate.add_argument(option, type=kind, metavar="N", help=f"assumed (default {shown})")


def _tokens(text: str) -> int:
    number = int(text)
    if not 0 <= number <= _ALL:
        raise argparse.ArgumentTypeError("it must be a number of tokens")
    return number


def _dollars(text: str) -> float:
    number = float(text)
    if not 0 <= number < 1_000_000:
        raise argparse.ArgumentTypeError("it must be dollars per million tokens")
    return number


def _share(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError("it must be at least 0")
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it must be at least 1")
    return min(number, _ALL)


# Output


def _emit(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=True, allow_nan=False), flush=True)


def _say(text: str) -> None:
    # A file name or a page may hold what would steer the terminal.
    print("".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text), flush=True)


def _fail(options: argparse.Namespace, message: str) -> None:
    if options.json:
        _emit({"error": message})
    else:
        print(message, file=sys.stderr)


def _hit_json(hit: Hit) -> dict[str, Any]:
    return dataclasses.asdict(hit)


def _usage_json(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cost_usd": usage.cost_usd,
        "estimated": usage.estimated,
    }


# Documents


def _files(paths: Sequence[str]) -> Iterator[Path]:
    """Yield the files named, and the regular files of the folders named; hidden files and links in folders are skipped."""
    for name in paths:
        path = Path(name)
        if not os.path.isdir(name):  # unlike Path's, it has no error for a name that can't be
            yield path
            continue
        for folder, inner, files in os.walk(path):
            inner[:] = sorted(each for each in inner if not each.startswith("."))
            for each in sorted(files):
                found = Path(folder) / each
                if not each.startswith(".") and not found.is_symlink() and found.is_file():
                    yield found


def _add(services: Services, options: argparse.Namespace) -> int:
    status = DONE
    password = _password(options.password_file)
    ocr = _picture_languages(services, options)
    paths = list(_files(options.paths))
    if options.replace is not None:
        _check_replaced(services, options.replace, paths)
    for path in paths:
        line = _add_one(services, path, password, options.replace, ocr)
        if line["status"] == "failed":
            status = SOME_FAILED
        if options.json:
            _emit(line)
        elif line["error"]:
            _say(f"{path}: {line['error']}")
        else:
            already = "already here" if line["status"] == "duplicate" else "ready"
            _say(f"{path}: {already}, {line['pages']} pages, {line['tokens']:,} tokens ({line['document_id']})")
            for warning in line["warnings"]:
                _say(f"  {warning}")
    return status


def _password(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8").splitlines()[0]
    except OSError as error:
        raise _WrongCall(f"--password-file {file}: {error.strerror}") from None
    except (UnicodeDecodeError, IndexError):
        raise _WrongCall(f"--password-file {file}: its first line must be the password, in UTF-8") from None


def _picture_languages(services: Services, options: argparse.Namespace) -> str | None:
    from stc.documents.parsing import tesseract

    if not options.ocr:
        if options.languages:
            raise _WrongCall("--languages goes with --ocr")
        return None
    try:
        return tesseract.check_languages(options.languages or services.settings.ocr_languages)
    except UserError as error:
        raise _WrongCall(f"--ocr: {error}") from None


def _check_replaced(services: Services, document_id: str, paths: Sequence[Path]) -> None:
    from stc.storage import documents as document_rows

    with services.database.read() as connection:
        there = document_rows.get(connection, services.owner, document_id)
    if there is None:
        raise _WrongCall(f"--replace {document_id}: there is no such document")
    if len(paths) != 1:
        raise _WrongCall("--replace takes one file in the place of one document")


def _add_one(
    services: Services, path: Path, password: str | None, replaces: str | None, ocr: str | None
) -> dict[str, Any]:
    from stc.documents import ingest, retrying
    from stc.documents.opening import open_regular

    began = time.monotonic()
    line: dict[str, Any] = {
        "path": str(path),
        "document_id": None,
        "status": "failed",
        "pages": 0,
        "chunks": 0,
        "tokens": 0,
    }
    line |= {"warnings": [], "error": None, "seconds": 0.0}
    try:
        with open_regular(path) as stream:
            received = ingest.receive(services, path.name, stream, password=password, replaces=replaces, ocr=ocr)
        document = ingest.process(services, received.document_id, password=password)
        if ocr and received.status == "duplicate" and document.pictures:
            again = retrying.read_pictures(services, document.id, ocr)
            document = ingest.process(services, again.document_id, password=password)
        failed = document.status == "failed"
        line |= {
            "document_id": None if failed else document.id,
            "status": "failed" if failed else "duplicate" if received.status == "duplicate" else "ready",
            "pages": document.pages,
            "chunks": document.chunks,
            "tokens": document.tokens,
            "warnings": list(document.warnings),
            "error": document.error,
        }
    except OSError as error:
        line["error"] = f"{error.strerror or error}. Check the path, then add it again."
    except StcError as error:
        line["error"] = str(error)
    except Exception as error:  # noqa: BLE001 - logged with its places; one file must not keep out those after it
        error_id = logs.bug(error, "while adding a file")
        line["error"] = f"Something went wrong in the program, not in the file; the log has it under {error_id}."
    line["seconds"] = round(time.monotonic() - began, 3)
    return line


def _documents(services: Services, options: argparse.Namespace) -> int:
    from stc.storage import documents as document_rows

    with services.database.read() as connection:
        documents = document_rows.list_all(connection, services.owner)
    idle_after_s, now = services.settings.idle_after_s, services.now()
    for document in documents:
        asleep = document.status == "ready" and now - document.last_used_at >= idle_after_s
        if options.json:
            _emit(
                {
                    "document_id": document.id,
                    "name": document.name,
                    "status": document.status,
                    "pages": document.pages,
                    "chunks": document.chunks,
                    "tokens": document.tokens,
                    "notes": document.notes,
                    "notes_stale": document.notes_stale,
                    "being_replaced": document.being_replaced,
                    "added_at": document.added_at,
                    "last_used_at": document.last_used_at,
                    "asleep": asleep,
                }
            )
        else:
            state: str = document.status if document.status != "ready" else "asleep" if asleep else "awake"
            if document.being_replaced:
                state += ", new version is being read"
            noted = f"{document.notes + document.notes_stale:,} prepared notes"
            if document.notes_stale:
                noted += f", {document.notes_stale:,} of them out of date"
            _say(
                f"{document.id}  {document.name}: {state}, {document.pages} pages, {document.tokens:,} tokens, {noted}"
            )
    if not documents and not options.json:
        _say("No documents yet. Add one: python -m stc add FILE")
    return DONE


def _remove(services: Services, options: argparse.Namespace) -> int:
    from stc.documents import ingest

    status = DONE
    for document_id in options.documents:
        removed = ingest.remove(services, document_id)
        if not removed:
            status = SOME_FAILED
        if options.json:
            _emit({"document_id": document_id, "removed": removed})
        else:
            _say(f"{document_id}: {'removed' if removed else 'no such document'}")
    return status


def _lines(option: str, file: Path) -> list[str]:
    """Return the lines of a file of JSON lines."""
    try:
        # Not splitlines: it also cuts at U+2028 and the like, which may stand in a JSON string.
        return file.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise _WrongCall(f"{option} {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _WrongCall(f"{option} {file}: the file is not UTF-8 text") from None


# Questions


_Item = tuple[dict[str, Any], str | None, list[str] | None, str]
"""A question's head, the question or ``None`` when it is broken, its documents (``None`` for all), its pages ("" for all)."""


def _questions(options: argparse.Namespace) -> Iterator[_Item]:
    if (options.question is None) == (options.source is None):
        raise _WrongCall("give a QUESTION, or --from FILE with questions, one of the two")
    if options.source is None:
        yield {"question": options.question}, options.question, options.documents, options.pages
        return
    for number, line in enumerate(_lines("--from", options.source), start=1):
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
            if not all(_is_storable(each) for each in chosen or ()):
                raise ValueError('its "document_id" holds half a character')
            pages = item.get("pages", options.pages)
            if not isinstance(pages, str | int) or isinstance(pages, bool) or not _is_storable(str(pages)):
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
            _emit(result)
        elif result.get("error"):
            print(result["error"], file=sys.stderr)
        else:
            show(result)
    return status


def _search(services: Services, options: argparse.Namespace) -> int:
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
        return {"hits": [_hit_json(hit) for hit in hits], "seconds": round(time.monotonic() - began, 4)}

    def show(result: dict[str, Any]) -> None:
        for hit in result["hits"]:
            _say(f"{hit['score']:.2f}  {hit['kind']} {hit['document_id']} p. {hit['page_start']}\n{hit['text']}\n")

    return _each(options, work, show)


def _context(services: Services, options: argparse.Namespace) -> int:
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

    return _each(options, work, lambda result: _say(result["text"]))


def _ask(services: Services, options: argparse.Namespace) -> int:
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
            _say("Quotes only (no AI model)")
        _say(result["answer"])
        for citation in result["citations"]:
            _say(f"  [{citation['label']}] {citation['name']}, p. {citation['page']}: “{citation['quote']}”")

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
        "nearest": [_hit_json(hit) for hit in answer.nearest],
        "usage": _usage_json(answer.usage),
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


# Preparing


def _sleep(services: Services, options: argparse.Namespace) -> int:
    from stc.sleep import run

    if options.dry_run:
        for planned in run.dry_run(services, options.documents):
            line = {
                "document_id": planned.task.document_id,
                "pass": planned.task.pass_name,
                "window": [planned.task.page_start, planned.task.page_end],
                "generation": planned.task.generation,
                "thinker": planned.task.thinker,
                "status": "planned",
                "reason": planned.task.reason,
                "tokens": planned.tokens,
                "cost_usd": planned.cost_usd,
            }
            if options.json:
                _emit(line)
            else:
                cost = "price unknown" if planned.cost_usd is None else f"${planned.cost_usd:.4f}"
                _say(f"{planned.task.document_id} {_step(planned.task)}: about {planned.tokens:,} tokens, {cost}")
        return DONE
    status = DONE
    most = options.max_passes if options.max_passes or options.until_done else 1
    for done in run.sleep_now(services, options.documents, max_passes=most, until_done=options.until_done):
        if done.status == "failed":
            status = SOME_FAILED
        if options.json:
            _emit(_run_json(done))
        else:
            dropped = sum(done.notes_dropped.values())
            note = done.error or f"{done.notes_added} notes, {dropped} dropped, {done.seconds:.1f} s"
            if done.sent_tokens:
                note += f", sent {done.sent_tokens:,} tokens for {done.window_tokens:,} of text"
            _say(f"{done.document_id} {_step(done)}: {note}")
    return status


def _step(task: Any) -> str:
    return f"{task.pass_name}, pages {task.page_start}-{task.page_end}"


def _run_json(run: SleepRun) -> dict[str, Any]:
    return {
        "document_id": run.document_id,
        "pass": run.pass_name,
        "window": [run.page_start, run.page_end],
        "generation": run.generation,
        "status": run.status,
        "notes_added": run.notes_added,
        "notes_joined": run.notes_joined,
        "notes_dropped": run.notes_dropped,
        "window_tokens": run.window_tokens,
        "sent_tokens": run.sent_tokens,
        "asked_tokens": run.asked_tokens,
        "usage": _usage_json(run.usage),
        "thinker": run.thinker,
        "model": run.model,
        "error": run.error,
        "seconds": round(run.seconds, 3),
    }


def _notes(services: Services, options: argparse.Namespace) -> int:
    if options.hide or options.unhide:
        return _hide_note(services, options)
    if options.source:
        return _import_notes(services, options)
    if options.export:
        return _export_notes(services, options)
    from stc.storage import documents as document_rows
    from stc.storage import notes as note_rows

    with services.database.read() as connection:
        known = [document.id for document in document_rows.list_all(connection, services.owner)]
        for missing in set(options.documents or ()) - set(known):
            raise UserError(f"Document {missing} is not here; 'python -m stc documents' lists what is.")
        for document_id in options.documents or known:
            for note in note_rows.of_document(connection, document_id, statuses=("verified", "stale", "hidden")):
                if options.json:
                    _emit(_note_json(note))
                else:
                    _say(f"{note.kind}: {note.question}\n  {note.text}")
                    for item in note.evidence:
                        _say(f"  p. {item.page}: “{item.quote}”")
    return DONE


def _hide_note(services: Services, options: argparse.Namespace) -> int:
    from stc.sleep import notebook

    status = "hidden"
    if options.hide:
        notebook.hide(services, options.hide)
    else:
        status = notebook.unhide(services, options.unhide)
    note_id = options.hide or options.unhide
    if options.json:
        _emit({"id": note_id, "status": status})
    else:
        _say(f"{note_id}: {status}")
    return DONE


def _import_notes(services: Services, options: argparse.Namespace) -> int:
    from stc.sleep import notebook

    if len(options.documents or ()) > 1:
        raise _WrongCall('--import takes one --document, for lines without a "document_id"')
    counts = dict.fromkeys(("added", "duplicate", "failed"), 0)
    lines = _lines("--import", options.source)
    for brought in notebook.bring_in(services, lines, document_id=next(iter(options.documents or ()), None)):
        counts[brought.status] += 1
        if options.json:
            _emit(dataclasses.asdict(brought))
        elif brought.error:
            print(f"Line {brought.line}: {brought.error}", file=sys.stderr)
    if not options.json:
        _say(f"{counts['added']:,} notes added, {counts['duplicate']:,} there already, {counts['failed']:,} not taken")
    return SOME_FAILED if counts["failed"] else DONE


def _export_notes(services: Services, options: argparse.Namespace) -> int:
    from stc.sleep import notebook

    lines = list(notebook.take_out(services, options.documents))
    backups.refuse_own(services.storage, options.export)
    try:
        options.export.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
    except OSError as error:
        raise _WrongCall(f"--export {options.export}: {error.strerror}") from None
    if options.json:
        _emit({"file": str(options.export), "notes": len(lines)})
    else:
        _say(f"{options.export}: {len(lines):,} notes")
    return DONE


def _note_json(note: Note) -> dict[str, Any]:
    return {
        "id": note.id,
        "document_id": note.document_id,
        "kind": note.kind,
        "question": note.question,
        "text": note.text,
        "formula": note.formula,
        "evidence": [{"page": item.page, "quote": item.quote} for item in note.evidence],
        "status": note.status,
        "tokens": note.tokens,
        "times_used": note.times_used,
        "thinker": note.thinker,
        "model": note.model,
    }


# Meter and doctor


def _meter(services: Services, options: argparse.Namespace) -> int:
    from stc.meter import as_if, ledger, paper, receipts, totals
    from stc.storage import conversations, shadows
    from stc.storage import ledger as ledger_rows

    with services.database.read() as connection:
        rows = ledger_rows.rows(connection, services.owner)
        answers = conversations.all_answers(connection, services.owner)
        runs = shadows.list_all(connection, services.owner)
        notes = ledger_rows.note_use(connection, services.owner, document_id=options.document)
    if options.as_if:
        price = services.llm.price(options.as_if)
        if price is None:
            raise UserError(
                f"The price of {options.as_if} is unknown. Enter it on the Savings page, or name another model."
            )
        rows, answers = as_if.rows(rows, price), as_if.answers(answers, price)
    if options.receipt:
        answer = next((one for one in answers if one.id == options.receipt), None)
        if answer is None:
            raise UserError(f"There is no answer {options.receipt}; 'ask --json' and the CSV name their ids.")
        _emit(receipts.receipt(answer, rows, next((run for run in runs if run.answer_id == answer.id), None)))
        return DONE
    if options.csv:
        backups.refuse_own(services.storage, options.csv)
        try:
            with options.csv.open("w", newline="", encoding="utf-8") as target:
                csv.writer(target).writerows(ledger.csv_rows(rows, answers))
        except OSError as error:
            raise _WrongCall(f"--csv {options.csv}: {error.strerror}") from None
    if options.paper:
        told = paper.view(rows, answers)
        lines = paper.lines(told)
    else:
        told = totals.totals_json(rows, answers, document_id=options.document, shadows=runs, notes=notes)
        lines = totals.lines(told)
    if options.as_if:
        told["as_if"] = options.as_if
        lines.insert(
            0, f"As if what was quoted without an AI model had cost what {options.as_if} costs; nobody paid this."
        )
    if options.json:
        _emit(told)
    else:
        for line in lines:
            _say(line)
    return DONE


def _simulate(services: Services, options: argparse.Namespace) -> int:
    from stc.meter import prices, simulating
    from stc.storage import documents as document_rows

    fields = [field.name for field in dataclasses.fields(simulating.Assumed) if field.name != "context_window"]
    given = {name: value for name in fields if (value := getattr(options, name)) is not None}
    for name in ("cached_share", "answered"):
        if given.get(name, 0) > 1:
            raise _WrongCall(f"--{name.replace('_', '-')} is a share, from 0 to 1")
    if options.document is not None:
        with services.database.read() as connection:
            document = document_rows.get(connection, services.owner, options.document)
        if document is None:
            raise UserError(f"Document {options.document} is not here; 'python -m stc documents' lists what is.")
        given["document_tokens"] = document.tokens
    if (options.input_usd is None) != (options.output_usd is None):
        raise _WrongCall("--input-usd and --output-usd go together")
    chat: prices.Price | None
    sleep: prices.Price | None
    if options.input_usd is not None:
        if options.model or options.sleep_model:
            raise _WrongCall("give models or prices, one of the two")
        model = sleep_model = "the prices given"
        chat = prices.per_million(options.input_usd, options.output_usd, options.cached_usd)
        cheap = 1.0 if options.sleep_tier == "standard" else 0.5
        sleep = prices.per_million(options.input_usd * cheap, options.output_usd * cheap)
    else:
        model = options.model or services.settings.chat_model or EXTRACTIVE
        sleep_model = options.sleep_model or options.model or services.settings.sleep_model or EXTRACTIVE
        chat = services.llm.price(model)
        sleep = services.llm.price(sleep_model, options.sleep_tier)
        given["context_window"] = None if model == EXTRACTIVE else services.llm.context_window(model)
    found = simulating.simulate(simulating.Assumed(**given), chat, sleep)
    if options.json:
        told = simulating.simulation_json(found, model=model, sleep_model=sleep_model, questions=options.questions)
        _emit(told)
    else:
        words = {EXTRACTIVE: "quotes only (no AI model)"}
        names = {"model": words.get(model, model), "sleep_model": words.get(sleep_model, sleep_model)}
        for line in simulating.lines(found, **names, questions=options.questions):
            _say(line)
    return DONE


def _chats(services: Services, options: argparse.Namespace) -> int:
    from stc.chat import exporting
    from stc.storage import conversations

    with services.database.read() as connection:
        chats = conversations.list_all(connection, services.owner)
        for missing in set(options.chosen or ()) - {chat["id"] for chat in chats}:
            raise UserError(f"There is no chat {missing}; 'python -m stc chats' lists what is.")
        chats = [chat for chat in chats if not options.chosen or chat["id"] in options.chosen]
        found = [(chat, conversations.answers_of(connection, services.owner, chat["id"])) for chat in chats]
    if options.export is None:
        for chat, answers in found:
            if options.json:
                _emit(chat | {"answers": len(answers)})
            else:
                _say(f"{chat['id']}  {chat['title']}: {len(answers):,} answers")
        return DONE
    written = {".md": exporting.as_markdown, ".json": exporting.as_json}.get(options.export.suffix.lower())
    if written is None:
        raise _WrongCall(f"--export {options.export}: name a file that ends in .md or .json")
    backups.refuse_own(services.storage, options.export)
    try:
        options.export.write_text(written(found), encoding="utf-8", newline="\n")
    except OSError as error:
        raise _WrongCall(f"--export {options.export}: {error.strerror}") from None
    number = sum(len(answers) for _, answers in found)
    if options.json:
        _emit({"file": str(options.export), "chats": len(found), "answers": number})
    else:
        _say(f"{options.export}: {len(found):,} chats, {number:,} answers")
    return DONE


def _backup(services: Services, options: argparse.Namespace) -> int:
    made = backups.back_up(services.storage, options.file, holder=services.holder, force=options.force)
    return _tell_backup(options, made)


def _restore(options: argparse.Namespace) -> int:
    storage = (options.storage or default_storage()).resolve()
    if not options.yes and backups.holds_something(storage):
        question = f"{storage} holds something already. It is kept aside. Restore the backup in its place?"
        if not sys.stdin.isatty():
            raise UserError(f"{storage} holds something already. To keep that aside and restore the backup, add --yes.")
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise UserError("Nothing was changed.")
    return _tell_backup(options, backups.restore(storage, options.file))


def _tell_backup(options: argparse.Namespace, found: backups.Backup) -> int:
    if options.json:
        told = dataclasses.asdict(found)
        told |= {"file": str(found.file), "kept_aside": found.kept_aside and str(found.kept_aside)}
        _emit(told)
        return DONE
    _say(f"{found.file}: {found.documents:,} documents, {found.notes:,} notes, {found.bytes / 2**20:,.1f} MiB")
    if found.missing:
        _say(f"The originals of {found.missing:,} documents were gone before; their text is there.")
    if found.kept_aside:
        _say(f"What was here before lies in {found.kept_aside}. Delete it when you are sure.")
    return DONE


# People


def _people(services: Services, options: argparse.Namespace) -> int:
    if options.act == "list":
        for person in people.listed(services):
            _tell_person(options, person, people.used(services, person.id))
        return DONE
    if options.name is None:
        raise _WrongCall(f"people {options.act} needs a NAME")
    first = not people.exist(services)
    code = ""
    if options.act in ("add", "reset"):
        password = _typed() if options.ask_password else _password(options.password_file)
        if options.act == "add":
            code = people.add(services, options.name, admin=options.admin, email=options.email, password=password)
        else:
            code = people.reset(services, options.name, password=password)
    elif options.act == "email":
        if options.email is None:
            raise _WrongCall("people email needs --email ADDRESS, or --email none")
        people.set_email(services, options.name, "" if options.email == "none" else options.email)
    elif options.act == "limits":
        given = {option.replace("-", "_"): getattr(options, option.replace("-", "_")) for option, _, _ in _LIMITS}
        changes = {name: None if value == "none" else value for name, value in given.items() if value is not None}
        people.limit(services, options.name, **changes)
    else:
        (people.disable if options.act == "disable" else people.enable)(services, options.name)
    person = people.find(services, options.name)
    if options.json:
        _emit({"name": person.name, "done": options.act, "code": code or None})
        return DONE
    _say(f"{person.name}: {options.act}")
    if code:
        _say(f"Hand over this code; with it a password is chosen at /join, once, within 7 days: {code}")
    if first:
        _say("From the next start of the page on everybody signs in.")
    return DONE


def _typed() -> str:
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise UserError("The two passwords differ. Type the same one twice.")
    return password


def _tell_person(options: argparse.Namespace, person: Person, used: people.Used) -> None:
    told = {
        "name": person.name,
        "owner": person.id,
        "admin": person.admin,
        "disabled": person.disabled,
        "email": person.email,
        "limits": dataclasses.asdict(person.limits),
        "used": dataclasses.asdict(used),
    }
    if options.json:
        _emit(told)
        return
    marks = [word for word, holds in (("admin", person.admin), ("disabled", person.disabled)) if holds]
    cost = "at an unknown price" if used.asked_usd is None else f"${used.asked_usd:.4f}"
    _say(
        f"{person.name}{''.join(f', {mark}' for mark in marks)}: asked for {used.asked_tokens:,} tokens, {cost}; "
        f"{used.documents:,} documents"
    )


def _limit(kind: type) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        if text == "none":
            return text
        number = kind(text)
        if not 0 <= number < 1e15:
            raise argparse.ArgumentTypeError("it must be a number of at least 0, or none")
        return number

    read.__name__ = "limit"
    return read


_LIMITS = (
    ("ask-usd", _limit(float), "US dollars that asking may cost per day"),
    ("ask-tokens", _limit(int), "tokens that asking may use per day"),
    ("most-documents", _limit(int), "documents altogether"),
    ("most-bytes", _limit(int), "bytes of documents altogether"),
)


def _doctor(options: argparse.Namespace) -> int:
    report = doctor.examine((options.storage or default_storage()).resolve(), options.owner, fix=options.fix)
    _tell_report(options, report)
    return DONE if report.ok else SOME_FAILED


def _tell_report(options: argparse.Namespace, report: Report) -> None:
    if options.json:
        _emit(
            {
                "ok": report.ok,
                "checks": [{"name": check.name, "ok": check.ok, "detail": check.detail} for check in report.checks],
            }
        )
    else:
        for check in report.checks:
            _say(f"{'ok ' if check.ok else 'BAD'} {check.name}: {check.detail}")


_UNOPENED = (_restore, _doctor)
"""What works on a storage that may not be fit to be opened."""
