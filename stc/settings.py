"""What can be set, with its default, unit and meaning.

A value comes from, strongest first: the environment (``STC_`` + the field's name in capitals), the settings table in the
database (what the Settings page writes), the default here. Secrets are no settings: see ``stc.storage.secrets``.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stc.errors import UserError

_HOURS = re.compile(r"([01]?\d|2[0-3]):[0-5]\d-([01]?\d|2[0-3]):[0-5]\d")


def _setting(default: Any, description: str, *, personal: bool = False) -> Any:
    """``personal``: each person has their own; all others hold for everybody, and only an admin changes them."""
    return field(default=default, metadata={"description": description, "personal": personal})


@dataclass(frozen=True, slots=True)
class Settings:
    chat_model: str = _setting("", "LiteLLM name of the model that answers; empty: quotes only, no AI model")
    sleep_model: str = _setting("", "LiteLLM name of the model that prepares; empty: no AI model prepares")
    api_base: str = _setting("", "Address of an OpenAI-compatible or Ollama server; empty: the provider's own")
    effort: str = _setting("medium", "How much is read for an answer: low, medium or high", personal=True)
    idle_after_s: float = _setting(120.0, "Seconds without use after which a document counts as idle")
    tick_s: float = _setting(30.0, "Seconds between two looks of the background job")
    sleep_paused: bool = _setting(False, "True: nothing is prepared in the background")
    daily_usd: float = _setting(1.0, "US dollars that preparing may cost per day (UTC)")
    daily_tokens: int = _setting(1_000_000, "Tokens that preparing may use per day (UTC), models only")
    document_usd: float = _setting(0.5, "US dollars that preparing one document may cost altogether")
    document_tokens: int = _setting(1_000_000, "Tokens that preparing one document may use altogether, models only")
    run_usd: float = _setting(0.1, "US dollars that one step of preparing may cost")
    run_tokens: int = _setting(60_000, "Tokens that one step of preparing may use, models only")
    quiet_hours: str = _setting(
        "", "Hours of local time in which nothing is prepared by itself, 22:00-07:00 for example; empty: none"
    )
    pause_on_battery: bool = _setting(
        True, "True: nothing is prepared by itself while the computer runs on its battery"
    )
    generations: int = _setting(1, "How often a model thinks about each window, 1 to 10; near-duplicates are joined")
    sleep_effort: str = _setting(
        "", "Reasoning effort asked of the preparation model: low, medium, high; empty: its own"
    )
    cheap_tier: bool = _setting(True, "True: preparing asks for the provider's slower, cheaper tier where there is one")
    consent: str = _setting(
        "", "The preparation model (and its address, where set) that the person agreed to; empty: none"
    )
    shadow_share: float = _setting(
        0.0,
        "Share (0 to 1) of typed questions that are answered once more without notes while idle, to check the meter",
    )
    shadow_consent: str = _setting(
        "", "The chat model (and its address, where set) that may answer again to check the meter; empty: none"
    )
    num_ctx: int = _setting(8192, "Context tokens asked of an Ollama server, always sent")
    request_timeout_s: float = _setting(120.0, "Seconds to wait for a model server's next sign of life")
    max_file_bytes: int = _setting(200 * 1024 * 1024, "Bytes of the largest file taken")
    max_pages: int = _setting(10_000, "Pages of the longest document taken")
    max_characters: int = _setting(30_000_000, "Characters of the longest document taken")
    parse_timeout_s: float = _setting(45.0, "Seconds that reading one file may take, all parsers together")
    parse_memory_bytes: int = _setting(2 * 1024**3, "Bytes of memory that reading one file may take")
    log_bytes: int = _setting(5 * 1024**2, "Bytes of one file of the log; a fuller one is put aside")
    log_files: int = _setting(5, "Files of the log that are kept, the one that is written among them")
    ocr_languages: str = _setting("eng", "Languages that Tesseract looks for in pictures, joined by +")
    ocr_timeout_s: float = _setting(600.0, "Seconds that Tesseract may take for the pictures of one file")
    join_domains: str = _setting(
        "",
        "E-mail domains, comma-separated, whose people may join through the login provider; empty: only who is added",
    )


PERSONAL = frozenset(f.name for f in dataclasses.fields(Settings) if f.metadata["personal"])


def names() -> tuple[str, ...]:
    return tuple(f.name for f in dataclasses.fields(Settings))


def describe(name: str) -> str:
    return next(f.metadata["description"] for f in dataclasses.fields(Settings) if f.name == name)


def load(stored: Mapping[str, str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings in force.

    ``stored`` maps names to JSON texts. Raises ``UserError`` for an environment value that does not fit; a stored value
    that does not fit (an older program's) falls back to the default.
    """
    values: dict[str, Any] = {}
    for f in dataclasses.fields(Settings):
        variable = f"STC_{f.name.upper()}"
        if environment.get(variable, "") != "":
            try:
                values[f.name] = convert(f.name, environment[variable])
            except ValueError as error:
                raise UserError(f"{variable} is {environment[variable]!r}, but {error}.") from None
        elif f.name in stored:
            try:
                values[f.name] = convert(f.name, json.loads(stored[f.name]))
            except ValueError:
                continue
    return Settings(**values)


def holds_secret(address: str) -> bool:
    """Tell whether an address holds what may be a key: that belongs into the file of keys, not among the settings."""
    return "@" in address or "?" in address


def convert(name: str, value: Any) -> Any:
    """Return ``value`` in the type of setting ``name``; raise ``ValueError`` with a sentence's end where it does not fit."""
    kind = type(getattr(_DEFAULTS, name))
    if kind is bool:
        if isinstance(value, bool):
            return value
        lowered = str(value).strip().lower()
        if lowered in {"1", "true", "yes", "on"}:
            return True
        if lowered in {"0", "false", "no", "off"}:
            return False
        raise ValueError("it must be true or false")
    if kind is str:
        text = str(value).strip()
        if name == "effort" and text not in {"low", "medium", "high"}:
            raise ValueError("it must be low, medium or high")
        if name == "sleep_effort" and text not in {"", "low", "medium", "high"}:
            raise ValueError("it must be low, medium, high or empty")
        if name == "quiet_hours" and text and _HOURS.fullmatch(text) is None:
            raise ValueError("it must be two times of day, 22:00-07:00 for example, or empty")
        return text
    try:
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("it must be a number") from None
    if not (number == number and 0 <= number < 1e15):
        raise ValueError("it must be a number of at least 0")
    if name == "shadow_share" and number > 1:
        raise ValueError("it must be a share, from 0 to 1")
    if name == "generations" and not 1 <= number <= 10:
        raise ValueError("it must be 1 to 10")
    return number


_DEFAULTS = Settings()


def default_storage() -> Path:
    """Return where data lives unless told otherwise: ``STC_STORAGE``, else ``storage/`` beside ``app.py``."""
    chosen = os.environ.get("STC_STORAGE", "")
    return Path(chosen).expanduser() if chosen else Path(__file__).resolve().parent.parent / "storage"
