"""One door: why did this retriever give this passage its score?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from retrievarium.analysis.why import combined, lexical, vectors
from retrievarium.analysis.why.parts import DEPTH, Attribution, Part
from retrievarium.contracts import InputError, Run, as_queries
from retrievarium.retrievers import (
    BM25,
    BaseRetriever,
    Cascade,
    Cut,
    Dense,
    Feedback,
    FrozenRun,
    HyDE,
    LateInteraction,
    LinearFusion,
    RankFusion,
    Sparse,
)

Explainer = Callable[[str], Attribution]

_OWN: dict[type, Callable[[Any, str], Explainer]] = {
    BM25: lexical.bm25,
    Sparse: lexical.sparse,
    LateInteraction: lexical.max_sim,
    Dense: vectors.one_vector,
    Feedback: vectors.feedback,
    HyDE: vectors.invented,
}
_COMBINED: dict[type, Callable[[Any, str, Callable[[Any, str], Explainer]], Explainer]] = {
    RankFusion: combined.rank_fusion,
    LinearFusion: combined.linear_fusion,
    Cascade: combined.cascade,
    Cut: combined.cut,
}


def explainer(retriever: Any, text: str) -> Explainer:
    """A function from a passage's id to its `Attribution`; what depends on the question alone is done once.

    Parts are exact for BM25, learned sparse weights, MaxSim, fusions, linear feedback and HyDE; a single vector's, a
    pair's and a learned refiner's come from leaving one out, and their remainder is told. A retriever that only
    reorders (a cross-encoder) can be explained, too.
    """
    return explainers({"one": retriever}, text)["one"]


def explainers(retrievers: Mapping[str, Any], text: str) -> dict[str, Explainer]:
    """One explainer a retriever; a retriever that is a part of several is asked once."""
    known: dict[int, Explainer] = {}

    def explain(retriever: Any, text: str) -> Explainer:
        if id(retriever) not in known:
            known[id(retriever)] = _made(retriever, text, explain)
        return known[id(retriever)]

    return {name: explain(r, text) for name, r in retrievers.items()}


def _made(retriever: Any, text: str, explain: Callable[[Any, str], Explainer]) -> Explainer:
    for kind, make in _OWN.items():
        if isinstance(retriever, kind):
            return make(retriever, text)
    for kind, combine in _COMBINED.items():
        if isinstance(retriever, kind):
            return combine(retriever, text, explain)
    if isinstance(retriever, BaseRetriever) and retriever.reorders:
        return _by_scoring(retriever, text)
    return _list_only(retriever, text)


def attribute(retriever: Any, text: str, passage: str) -> Attribution:
    """Why this retriever gives this passage its score for this question. For many passages see `explainer`."""
    return explainer(retriever, text)(passage)


def _by_scoring(retriever: BaseRetriever, text: str) -> Explainer:
    """Leave-one-out through whatever scores a given passage: one scoring a word."""
    spans, variants = vectors.left_out(text, vectors.MOST_ASKED)
    batch = as_queries({"whole": text, **{str(i): v for i, v in enumerate(variants)}})

    def of(passage: str) -> Attribution:
        alone = Run.from_dict({key: {passage: 0.0} for key in batch.ids})
        scored = retriever.rescore(batch, alone)
        values = [float(scored[q].scores[0]) for q in batch.ids]
        parts = vectors.word_parts(text, spans, [values[0] - v for v in values[1:]], "query")
        return Attribution(retriever.name, "pair", passage, values[0], parts, exact=False)

    return of


def _list_only(retriever: Any, text: str) -> Explainer:
    """Of an imported run, or of a stranger's retriever, only the list is known."""
    if isinstance(retriever, FrozenRun):
        raise InputError(
            f"{retriever.name} holds lists by query id and no reasons",
            fix="explain the retriever that made it, or read its list with of_list",
        )
    batch = as_queries(text)
    ranking = retriever.search(batch, DEPTH)[batch.ids[0]]
    return lambda passage: of_list(retriever.name, ranking, passage)


def of_list(name: str, ranking: Any, passage: str) -> Attribution:
    """All that a ranked list says of a passage: its rank and its score."""
    rank = ranking.rank_of(passage)
    score = float(np.asarray(ranking.scores)[rank - 1]) if rank else None
    parts = (Part("score", score, "an imported or foreign list gives no reasons"),) if score is not None else ()
    return Attribution(name, "unknown", passage, score, parts, rank=rank)
