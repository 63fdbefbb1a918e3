"""ME-BERT: a passage is its first m vectors, a question is one (Luan et al., 2021; arXiv 2005.00181).

A vector of k dimensions tells two documents apart only where their normalised margin

    mu(q, d1, d2) = <q, d1 - d2> / (|q| |d1 - d2|)

is large enough for k, and the longer documents are, the smaller it gets (sections 2 and 3; `analysis.inversion_bound`).
So a passage keeps the states of its first m tokens, whatever these tokens are, and the best of them speaks for it:

    D_j = norm(h_j),  j = 1 ... m          q = norm(h_1)          s(q, p) = max_j q . D_j          (section 4)

    loss = -(1/B) sum_i log( e^{s(q_i, p_i) / tau} / sum_j e^{s(q_i, p_j) / tau} )     over the passages of the batch

m = 1 is a dual encoder. The index holds n m rows, and k m of them hold the k best passages. The paper adds a hybrid,
s + lambda s_BM25 over both lists' passages; ours scales each list to [0, 1] first. Its batches hold mined negatives
besides, and its BERT is the large one. Of three ways to scale the score (layer norm and tau = 1; unit vectors and .05
or .01) the first learned fastest on a development World.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from retrievarium import encoders, objectives, retrievers, training
from retrievarium.contracts import Progress, no_progress
from retrievarium.data import World
from retrievarium.methods.budget import given
from retrievarium.methods.building import Work, build
from retrievarium.methods.measuring import measure_arms
from retrievarium.methods.registry import Arms, claim, method
from retrievarium.methods.slicing import by_bucket, gold_words, only

if TYPE_CHECKING:
    from retrievarium.data import Collection
    from retrievarium.methods.budget import Budget


def best_vector(collection: Collection, encoder: Any, ws: Any, *, rows: str | None = None, hybrid: float = 0.0) -> Any:
    """rows: None scores every passage; "Flat" or "HNSW32" takes the k m nearest rows and groups them.
    hybrid: lambda, the weight of BM25 beside a weight of 1; 0 leaves BM25 out. Tune it on dev (`tune_weight`).
    """
    dense = retrievers.LateInteraction(collection, encoder, rows, ws=ws)
    if not hybrid:
        return dense
    return retrievers.fuse_linear((1.0, dense), (hybrid, retrievers.BM25(collection, ws=ws)))


@method(
    paper=31,
    key="me-bert",
    name="ME-BERT",
    says="A few vectors for each passage, one for the question; the best match is the score.",
    serve=best_vector,
)
def me_bert(
    collection: Collection,
    budget: Budget,
    seed: int,
    work: Work,
    *,
    m: int = 4,
    merged: bool = False,
    norm: str = "layer",
    temperature: float = 1.0,
    tokens: int | None = None,
    batch: int | None = None,
    lr: float | None = None,
    steps: int | None = None,
) -> Any:
    """One tower from the warm start, for passages and questions alike, as in the authors' code.

    m: vectors of a passage; merged: their mean in place of them, one vector that has read as much (a placebo).
    norm: "layer" (layer norm without more) or "l2", the authors' code has both; temperature: 1 or .05 for them.
    tokens: word pieces read of a passage; beyond what the start has read, its places are copied.
    """
    batch, lr, steps = given(batch, lr, steps)
    start = encoders.lengthen_backbone(work.warm_start(collection, budget), tokens or budget.passage_tokens)
    towers = encoders.multi_vector_towers(start, m, norm, query_vectors=1, merged=merged, name="me-bert")
    batches = training.PairBatches(towers, collection, collection.train, batch, seed)
    objective = objectives.InfoNCE(temperature=temperature)
    work.fit("training", towers, batches, objective, dev=collection, steps=steps, lr=lr, seed=seed)
    return towers


LONG = 175  # words of a passage, about 250 word pieces
WORDS = {"words_low": 100, "words_high": 200}
WORLD = {"smoke": 150}  # passages; else 2,500, of which more than a quarter are long
ARMS: dict[str, tuple[str, dict[str, Any]]] = {
    "me-bert": ("me-bert", {"m": 4}),
    "one vector": ("me-bert", {"m": 1}),
    "one vector@0": ("me-bert", {"m": 1, "steps": 0}),
    "mean of 4": ("me-bert", {"m": 4, "merged": True}),
    "late interaction": ("late_interaction", {}),
}


@claim(
    paper=31,
    says="On long passages, four vectors a passage find more than one from the same encoder.",
    measure="RR@10",
    treatment="me-bert",
    base="one vector",
    untrained="one vector@0",
    control="late interaction",
    placebo="mean of 4",
    not_reproduced=(
        "The paper trains BERT-large on MS MARCO with mined negatives; ours is a small model, told apart in the batch.",
        "Its documents reach 512 tokens, ours about 300, and 128 dimensions stand for its 1,024.",
        "Its hybrid adds raw scores with a weight; ours adds scores scaled to [0, 1], and is shown without a claim.",
    ),
)
def contrast(
    seed: int,
    budget: str = "small",
    device: str | None = None,
    arms: Sequence[str] = ("me-bert", "one vector", "one vector@0"),
    progress: Progress = no_progress,
    facts: int = 8,
) -> Arms:
    """m = 4 minus m = 1 over questions whose answer stands in a passage of 175 words or more, `facts` in each.

    With `facts=1` a passage is about one thing, and one vector is enough: the off switch. Beside: every length, where
    no claim is made; BM25, and the hybrid with the weight that is best on dev.
    """
    world = World(seed, WORLD.get(budget, 2_500), facts_low=facts, facts_high=facts, **WORDS).collection()
    built = {a: build(ARMS[a][0], world, budget, seed, device, progress, tokens=320, **ARMS[a][1]) for a in arms}
    found = {**built, "bm25": retrievers.BM25(world)}
    if "me-bert" in built:
        found["hybrid"] = retrievers.tune_weight(built["me-bert"].retriever, found["bm25"], world)
    measured = measure_arms(found, world, "RR@10")
    words = gold_words(world)
    measured.beside["by length"] = by_bucket(measured, words, "words", (130, 150, LONG))
    measured.beside["lineage"] = {name: b.report["lineage"] for name, b in built.items()}
    measured.beside["seconds"] = {name: b.report["seconds"] for name, b in built.items()}
    return only(measured, {q for q, n in words.items() if n >= LONG})
