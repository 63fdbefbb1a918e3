"""A weight for each word piece: what a text is about, as a sparse vector over the vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from retrievarium.contracts import InputError, Progress
from retrievarium.encoders.backbone import Backbone
from retrievarium.encoders.heads import MLMHead, largest_logits
from retrievarium.encoders.pairs import Role, Tower, TowerPair, backbone_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

POOLS = ("max", "sum")


class LexicalEncoder(Tower):
    """SPLADE's: the logits of a masked language model, flattened, over all places of the text.

        w_j = max_i log(1 + relu(h_ij))     (pool "max")      w_j = sum_i log(1 + relu(h_ij))     (pool "sum")

    for logits h `(T, V)` at the places i that are no padding. w is never negative; pieces that the text does not hold
    get weight too (expansion), its own may lose theirs. Training decides how many are left.

    Parameters
    ----------
    backbone, head: a masked language model in two parts. A fresh head (None) only re-weighs noise: see `MLMHead.like`.
    pool: "max" (Formal et al., 2021b) or "sum" (2021a).
    top_k: only the largest weights of a text are kept when it is encoded; training sees all of them.

    Source: Formal et al., 2021 and 2022 (arXiv 2205.04733), equation 1.
    """

    def __init__(
        self, backbone: Backbone, head: MLMHead | None = None, pool: str = "max", top_k: int | None = None
    ) -> None:
        super().__init__()
        if pool not in POOLS:
            raise InputError(f"there is no pool {pool!r}", expected=f"one of {POOLS}")
        if top_k is not None and top_k < 1:
            raise InputError(f"top_k is {top_k}", expected="at least 1, or None to keep every weight")
        self.backbone, self.pool, self.top_k = backbone, pool, top_k
        self.head = head if head is not None else MLMHead(backbone.dim, self.dim)
        if len(self.head.bias) != self.dim:
            raise InputError(
                f"the head guesses {len(self.head.bias)} pieces, the backbone knows {self.dim}",
                fix="extend the vocabulary before training the head",
            )

    @property
    def embeddings(self) -> Tensor:
        """The backbone's word embeddings `(V, d)`, which are also the head's output weights."""
        return self.backbone.model.embeddings.word_embeddings.weight

    @property
    def dim(self) -> int:
        return int(self.embeddings.shape[0])

    @property
    def settings(self) -> tuple[Any, ...]:
        return ("lexical", self.pool, self.top_k)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Weights `(B, V)` from ids and mask `(B, T)`."""
        states = self.head.transform(self.backbone.last(input_ids, attention_mask))  # (B, T, d)
        if self.pool == "max":
            # log(1 + relu) rises with its argument, so the largest logit gives the largest weight
            return torch.log1p(largest_logits(states, self.embeddings, self.head.bias, attention_mask).relu())
        logits = functional.linear(states, self.embeddings, self.head.bias)  # (B, T, V)
        return torch.log1p(logits.relu()).masked_fill(~attention_mask.bool().unsqueeze(-1), 0.0).sum(dim=1)

    def weigh(self, text: str) -> Tensor:
        """Weights `(V,)` of one text."""
        ids = torch.tensor(self.tokenize([text]), device=self.embeddings.device)  # (1, T)
        return self(ids, torch.ones_like(ids))[0]


class BagEncoder(nn.Module):
    """A text is the set of its pieces, each with a weight of its own: no model is run.

        w_j = weight_j if piece j stands in the text, else 0

    As the query side of a lexical encoder: documents are expanded beforehand, queries cost nothing ("SPLADE-doc").
    With weight 1 for all pieces it is a set of words; with `idf` weights rare pieces count more.

    Parameters
    ----------
    weights: `(V,)`, trainable.
    """

    def __init__(self, tokenizer: Any, weights: Tensor | NDArray | None = None, max_length: int | None = None) -> None:
        super().__init__()
        kept = torch.ones(len(tokenizer)) if weights is None else torch.as_tensor(weights, dtype=torch.float32)
        if kept.shape != (len(tokenizer),):
            raise InputError(f"weights {tuple(kept.shape)}", expected=f"({len(tokenizer)},), one for each piece")
        self.tokenizer, self.max_length = tokenizer, int(max_length or tokenizer.model_max_length)
        self.weight = nn.Parameter(kept.clone())

    @classmethod
    def idf(cls, tokenizer: Any, texts: Sequence[str], max_length: int | None = None) -> BagEncoder:
        """Weights ln(1 + (n - df + .5) / (df + .5)), df the number of the n texts that hold the piece."""
        counts = np.zeros(len(tokenizer))
        for start in range(0, len(texts), 1024):
            for row in _pieces(tokenizer, texts[start : start + 1024], None):
                counts[list(set(row))] += 1
        return cls(tokenizer, np.log1p((len(texts) - counts + 0.5) / (counts + 0.5)), max_length)

    @property
    def dim(self) -> int:
        return int(self.weight.shape[0])

    @property
    def described(self) -> tuple[Any, ...]:
        return ("bag", self.max_length)

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """Piece ids of each text without special tokens, cut at `max_length`."""
        return _pieces(self.tokenizer, texts, self.max_length)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Weights `(B, V)` from ids and mask `(B, T)`."""
        present = torch.zeros(len(input_ids), self.dim, dtype=self.weight.dtype, device=input_ids.device)
        present.scatter_reduce_(1, input_ids, attention_mask.to(present.dtype), "amax")
        # a text without any piece still has one place to attend to, which is padding
        present[:, self.tokenizer.pad_token_id] = 0
        return present * self.weight

    def __deepcopy__(self, memo: dict[int, Any]) -> BagEncoder:
        return BagEncoder(self.tokenizer, self.weight.detach(), self.max_length)


def _pieces(tokenizer: Any, texts: Sequence[str], longest: int | None) -> list[list[int]]:
    if not texts:
        return []
    cut: dict[str, Any] = {"truncation": True, "max_length": longest} if longest else {"truncation": False}
    plain = {"add_special_tokens": False, "return_attention_mask": False, "return_token_type_ids": False}
    return tokenizer(list(texts), verbose=False, **plain, **cut)["input_ids"]


class LexicalTowers(TowerPair):
    """Queries and passages as term weights over one vocabulary: a module to train, and an encoder for `Sparse`.

    query: a `LexicalEncoder` (the passages' own, tied: SPLADE) or a `BagEncoder` (documents alone are expanded).
    """

    kind = "lexical"
    similarity = "dot"

    def __init__(self, query: Any, passage: LexicalEncoder, tied: bool, name: str = "splade") -> None:
        super().__init__(query, passage, tied, name)
        if query.dim != passage.dim:
            raise InputError("the towers weigh different vocabularies", expected="one vocabulary for both")

    @property
    def dim(self) -> int:
        return int(self.passage.dim)

    @torch.inference_mode()
    def level(self, texts: Sequence[str], terms: int = 100) -> float:
        """Lower the passage head's bias until these texts keep about `terms` weights each; how far it went down.

        A masked language model's softmax ignores a constant added to all its logits, so where they lie is an accident
        of its training; log(1 + relu) does not. A head that gives nearly every piece a weight has to spend its first
        steps on going down, which the texts' differences do not survive.
        """
        weights = [self.passage.weigh(text).expm1() for text in texts]  # (V,) each: the logits above 0
        down = float(torch.stack([w.topk(terms).values[-1] for w in weights]).mean())
        self.passage.head.bias.sub_(down)
        return down

    def pieces(self, columns: Iterable[int]) -> list[str]:
        """The word pieces of these columns."""
        return self.passage.tokenizer.convert_ids_to_tokens([int(c) for c in columns])

    def encode(self, role: Role, texts: Sequence[str], progress: Progress | None = None) -> csr_matrix:
        """CSR float32 `(n, V)` by the tower of this role."""
        rows: list[csr_matrix] = [sparse_row(np.zeros(self.dim, dtype=np.float32))] * len(texts)

        def take(batch: NDArray[np.int64], block: Tensor) -> None:
            for row, weights in zip(batch, block.float().cpu().numpy(), strict=True):
                rows[row] = sparse_row(weights, self.passage.top_k)

        if texts:
            self._run(role, texts, take, progress)
        return stacked(rows, self.dim)

    def encode_queries(self, texts: Sequence[str], progress: Progress | None = None) -> csr_matrix:
        return self.encode("query", texts, progress)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> csr_matrix:
        return self.encode("passage", texts, progress)

    def save(self, folder: str | Path) -> Path:
        """Write a sentence-transformers folder that `SparseEncoder(folder)` loads, see `saving_sparse`."""
        from retrievarium.encoders.saving_sparse import save_lexical

        return save_lexical(self, folder)


def sparse_row(weights: NDArray[np.float32], top_k: int | None = None) -> csr_matrix:
    """CSR `(1, V)` of the weights that are not 0; of the `top_k` largest, the lower column first among equals."""
    from scipy.sparse import csr_matrix

    columns = np.flatnonzero(weights)
    if top_k is not None and len(columns) > top_k:
        columns = np.sort(columns[np.argsort(-weights[columns], kind="stable")[:top_k]])
    return csr_matrix((weights[columns], columns.astype(np.int32), [0, len(columns)]), shape=(1, len(weights)))


def stacked(rows: Sequence[csr_matrix], dim: int) -> csr_matrix:
    """CSR `(n, V)` from its rows."""
    from scipy.sparse import csr_matrix, vstack

    return csr_matrix((0, dim), dtype=np.float32) if not len(rows) else csr_matrix(vstack(rows, format="csr"))


def lexical_towers(
    start: Backbone | str | Path,
    head: MLMHead | None = None,
    pool: str = "max",
    top_k: int | None = None,
    query: str = "same",
    max_length: int | None = None,
    name: str = "splade",
) -> LexicalTowers:
    """SPLADE from a backbone (copied) and its guessing head (copied), or from a folder with both.

    query: "same" (one encoder for both, tied), "untied" (a copy), or "bag" (pieces with weight 1, no model).
    """
    if query not in ("same", "untied", "bag"):
        raise InputError(f"query={query!r} is unknown", expected='"same", "untied" or "bag"')
    if head is None and not isinstance(start, Backbone):
        from retrievarium.encoders.loading import resolve

        head = MLMHead.load(resolve(start)[1])
    passage = LexicalEncoder(backbone_of(start, max_length), deepcopy(head), pool, top_k)
    if query == "bag":
        return LexicalTowers(BagEncoder(passage.tokenizer, None, passage.max_length), passage, False, name)
    return LexicalTowers(passage if query == "same" else deepcopy(passage), passage, query == "same", name)
