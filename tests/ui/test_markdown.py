"""Nothing from outside reaches Streamlit's Markdown but through ``safe``: read from the source of every page."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ESCAPES = ROOT / "stc" / "ui" / "safe.py"
SOURCES = sorted({ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "stc" / "ui").glob("*.py")} - {ESCAPES})

READ_MARKDOWN = {
    *("markdown", "caption", "write", "title", "header", "subheader", "text", "badge", "code", "latex", "html"),
    *("info", "error", "warning", "success", "toast", "exception", "status", "spinner", "progress", "metric"),
    *(
        "button",
        "download_button",
        "link_button",
        "page_link",
        "form_submit_button",
        "menu_button",
        "popover",
        "expander",
    ),
    *(
        "checkbox",
        "toggle",
        "radio",
        "selectbox",
        "multiselect",
        "pills",
        "segmented_control",
        "select_slider",
        "slider",
    ),
    *(
        "text_input",
        "text_area",
        "number_input",
        "date_input",
        "file_uploader",
        "chat_input",
        "dialog",
        "tabs",
        "feedback",
    ),
}
"""Elements of Streamlit that read Markdown, in their first argument or in one of these."""
ARGUMENTS = {"label", "body", "text", "help", "title", "value", "placeholder", "options", "format_func"}
PLAIN = {"value", "placeholder", "options"}
"""Of these, those that are shown as they stand."""
OTHERWISE_FIRST = {"progress", "code"}
"""Of these, the first argument is a number, or is shown as it stands."""
SAFE_CALLS = {"safe.inert", "safe.plain", "len", "round", "int", "sum"}
SAFE_MODULES = {"phrases"}
"""Numbers, dates and durations in words."""
SAFE_METHODS = {"strftime", "join"}
REVIEWED = {
    "calibrating.FEWEST_RUNS",
    "chart.FEWEST_QUESTIONS",
    "gate.first_code(services)",
    "item.page",
    "logs.bug(error, 'while drawing a page')",
    "next(dated, '').removeprefix(PREPARED_ON).strip()",
    "one.valid_from",
    "opened.state(services, document)",
    "planning.PASS_WORDS[working.pass_name]",
    "planning.pages_in_words(working.page_start, working.page_end)",
    "partial.ahead",
    "simulating.shown(more)",
    "tesseract.NOT_INSTALLED",
    "time.localtime(failure['at'])",
}
"""Numbers, dates and words of this program alone. Who adds one has looked at where it comes from."""
REVIEWED_IN = {
    "pages/documents.py": {"acts.unknown"},  # rows of labels in the source
    "pages/people.py": {"acts.unknown"},
    "pages/savings.py": {"list(head)"},  # cells that are Markdown already, each made safe where it is made
    "pages/sleep.py": {"name[:1].upper()", "name[1:]"},  # of planning.PASS_WORDS
    "stc/ui/adding.py": {"label.unknown"},  # of the pages' own words
    "stc/ui/dialogs.py": {"title.unknown"},  # judged where it is given, as ``draw``
}


PARENTS: dict[ast.AST, ast.AST] = {}
"""Of every node of a tree that was asked for: ast's nodes don't know theirs."""


@cache
def tree(path: Path) -> ast.Module:
    module = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(module):
        PARENTS.update(dict.fromkeys(ast.iter_child_nodes(node), node))
    return module


def function_around(node: ast.AST) -> ast.AST:
    while not isinstance(node, ast.FunctionDef | ast.Module):
        node = PARENTS[node]
    return node


class Judge:
    """Says of an expression whether nothing from outside can stand in it unescaped."""

    def __init__(self, module: ast.Module, reviewed: set[str]) -> None:
        self._module = module
        self._reviewed = REVIEWED | reviewed
        self._asked: set[str] = set()
        self.blamed = ""
        """The innermost expression that was not safe."""

    def is_safe(self, node: ast.AST | None) -> bool:
        found = self._is_safe(node)
        if not found and not self.blamed:
            self.blamed = ast.unparse(node)
        return found

    def _is_safe(self, node: ast.AST | None) -> bool:
        if node is None or isinstance(node, ast.Constant) or ast.unparse(node) in self._reviewed:
            return True
        if isinstance(node, ast.JoinedStr):
            return all(self.is_safe(part) for part in node.values)
        if isinstance(node, ast.FormattedValue):
            return _is_number(node) or self.is_safe(node.value)
        if isinstance(node, ast.BinOp):
            return self.is_safe(node.left) and self.is_safe(node.right)
        if isinstance(node, ast.BoolOp):
            return all(self.is_safe(value) for value in node.values)
        if isinstance(node, ast.IfExp):
            return self.is_safe(node.body) and self.is_safe(node.orelse)
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return all(self.is_safe(item) for item in node.elts)
        if isinstance(node, ast.Starred | ast.NamedExpr):
            return self.is_safe(node.value)
        if isinstance(node, ast.GeneratorExp | ast.ListComp):
            return self.is_safe(node.elt)
        if isinstance(node, ast.DictComp):
            return self.is_safe(node.value)
        if isinstance(node, ast.Lambda):
            return self.is_safe(node.body)
        if isinstance(node, ast.Subscript):
            return self.is_safe(node.value)
        if isinstance(node, ast.Attribute):
            return node.attr == "__getitem__" and self.is_safe(node.value)
        if isinstance(node, ast.Call):
            return self._is_safe_call(node)
        return isinstance(node, ast.Name) and self._is_safe_name(node)

    def _is_safe_call(self, node: ast.Call) -> bool:
        called = ast.unparse(node.func)
        if called in SAFE_CALLS or called.partition(".")[0] in SAFE_MODULES:
            return True
        if isinstance(node.func, ast.Attribute) and node.func.attr in SAFE_METHODS:
            return all(self.is_safe(argument) for argument in node.args)
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("capitalize", "replace", "get", "pop"):
            return self.is_safe(node.func.value) and all(self.is_safe(argument) for argument in node.args[1:])
        return isinstance(node.func, ast.Name) and self._returns_safe(node.func.id)

    def _returns_safe(self, name: str) -> bool:
        """Tell whether a function of the same module returns nothing but what is safe."""
        if name in self._asked:
            return True  # it calls itself: the other returns decide
        self._asked.add(name)
        defined = [node for node in self._module.body if isinstance(node, ast.FunctionDef) and node.name == name]
        returned = [node.value for one in defined for node in ast.walk(one) if isinstance(node, ast.Return)]
        return bool(defined) and all(self.is_safe(value) for value in returned)

    def _is_safe_name(self, node: ast.Name) -> bool:
        if node.id.strip("_").isupper():
            return True  # a constant of the program
        around = function_around(node)
        key = f"{getattr(around, 'name', '')}:{node.id}"
        if key in self._asked:
            return True  # built up step by step: each step is looked at
        self._asked.add(key)
        given = list(_given(around, node.id)) or list(_given(self._module, node.id))
        return bool(given) and all(self.is_safe(value) for value in given)


def _is_number(node: ast.FormattedValue) -> bool:
    """Tell whether a value is written as a number, which no text can be."""
    written = ast.unparse(node.format_spec).strip("f'\"") if node.format_spec else ""
    return written.endswith((",", "d", "%", "f", "e", "g"))


def _given(scope: ast.AST, name: str) -> Iterator[ast.AST | None]:
    """Yield what a name is given in a function or module; ``None`` never, an unknown source as the name itself."""
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name) and target.id == name:
                    if node.value is not None:
                        yield node.value
                elif isinstance(target, ast.Tuple) and any(
                    isinstance(t, ast.Name) and t.id == name for t in target.elts
                ):
                    position = [getattr(t, "id", "") for t in target.elts].index(name)
                    unpacked = isinstance(node.value, ast.Tuple)
                    yield node.value.elts[position] if unpacked else ast.Attribute(ast.Name(name), "unpacked")
        elif isinstance(node, ast.For | ast.comprehension):
            targets = node.target.elts if isinstance(node.target, ast.Tuple) else [node.target]
            for position, target in enumerate(targets):
                if isinstance(target, ast.Name) and target.id == name:
                    yield _item(node.iter, position if isinstance(node.target, ast.Tuple) else None)
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("append", "extend", "insert")
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == name
        ):
            yield node.args[-1]
    if isinstance(scope, ast.FunctionDef):
        arguments = scope.args
        if name in {one.arg for one in (*arguments.args, *arguments.kwonlyargs, *arguments.posonlyargs)}:
            yield from _passed(scope, name)


def _item(iterated: ast.AST, position: int | None) -> ast.AST:
    """Return what a loop's variable takes of a literal or a constant; else something that nobody knows."""
    if isinstance(iterated, ast.Tuple | ast.List):
        if position is None:
            return iterated
        return ast.Tuple([row.elts[position] for row in iterated.elts if isinstance(row, ast.Tuple)], ast.Load())
    if isinstance(iterated, ast.Name) and not iterated.id.isupper():
        return iterated if position is None else ast.Attribute(iterated, "unknown")
    return iterated if isinstance(iterated, ast.Name) else ast.Attribute(iterated, "unknown")


def _passed(function: ast.FunctionDef, name: str) -> Iterator[ast.AST | None]:
    """Yield what the calls of a function in its own module pass for a parameter; a function nobody calls here is unknown."""
    module: ast.AST = function
    while not isinstance(module, ast.Module):
        module = PARENTS[module]
    position = (
        [one.arg for one in function.args.args].index(name) if name in [a.arg for a in function.args.args] else None
    )
    calls = [
        node
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function.name
    ]
    if not calls:
        yield ast.Attribute(ast.Name(name), "unknown")
    for call in calls:
        if position is not None and position < len(call.args):
            yield call.args[position]
        yield from (keyword.value for keyword in call.keywords if keyword.arg == name)


def shown(path: Path) -> Iterator[tuple[int, str, ast.AST]]:
    """Yield what a file gives to Streamlit to be read as Markdown: line, element, expression."""
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    } - {"st"}
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner, _, inner = ast.unparse(node.func.value).partition(".")
        opens_dialog = owner == "dialogs" and node.func.attr == "draw"
        draws = node.func.attr in READ_MARKDOWN and owner not in imported and inner != "stdout"
        if not (draws or opens_dialog):
            continue
        for argument in node.args[:1] if node.func.attr not in OTHERWISE_FIRST else ():
            yield node.lineno, node.func.attr, argument
        for keyword in node.keywords:
            if keyword.arg in ARGUMENTS - PLAIN:
                yield node.lineno, node.func.attr, keyword.value


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_from_outside_reaches_markdown_unescaped(path):
    wrong = []
    for line, element, value in shown(path):
        judge = Judge(tree(path), REVIEWED_IN.get(path.relative_to(ROOT).as_posix(), set()))
        if not judge.is_safe(value):
            wrong.append(f"line {line}: {element} shows {judge.blamed}")
    assert not wrong, "wrap it in safe.inert, or show it by safe.show_text:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    "source",
    [
        "st.markdown(f'**{document.name}**')",
        "st.caption(document.name)",
        "st.button(note.question)",
        "st.error(str(error))",
        "st.info('It is ' + answer.text)",
        "st.button('Open', help=citation.quote)",
        "left.selectbox('Which', ids, format_func=lambda one: names[one])",
        "said = name\nst.toast(said)",
        "for name in names:\n    st.markdown(name)",
        "lines = []\nlines.append(note.text)\nst.markdown('\\n'.join(lines))",
        "def words():\n    return note.text\nst.caption(words())",
        "def row(name):\n    st.markdown(name)\nrow(document.name)",
        "st.toast(st.session_state.pop('said'))",
        "dialogs.draw(document.name, body)",
        "st.header(safe.inert(a) + b)",
    ],
)
def test_a_page_that_forgets_to_escape_is_found(source, tmp_path):
    path = tmp_path / "page.py"
    path.write_text(source)
    assert [value for _, _, value in shown(path) if not Judge(tree(path), set()).is_safe(value)]
