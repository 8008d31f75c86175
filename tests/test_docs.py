"""What the documents promise to list, they list: every command and option, every setting, every table."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from stc import settings
from stc.cli import parser as command_line
from stc.settings import Settings
from stc.storage.schema import metadata

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def rows(text: str) -> dict[str, list[str]]:
    """Return the cells of every table row by its first code word."""
    found = {}
    for line in text.splitlines():
        if match := re.match(r"\| `([^`]+)`", line):
            found[match[1].split()[0]] = [cell.strip() for cell in line.strip("|").split(" | ")]
    return found


@pytest.mark.parametrize("name", settings.names())
def test_every_setting_stands_in_the_document_with_its_variable_and_default(name):
    cells = rows(read("settings.md"))[name]
    assert cells[1] == f"`STC_{name.upper()}`"
    default = getattr(Settings(), name)
    shown = cells[2].strip("`").replace(",", "")
    if isinstance(default, bool):
        assert shown == str(default).lower()
    elif isinstance(default, str):
        assert shown == (default or "empty")
    else:
        assert float(shown) == default


def test_the_document_names_every_variable_that_is_read_and_none_that_is_gone():
    named = set(re.findall(r"STC_[A-Z_]+", read("settings.md")))
    known = {f"STC_{name.upper()}" for name in settings.names()}
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "stc").rglob("*.py"))
    read_by_code = set(re.findall(r"[\"'](STC_[A-Z_]{3,})[\"']", source))
    assert named == known | read_by_code | {"STC_REQUIRE_ALL"}


@pytest.mark.parametrize("table", metadata.tables)
def test_every_table_stands_in_the_document(table):
    assert table in rows(read("data.md"))


def test_the_document_names_no_table_that_is_gone():
    section = read("data.md").partition("## Tables")[2].partition("## What leaves")[0]
    assert rows(section).keys() == metadata.tables.keys()


def commands() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield every command with its parser; "meter simulate" stands for a command of a command."""
    waiting = [("", command_line.build())]
    while waiting:
        name, parser = waiting.pop()
        if name:
            yield name, parser
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                waiting += [(f"{name} {inner}".strip(), inner_parser) for inner, inner_parser in action.choices.items()]


COMMANDS = dict(commands())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_each_of_its_options_stands_in_the_document(command):
    text = read("command-line.md")
    assert f"\n### `{command}" in text, "it needs a heading of its own"
    section = text.partition(f"\n### `{command}")[2].partition("\n### ")[0]
    common = text.partition("\n## Commands")[0]
    for action in COMMANDS[command]._actions:
        for option in action.option_strings:
            if option not in {"-h", "--help"}:
                assert f"`{option}" in section or f"`{option}" in common, f"{command} {option}"


def test_the_document_names_no_command_that_is_gone():
    headings = re.findall(r"\n### `([a-z]+(?: [a-z]+)?)", read("command-line.md"))
    assert sorted(headings) == sorted(COMMANDS)


def test_every_link_between_the_documents_leads_somewhere():
    for path in [ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_every_make_target_is_listed_by_make_help():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.search(r"\.PHONY: (.+)", makefile)[1].split()) - {"help"}
    help_text = makefile.partition("help:\n")[2].partition("\n\n")[0]
    listed = set(re.findall(r"make ([a-z]+)", help_text))
    assert targets - {"lint"} <= listed
