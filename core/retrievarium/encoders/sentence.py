"""Any sentence-transformers model as an `Encoder`."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError, Progress
from retrievarium.encoders.batching import BUDGET_TOKENS, encode_tokens

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

_ROLES = {"query": ("query",), "document": ("document", "passage", "corpus")}
_CHUNK = 64


class SentenceEncoder:
    """Queries and passages through a `SentenceTransformer`, always by role, in float32.

    Vectors equal the model's own `encode_query` and `encode_document` (to rounding); with similarity "cosine" they
    have unit length. Safe to share between threads: one encodes at a time.

    Parameters
    ----------
    model: a sentence-transformers model of stock modules.
    name: what it is called in tables and file names.
    fingerprint: 16 hex digits over everything its vectors depend on.
    """

    def __init__(self, model: SentenceTransformer, name: str, fingerprint: str) -> None:
        self.model = model.eval()
        self.name = name
        self.fingerprint = fingerprint
        measure = model.similarity_fn_name
        if measure not in ("cosine", "dot"):
            raise InputError(
                f"{name} compares vectors by {measure} distance",
                expected='a model whose similarity is "cosine" or "dot"',
            )
        self.similarity: str = measure
        self.dim = int(model.get_embedding_dimension() or 0)
        self._lock = threading.RLock()
        towers = [self._modules(role) for role in _ROLES]
        self._plain = all(_is_plain(tower) for tower in towers)
        self._lengths = {role: _longest(tower[0]) for role, tower in zip(_ROLES, towers, strict=True)}
        self.max_length = self._lengths["document"]

    def __repr__(self) -> str:
        return f"SentenceEncoder({self.name!r}, dim={self.dim}, max_length={self.max_length}, {self.similarity})"

    @property
    def normalised(self) -> bool:
        return self.similarity == "cosine"

    @property
    def prompts(self) -> dict[str, str]:
        """What is put before a query and before a passage."""
        return {role: self._prompt(role) for role in _ROLES}

    def encode_queries(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """float32 `(n, dim)`."""
        return self._encode("query", texts, progress)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """float32 `(n, dim)`."""
        return self._encode("document", texts, progress)

    def count_tokens(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Tokens of each passage before truncation, special tokens included, `(n,)`: above `max_length`, it is cut."""
        tokenizer = getattr(self._modules("document")[0], "tokenizer", None)
        if tokenizer is None or not callable(tokenizer):
            return np.array([len(t.split()) for t in texts], dtype=np.int64)
        prompt = self._prompt("document")
        with self._lock:
            rows = _token_ids(tokenizer, [prompt + t for t in texts], None)
        return np.array([len(r) for r in rows], dtype=np.int64)

    def query_path(self, text: str) -> tuple[list[Any], Any, list[int]]:
        """The modules a query passes through, their tokenizer, and the ids of this text with its prompt.

        Raises InputError where texts take another way than tokens and a transformer.
        """
        if not self._plain:
            raise InputError(f"{self.name} does not go from tokens through a transformer alone")
        modules = self._modules("query")
        tokenizer = modules[0].tokenizer
        (ids,) = _token_ids(tokenizer, [self._prompt("query") + text], self._lengths["query"])
        return modules, tokenizer, ids

    # -- inside

    def _modules(self, role: str) -> list[Any]:
        """The modules a text of this role passes through."""
        from sentence_transformers.base.modules import Router

        modules: list[Any] = []
        for module in self.model.children():
            if isinstance(module, Router):
                route = role if role in module.sub_modules else module.default_route
                modules.extend(module.sub_modules[str(route)].children())
            else:
                modules.append(module)
        return modules

    def _prompt(self, role: str) -> str:
        prompts = self.model.prompts
        name = next((n for n in _ROLES[role] if n in prompts), self.model.default_prompt_name)
        return (prompts.get(name) or "") if name else ""

    def _encode(self, role: str, texts: Sequence[str], progress: Progress | None) -> NDArray[np.float32]:
        texts = list(texts)
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        with self._lock:
            vectors = self._by_tokens(role, texts, progress) if self._plain else self._by_text(role, texts, progress)
        if self.normalised:
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors

    def _by_tokens(self, role: str, texts: list[str], progress: Progress | None) -> NDArray[np.float32]:
        modules = self._modules(role)
        tokenizer = modules[0].tokenizer
        prompt = self._prompt(role)
        device = self.model.device
        typed = "token_type_ids" in tokenizer.model_input_names

        def forward(ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            features: dict[str, Any] = {"input_ids": ids.to(device), "attention_mask": mask.to(device)}
            if typed:
                features["token_type_ids"] = features["input_ids"].new_zeros(ids.shape)
            for module in modules:
                features = module(features)
            return features["sentence_embedding"]

        return encode_tokens(
            _token_ids(tokenizer, [prompt + t for t in texts], self._lengths[role]),
            forward,
            self.dim,
            tokenizer.pad_token_id or 0,
            left=tokenizer.padding_side == "left",
            budget_tokens=BUDGET_TOKENS,
            progress=progress,
            what=f"encoding with {self.name}",
        )

    def _by_text(self, role: str, texts: list[str], progress: Progress | None) -> NDArray[np.float32]:
        """For models whose texts take another way than tokens and a transformer: the model's own encoding."""
        encode = self.model.encode_query if role == "query" else self.model.encode_document
        parts = []
        for start in range(0, len(texts), _CHUNK):
            chunk = texts[start : start + _CHUNK]
            parts.append(np.asarray(encode(chunk, show_progress_bar=False), dtype=np.float32))
            if progress is not None:
                progress(start + len(chunk), len(texts), f"encoding with {self.name}", {})
        return np.concatenate(parts)


def _token_ids(tokenizer: Any, texts: list[str], max_length: int | None) -> list[list[int]]:
    cut: dict[str, Any] = (
        {"truncation": False} if max_length is None else {"truncation": True, "max_length": max_length}
    )
    return tokenizer(
        texts, padding=False, return_attention_mask=False, return_token_type_ids=False, verbose=False, **cut
    )["input_ids"]


def _longest(module: Any) -> int:
    """Tokens the module reads; 512 where neither its tokenizer nor its model says so."""
    stated = getattr(module, "max_seq_length", None)
    config = getattr(module, "config", None)
    positions = getattr(config, "max_position_embeddings", None)
    known = [n for n in (stated, positions) if isinstance(n, int) and 0 < n < 10**9]
    return min(known) if known else 512


def _is_plain(modules: list[Any]) -> bool:
    """Whether a text becomes tokens, then token vectors, then one vector, with nothing done beside that."""
    from sentence_transformers.base.modules import Dense, Normalize, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling
    from transformers import PreTrainedTokenizerBase

    first, rest = modules[0], modules[1:]
    return (
        type(first) is Transformer
        and isinstance(first.processor, PreTrainedTokenizerBase)
        and set(first.modality_config) == {"text"}
        and first.modality_config["text"]["method"] == "forward"
        and not first.processing_kwargs
        and first.query_expansion is None
        and first.query_length is None
        and first.document_length is None
        and all(type(m) in (Pooling, Dense, Normalize) for m in rest)
        and all(m.include_prompt for m in rest if type(m) is Pooling)
    )
