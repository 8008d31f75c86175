"""``people``: who may sign in, and what each may use."""

from __future__ import annotations

import argparse
import dataclasses
import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stc.access import people
from stc.cli.input import Commands, WrongCall, password_in
from stc.cli.output import DONE, emit, say
from stc.errors import UserError
from stc.phrases import count
from stc.services import Services
from stc.words import Person


def declare(commands: Commands) -> None:
    options = commands.add("people", manage, "Say who may sign in, and what each may use.")
    options.add_argument(
        "act", choices=("list", "add", "reset", "email", "disable", "enable", "limits"), help="what to do"
    )
    options.add_argument("name", nargs="?", metavar="NAME", help="of whom; not for list")
    options.add_argument("--admin", action="store_true", help="add: may look after this place")
    options.add_argument(
        "--email", metavar="ADDRESS", help="add, email: known by it at a login provider; none: by none"
    )
    options.add_argument(
        "--ask-password", action="store_true", help="add, reset: type the password here instead of a code"
    )
    options.add_argument(
        "--password-file", type=Path, metavar="FILE", help="add, reset: its first line is the password"
    )
    for option, kind, what in _LIMITS:
        options.add_argument(f"--{option}", type=kind, metavar="N", help=f"limits: {what}; none: no limit")


def manage(services: Services, options: argparse.Namespace) -> int:
    if options.act == "list":
        for person in people.listed(services):
            _tell_person(options, person, people.used(services, person.id))
        return DONE
    if options.name is None:
        raise WrongCall(f"people {options.act} needs a NAME")
    first = not people.exist(services)
    code = ""
    if options.act in ("add", "reset"):
        password = _typed() if options.ask_password else password_in(options.password_file)
        if options.act == "add":
            code = people.add(services, options.name, admin=options.admin, email=options.email, password=password)
        else:
            code = people.reset(services, options.name, password=password)
    elif options.act == "email":
        if options.email is None:
            raise WrongCall("people email needs --email ADDRESS, or --email none")
        people.set_email(services, options.name, "" if options.email == "none" else options.email)
    elif options.act == "limits":
        given = {option.replace("-", "_"): getattr(options, option.replace("-", "_")) for option, _, _ in _LIMITS}
        changes = {name: None if value == "none" else value for name, value in given.items() if value is not None}
        people.limit(services, options.name, **changes)
    else:
        (people.disable if options.act == "disable" else people.enable)(services, options.name)
    person = people.find(services, options.name)
    if options.json:
        emit({"name": person.name, "done": options.act, "code": code or None})
        return DONE
    say(f"{person.name}: {options.act}")
    if code:
        say(f"Hand over this code; with it a password is chosen at /join, once, within 7 days: {code}")
    if first:
        say("From the next start of the page on everybody signs in.")
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
        emit(told)
        return
    marks = [word for word, holds in (("admin", person.admin), ("disabled", person.disabled)) if holds]
    cost = "at an unknown price" if used.asked_usd is None else f"${used.asked_usd:.4f}"
    say(
        f"{person.name}{''.join(f', {mark}' for mark in marks)}: asked for {count(used.asked_tokens, 'token')}, {cost}; "
        f"{count(used.documents, 'document')}"
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
