"""The errors a person may meet.

    StcError
    ├── UserError          shown as it stands: says what is wrong and what to do next
    │   ├── BudgetReached  a limit the person set; nothing was sent
    │   ├── Damaged        the database can't be read as it is
    │   └── Unreadable     this file can't be taken, whatever is tried again
    └── UpstreamError      a model server failed; may be worth another try

Everything else that is raised is a bug and keeps its traceback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from stc.words import Usage


class StcError(Exception):
    """Base of the errors that this program raises on purpose."""


class UserError(StcError):
    """One sentence for the person, shown as it stands."""


class BudgetReached(UserError):
    """A daily limit would be exceeded; raised before anything is sent."""


class Damaged(UserError):
    """The database is damaged: 'doctor --fix' keeps what can still be read, and 'restore' puts a backup in its place."""


class Unreadable(UserError):
    """A file that can't be taken as it is: unsupported, damaged, locked, without text. The fault is in the file.

    ``need`` is what would help: "password", or "ocr" for text recognition.
    """

    def __init__(self, message: str, *, need: Literal["password", "ocr"] | None = None) -> None:
        super().__init__(message)
        self.need = need


class UpstreamError(StcError):
    """A model server refused, failed or returned nonsense.

    ``str(error)`` is one plain sentence that says what to do. ``kind`` is one of ``key``, ``model``, ``network``,
    ``quota``, ``timeout``, ``context``, ``server``, ``reply``. ``usage`` is what the failed call was billed.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str = "server",
        retry: bool = False,
        retry_after_s: float | None = None,
        usage: Usage | None = None,
        raw_usage: dict | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry = retry
        self.retry_after_s = retry_after_s
        self.usage = usage
        self.raw_usage = raw_usage
