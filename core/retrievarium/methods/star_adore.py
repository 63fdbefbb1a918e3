"""STAR and ADORE: which negatives a dense model learns from (Zhan et al., 2021; arXiv 2104.08051).

A pair of a relevant and another passage costs l(s+, s-) = log(1 + e^{s- - s+}). Over random passages the sum of pairs
bounds how many stand wrongly in the *whole* collection, which a few hard questions dominate; over the passages now on
top it bounds the errors *at the top* (section 3).

    STAR    L = mean over i and all j of the batch not relevant to i of  l(s(q_i, p_i), s(q_i, p_j))       (section 4.1)

with p_j the other questions' passages (random) and all hard negatives, drawn from the first 200 of a warm-up model
(static; here the first 50 of 5,000). Its random part keeps what has gone stale from leading training astray.

    ADORE   L = mean over i of  sum over (p relevant, n not) in top-k(q_i)  |1/rank_p - 1/rank_n| l(s_p, s_n)

with top-k(q_i) searched anew at every step: the passages' vectors are frozen, so the index is exact, and only the
question tower learns (sections 4.2 and 4.3). One tower serves both sides until then; its vector is the first token's.

Ours differs in size and start, in leaving out the authors' linear layer after the first token, and in AdamW for LAMB.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from retrievarium import encoders, objectives, training
from retrievarium.contracts import InputError, Progress, no_progress
from retrievarium.methods.budget import given
from retrievarium.methods.building import build
from retrievarium.methods.measuring import claim_world, levelled, measure_builds, sibling_errors, with_siblings
from retrievarium.methods.registry import Arms, claim, method

if TYPE_CHECKING:
    from retrievarium.data import Collection
    from retrievarium.methods.budget import Budget
    from retrievarium.methods.building import Work


@method(
    paper=55,
    key="star-adore",
    name="STAR and ADORE",
    says="Hard negatives kept stable by random ones; then the question tower learns from what it finds at this step.",
)
def star_adore(
    collection: Collection,
    budget: Budget,
    seed: int,
    work: Work,
    *,
    negatives: str = "dynamic",
    star: bool = True,
    random: bool = True,
    depth: int = 50,
    k: int = 100,
    query_lr: float = 1e-4,
    query_steps: int | None = None,
    batch: int | None = None,
    lr: float | None = None,
    steps: int | None = None,
) -> Any:
    """Two thirds of the steps in batches, one third STAR, then half as many again for the question tower alone.

    negatives: what the question tower learns from: "dynamic" (ADORE), "static" (the lists of the first step),
        "random", "given" (the table `negatives`, filled up at random), or "none" (it stays).
    star, random: leave STAR out, or its random part.
    depth: of the warm-up model's lists, from which STAR draws. k: length of the question tower's lists, and their cut.
    query_lr, query_steps: of the question tower alone.
    """
    if negatives not in (known := ("dynamic", "static", "random", "given", "none")):
        raise InputError(f"negatives={negatives!r} is unknown", field="negatives", expected=f"one of {known}")
    batch, lr, steps = given(batch, lr, steps)
    query_steps = steps // 2 if query_steps is None else query_steps
    train, warm = collection.train, steps - steps // 3

    def tower(own: Work, what: str, towers: Any, batches: Any, count: int, random: bool = True) -> Any:
        objective = objectives.StaticHardPlusRandom(random)
        own.fit(what, towers, batches, objective, dev=collection, steps=count, lr=lr, seed=seed)
        return towers

    def warm_up(own: Work) -> Any:
        shape: dict[str, Any] = {"pooling": "cls", "tied": True, "max_length": budget.passage_tokens}
        towers = encoders.two_towers(own.warm_start(collection, budget), name="star-adore", **shape)
        return tower(own, "warm-up", towers, training.PairBatches(towers, collection, train, batch, seed), warm)

    def hard(own: Work) -> Any:
        shape: dict[str, Any] = {"per_question": 1, "sample": True, "first": warm}
        batches = training.PairBatches(towers, collection, train, batch, seed, **shape)
        if hard_steps := steps - warm:
            miner = training.DenseMiner.of(towers, collection, train, depth, own.ws)
            batches.use_negatives(miner(batches.used(hard_steps), own.progress))
        return tower(own, "STAR", towers, batches, hard_steps, random)

    towers = work.stage("warm-up", shared := {"batch": batch, "lr": lr, "steps": steps}, warm_up)
    if star:
        towers = work.stage("STAR", {**shared, "random": random, "depth": depth}, hard)
    if negatives == "none" or not query_steps:
        return towers
    fixed: tuple[Any, Any] = (collection.passages.ids, encoders.passage_vectors(collection, towers, work.ws))
    towers = towers.untied()
    live = training.LiveIndex(*fixed, k, device=work.device)
    batches = training.RankedBatches(towers, collection, train, batch, seed, live, first=steps)
    if negatives == "static":
        batches.lists = training.FixedLists.found(live, towers, batches.used(query_steps))
    elif negatives in ("random", "given"):
        first = training.given_negatives(collection) if negatives == "given" else None
        batches.lists = training.RandomLists(*fixed, seed, k, first, device=work.device)
    probe = training.LiveProbe(towers, collection, live) if "dev" in collection.splits else None
    more: dict[str, Any] = {"steps": query_steps, "lr": query_lr, "seed": seed, "freeze": "passage", "probe": probe}
    work.fit("ADORE", towers, batches, objectives.LambdaRR(cut=k), **more)
    return towers


ARMS: dict[str, dict[str, Any]] = {
    "dynamic": {},
    "static": {"negatives": "static"},
    "star-adore@0": {"steps": 0},
    "random": {"negatives": "random"},
    "true siblings": {"negatives": "given"},
}
BOTH: dict[str, Any] = {
    "paper": 55,
    "measure": "RR@10",
    "treatment": "dynamic",
    "untrained": "star-adore@0",
    "control": "true siblings",
    "conditions": ("the start's loss has levelled", "30% of the start's errors have a sibling on top"),
    "not_reproduced": ("RoBERTa, 8.8 million passages, six epochs; ours is a small model, 5,000 passages, one epoch.",),
}


@claim(key="star-adore-random", says="Fresh negatives beat random ones.", base="random", placebo="none", **BOTH)
@claim(
    says="Negatives found anew at each step teach more than those found once.", base="static", placebo="random", **BOTH
)
def contrast(
    seed: int,
    budget: str = "small",
    device: str | None = None,
    arms: Sequence[str] = tuple(ARMS)[:4],
    progress: Progress = no_progress,
    **dials: int,
) -> Arms:
    """All arms go on from one STAR model, for equal steps, questions and lists; `siblings=0` is the off switch."""
    world = with_siblings(claim_world(seed, budget, **dials))
    chosen = {arm: ARMS[arm] for arm in arms}
    found = measure_builds("star-adore", world, "RR@10", chosen, budget, seed, device, progress)
    start = build("star-adore", world, budget, seed, device, progress, negatives="none")  # kept: nothing is trained
    values = levelled(start.curve), sibling_errors(start.retriever, world) - 0.3
    found.beside["conditions"] = dict(zip(BOTH["conditions"], values, strict=True))
    return found
