"""``meter`` and ``meter simulate``."""

from __future__ import annotations

import argparse
import csv
import dataclasses
from pathlib import Path

from stc.cli.input import Commands, WrongCall, whole
from stc.cli.output import DONE, emit, say
from stc.errors import UserError
from stc.services import Services
from stc.storage import backups
from stc.words import EXTRACTIVE


def declare(commands: Commands) -> None:
    options = commands.add("meter", add_up, "Add up what answers and preparing cost, and what preparing saved.")
    options.add_argument("--document", metavar="ID", help="this document only")
    options.add_argument("--csv", type=Path, metavar="FILE", help="write every row of the ledger to FILE")
    options.add_argument("--receipt", metavar="ANSWER_ID", help="print one answer's receipt as JSON")
    options.add_argument("--paper", action="store_true", help="count as the paper's cost model does")
    options.add_argument("--as-if", metavar="MODEL", help="what was quoted without a model at this model's price")
    _simulating(commands.below(options, "simulate"))


def _simulating(commands: Commands) -> None:
    from stc.meter.simulating import Assumed

    summary = "Say before anything is spent what preparing costs and after how many questions it pays for itself."
    options = commands.add("simulate", simulate, summary)
    options.add_argument("--document", metavar="ID", help="take this document's tokens")
    options.add_argument("--questions", type=whole, default=100, metavar="N", help="questions expected (default 100)")
    options.add_argument("--model", metavar="NAME", help="LiteLLM name of the model that answers")
    options.add_argument("--sleep-model", metavar="NAME", help="LiteLLM name of the model that prepares")
    for option, what in (
        ("input", "tokens read"),
        ("output", "tokens written"),
        ("cached", "tokens read from a cache"),
    ):
        options.add_argument(f"--{option}-usd", type=_dollars, metavar="USD", help=f"dollars per million {what}")
    options.add_argument(
        "--sleep-tier",
        choices=("standard", "batch", "flex"),
        default="standard",
        help="what preparing is billed as; with prices given here batch and flex cost half",
    )
    for field in dataclasses.fields(Assumed):
        if field.name != "context_window":
            kind = _tokens if isinstance(field.default, int) else _share
            name = "--" + field.name.replace("_", "-")
            shown = field.default if kind is _share else f"{field.default:,}"
            options.add_argument(name, type=kind, metavar="N", help=f"assumed (default {shown})")


def _tokens(text: str) -> int:
    number = int(text)
    if not 0 <= number < 1_000_000_000:
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


def add_up(services: Services, options: argparse.Namespace) -> int:
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
        emit(receipts.receipt(answer, rows, next((run for run in runs if run.answer_id == answer.id), None)))
        return DONE
    if options.csv:
        backups.refuse_own(services.storage, options.csv)
        try:
            with options.csv.open("w", newline="", encoding="utf-8") as target:
                csv.writer(target).writerows(ledger.csv_rows(rows, answers))
        except OSError as error:
            raise WrongCall(f"--csv {options.csv}: {error.strerror}") from None
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
        emit(told)
    else:
        for line in lines:
            say(line)
    return DONE


def simulate(services: Services, options: argparse.Namespace) -> int:
    from stc.meter import prices, simulating
    from stc.storage import documents as document_rows

    fields = [field.name for field in dataclasses.fields(simulating.Assumed) if field.name != "context_window"]
    given = {name: value for name in fields if (value := getattr(options, name)) is not None}
    for name in ("cached_share", "answered"):
        if given.get(name, 0) > 1:
            raise WrongCall(f"--{name.replace('_', '-')} is a share, from 0 to 1")
    if options.document is not None:
        with services.database.read() as connection:
            document = document_rows.get(connection, services.owner, options.document)
        if document is None:
            raise UserError(f"Document {options.document} is not here; 'python -m stc documents' lists what is.")
        given["document_tokens"] = document.tokens
    if (options.input_usd is None) != (options.output_usd is None):
        raise WrongCall("--input-usd and --output-usd go together")
    chat: prices.Price | None
    sleep: prices.Price | None
    if options.input_usd is not None:
        if options.model or options.sleep_model:
            raise WrongCall("give models or prices, one of the two")
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
        emit(told)
    else:
        words = {EXTRACTIVE: "quotes only (no AI model)"}
        names = {"model": words.get(model, model), "sleep_model": words.get(sleep_model, sleep_model)}
        for line in simulating.lines(found, **names, questions=options.questions):
            say(line)
    return DONE
