"""The protocols every part speaks. A stranger's part joins by having these members; `check_*` proves it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts.progress import Progress
from retrievarium.contracts.run import Run

Searchable = Any  # whatever `as_queries` accepts


@runtime_checkable
class Encoder(Protocol):
    """Text to vectors. Queries and passages may be encoded differently."""

    name: str
    dim: int
    max_length: int  # in the encoder's own tokens, special tokens included
    similarity: str  # "cosine" or "dot": what the score of two vectors is

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change whenever a vector would."""
        ...

    def encode_queries(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """float32 `(n, dim)`, row i for text i, independent of the other texts."""
        ...

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """float32 `(n, dim)`, row i for text i, independent of the other texts."""
        ...


@runtime_checkable
class Index(Protocol):
    """Vectors to the k best of them."""

    @property
    def fingerprint(self) -> str: ...

    def add(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None: ...

    def search(self, queries: NDArray[np.float32], k: int) -> tuple[NDArray[np.float32], NDArray[np.object_]]:
        """Scores `(n, k)` descending and ids `(n, k)`; k is cut to the number of vectors."""
        ...

    def vectors(self, ids: Sequence[str]) -> NDArray[np.float32]: ...

    def save(self, folder: Path) -> None: ...


@runtime_checkable
class Retriever(Protocol):
    """Queries to a run."""

    name: str

    def search(self, queries: Searchable, k: int = 100) -> Run: ...


@runtime_checkable
class CrossEncoder(Protocol):
    """Scores a query with each of its candidates jointly."""

    def score(self, queries: Sequence[str], candidates: Sequence[Sequence[str]]) -> list[NDArray[np.float32]]: ...


@runtime_checkable
class Generator(Protocol):
    """A language model that writes."""

    def generate(
        self, prompts: Sequence[str], n: int, max_new_tokens: int, temperature: float, seed: int
    ) -> list[list[str]]: ...


@runtime_checkable
class Reader(Protocol):
    """Finds the answer to a question in a text."""

    def __call__(self, question: str, text: str) -> str: ...
