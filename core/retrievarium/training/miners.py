"""Which passages a question is taught to push away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrievarium.contracts import InputError, Progress, Retriever, no_progress
from retrievarium.evaluation.answers import answer_words

if TYPE_CHECKING:
    from retrievarium.data import Collection, Split

Forbid = Callable[[str, str], bool]
"""`forbid(query id, passage id)`: True where the passage may not serve as a negative."""


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
class BM25Miner:
    """For each question the `per_query` best passages among a retriever's first `depth` that nothing forbids.

    With DPR's settings, `forbid=(contains_answer(c), known_positive(c.train))`: the best BM25 passage without the
    answer (Karpukhin et al., 2020, section 3.2). A question whose first `depth` are all forbidden gets fewer.
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
                mined[query] = self._pick(query, ranking.ids)
            progress(min(start + block, len(ids)), len(ids), f"mining negatives with {self.retriever.name}", {})
        return mined

    def _pick(self, query: str, found: Sequence[str]) -> list[str]:
        chosen: list[str] = []
        for passage in found:
            if len(chosen) == self.per_query:
                break
            if not any(forbid(query, passage) for forbid in self.forbid):
                chosen.append(passage)
        return chosen
