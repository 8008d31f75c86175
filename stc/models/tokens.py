"""Count tokens: cl100k_base, from the file that LiteLLM bundles, without importing LiteLLM and without a download."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    import tiktoken


class _Counted(Protocol):
    @property
    def tokens(self) -> int: ...


Counted = TypeVar("Counted", bound=_Counted)


@cache
def _encoding() -> tiktoken.Encoding:
    spec = importlib.util.find_spec("litellm")  # finds the folder, runs none of its code
    if spec is None or spec.origin is None:
        raise RuntimeError("LiteLLM is not installed: 'pip install -r requirements.txt' installs it")
    before = os.environ.get("TIKTOKEN_CACHE_DIR")
    os.environ["TIKTOKEN_CACHE_DIR"] = str(Path(spec.origin).parent / "litellm_core_utils" / "tokenizers")
    try:
        import tiktoken

        return tiktoken.get_encoding("cl100k_base")
    finally:
        if before is None:
            del os.environ["TIKTOKEN_CACHE_DIR"]
        else:
            os.environ["TIKTOKEN_CACHE_DIR"] = before


_LONG_BLANK = 10_000
"""tiktoken 0.14 panics, with an exception that is no ``Exception``, on a few 100,000 spaces before a letter (2026-11)."""
_BLANK = re.compile(r"\s+")


_OFTEN_COUNTED = 1_000
"""Shorter texts, in characters, are sentences, titles and notes; the counts of the last few thousand are kept."""


def _pieces(text: str) -> Iterator[str]:
    """Yield a text whole, but cut inside endless white space."""
    start = 0
    if len(text) > _LONG_BLANK:
        for blank in _BLANK.finditer(text):
            for end in range(blank.start() + _LONG_BLANK, blank.end(), _LONG_BLANK):
                yield text[start:end]
                start = end
    yield text[start:]


def _encode(text: str) -> list[int]:
    encoding = _encoding()
    return [token for piece in _pieces(text) for token in encoding.encode_ordinary(piece)]


def within(pieces: Iterable[Counted], limit: int) -> list[Counted]:
    """Return the first pieces, as many as are at most ``limit`` tokens together."""
    left = limit
    kept = []
    for piece in pieces:
        left -= piece.tokens
        if left < 0:
            break
        kept.append(piece)
    return kept


def count(text: str) -> int:
    """Return the number of tokens; ``<|endoftext|>`` and its like count as the plain text they are."""
    return _count_again(text) if len(text) <= _OFTEN_COUNTED else len(_encode(text))


@lru_cache(maxsize=16_384)
def _count_again(text: str) -> int:
    """Packing a context counts the same sentences for each question, and several times."""
    return len(_encode(text))


def cut(text: str, limit: int) -> str:
    """Return the longest beginning of ``text`` of at most ``limit`` tokens that ends at a whole character."""
    tokens = _encode(text)
    if len(tokens) <= limit:
        return text
    return _encoding().decode_bytes(tokens[: max(limit, 0)]).decode("utf-8", errors="ignore")
