"""A plain dense baseline: one tied tower, mean pooling, unit vectors, temperature .05, in-batch negatives alone.

    loss = -(1/B) sum_i log( e^{cos(q_i, p_i) / .05} / sum_j e^{cos(q_i, p_j) / .05} )

It is nobody's paper and not DPR, which is untied, takes the first token, and neither normalises nor divides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retrievarium import encoders, objectives, training
from retrievarium.methods.registry import method

if TYPE_CHECKING:
    from retrievarium.data import Collection
    from retrievarium.methods.budget import Budget
    from retrievarium.methods.building import Work


@method(key="baseline_dense", name="Dense baseline", says="One tied encoder, mean of its states, cosine.")
def baseline_dense(
    collection: Collection,
    budget: Budget,
    seed: int,
    work: Work,
    *,
    temperature: float = 0.05,
    batch: int | None = None,
    lr: float | None = None,
    steps: int | None = None,
) -> Any:
    """One tower from the same warm start as the papers' methods."""
    assert batch is not None
    assert lr is not None
    assert steps is not None
    shape: dict[str, Any] = {"pooling": "mean", "tied": True, "normalize": True, "max_length": budget.passage_tokens}
    towers = encoders.two_towers(work.warm_start(collection, budget), name="baseline_dense", **shape)
    batches = training.PairBatches(towers, collection, collection.train, batch, seed)
    probe = training.DevProbe(towers, collection) if "dev" in collection.splits else None
    objective = objectives.InfoNCE(temperature=temperature)
    work.fit("training", towers, batches, objective, steps=steps, lr=lr, seed=seed, probe=probe)
    return towers
