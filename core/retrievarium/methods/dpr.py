"""DPR: two towers, in-batch negatives, one BM25 negative (Karpukhin et al., 2020; arXiv 2004.04906).

    s(q, p) = E_Q(q) . E_P(p)        each the state of the first token; no norm, no temperature, no projection

    loss = -(1/B) sum_i log( e^{s(q_i, p_i)} / sum_j e^{s(q_i, p_j)} )

with j over the B positives and the B h hard negatives of the whole batch. A hard negative is the best BM25 passage
that does not hold the answer (section 3.2).

Ours differs from the paper's in size and start (a small warm start in place of BERT-base) and in how title and text
are joined (a blank in place of [SEP]).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from retrievarium import encoders, objectives, retrievers, training
from retrievarium.contracts import InputError, Progress, no_progress
from retrievarium.data import World
from retrievarium.methods.building import Work, build
from retrievarium.methods.measuring import measure_arms, with_siblings
from retrievarium.methods.registry import Arms, claim, method

if TYPE_CHECKING:
    from retrievarium.data import Collection
    from retrievarium.methods.budget import Budget


@method(
    paper=10,
    key="dpr",
    name="DPR",
    says="Two untied encoders whose dot product tells a question's passage from all others of the batch.",
)
def dpr(
    collection: Collection,
    budget: Budget,
    seed: int,
    work: Work,
    *,
    negatives: int = 1,
    hard: str = "bm25",
    batch: int | None = None,
    lr: float | None = None,
    steps: int | None = None,
) -> Any:
    """Two towers from one warm start.

    negatives: h, hard negatives a question; 0 leaves the in-batch ones.
    hard: "bm25" (mined), "random" (as many passages drawn at random), or "given" (the collection's table `negatives`).
    """
    assert batch is not None
    assert lr is not None
    assert steps is not None
    start = work.warm_start(collection, budget)
    towers = encoders.two_towers(start, pooling="cls", tied=False, max_length=budget.passage_tokens, name="dpr")
    batches = training.PairBatches(towers, collection, collection.train, batch, seed, per_question=negatives)
    if negatives and steps:
        batches.use_negatives(_hard_negatives(collection, batches.used(steps), negatives, hard, work))
    probe = training.DevProbe(towers, collection) if "dev" in collection.splits else None
    work.fit("training", towers, batches, objectives.info_nce, steps=steps, lr=lr, seed=seed, probe=probe)
    return towers


def _hard_negatives(
    collection: Collection, questions: dict[str, str], count: int, kind: str, work: Work
) -> dict[str, list[str]]:
    if kind == "random":
        return {}  # the batches draw what is missing at random
    if kind == "given":
        return training.given_negatives(collection)
    if kind != "bm25":
        raise InputError(f"hard={kind!r} is unknown", field="hard", expected='"bm25", "random" or "given"')
    forbid = [training.contains_answer(collection), training.known_positive(collection.train)]
    miner = training.BM25Miner(retrievers.BM25(collection, ws=work.ws), 50, count, forbid)
    key = {"collection": collection.fingerprint, "questions": sorted(questions), "count": count, "depth": 50}
    return work.kept("negatives", key, lambda: miner(questions, work.progress))


WORLD = {"smoke": 300}  # passages; the default World otherwise
ARMS: dict[str, dict[str, Any]] = {
    "dpr": {},
    "dpr@0": {"steps": 0},
    "dpr, random negatives": {"hard": "random"},
    "dpr, oracle siblings": {"hard": "given"},
}


@claim(
    paper=10,
    says="A dual encoder trained on question-passage pairs finds the passage more often than a tuned BM25.",
    measure="Success@5",
    treatment="dpr",
    base="bm25",
    untrained="dpr@0",
    control="dpr, oracle siblings",
    placebo="dpr, random negatives",
    not_reproduced=(
        "The paper starts from BERT-base, which has read real text; ours from a small model that read other Worlds.",
        "The paper counts accuracy at 20 among 21 million passages; we count Success@5 among 5,000.",
        "In the paper BM25 wins on SQuAD, whose questions were written while reading the passage.",
    ),
)
def contrast(
    seed: int,
    budget: str = "small",
    device: str | None = None,
    arms: Sequence[str] = ("dpr", "dpr@0"),
    progress: Progress = no_progress,
) -> Arms:
    """DPR minus BM25 (k1 and b tuned on dev) over all test questions of the seed's own World.

    `arms` may name control and placebo too, which a verdict needs. Beside: other measures, the curve over overlap.
    """
    world = World(seed, WORLD.get(budget, 5_000)).collection()
    built = {
        name: build(
            "dpr",
            with_siblings(world) if ARMS[name].get("hard") == "given" else world,
            budget,
            seed,
            device,
            progress,
            **ARMS[name],
        )
        for name in arms
    }
    measured = measure_arms({"bm25": retrievers.tune_bm25(world), **built}, world, "Success@5")
    measured.beside["lineage"] = {name: b.report["lineage"] for name, b in built.items()}
    measured.beside["seconds"] = {name: b.report["seconds"] for name, b in built.items()}
    return measured
