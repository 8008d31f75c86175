"""Imports point one way: pages -> verbs -> edges and pure core -> words. A library stands behind one module."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted([ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "stc").rglob("*.py")])

# Which modules may import an outside library. A name that ends with a dot stands for all below it.
EDGES = {
    "streamlit": ("app", "pages.", "stc.ui."),
    "starlette": ("app", "stc.ui."),
    "chromadb": ("stc.storage.vectors",),
    "litellm": ("stc.models.llm",),
    "openai": ("stc.models.llm",),
    "sentence_transformers": ("stc.models.embedding",),
    "torch": ("stc.models.embedding",),
    "transformers": ("stc.models.embedding",),
    "tokenizers": ("stc.models.embedding",),
    "tiktoken": ("stc.models.tokens",),
    "sqlalchemy": ("stc.storage.",),
    "alembic": ("stc.storage.migrations.",),
    "apscheduler": ("stc.sleep.scheduler",),
    "pypdf": ("stc.documents.parsing.",),
    "pypdfium2": ("stc.documents.parsing.",),
    "charset_normalizer": ("stc.documents.parsing.",),
}
# Decisions and arithmetic: time, money and texts are their arguments.
PURE = (
    "stc.words",
    "stc.errors",
    "stc.phrases",
    "stc.chat.abstaining",
    "stc.chat.citing",
    "stc.chat.derived",
    "stc.chat.exporting",
    "stc.chat.figures",
    "stc.chat.following",
    "stc.chat.offering",
    "stc.chat.orders",
    "stc.chat.reuse",
    "stc.chat.routing",
    "stc.chat.sentences",
    "stc.chat.synonyms",
    "stc.chat.terms",
    "stc.chat.wording",
    "stc.documents.chunking",
    "stc.documents.lines",
    "stc.documents.progress",
    "stc.meter.",
    "stc.sleep.checking",
    "stc.sleep.demand",
    "stc.sleep.formulas",
    "stc.sleep.merging",
    "stc.sleep.places",
    "stc.sleep.planning",
    "stc.sleep.quantities",
    "stc.sleep.staleness",
    "stc.sleep.value",
)
CONSTANTS = {"stc.storage.lexical.STOP_WORDS"}
EFFECTS = {
    "asyncio",
    "http",
    "random",
    "shutil",
    "socket",
    "sqlite3",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib",
}
# What each part of the program may not know of: those that stand above it.
ABOVE = {
    "stc.storage.": ("stc.documents", "stc.chat", "stc.sleep", "stc.meter", "stc.models", "stc.services"),
    "stc.models.": ("stc.documents", "stc.chat", "stc.sleep"),
    "stc.documents.": ("stc.chat", "stc.sleep"),
    "stc.chat.": ("stc.sleep",),
    "stc.": ("stc.ui", "stc.cli", "app", "pages"),
}
VAGUE = {"utils", "util", "helpers", "helper", "manager", "handler", "common", "misc"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Yield what a file imports, wherever in it, but for types only: ``a.b`` and, of ``from a import b``, ``a.b``."""
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        waiting.extend(ast.iter_child_nodes(node))


IMPORTS = {module_name(path): set(imports(path)) for path in SOURCES}


def within(name: str, places: tuple[str, ...]) -> bool:
    return any(name == place.rstrip(".") or name.startswith(place.rstrip(".") + ".") for place in places)


def test_the_sources_were_found():
    assert {"app", "pages.chat", "stc.words", "stc.cli"} <= IMPORTS.keys()


@pytest.mark.parametrize("library", EDGES)
def test_a_library_stands_behind_its_module_alone(library):
    users = {module for module, imported in IMPORTS.items() if any(within(name, (library,)) for name in imported)}
    assert not {module for module in users if not within(module, EDGES[library])}


def test_every_outside_library_has_its_place_written_down():
    known = sys.stdlib_module_names | EDGES.keys() | {"stc", "app", "pages"}
    plain = {"filelock", "numpy", "pydantic"}  # data and locks: no seam is worth it
    for module, imported in IMPORTS.items():
        strangers = {name.partition(".")[0] for name in imported} - known - plain
        assert not strangers, f"{module} imports {strangers}"


def test_pages_know_verbs_and_not_what_stands_behind_them():
    for module, imported in IMPORTS.items():
        if within(module, ("app", "pages.")):
            behind = {name for name in imported if within(name, ("stc.storage", "stc.models", "numpy", "filelock"))}
            assert not behind, f"{module} imports {behind}"


@pytest.mark.parametrize("part", ABOVE)
def test_nothing_imports_what_stands_above_it(part):
    for module, imported in IMPORTS.items():
        if within(module, (part,)) and not within(module, ("stc.ui", "stc.cli", "stc.__main__")):
            above = {name for name in imported if within(name, ABOVE[part]) and not within(name, PURE)}
            assert not above, f"{module} imports {above}"


def test_pure_modules_import_no_edge_and_no_service():
    pure = {module for module in IMPORTS if within(module, PURE)}
    assert len(pure) >= len(PURE)
    for module in pure:
        impure = {
            name
            for name in IMPORTS[module]
            if name.partition(".")[0] in EFFECTS
            or within(name, tuple(EDGES))
            or (name.startswith("stc.") and not within(name, PURE) and name not in CONSTANTS)
        }
        assert not impure, f"{module} imports {impure}"


def test_a_child_process_that_parses_starts_without_the_program():
    assert not IMPORTS["stc"], "stc/__init__.py stays empty"
    assert not IMPORTS["stc.documents"], "stc/documents/__init__.py stays empty"


def test_no_module_has_a_name_that_says_nothing():
    for module in IMPORTS:
        words = set(module.replace("_", ".").split("."))
        assert not words & VAGUE, module
        assert not any(word[:1] == "v" and word[1:].isdigit() for word in words), module
