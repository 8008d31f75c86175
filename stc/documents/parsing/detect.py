"""Say what a file is, by its first bytes; its name only decides between kinds of text."""

from __future__ import annotations

import codecs
from pathlib import Path

from stc.errors import Unreadable

PDF = "application/pdf"
TEXT = "text/plain"
MARKDOWN = "text/markdown"

_HEAD_BYTES = 65_536
_TAKEN = "PDF, plain text and Markdown are taken"
_SAVE_AS = "isn't supported yet: save it as PDF or text, then add that"

_BY_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"%!PS", "a PostScript file"),
    (b"{\\rtf", "a Rich Text document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Microsoft Office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"ID3", "an MP3 recording"),
    (b"OggS", "an Ogg recording"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a Windows program"),
    (b"SQLite format 3\x00", "an SQLite database"),
)
_WRITTEN = ("document", "file", "workbook", "presentation", "book", "text")  # kinds that can be saved as PDF or text
_TEXTUAL_MAGIC = frozenset({b"BM", b"MZ", b"ID3", b"BZh", b"GIF8", b"%!PS"})  # a text may begin with these letters too
_ZIPPED = (
    (b"word/", "a Word document"),
    (b"xl/", "an Excel workbook"),
    (b"ppt/", "a PowerPoint presentation"),
    (b"mimetypeapplication/epub+zip", "an EPUB book"),
    (b"mimetypeapplication/vnd.oasis.opendocument.text", "an OpenDocument text"),
    (b"mimetypeapplication/vnd.oasis.opendocument", "an OpenDocument file"),
)
_ZIPPED_NAMES = {
    ".docx": "a Word document",
    ".xlsx": "an Excel workbook",
    ".pptx": "a PowerPoint presentation",
    ".epub": "an EPUB book",
    ".odt": "an OpenDocument text",
}
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_HTML_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body")


def detect(path: Path, name: str) -> str:
    """Return the media type of the file at ``path``, which somebody calls ``name``.

    Raises ``Unreadable`` that says what the file looks like when it is none of the kinds taken.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    ending = Path(name).suffix.lower()
    claims_pdf = ending == ".pdf"
    if _is_pdf(head, claims_pdf):
        return PDF
    if not head.strip():
        if claims_pdf or not head:
            raise Unreadable("The file is empty. Check that it was saved completely, then add it again.")
        return TEXT
    if looks := _known_kind(head, ending):
        if claims_pdf:
            raise Unreadable(f"This is {looks}, not a PDF, whatever its name says. Add the PDF itself.")
        if looks.endswith(_WRITTEN):
            raise Unreadable(f"This is {looks}, which {_SAVE_AS}.")
        raise Unreadable(f"This is {looks}; only {_TAKEN}.")
    if not is_text(head):
        what = (
            "This is no PDF: it doesn't begin like one"
            if claims_pdf
            else f"This doesn't look like text, and only {_TAKEN}"
        )
        raise Unreadable(f"{what}. It may be damaged: open it in the program that made it and save it as PDF.")
    if _is_html(head, ending):
        if claims_pdf:
            raise Unreadable(
                "This is a web page (HTML), not a PDF. Open it in a browser, print it to PDF, then add that."
            )
        raise Unreadable(f"This is a web page (HTML), which {_SAVE_AS}.")
    if claims_pdf:
        raise Unreadable("This is plain text, not a PDF. Give it a name that ends in .txt, then add it again.")
    return MARKDOWN if ending in {".md", ".markdown", ".mdown"} else TEXT


def is_text(head: bytes) -> bool:
    """Tell whether the first bytes of a file may be text: marked as such, UTF-16, UTF-8, or hardly any controls."""
    if head.startswith(_BOMS) or utf16_without_bom(head):
        return True
    controls = sum(head.count(byte) for byte in range(32) if byte not in b"\t\n\r\f\x1b")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # incremental: the head may end within a character
    except UnicodeDecodeError:
        return controls <= 0.005 * len(head)
    return controls <= 0.3 * len(head)


def utf16_without_bom(head: bytes) -> str | None:
    """Return ``"utf-16-le"`` or ``"utf-16-be"`` when every second byte is mostly NUL, as in Western text in UTF-16."""
    half = len(head) // 2
    if half < 4:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > 0.4 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None


def _is_pdf(head: bytes, claims_pdf: bool) -> bool:
    # Readers accept junk before the header; a text that only mentions it, further down, is still a text.
    if claims_pdf:
        return b"%PDF-" in head
    return head.lstrip(b"\xef\xbb\xbf \t\r\n\x00").startswith(b"%PDF-") or (
        b"%PDF-" in head[:1024] and not is_text(head)
    )


def _known_kind(head: bytes, ending: str) -> str | None:
    for magic, looks in _BY_MAGIC:
        if head.startswith(magic) and not (magic in _TEXTUAL_MAGIC and is_text(head)):
            return looks
    if head.startswith(b"RIFF"):
        return {b"WEBP": "a WebP picture", b"WAVE": "a sound recording"}.get(head[8:12], "a video")
    if head[257:262] == b"ustar":
        return "a tar archive"
    if head[4:8] == b"ftyp":
        return "a video or a phone's picture"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        by_content = next((looks for mark, looks in _ZIPPED if mark in head), None)
        return by_content or _ZIPPED_NAMES.get(ending, "a ZIP archive")
    return None


def _is_html(head: bytes, ending: str) -> bool:
    if ending in {".html", ".htm", ".xhtml"}:
        return True
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith(_HTML_STARTS) and ending not in {".txt", ".md", ".markdown"}
