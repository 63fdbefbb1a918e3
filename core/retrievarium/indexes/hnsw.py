"""Approximate search on a graph: hierarchical navigable small worlds (Malkov and Yashunin, 2018), by faiss."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError
from retrievarium.contracts.order import top_k
from retrievarium.indexes.flat import check_search, exact, scores
from retrievarium.indexes.lift import lift_passages, lift_queries
from retrievarium.indexes.store import METRICS, Store
from retrievarium.workspace import content_hash

_MARGIN = 16
_faiss_lock = threading.RLock()  # faiss's number of threads is one setting for the whole process


@contextmanager
def _one_thread() -> Iterator[Any]:
    """faiss on one thread: with several, the graph depends on who comes first."""
    import faiss

    with _faiss_lock:
        before = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        try:
            yield faiss
        finally:
            faiss.omp_set_num_threads(before)


class HNSWIndex:
    """A graph over the vectors; scores are exact, which vectors are found is approximate.

    The graph is built on one thread in the order of adding, so that it is the same every time. The candidates it
    finds (k and some more, widened while the k-th score is tied) are scored again exactly and sorted under the one tie
    rule. Where the graph reaches fewer than k vectors, and where k is at least half the index, the search is exact.

    Parameters
    ----------
    metric: "ip", "cosine" or "l2"; scores are the ones `FlatIndex` gives.
    lift: "ip->l2" turns inner products into distances, as DPR does (see `lift`); None searches raw inner products,
        which promise a graph nothing. Measured on clustered vectors, 10 of 10,000: equal while norms are alike
        (spread of log norms up to .05: recall 1.0), and the lift the worse where they are not (.5: .55 against .99),
        since its new coordinate then outweighs the others. Cosine and l2 need no lift.
    m: links a vector; 2m on the lowest layer.
    ef_construction, ef_search: how many candidates are kept while building and while searching.
    """

    def __init__(
        self,
        metric: str = "ip",
        lift: str | None = "ip->l2",
        m: int = 32,
        ef_construction: int = 200,
        ef_search: int = 64,
    ) -> None:
        if metric not in METRICS:
            raise InputError(f"an index has no metric {metric!r}", expected=f"one of {METRICS}")
        if lift not in (None, "ip->l2"):
            raise InputError(f"there is no lift {lift!r}", expected='"ip->l2" or None')
        if m < 2 or min(ef_construction, ef_search) < 1:
            raise InputError(
                f"m={m}, ef_construction={ef_construction}, ef_search={ef_search}", expected="m >= 2, ef >= 1"
            )
        self.metric, self.lift = metric, lift
        self.m, self.ef_construction, self.ef_search = m, ef_construction, ef_search
        self._store = Store()
        self._graph: Any = None

    def __len__(self) -> int:
        return len(self._store)

    def __repr__(self) -> str:
        return f"HNSWIndex({self.metric!r}, m={self.m}, {len(self):,} vectors)"

    @property
    def settings(self) -> dict[str, Any]:
        names = ("metric", "lift", "m", "ef_construction", "ef_search")
        return {"index": "hnsw", **{n: getattr(self, n) for n in names}}

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._store.ids)

    @property
    def fingerprint(self) -> str:
        return content_hash({**self.settings, "content": self._store.digest})

    def add(self, ids: Sequence[str], vectors: NDArray[np.floating]) -> None:
        """The graph is built at the next search: phi, and with it every lifted vector, depends on all of them."""
        self._store.add(ids, vectors)
        self._graph = None

    def vectors(self, ids: Sequence[str]) -> NDArray[np.float32]:
        return self._store.rows(self._store.row_numbers(ids))

    def build(self) -> HNSWIndex:
        """Build the graph now. About 2 s for 10,000 vectors of 384 dimensions on one thread."""
        with _one_thread() as faiss:
            if self._graph is None:
                self._graph = self._built(faiss)
        return self

    def search(self, queries: NDArray[np.floating], k: int) -> tuple[NDArray[np.float32], NDArray[np.object_]]:
        """Scores float32 `(n, k)` descending and ids `(n, k)`; k is cut to the size of the index."""
        k = check_search(queries, k, self._store)
        values = np.empty((len(queries), k), dtype=np.float32)
        rows = np.empty((len(queries), k), dtype=np.int64)
        for q in range(len(queries)):
            values[q], rows[q] = self._one(queries[q : q + 1], k)
        return values, self._store.id_array[rows]

    def save(self, folder: str | Path) -> None:
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.build()
        with _one_thread() as faiss:
            faiss.write_index(self._graph, str(folder / "graph.faiss"))
        self._store.save(folder, self.settings, folder / "graph.faiss")

    @classmethod
    def load(cls, folder: str | Path) -> HNSWIndex:
        """The saved index. Every file's SHA-256 is checked before faiss reads a byte."""
        folder = Path(folder)
        store, about = Store.load(folder)
        if about["index"] != "hnsw" or "graph.faiss" not in about["sha256"]:
            raise InputError(f"this is a {about['index']} index", path=folder, fix="open it with load_index")
        index = cls(about["metric"], about["lift"], about["m"], about["ef_construction"], about["ef_search"])
        index._store = store
        with _one_thread() as faiss:
            index._graph = faiss.read_index(str(folder / "graph.faiss"))
        return index

    # -- inside

    @property
    def _lifted(self) -> bool:
        return self.metric == "ip" and self.lift is not None

    def _built(self, faiss: Any) -> Any:
        if not len(self._store):
            raise InputError("the index is empty", fix="add vectors first")
        raw = self.metric == "ip" and self.lift is None
        kind = faiss.METRIC_INNER_PRODUCT if raw else faiss.METRIC_L2
        graph = faiss.IndexHNSWFlat(int(self._store.dim or 0) + self._lifted, self.m, kind)
        graph.hnsw.efConstruction = self.ef_construction
        phi = max(float(np.einsum("nd,nd->n", b, b).max()) for _, b in self._store.blocks()) if self._lifted else 0.0
        for _, block in self._store.blocks():
            placed = lift_passages(block, phi)[0] if self._lifted else self._placed(block)
            graph.add(np.ascontiguousarray(placed, dtype=np.float32))
        return graph

    def _placed(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """Where a vector lies in the graph's space."""
        if self._lifted:
            return lift_queries(vectors).astype(np.float32)
        if self.metric == "cosine":
            norms = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors = vectors / np.where(norms > 0, norms, 1)
        return np.ascontiguousarray(vectors, dtype=np.float32)

    def _one(self, query: NDArray[np.floating], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        wanted = k + _MARGIN
        while 2 * wanted < len(self._store):
            found = self._candidates(query, wanted)
            if len(found) < k:
                break  # part of the graph cannot be reached, as happens with many equal vectors
            passages = self._store.rows(found).astype(np.float64)
            values = scores(query.astype(np.float64), passages, self.metric)[0]
            order = top_k(values, self._store.ranks[found], k)
            if len(found) < wanted or values[order[-1]] > values.min():
                return values[order], found[order]
            wanted *= 2  # every further candidate ties with the k-th: there may be more of them
        best_values, best_rows = exact(self._store, query, k, self.metric)
        return best_values[0], best_rows[0]

    def _candidates(self, query: NDArray[np.floating], wanted: int) -> NDArray[np.int64]:
        self.build()
        with _one_thread() as faiss:
            parameters = faiss.SearchParametersHNSW(efSearch=max(self.ef_search, wanted))
            found = self._graph.search(self._placed(query), wanted, params=parameters)[1][0]
        return found[found >= 0].astype(np.int64)
