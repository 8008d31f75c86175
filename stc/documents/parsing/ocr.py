"""Child process: the text of a PDF's pages that are pictures, drawn by PDFium and read by Tesseract."""

from __future__ import annotations

import os
import subprocess

import pypdfium2

from stc.documents.parsing.child import Replies, Request, run
from stc.documents.parsing.tesseract import program

DOTS_PER_INCH = 300
_POINTS_PER_INCH = 72
_MAX_PIXELS = 40_000_000
"""A sheet of A3 at 400 dots per inch has 31 million; a larger page is drawn more coarsely."""
_PAGE_S = 60.0


def read(request: Request, replies: Replies) -> None:
    tesseract = program()
    if tesseract is None:
        return replies.error("broken")
    try:
        document = pypdfium2.PdfDocument(request.path, password=request.password)
        total = len(document)
    except pypdfium2.PdfiumError:
        return replies.error("broken")
    replies.total(total)
    for number in request.pages or ():
        try:
            page = document[number - 1]
            picture = _draw(page)
            page.close()
        except (pypdfium2.PdfiumError, ValueError, IndexError):
            replies.failed(number)
            continue
        text = _recognise(tesseract, picture, request.languages)
        if text is None:
            replies.failed(number)
        else:
            replies.page(number, text, picture=True)
    replies.end()


def _draw(page: pypdfium2.PdfPage) -> bytes:
    """Return the page as a grey picture in PGM, of at most ``_MAX_PIXELS``."""
    width, height = page.get_size()
    scale = DOTS_PER_INCH / _POINTS_PER_INCH
    pixels = width * height * scale * scale
    if pixels > _MAX_PIXELS:
        scale *= (_MAX_PIXELS / pixels) ** 0.5
    if not 1 <= min(width, height) * scale <= max(width, height) * scale <= _MAX_PIXELS**0.5 * 10:
        raise ValueError("the page has no sensible size")
    bitmap = page.render(scale=scale, grayscale=True)
    rows = memoryview(bitmap.buffer).cast("B")
    picture = b"".join(rows[row * bitmap.stride :][: bitmap.width] for row in range(bitmap.height))
    head = b"P5 %d %d 255\n" % (bitmap.width, bitmap.height)
    bitmap.close()
    return head + picture


def _recognise(tesseract: str, picture: bytes, languages: str) -> str | None:
    """Return what Tesseract reads, ``None`` where it fails; it lives under the limits of this process."""
    try:
        done = subprocess.run(
            [tesseract, "stdin", "stdout", "-l", languages, "--dpi", str(DOTS_PER_INCH)],
            input=picture,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
            timeout=_PAGE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


if __name__ == "__main__":
    run(read)
