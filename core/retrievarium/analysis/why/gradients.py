"""Integrated gradients: the score's path from an empty question to the question, piece by piece.

    part_i = (x_i - b_i) . integral over a from 0 to 1 of  ds(b + a (x - b)) / dx_i

x are the embeddings of the question's pieces, b those of [PAD] in their places (special pieces keep theirs), s the
score. With the exact integral the parts sum to s(x) - s(b); what the sum misses is the gap, and it is shown.

Source: Sundararajan, Taly and Yan, 2017, "Axiomatic Attribution for Deep Networks", equation 1.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from retrievarium.analysis.why.lexical import spans_in_order
from retrievarium.analysis.why.parts import Part
from retrievarium.contracts import InputError
from retrievarium.retrievers import Dense

if TYPE_CHECKING:
    from torch import Tensor

STEPS = 24  # Gauss-Legendre nodes
_HOOKED = threading.Lock()  # a hook stands in a model that other threads may use


@dataclass(frozen=True)
class Gradients:
    """parts sum to score - baseline + gap; baseline is the score of a question of nothing but special pieces."""

    parts: tuple[Part, ...]
    score: float
    baseline: float

    @property
    def gap(self) -> float:
        """How far the parts' sum is from what they should sum to."""
        return sum(p.value for p in self.parts) - (self.score - self.baseline)


@dataclass(frozen=True)
class _Model:
    """A query tower opened: how it reads ids, where its embeddings are made, and the pieces of a text."""

    embedding: Any
    forward: Callable[[Tensor, Tensor], Tensor]
    ids: list[int]
    tokenizer: Any
    lock: Any


def _opened(encoder: Any, text: str) -> _Model:
    encoder = encoder.load() if hasattr(encoder, "load") and hasattr(encoder, "loaded") else encoder
    if hasattr(encoder, "tower"):  # towers trained here
        tower = encoder.tower("query")
        tower.eval()
        embedding = tower.backbone.model.get_input_embeddings()
        return _Model(embedding, tower, tower.tokenize([text])[0], tower.tokenizer, encoder._lock)
    if hasattr(encoder, "query_path"):
        modules, tokenizer, ids = encoder.query_path(text)

        def forward(ids: Tensor, mask: Tensor) -> Tensor:
            features: dict[str, Any] = {"input_ids": ids, "attention_mask": mask}
            if "token_type_ids" in tokenizer.model_input_names:
                features["token_type_ids"] = ids.new_zeros(ids.shape)
            for module in modules:
                features = module(features)
            return features["sentence_embedding"]

        embedding = modules[0].model.get_input_embeddings()
        return _Model(embedding, forward, ids, tokenizer, encoder._lock)
    raise InputError(f"{encoder.name} cannot be opened for gradients", expected="a transformer of stock modules")


def integrated_gradients(retriever: Dense, text: str, passage: str, steps: int = STEPS) -> Gradients:
    """Piece by piece, for one question and one passage. Costs `steps` forward and backward passes of the question.

    Raises InputError for an encoder that is no transformer of stock modules.
    """
    import torch

    vector = np.asarray(retriever.index.vectors([passage])[0], dtype=np.float32)
    cosine = retriever.encoder.similarity == "cosine"
    model = _opened(retriever.encoder, text)
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    path = np.concatenate([(nodes + 1) / 2, [0.0, 1.0]])  # the two ends give the two scores
    pad = model.tokenizer.pad_token_id or 0
    special = set(model.tokenizer.all_special_ids)

    def score(vectors: Tensor) -> Tensor:
        target = torch.from_numpy(vector).to(vectors)
        dots = vectors @ target
        return dots / (vectors.norm(dim=1) * target.norm()).clamp(min=1e-12) if cosine else dots

    with _HOOKED, model.lock, torch.enable_grad():
        device = next(model.embedding.parameters()).device
        ids = torch.tensor([model.ids], device=device)
        table = model.embedding.weight.detach()
        actual = table[ids[0]]  # (T, d)
        base = torch.where(torch.tensor([[i in special] for i in model.ids], device=device), actual, table[pad])
        alpha = torch.tensor(path, dtype=actual.dtype, device=device)[:, None, None]
        inputs = (base + alpha * (actual - base)).requires_grad_(True)  # (steps + 2, T, d)
        hook = model.embedding.register_forward_hook(lambda *_: inputs)
        try:
            values = score(model.forward(ids.expand(len(path), -1), torch.ones_like(ids).expand(len(path), -1)))
            (slopes,) = torch.autograd.grad(values.sum(), inputs)
        finally:
            hook.remove()
        scale = torch.tensor(weights / 2, dtype=slopes.dtype, device=device)[:, None, None]
        given = ((slopes[:steps] * scale).sum(dim=0) * (actual - base)).sum(dim=1)  # (T,)
    ends = values.detach().cpu().double().numpy()[-2:]
    pieces = model.tokenizer.convert_ids_to_tokens(model.ids)
    spans = spans_in_order(pieces, text)
    parts = tuple(
        Part(piece, float(value), query=(span,) if span else ())
        for piece, value, span, number in zip(pieces, given.tolist(), spans, model.ids, strict=True)
        if number not in special
    )
    return Gradients(parts, float(ends[1]), float(ends[0]))
