"""BM25 (Robertson et al., 1995) in Lucene's variant, by bm25s.

score(q, d) = sum over terms t of q:  ln(1 + (N - df + .5) / (df + .5)) * tf / (tf + k1 (1 - b + b |d| / avg|d|))
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError, QueryBatch, Run, Searchable, as_queries, top_k
from retrievarium.contracts.order import id_ranks
from retrievarium.retrievers.analyzers import Analyzer, analyzer_for
from retrievarium.retrievers.base import BaseRetriever, check_k, tuning_split
from retrievarium.workspace import Workspace, read_json, workspace, write_json

if TYPE_CHECKING:
    import bm25s

    from retrievarium.data import Collection

GRID = tuple(itertools.product((0.6, 0.9, 1.2, 1.5), (0.2, 0.4, 0.6, 0.75)))


class BM25(BaseRetriever):
    """BM25 over title and text joined.

    Parameters
    ----------
    k1, b: term saturation (>= 0) and length normalisation (0 to 1).
    analyzer: `english`, `words` or `pairs`; by the collection's language unless given.
    keep: keep the index in the workspace, so that the next process loads it.
    """

    def __init__(
        self,
        collection: Collection,
        k1: float = 0.9,
        b: float = 0.4,
        analyzer: str | None = None,
        *,
        name: str = "bm25",
        ws: Workspace | None = None,
        keep: bool = True,
    ) -> None:
        if not 0 <= k1 < float("inf"):
            raise InputError(
                f"k1 is {k1}", field="k1", expected="0 or more (0: a term counts once however often it stands)"
            )
        if not 0 <= b <= 1:
            raise InputError(f"b is {b}", field="b", expected="between 0 (length plays no part) and 1")
        self.collection, self.k1, self.b, self.name = collection, float(k1), float(b), name
        self.analyzer = Analyzer(analyzer) if analyzer else analyzer_for(collection.language)
        self._ws, self._keep = ws, keep

    # -- the index

    def prepare(self) -> BM25:
        """Build or load the index now rather than at the first search."""
        _ = self._index, self._ranks
        return self

    @property
    def nbytes(self) -> int:
        """Bytes of the postings: scores, passages, offsets and terms."""
        index, vocabulary = self._index
        parts = (index.scores["data"], index.scores["indices"], index.scores["indptr"])
        return sum(int(part.nbytes) for part in parts) + sum(len(t.encode("utf-8")) for t in vocabulary)

    @cached_property
    def _ranks(self) -> NDArray[np.int64]:
        return id_ranks(self.collection.passages.ids)

    @cached_property
    def _index(self) -> tuple[bm25s.BM25, Mapping[str, int]]:
        import bm25s

        if not self._keep:
            return self._build()
        key = {
            "passages": self.collection.text_fingerprint,
            "analyzer": self.analyzer.kind,
            "k1": self.k1,
            "b": self.b,
            "bm25s": bm25s.__version__,
        }
        folder = (self._ws or workspace()).build("bm25", key, self._write)
        vocabulary = {t: i for i, t in enumerate(read_json(folder / "terms.json"))}
        return bm25s.BM25.load(str(folder / "index"), load_vocab=False, mmap=True), vocabulary

    def _build(self) -> tuple[bm25s.BM25, Mapping[str, int]]:
        import bm25s

        documents = [self.analyzer.terms(t) for t in self.collection.passages.joined]
        # ids by sorted term: bm25s would number terms by the hash seed, and sums would differ in the last bit
        vocabulary = {t: i for i, t in enumerate(sorted({t for d in documents for t in d}))}
        if not vocabulary:
            raise InputError(
                "no passage has a word that could be indexed",
                expected="text with words of two letters or more",
                fix='another analyzer, e.g. BM25(collection, analyzer="pairs")',
            )
        index = bm25s.BM25(method="lucene", k1=self.k1, b=self.b)
        index.index(([[vocabulary[t] for t in d] for d in documents], vocabulary), show_progress=False)
        return index, vocabulary

    def _write(self, folder: Path) -> None:
        index, vocabulary = self._build()
        index.save(str(folder / "index"), show_progress=False)
        write_json(folder / "terms.json", list(vocabulary))

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Terms of each passage, `(n,)`; counted at the first use."""
        return np.array([len(self.analyzer.terms(t)) for t in self.collection.passages.joined], dtype=np.int64)

    # -- searching

    def scores(self, text: str) -> NDArray[np.float32]:
        """Score of every passage for one query text, `(n,)`; 0 where no term matches."""
        index, vocabulary = self._index
        terms = [vocabulary[t] for t in self.analyzer.terms(text) if t in vocabulary]
        if not terms:
            return np.zeros(len(self._ranks), dtype=np.float32)
        return np.asarray(index.get_scores_from_ids(terms), dtype=np.float32)

    def search(self, queries: Searchable, k: int = 100) -> Run:
        batch, ids = as_queries(queries), self.collection.passages.ids
        check_k(k)

        def ranking(text: str) -> tuple[list[str], NDArray[np.float32]]:
            scores = self.scores(text)
            hits = np.flatnonzero(scores > 0)  # a passage that shares no term was not found
            best = hits[top_k(scores[hits], self._ranks[hits], k)]
            return [ids[i] for i in best], scores[best]

        return Run.from_rankings(batch.ids, map(ranking, batch.texts))

    def rescore(self, queries: QueryBatch, candidates: Run) -> Run:
        row_of = self.collection.passages.row_of

        def ranking(query: str, text: str) -> tuple[Sequence[str], NDArray[np.float32]]:
            found = candidates[query].ids
            return found, self.scores(text)[[row_of[p] for p in found]]

        return Run.from_rankings(queries.ids, itertools.starmap(ranking, zip(queries.ids, queries.texts, strict=True)))

    def postings(self, term: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Row numbers of the passages that hold a term, `(df,)`, and what it adds to their scores, `(df,)`."""
        index, vocabulary = self._index
        if term not in vocabulary:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        start, stop = index.scores["indptr"][vocabulary[term]], index.scores["indptr"][vocabulary[term] + 1]
        return np.asarray(index.scores["indices"][start:stop]), np.asarray(index.scores["data"][start:stop])

    def explain(self, text: str, passage_id: str) -> list[tuple[str, float]]:
        """What each term of the query adds to a passage's score, largest first; the parts sum to the score."""
        row = self.collection.passages.row_of[passage_id]
        parts: list[tuple[str, float]] = []
        for term, count in Counter(self.analyzer.terms(text)).items():
            rows, values = self.postings(term)
            parts.append((term, count * float(values[rows == row].sum())))
        return sorted(parts, key=lambda p: (-p[1], p[0]))


def tune_bm25(
    collection: Collection,
    split: str = "dev",
    measure: str = "RR@10",
    grid: Sequence[tuple[float, float]] = GRID,
    **settings: Any,
) -> BM25:
    """The BM25 whose (k1, b) is best on a development split; ties go to the earlier pair of the grid."""
    from retrievarium.evaluation import evaluate

    chosen = tuning_split(collection, split)

    def value(pair: tuple[float, float]) -> float:
        trial = BM25(collection, *pair, keep=False, **settings)
        return evaluate(trial.search(chosen.queries, 100), chosen.qrels, [measure])[measure]

    return BM25(collection, *max(grid, key=value), **settings)
