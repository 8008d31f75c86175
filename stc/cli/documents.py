"""``add``, ``documents`` and ``remove``."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from stc import logs
from stc.cli.input import Commands, WrongCall, password_in
from stc.cli.output import DONE, SOME_FAILED, emit, say
from stc.errors import StcError, UserError
from stc.phrases import count
from stc.services import Services


def declare(commands: Commands) -> None:
    options = commands.add("add", add, "Add files; returns when each is ready, failed or already there.")
    options.add_argument("paths", nargs="+", metavar="PATH", help="a file, or a folder: its files, recursively")
    options.add_argument("--replace", metavar="ID", help="put the one new file in this document's place")
    options.add_argument(
        "--password-file", type=Path, metavar="FILE", help="a text file with the password, for locked PDFs"
    )
    options.add_argument("--ocr", action="store_true", help="let Tesseract read pages that are pictures")
    options.add_argument(
        "--languages", metavar="NAMES", help="languages of the pictures for --ocr, deu+eng for example"
    )

    commands.add("documents", show, "List the documents.")

    options = commands.add("remove", remove, "Delete documents with their files, passages, notes and vectors.")
    options.add_argument("documents", nargs="+", metavar="DOCUMENT_ID")


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


def add(services: Services, options: argparse.Namespace) -> int:
    status = DONE
    password = password_in(options.password_file)
    ocr = _picture_languages(services, options)
    paths = list(_files(options.paths))
    if options.replace is not None:
        _check_replaced(services, options.replace, paths)
    for path in paths:
        line = _add_one(services, path, password, options.replace, ocr)
        if line["status"] == "failed":
            status = SOME_FAILED
        if options.json:
            emit(line)
        elif line["error"]:
            say(f"{path}: {line['error']}")
        else:
            already = "already here" if line["status"] == "duplicate" else "ready"
            say(
                f"{path}: {already}, {count(line['pages'], 'page')}, {count(line['tokens'], 'token')} ({line['document_id']})"
            )
            for warning in line["warnings"]:
                say(f"  {warning}")
    return status


def _picture_languages(services: Services, options: argparse.Namespace) -> str | None:
    from stc.documents.parsing import tesseract

    if not options.ocr:
        if options.languages:
            raise WrongCall("--languages goes with --ocr")
        return None
    try:
        return tesseract.check_languages(options.languages or services.settings.ocr_languages)
    except UserError as error:
        raise WrongCall(f"--ocr: {error}") from None


def _check_replaced(services: Services, document_id: str, paths: Sequence[Path]) -> None:
    from stc.storage import documents as document_rows

    with services.database.read() as connection:
        there = document_rows.get(connection, services.owner, document_id)
    if there is None:
        raise WrongCall(f"--replace {document_id}: there is no such document")
    if len(paths) != 1:
        raise WrongCall("--replace takes one file in the place of one document")


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


def show(services: Services, options: argparse.Namespace) -> int:
    from stc.storage import documents as document_rows

    with services.database.read() as connection:
        documents = document_rows.list_all(connection, services.owner)
    idle_after_s, now = services.settings.idle_after_s, services.now()
    for document in documents:
        asleep = document.status == "ready" and now - document.last_used_at >= idle_after_s
        if options.json:
            emit(
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
            noted = count(document.notes + document.notes_stale, "prepared note")
            if document.notes_stale:
                noted += f", {document.notes_stale:,} of them out of date"
            length = f"{count(document.pages, 'page')}, {count(document.tokens, 'token')}"
            say(f"{document.id}  {document.name}: {state}, {length}, {noted}")
    if not documents and not options.json:
        say("No documents yet. Add one: python -m stc add FILE")
    return DONE


def remove(services: Services, options: argparse.Namespace) -> int:
    from stc.documents import ingest

    status = DONE
    for document_id in options.documents:
        removed = ingest.remove(services, document_id)
        if not removed:
            status = SOME_FAILED
        if options.json:
            emit({"document_id": document_id, "removed": removed})
        else:
            say(f"{document_id}: {'removed' if removed else 'no such document'}")
    return status
