"""``chats``: list them, write them to a file."""

from __future__ import annotations

import argparse
from pathlib import Path

from stc.cli.input import Commands, WrongCall
from stc.cli.output import DONE, emit, say
from stc.errors import UserError
from stc.phrases import count
from stc.services import Services
from stc.storage import backups


def declare(commands: Commands) -> None:
    options = commands.add("chats", show, "List the chats; write them to a file.")
    options.add_argument("--chat", action="append", metavar="ID", dest="chosen", help="this one only (repeatable)")
    options.add_argument("--export", type=Path, metavar="FILE", help="write them as Markdown (.md) or JSON (.json)")


def show(services: Services, options: argparse.Namespace) -> int:
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
                emit(chat | {"answers": len(answers)})
            else:
                say(f"{chat['id']}  {chat['title']}: {count(len(answers), 'answer')}")
        return DONE
    written = {".md": exporting.as_markdown, ".json": exporting.as_json}.get(options.export.suffix.lower())
    if written is None:
        raise WrongCall(f"--export {options.export}: name a file that ends in .md or .json")
    backups.refuse_own(services.storage, options.export)
    try:
        options.export.write_text(written(found), encoding="utf-8", newline="\n")
    except OSError as error:
        raise WrongCall(f"--export {options.export}: {error.strerror}") from None
    number = sum(len(answers) for _, answers in found)
    if options.json:
        emit({"file": str(options.export), "chats": len(found), "answers": number})
    else:
        say(f"{options.export}: {count(len(found), 'chat')}, {count(number, 'answer')}")
    return DONE
