"""Dense X: the same encoder over propositions in place of passages (Chen et al., 2023; arXiv 2312.06648).

    s(q, p) = max over the propositions u of p of  q . u                  one encoder, never trained on propositions

A proposition carries one distinct piece of meaning, cannot be split further, and stands alone: pronouns and short
names are replaced (section 2). A passage ranks by its best unit; the search goes deeper until k distinct passages are
found (section 3.3). Units = passages is plain dense retrieval with the same vectors.

The encoder sees no labels. Two crops of one text belong together, as in Contriever, in the batch and without a queue:

    loss = -(1/B) sum_i log( e^{cos(a_i, b_i) / .05} / sum_j e^{cos(a_i, b_j) / .05} )

The paper's propositions come from a large model and a smaller one taught by it; ours from rules, from a tiny writer
taught on other Worlds, or from an endpoint. Its encoders have read the web; ours has read a World.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from retrievarium import analysis, encoders, objectives, pretraining, retrievers, training
from retrievarium.contracts import InputError, Progress, no_progress
from retrievarium.methods.budget import given
from retrievarium.methods.building import Work, build
from retrievarium.methods.measuring import claim_world, measure_arms
from retrievarium.methods.registry import Arms, claim, method
from retrievarium.methods.slicing import by_bucket, only
from retrievarium.units import RandomCuts, decomposition_report

if TYPE_CHECKING:
    from retrievarium.data import Collection
    from retrievarium.methods.budget import Budget

_TAU = 0.05
_NAMES = {False: "trained", True: "untrained"}


def over_units(collection: Collection, encoder: Any, ws: Any, *, unit: str = "rules") -> Any:
    """unit: "rules" (propositions by rules), "passage", "sentence", "document", "phrase" or "seq2seq" (propositions by
    a tiny writer that learned on other Worlds).
    """
    units = analysis.units_named(collection, unit, ws=ws)
    return retrievers.by_units(collection, units, encoder, ws=ws)


@method(
    paper=53,
    key="dense-x",
    name="Dense X",
    says="The index holds propositions; a passage is as good as the best of its own.",
    serve=over_units,
)
def dense_x(
    collection: Collection,
    budget: Budget,
    seed: int,
    work: Work,
    *,
    learns: str = "crops",
    batch: int | None = None,
    lr: float | None = None,
    steps: int | None = None,
) -> Any:
    """One tied tower from the warm start, mean of its states, cosine.

    learns: "crops" (no labels) or "questions" (questions and their passages, for a trained retriever beside it).
    """
    batch, lr, steps = given(batch, lr, steps)
    shape: dict[str, Any] = {"pooling": "mean", "tied": True, "normalize": True, "max_length": budget.passage_tokens}
    towers = encoders.two_towers(work.warm_start(collection, budget), name="dense-x", **shape)
    if learns == "crops":
        batches: Any = pretraining.CropBatches(towers, pretraining.exposure_texts(collection), batch, seed)
    elif learns == "questions":
        batches = training.PairBatches(towers, collection, collection.train, batch, seed)
    else:
        raise InputError(f"learns={learns!r} is unknown", field="learns", expected='"crops" or "questions"')
    objective = objectives.InfoNCE(temperature=_TAU)
    work.fit("training", towers, batches, objective, dev=collection, steps=steps, lr=lr, seed=seed)
    return towers


FACTS = {"facts_low": 5, "facts_high": 8}
UNITS = {
    "dense-x": "rules",
    "passages": "passage",
    "sentences": "sentence",
    "seq2seq units": "seq2seq",
    "oracle units": "oracle",
    "random cuts": "random cuts",
}


@claim(
    paper=53,
    says="Without labels, propositions find the passages of rare entities more often than passages do.",
    measure="R@5",
    treatment="dense-x",
    base="passages",
    untrained="passages@0",
    control="oracle units",
    placebo="random cuts",
    not_reproduced=(
        "The paper's encoders (SimCSE, Contriever) have read the web or Wikipedia; ours has read one World's prose.",
        "Its propositions come from a fine-tuned Flan-T5-large with 1 to 3% of errors; ours from rules, told beside.",
        "It counts answers among 41 million passages; we count relevant passages among 5,000.",
    ),
)
def contrast(
    seed: int,
    budget: str = "small",
    device: str | None = None,
    arms: Sequence[str] = ("dense-x", "passages", "passages@0"),
    progress: Progress = no_progress,
) -> Arms:
    """Propositions by rules minus passages, same vectors' maker, over questions on entities met never or once.

    `arms` may name any of `UNITS`. Beside: all popularities, the decompositions' errors, the number of vectors.
    """
    world = claim_world(seed, budget, **FACTS)
    told: dict[str, Any] = {}
    made: dict[str, Any] = {}
    own: dict[bool, dict[str, Any]] = {False: {}, True: {"steps": 0}}
    built = {
        plain: build("dense-x", world, budget, seed, device, progress, unit="passage", **own[plain])
        for plain in {arm.endswith("@0") for arm in arms}
    }
    for arm in arms:
        kind = UNITS[arm.removesuffix("@0")]
        units = _units(world, kind, progress)
        encoder = built[arm.endswith("@0")].model
        made[arm] = retrievers.by_units(world, units, encoder)
        told[arm] = {"units": len(units), "words": round(units.mean_words, 1), "encoder": encoder.fingerprint}
        if kind not in ("passage", "document"):
            told[arm]["errors"] = decomposition_report(units, world).to_dict()
    measured = measure_arms(made, world, "R@5", k=20)
    exposure = world.tables["exposure"]
    mentions = dict(zip(exposure.column("entity").to_pylist(), exposure.column("mentions").to_pylist(), strict=True))
    asked = {q.id: float(mentions[q.entity]) for q in world.test.queries if q.entity in mentions}
    measured.beside["by mentions"] = by_bucket(measured, asked, "mentions", (1, 4, 16, 64, 256))
    measured.beside["units"] = told
    measured.beside["lineage"] = {_NAMES[n]: dict(b.report["lineage"]) for n, b in built.items()}
    measured.beside["seconds"] = {_NAMES[n]: b.report["seconds"] for n, b in built.items()}
    return only(measured, {q for q, n in asked.items() if n <= 1})


def _units(world: Collection, kind: str, progress: Progress) -> Any:
    if kind == "random cuts":
        return RandomCuts(analysis.units_named(world, "rules")).units(world)
    return analysis.units_named(world, kind, progress=progress)
