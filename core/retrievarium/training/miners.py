"""Which passages a question is taught to push away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from retrievarium.contracts import InputError, Progress, Retriever, no_progress
from retrievarium.evaluation.answers import answer_words

if TYPE_CHECKING:
    from retrievarium.data import Collection, Split
    from retrievarium.data.views import Qrels
    from retrievarium.workspace import Workspace

Forbid = Callable[[str, str], bool]
"""`forbid(query id, passage id)`: True where the passage may not serve as a negative."""
Label = Callable[[Mapping[str, str], Mapping[str, Sequence[str]]], dict[str, dict[str, float]]]
"""`label({query id: text}, {query id: [passage id, ...]}) -> {query id: {passage id: score}}`, in the same order."""


def contains_answer(collection: Collection) -> Forbid:
    """Forbids a passage (title and text) that holds one of the question's answers as a sequence of words.

    The same label as `has_answer`, with each passage cut once. A question without answers forbids nothing.
    """
    texts = dict(zip(collection.passages.ids, collection.passages.joined, strict=True))
    answers = collection.all_queries.answers
    words: dict[str, str] = {}

    def forbid(query: str, passage: str) -> bool:
        wanted = answers.get(query)
        if not wanted:
            return False
        if passage not in words:
            words[passage] = answer_words(texts[passage])
        return any(a.strip() and a in words[passage] for a in map(answer_words, wanted))

    return forbid


def known_positive(split: Split) -> Forbid:
    """Forbids what the split's judgements call relevant."""
    return lambda query, passage: passage in split.qrels.relevant(query)


def given_negatives(collection: Collection) -> dict[str, list[str]]:
    """The collection's own: its table `negatives` (query_id, passage_id), in its order."""
    table = collection.tables.get("negatives")
    if table is None:
        raise InputError(
            f"{collection.name} brings no negatives", expected="a table 'negatives'", fix="mine them with BM25"
        )
    given: dict[str, list[str]] = {}
    for query, passage in zip(*(table.column(c).to_pylist() for c in ("query_id", "passage_id")), strict=True):
        given.setdefault(query, []).append(passage)
    return given


@dataclass(frozen=True)
class Miner:
    """For each question the `per_query` best passages among a retriever's first `depth` that nothing forbids.

    A question whose first `depth` are all forbidden gets fewer.
    """

    retriever: Retriever
    depth: int = 50
    per_query: int = 1
    forbid: Sequence[Forbid] = ()

    def __call__(
        self, queries: Mapping[str, str], progress: Progress = no_progress, block: int = 500
    ) -> dict[str, list[str]]:
        """`{query id: [passage id, ...]}`, best first, from `{query id: text}`."""
        mined: dict[str, list[str]] = {}
        ids = list(queries)
        for start in range(0, len(ids), block):
            some = {q: queries[q] for q in ids[start : start + block]}
            for query, ranking in self.retriever.search(some, self.depth):
                mined[query] = _pick(query, ranking.ids, self.per_query, self.forbid)
            progress(min(start + block, len(ids)), len(ids), f"mining negatives with {self.retriever.name}", {})
        return mined


class BM25Miner(Miner):
    """A `Miner` with DPR's settings: with `forbid=(contains_answer(c), known_positive(c.train))` the best BM25 passage
    without the answer (Karpukhin et al., 2020, section 3.2)."""


@dataclass(frozen=True)
class DenseMiner(Miner):
    """A `Miner` with a trained model: everything in its first 200 that is not known to be relevant, from which batches
    draw (`PairBatches(..., sample=True)`), as in ANCE and STAR. Static: it holds what the model thought once."""

    depth: int = 200
    per_query: int = 200

    @classmethod
    def of(
        cls, encoder: Any, collection: Collection, known: Split, depth: int = 200, ws: Workspace | None = None
    ) -> DenseMiner:
        """Everything among the first `depth` of a dense search that `known` does not call relevant."""
        from retrievarium.retrievers import Dense

        return cls(Dense(collection, encoder, ws=ws), depth, depth, [known_positive(known)])


@dataclass(frozen=True)
class EnsembleMiner:
    """Negatives from several retrievers at once: their lists interleaved by rank, each passage once.

    retrievers: in the order of precedence at equal rank.
    label: gives the pool a teacher's scores (`TeacherLabels`), for `scored`.
    """

    retrievers: Sequence[Retriever]
    depth: int = 50
    per_query: int = 50
    forbid: Sequence[Forbid] = ()
    label: Label | None = None

    def __call__(self, queries: Mapping[str, str], progress: Progress = no_progress) -> dict[str, list[str]]:
        """`{query id: [passage id, ...]}`."""
        found = [Miner(r, self.depth, self.depth, self.forbid)(queries, progress) for r in self.retrievers]
        return {q: _interleaved([f[q] for f in found])[: self.per_query] for q in queries}

    def scored(
        self, queries: Mapping[str, str], beside: Mapping[str, Iterable[str]] = MappingProxyType({})
    ) -> dict[str, dict[str, float]]:
        """`{query id: {passage id: teacher's score}}` of the pool and of the passages given `beside` it, such as the
        relevant ones."""
        if self.label is None:
            raise InputError("there is no teacher to score the pool", field="label", fix="label=TeacherLabels(...)")
        pools = self(queries)
        return self.label(queries, {q: list(dict.fromkeys([*beside.get(q, ()), *pools[q]])) for q in queries})


def _pick(query: str, found: Sequence[str], count: int, forbid: Sequence[Forbid]) -> list[str]:
    chosen: list[str] = []
    for passage in found:
        if len(chosen) == count:
            break
        if not any(forbidden(query, passage) for forbidden in forbid):
            chosen.append(passage)
    return chosen


def _interleaved(lists: Sequence[Sequence[str]]) -> list[str]:
    """First all first places, then all second places, each passage where it comes first."""
    return list(dict.fromkeys(p for line in zip_longest(*lists) for p in line if p is not None))


def false_negative_rate(negatives: Mapping[str, Sequence[str]], full_qrels: Qrels) -> float:
    """Share of (question, negative) pairs that the full judgements call relevant; 0 where there is no pair."""
    pairs = [(q, p) for q, found in negatives.items() for p in found]
    return sum(p in full_qrels.relevant(q) for q, p in pairs) / len(pairs) if pairs else 0.0
