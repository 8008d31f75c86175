"""Second tries: a locked file with its password, a scan with Tesseract."""

from __future__ import annotations

import io
import shutil
import time

import pytest

from stc.documents import ingest, retrying
from stc.documents.parsing import tesseract
from stc.errors import UserError
from stc.services import Services
from stc.storage import documents as rows
from stc.storage import upkeep
from tests.documents.pdfs import PICTURE, encrypted, make_pdf, scanned

TEXT = "The lighthouse at Corvane was built in 1874.\nIts lamp burned 312 litres."
LOCKED = encrypted(make_pdf([TEXT]), user="secret")


@pytest.fixture
def english():
    if shutil.which("tesseract") is None:
        pytest.skip("Tesseract is not installed (Debian: apt install tesseract-ocr)")
    return "eng"


def add(services, content, name="letter.pdf", **options):
    received = ingest.receive(services, name, io.BytesIO(content), **options)
    return ingest.process(services, received.document_id, password=options.get("password"))


def failures(services):
    with services.database.read() as connection:
        return rows.list_failures(connection, services.owner)


def listed(services):
    with services.database.read() as connection:
        return rows.list_all(connection, services.owner)


def page_text(services, document_id, number=1):
    with services.database.read() as connection:
        return rows.read_page(connection, document_id, number).text


def stored_files(services):
    return [path for path in services.files.directory.rglob("*") if path.is_file()]


def wanted_files(services):
    with services.database.read() as connection:
        return upkeep.content_hashes(connection)


def test_a_locked_file_is_kept_until_its_password_opens_it(services):
    assert add(services, LOCKED).status == "failed"
    (failure,) = failures(services)
    assert (failure["need"], failure["name"]) == ("password", "letter.pdf")
    assert len(stored_files(services)) == 1
    assert wanted_files(services) == {failure["content_hash"]}
    received = retrying.try_again(services, failure["id"], password="secret")
    assert failures(services) == []
    document = ingest.process(services, received.document_id, password="secret")
    assert document.status == "ready"
    assert page_text(services, document.id) == TEXT


def test_a_wrong_password_says_so_and_may_be_followed_by_the_right_one(services):
    add(services, LOCKED)
    received = retrying.try_again(services, failures(services)[0]["id"], password="wrong")
    ingest.process(services, received.document_id, password="wrong")
    (failure,) = failures(services)
    assert "the password given does not open it" in failure["reason"]
    received = retrying.try_again(services, failure["id"], password="secret")
    assert ingest.process(services, received.document_id, password="secret").status == "ready"
    assert failures(services) == []


def test_a_password_stands_nowhere(services, tmp_path, caplog):
    caplog.set_level("DEBUG")
    password = "correct-horse-battery"
    add(services, encrypted(make_pdf([TEXT]), user=password))
    received = retrying.try_again(services, failures(services)[0]["id"], password=password)
    retrying.process_aside(services, received.document_id, password)
    end = time.monotonic() + 20
    while not listed(services) or listed(services)[0].status != "ready":
        assert time.monotonic() < end
        time.sleep(0.05)
    assert password not in caplog.text
    assert not any(password.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_without_the_thread_that_knows_the_password_it_is_asked_for_again(services):
    add(services, LOCKED)
    received = retrying.try_again(services, failures(services)[0]["id"], password="secret")
    with services.database.write() as connection:
        rows.release(connection, received.document_id, services.holder)
    ingest.process_pending(services)
    (failure,) = failures(services)
    assert failure["need"] == "password"


def test_a_line_that_is_dismissed_takes_its_bytes_along(services):
    add(services, LOCKED)
    retrying.dismiss(services, [failures(services)[0]["id"]])
    assert failures(services) == []
    assert stored_files(services) == []


def test_bytes_that_another_needs_stay_when_a_line_is_dismissed(services, tmp_path):
    other = Services(tmp_path / "storage", owner="other")
    add(services, LOCKED)
    add(other, LOCKED)
    retrying.dismiss(services, [failures(services)[0]["id"]])
    assert len(stored_files(services)) == 1
    retrying.dismiss(services, [failures(other)[0]["id"]])
    assert len(failures(other)) == 1, "another person's line is not found"
    retrying.dismiss(other, [failures(other)[0]["id"]])
    assert stored_files(services) == []
    other.close()


def test_another_persons_line_is_not_found(services, tmp_path):
    add(services, LOCKED)
    other = Services(tmp_path / "storage", owner="other")
    with pytest.raises(UserError, match="gone"):
        retrying.try_again(other, failures(services)[0]["id"], password="secret")
    other.close()


def test_the_same_file_added_again_with_its_password_leaves_no_line(services):
    add(services, LOCKED)
    assert add(services, LOCKED, password="secret").status == "ready"
    assert failures(services) == []


def test_a_locked_new_version_takes_its_place_when_it_is_opened(services):
    document = add(services, make_pdf(["The first version of the letter."]))
    failed = add(services, LOCKED, replaces=document.id)
    assert "stays as it was" in failed.error
    received = retrying.try_again(services, failures(services)[0]["id"], password="secret")
    assert ingest.process(services, received.document_id, password="secret").id == document.id
    assert page_text(services, document.id) == TEXT


def test_a_scan_is_kept_until_tesseract_has_read_it(services, english):
    assert add(services, scanned(make_pdf([TEXT]))).status == "failed"
    (failure,) = failures(services)
    assert failure["need"] == "ocr"
    received = retrying.try_again(services, failure["id"], languages=english)
    document = ingest.process(services, received.document_id)
    assert document.status == "ready"
    assert "built in 1874" in page_text(services, document.id)
    assert document.warnings == ("Page 1 was read from pictures by Tesseract; names and figures may be wrong there.",)
    assert (document.pictures, document.ocr) == (0, "eng")


def test_a_scan_is_read_at_once_where_that_is_asked(services, english):
    document = add(services, scanned(make_pdf([TEXT, TEXT])), ocr=english)
    assert document.status == "ready"
    assert "312 litres" in page_text(services, document.id, 2)


def test_the_pictures_of_a_document_are_read_while_it_is_used(services, english):
    first = make_pdf(["A page of text that both parsers can read without any trouble at all."])
    document = add(services, _joined(first, scanned(make_pdf([TEXT]))))
    assert document.pictures == 1
    received = retrying.read_pictures(services, document.id, english)
    assert received.document_id != document.id
    assert retrying.read_pictures(services, document.id, english).document_id == received.document_id, "it is under way"
    assert [one.id for one in listed(services)] == [document.id]
    assert len(stored_files(services)) == 1
    assert wanted_files(services) == {document.content_hash}
    assert "search can't read it" in listed(services)[0].warnings[0]
    after = ingest.process(services, received.document_id)
    assert (after.id, after.pictures, after.ocr) == (document.id, 0, "eng")
    assert "built in 1874" in page_text(services, document.id, 2)
    assert after.content_hash == document.content_hash
    assert len(stored_files(services)) == 1
    assert add(services, stored_files(services)[0].read_bytes()).id == document.id, "the same bytes are a duplicate"
    assert ingest.remove(services, document.id)
    assert stored_files(services) == []


def test_a_document_removed_while_its_pictures_are_read_is_gone(services, english):
    document = add(
        services,
        _joined(make_pdf(["A page of text, long enough to be taken for one by anybody."]), make_pdf([PICTURE])),
    )
    received = retrying.read_pictures(services, document.id, english)
    assert ingest.remove(services, document.id)
    with pytest.raises(UserError):
        ingest.process(services, received.document_id)
    assert stored_files(services) == []
    assert listed(services) == []


def test_pictures_without_letters_leave_the_document_as_it_was(services, english):
    document = add(
        services,
        _joined(make_pdf(["A page of text, long enough to be taken for one by anybody."]), make_pdf([PICTURE])),
    )
    received = retrying.read_pictures(services, document.id, english)
    after = ingest.process(services, received.document_id)
    assert (after.id, after.status, after.pictures) == (document.id, "ready", 1)
    assert after.warnings == ("Page 2 is a picture; Tesseract found no text in it.",)


def test_a_language_that_is_not_installed_is_refused_by_name(services, monkeypatch):
    monkeypatch.setattr(tesseract, "languages", lambda: ("deu", "eng"))
    assert tesseract.check_languages("deu+eng") == "deu+eng"
    for wanted in ("fra", "deu+fra"):
        with pytest.raises(UserError, match="no language 'fra' here; installed are deu, eng"):
            tesseract.check_languages(wanted)
    with pytest.raises(UserError):
        tesseract.check_languages("--user-words")


def test_without_tesseract_a_sentence_says_how_to_install_it(services, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert tesseract.languages() == ()
    with pytest.raises(UserError, match="apt install tesseract-ocr"):
        tesseract.check_languages("eng")


def test_an_unanswered_call_of_tesseract_is_no_language(tmp_path, monkeypatch):
    fake = tmp_path / "tesseract"
    fake.write_text("#!/bin/sh\nexec sleep 60\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(tesseract, "_ANSWERS_WITHIN_S", 0.2)
    assert tesseract.languages() == ()


def _joined(*pdfs):
    import pypdf

    writer = pypdf.PdfWriter()
    for pdf in pdfs:
        writer.append(io.BytesIO(pdf))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
