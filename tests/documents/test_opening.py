"""Names that lead to no file, and those that lead to something that never ends."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from stc.documents.opening import open_regular
from stc.errors import UserError


def test_a_file_and_a_link_to_one_are_opened(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"content")
    (tmp_path / "link").symlink_to(path)
    for name in ("a.txt", "link"):
        with open_regular(tmp_path / name) as file:
            assert file.read() == b"content"


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        for path in (tmp_path / "pipe", tmp_path / "link", Path("/dev/zero"), tmp_path / "socket"):
            with pytest.raises(UserError, match=r"then add it again\.$"):
                open_regular(path)
    with pytest.raises(UserError, match="This is a folder"):
        open_regular(tmp_path)


@pytest.mark.parametrize("name", ["missing", "x" * 300, "a\x00b", "line\nbreak", "\udcff", "missing/below"])
def test_names_that_lead_nowhere_are_refused_in_words(tmp_path, name):
    with pytest.raises(UserError, match=r"then add it again\.$"):
        open_regular(tmp_path / name)


def test_a_link_that_leads_to_itself_is_refused_in_words(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(UserError):
        open_regular(tmp_path / "loop")
