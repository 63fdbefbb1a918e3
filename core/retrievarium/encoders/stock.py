"""Any sentence-transformers sparse or multi-vector model as an encoder for `Sparse` and `LateInteraction`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError, Progress
from retrievarium.encoders.lexical import sparse_row, stacked
from retrievarium.encoders.multi import MultiVectors

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_CHUNK = 64


class _Stock:
    """A model that encodes texts by role, one caller at a time."""

    similarity = "dot"

    def __init__(self, model: Any, name: str, fingerprint: str) -> None:
        self.model, self.name, self.fingerprint = model.eval(), name, fingerprint
        self.dim = int(model.get_embedding_dimension())
        stated = model.max_seq_length
        self.max_length = int(stated) if isinstance(stated, int) and 0 < stated < 10**9 else 512
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, dim={self.dim}, max_length={self.max_length})"

    def _chunks(self, encode: Callable[..., Any], texts: Sequence[str], progress: Progress | None, **how: Any) -> list:
        done: list[Any] = []
        with self._lock:
            for start in range(0, len(texts), _CHUNK):
                done.extend(encode(list(texts[start : start + _CHUNK]), show_progress_bar=False, **how))
                if progress is not None:
                    progress(len(done), len(texts), f"encoding with {self.name}", {})
        return done


class SparseSentenceEncoder(_Stock):
    """Queries and passages as term weights, CSR float32 `(n, V)`, through a `SparseEncoder`; inner product."""

    kind = "lexical"

    def __init__(self, model: Any, name: str, fingerprint: str) -> None:
        super().__init__(model, name, fingerprint)
        if model.similarity_fn_name != "dot":
            raise InputError(f"{name} compares weights by {model.similarity_fn_name}", expected="the dot product")

    def pieces(self, columns: Iterable[int]) -> list[str]:
        """The word pieces of these columns."""
        return self.model.tokenizer.convert_ids_to_tokens([int(c) for c in columns])

    def encode_queries(self, texts: Sequence[str], progress: Progress | None = None) -> csr_matrix:
        return self._encode(self.model.encode_query, texts, progress)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> csr_matrix:
        return self._encode(self.model.encode_document, texts, progress)

    def _encode(self, encode: Callable[..., Any], texts: Sequence[str], progress: Progress | None) -> csr_matrix:
        rows = self._chunks(encode, texts, progress, convert_to_sparse_tensor=False, save_to_cpu=True)
        return stacked([sparse_row(r.float().numpy()) for r in rows], self.dim)


class MultiVectorSentenceEncoder(_Stock):
    """Queries and passages as several vectors each, through a `MultiVectorEncoder`; compared by MaxSim."""

    kind = "multi-vector"

    def __init__(self, model: Any, name: str, fingerprint: str) -> None:
        super().__init__(model, name, fingerprint)
        if model.similarity_fn_name != "maxsim":
            raise InputError(f"{name} compares vectors by {model.similarity_fn_name}", expected="MaxSim")

    def encode_queries(self, texts: Sequence[str], progress: Progress | None = None) -> MultiVectors:
        return self._encode(self.model.encode_query, texts, progress)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> MultiVectors:
        return self._encode(self.model.encode_document, texts, progress)

    def tokens(self, role: str, text: str) -> list[str]:
        """The pieces whose vectors stand for the text."""
        encode = self.model.encode_query if role == "query" else self.model.encode_document
        with self._lock:
            raw = encode([text], output_value=None, show_progress_bar=False)[0]
        kept = raw["input_ids"][raw["attention_mask"].bool()]
        return self.model.tokenizer.convert_ids_to_tokens(kept.tolist())

    def _encode(self, encode: Callable[..., Any], texts: Sequence[str], progress: Progress | None) -> MultiVectors:
        rows: list[NDArray[np.float32]] = self._chunks(encode, texts, progress, convert_to_numpy=True)
        return MultiVectors.of([np.asarray(r, dtype=np.float32) for r in rows], self.dim)
