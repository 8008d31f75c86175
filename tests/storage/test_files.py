import hashlib
import io

import pytest

from stc.errors import UserError
from stc.storage.files import Files

LIMIT = 10 * 2**20


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path / "files", "one")


def left(files):
    return [path for path in files.directory.rglob("*") if path.is_file()]


def test_a_file_lies_under_its_hash_with_its_bytes(files):
    content = b"some bytes" * 1000
    stored = files.receive(io.BytesIO(content), max_bytes=LIMIT)
    assert stored.content_hash == hashlib.sha256(content).hexdigest()
    assert stored.size_bytes == len(content)
    assert stored.path == files.path(stored.content_hash)
    assert stored.path.read_bytes() == content


def test_the_same_bytes_are_stored_once(files):
    first = files.receive(io.BytesIO(b"same"), max_bytes=LIMIT)
    assert files.receive(io.BytesIO(b"same"), max_bytes=LIMIT) == first
    assert left(files) == [first.path]


def test_an_empty_file_is_refused_and_leaves_nothing(files):
    with pytest.raises(UserError, match="empty"):
        files.receive(io.BytesIO(b""), max_bytes=LIMIT)
    assert left(files) == []


def test_a_file_over_the_limit_is_refused_before_it_is_all_read(files):
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            self.given += size
            return b"x" * size

    stream = Endless()
    with pytest.raises(UserError, match="larger than 10 MiB"):
        files.receive(stream, max_bytes=LIMIT)
    assert stream.given < 3 * LIMIT
    assert left(files) == []


def test_a_stream_that_breaks_leaves_nothing(files):
    class Broken(io.RawIOBase):
        def read(self, size=-1):
            raise ConnectionResetError("the browser went away")

    with pytest.raises(UserError, match="can't be saved"):
        files.receive(Broken(), max_bytes=LIMIT)
    assert left(files) == []


def test_deleting_what_is_not_there_is_fine(files):
    stored = files.receive(io.BytesIO(b"bytes"), max_bytes=LIMIT)
    files.delete(stored.content_hash)
    files.delete(stored.content_hash)
    assert left(files) == []
