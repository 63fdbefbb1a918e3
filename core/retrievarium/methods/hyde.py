"""HyDE: search with passages that a language model invents (Gao et al., 2022; arXiv 2212.10496).

    h_1 ... h_N ~ writer(question)                          N texts that would answer it, at temperature .7
    v = (f(q) + f(h_1) + ... + f(h_N)) / (N + 1)            f an encoder that has seen no label
    s(q, p) = v . f(p)

What is relevant the writer must know; the encoder only finds what is like it, and its narrow vector drops most of what
was made up. Nothing about retrieval is trained, no judgement is read while searching, and whatever was invented, what
is returned stands in the collection (section 3). f is Contriever without labels, one tower for all texts.

The paper's writer has read the web and follows instructions. Ours is tiny and learns its trade here: from training
questions it learns what the answering sentence looks like, and a gate copies the question's names into it. It knows the
style and not the facts, as long as those questions are about others. Any `Generator` may take its place (`rv.HyDE`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from retrievarium import encoders, generation, retrievers
from retrievarium.contracts import Progress, no_progress
from retrievarium.methods.budget import given
from retrievarium.methods.building import Work, build
from retrievarium.methods.measuring import claim_world, measure_arms
from retrievarium.methods.parts import Parts
from retrievarium.methods.registry import Arms, claim, method
from retrievarium.methods.slicing import about_others

if TYPE_CHECKING:
    from retrievarium.data import Collection
    from retrievarium.methods.budget import Budget


TOKENS = 40  # word pieces of a text at most


def invented(
    collection: Collection, model: Parts, ws: Any, *, n: int = 4, temperature: float = 0.7, index: str = "Flat"
) -> retrievers.HyDE:
    """n: N, texts a question; 0 searches with the question alone.
    temperature: of the writer; at 0 all N are one text.
    """
    dense = retrievers.Dense(collection, model.encoder, index, ws=ws)
    writer = generation.CachedGenerator(model.writer, ws)
    how: dict[str, Any] = {"temperature": temperature, "max_new_tokens": TOKENS}
    return retrievers.HyDE(dense, writer, n, instruction="{query}", name="hyde", **how)


@method(
    paper=18,
    key="hyde",
    name="HyDE",
    says="A writer invents passages that would answer the question; their mean searches in its place.",
    serve=invented,
    load=Parts.loader(writer=lambda folder: generation.TinyGenerator.load(folder)),
)
def hyde(
    collection: Collection,
    budget: Budget,
    seed: int,
    work: Work,
    *,
    encoder: str = "contriever",
    writer: str = "causal",
    gate: bool = True,
    lr: float = 2e-3,
    batch: int | None = None,
    steps: int | None = None,
) -> Parts:
    """The encoder is taken as it is; only the writer learns.

    encoder: "contriever" (without labels), "dpr" or "baseline_dense" (with all of them).
    writer: "causal" or "seq2seq", two layers of 128; gate: whether it may copy from the question.
    batch, lr, steps: of the writer's training.
    """
    batch, lr, steps = given(batch, lr, steps)
    found = work.built(encoder, **({"labels": 0} if encoder == "contriever" else {}))
    prompts, texts = generation.writing_pairs(collection, collection.train)
    shape: dict[str, Any] = {"kind": writer, "shape": {"gate": gate}, "longest": TOKENS, "longest_prompt": 64}
    writes, pairs = generation.new_writer(prompts, texts, seed, batch=batch, name="hyde writer", **shape)
    how: dict[str, Any] = {"steps": steps, "lr": lr, "seed": seed, "decay": "cosine"}
    work.fit("writer", writes.model, pairs, generation.mean_nll, **how)
    return Parts(encoders.load_towers(found.folder / encoder), writer=writes)


ARMS = ("hyde", "raw query", "raw query, untrained", "oracle writer", "written for another")


@claim(
    paper=18,
    says="An unsupervised encoder searches better with invented passages than with the question itself.",
    measure="nDCG@10",
    treatment="hyde",
    base="raw query",
    untrained="raw query, untrained",
    control="oracle writer",
    placebo="written for another",
    not_reproduced=(
        "The paper's writer is InstructGPT, which knows the world; ours is tiny and knows nobody it is asked about.",
        "The paper's encoder is Contriever from the web; ours has read a small invented encyclopedia.",
        "Other languages and other tasks (fact checking, arguments, news) are not tried.",
    ),
)
def contrast(
    seed: int,
    budget: str = "small",
    device: str | None = None,
    arms: Sequence[str] = ARMS[:3],
    progress: Progress = no_progress,
) -> Arms:
    """HyDE minus the question alone, over 600 questions; the writer's own training questions are about others.

    "oracle writer" states the true facts; "written for another" takes the texts of the next question, which read alike.
    Beside: how many facts the texts state and how many of them are true; the same search, with every value they give
    turned into another one of its kind ("facts swapped", of the oracle's too): how much of the gain is knowledge.
    """
    world = about_others(claim_world(seed, budget, test_questions=12))
    built = build("hyde", world, budget, seed, device, progress)
    search, asked, check = built.retriever, world.test.queries, generation.FactCheck(world)
    written = search.write(asked)
    oracle = retrievers.HyDE(search.dense, generation.OracleGenerator(world), search.n, instruction="{query}")

    def given_texts(by: retrievers.HyDE, texts: Sequence[Sequence[str]]) -> retrievers.FrozenRun:
        return retrievers.FrozenRun(by.search_with(asked, retrievers.Hypotheses(tuple(map(tuple, texts)), 0), 100))

    def swapped(texts: Sequence[Sequence[str]]) -> list[list[str]]:
        return [[check.swapped(q, t, seed) for t in line] for q, line in zip(asked.texts, texts, strict=True)]

    found: dict[str, Any] = {"hyde": given_texts(search, written.texts), "raw query": search.dense}
    found["hyde, facts swapped"] = given_texts(search, swapped(written.texts))
    if "raw query, untrained" in arms:
        nothing = build("contriever", world, budget, seed, device, progress, labels=0, reading=0)
        found["raw query, untrained"] = nothing.retriever
    if "oracle writer" in arms:
        true = oracle.write(asked).texts
        found |= {
            "oracle writer": given_texts(oracle, true),
            "oracle, facts swapped": given_texts(oracle, swapped(true)),
        }
    if "written for another" in arms:
        found["written for another"] = given_texts(search, written.texts[1:] + written.texts[:1])
    measured = measure_arms(found, world, "nDCG@10")
    stated = [check(q, texts) for q, texts in zip(asked.texts, written.texts, strict=True)]
    facts = {"stated": sum(s.stated for s in stated), "true": sum(s.true for s in stated), "empty": written.empty}
    measured.beside |= {"facts": facts, "tokens": search.generator.count.to_dict(), "lineage": built.report["lineage"]}
    measured.beside["seconds"] = {"hyde": built.report["seconds"]}
    return measured
