"""Say what a file is, by its bytes; its name only decides between kinds of text."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import BinaryIO

from stc.errors import Unreadable

PDF = "application/pdf"
TEXT = "text/plain"
MARKDOWN = "text/markdown"
HTML = "text/html"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_HEAD_BYTES = 65_536
_TAIL_BYTES = 1 << 20
_TAKEN = "PDF, Word (.docx), HTML, plain text and Markdown are taken"
_SAVE_AS = "isn't supported: save it as PDF or text, then add that"

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCKED_OFFICE = "EncryptedPackage".encode("utf-16-le")
_WORD = "a Word document"
_BY_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"%!PS", "a PostScript file"),
    (b"{\\rtf", "a Rich Text document"),
    (_OLE, "an old Microsoft Office document"),
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
    (b"word/", _WORD),
    (b"xl/", "an Excel workbook"),
    (b"ppt/", "a PowerPoint presentation"),
    (b"mimetypeapplication/epub+zip", "an EPUB book"),
    (b"mimetypeapplication/vnd.oasis.opendocument.text", "an OpenDocument text"),
    (b"mimetypeapplication/vnd.oasis.opendocument", "an OpenDocument file"),
)
_ZIPPED_NAMES = {
    ".docx": "a ZIP archive and no Word document, whatever its name says",
    ".xlsx": "an Excel workbook",
    ".pptx": "a PowerPoint presentation",
    ".epub": "an EPUB book",
    ".odt": "an OpenDocument text",
}
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
# Possessive: comments that could be taken for one or for several were, in every way, and 30 of them took minutes.
_HTML_START = re.compile(
    rb"(?:\s|<\?xml[^>]*+>|<!--(?>.{0,2000}?-->))*+<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
_HTML_TAG = re.compile(
    rb"<(?:!doctype|html|head|body|title|meta|div|p|br|span|h[1-6]|ul|ol|table|a|article|section)\b", re.I
)


def detect(path: Path, name: str) -> str:
    """Return the media type of the file at ``path``, which somebody calls ``name``.

    Raises ``Unreadable`` that says what the file looks like when it is none of the kinds taken.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        zipped = _zipped_kind(file, head)
        locked_office = head.startswith(_OLE) and _LOCKED_OFFICE in head + _tail(file)
    ending = Path(name).suffix.lower()
    claims_pdf = ending == ".pdf"
    if _is_pdf(head, claims_pdf):
        return PDF
    if not head.strip():
        if claims_pdf or not head:
            raise Unreadable("The file is empty. Check that it was saved completely, then add it again.")
        return TEXT
    if zipped == _WORD:
        return DOCX
    if locked_office:
        raise Unreadable("This Office document is locked with a password. Save a copy without one and add that.")
    if looks := zipped or _known_kind(head, ending):
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
                "This is a web page (HTML), not a PDF: perhaps what a server sent in its place. Add the PDF itself, "
                "or give this a name that ends in .html."
            )
        return HTML
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


def _tail(file: BinaryIO) -> bytes:
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL_BYTES))
    return file.read(_TAIL_BYTES)


def _zipped_kind(file: BinaryIO, head: bytes) -> str | None:
    """Say what an Office file is, by the names in its list of contents, which is at its end."""
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return None
    tail = _tail(file)
    listed = next((looks for mark, looks in _ZIPPED if b"PK\x01\x02" in tail and mark in tail), None)
    return listed or next((looks for mark, looks in _ZIPPED if mark in head), None)


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
        return _ZIPPED_NAMES.get(ending, "a ZIP archive")
    return None


def _is_html(head: bytes, ending: str) -> bool:
    encoding = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(head[:2]) or utf16_without_bom(head)
    plain = head.decode(encoding, "replace").encode("utf-8", "replace") if encoding else head
    plain = plain.lstrip(b"\xef\xbb\xbf")
    if ending in {".html", ".htm", ".xhtml"}:
        return _HTML_TAG.search(plain) is not None
    return _HTML_START.match(plain) is not None
