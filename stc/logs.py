"""The program's log: JSON lines in ``logs/`` of the storage, one event a line, with ids, counts and seconds.

No line holds words of a document, of a question, of an answer, of a file's name, or a key. This module sees to it,
whoever calls: of a fact only what has the form of an id, a name in the program or a number is written, of an exception
its type, where it was raised, and of its message what the program or a library wrote into it.

Several processes write one file. Each line is one ``write`` to a file opened for appending, so lines never mix; the
file is opened anew for each, so one that another process has renamed meanwhile is not written to for long.
"""

from __future__ import annotations

import datetime
import json
import logging
import math
import os
import re
import secrets
import sys
import traceback
from pathlib import Path
from typing import Any

from filelock import FileLock

from stc.errors import StcError

FOLDER = "logs"
_ROOT = Path(__file__).resolve().parent.parent
_logger = logging.getLogger("stc")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/+@-]{0,79}")
_ID = re.compile(r"[0-9a-f]{8,64}|\d+-[0-9a-f]{8}")
_KEY = re.compile(r"(?i)\b(?:sk|pk|key|xai|gsk|aiza)[-_]?[a-z0-9_*-]{8,}")
_LEFT_OUT = "…"
_MOST_FRAMES = 40
_MOST_CAUSES = 5
_MOST_SAID = 200
_NAMES_CODE = (AttributeError, ImportError, NameError, NotImplementedError, TypeError)
"""What these say stands in the code, not in a text: names of attributes, modules and types."""


class _File(logging.Handler):
    """Writes each record as one line; a disk that is full or read-only costs lines, never more."""

    def __init__(self, folder: Path, program: str, *, max_bytes: int, files: int) -> None:
        super().__init__(logging.INFO)
        self.folder = folder
        self.path = folder / "stc.jsonl"
        self._program = program
        self._max_bytes = max_bytes
        self._files = files
        self._lost = 0
        """Lines that could not be written; the next one that can says how many."""

    def emit(self, record: logging.LogRecord) -> None:
        facts = _line(record, self._program)
        if self._lost:
            facts["lost_lines"] = self._lost
        try:
            self._write(json.dumps(facts, allow_nan=False).encode() + b"\n")
        except OSError:
            self._lost += 1
        else:
            self._lost = 0

    def _write(self, line: bytes) -> None:
        handle = self._open()
        try:
            size = os.fstat(handle).st_size
            if size and size + len(line) > self._max_bytes:
                os.close(handle)
                handle = -1
                self._rotate(len(line))
                handle = self._open()
                if os.fstat(handle).st_size > 2 * self._max_bytes:
                    raise OSError("the log can't be renamed and grows no further")
            written = os.write(handle, line)
            if written < len(line):
                os.write(handle, b"\n")  # half a line stays alone
                raise OSError("half a line was written")
        finally:
            if handle >= 0:
                os.close(handle)

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        try:
            return os.open(self.path, flags, 0o600)
        except FileNotFoundError:  # the folder was deleted; with the storage itself gone nothing comes back
            self.folder.mkdir(mode=0o700, exist_ok=True)
            return os.open(self.path, flags, 0o600)

    def _rotate(self, coming: int) -> None:
        """Rename the full file, and those before it, one number up; only one process does it."""
        try:
            with FileLock(self.folder / "rotate.lock", timeout=1.0, mode=0o600):
                if self.path.stat().st_size + coming <= self._max_bytes:
                    return  # another process was first
                for number in range(self._files - 1, 0, -1):
                    older = self.path if number == 1 else self._numbered(number - 1)
                    if older.exists():
                        os.replace(older, self._numbered(number))
                if self._files == 1:
                    self.path.unlink()
        except OSError:
            return  # a lock that is held, a file that a viewer holds open: the next line tries again

    def _numbered(self, number: int) -> Path:
        return self.folder / f"stc.{number}.jsonl"


class _Window(logging.Handler):
    """Says on stderr what the person who started the program should know: a sentence, no traceback."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if error := getattr(record, "error_id", None):
            said = f"{said} (error {error}; its line in {where()} says where)"
        try:
            sys.stderr.write(f"{said}\n")
            sys.stderr.flush()
        except (OSError, ValueError):  # the window was closed
            return


_handlers: list[logging.Handler] = []


def start(storage: Path, program: str, *, max_bytes: int, files: int) -> None:
    """Log to ``logs/`` in ``storage`` from now on; what was logged to before is left. A folder that can't be made is fine.

    ``program`` names the kind of process, "app" or the command. At most ``files`` files of ``max_bytes`` are kept.
    """
    stop()
    folder = storage / FOLDER
    file = _File(folder, program, max_bytes=max(max_bytes, 10_000), files=max(files, 1))
    _handlers.extend((file, _Window()))
    for handler in _handlers:
        logging.getLogger().addHandler(handler)
    _logger.setLevel(logging.INFO)


def stop() -> None:
    """Log nowhere any more."""
    while _handlers:
        logging.getLogger().removeHandler(_handlers.pop())


def where() -> Path | None:
    """Return the file that is written to, ``None`` where nothing is."""
    return next((handler.path for handler in _handlers if isinstance(handler, _File)), None)


def event(name: str, **facts: Any) -> None:
    """Log that something happened: ``event("document ready", document_id=…, pages=12, seconds=3.1)``.

    A fact is an id, a number, a truth value or a name in the program; texts are left out whatever they are.
    """
    _logger.info("%s", name, extra={"event": name, "facts": facts})


def bug(error: BaseException, doing: str, **facts: Any) -> str:
    """Log an error of the program itself with where it was raised, and return the id by which to find the line."""
    error_id = _new_error_id()
    _logger.error(
        "Something went wrong %s.",
        doing,
        exc_info=error,
        extra={"event": f"bug {doing}", "facts": facts, "error_id": error_id},
    )
    return error_id


def _new_error_id() -> str:
    digits = secrets.token_hex(4)
    return f"{digits[:4]}-{digits[4:]}"


def _line(record: logging.LogRecord, program: str) -> dict[str, Any]:
    now = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
    line: dict[str, Any] = {
        "time": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
    }
    if record.name == "stc" or record.name.startswith("stc."):
        # The message as it stands in the source, without its arguments; the linter sees that none is put together (G).
        line["event"] = getattr(record, "event", None) or str(record.msg)
        if not hasattr(record, "event") and record.args:
            given = record.args if isinstance(record.args, tuple) else tuple(record.args.values())
            line["of"] = [_argument(each) for each in given]
    else:
        line["event"] = f"{record.name} said something"  # a library's messages may hold anything
    line["where"] = f"{record.name}:{record.lineno}"
    line["program"] = program
    line["process"] = record.process
    line |= {name: _fact(value) for name, value in getattr(record, "facts", {}).items()}
    if record.exc_info and record.exc_info[1] is not None:
        line["error"] = record.__dict__.setdefault("error_id", _new_error_id())
        line["raised"] = _raised(record.exc_info[1])
    return line


def _fact(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if isinstance(value, str):
        return value if _NAME.fullmatch(value) and not _KEY.search(value) else _LEFT_OUT
    if isinstance(value, list | tuple):
        return [_fact(each) for each in value]
    if isinstance(value, dict):
        return {str(_fact(name)): _fact(each) for name, each in value.items()}
    return type(value).__name__


def _argument(value: Any) -> Any:
    """Return what is kept of an argument of a plain logging call: those were not chosen with care."""
    if isinstance(value, str):
        return value if _ID.fullmatch(value) else _LEFT_OUT
    return _fact(value) if isinstance(value, bool | int | float) else type(value).__name__


def _raised(error: BaseException) -> list[dict[str, Any]]:
    """Return an exception and what it came from, the last first: type, message as far as it may stand here, places."""
    chain: list[dict[str, Any]] = []
    current: BaseException | None = error
    while current is not None and len(chain) < _MOST_CAUSES:
        frames = [
            f"{_place(frame.filename)}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(current.__traceback__, limit=-_MOST_FRAMES)
        ]
        chain.append({"type": type(current).__name__, "said": _said(current), "at": frames})
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain


def _place(name: str) -> str:
    """Return a source file without the machine's own folders: from the project's, else its last three parts."""
    path = Path(name)
    return path.relative_to(_ROOT).as_posix() if path.is_relative_to(_ROOT) else "/".join(path.parts[-3:])


def _said(error: BaseException) -> str:
    """Return the part of an exception's message before the first value in it: values may be anybody's text."""
    if isinstance(error, StcError):
        return ""  # sentences for the person, with names in them
    if isinstance(error, OSError):
        return os.strerror(error.errno) if error.errno else ""
    original = getattr(error, "orig", None)  # SQLAlchemy's errors go on with the statement and its values
    if isinstance(original, BaseException):
        return f"{type(original).__name__}: {_said(original)}"
    said = str(error)
    if isinstance(error, _NAMES_CODE):
        return re.split(r"[\"'`\n]", re.sub(r"'([A-Za-z_][\w.]{0,60})'", r"\1", said), maxsplit=1)[0][:_MOST_SAID]
    return re.split(r"[\"'`:(\[{<\n“‘«]", said, maxsplit=1)[0].strip()[:_MOST_SAID]
