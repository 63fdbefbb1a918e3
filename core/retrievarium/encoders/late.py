"""An encoder known before it is loaded: its weights, and torch with them, come when a text must be encoded.

Searching with vectors that are kept (a bundled collection's own queries) then takes no torch at all.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError, Progress
from retrievarium.encoders.fingerprints import folder_fingerprint
from retrievarium.encoders.minilm import minilm_folder

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from retrievarium.encoders.sentence import SentenceEncoder


class LateEncoder:
    """MiniLM as an `Encoder` that costs milliseconds to make. Safe to share between threads: it loads once.

    Raises
    ------
    InputError: MiniLM's package is missing, or its weights are not the ones they claim to be.
    """

    name = "minilm"
    dim = 384
    max_length = 256
    similarity = "cosine"

    def __init__(self) -> None:
        self.fingerprint = folder_fingerprint(minilm_folder())
        self._encoder: SentenceEncoder | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"LateEncoder({self.name!r}, {'loaded' if self.loaded else 'not loaded yet'})"

    @property
    def loaded(self) -> bool:
        return self._encoder is not None

    def load(self) -> SentenceEncoder:
        """The encoder itself, loaded now if it was not."""
        with self._lock:
            if self._encoder is None:
                from retrievarium.encoders.loading import load_encoder

                found = load_encoder(self.name)
                promised = (self.fingerprint, self.dim, self.max_length, self.similarity)
                if (found.fingerprint, found.dim, found.max_length, found.similarity) != promised:
                    raise InputError(f"{self.name} is not the model it was taken for", expected=str(promised))
                self._encoder = found
            return self._encoder

    def encode_queries(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """float32 `(n, 384)`."""
        return self.load().encode_queries(texts, progress)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """float32 `(n, 384)`."""
        return self.load().encode_passages(texts, progress)

    def count_tokens(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Tokens of each passage before truncation, `(n,)`: by its tokenizer alone, no weights are loaded."""
        encoded = self._tokenizer.encode_batch(list(texts))
        return np.array([len(e.ids) for e in encoded], dtype=np.int64)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        found = Tokenizer.from_file(str(minilm_folder() / "tokenizer.json"))
        found.no_truncation()
        found.no_padding()
        return found
