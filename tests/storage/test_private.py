"""What lies in a storage is for its owner alone."""

from __future__ import annotations

import io
import os
import stat
import sys
from pathlib import Path

import pytest

from stc import doctor
from stc.documents import ingest
from stc.services import Services
from stc.storage import backups, private

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="only on systems with modes: not Windows")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_storage_is_made_for_its_owner_alone_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        services = Services(tmp_path / "new" / "storage")
        received = ingest.receive(services, "letter.md", io.BytesIO(b"# Letter\n\nThe diagnosis is nobody's business."))
        ingest.process(services, received.document_id)
        assert mode(services.storage) == 0o700
        assert mode(services.database.path) == 0o600
        for name in ("stc.db-wal", "stc.db-shm"):
            path = services.storage / name
            assert not path.exists() or mode(path) == 0o600, name
        originals = [path for path in (services.storage / "files").rglob("*") if path.is_file()]
        assert originals
        assert {mode(path) for path in originals} == {0o600}
        services.close()
    finally:
        os.umask(before)


def test_what_was_restored_is_for_its_owner_alone_whatever_the_umask(tmp_path):
    services = Services(tmp_path / "storage")
    ingest.receive(services, "letter.md", io.BytesIO(b"# Letter\n\nThe diagnosis is nobody's business."))
    made = backups.back_up(services.storage, tmp_path / "all.zip", holder=services.holder)
    services.close()
    before = os.umask(0)
    try:
        for _ in range(2):  # the second time what is there is kept aside
            backups.restore(tmp_path / "new" / "storage", made.file)
    finally:
        os.umask(before)
    storage = tmp_path / "new" / "storage"
    (aside,) = storage.glob("before-restore-*")
    assert {mode(storage), mode(aside)} == {0o700}
    kept = [path for path in storage.rglob("*") if path.is_file() and "holders" not in path.parts]
    assert len(kept) == 4
    assert {mode(path) for path in kept} == {0o600}
    assert mode(made.file) == 0o600


def test_rights_that_somebody_gave_on_purpose_stay(tmp_path):
    (tmp_path / "storage").mkdir()
    (tmp_path / "storage").chmod(0o750)
    Services(tmp_path / "storage").close()
    assert mode(tmp_path / "storage") == 0o750
    assert "Others on this computer may look into it" in doctor.examine(tmp_path / "storage").checks[0].detail
    (tmp_path / "storage").chmod(0o700)
    assert "Others" not in doctor.examine(tmp_path / "storage").checks[0].detail


def test_a_file_loses_the_rights_of_others_only(tmp_path):
    path = tmp_path / "file"
    path.write_text("x")
    path.chmod(0o755)
    private.close_file(path)
    assert mode(path) == 0o700
    assert not private.is_open_to_others(path)
    private.close_file(tmp_path / "none")
