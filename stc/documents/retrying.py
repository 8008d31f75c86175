"""Second tries: a locked file with its password, pictures with text recognition.

The bytes of a file that one of the two would help are kept until its line among the failures is dismissed. A password is
given to the one thread that reads the file, and to nothing else: it is neither stored nor logged.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from stc.documents import ingest
from stc.documents.ingest import Received
from stc.documents.parsing import tesseract
from stc.errors import UserError
from stc.storage import documents, loose_files
from stc.storage.database import new_id
from stc.words import READ_AGAIN, Document

if TYPE_CHECKING:
    from stc.services import Services

logger = logging.getLogger(__name__)

_GONE = "This file is gone. Add it again."


def try_again(
    services: Services, failure_id: str, *, password: str | None = None, languages: str | None = None
) -> Received:
    """Enter a file that could not be taken once more, now with its password or with text recognition.

    It is read when ``ingest.process`` is called with the same password. Raises ``UserError`` when its bytes are gone, or
    Tesseract can't read those languages.
    """
    if languages is not None:
        tesseract.check_languages(languages)
    with services.database.read() as connection:
        failed = documents.failure(connection, services.owner, failure_id)
    if failed is None or failed["content_hash"] is None:
        raise UserError(_GONE)
    now = services.now()
    document = Document(
        id=new_id(),
        owner=services.owner,
        name=failed["name"],
        media_type=failed["media_type"],
        size_bytes=failed["size_bytes"],
        content_hash=failed["content_hash"],
        added_at=now,
        last_used_at=now,
        replaces=failed["replaces"],
        ocr=languages,
    )
    return ingest.enter(services, document, password)


def read_pictures(services: Services, document_id: str, languages: str) -> Received:
    """Enter a document once more, for its pages that are pictures to be read by Tesseract; it is used as it is until then.

    ``process`` does the rest. Raises ``UserError`` when it is gone or not ready, or Tesseract can't read those languages.
    """
    tesseract.check_languages(languages)
    with services.database.read() as connection:
        there = documents.get(connection, services.owner, document_id)
    if there is None or there.replaces is not None:
        raise UserError(f"There is no document {document_id}. It may have been removed.")
    once_more = replace(
        there,
        id=new_id(),
        content_hash=there.content_hash + READ_AGAIN,
        status="reading",
        added_at=services.now(),
        replaces=there.id,
        ocr=languages,
    )
    return ingest.enter(services, once_more)


def process_aside(services: Services, document_id: str, password: str) -> None:
    """Read a locked document in a thread of its own, and return at once: nobody else will know the password."""
    threading.Thread(
        target=_process, args=(services, document_id, password), name=f"locked-{document_id}", daemon=True
    ).start()


def _process(services: Services, document_id: str, password: str) -> None:
    try:
        ingest.process(services, document_id, password=password)
    except UserError as error:
        logger.warning("Document %s stays to be read: %s", document_id, error)
    except Exception:
        # The end of a thread: nobody else would be told of the bug; the lease brings the document back.
        logger.exception("Reading document %s failed", document_id)


def dismiss(services: Services, failure_ids: Sequence[str]) -> None:
    """Delete lines about files that could not be taken, with the bytes that were kept for a second try."""
    loose = []
    with services.database.write() as connection:
        for failure_id in failure_ids:
            content_hash = documents.dismiss_failure(connection, services.owner, failure_id)
            if content_hash is not None:
                loose.append(loose_files.add(connection, content_hash, services.holder))
    ingest.settle(services, loose)
