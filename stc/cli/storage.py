"""``backup``, ``restore`` and ``doctor``."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from stc import doctor
from stc.cli.input import Commands
from stc.cli.output import DONE, SOME_FAILED, emit, say
from stc.errors import UserError
from stc.phrases import count
from stc.services import Services
from stc.settings import default_storage
from stc.storage import backups


def declare(commands: Commands) -> None:
    options = commands.add("backup", back_up, "Write everything to one file, while the program goes on working.")
    options.add_argument("file", type=Path, metavar="FILE", help="the file to write, .zip by habit")
    options.add_argument("--force", action="store_true", help="write over a file that is there")

    options = commands.add(
        "restore", restore, "Put a backup in the place of what is here, which is kept aside.", opens=False
    )
    options.add_argument("file", type=Path, metavar="FILE", help="a file that backup has written")
    options.add_argument("--yes", action="store_true", help="don't ask, also where there is something already")

    options = commands.add("doctor", examine, "Check storage, index, models, prices and versions.", opens=False)
    options.add_argument("--fix", action="store_true", help="repair what can be repaired")


def back_up(services: Services, options: argparse.Namespace) -> int:
    made = backups.back_up(services.storage, options.file, holder=services.holder, force=options.force)
    return _tell_backup(options, made)


def restore(options: argparse.Namespace) -> int:
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
        emit(told)
        return DONE
    say(
        f"{found.file}: {count(found.documents, 'document')}, {count(found.notes, 'note')}, {found.bytes / 2**20:,.1f} MiB"
    )
    if found.missing:
        say(f"The originals of {count(found.missing, 'document')} were gone before; their text is there.")
    if found.kept_aside:
        say(f"What was here before lies in {found.kept_aside}. Delete it when you are sure.")
    return DONE


def examine(options: argparse.Namespace) -> int:
    report = doctor.examine((options.storage or default_storage()).resolve(), options.owner, fix=options.fix)
    _tell_report(options, report)
    return DONE if report.ok else SOME_FAILED


def _tell_report(options: argparse.Namespace, report: doctor.Report) -> None:
    if options.json:
        emit(
            {
                "ok": report.ok,
                "checks": [{"name": check.name, "ok": check.ok, "detail": check.detail} for check in report.checks],
            }
        )
    else:
        for check in report.checks:
            say(f"{'ok ' if check.ok else 'BAD'} {check.name}: {check.detail}")
