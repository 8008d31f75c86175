"""The command line: a thin shell over the verbs that the pages use. Its JSON is a contract (docs/command-line.md)."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import time
from collections.abc import Sequence

from stc import logs
from stc.access.people import exist, find
from stc.cli import parser
from stc.cli.input import WrongCall, is_storable
from stc.cli.output import SOME_FAILED, WRONG_CALL, fail
from stc.errors import StcError
from stc.services import Services, open_services
from stc.words import ONLY_PERSON, SHARED, Person


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 all done, 1 some items failed, 2 the call is wrong."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    # The defaults stand here: a default in the parser would be shared with the commands, and each would set it again
    # over what stood before the command.
    given = argparse.Namespace(storage=None, owner=ONLY_PERSON, json=False)
    options = parser.build().parse_args(arguments, given)
    try:
        _check_text(options)
        if not options.opens:
            return options.run(options)
        services = _services_of(open_services(options.storage), options.owner)
        settings = services.settings
        logs.start(services.storage, options.command, max_bytes=settings.log_bytes, files=settings.log_files)
        began = time.monotonic()
        status = options.run(services, options)
        logs.event("command ended", command=options.command, status=status, seconds=time.monotonic() - began)
        return status
    except WrongCall as error:
        print(f"stc {options.command}: {error}", file=sys.stderr)
        return WRONG_CALL
    except StcError as error:
        fail(options, str(error))
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
            if name not in ("paths", "question") and isinstance(text, str) and not is_storable(text):
                raise WrongCall(f"{name} {text!a}: these bytes are no UTF-8 text")


def _services_of(opened: Services, name: str) -> Services:
    """Return the services for the person of a name. Whoever runs a command can read the files: they may do anything."""
    if name in (ONLY_PERSON, SHARED):
        return opened.of(Person(name, "", admin=True))
    if not exist(opened):
        return opened.of(Person(name, "", admin=True))  # scripts keep things apart by names of their own
    return opened.of(dataclasses.replace(find(opened, name), admin=True))
