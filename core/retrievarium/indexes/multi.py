"""Several vectors a passage: rows in groups, MaxSim over them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import Index, InputError
from retrievarium.contracts.order import top_k
from retrievarium.encoders.multi import MultiVectors, as_multi
from retrievarium.indexes.ids import IdList
from retrievarium.indexes.store import ROWS, checked, seal
from retrievarium.workspace import content_hash, read_json, write_json


def max_sim(query: NDArray[np.floating], passages: MultiVectors) -> NDArray[np.float32]:
    """MaxSim of one query with every passage, `(n,)`.

        s(q, p) = sum over the query's vectors a of  max over the passage's vectors b of  q_a . p_b

    query: `(a, d)`. Every passage has at least one vector. In float64, rounded once. With one query vector it is the
    largest inner product, with one vector on both sides the inner product.

    Source: Khattab and Zaharia, 2020, equation 3.
    """
    dots = np.asarray(query, dtype=np.float64) @ np.asarray(passages.values, dtype=np.float64).T  # (a, N)
    return np.maximum.reduceat(dots, passages.offsets[:-1], axis=1).sum(axis=0).astype(np.float32)


class MultiVectorIndex:
    """Passages with one or more vectors each, scored exactly by MaxSim.

    Parameters
    ----------
    rows: None scores every passage. A factory string ("Flat", "HNSW32", "IVF64") lays all vectors out as rows of such
        an index: each query vector takes its nearest rows, the passages they belong to are the candidates, and only
        those are scored.
    per_vector: rows that each query vector takes; None takes k * m, m the largest number of vectors of a passage.
        With one query vector and "Flat" rows, k * m rows hold the k best passages for certain: the first k passages
        have at most m rows each. k rows do not.
    """

    def __init__(self, rows: str | None = None, per_vector: int | None = None) -> None:
        if per_vector is not None and (per_vector < 1 or rows is None):
            raise InputError(
                f"per_vector={per_vector}, rows={rows!r}", expected='at least 1, with rows such as "Flat" or "HNSW32"'
            )
        if rows is not None:
            self._empty_rows(rows)
        self.rows, self.per_vector = rows, per_vector
        self._known = IdList()
        self._content: MultiVectors | None = None

    @staticmethod
    def _empty_rows(kind: str) -> Index:
        from retrievarium.indexes.factory import make_index

        return make_index(kind, "ip")

    def __len__(self) -> int:
        return len(self._known)

    def __repr__(self) -> str:
        return f"MultiVectorIndex(rows={self.rows!r}, {len(self):,} passages)"

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._known.ids)

    @property
    def settings(self) -> dict[str, Any]:
        return {"index": "multi-vector", "rows": self.rows, "per_vector": self.per_vector}

    @property
    def fingerprint(self) -> str:
        return content_hash({**self.settings, "content": self._digest})

    @cached_property
    def _digest(self) -> str:
        return self.content()

    def content(self) -> str:
        """SHA-256 over ids, groups and vectors as they are now; nothing is remembered."""
        digest = hashlib.sha256(json.dumps(self._known.ids, ensure_ascii=False).encode("utf-8"))
        if self._content is not None:
            digest.update(self._content.offsets.astype("<i8").tobytes())
            for start in range(0, len(self._content.values), ROWS):
                digest.update(np.ascontiguousarray(self._content.values[start : start + ROWS], "<f4").tobytes())
        return digest.hexdigest()

    def add(self, ids: Sequence[str], vectors: Any) -> None:
        """`MultiVectors`, or an array `(n, d)` of one vector each. A passage needs at least one vector."""
        new = as_multi(vectors)
        if len(new) != len(ids):
            raise InputError(f"{len(ids)} ids and vectors for {len(new)} passages", expected="one group an id")
        if (new.counts < 1).any():
            raise InputError(f"passage {ids[int(np.argmin(new.counts))]!r} has no vector", expected="at least one each")
        if self._content is not None and new.dim != self._content.dim:
            raise InputError(f"vectors of {new.dim} dimensions", expected=f"{self._content.dim}, as those already here")
        self._known.check(ids)
        if not all(np.isfinite(new.values[i : i + ROWS]).all() for i in range(0, len(new.values), ROWS)):
            raise InputError("a vector holds a value that is not finite")
        if not len(ids):
            return
        self._known.extend(ids)
        self._content = new if self._content is None else MultiVectors.joined([self._content, new])
        for known in ("_digest", "_row_index", "_owner"):
            self.__dict__.pop(known, None)

    def multi(self, ids: Sequence[str]) -> MultiVectors:
        """The vectors of these passages."""
        return self.held.take(self._known.rows(ids))

    def vectors(self, ids: Sequence[str]) -> NDArray[np.float32]:
        """Their vectors one under the other, float32 `(sum of m_i, d)`."""
        return np.asarray(self.multi(ids).values, dtype=np.float32)

    def search(self, queries: Any, k: int) -> tuple[NDArray[np.float32], NDArray[np.object_]]:
        """Scores float32 `(n, k)` descending and ids `(n, k)`; k is cut to the size of the index.

        queries: `MultiVectors`, or an array `(n, d)` of one vector each.
        """
        if k < 1:
            raise InputError(f"k is {k}", expected="at least 1")
        held, batch = self.held, as_multi(queries)
        if batch.dim != held.dim:
            raise InputError(f"queries of {batch.dim} dimensions", expected=f"{held.dim}, as the vectors of the index")
        k = min(k, len(self))
        values = np.empty((len(batch), k), dtype=np.float32)
        found = np.empty((len(batch), k), dtype=np.int64)
        for q, query in enumerate(batch):
            values[q], found[q] = self._one(query, k)
        return values, self._known.array[found]

    def save(self, folder: str | Path) -> None:
        """`values.npy`, `offsets.npy`, `ids.json`, and `index.json` with a SHA-256 of each; rows are laid out anew."""
        folder, held = Path(folder), self.held
        folder.mkdir(parents=True, exist_ok=True)
        for name, array in (("values", held.values), ("offsets", held.offsets)):
            np.save(folder / f"{name}.npy", array, allow_pickle=False)
        write_json(folder / "ids.json", self._known.ids)
        files = [folder / n for n in ("values.npy", "offsets.npy", "ids.json")]
        seal(folder, {**self.settings, "size": len(self)}, *files)

    @classmethod
    def load(cls, folder: str | Path) -> MultiVectorIndex:
        """The saved index, its vectors memory-mapped. Every file's SHA-256 is checked first."""
        folder = Path(folder)
        about = checked(folder)
        if about["index"] != "multi-vector":
            raise InputError(f"this is a {about['index']} index", path=folder, fix="open it with load_index")
        index = cls(about["rows"], about["per_vector"])
        index._known = IdList(read_json(folder / "ids.json"))
        values = np.load(folder / "values.npy", mmap_mode="r", allow_pickle=False)
        offsets = np.load(folder / "offsets.npy", allow_pickle=False)
        index._content = MultiVectors(values, offsets)
        return index

    # -- inside

    @property
    def held(self) -> MultiVectors:
        """All vectors, in the order of adding."""
        if self._content is None:
            raise InputError("the index is empty", fix="add passages first")
        return self._content

    def _one(self, query: NDArray[np.floating], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        if self.rows is None:
            return self._best(query, np.arange(len(self)), k)
        total = len(self.held.values)
        wanted = self.per_vector or k * int(self.held.counts.max())
        while True:
            candidates, borders = self._candidates(query, min(wanted, total))
            if wanted >= total:
                return self._best(query, np.arange(len(self)), k)
            if len(candidates) >= k:
                values, found = self._best(query, candidates, k)
                # a row not taken may tie with the k-th passage where there is one query vector: take more of them
                if len(query) > 1 or values[-1] > borders[0]:
                    return values, found
            wanted *= 2

    def _candidates(self, query: NDArray[np.floating], wanted: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Passages with a row among the `wanted` nearest of a query vector, and the last score of each, `(a,)`."""
        scores, rows = self._row_index.search(np.ascontiguousarray(query, dtype=np.float32), wanted)
        return np.unique(self._owner[rows.astype(np.int64)]), scores[:, -1]

    def _best(
        self, query: NDArray[np.floating], candidates: NDArray[np.int64], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        values = np.empty(len(candidates), dtype=np.float32)
        ends = np.cumsum(self.held.counts[candidates])
        start = 0
        while start < len(candidates):  # blocks of about 8,192 vectors, whole passages
            before = ends[start - 1] if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, before + ROWS, "right")))
            values[start:stop] = max_sim(query, self._block(candidates[start:stop]))
            start = stop
        order = top_k(values, self._known.ranks[candidates], k)
        return values[order], candidates[order]

    def _block(self, rows: NDArray[np.int64]) -> MultiVectors:
        held = self.held
        if len(rows) and rows[-1] - rows[0] == len(rows) - 1:  # neighbours: no copy
            first, last = held.offsets[rows[0]], held.offsets[rows[-1] + 1]
            return MultiVectors(held.values[first:last], held.offsets[rows[0] : rows[-1] + 2] - first)
        return held.take(rows)

    @cached_property
    def _owner(self) -> NDArray[np.int64]:
        """The passage of each row, `(N,)`."""
        return np.repeat(np.arange(len(self)), self.held.counts)

    @cached_property
    def _row_index(self) -> Index:
        index = self._empty_rows(str(self.rows))
        index.add([str(i) for i in range(len(self.held.values))], self.held.values)
        return index
