"""What ``add`` makes of files that are none, odd names, locked files and scans."""

from __future__ import annotations

import json
import os

import pytest

from stc import cli
from stc.documents import ingest
from stc.documents.parsing import tesseract
from tests.documents.docxs import make_docx, paragraph
from tests.documents.pdfs import PICTURE, encrypted, make_pdf, scanned

TEXT = "The lighthouse at Corvane was built in 1874.\nIts lamp burned 312 litres."


@pytest.fixture
def add(tmp_path, capsys):
    def call(*arguments):
        status = cli.main(["--storage", str(tmp_path / "storage"), "add", "--json", *map(str, arguments)])
        return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return call


def test_word_and_html_files_are_added_by_their_content(add, tmp_path):
    (tmp_path / "letter.bin").write_bytes(make_docx(paragraph("Rent", style="berschrift1"), paragraph("It is due.")))
    (tmp_path / "page.txt").write_bytes(
        b"<!doctype html><h1>Rent</h1><script>steal()</script><p>It is due on the first."
    )
    status, lines = add(tmp_path / "letter.bin", tmp_path / "page.txt")
    assert status == 0
    assert [(line["status"], line["pages"], line["chunks"]) for line in lines] == [("ready", 1, 1)] * 2


def test_what_is_no_file_fails_in_words_and_keeps_nobody_waiting(add, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "ok.txt").write_text("The mill was built in 1750.")
    names = [tmp_path / "pipe", "/dev/zero", "x" * 300, "x/" * 3000, tmp_path / "gone", tmp_path / "ok.txt"]
    status, lines = add(*names)
    assert status == 1
    assert [line["status"] for line in lines] == ["failed"] * 5 + ["ready"]
    assert [line["path"] for line in lines[:3]] == [str(name) for name in names[:3]]
    assert all(line["error"] for line in lines[:5])


def test_a_bug_with_one_file_is_logged_and_keeps_no_other_out(add, tmp_path, monkeypatch):
    detect = ingest.detect

    def broken(path, name):
        if name == "odd.txt":
            raise ZeroDivisionError
        return detect(path, name)

    monkeypatch.setattr(ingest, "detect", broken)
    (tmp_path / "odd.txt").write_text("An odd text.")
    (tmp_path / "ok.txt").write_text("The mill was built in 1750.")
    status, (odd, ok) = add(tmp_path / "odd.txt", tmp_path / "ok.txt")
    assert (status, odd["status"], ok["status"]) == (1, "failed", "ready")
    error_id = odd["error"].removesuffix(".").rpartition(" ")[2]
    assert error_id in "".join(path.read_text() for path in (tmp_path / "storage" / "logs").iterdir())


@pytest.mark.parametrize(
    "name",
    ["new\nline.txt", "\u202etxt.exe", "a" * 251 + ".txt", b"not-utf8-\xff.txt", "'; DROP TABLE documents; --.txt"],
)
def test_a_file_may_have_any_name(add, tmp_path, name):
    path = os.path.join(os.fsencode(tmp_path), os.fsencode(name))
    with open(path, "wb") as file:
        file.write(b"The mill was built in 1750.")
    status, (line,) = add(os.fsdecode(path))
    assert (status, line["status"], line["path"]) == (0, "ready", os.fsdecode(path))


def test_a_locked_file_fails_with_that_word_and_is_added_with_it(add, tmp_path):
    path = tmp_path / "locked.pdf"
    path.write_bytes(encrypted(make_pdf([TEXT]), user="secret"))
    status, (line,) = add(path)
    assert (status, line["status"]) == (1, "failed")
    assert "password" in line["error"]
    (tmp_path / "password").write_text("secret\n")
    assert add("--password-file", tmp_path / "password", path)[1][0]["status"] == "ready"


@pytest.mark.skipif(not tesseract.languages(), reason="Tesseract is not installed (Debian: apt install tesseract-ocr)")
def test_a_scan_is_added_with_ocr_and_a_document_gets_its_pictures_read(add, tmp_path):
    path = tmp_path / "scan.pdf"
    path.write_bytes(scanned(make_pdf([TEXT])))
    assert "--ocr" in add(path)[1][0]["error"]
    status, (line,) = add("--ocr", path)
    assert (status, line["status"]) == (0, "ready")
    assert "Tesseract" in line["warnings"][0]
    mixed = tmp_path / "mixed.pdf"
    mixed.write_bytes(make_pdf([TEXT + "\nA second line makes this page long enough.", PICTURE]))
    (first,) = add(mixed)[1]
    (again,) = add("--ocr", mixed)[1]
    assert (again["status"], again["document_id"]) == ("duplicate", first["document_id"])


def test_ocr_without_tesseract_or_its_language_is_a_wrong_call(add, tmp_path, monkeypatch, capsys):
    path = tmp_path / "a.txt"
    path.write_text("Text.")
    monkeypatch.setattr(tesseract, "languages", lambda: ("eng",))
    assert add("--ocr", "--languages", "xyz", path) == (2, [])
    assert add("--languages", "eng", path) == (2, [])
    monkeypatch.setattr(tesseract, "languages", lambda: ())
    assert add("--ocr", path) == (2, [])
