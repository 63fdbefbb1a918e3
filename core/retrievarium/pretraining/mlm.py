"""Masked language modelling: guess the hidden words from both sides (Devlin et al., 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from retrievarium.encoders import Backbone, MLMHead
from retrievarium.pretraining.masking import MaskedBatches


class MLM(nn.Module):
    """A backbone with BERT's guessing head: dense, GELU, norm, then the word embeddings once more as output weights.

        L = -(1/M) sum over hidden pieces of log softmax(E f(h))[truth]

    The head is dropped afterwards (`detach_heads`); the embeddings it shared stay with the backbone.

    Parameters
    ----------
    rate: share of words hidden. seed: of a fresh head.
    head: a trained one to go on with (copied).
    """

    def __init__(self, backbone: Backbone, rate: float = 0.15, seed: int = 0, head: MLMHead | None = None) -> None:
        super().__init__()
        self.backbone, self.rate = backbone, rate
        pieces, dim = self.embeddings.shape
        self.dense = nn.Linear(dim, dim)
        self.norm = nn.LayerNorm(dim, eps=1e-12)
        self.bias = nn.Parameter(torch.zeros(pieces))
        nn.init.normal_(self.dense.weight, std=0.02, generator=torch.Generator().manual_seed(seed))
        nn.init.zeros_(self.dense.bias)
        if head is not None:
            self.load_state_dict(head.state_dict(), strict=False)

    @property
    def embeddings(self) -> Tensor:
        """The backbone's word embeddings `(V, d)`."""
        return self.backbone.model.embeddings.word_embeddings.weight

    def forward(self, ids: Tensor, mask: Tensor, where: Tensor) -> Tensor:
        """Logits `(M, V)` at the M places marked in `where (B, T)`."""
        states = self.backbone.last(ids, mask)[where]  # (M, d)
        states = self.norm(functional.gelu(self.dense(states)))
        return functional.linear(states, self.embeddings, self.bias)

    @property
    def objective(self) -> Any:
        return functional.cross_entropy

    def batches(self, texts: Sequence[str], batch: int, seed: int) -> MaskedBatches:
        return MaskedBatches(self.backbone, texts, batch, seed, self.rate)

    @torch.inference_mode()
    def held_out_loss(self, texts: Sequence[str], batch: int = 32) -> float:
        """Mean loss in nats a hidden piece over texts never trained on, masked the same way each time."""
        self.eval()
        draw = MaskedBatches(self.backbone, texts, batch, 0, self.rate)
        total, pieces = 0.0, 0
        for step in range(max(1, len(texts) // batch)):
            one = draw(step)
            hidden = int(one.target.sum())
            total += float(one.loss(self, self.objective)) * hidden
            pieces += hidden
        return total / pieces

    def detach_heads(self) -> Backbone:
        """The backbone alone."""
        return self.backbone
