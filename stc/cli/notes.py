"""``notes``: list, hide, import and export them."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import Any

from stc.cli.input import Commands, WrongCall, lines_of
from stc.cli.output import DONE, SOME_FAILED, emit, say
from stc.errors import UserError
from stc.phrases import count
from stc.services import Services
from stc.storage import backups
from stc.words import Note


def declare(commands: Commands) -> None:
    options = commands.add("notes", show, "List the prepared notes; hide, import or export them.")
    options.add_argument(
        "--document", action="append", metavar="ID", dest="documents", help="this document (repeatable)"
    )
    acts = options.add_mutually_exclusive_group()
    acts.add_argument("--hide", metavar="NOTE_ID", help="use this note no more, nor another that says the same")
    acts.add_argument("--unhide", metavar="NOTE_ID", help="use a hidden note again")
    acts.add_argument("--import", type=Path, metavar="FILE", dest="source", help="import notes from JSON lines")
    acts.add_argument("--export", type=Path, metavar="FILE", help="write notes as training data for chat models")


def show(services: Services, options: argparse.Namespace) -> int:
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
                    emit(_note_json(note))
                else:
                    say(f"{note.kind}: {note.question}\n  {note.text}")
                    for item in note.evidence:
                        say(f"  p. {item.page}: “{item.quote}”")
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
        emit({"id": note_id, "status": status})
    else:
        say(f"{note_id}: {status}")
    return DONE


def _import_notes(services: Services, options: argparse.Namespace) -> int:
    from stc.sleep import notebook

    if len(options.documents or ()) > 1:
        raise WrongCall('--import takes one --document, for lines without a "document_id"')
    counts = dict.fromkeys(("added", "duplicate", "failed"), 0)
    lines = lines_of("--import", options.source)
    for brought in notebook.bring_in(services, lines, document_id=next(iter(options.documents or ()), None)):
        counts[brought.status] += 1
        if options.json:
            emit(dataclasses.asdict(brought))
        elif brought.error:
            print(f"Line {brought.line}: {brought.error}", file=sys.stderr)
    if not options.json:
        say(
            f"{count(counts['added'], 'note')} added, {counts['duplicate']:,} there already, {counts['failed']:,} not taken"
        )
    return SOME_FAILED if counts["failed"] else DONE


def _export_notes(services: Services, options: argparse.Namespace) -> int:
    from stc.sleep import notebook

    lines = list(notebook.take_out(services, options.documents))
    backups.refuse_own(services.storage, options.export)
    try:
        options.export.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
    except OSError as error:
        raise WrongCall(f"--export {options.export}: {error.strerror}") from None
    if options.json:
        emit({"file": str(options.export), "notes": len(lines)})
    else:
        say(f"{options.export}: {count(len(lines), 'note')}")
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
