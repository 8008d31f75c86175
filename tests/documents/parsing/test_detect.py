import random

import pytest

from stc.documents.parsing.detect import DOCX, HTML, MARKDOWN, PDF, TEXT, detect
from stc.errors import Unreadable
from tests.documents.docxs import make_docx, paragraph, zipped

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50)
NOISE = bytes(range(256)) * 8


def kind(tmp_path, content, name):
    path = tmp_path / "file"
    path.write_bytes(content)
    return detect(path, name)


@pytest.mark.parametrize("name", ["a.pdf", "a", "a.PDF", "a.txt"])
def test_a_pdf_is_known_by_its_first_bytes_whatever_its_name(tmp_path, name):
    assert kind(tmp_path, b"%PDF-1.7\n...", name) == PDF


def test_junk_before_the_header_is_forgiven(tmp_path):
    assert kind(tmp_path, b"\xff\xfe junk \x00\x01" * 10 + b"%PDF-1.4\n", "a.pdf") == PDF


def test_a_text_about_pdf_is_a_text(tmp_path):
    assert kind(tmp_path, b"A file begins with %PDF-1.4 if it is one.", "a.txt") == TEXT


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b"plain", "a.txt", TEXT),
        (b"# Title", "a.md", MARKDOWN),
        (b"a,b\n=1+1,2\n", "a.csv", TEXT),
        (b"MZ is how a Windows program begins", "a.txt", TEXT),
        (b"HERON-4\x00\x00\x00text\x00more", "nul.txt", TEXT),
        ("Größe, 中文".encode("utf-16"), "a.txt", TEXT),
        ("no mark but two bytes each".encode("utf-16-le"), "a.txt", TEXT),
        ("Größe des Gebäudes".encode("cp1252"), "a.txt", TEXT),
        (b" \n\t \n", "white.txt", TEXT),
        (b"How to write <html> and <body>", "about.txt", TEXT),
        (b"how to write <body>", "about.md", MARKDOWN),
        (b"no tag at all", "plain.html", TEXT),
    ],
)
def test_texts_are_taken_in_any_encoding(tmp_path, content, name, expected):
    assert kind(tmp_path, content, name) == expected


@pytest.mark.parametrize("name", ["letter.docx", "letter", "letter.pdf", "letter.zip"])
def test_a_word_document_is_known_by_its_contents_whatever_its_name(tmp_path, name):
    assert kind(tmp_path, make_docx(paragraph("Text.")), name) == DOCX


def test_a_word_document_is_known_behind_a_large_picture(tmp_path):
    noise = random.Random(0).randbytes(200_000)
    files = {"docProps/thumbnail.jpeg": noise, "word/document.xml": b"<x/>"}
    assert kind(tmp_path, zipped(files), "letter") == DOCX


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"<!DOCTYPE html><p>hi</p>", "page.html"),
        (b"<!DOCTYPE html><p>hi</p>", "page"),
        (b"<html><body>an example</body></html>", "example.txt"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- saved -->\n<!doctype HTML><p>hi", "page.xml"),
        ("<html><p>Größe</html>".encode("utf-16"), "page.txt"),
        (b"<p>a piece of a page", "piece.htm"),
        (b"<html><p>what Word once saved", "letter.docx"),
    ],
)
def test_a_web_page_is_known_by_how_it_begins(tmp_path, content, name):
    assert kind(tmp_path, content, name) == HTML


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (PNG, "scan.pdf", "PNG picture, not a PDF"),
        (PNG, "scan.png", "PNG picture"),
        (b"<!DOCTYPE html><p>hi</p>", "page.pdf", "web page (HTML), not a PDF"),
        (
            zipped({"xl/workbook.xml": b""}),
            "table.xlsx",
            "Excel workbook, which isn't supported: save it as PDF or text",
        ),
        (zipped({"xl/workbook.xml": b""}), "table.docx", "Excel workbook"),
        (zipped({"a.txt": b""}), "letter.docx", "no Word document, whatever its name says"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "letter.docx", "locked with a password"),
        (b"PK\x03\x04" + bytes(50), "book.epub", "EPUB book"),
        (b"PK\x03\x04" + bytes(50), "all.zip", "ZIP archive"),
        (OLE, "old.doc", "old Microsoft Office"),
        (NOISE, "noise.bin", "doesn't look like text"),
        (NOISE, "noise.pdf", "no PDF"),
        (b"just words", "words.pdf", "plain text, not a PDF"),
        (b"", "empty.txt", "empty"),
        (b" \n", "white.pdf", "empty"),
    ],
)
def test_what_is_not_taken_is_refused_by_the_name_of_what_it_is(tmp_path, content, name, words):
    with pytest.raises(Unreadable, match="(?s)" + words.replace("(", r"\(").replace(")", r"\)")):
        kind(tmp_path, content, name)
