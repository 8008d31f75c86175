"""Read what a command is given: commands, options, files of lines, passwords."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

_MOST = 10**9
"""As good as all of them, and small enough for the database."""


class WrongCall(Exception):
    """The call itself is wrong; exit status 2."""


class Commands:
    """The commands of one parser, each with the options that all of them have.

    A command's ``run`` takes the person's services and what was parsed and returns an exit status; with ``opens=False``
    it takes what was parsed only: it works on a storage that may not be fit to be opened.
    """

    def __init__(self, parser: argparse.ArgumentParser, common: argparse.ArgumentParser, **chosen: Any) -> None:
        self._parsers = parser.add_subparsers(**chosen)
        self._common = common

    def add(self, name: str, run: Callable[..., int], summary: str, *, opens: bool = True) -> argparse.ArgumentParser:
        added = self._parsers.add_parser(name, help=summary, description=summary, parents=[self._common])
        added.set_defaults(run=run, opens=opens)
        return added

    def below(self, parser: argparse.ArgumentParser, name: str) -> Commands:
        """Return the commands of a command, which works without one, too."""
        return Commands(parser, self._common, dest="part", metavar=name)


def is_storable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def lines_of(option: str, file: Path) -> list[str]:
    """Return the lines of a file of JSON lines."""
    try:
        # Not splitlines: it also cuts at U+2028 and the like, which may stand in a JSON string.
        return file.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise WrongCall(f"{option} {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise WrongCall(f"{option} {file}: the file is not UTF-8 text") from None


def password_in(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8").splitlines()[0]
    except OSError as error:
        raise WrongCall(f"--password-file {file}: {error.strerror}") from None
    except (UnicodeDecodeError, IndexError):
        raise WrongCall(f"--password-file {file}: its first line must be the password, in UTF-8") from None


def whole(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it must be at least 1")
    return min(number, _MOST)
