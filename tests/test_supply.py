"""What the program is made of: no way to run a text as code, no library that talks, no licence that binds its users."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted([ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "stc").rglob("*.py")])
RUN_TEXT = {"eval", "exec", "compile", "__import__"}
MODULES_THAT_RUN_TEXT = {"pickle", "cPickle", "dill", "shelve", "marshal", "joblib", "cloudpickle", "code", "codeop"}
OF_NUMPY_AND_YAML = {
    "yaml.load",
    "yaml.unsafe_load",
    "yaml.full_load",
    "torch.load",
    "os.system",
    "os.popen",
    "pty.spawn",
}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_runs_a_text_as_code_or_through_a_shell(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [(node.module or "").partition(".")[0]]
        assert not MODULES_THAT_RUN_TEXT.intersection(names), f"line {node.lineno}"
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        assert called not in RUN_TEXT | OF_NUMPY_AND_YAML, f"line {node.lineno}: {called}"
        for keyword in node.keywords:
            given = ast.unparse(keyword.value)
            assert (keyword.arg, given) != ("allow_pickle", "True"), f"line {node.lineno}"
            assert keyword.arg != "shell" or given == "False", f"line {node.lineno}"
            assert keyword.arg != "trust_remote_code" or given == "False", f"line {node.lineno}"


PERMISSIVE = re.compile(
    r"\b(mit|bsd|apache|isc|psf|python software foundation|python-2\.0|zlib|unlicense|0bsd|cc0|hpnd|mit-cmu|historical "
    r"permission|mpl|mozilla|public domain|cnri|ofl|bsl)",
    re.IGNORECASE,
)
COPYLEFT = re.compile(
    r"\b(a?gpl|lgpl|affero|gnu (?:lesser |affero )?general public|sspl|commons clause|bsl-1\.1)", re.IGNORECASE
)


def licence(name: str) -> str:
    """Return what a package says of its licence: the expression, the classifiers, the first line of the text."""
    found = importlib.metadata.metadata(name)
    classifiers = [one for one in found.get_all("Classifier") or () if one.startswith("License ::")]
    text = (found.get("License") or "").strip()
    return " | ".join(filter(None, [found.get("License-Expression"), *classifiers, text[:120].partition("\n")[0]]))


def pinned() -> list[str]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [Requirement(line) for line in lines if line[:1] not in ("", "#")]
    return [one.name for one in wanted if one.marker is None or one.marker.evaluate()]


@pytest.mark.parametrize("name", pinned())
def test_a_pinned_package_has_a_permissive_licence(name):
    said = licence(name)
    if not said:
        texts = [file for file in importlib.metadata.files(name) or () if "licen" in file.name.lower()]
        said = "\n".join(file.read_text() for file in texts)[:20_000]
    if COPYLEFT.search(said):
        # "MPL/LGPL, as you like" and the like: one that is permissive is enough.
        assert re.search(r"\bor\b", said, re.IGNORECASE), f"{name}: {said[:200]}"
    assert PERMISSIVE.search(said), f"{name}: {said[:200]!r}"


def test_libraries_are_told_to_be_quiet_before_they_are_imported(tmp_path):
    """Each switch is read when its library is imported; afterwards it is too late."""
    code = """
import os, sys
from pathlib import Path
from stc.models import llm
llm._litellm()
assert os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"
litellm = sys.modules["litellm"]
assert litellm.telemetry is False and litellm.callbacks == [] and litellm.success_callback == []
from stc.storage import vectors
vectors._client(Path(sys.argv[1]))
assert os.environ["ANONYMIZED_TELEMETRY"] == "False"
from streamlit import config
assert config.get_option("browser.gatherUsageStats") is False
assert config.get_option("server.enableXsrfProtection") is True
assert config.get_option("server.enableCORS") is True
assert config.get_option("server.enableStaticServing") is False
assert config.get_option("server.enableAgentApi") is False
assert config.get_option("runner.magicEnabled") is False
assert config.get_option("client.showErrorDetails") == "none"
print("quiet")
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.strip() == "quiet", done.stdout + done.stderr
