"""Child process: the text of a PDF, page by page, with PDFium; and whether a page is a picture."""

from __future__ import annotations

import pypdfium2
from pypdfium2 import raw

from stc.documents.parsing.child import Replies, Request, run

_FEW_LETTERS = 60
"""A page with more letters and digits than this is read, whatever pictures stand behind them; looking takes its time."""
_OUTLINES = 40
"""So many drawn shapes on a page without text are letters turned into outlines, not a frame around nothing."""


def read(request: Request, replies: Replies) -> None:
    try:
        document = pypdfium2.PdfDocument(request.path, password=request.password)
        total = len(document)
    except pypdfium2.PdfiumError as error:
        return replies.error("password" if error.err_code == raw.FPDF_ERR_PASSWORD else "broken")
    replies.total(total)
    if total > request.max_pages:
        return replies.error("too long")
    for number in range(1, total + 1) if request.pages is None else request.pages:
        if number > total:
            replies.failed(number)
            continue
        try:
            page = document[number - 1]
            text = page.get_textpage().get_text_range()
        except (pypdfium2.PdfiumError, ValueError):
            replies.failed(number)
            continue
        try:
            picture = sum(map(str.isalnum, text)) < _FEW_LETTERS and _is_picture(page)
        except (pypdfium2.PdfiumError, ValueError):
            picture = False
        page.close()
        # U+FFFE is PDFium's mark for a word divided at a line's end.
        replies.page(number, text.replace("\ufffe", "-\n"), picture=picture)
    replies.end()


def _is_picture(page: pypdfium2.PdfPage) -> bool:
    """Tell whether images cover half of the page, or it is drawn in outlines."""
    width, height = page.get_size()
    covered = 0.0
    outlines = 0
    for item in page.get_objects(max_depth=3):
        if item.type == raw.FPDF_PAGEOBJ_IMAGE:
            left, bottom, right, top = item.get_bounds()
            covered += max(0.0, min(right, width) - max(left, 0.0)) * max(0.0, min(top, height) - max(bottom, 0.0))
        elif item.type in (raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING):
            outlines += 1
    return covered >= 0.5 * width * height > 0 or outlines >= _OUTLINES


if __name__ == "__main__":
    run(read)
