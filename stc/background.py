"""What runs beside the pages, once per server process: reading new files, following the vector index, the sleeper.

Everything here is a convenience: files are read and documents are prepared by any process that has the time, each piece
under a lease, so nothing is lost when this process ends.
"""

from __future__ import annotations

import gc
import platform
import threading
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stc import logs, memory
from stc.chat import generations
from stc.errors import UserError
from stc.services import Services

if TYPE_CHECKING:
    from stc.sleep.scheduler import Sleeper

_FIRST_PAGE_WITHIN_S = 3.0
_UNTIL_DRAWN_S = 1.0
"""What a browser takes to draw the first page once the server has sent it."""
_LONGEST_LOAD_S = 120.0
_LOOK_EVERY_S = 5.0
_GIVE_BACK_EVERY_S = 60.0
_SAY_AGAIN_S = 600.0
_PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"

State = Literal["starting", "running", "failing", "ended"]


class Background:
    """The threads of one server process. ``start`` returns at once; ``stop`` waits only for what ends soon."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.sleeper: Sleeper | None = None
        self.states: dict[str, State] = {"reading": "starting", "index": "starting", "sleeper": "starting"}
        self._said: dict[str, tuple[str, float]] = {}
        """The kind of failure that each work last logged, and when (``time.monotonic``)."""
        self._ended = threading.Event()
        self._page_shown = threading.Event()
        self._file_arrived = threading.Event()
        self._embedder_ready = threading.Event()
        self._work_done = threading.Event()

    def start(self) -> None:
        logs.event("server started", version=version(), python=platform.python_version(), system=platform.system())
        generations.end_orphans(self.services)
        works = {"reading": self._read_files, "index": self._follow_index, "sleeper": self._sleep}
        for name, work in works.items():
            threading.Thread(target=self._after_first_page, args=(name, work), name=name, daemon=True).start()

    def stop(self) -> None:
        logs.event("server stopped")
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

    def _after_first_page(self, name: str, work: Callable[[], None]) -> None:
        if self._page_shown.wait(_FIRST_PAGE_WITHIN_S):
            self._ended.wait(_UNTIL_DRAWN_S)
        if self._ended.is_set():
            return
        try:
            self.states[name] = "running"
            work()
        except Exception as error:  # noqa: BLE001 - logged with its places
            self.states[name] = "ended"
            logs.bug(error, f"in the background ({name}): it has ended, start the program again")

    def _failed(self, name: str, error: Exception) -> None:
        """Log a failure of work that goes on; the same kind again is said every ten minutes only."""
        self.states[name] = "failing"
        kind, said_at = self._said.get(name, ("", 0.0))
        now = time.monotonic()
        if kind != type(error).__name__ or now - said_at > _SAY_AGAIN_S:
            self._said[name] = (type(error).__name__, now)
            logs.bug(error, f"in the background ({name}): it is tried again and again")

    def _worked(self, name: str) -> None:
        self.states[name] = "running"
        self._said.pop(name, None)

    def _read_files(self) -> None:
        from stc.documents.ingest import process_pending

        self.services.embedder.encode(["The first call loads the model."])
        # What the libraries made stays as long as the program: a search for garbage that goes through all of it keeps
        # everybody waiting for half a second. (LiteLLM comes later and does the same.)
        gc.freeze()
        self._embedder_ready.set()
        gave_back_at = time.monotonic()
        while not self._ended.is_set():
            try:
                process_pending(self.services)
                self._worked("reading")
            except Exception as error:  # noqa: BLE001 - logged with its places
                # One file's bug must not keep the next file waiting; the lease brings this one back later.
                self._failed("reading", error)
            self._work_done.set()
            if time.monotonic() - gave_back_at > _GIVE_BACK_EVERY_S:
                memory.give_back()
                gave_back_at = time.monotonic()
            self._file_arrived.wait(_LOOK_EVERY_S)
            self._file_arrived.clear()

    def _follow_index(self) -> None:
        self._embedder_ready.wait(_LONGEST_LOAD_S)  # first what the first answer waits for
        if self.services.settings.chat_model:
            self.services.llm.warm()
        while not self._ended.is_set():
            try:
                self.services.vectors.follow()
                self._worked("index")
            except Exception as error:  # noqa: BLE001 - logged with its places
                # Search is exact without the index, only slower.
                self._failed("index", error)
            self._work_done.wait(_LOOK_EVERY_S)
            self._work_done.clear()

    def _sleep(self) -> None:
        from stc.sleep.scheduler import Sleeper

        sleeper = Sleeper(self.services)
        sleeper.start()
        self.sleeper = sleeper
        if self._ended.is_set():
            sleeper.stop()


_running: dict[Path, Background] = {}


def start(services: Services) -> Background:
    """Start what runs beside the pages; a second call for the same storage returns what runs already."""
    running = _running.get(services.storage)
    if running is None:
        services.serves = True
        running = _running[services.storage] = Background(services)
        running.start()
    return running


def running(services: Services) -> Background | None:
    """Return what runs beside the pages in this process, ``None`` where no server started it (tests, commands)."""
    return _running.get(services.storage)


def stop(services: Services) -> None:
    background = _running.pop(services.storage, None)
    if background is not None:
        background.stop()


def health(services: Services) -> dict[str, Any]:
    """Return how the server is: nothing of what is stored, only whether it can be worked with.

    ``ok`` is false where the database can't be read or a work beside the pages has ended. An index that fails makes
    searches slower, not wrong, and a file that can't be read for now is tried again.
    """
    found: dict[str, Any] = {"ok": True, "version": version(), "database": "ok"}
    paused = False
    try:
        paused = services.settings.sleep_paused
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is that it does not work
        found |= {"ok": False, "database": type(error).__name__}
    background = running(services)
    states: dict[str, str] = dict(background.states) if background is not None else {}
    if paused and states.get("sleeper") == "running":
        states["sleeper"] = "paused"
    found |= states
    found["ok"] = found["ok"] and background is not None and "ended" not in states.values()
    return found


@cache
def version() -> str:
    """Return the program's version, "unknown" where its ``pyproject.toml`` was left behind."""
    try:
        return tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]["version"]
    except (OSError, KeyError, ValueError):
        return "unknown"


@dataclass(slots=True)
class Preparing:
    """What a person asked to be prepared now. ``said`` is why it ended early, "" where it did not."""

    stop: threading.Event = field(default_factory=threading.Event)
    done: int = 0
    ended: bool = False
    said: str = ""


_preparing: dict[tuple[Path, str], Preparing] = {}
_preparing_lock = threading.Lock()


def prepare_now(services: Services, document_ids: Sequence[str] | None = None) -> Preparing:
    """Prepare documents (all by default) in a thread of its own; where one is at work already, that one is returned."""
    with _preparing_lock:
        current = _preparing.get((services.storage, services.owner))
        if current is not None and not current.ended:
            return current
        asked = _preparing[services.storage, services.owner] = Preparing()
    threading.Thread(target=_prepare, args=(services, document_ids, asked), name="prepare-now", daemon=True).start()
    return asked


def preparing(services: Services) -> Preparing | None:
    """Return what this person last asked to be prepared in this process, finished or not."""
    return _preparing.get((services.storage, services.owner))


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
    except Exception as error:  # noqa: BLE001 - logged with its places
        error_id = logs.bug(error, "while preparing")
        asked.said = f"Something went wrong in the program while preparing (error {error_id}). The log says more."
    finally:
        asked.ended = True
