import errno
import os

import pytest

from stc.storage.unwritable import refusal


@pytest.mark.parametrize(
    ("number", "helps"),
    [
        (errno.ENOSPC, "Make room"),
        (errno.EROFS, "cp -a"),
        (errno.EIO, "Check the disk"),
        (errno.EACCES, "STC_STORAGE=FOLDER"),
    ],
)
def test_each_reason_has_the_sentence_that_helps(tmp_path, number, helps):
    told = str(refusal(tmp_path, OSError(number, os.strerror(number))))
    assert told.startswith(f"{tmp_path} can't be written to: ")
    assert helps in told
    assert told.endswith(".")


@pytest.mark.skipif(os.name != "posix", reason="rights are other ones there")
def test_a_folder_of_ones_own_is_opened_and_that_of_somebody_else_taken_over(tmp_path, monkeypatch):
    folder = tmp_path / "my files"
    folder.mkdir()
    assert f"'chmod -R u+rwX '{folder}'' allows it" in str(refusal(folder))
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert f"'sudo chown -R $(id -u) '{folder}'' makes it this user's" in str(refusal(folder))
