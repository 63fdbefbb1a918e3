"""ANCE-PRF: a query encoder that reads what a first search found (Yu et al., 2021; arXiv 2108.13454), as Li et al.
took it apart and carried it to other retrievers (2021; arXiv 2112.06400).

    round 1      p_1 ... p_k = the k passages that the base retriever ranks first for q
    round 2      q' = E'([CLS] q [SEP] p_1 [SEP] ... p_k [SEP])          searched in the same index

The passages' tower and so their index stay as they are. Only E' learns; it begins as the base's query tower, and its
feedback is what the base really returns, right or wrong. With p+ relevant and p- another of the first that q' finds,

    L = mean over the pairs of  -log( e^{q' . p+} / (e^{q' . p+} + e^{q' . p-}) )

with all p constants. ANCE looks for p- now and then; since passages stand still, ours looks at every step. (With the
lists of the first step q' runs away from them, to passages that no list holds.) One encoder for each k. Feedback is cut
at the end, so that the question is always whole.

Ours differs in size, in its base (the library's, in place of ANCE), and in 448 tokens for 512, which hold a question
and three passages here. The study finds training touchy in its learning rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from retrievarium import encoders, objectives, retrievers, training
from retrievarium.contracts import InputError, Progress, no_progress
from retrievarium.methods.budget import given
from retrievarium.methods.building import Work, build
from retrievarium.methods.measuring import claim_world, measure_builds
from retrievarium.methods.parts import Parts
from retrievarium.methods.registry import Arms, claim, method
from retrievarium.methods.slicing import judged_in_full, only, with_several

if TYPE_CHECKING:
    from retrievarium.data import Collection
    from retrievarium.methods.budget import Budget


def _first(source: str, collection: Collection, ws: Any) -> Any:
    """Who finds the feedback; None is the base retriever itself."""
    if source == "bm25":
        return retrievers.BM25(collection, ws=ws)
    if source not in ("own", "random"):
        raise InputError(f"feedback={source!r} is unknown", field="feedback", expected='"own", "bm25" or "random"')
    return retrievers.Chance(collection) if source == "random" else None


def twice(collection: Collection, model: Parts, ws: Any, *, index: str = "Flat") -> retrievers.Feedback:
    """Round 1 and round 2 over one index."""
    dense, reads = retrievers.Dense(collection, model.encoder, index, ws=ws), model.reads
    first = _first(reads.source, collection, ws)
    return retrievers.Feedback(dense, reads, reads.depth, first=first, name="ance-prf")


@method(
    paper=23,
    key="ance-prf",
    name="ANCE-PRF",
    says="A second query encoder reads the question with its first passages, and searches the same index again.",
    serve=twice,
    load=Parts.loader(reads=lambda folder: encoders.TextFeedbackEncoder.load(folder)),
)
def ance_prf(
    collection: Collection,
    budget: Budget,
    seed: int,
    work: Work,
    *,
    base: str = "dpr",
    k: int = 3,
    feedback: str = "own",
    tokens: int = 448,
    depth: int = 50,
    lr: float = 1e-4,
    batch: int | None = None,
    steps: int | None = None,
) -> Parts:
    """The base retriever, then as many steps for the new query encoder, with half as many questions in each.

    base: whose query tower it begins as and whose index it searches: "dpr", "star-adore" or "contriever".
    k: passages it reads; 0 leaves the question alone.
    feedback: who finds them: "own" (the base), "bm25", or "random" (as many that nobody found).
    tokens: of question and passages together; beyond what the base has read, its places are copied.
    depth: of the lists that q' finds, from which the other passages of the pairs come.
    """
    batch, lr, steps = given(batch, lr, steps)
    found = work.built(base)
    if found.model.similarity != "dot":
        raise InputError(f"{base} compares by angle", field="base", expected="a base that compares by inner product")
    towers, dense = encoders.load_towers(found.folder / base), found.retriever
    reads = encoders.TextFeedbackEncoder(towers.query.lengthened(tokens), k, tokens, feedback)
    search = retrievers.Feedback(dense, reads, k, first=_first(feedback, collection, work.ws))
    model, size = training.FeedbackReader(search), max(2, batch // 2)

    split, _ = training.part_unlabelled(collection.train, max(1, steps) * size, seed)
    live = training.LiveIndex(collection.passages.ids, dense.vectors, depth, device=work.device)
    batches = training.RankedBatches(model, collection, split, size, seed, live)
    probe = training.LiveProbe(model.to(work.device), collection, live) if "dev" in collection.splits else None
    work.fit("feedback", model, batches, objectives.PairwiseLogistic(), steps=steps, lr=lr, seed=seed, probe=probe)
    return Parts(towers, reads=reads)


BASE = "dpr"
ARMS: dict[str, dict[str, Any]] = {
    "ance-prf": {},
    BASE: {"method": BASE},
    f"{BASE}@0": {"method": BASE, "steps": 0},
    "relevant passages": {"feedback": "relevant"},
    "random passages": {"feedback": "random"},
}


@claim(
    paper=23,
    says="A query encoder that reads the first three passages ranks better than the retriever that found them.",
    measure="nDCG@10",
    treatment="ance-prf",
    base=BASE,
    untrained=f"{BASE}@0",
    control="relevant passages",
    placebo="random passages",
    not_reproduced=(
        "The paper's base is ANCE from RoBERTa-base on MS MARCO; ours is a small DPR on a small invented encyclopedia.",
        "The paper learns for days from a million judged questions; ours learns for minutes from ten thousand.",
        "The study repeats this over several base retrievers and settings; the claim is about one of each.",
    ),
)
def contrast(
    seed: int,
    budget: str = "small",
    device: str | None = None,
    arms: Sequence[str] = tuple(ARMS)[:3],
    progress: Progress = no_progress,
    hidden: int = 3,
) -> Arms:
    """Second round minus first, over questions with three relevant passages or more, all of them judged.

    "relevant passages" gives the same encoder those in place of what was found; "random passages" is trained and asked
    with as many that say nothing. With `hidden=0` a fact is told once, and feedback has nothing to bring: off.
    """
    world = judged_in_full(claim_world(seed, budget, hidden_positives=hidden))
    about: tuple[Any, ...] = (world, budget, seed, device, progress)
    beside: dict[str, Any] = {a: build(BASE, *about, steps=ARMS[a].get("steps")) for a in arms if "method" in ARMS[a]}
    if "relevant passages" in arms:
        twice = build("ance-prf", *about).retriever
        oracle = retrievers.FrozenRun.judged(world.test.qrels)
        beside["relevant passages"] = retrievers.Feedback(twice.retriever, twice.refine, twice.depth, first=oracle)
    learned = {a: ARMS[a] for a in arms if a not in beside}
    measured = measure_builds("ance-prf", world, "nDCG@10", learned, budget, seed, device, progress, beside)
    return only(measured, with_several(world, min(3, 1 + hidden)))
