"""The guessing head of a masked language model: from a state to a logit for each word piece."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from retrievarium.contracts import InputError

_NAMES = {
    "cls.predictions.transform.dense.weight": "dense.weight",
    "cls.predictions.transform.dense.bias": "dense.bias",
    "cls.predictions.transform.LayerNorm.weight": "norm.weight",
    "cls.predictions.transform.LayerNorm.bias": "norm.bias",
    "cls.predictions.bias": "bias",
}
"""Where a BertForMaskedLM keeps what we keep as ..."""


class MLMHead(nn.Module):
    """BERT's: dense, GELU, norm, then the word embeddings E `(V, d)` once more as output weights, and a bias.

        logits = E norm(gelu(W h + c)) + b

    E belongs to the backbone and is handed in at each call, so it is trained and saved once.
    Source: Devlin et al., 2019, and the authors' code.
    """

    def __init__(self, dim: int, pieces: int, seed: int = 0) -> None:
        super().__init__()
        self.dense = nn.Linear(dim, dim)
        self.norm = nn.LayerNorm(dim, eps=1e-12)
        self.bias = nn.Parameter(torch.zeros(pieces))
        nn.init.normal_(self.dense.weight, std=0.02, generator=torch.Generator().manual_seed(seed))
        nn.init.zeros_(self.dense.bias)

    def forward(self, states: Tensor, embeddings: Tensor) -> Tensor:
        """Logits `(..., V)` from states `(..., d)`."""
        return functional.linear(self.transform(states), embeddings, self.bias)

    def transform(self, states: Tensor) -> Tensor:
        """`(..., d)`, what the word embeddings are compared with."""
        return self.norm(functional.gelu(self.dense(states)))

    @classmethod
    def like(cls, trained: nn.Module) -> MLMHead:
        """A copy of the `dense`, `norm` and `bias` of any module that has them, such as a trained masked LM."""
        state = {n: t for n, t in trained.state_dict().items() if n in _NAMES.values()}
        if state.keys() != set(_NAMES.values()):
            raise InputError(f"a {type(trained).__name__} has no guessing head", expected="dense, norm and bias")
        head = cls(state["dense.weight"].shape[0], state["bias"].shape[0])
        head.load_state_dict(state)
        return head

    def extended(self, pieces: int) -> MLMHead:
        """A copy for a vocabulary that has grown to `pieces`; new ones get the mean bias."""
        head = MLMHead(self.dense.in_features, pieces)
        grown = self.bias.new_full((pieces,), float(self.bias.detach().mean()))
        grown[: len(self.bias)] = self.bias.detach()
        head.load_state_dict({**self.state_dict(), "bias": grown})
        return head

    @classmethod
    def load(cls, folder: str | Path) -> MLMHead | None:
        """The head of a folder with a BertForMaskedLM (`model.safetensors`); None where it has none."""
        from safetensors import safe_open

        path = Path(folder) / "model.safetensors"
        if not path.is_file():
            raise InputError("there is no model here", path=folder, expected="model.safetensors")
        with safe_open(str(path), framework="pt") as kept:
            names = set(kept.keys())
            if not names.issuperset(_NAMES):
                return None
            state = {ours: kept.get_tensor(theirs).float() for theirs, ours in _NAMES.items()}
        head = cls(state["dense.weight"].shape[0], state["bias"].shape[0])
        head.load_state_dict(state)
        return head


class _LargestLogits(torch.autograd.Function):
    """One text at a time, so that `(T, V)` is all that is ever held; the gradient visits only what was largest."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, embeddings: Tensor, bias: Tensor, mask: Tensor) -> Tensor:
        words, added = embeddings.detach().to(states.dtype), bias.detach().to(states.dtype)
        largest = states.new_empty(len(states), len(words))
        place = torch.empty_like(largest, dtype=torch.int64)
        for row, seen in enumerate(mask.bool()):
            at = seen.nonzero().squeeze(1)
            logits = torch.addmm(added, states[row, at], words.T)  # (t, V)
            largest[row], within = logits.max(dim=0)
            place[row] = at[within]
        ctx.save_for_backward(states, embeddings, place)
        return largest

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        states, embeddings, place = ctx.saved_tensors
        (above,) = upstream
        of_states, of_words = torch.zeros_like(states), torch.zeros_like(embeddings)
        for row, line in enumerate(above):
            terms = line.nonzero().squeeze(1)  # after a relu these are few
            at, weight = place[row, terms], line[terms].unsqueeze(1)
            of_states[row].index_add_(0, at, weight * embeddings[terms].to(weight.dtype))
            of_words.index_add_(0, terms, (weight * states[row, at]).to(of_words.dtype))
        return of_states, of_words, above.sum(dim=0).to(embeddings.dtype), None


def largest_logits(states: Tensor, embeddings: Tensor, bias: Tensor, mask: Tensor) -> Tensor:
    """The largest logit of each word piece over the places of a text.

        m_j = max over i with mask_i of  E_j . s_i + b_j

    Parameters
    ----------
    states: `(B, T, d)`, transformed (`MLMHead.transform`). embeddings: `(V, d)`. bias: `(V,)`. mask: `(B, T)`, each
        row with a place or more.

    Returns
    -------
    `(B, V)`, the value of `(states @ embeddings.T + bias).masked_fill(~mask, -inf).amax(1)`. Among equal places the
    first one takes the gradient.

    Complexity O(B T V d), in memory O(T V), in place of O(B T V); the gradient costs O(d) for each term whose upstream
    gradient is not 0.
    """
    with torch.autocast(states.device.type, enabled=False):  # half precision is too coarse for logits around 10
        wide = torch.promote_types(states.dtype, torch.float32)
        return _LargestLogits.apply(states.to(wide), embeddings.to(wide), bias.to(wide), mask)


def masked_lm(backbone: Any, head: MLMHead) -> Any:
    """A transformers `BertForMaskedLM` with the weights of both (copied), to be saved."""
    from transformers import BertForMaskedLM

    config = type(backbone.model.config).from_dict(backbone.model.config.to_dict())
    config.vocab_size = len(head.bias)
    model = BertForMaskedLM(config)
    model.bert.load_state_dict(backbone.model.state_dict())
    kept = head.state_dict()
    with torch.no_grad():
        for theirs, ours in _NAMES.items():
            model.get_parameter(theirs).copy_(kept[ours])
    model.tie_weights()
    return model.eval()
