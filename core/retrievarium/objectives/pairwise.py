"""Losses on pairs: a relevant passage against one that is not, each pair by itself."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from retrievarium.objectives.similarity import Vectors, batch_scores


def pairwise_logistic(
    scores: Tensor, positive: Tensor, valid: Tensor | None = None, weights: Tensor | None = None
) -> Tensor:
    """How far each relevant passage stands below (or how little above) each other one.

        l(s+, s-) = log(1 + e^{s- - s+}),   L = mean over all pairs of the batch
        with weights:                       L = (1/B) sum_b sum_{i relevant, j not} w[b, i, j] l(s_i, s_j)

    Parameters
    ----------
    scores: `(B, C)`, C passages a question.
    positive: `(B, C)` bool, the relevant ones; a row may have several.
    valid: `(B, C)` bool, the others give neither loss nor gradient; None means all.
    weights: `(C, C)` or `(B, C, C)`, row i the relevant passage, column j the other one.

    Returns
    -------
    A scalar in nats.

    Raises
    ------
    ValueError where a row has no pair: it would teach nothing, without a word.

    In the limit: with one relevant passage and one other it is softplus(s- - s+), which `info_nce` gives for the same
    triple. With all scores equal it is ln 2, whatever the number of negatives. Scaled up, c L / c tends to the hinge
    max(0, s- - s+), whose mean counts wrong pairs by how wrong they are.

    Complexity O(P C), P relevant passages in the batch. Source: Zhan et al., 2021 (2104.08051), equations 2 and 3.
    """
    valid = torch.ones_like(positive) if valid is None else valid
    relevant, other = positive & valid, ~positive & valid  # (B, C) both
    lonely = ~(relevant.any(dim=1) & other.any(dim=1))
    if lonely.any():
        raise ValueError(f"row {int(lonely.nonzero()[0])} has no pair: it needs a positive and a negative")
    row, column = relevant.nonzero(as_tuple=True)  # (P,) both
    losses = functional.softplus(scores[row] - scores[row, column][:, None])  # (P, C)
    counted = other[row]  # (P, C)
    if weights is None:
        return losses[counted].mean()
    weights = weights[column] if weights.ndim == 2 else weights[row, column]  # (P, C)
    return (weights * losses)[counted].sum() / len(scores)


@dataclass(frozen=True)
class PairwiseLogistic:
    """`pairwise_logistic` by name."""

    def __call__(self, scores: Tensor, positive: Tensor, valid: Tensor | None = None) -> Tensor:
        return pairwise_logistic(scores, positive, valid)


def static_hard_plus_random(
    q: Vectors, p: Vectors, positive: Tensor, known_positive: Tensor | None = None, random: bool = True
) -> Tensor:
    """STAR's loss: each question's pair with every other passage of the batch, random ones and hard ones alike.

        S = Q P^T,   L = mean over i, j != pos(i), j not known to be relevant to i, of log(1 + e^{S[i,j] - S[i,pos(i)]})

    The other questions' positives are the random part; the B h hard negatives serve all questions of the batch.

    Parameters
    ----------
    q: `(B, d)`.
    p: `(B(1 + h), d)`: B positives, then h hard negatives a question.
    positive: `(B,)` int64, the row of `p` that is each question's positive.
    known_positive: `(B, B(1 + h))` bool, rows known to be relevant to a question; see `info_nce`.
    random: False leaves the other questions' positives out (needs h >= 1).

    In the limit: with h = 0 it is the in-batch pairwise logistic loss. With B = 1 and h = 1 it is DPR's loss of the
    same triple. Source: Zhan et al., 2021, section 4.1, and the authors' code (mean over unmasked pairs).
    """
    scores = batch_scores(q, p)  # (B, B(1 + h))
    own = torch.zeros_like(scores, dtype=torch.bool).scatter_(1, positive[:, None], True)
    valid = torch.ones_like(own) if known_positive is None else ~known_positive
    if not random:
        valid = valid & ~own.any(dim=0)  # every column that is somebody's positive
    return pairwise_logistic(scores, own, valid | own)


@dataclass(frozen=True)
class StaticHardPlusRandom:
    """`static_hard_plus_random` with its setting stored."""

    random: bool = True

    def __call__(self, q: Vectors, p: Vectors, positive: Tensor, known_positive: Tensor | None = None) -> Tensor:
        return static_hard_plus_random(q, p, positive, known_positive, self.random)


def lambda_rr(ranks: Tensor, cut: int | None = None) -> Tensor:
    """What the reciprocal rank gains or loses when two passages change places.

        v(r) = 1/r for r <= cut, else 0;   w[i, j] = |v(r_i) - v(r_j)|

    Parameters
    ----------
    ranks: `(..., C)`, from 1.
    cut: the last rank that counts; None: all do.

    Returns
    -------
    `(..., C, C)`. With one relevant passage it is exactly the change of RR@cut. A pair of which one stands beyond the
    cut weighs 1/rank of the other: that is what a relevant passage that was not retrieved has to gain.

    Source: Burges et al., 2006 (LambdaRank); Zhan et al., 2021, equation 9.
    """
    value = 1 / ranks.double()
    if cut is not None:
        value = torch.where(ranks <= cut, value, torch.zeros_like(value))
    return (value[..., :, None] - value[..., None, :]).abs().float()


@dataclass(frozen=True)
class LambdaRR:
    """ADORE's loss on a ranked list: pairs weighted by what changing places would do to the reciprocal rank.

        L = (1/B) sum_b sum_{i relevant, j not} |v(r_i) - v(r_j)| log(1 + e^{s_j - s_i})

    Column c of `scores` is rank c + 1. With `weighted=False`, the plain mean over the same pairs.
    """

    cut: int | None = None
    weighted: bool = True

    def __call__(self, scores: Tensor, positive: Tensor, valid: Tensor | None = None) -> Tensor:
        ranks = torch.arange(1, scores.shape[1] + 1, device=scores.device)
        return pairwise_logistic(scores, positive, valid, lambda_rr(ranks, self.cut) if self.weighted else None)
