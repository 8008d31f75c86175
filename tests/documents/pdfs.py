"""Small PDFs for tests, written by hand so that each says exactly what it is."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pypdf
import pypdfium2


class Picture:
    """Stands for a page that is one image."""


PICTURE = Picture()


def make_pdf(pages: Sequence[str | Picture | bytes]) -> bytes:
    """Return a PDF: a text is set line by line in Helvetica, ``PICTURE`` fills the page, bytes are a content stream."""
    objects: list[bytes] = [
        b"",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    image = (
        b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 /Length 1 >>"
    )
    objects.append(image + b"\nstream\n\x80\nendstream")
    kids = []
    for page in pages:
        content = _content(page)
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> /XObject << /I1 4 0 R >> >> >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    xref = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    out.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, xref))
    return out.getvalue()


def scanned(pdf: bytes) -> bytes:
    """Return the PDF as a scanner makes it: of each page a grey picture, 150 dots per inch."""
    pages = []
    for page in pypdfium2.PdfDocument(pdf):
        bitmap = page.render(scale=150 / 72, grayscale=True)
        rows = memoryview(bitmap.buffer).cast("B")
        grey = b"".join(rows[row * bitmap.stride :][: bitmap.width] for row in range(bitmap.height))
        head = b"q 612 0 0 792 0 0 cm BI /W %d /H %d /CS /G /BPC 8 /F /AHx ID " % (bitmap.width, bitmap.height)
        pages.append(head + grey.hex().encode() + b"> EI Q")
    return make_pdf(pages)


def encrypted(pdf: bytes, *, user: str, owner: str = "owner") -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf))
    writer.encrypt(user, owner, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _content(page: str | Picture | bytes) -> bytes:
    if isinstance(page, Picture):
        return b"q 612 0 0 792 0 0 cm /I1 Do Q"
    if isinstance(page, bytes):
        return page
    lines = []
    for number, line in enumerate(page.split("\n")):
        escaped = line.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
        lines.append(b"1 0 0 1 72 %d Tm (%s) Tj" % (720 - 14 * number, escaped))
    return b"BT /F1 11 Tf " + b" ".join(lines) + b" ET"
