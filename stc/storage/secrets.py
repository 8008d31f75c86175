"""The keys of model servers: a file that only its owner can read, never the database, a log or a sentence."""

from __future__ import annotations

import json
import logging
import os
import re
import stat
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from filelock import FileLock

from stc.errors import UserError
from stc.storage import private

logger = logging.getLogger(__name__)


class Secrets:
    """The keys in ``secrets.json`` of a storage directory, by the name of the variable that else would hold each.

    The environment wins over the file. Read afresh at each use: another process may have changed it.
    """

    def __init__(self, storage: Path, environment: Mapping[str, str] = os.environ) -> None:
        self.path = storage / "secrets.json"
        self._environment = environment

    def get(self, variable: str) -> str | None:
        """Return a key, or ``None``. Raises ``UserError`` when the file can't be read."""
        return self._environment.get(variable, "").strip() or self._stored().get(variable)

    def source(self, variable: str) -> Literal["environment", "file"] | None:
        """Return where a key comes from; this, not the key, is what a page shows."""
        if self._environment.get(variable, "").strip():
            return "environment"
        return "file" if variable in self._stored() else None

    def get_keys(self) -> dict[str, Literal["environment", "file"]]:
        """Return the variables that are kept here, each with where its value comes from; no values."""
        return {name: self.source(name) or "file" for name in sorted(self._stored())}

    def set_key(self, variable: str, value: str) -> None:
        """Keep a key. Raises ``UserError`` for what is no key, or when the file can't be written."""
        if not re.fullmatch(r"[A-Z][A-Z0-9_]{1,63}", variable):
            raise UserError(f"{variable!r} is no name for a key. It looks like OPENAI_API_KEY.")
        key = value.strip()
        if not key or not key.isascii() or not key.isprintable() or " " in key or len(key) > 4096:
            raise UserError("That is not a key: it is empty or holds blanks or odd characters. Copy it once more.")
        self._change(lambda keys: {**keys, variable: key})

    def remove(self, variable: str) -> None:
        """Forget a key of the file; one that is not there is fine."""
        if variable in self._stored():
            self._change(lambda keys: {name: key for name, key in keys.items() if name != variable})

    def scrub(self, text: str) -> str:
        """Return ``text`` with every key that is known here, and what looks like one, blotted out."""
        values = {*self._stored().values(), *(v for n, v in self._environment.items() if n.endswith("_API_KEY"))}
        for value in sorted((v for v in values if len(v) >= 4), key=len, reverse=True):
            text = text.replace(value, "***")
        return re.sub(r"\b(?:sk|pk|key|xai|gsk|AIza)[-_]?[A-Za-z0-9_*\-]{8,}", "***", text)

    def _stored(self) -> dict[str, str]:
        try:
            if private.is_open_to_others(self.path):
                private.close_file(self.path)
                logger.warning(
                    "Others on this computer could read the file of your keys (secrets.json in the storage folder). They "
                    "can't any more; if somebody may have, get new keys from the providers."
                )
            data = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise UserError(f"{self.path} can't be read: {error.strerror}. Check whose file it is.") from error
        try:
            keys = json.loads(data)
        except ValueError:
            keys = None
        if not isinstance(keys, dict) or not all(isinstance(value, str) for value in keys.values()):
            raise UserError(f"{self.path} is damaged. Delete it, then enter the keys again on the Settings page.")
        return keys

    def _change(self, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
        try:
            with FileLock(self.path.with_suffix(".lock"), timeout=10):
                keys = change(self._stored())
                handle, name = tempfile.mkstemp(prefix="secrets-", dir=self.path.parent)  # made with mode 0600
                temporary = Path(name)
                try:
                    with os.fdopen(handle, "w", encoding="utf-8") as file:
                        json.dump(keys, file, indent=1)
                        file.flush()
                        os.fsync(file.fileno())
                    os.chmod(temporary, stat.S_IRUSR | stat.S_IWUSR)
                    os.replace(temporary, self.path)
                finally:
                    temporary.unlink(missing_ok=True)
        except OSError as error:
            raise UserError(f"The key can't be saved in {self.path.parent}: {error.strerror or error}.") from error
