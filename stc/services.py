"""The wiring, once per process and storage: what the verbs need, opened when first needed."""

from __future__ import annotations

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

if TYPE_CHECKING:
    from stc.models.embedding import Embedder
    from stc.models.llm import LanguageModel
    from stc.storage.vectors import VectorIndex

LOCAL_OWNER = "local"


class Services:
    """Everything a verb may reach. Cheap to make: models and the vector index are opened at their first use.

    Raises ``UserError`` when the storage can't be used.
    """

    def __init__(self, storage: Path, owner: str = LOCAL_OWNER) -> None:
        try:
            private.make_folder(storage)
        except OSError as error:
            raise UserError(
                f"The storage folder {storage} can't be made: {error.strerror}. Choose another one."
            ) from error
        self.storage = storage
        self.owner = owner
        self.holders = Holders(storage / "holders")
        self.holder = self.holders.enter(lambda: backups.finish(storage))
        """Names this process in leases and in the foreground gate."""
        self.files = Files(storage / "files", self.holder)
        self.database = Database(storage / "stc.db")
        self._lock = threading.RLock()

    @property
    def settings(self) -> Settings:
        """The settings in force now."""
        with self.database.read() as connection:
            return setting.load(setting_rows.stored(connection, self.owner))

    def change_settings(self, **values: Any) -> None:
        """Store settings. Raises ``UserError`` for a value that does not fit."""
        stored = {}
        for name, value in values.items():
            try:
                stored[name] = json.dumps(setting.convert(name, value))
            except ValueError as error:
                raise UserError(f"{setting.describe(name)}: {error}.") from None
        with self.database.write() as connection:
            setting_rows.store(connection, self.owner, stored)

    @property
    def embedder(self) -> Embedder:
        with self._lock:
            return self._embedder

    @cached_property
    def _embedder(self) -> Embedder:
        from stc.models.embedding import open_embedder

        return open_embedder()

    @property
    def vectors(self) -> VectorIndex:
        with self._lock:
            return self._vectors

    @cached_property
    def _vectors(self) -> VectorIndex:
        from stc.storage.vectors import VectorIndex

        return VectorIndex(self.database, self.storage / "chroma")

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
            index = self.__dict__.pop("_vectors", None)
            if index is not None:
                index.close()
        self.database.close()
        self.holders.leave()


_open: dict[tuple[Path, str], Services] = {}
_open_lock = threading.Lock()


def open_services(storage: Path | None = None, owner: str = LOCAL_OWNER) -> Services:
    """Return this process's services for a storage directory; opened once."""
    directory = (storage or setting.default_storage()).resolve()
    with _open_lock:
        services = _open.get((directory, owner))
        if services is None:
            services = _open[(directory, owner)] = Services(directory, owner)
        return services
