"""Keys lie in a file that only its owner can read, and nowhere else."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading

import pytest

from stc.errors import UserError
from stc.storage.secrets import Secrets

KEY = "sk-0123456789abcdefghij"


@pytest.fixture
def secrets(tmp_path):
    return Secrets(tmp_path, environment={})


def test_a_key_is_kept_and_forgotten(secrets, tmp_path):
    assert secrets.get("OPENAI_API_KEY") is None
    assert secrets.get_keys() == {}
    secrets.set_key("OPENAI_API_KEY", f"  {KEY}\n")
    secrets.set_key("GROQ_API_KEY", "gsk-1234")
    assert Secrets(tmp_path, environment={}).get("OPENAI_API_KEY") == KEY
    assert secrets.get_keys() == {"GROQ_API_KEY": "file", "OPENAI_API_KEY": "file"}
    secrets.remove("OPENAI_API_KEY")
    secrets.remove("OPENAI_API_KEY")
    assert secrets.get("OPENAI_API_KEY") is None
    assert secrets.get("GROQ_API_KEY") == "gsk-1234"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps other people out by the folder's rights")
def test_only_the_owner_can_read_the_file(secrets):
    before = os.umask(0)
    try:
        secrets.set_key("OPENAI_API_KEY", KEY)
        assert stat.S_IMODE(secrets.path.stat().st_mode) == 0o600
        secrets.path.chmod(0o644)
        secrets.set_key("GROQ_API_KEY", KEY)
        assert stat.S_IMODE(secrets.path.stat().st_mode) == 0o600
    finally:
        os.umask(before)


@pytest.mark.skipif(sys.platform == "win32", reason="only on systems with modes: not Windows")
def test_a_file_that_others_can_read_is_closed_to_them_with_a_warning(secrets, caplog):
    secrets.set_key("OPENAI_API_KEY", KEY)
    assert not caplog.records
    secrets.path.chmod(0o644)
    assert secrets.get("OPENAI_API_KEY") == KEY
    assert stat.S_IMODE(secrets.path.stat().st_mode) == 0o600
    assert "get new keys" in caplog.text
    assert KEY not in caplog.text


def test_the_environment_wins(tmp_path):
    secrets = Secrets(tmp_path, environment={"OPENAI_API_KEY": "from-outside", "GROQ_API_KEY": " "})
    secrets.set_key("OPENAI_API_KEY", KEY)
    secrets.set_key("GROQ_API_KEY", "gsk-1234")
    assert secrets.get("OPENAI_API_KEY") == "from-outside"
    assert secrets.get("GROQ_API_KEY") == "gsk-1234", "an empty variable says nothing"
    assert secrets.source("OPENAI_API_KEY") == "environment"
    assert secrets.source("GROQ_API_KEY") == "file"
    assert secrets.source("XAI_API_KEY") is None


@pytest.mark.parametrize("value", ["", "  ", "two words", "tab\there", "schlüssel", "line\nbreak", "x" * 5000])
def test_what_is_no_key_is_refused_without_repeating_it(secrets, value):
    with pytest.raises(UserError) as caught:
        secrets.set_key("OPENAI_API_KEY", value)
    assert not value.strip() or value not in str(caught.value)
    assert not secrets.path.exists()


@pytest.mark.parametrize("name", ["", "openai", "A B", "../X", "X" * 100])
def test_what_is_no_name_is_refused(secrets, name):
    with pytest.raises(UserError, match="is no name for a key"):
        secrets.set_key(name, KEY)


def test_a_damaged_file_says_what_to_do_and_is_not_overwritten(secrets):
    secrets.path.write_text("{broken")
    for call in (lambda: secrets.get("OPENAI_API_KEY"), lambda: secrets.set_key("OPENAI_API_KEY", KEY)):
        with pytest.raises(UserError, match=r"is damaged\. Delete it, then enter the keys again"):
            call()
    assert secrets.path.read_text() == "{broken"
    secrets.path.write_text(json.dumps({"OPENAI_API_KEY": 5}))
    with pytest.raises(UserError, match="is damaged"):
        secrets.get_keys()


def test_nothing_is_left_beside_the_file_when_writing_fails(secrets, monkeypatch, tmp_path):
    secrets.set_key("OPENAI_API_KEY", KEY)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stc.storage.secrets.os.replace", fail)
    with pytest.raises(UserError, match=r"can't be saved in .*: No space left on device"):
        secrets.set_key("GROQ_API_KEY", "gsk-1234")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("secrets-")]
    assert secrets.get("OPENAI_API_KEY") == KEY


def test_keys_set_at_the_same_time_are_all_kept(secrets):
    threads = [threading.Thread(target=secrets.set_key, args=(f"P{n}_API_KEY", KEY)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(secrets.get_keys()) == 8


def test_keys_are_blotted_out_of_texts(tmp_path):
    secrets = Secrets(tmp_path, environment={"XAI_API_KEY": "plain-looking", "PATH": "/usr/bin"})
    secrets.set_key("OPENAI_API_KEY", "oddly.shaped.key")
    text = f"tried oddly.shaped.key and plain-looking and {KEY} in /usr/bin"
    assert secrets.scrub(text) == "tried *** and *** and *** in /usr/bin"
