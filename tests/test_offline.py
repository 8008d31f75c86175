"""No connection is opened but to the configured model: the real program, its children included, behind a fence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from stc import sample
from tests.conftest import NETWORK_GUARD
from tests.fakes import ModelServer

ROOT = Path(__file__).resolve().parent.parent
QUESTION = "How many passengers did the cooperative carry in 2025?"


@pytest.fixture
def fenced(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Yield an environment whose processes reach this machine only; a try to go further fails the test at its end."""
    log = tmp_path / "refused.txt"
    guard = {"PYTHONPATH": str(NETWORK_GUARD), "NETWORK_GUARD_LOG": str(log)}
    yield {**os.environ, **guard, "STC_STORAGE": str(tmp_path / "storage"), "OMP_NUM_THREADS": "2"}
    assert not log.exists(), log.read_text(encoding="utf-8")


def stc(environment: dict[str, str], *arguments: str) -> list[dict]:
    done = subprocess.run(
        [sys.executable, "-m", "stc", *arguments, "--json"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_adding_asking_and_preparing_without_a_model_reach_nobody(fenced):
    (added,) = stc(fenced, "add", str(sample.PDF))
    assert added["status"] == "ready"
    (answer,) = stc(fenced, "ask", QUESTION)
    assert "491,500" in answer["answer"]
    assert all(run["status"] == "done" for run in stc(fenced, "sleep", "--max-passes", "2"))
    stc(fenced, "doctor")


@pytest.mark.model
def test_the_real_embedding_model_is_loaded_without_asking_its_hub(fenced):
    fenced.pop("STC_FAKE_EMBEDDER", None)
    (added,) = stc(fenced, "add", str(sample.PDF))
    assert added["status"] == "ready"
    (found,) = stc(fenced, "search", QUESTION)
    assert found["hits"]


def test_with_a_model_only_its_server_is_reached(fenced):
    with ModelServer(reply=lambda body: 'It carried 491,500 passengers [1].\nQUOTES\n[1] "491,500"') as server:
        fenced |= {"STC_CHAT_MODEL": "openai/double", "STC_API_BASE": server.url, "OPENAI_API_KEY": "sk-test"}
        stc(fenced, "add", str(sample.PDF))
        (answer,) = stc(fenced, "ask", QUESTION)
        assert answer["model"] == "openai/double"
        assert len(server.requests) >= 1


@pytest.mark.model
def test_the_server_starts_and_serves_a_page_reaching_nobody(fenced, free_port):
    fenced.pop("STC_FAKE_EMBEDDER", None)
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(free_port)]
    server = subprocess.Popen(
        command, cwd=ROOT, env=fenced, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert "<title>" in wait_for(f"http://127.0.0.1:{free_port}/", server)
        time.sleep(8)  # long enough for the threads beside the pages to load the models and look at the database
        assert server.poll() is None
    finally:
        server.terminate()
        output, _ = server.communicate(timeout=30)
    assert "Traceback" not in output


def test_a_server_that_listens_at_every_address_asks_nobody_for_its_own(fenced, free_port):
    fenced |= {"STC_FAKE_EMBEDDER": "1", "STC_LOGIN": "yes"}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(free_port)]
    server = subprocess.Popen(
        [*command, "--server.address", "0.0.0.0"],
        cwd=ROOT, env=fenced, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert "<title>" in wait_for(f"http://127.0.0.1:{free_port}/sign-in", server)
    finally:
        server.terminate()
        output, _ = server.communicate(timeout=30)
    assert f"Sleep-Time Chat is at http://localhost:{free_port}\n" in output


def wait_for(address: str, server: subprocess.Popen) -> str:
    for _ in range(300):
        try:
            with urllib.request.urlopen(address, timeout=5) as reply:
                return reply.read().decode()
        except (urllib.error.URLError, ConnectionError):
            assert server.poll() is None, server.communicate()[0]
            time.sleep(0.1)
    raise AssertionError(f"{address} did not answer within 30 seconds")
