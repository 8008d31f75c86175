"""Locked files and scans on the Documents page: what is offered, and what comes of it."""

from __future__ import annotations

import pytest

from stc.documents import ingest, retrying
from stc.documents.parsing import tesseract
from stc.storage import documents as document_rows
from stc.ui import library
from tests.documents.pdfs import PICTURE, encrypted, make_pdf, scanned
from tests.pages.conftest import all_text, button, until

TEXT = "The lighthouse at Corvane was built in 1874.\nIts lamp burned 312 litres of rapeseed oil a year."
PASSWORD = "hunter2-and-more"
NEEDS_TESSERACT = pytest.mark.skipif(
    not tesseract.languages(), reason="Tesseract is not installed (Debian: apt install tesseract-ocr)"
)


@pytest.fixture
def page(app):
    app.run()
    return app.switch_page("pages/documents.py").run()


@pytest.fixture
def upload(page, services):
    def upload_pdf(content, name="letter.pdf"):
        page.file_uploader[0].upload(name, content, "application/pdf").run()
        ingest.process_pending(services)
        return page.run()

    return upload_pdf


def test_a_locked_file_asks_for_its_password_and_a_wrong_one_may_be_followed_by_the_right_one(upload, page, services):
    upload(encrypted(make_pdf([TEXT]), user=PASSWORD))
    assert "The PDF is locked: it needs a password." in all_text(page)
    assert "--password-file" not in all_text(page)
    page.text_input[0].set_value("wrong")
    button(page, "Open it").click().run()
    until(page, "the password given does not open it")
    page.text_input[0].set_value(PASSWORD)
    button(page, "Open it").click().run()
    until(page, "Ask")
    assert not page.exception
    assert library.documents(services)[0].status == "ready"
    assert PASSWORD not in repr(page.session_state)
    assert not [one for one in page.text_input if one.label.startswith("Its password")]


def test_without_a_password_nothing_is_tried(upload, page, services):
    upload(encrypted(make_pdf([TEXT]), user=PASSWORD))
    button(page, "Open it").click().run()
    assert "it needs a password" in all_text(page)
    assert not page.exception


def test_dismissing_a_locked_file_deletes_it(upload, page, services):
    upload(encrypted(make_pdf([TEXT]), user=PASSWORD))
    button(page, "Dismiss").click().run()
    assert "locked" not in all_text(page)
    assert not [path for path in services.files.directory.rglob("*") if path.is_file()]


@NEEDS_TESSERACT
def test_a_scan_is_read_by_tesseract_when_that_is_wanted(upload, page, services):
    upload(scanned(make_pdf([TEXT])))
    assert "only pictures" in all_text(page)
    button(page, "Read the pictures with Tesseract").click().run()
    assert page.multiselect[0].value == ["eng"]
    button(page, "Read them").click().run()
    ingest.process_pending(services)
    assert "was read from pictures by Tesseract" in all_text(page.run())
    assert not page.exception


@NEEDS_TESSERACT
def test_the_pictures_of_a_ready_document_are_read_in_its_place(upload, page, services):
    upload(make_pdf([TEXT, PICTURE]))
    assert "Page 2 is a picture; search can't read it." in all_text(page)
    button(page, "Read the pictures with Tesseract").click().run()
    button(page, "Read them").click().run()
    assert "A new version is being read" in all_text(page)
    assert len(library.documents(services)) == 1
    ingest.process_pending(services)
    page.run()
    assert not page.exception
    assert len(library.documents(services)) == 1


def test_without_tesseract_the_page_says_how_to_get_it(upload, page, monkeypatch):
    upload(make_pdf([PICTURE]))
    monkeypatch.setattr(tesseract, "languages", lambda: ())
    button(page, "Read the pictures with Tesseract").click().run()
    assert "apt install tesseract-ocr" in all_text(page)
    button(page, "Close").click().run()
    assert "apt install" not in all_text(page)


def test_a_line_that_is_gone_meanwhile_is_told_in_words(upload, page, services):
    upload(encrypted(make_pdf([TEXT]), user=PASSWORD))
    with services.database.read() as connection:
        (failure,) = document_rows.list_failures(connection, services.owner)
    retrying.dismiss(services, [failure["id"]])
    page.text_input[0].set_value(PASSWORD)
    button(page, "Open it").click().run()
    assert not page.exception
    assert "Add it again" in page.info[0].value.replace("\\", "")
