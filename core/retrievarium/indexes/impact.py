"""Postings: for each term the passages that hold it, with their weights."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError
from retrievarium.contracts.order import top_k
from retrievarium.indexes.ids import IdList
from retrievarium.indexes.store import checked, seal
from retrievarium.workspace import content_hash, read_json, write_json

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_ARRAYS = ("starts", "rows", "impacts")


class ImpactIndex:
    """Exact inner products of sparse vectors by their postings.

    Term j owns `rows[starts[j]:starts[j + 1]]` (int32, rising) and as many float32 `impacts`. A query walks the
    postings of its own terms alone:

        score(q, p) = sum over terms j of q with p in j's list:  q_j * step * impact_j(p)

    with a step of 1 unless the impacts are `quantised`; in float64, rounded once, so it equals the full product of
    matrices. Passages that share no term score 0 and stand last among non-negative weights; `Sparse` leaves them out.
    Saved, the three arrays are memory-mapped: a search
    reads only the lists it walks. Complexity O(sum of the lists' lengths + n) a query.
    """

    def __init__(self) -> None:
        self._known = IdList()
        self._parts: list[csr_matrix] = []
        self._postings: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[Any]] | None = None
        self._width: int | None = None
        self.step = 1.0
        self._building = threading.Lock()

    def __len__(self) -> int:
        return len(self._known)

    def __repr__(self) -> str:
        return f"ImpactIndex({len(self):,} passages)"

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._known.ids)

    @property
    def fingerprint(self) -> str:
        return content_hash({"index": "impact", "content": self._digest})

    @cached_property
    def _digest(self) -> str:
        return self.content()

    def content(self) -> str:
        """SHA-256 over ids and postings as they are now; nothing is remembered."""
        digest = hashlib.sha256(json.dumps(self._known.ids, ensure_ascii=False).encode("utf-8"))
        held: tuple[NDArray, ...] = self.postings if len(self) else ()
        for array, kind in zip(held, ("<i8", "<i4", "|u1" if self.is_quantised else "<f4"), strict=False):
            digest.update(np.ascontiguousarray(array, dtype=kind).tobytes())
        if self.is_quantised:
            digest.update(repr(self.step).encode())
        return digest.hexdigest()

    def add(self, ids: Sequence[str], vectors: Any) -> None:
        """CSR or array `(m, V)`. Raises InputError for another width, an id given twice, a value that is not finite."""
        rows = as_csr(vectors)
        if self.is_quantised:
            raise InputError("nothing can be added to quantised impacts", fix="add to the exact index, then quantise")
        if rows.shape[0] != len(ids):
            raise InputError(f"{len(ids)} ids and weights of shape {rows.shape}", expected="one row an id")
        if self._width not in (None, rows.shape[1]):
            raise InputError(f"weights over {rows.shape[1]} terms", expected=f"{self._width}, as those already here")
        self._known.check(ids)
        if not len(ids):
            return
        if self._postings is not None:  # what is in postings goes back to rows first
            self._parts, self._postings = [self._forward()], None
        self._width = int(rows.shape[1])
        self._known.extend(ids)
        self._parts = [*self._parts, rows]
        self.__dict__.pop("_digest", None)

    @property
    def is_quantised(self) -> bool:
        return self._postings is not None and self._postings[2].dtype == np.uint8

    def quantised(self) -> ImpactIndex:
        """The same index with impacts of one byte: w becomes round(w / step), step the largest w / 255.

        No weight is off by more than half a step, so no score by more than half a step times the sum of the query's
        weights. A weight that rounds to 0 leaves its list. A quarter of the impacts' space; no faster here.
        """
        starts, rows, impacts = self.postings
        if self.is_quantised:
            return self
        if len(impacts) and float(impacts.min()) < 0:
            raise InputError("a negative weight has no quantised impact", expected="weights of 0 and more")
        made = ImpactIndex()
        made.step = float(impacts.max()) / 255 if len(impacts) else 1.0
        codes = np.rint(np.asarray(impacts, dtype=np.float64) / made.step).astype(np.uint8)
        before = np.concatenate([[0], np.cumsum(codes > 0)])  # how many stay, up to each posting
        made._postings = (before[np.asarray(starts)].astype(np.int64), rows[codes > 0], codes[codes > 0])
        made._known, made._width = self._known, self._width
        return made

    @property
    def postings(self) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[Any]]:
        """`starts (V + 1,)`, `rows (nnz,)`, `impacts (nnz,)`, float32 or, quantised, uint8 in units of `step`."""
        with self._building:
            if self._postings is None:
                if not self._parts:
                    raise InputError("the index is empty", fix="add passages first")
                from scipy.sparse import vstack

                by_term = vstack(self._parts, format="csr").tocsc()
                by_term.sort_indices()
                starts, rows = by_term.indptr.astype(np.int64), by_term.indices.astype(np.int32)
                self._postings, self._parts = (starts, rows, by_term.data.astype(np.float32)), []
            return self._postings

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many passages each term's list holds, `(V,)`."""
        return np.diff(self.postings[0])

    def scores(self, query: csr_matrix) -> NDArray[np.float32]:
        """Of every passage for one query `(1, V)`: `(n,)`."""
        starts, rows, impacts = self.postings
        total = np.zeros(len(self), dtype=np.float64)
        for term, weight in zip(query.indices, query.data.astype(np.float64), strict=True):
            here = slice(starts[term], starts[term + 1])
            total[rows[here]] += (
                weight * self.step * impacts[here].astype(np.float64)
            )  # a passage stands once in a list
        return total.astype(np.float32)

    def search(self, queries: Any, k: int) -> tuple[NDArray[np.float32], NDArray[np.object_]]:
        """Scores float32 `(n, k)` descending and ids `(n, k)`; k is cut to the size of the index."""
        if k < 1:
            raise InputError(f"k is {k}", expected="at least 1")
        width = len(self.postings[0]) - 1
        batch = as_csr(queries)
        if batch.shape[1] != width:
            raise InputError(f"queries of shape {batch.shape}", expected=f"(n, {width}), as the passages of the index")
        k = min(k, len(self))
        values = np.empty((batch.shape[0], k), dtype=np.float32)
        found = np.empty((batch.shape[0], k), dtype=np.int64)
        for q in range(batch.shape[0]):
            line = self.scores(batch[q])
            found[q] = top_k(line, self._known.ranks, k)
            values[q] = line[found[q]]
        return values, self._known.array[found]

    def rows(self, ids: Sequence[str]) -> csr_matrix:
        """CSR `(len(ids), V)`: the weights of these passages, gathered from all lists."""
        return self._forward()[self._known.rows(ids)]

    def vectors(self, ids: Sequence[str]) -> NDArray[np.float32]:
        """float32 `(len(ids), V)`, zeros included."""
        return self.rows(ids).toarray()

    def save(self, folder: str | Path) -> None:
        """`starts.npy`, `rows.npy`, `impacts.npy`, `ids.json`, and `index.json` with a SHA-256 of each."""
        folder = Path(folder)
        arrays: tuple[NDArray, ...] = self.postings
        folder.mkdir(parents=True, exist_ok=True)
        for name, array in zip(_ARRAYS, arrays, strict=True):
            np.save(folder / f"{name}.npy", array, allow_pickle=False)
        write_json(folder / "ids.json", self._known.ids)
        files = [folder / f"{name}.npy" for name in _ARRAYS]
        seal(folder, {"index": "impact", "size": len(self), "step": self.step}, *files, folder / "ids.json")

    @classmethod
    def load(cls, folder: str | Path) -> ImpactIndex:
        """The saved index, its postings memory-mapped. Every file's SHA-256 is checked first."""
        folder = Path(folder)
        about = checked(folder)
        if about["index"] != "impact":
            raise InputError(f"this is a {about['index']} index", path=folder, fix="open it with load_index")
        index = cls()
        index._known = IdList(read_json(folder / "ids.json"))
        starts, rows, impacts = (np.load(folder / f"{n}.npy", mmap_mode=_mode(folder, n)) for n in _ARRAYS)
        index._postings, index._width = (starts, rows, impacts), len(starts) - 1
        index.step = float(about.get("step", 1.0))
        return index

    # -- inside

    def _forward(self) -> csr_matrix:
        from scipy.sparse import csc_matrix

        starts, rows, impacts = self.postings
        weights = impacts.astype(np.float32) * np.float32(self.step) if self.is_quantised else impacts
        return csc_matrix((weights, rows, starts), shape=(len(self), len(starts) - 1)).tocsr()


def _mode(folder: Path, name: str) -> Any:
    """Nothing can be mapped from an array without elements."""
    with (folder / f"{name}.npy").open("rb") as source:
        np.lib.format.read_magic(source)
        return "r" if 0 not in np.lib.format.read_array_header_1_0(source)[0] else None


def as_csr(vectors: Any) -> csr_matrix:
    """CSR float32 with columns rising and no stored zero, from CSR or an array `(n, V)`."""
    from scipy.sparse import csr_matrix, issparse

    if not issparse(vectors) and getattr(vectors, "ndim", 0) != 2:
        raise InputError(f"cannot read weights from a {type(vectors).__name__}", expected="CSR or an array (n, V)")
    rows = csr_matrix(vectors, dtype=np.float32, copy=True)
    if not np.isfinite(rows.data).all():
        raise InputError("a weight is not finite")
    rows.sum_duplicates()
    rows.eliminate_zeros()
    return rows


def postings_flops(index: ImpactIndex, queries: Any) -> float:
    """Multiplications a query costs for each passage, the FLOPS of the SPLADE papers.

        FLOPS = sum over terms j of p_q(j) p_d(j)

    with p_q(j) and p_d(j) the share of queries and of passages in which j has a weight. It equals the mean number of
    terms that a query and a passage share, over all pairs. Source: Formal et al., 2021, section 4.
    """
    batch = as_csr(queries)
    if not batch.shape[0]:
        raise InputError("there are no queries", expected="at least one")
    asked = np.bincount(batch.indices, minlength=batch.shape[1]).astype(np.float64) / batch.shape[0]
    return float(asked @ (index.lengths / len(index)))
