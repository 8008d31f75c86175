"""The embedding model in a process of its own gives the same vectors, and its death is no more than a delay."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from stc import children
from stc.errors import UserError
from stc.models import embedding_process
from stc.models.embedding import MiniLM
from stc.models.embedding_process import EmbeddingProcess

TEXTS = [
    "When does the ferry leave?",
    "",
    "line\nbreak\u2028",
    *(f"Lemon {i} " * i for i in range(40)),
]


@pytest.fixture(scope="module")
def apart() -> Iterator[EmbeddingProcess]:
    """One process for all: each start of it loads torch."""
    model = EmbeddingProcess()
    yield model
    model.close()
    assert model._process is None


@pytest.fixture
def never_started() -> Iterator[EmbeddingProcess]:
    model = EmbeddingProcess()
    yield model
    model.close()


@pytest.mark.model
def test_the_vectors_are_those_of_the_model_in_this_process(apart):
    assert np.array_equal(apart.encode(TEXTS), MiniLM().encode(TEXTS))
    assert apart.encode([]).shape == (0, 384)
    assert apart.count_tokens("embeddings") == 4


@pytest.mark.model
def test_a_process_that_was_killed_is_started_anew(apart):
    before = apart.encode(["ferry"])
    first = apart._process
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert np.array_equal(apart.encode(["ferry"]), before)
    assert apart._process.pid != first.pid


@pytest.mark.model
def test_what_fails_in_the_process_is_an_error_here_and_the_next_batch_works(apart):
    with pytest.raises(RuntimeError, match="embedding process failed: "):
        apart.embed_batch([["no", "text"], {}])
    assert apart.encode(["ferry"]).shape == (1, 384)


@pytest.mark.model
def test_the_process_ends_with_the_one_that_started_it():
    program = (
        "from stc.models.embedding_process import EmbeddingProcess as E; import os, signal;"
        "e = E(); e.encode(['a']); print(e._process.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == -signal.SIGKILL
    # The pipe from its stdout is held by the embedding process, too: that run() returned says that it has ended.
    assert int(done.stdout) > 0


@pytest.mark.parametrize("program", ["pass", "import sys; sys.stdin.readline(); print('{\"rows\": 2}')"])
def test_a_process_that_ends_twice_is_said_in_words(never_started, monkeypatch, program):
    started = []

    def start(module: str) -> subprocess.Popen[bytes]:
        assert module == embedding_process.__name__
        pipe = subprocess.PIPE
        started.append(subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe))
        return started[-1]

    monkeypatch.setattr(children, "start", start)
    with pytest.raises(UserError, match="ended while it worked, twice"):
        never_started.encode(["ferry"])
    assert len(started) == 2
    assert all(process.returncode is not None for process in started), "none is left behind"


def test_a_refusal_is_said_as_it_is(never_started, monkeypatch):
    program = 'import sys; sys.stdin.readline(); print(\'{"refused": "Reinstall it."}\', flush=True); sys.stdin.read()'
    pipe = subprocess.PIPE
    monkeypatch.setattr(
        children, "start", lambda module: subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe)
    )
    with pytest.raises(UserError, match=r"^Reinstall it\.$"):
        never_started.encode(["ferry"])


@pytest.mark.model
def test_a_server_that_ends_before_its_reply_leaves_no_traceback():
    process = children.start(embedding_process.__name__, stderr=subprocess.PIPE)
    process.stdin.write(b'["a"]\n')
    process.stdin.flush()
    process.stdout.close()
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0
    assert b"Traceback" not in said
