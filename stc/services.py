"""The wiring, once per process and storage: what the verbs need, opened when first needed."""

from __future__ import annotations

import copy
import json
import os
import threading
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stc import settings as setting
from stc.errors import UserError
from stc.settings import Settings
from stc.storage import backups, private, recovery
from stc.storage import settings as setting_rows
from stc.storage.database import Database
from stc.storage.files import Files
from stc.storage.holders import Holders
from stc.words import ONLY_PERSON, SERVER, SHARED, Person

if TYPE_CHECKING:
    from stc.models.embedding import Embedder
    from stc.models.llm import LanguageModel
    from stc.storage.bookkeeping import Bookkeeper
    from stc.storage.vectors import VectorIndex


class Services:
    """Everything a verb may reach, for one person. Cheap to make: models and the vector index are opened at first use.

    Without anybody said it is for the person who is alone here; ``of`` returns the same for another one. Raises
    ``UserError`` when the storage can't be used.
    """

    def __init__(self, storage: Path, owner: str = ONLY_PERSON) -> None:
        try:
            private.make_folder(storage)
        except OSError as error:
            raise UserError(
                f"The storage folder {storage} can't be made: {error.strerror}. Choose another one: start with "
                "STC_STORAGE=FOLDER."
            ) from error
        self.storage = storage
        self.person = Person(owner, "", admin=True)
        self.holders = Holders(storage / "holders")
        self.holder = self.holders.enter(lambda: backups.finish(storage))
        """Names this process in leases and in the foreground gate."""
        self.files = Files(storage / "files", self.holder)
        try:
            self.database = Database(storage / "stc.db")
        except BaseException:
            self.holders.leave()  # else the doctor could not repair what can't be opened: somebody would work on it
            raise
        self.serves = False
        """Whether many are served at once: then what computes for long does so in a process of its own."""
        self._lock = threading.RLock()
        self._root = self
        self._views: dict[tuple[str, bool], Services] = {}

    @property
    def owner(self) -> str:
        """Whose is what is made with these."""
        return self.person.id

    @property
    def readable(self) -> tuple[str, ...]:
        """The owners whose documents this person may read; everything else is read by its owner alone."""
        return (self.owner, SHARED)

    def of(self, person: Person) -> Services:
        """Return the same services for somebody else: one database, one index, one embedder for all."""
        root = self._root
        if (person.id, person.admin) == (root.owner, root.person.admin):
            return root
        with self._lock:
            view = root._views.get((person.id, person.admin))
            if view is None:
                view = copy.copy(root)
                view.person = person
                for opened in ("_embedder", "_vectors", "_bookkeeper", "_llm"):
                    view.__dict__.pop(opened, None)
                root._views[person.id, person.admin] = view
        return view

    @property
    def settings(self) -> Settings:
        """The settings in force now: those for everybody, and the person's own."""
        with self.database.read() as connection:
            stored = setting_rows.stored(connection, SERVER, self.owner)
        own = {name: value for name, value in stored[self.owner].items() if name in setting.PERSONAL}
        return setting.load(stored[SERVER] | own)

    def change_settings(self, **values: Any) -> None:
        """Store settings. Raises ``UserError`` for a value that does not fit, and for one that only an admin changes."""
        shared = [name for name in values if name not in setting.PERSONAL]
        if shared and not self.person.admin:
            raise UserError("Only an admin can change that.")
        stored = {}
        for name, value in values.items():
            try:
                fitting = setting.convert(name, value)
                if name == "api_base" and setting.holds_secret(fitting):
                    raise ValueError("it must be without user, password and query. Enter the key by itself")
                stored[name] = json.dumps(fitting)
            except ValueError as error:
                raise UserError(f"{setting.describe(name)}: {error}.") from None
        with self.database.write() as connection:
            setting_rows.store(connection, SERVER, {name: stored[name] for name in shared})
            own = {name: value for name, value in stored.items() if name in setting.PERSONAL}
            setting_rows.store(connection, self.owner, own)

    @property
    def embedder(self) -> Embedder:
        with self._lock:
            return self._root._embedder

    @cached_property
    def _embedder(self) -> Embedder:
        from stc.models.embedding import open_embedder

        return open_embedder(apart=self.serves)

    @property
    def vectors(self) -> VectorIndex:
        with self._lock:
            return self._root._vectors

    @cached_property
    def _vectors(self) -> VectorIndex:
        from stc.storage.vectors import VectorIndex

        return VectorIndex(self.database, self.storage / "chroma")

    @property
    def bookkeeper(self) -> Bookkeeper:
        with self._lock:
            return self._root._bookkeeper

    @cached_property
    def _bookkeeper(self) -> Bookkeeper:
        from stc.storage.bookkeeping import Bookkeeper

        return Bookkeeper(self.database)

    @property
    def llm(self) -> LanguageModel:
        with self._lock:
            return self._llm

    @cached_property
    def _llm(self) -> LanguageModel:
        from stc.models.llm import LanguageModel

        return LanguageModel(self)

    def now(self) -> float:
        """Return the time in Unix seconds; tests shift it by the number in the file that ``STC_FAKE_CLOCK`` names."""
        shift = os.environ.get("STC_FAKE_CLOCK")
        if not shift:
            return time.time()
        try:
            return time.time() + float(Path(shift).read_text() or 0)
        except (FileNotFoundError, ValueError):
            return time.time()

    def recover(self) -> bool:
        """Take up what killed processes left behind; return whether there was any."""
        return recovery.take_up(self.database, self.files, self.holders, self.now())

    def close(self) -> None:
        with self._lock:
            for name in ("_vectors", "_embedder"):
                opened = self._root.__dict__.pop(name, None)
                if opened is not None:
                    opened.close()
        self.database.close()
        self.holders.leave()


_open: dict[Path, Services] = {}
_open_lock = threading.Lock()


def open_services(storage: Path | None = None) -> Services:
    """Return this process's services for a storage directory; opened once."""
    directory = (storage or setting.default_storage()).resolve()
    with _open_lock:
        services = _open.get(directory)
        if services is None:
            services = _open[directory] = Services(directory)
        return services
