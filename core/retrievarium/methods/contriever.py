"""Contriever: a dense retriever from raw text alone (Izacard et al., 2022; arXiv 2112.09118).

Two crops of one text, drawn each for itself and thinned by a tenth, should find each other (section 3.2). One tower
serves both sides, the mean of its states is the vector, the score a dot product without a norm:

    L = -(1/B) sum_i log( e^{q_i . k_i / tau} / (e^{q_i . k_i / tau} + sum_j e^{q_i . n_j / tau}) )        (equation 1)

with the second crop's key k_i by a slow copy of the encoder, xi <- m xi + (1 - m) theta, and n_j the K keys of the
batches before, first in, first out: the number of negatives no longer depends on the batch (MoCo, section 3.3). No
gradient reaches a key. Few labels are enough afterwards: ordinary in-batch InfoNCE at the same temperature.

While a key waits in the queue the copy goes K (1 - m) / B of its way: .03 in the paper. Where it goes far, new keys can
be told from old ones by their age alone, and that is learned in place of the text. So in few steps K is short: here
.04 with K = 512, m = .995 and B = 64. Ours differs in that, in size and start, in tau = 1 for .05 (our start's vectors
are not BERT's), and in crops that stay inside one text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from retrievarium import encoders, objectives, pretraining, training
from retrievarium.contracts import InputError, Progress, no_progress
from retrievarium.methods.budget import given
from retrievarium.methods.measuring import claim_world, measure_builds
from retrievarium.methods.registry import Arms, claim, method
from retrievarium.methods.slicing import in_slice, only

if TYPE_CHECKING:
    from retrievarium.data import Collection
    from retrievarium.methods.budget import Budget
    from retrievarium.methods.building import Work

TASKS = ("crops", "strangers", "words", "questions", "none")


@method(
    paper=16,
    key="contriever",
    name="Contriever",
    says="Crops of one text find each other among a queue of others; a few labels then go a long way.",
)
def contriever(
    collection: Collection,
    budget: Budget,
    seed: int,
    work: Work,
    *,
    task: str = "crops",
    labels: int = 500,
    longest: float = 0.5,
    queue: int = 512,
    momentum: float = 0.995,
    temperature: float = 1.0,
    reading: int | None = None,
    batch: int | None = None,
    lr: float | None = None,
    steps: int | None = None,
) -> Any:
    """First `reading` steps on the collection's text, then `steps` on labelled questions.

    task: "crops", "strangers" (crops of two different texts), "words" (the masked language model goes on), "questions"
        (training questions and their passages in place of crops), or "none".
    labels: training questions whose passage is known, drawn at random; 0 leaves the retriever without labels.
    longest: the longest crop, as a share of its chunk; the shortest is .05.
    queue, momentum: K, earlier keys that serve as negatives; and m, how slowly the copy follows.
    reading: None takes twice the steps.
    """
    batch, lr, steps = given(batch, lr, steps)
    if task not in TASKS:
        raise InputError(f"task={task!r} is unknown", field="task", expected=f"one of {TASKS}")
    reading = 2 * steps if reading is None else reading
    nearness = objectives.InfoNCE(temperature=temperature)

    def one_tower(backbone: Any) -> Any:
        return encoders.two_towers(
            backbone, pooling="mean", tied=True, max_length=budget.passage_tokens, name="contriever"
        )

    def read(own: Work) -> Any:
        start, texts = own.start(collection, budget), pretraining.exposure_texts(collection)
        towers = one_tower(start.backbone)
        settings: dict[str, Any] = {"steps": reading, "lr": lr, "seed": seed}
        if task in ("crops", "strangers"):
            crop = pretraining.RandomCrop(longest=longest)
            moco = pretraining.MomentumContrast(towers, queue, momentum, temperature, crop, paired=task == "crops")
            own.fit("crops", moco, moco.batches(texts, batch, seed), moco.objective, **settings)
        elif task == "questions":
            pairs = training.PairBatches(towers, collection, collection.train, batch, seed)
            own.fit("questions", towers, pairs, nearness, **settings)
        elif task == "words":
            masked = pretraining.MLM(start.backbone, head=start.head)
            own.fit("words", masked, masked.batches(texts, batch, seed), masked.objective, **settings)
            towers = one_tower(masked.detach_heads())
        return towers

    about = {"batch": batch, "lr": lr, "reading": reading, "longest": longest, "queue": queue, "momentum": momentum}
    towers = work.stage("reading", {**about, "task": task, "temperature": temperature}, read)
    if labels and steps:
        few, _ = training.part_unlabelled(collection.train, labels, seed)
        pairs = training.PairBatches(towers, collection, few, min(batch, len(few.queries.ids) // 2), seed)
        work.fit("labels", towers, pairs, nearness, dev=collection, steps=steps, lr=lr, seed=seed)
    return towers


ARMS: dict[str, dict[str, Any]] = {
    "crops": {},
    "words": {"task": "words"},
    "contriever@0": {"task": "none", "steps": 0},
    "questions": {"task": "questions"},
    "strangers": {"task": "strangers"},
}


@claim(
    paper=16,
    says="With 500 labels, a start from crops that found each other beats one from masked words, on new entities.",
    measure="R@5",
    treatment="crops",
    base="words",
    untrained="contriever@0",
    control="questions",
    placebo="strangers",
    not_reproduced=(
        "The paper's headline needs no label and beats BM25 on 11 of 15 collections; ours asks what a start is worth.",
        "The paper reads Wikipedia and CCNet for 500,000 steps of 2,048 texts; ours 17,000 short texts of one World.",
        "The paper's masked start is BERT-base; ours goes on with masked words for as many texts as the crops see.",
    ),
)
def contrast(
    seed: int,
    budget: str = "small",
    device: str | None = None,
    arms: Sequence[str] = tuple(ARMS)[:3],
    progress: Progress = no_progress,
    reading: int | None = None,
) -> Arms:
    """Crops minus masked words over questions about unseen entities; `reading=0` leaves both the same start."""
    world = claim_world(seed, budget)
    chosen = {arm: {"reading": reading, **ARMS[arm]} for arm in arms}
    found = measure_builds("contriever", world, "R@5", chosen, budget, seed, device, progress)
    return only(found, in_slice(world, "unseen-entity"))
