"""What others need to run it: the Dockerfile and docs/running.md fit the program. No image is built here."""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from streamlit.web import cli as streamlit_command

from stc import doctor
from stc.access import reach
from stc.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
RUNNING = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))


def instructions(name: str) -> list[str]:
    """Return the arguments of one kind of instruction, continued lines joined."""
    joined = re.sub(r"\\\n\s*", "", DOCKERFILE)
    return [line.split(maxsplit=1)[1] for line in joined.splitlines() if line.split(maxsplit=1)[:1] == [name]]


def copied() -> list[str]:
    return [
        source for line in instructions("COPY") if not line.startswith("--from") for source in line.split()[:-1]
    ]  # the last is where to


def ignored(path: str) -> bool:
    """Tell whether .dockerignore keeps a path out, the last fitting line counting, as Docker reads it."""
    out = False
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        parts = [path, *(str(parent) for parent in Path(path).parents)]
        names = Path(path).parts if line.startswith("**/") else parts
        if line[:1] not in ("", "#") and any(fnmatch.fnmatchcase(name, pattern) for name in names):
            out = not line.startswith("!")
    return out


def test_the_image_has_the_oldest_python_that_the_program_takes_and_the_tests_run_with():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    images = {line.split()[0] for line in instructions("FROM")}
    assert images == {f"python:{project['requires-python'].removeprefix('>=')}-slim-bookworm"}


def test_all_that_is_copied_exists_and_is_let_through():
    for path in copied():
        assert (ROOT / path).exists(), path
        assert not ignored(path), path


def test_all_that_the_program_consists_of_is_copied():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split(
        "\n"
    )
    if not tracked[0]:
        pytest.skip("only in a checkout with its history")
    own = {name for name in tracked if name.startswith(("stc/", "pages/", ".streamlit/")) or name == "app.py"}
    assert own
    for name in own:
        assert any(name == path or name.startswith(f"{path}/") for path in copied()), name
        assert not ignored(name), name


@pytest.mark.parametrize(
    "path",
    [
        ".streamlit/secrets.toml",
        "storage/stc.db",
        ".venv/bin/python",
        ".git/config",
        ".env",
        "stc/chat/__pycache__/x.pyc",
    ],
)
def test_nothing_of_this_computer_gets_into_the_image(path):
    assert ignored(path)


def test_torch_is_taken_from_the_pins_and_for_processors():
    (install,) = [line for line in instructions("RUN") if "download.pytorch.org" in line]
    script = re.search(r"sed -n '([^']+)' /tmp/requirements.txt", install)[1]
    found = subprocess.run(
        ["sed", "-n", script, str(ROOT / "requirements.txt")], capture_output=True, text=True, check=True
    ).stdout.split()
    assert len(found) == 1
    assert re.fullmatch(r"torch==[\d.]+", found[0])


def test_it_runs_without_rights_asks_for_a_login_and_is_watched():
    assert instructions("USER") == ["stc"]
    environment = dict(part.split("=", 1) for part in instructions("ENV")[-1].split())
    assert environment["STC_LOGIN"] == "yes"
    assert instructions("VOLUME") == [environment["STC_STORAGE"]]
    assert f":{environment['STREAMLIT_SERVER_PORT']}/healthz" in instructions("HEALTHCHECK")[0]
    command = json.loads(instructions("CMD")[-1])
    assert command[1:] == ["-m", "streamlit", "run", "app.py"]
    assert not re.search(r"(?i)api_key|password|secret", DOCKERFILE)


def test_compose_answers_under_the_names_of_this_computer(monkeypatch):
    said = re.search(r'STREAMLIT_SERVER_ALLOWED_HOSTS: "(.+)"', (ROOT / "compose.yaml").read_text(encoding="utf-8"))[1]
    monkeypatch.setenv("STREAMLIT_SERVER_ALLOWED_HOSTS", said)
    hosts = streamlit_command.main_run.make_context("run", ["app.py"]).params["server_allowedHosts"]
    assert {"localhost", "127.0.0.1"} <= set(hosts)
    assert reach.door(address="0.0.0.0", hosts=hosts, people=False, environment={"STC_LOGIN": "yes"}) == "login"


def test_a_proxy_lets_the_largest_file_pass():
    largest = Settings().max_file_bytes
    assert CONFIG["server"]["maxUploadSize"] * 2**20 == largest
    nginx = int(re.search(r"client_max_body_size (\d+)m;", RUNNING)[1]) * 2**20
    caddy = int(re.search(r"max_size (\d+)MB", RUNNING)[1]) * 10**6
    assert nginx > largest
    assert caddy > largest


def test_the_page_on_running_says_what_health_says():
    said = json.loads(re.search(r'^\{"ok": true.*\}$', RUNNING, re.MULTILINE)[0])
    assert said.keys() == {"ok", "version", "database", "reading", "index", "sleeper"}


def test_each_check_of_doctor_is_explained(services):
    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    table = text.partition("| check | it looks whether")[2].partition("\n## ")[0]
    names = set(re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE))
    assert {check.name for check in doctor.examine(services.storage).checks} == names
