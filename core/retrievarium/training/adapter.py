"""Our objectives in the sentence-transformers trainer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn


class AsSentenceLoss(nn.Module):
    """An objective on vectors as a loss of a `SentenceTransformerTrainer`.

        trainer = SentenceTransformerTrainer(model, args, dataset, loss=AsSentenceLoss(model, info_nce))

    The dataset has one column of questions, one of positives, then h of negatives, in this order; which tower reads a
    column is the trainer's `router_mapping`. Labels are not looked at, and no known positive but the question's own
    is: a dataset of columns does not tell.

    Parameters
    ----------
    objective: `objective(q (B, d), p (B(1 + h), d), positive (B,)) -> ()`, e.g. `info_nce`.
    """

    def __init__(self, model: nn.Module, objective: Callable[..., Tensor]) -> None:
        super().__init__()
        self.model, self.objective = model, objective

    def forward(self, sentence_features: Iterable[dict[str, Any]], labels: Tensor | None = None) -> Tensor:
        vectors = [self.model(features)["sentence_embedding"] for features in sentence_features]
        return self.compute_loss_from_embeddings(vectors, labels)

    def compute_loss_from_embeddings(self, embeddings: list[Tensor], labels: Tensor | None = None) -> Tensor:
        """From the columns' vectors, each `(B, d)`."""
        q, positives, *negatives = embeddings
        batch, h = len(q), len(negatives)
        if h:  # question i's negatives in rows B + i h to B + (i + 1) h - 1, as `PairBatch` has them
            p = torch.cat([positives, torch.stack(negatives, dim=1).reshape(batch * h, -1)])
        else:
            p = positives
        return self.objective(q, p, torch.arange(batch, device=q.device))

    def get_config_dict(self) -> dict[str, Any]:
        """What a model card says of the loss."""
        return {"objective": repr(self.objective).split(" at 0x")[0]}
