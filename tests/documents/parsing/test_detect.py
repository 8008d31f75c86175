import pytest

from stc.documents.parsing.detect import MARKDOWN, PDF, TEXT, detect
from stc.errors import Unreadable

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
DOCX = b"PK\x03\x04" + bytes(26) + b"word/document.xml" + bytes(100)
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
        (b"<html><body>an example</body></html>", "example.txt", TEXT),
    ],
)
def test_texts_are_taken_in_any_encoding(tmp_path, content, name, expected):
    assert kind(tmp_path, content, name) == expected


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (PNG, "scan.pdf", "PNG picture, not a PDF"),
        (PNG, "scan.png", "PNG picture"),
        (b"<!DOCTYPE html><p>hi</p>", "page.pdf", "web page (HTML), not a PDF"),
        (b"<!DOCTYPE html><p>hi</p>", "page.html", "save it as PDF or text"),
        (DOCX, "letter.docx", "Word document, which isn't supported yet: save it as PDF or text"),
        (b"PK\x03\x04" + bytes(50), "book.epub", "EPUB book"),
        (b"PK\x03\x04" + bytes(50), "all.zip", "ZIP archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50), "old.doc", "old Microsoft Office"),
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
