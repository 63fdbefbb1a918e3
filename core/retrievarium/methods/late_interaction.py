"""Late interaction: every token keeps its vector, and two texts meet only when they are compared.

    D_j = W h_j / |W h_j|   for every token j of a text        (W to 32 dimensions, no bias)

    s(q, p) = sum over the question's tokens i of  max over the passage's tokens j  of  Q_i . P_j        (MaxSim)

    loss = -(1/B) sum_i log( e^{s(q_i, p_i) / tau} / sum_j e^{s(q_i, p_j) / tau} )

It stands between a dual encoder, which compares once, and a cross-encoder, which compares in every layer. One tower
serves both sides. It is the plain form that several papers begin from (Khattab and Zaharia, 2020, is the source of the
score), without their special tokens, padded questions or distillation, and it is nobody's paper here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retrievarium import encoders, objectives, retrievers, training
from retrievarium.methods.budget import given
from retrievarium.methods.registry import method

if TYPE_CHECKING:
    from retrievarium.data import Collection
    from retrievarium.methods.budget import Budget
    from retrievarium.methods.building import Work


def by_tokens(collection: Collection, encoder: Any, ws: Any, *, rows: str | None = None) -> Any:
    """rows: None scores every passage; "Flat" or "HNSW32" finds candidates by their single vectors first."""
    return retrievers.LateInteraction(collection, encoder, rows, ws=ws)


@method(
    key="late_interaction",
    name="Late interaction",
    says="A vector for every token; each of the question's takes its best match in the passage.",
    serve=by_tokens,
)
def late_interaction(
    collection: Collection,
    budget: Budget,
    seed: int,
    work: Work,
    *,
    dim: int = 32,
    temperature: float = 0.25,
    tokens: int | None = None,
    batch: int | None = None,
    lr: float | None = None,
    steps: int | None = None,
) -> Any:
    """One tower from the same warm start as the papers' methods, in-batch negatives alone.

    dim: of a token's vector. temperature: tau; a question's score is a sum, so it need not be as small as a cosine's.
    tokens: word pieces read of a passage; beyond what the start has read, its places are copied.
    """
    batch, lr, steps = given(batch, lr, steps)
    start = encoders.lengthen_backbone(work.warm_start(collection, budget), tokens or budget.passage_tokens)
    shape: dict[str, Any] = {"norm": "l2", "dim": dim, "tied": True, "seed": seed}
    towers = encoders.multi_vector_towers(start, name="late_interaction", **shape)
    batches = training.PairBatches(towers, collection, collection.train, batch, seed)
    objective = objectives.InfoNCE(temperature=temperature)
    work.fit("training", towers, batches, objective, dev=collection, steps=steps, lr=lr, seed=seed)
    return towers
