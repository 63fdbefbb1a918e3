"""The contrastive loss: the right passage against every other passage of the batch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from retrievarium.objectives.similarity import Vectors, batch_scores


def softmax_nll(scores: Tensor, positive: Tensor, valid: Tensor | None = None) -> Tensor:
    """Negative log-likelihood of one column a row under a softmax over the valid columns.

        L = -(1/B) sum_i log( e^{S[i, pos(i)]} / sum_{j valid for i} e^{S[i, j]} )

    Parameters
    ----------
    scores: `(B, N)`.
    positive: `(B,)` int64, the right column of each row.
    valid: `(B, N)` bool, the columns that compete in each row; None means all. The positive always does.

    Returns
    -------
    A scalar in nats. Its gradient in `scores` is (softmax - onehot) / B, so every row of it sums to 0; a column that
    is not valid gets exactly 0.

    Raises
    ------
    ValueError where a row has no competitor: its loss would be 0 whatever the scores, and nothing would be learned.
    """
    if valid is None:
        if scores.shape[1] < 2:
            raise ValueError("one column gives no competitor: add negatives or make the batch larger")
        return functional.cross_entropy(scores, positive)
    own = torch.zeros_like(valid).scatter_(1, positive[:, None], True)  # (B, N)
    lonely = ~(valid & ~own).any(dim=1)  # (B,)
    if lonely.any():
        row = int(lonely.nonzero()[0])
        raise ValueError(f"row {row} has no negative left: add negatives or make the batch larger")
    return functional.cross_entropy(scores.masked_fill(~(valid | own), -torch.inf), positive)


def info_nce(
    q: Vectors, p: Vectors, positive: Tensor, known_positive: Tensor | None = None, temperature: float = 1.0
) -> Tensor:
    """Every question against every passage of the batch, its own and the others' negatives alike.

        S = Q P^T / temperature,   L = -(1/B) sum_i log softmax(S_i)[pos(i)]

    Parameters
    ----------
    q: `(B, d)`, one vector a question.
    p: `(B(1 + h), d)`, the positives and h negatives a question, in any order. Several vectors a text are given as
        vectors and mask; then S is the score of `max_inner_product` or `max_similarity`.
    positive: `(B,)` int64, the row of `p` that is each question's positive.
    known_positive: `(B, B(1 + h))` bool, further rows known to be relevant to a question: they leave its softmax,
        and no other question's. Its own positive may be marked too.
    temperature: DPR's dot product takes 1; unit vectors want about .05.

    Returns
    -------
    A scalar in nats.

    In the limit: with B = 1 and h = 1 it is softplus(s_neg - s_pos), the pairwise logistic loss. With all vectors
    equal it is ln(B(1 + h)). As the temperature falls to 0 it becomes, times the temperature, the hinge of the
    hardest negative without a margin, max(0, max_j s_j - s_pos). With h = 0 it is the in-batch softmax loss.

    Complexity O(B^2 (1 + h) d). Source: Karpukhin et al., 2020, equation 2; van den Oord et al., 2018, equation 4.
    """
    if temperature <= 0:
        raise ValueError(f"temperature must be above 0, not {temperature}")
    scores = batch_scores(q, p) / temperature  # (B, B(1 + h))
    return softmax_nll(scores, positive, None if known_positive is None else ~known_positive)


@dataclass(frozen=True)
class InfoNCE:
    """`info_nce` with its settings stored."""

    temperature: float = 1.0

    def __call__(self, q: Vectors, p: Vectors, positive: Tensor, known_positive: Tensor | None = None) -> Tensor:
        return info_nce(q, p, positive, known_positive, self.temperature)
