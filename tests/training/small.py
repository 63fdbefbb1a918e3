"""A model and a collection small enough to train in a test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn

from retrievarium.data import Collection

COLOURS = ["red", "green", "blue", "white", "black", "grey", "brown", "pink"]
THINGS = ["boat", "tower", "lamp", "bridge", "coat", "door", "flag", "wheel"]


class WordTowers(nn.Module):
    """Mean of word vectors in two towers; one id a word. Dropout makes random state matter."""

    def __init__(self, dim: int = 8, dropout: float = 0.1, seed: int = 0, tied: bool = False) -> None:
        super().__init__()
        self.words = {w: i + 1 for i, w in enumerate(["what", "is", "the", "a", *COLOURS, *THINGS])}
        torch.manual_seed(seed)
        self.query = self._tower(dim, dropout)
        self.passage = self.query if tied else self._tower(dim, dropout)

    def _tower(self, dim: int, dropout: float) -> nn.Module:
        return nn.ModuleDict(
            {"words": nn.Embedding(len(self.words) + 2, dim), "out": nn.Linear(dim, dim), "drop": nn.Dropout(dropout)}
        )

    def tokenize(self, role: str, texts: Sequence[str]) -> list[list[int]]:
        return [[self.words[w] for w in t.split()] for t in texts]

    def forward(self, role: str, ids: Tensor, mask: Tensor) -> Tensor:
        tower: Any = self.query if role == "query" else self.passage
        states = tower["drop"](tower["words"](ids)) * mask[..., None]  # (B, T, d)
        return tower["out"](states.sum(1) / mask.sum(1, keepdim=True))


def colours(train: int = 48) -> Collection:
    """64 passages 'a red boat the ...', one question each; the answer is the thing's colour."""
    pairs = [(c, t) for c in COLOURS for t in THINGS]
    passages = [f"a {c} {t} is the {t}" + " the" * (i % 5) for i, (c, t) in enumerate(pairs)]
    ids = [f"p{i:02d}" for i in range(len(pairs))]
    questions = [f"q{i:02d}" for i in range(len(pairs))]
    order = np.random.default_rng(3).permutation(len(pairs))
    cuts = {"train": order[:train], "dev": order[train : train + 8], "test": order[train + 8 :]}
    return Collection(
        "colours",
        pa.table({"id": ids, "title": [""] * len(ids), "text": passages}),
        pa.table(
            {
                "id": questions,
                "text": [f"what is {c} {t}" for c, t in pairs],
                "answers": [[c] for c, _ in pairs],
            }
        ),
        {
            s: pa.table(
                {
                    "query_id": [questions[i] for i in rows],
                    "passage_id": [ids[i] for i in rows],
                    "grade": pa.array([1] * len(rows), pa.int32()),
                }
            )
            for s, rows in cuts.items()
        },
    )


def weights(model: nn.Module) -> dict[str, bytes]:
    return {n: p.detach().numpy().tobytes() for n, p in model.named_parameters()}


def train(folder: Path | None, steps: int = 40, seed: int = 5, progress: Any = None, **settings: Any) -> WordTowers:
    """The run that the kill test starts, kills and resumes."""
    from retrievarium.objectives import info_nce
    from retrievarium.training import PairBatches, RunConfig, fit

    collection, model = colours(), WordTowers()
    batches = PairBatches(model, collection, collection.train, 8, seed, per_question=1)
    more = {"progress": progress} if progress else {}
    settings = {"lr": 0.05, "checkpoint_every": 7, "config": RunConfig(threads=1), **more, **settings}
    fit(model, batches, info_nce, steps=steps, seed=seed, folder=folder, **settings)
    return model
