"""What the indexes that faiss searches for us share: candidates from faiss, scores from the vectors themselves."""

from __future__ import annotations

import hashlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError
from retrievarium.contracts.order import top_k
from retrievarium.indexes.flat import check_search, exact, scores
from retrievarium.indexes.store import METRICS, Store
from retrievarium.workspace import content_hash

_MARGIN = 16
_FILE = "graph.faiss"
_faiss_lock = threading.RLock()  # faiss's number of threads is one setting for the whole process
Kind = TypeVar("Kind", bound="ApproximateIndex")


@contextmanager
def one_thread() -> Iterator[Any]:
    """faiss on one thread: with several, what is built depends on who comes first."""
    import faiss

    with _faiss_lock:
        before = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        try:
            yield faiss
        finally:
            faiss.omp_set_num_threads(before)


class ApproximateIndex(ABC):
    """Vectors, and a faiss structure over them that finds candidates; the candidates are scored exactly.

    Scores are `FlatIndex`'s, under the one tie rule; which vectors are found is approximate. k and some more candidates
    are taken, widened while the k-th score is tied. Where fewer than k are found, and where k is at least half the
    index, the search is exact. The structure is built on one thread in the order of adding, so that it is the same
    every time; adding builds it anew at the next search.
    """

    kind: ClassVar[str]
    names: ClassVar[tuple[str, ...]]
    """The constructor's arguments."""

    def __init__(self, metric: str) -> None:
        if metric not in METRICS:
            raise InputError(f"an index has no metric {metric!r}", expected=f"one of {METRICS}")
        self.metric = metric
        self._store = Store()
        self._graph: Any = None

    def __len__(self) -> int:
        return len(self._store)

    def __repr__(self) -> str:
        told = ", ".join(f"{n}={getattr(self, n)!r}" for n in self.names)
        return f"{type(self).__name__}({told}, {len(self):,} vectors)"

    @property
    def settings(self) -> dict[str, Any]:
        return {"index": self.kind, **{n: getattr(self, n) for n in self.names}}

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._store.ids)

    @property
    def fingerprint(self) -> str:
        return content_hash({**self.settings, "content": self._store.digest})

    def content(self) -> str:
        """SHA-256 over vectors, ids and the faiss structure as they are now; nothing is remembered."""
        self.build()
        digest = hashlib.sha256(self._store.fresh_digest().encode())
        with one_thread() as faiss:
            digest.update(self._serialised(faiss).tobytes())
        return digest.hexdigest()

    def add(self, ids: Sequence[str], vectors: NDArray[np.floating]) -> None:
        self._store.add(ids, vectors)
        self._graph = None

    def vectors(self, ids: Sequence[str]) -> NDArray[np.float32]:
        return self._store.rows(self._store.row_numbers(ids))

    def build(self: Kind) -> Kind:
        """Build the structure now rather than at the first search."""
        with one_thread() as faiss:
            if self._graph is None:
                if not len(self._store):
                    raise InputError("the index is empty", fix="add vectors first")
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
        """Vectors, ids, the faiss structure, and a SHA-256 of each."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.build()
        with one_thread() as faiss:
            self._write(faiss, str(folder / _FILE))
        self._store.save(folder, self.settings, folder / _FILE)

    @classmethod
    def load(cls: type[Kind], folder: str | Path) -> Kind:
        """The saved index. Every file's SHA-256 is checked before faiss reads a byte."""
        folder = Path(folder)
        store, about = Store.load(folder)
        if about["index"] != cls.kind or _FILE not in about["sha256"]:
            raise InputError(f"this is a {about['index']} index", path=folder, fix="open it with load_index")
        index = cls(**{n: about[n] for n in cls.names})
        index._store = store
        with one_thread() as faiss:
            index._graph = index._read(faiss, str(folder / _FILE))
        return index

    # -- what each kind says for itself

    @abstractmethod
    def _built(self, faiss: Any) -> Any:
        """The faiss structure over all vectors."""

    @abstractmethod
    def _found(self, faiss: Any, query: NDArray[np.floating], wanted: int) -> NDArray[np.int64]:
        """Row numbers of at most `wanted` candidates for a query `(1, d)`; -1 stands for none."""

    def _write(self, faiss: Any, path: str) -> None:
        faiss.write_index(self._graph, path)

    def _read(self, faiss: Any, path: str) -> Any:
        return faiss.read_index(path)

    def _serialised(self, faiss: Any) -> NDArray[np.uint8]:
        return faiss.serialize_index(self._graph)

    # -- inside

    def _unit(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """The vectors as faiss takes them: of unit length where the metric is the cosine."""
        if self.metric == "cosine":
            norms = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors = vectors / np.where(norms > 0, norms, 1)
        return np.ascontiguousarray(vectors, dtype=np.float32)

    def _sample(self, centres: int) -> NDArray[np.float32]:
        """At most 256 vectors for each centre to be learned, evenly spaced over the index."""
        n = len(self)
        return self._unit(self._store.rows(np.unique(np.linspace(0, n - 1, min(n, 256 * centres)).astype(np.int64))))

    def _candidates(self, query: NDArray[np.floating], wanted: int) -> NDArray[np.int64]:
        self.build()
        with one_thread() as faiss:
            found = self._found(faiss, query, min(wanted, len(self)))
        return found[found >= 0].astype(np.int64)

    def _one(self, query: NDArray[np.floating], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        wanted = self._wanted(k)
        while 2 * wanted < len(self._store):
            found = self._candidates(query, wanted)
            if len(found) < k:
                break  # part of the structure cannot be reached, as happens with many equal vectors
            passages = self._store.rows(found).astype(np.float64)
            values = scores(query.astype(np.float64), passages, self.metric)[0]
            order = top_k(values, self._store.ranks[found], k)
            if len(found) < wanted or values[order[-1]] > values.min():
                return values[order], found[order]
            wanted *= 2  # every further candidate ties with the k-th: there may be more of them
        best_values, best_rows = exact(self._store, query, k, self.metric)
        return best_values[0], best_rows[0]

    def _wanted(self, k: int) -> int:
        """How many candidates are scored for k results."""
        return k + _MARGIN
