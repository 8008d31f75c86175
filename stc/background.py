"""What runs beside the pages, once per server process: reading new files, following the vector index, the sleeper.

Everything here is a convenience: files are read and documents are prepared by any process that has the time, each piece
under a lease, so nothing is lost when this process ends.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stc.chat import generations
from stc.errors import UserError
from stc.services import Services

if TYPE_CHECKING:
    from stc.sleep.scheduler import Sleeper

logger = logging.getLogger(__name__)

_FIRST_PAGE_WITHIN_S = 3.0
_UNTIL_DRAWN_S = 1.0
"""What a browser takes to draw the first page once the server has sent it."""
_LONGEST_LOAD_S = 120.0
_LOOK_EVERY_S = 5.0


class Background:
    """The threads of one server process. ``start`` returns at once; ``stop`` waits only for what ends soon."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.sleeper: Sleeper | None = None
        self._ended = threading.Event()
        self._page_shown = threading.Event()
        self._file_arrived = threading.Event()
        self._embedder_ready = threading.Event()
        self._work_done = threading.Event()

    def start(self) -> None:
        generations.end_orphans(self.services)
        for work in (self._read_files, self._follow_index, self._sleep):
            threading.Thread(
                target=self._after_first_page, args=(work,), name=work.__name__.strip("_"), daemon=True
            ).start()

    def stop(self) -> None:
        self._ended.set()
        for event in (self._page_shown, self._file_arrived, self._embedder_ready, self._work_done):
            event.set()
        if self.sleeper is not None:
            self.sleeper.stop()

    def page_shown(self) -> None:
        """Say that a page stands in a browser: the heavy libraries may load now without keeping anybody waiting."""
        self._page_shown.set()

    def file_arrived(self) -> None:
        self._file_arrived.set()

    def _after_first_page(self, work: Callable[[], None]) -> None:
        if self._page_shown.wait(_FIRST_PAGE_WITHIN_S):
            self._ended.wait(_UNTIL_DRAWN_S)
        if self._ended.is_set():
            return
        try:
            work()
        except Exception:
            logger.exception("Background work %r ended; the next start takes it up again", work.__name__)

    def _read_files(self) -> None:
        from stc.documents.ingest import process_pending

        self.services.embedder.encode(["The first call loads the model."])
        self._embedder_ready.set()
        while not self._ended.is_set():
            try:
                process_pending(self.services)
            except Exception:
                # One file's bug must not keep the next file waiting; the lease brings this one back later.
                logger.exception("Reading a file failed")
            self._work_done.set()
            self._file_arrived.wait(_LOOK_EVERY_S)
            self._file_arrived.clear()

    def _follow_index(self) -> None:
        self._embedder_ready.wait(_LONGEST_LOAD_S)  # first what the first answer waits for
        if self.services.settings.chat_model:
            self.services.llm.warm()
        while not self._ended.is_set():
            try:
                self.services.vectors.follow()
            except Exception:
                # Search is exact without the index, only slower.
                logger.exception("Following the vector index failed")
            self._work_done.wait(_LOOK_EVERY_S)
            self._work_done.clear()

    def _sleep(self) -> None:
        from stc.sleep.scheduler import Sleeper

        sleeper = Sleeper(self.services)
        sleeper.start()
        self.sleeper = sleeper
        if self._ended.is_set():
            sleeper.stop()


_running: dict[int, Background] = {}


def start(services: Services) -> Background:
    """Start what runs beside the pages; a second call for the same services returns what runs already."""
    running = _running.get(id(services))
    if running is None:
        running = _running[id(services)] = Background(services)
        running.start()
    return running


def running(services: Services) -> Background | None:
    """Return what runs beside the pages in this process, ``None`` where no server started it (tests, commands)."""
    return _running.get(id(services))


def stop(services: Services) -> None:
    background = _running.pop(id(services), None)
    if background is not None:
        background.stop()


@dataclass(slots=True)
class Preparing:
    """What a person asked to be prepared now. ``said`` is why it ended early, "" where it did not."""

    stop: threading.Event = field(default_factory=threading.Event)
    done: int = 0
    ended: bool = False
    said: str = ""


_preparing: dict[int, Preparing] = {}
_preparing_lock = threading.Lock()


def prepare_now(services: Services, document_ids: Sequence[str] | None = None) -> Preparing:
    """Prepare documents (all by default) in a thread of its own; where one is at work already, that one is returned."""
    with _preparing_lock:
        current = _preparing.get(id(services))
        if current is not None and not current.ended:
            return current
        asked = _preparing[id(services)] = Preparing()
    threading.Thread(target=_prepare, args=(services, document_ids, asked), name="prepare-now", daemon=True).start()
    return asked


def preparing(services: Services) -> Preparing | None:
    """Return what was last asked to be prepared in this process, finished or not."""
    return _preparing.get(id(services))


def _prepare(services: Services, document_ids: Sequence[str] | None, asked: Preparing) -> None:
    from stc.sleep import run

    try:
        for one in run.sleep_now(services, document_ids, until_done=True, stop=asked.stop):
            if one.status == "done":
                asked.done += 1
            elif one.error:
                asked.said = one.error
    except UserError as error:
        asked.said = str(error)
    except Exception:
        logger.exception("Preparing now failed")
        asked.said = "Something went wrong in the program while preparing. The log says more."
    finally:
        asked.ended = True
