"""Child process: the text of a PDF, page by page, with pypdf."""

from __future__ import annotations

import logging

import pypdf
from pypdf.errors import WrongPasswordError

from stc.documents.parsing.child import Replies, Request, run

# pypdf raises whatever a damaged file makes it stumble over (KeyError, TypeError, RecursionError, ...), so the catches
# below are wide on purpose: they are the border to the file, and each of them hands the case to the second parser.


def read(request: Request, replies: Replies) -> None:
    logging.disable(logging.CRITICAL)  # it logs every flaw of a file, thousands of lines for some
    try:
        document = pypdf.PdfReader(request.path)
        if document.is_encrypted and not document.decrypt(request.password or ""):
            return replies.error("password")
        total = len(document.pages)
    except MemoryError:
        raise
    except WrongPasswordError:
        return replies.error("password")
    except Exception:  # noqa: BLE001 - a broken file brings out any error in pypdf
        return replies.error("broken")
    replies.total(total)
    if total > request.max_pages:
        return replies.error("too long")
    for number in range(1, total + 1) if request.pages is None else request.pages:
        try:
            text = document.pages[number - 1].extract_text()
        except Exception:  # noqa: BLE001 - the same: the other pages are read all the same
            replies.failed(number)
        else:
            replies.page(number, text)
    replies.end()


if __name__ == "__main__":
    run(read)
