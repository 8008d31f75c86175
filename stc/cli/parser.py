"""The parser of the command line. What a command does and takes stands in the module of its name beside this one."""

from __future__ import annotations

import argparse
from pathlib import Path

from stc.cli import chats, documents, meter, notes, people, questions, sleep, storage
from stc.cli.input import Commands


def build() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--storage", type=Path, metavar="DIR", default=argparse.SUPPRESS, help="where the data lives")
    common.add_argument("--owner", metavar="NAME", default=argparse.SUPPRESS, help="whose documents")
    common.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print machine output")
    parser = argparse.ArgumentParser(
        prog="python -m stc", description="Chat with documents that were thought about while idle.", parents=[common]
    )
    commands = Commands(parser, common, dest="command", required=True, metavar="COMMAND")
    for part in (documents, questions, sleep, notes, meter, chats, people, storage):
        part.declare(commands)
    return parser
