"""Vectors as short codes: product quantisation and signs, by faiss."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError
from retrievarium.contracts.order import top_k
from retrievarium.indexes.approximate import ApproximateIndex


class _Codes(ApproximateIndex):
    """Codes are searched through from the first to the last; the best `rescore * k` are then scored exactly.

    The vectors themselves are only read for those candidates, so they may stay on disk. With `rescore` 0 they are not
    read at all, and scores are the codes' own.
    """

    rescore: int

    def __init__(self, metric: str, rescore: int) -> None:
        super().__init__(metric)
        if rescore < 0:
            raise InputError(f"rescore is {rescore}", expected="0 (scores from the codes) or more")
        self.rescore = rescore

    @property
    def bytes_a_vector(self) -> int:
        """What a code takes; the vector itself takes 4 d."""
        self.build()
        return int(self._graph.code_size)

    def _wanted(self, k: int) -> int:
        return max(super()._wanted(k), self.rescore * k)

    def _one(self, query: NDArray[np.floating], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        if self.rescore:
            return super()._one(query, k)
        values = self._code_scores(query)  # (n,)
        order = top_k(values, self._store.ranks, k)
        return values[order], order

    def _code_scores(self, query: NDArray[np.floating]) -> NDArray[np.float32]:
        """Every code's score for a query `(1, d)`, `(n,)`, higher is better."""
        raise NotImplementedError


class PQIndex(_Codes):
    """Product quantisation: each of `parts` pieces of a vector becomes the number of its nearest centre.

        q.p  is taken for  sum over parts of q_part . centre[code_part]

    A vector takes `parts * bits / 8` bytes instead of 4 d.

    Parameters
    ----------
    metric: "ip", "cosine" or "l2".
    parts: pieces; d must be a multiple.
    bits: of each number: 2^bits centres a part, which takes at least as many vectors.
    rescore: how many times k candidates are scored exactly; 0 gives the codes' own scores.

    Source: Jégou et al., 2011 (asymmetric distances, section 3).
    """

    kind: ClassVar[str] = "pq"
    names: ClassVar[tuple[str, ...]] = ("metric", "parts", "bits", "rescore")

    def __init__(self, metric: str = "ip", parts: int = 8, bits: int = 8, rescore: int = 4) -> None:
        super().__init__(metric, rescore)
        if parts < 1 or not 1 <= bits <= 12:
            raise InputError(f"parts={parts}, bits={bits}", expected="at least 1 part, 1 to 12 bits")
        self.parts, self.bits = parts, bits

    def _built(self, faiss: Any) -> Any:
        dim, n = int(self._store.dim or 0), len(self)
        if dim % self.parts:
            raise InputError(f"{dim} dimensions do not fall into {self.parts} parts", field="parts")
        if n < 2**self.bits:
            raise InputError(
                f"{2**self.bits} centres cannot be learned from {n} vectors",
                field="bits",
                fix=f"at most {n.bit_length() - 1} bits",
            )
        kind = faiss.METRIC_L2 if self.metric == "l2" else faiss.METRIC_INNER_PRODUCT
        index = faiss.IndexPQ(dim, self.parts, self.bits, kind)
        index.pq.cp.min_points_per_centroid = 1
        index.train(self._sample(2**self.bits))
        for _, block in self._store.blocks(np.float32):
            index.add(self._unit(block))
        return index

    def _found(self, faiss: Any, query: NDArray[np.floating], wanted: int) -> NDArray[np.int64]:
        return self._graph.search(self._unit(query), wanted)[1][0]

    def _code_scores(self, query: NDArray[np.floating]) -> NDArray[np.float32]:
        self.build()
        decoded = self._graph.reconstruct_n(0, len(self)).astype(np.float64)
        placed = self._unit(query).astype(np.float64)[0]
        if self.metric == "l2":
            return (-((decoded - placed) ** 2).sum(axis=1)).astype(np.float32)
        return (decoded @ placed).astype(np.float32)


class BinaryIndex(_Codes):
    """One bit a dimension, its sign; candidates are the nearest in Hamming distance.

    A vector takes d / 8 bytes instead of 4 d. With `rescore` 0 a score is minus the number of bits that differ.

    Source: Charikar, 2002, for signs; candidates by bits and scores by vectors as in Yamada et al., 2021.
    """

    kind: ClassVar[str] = "binary"
    names: ClassVar[tuple[str, ...]] = ("metric", "rescore")

    def __init__(self, metric: str = "ip", rescore: int = 4) -> None:
        super().__init__(metric, rescore)

    def _built(self, faiss: Any) -> Any:
        width = 8 * -(-int(self._store.dim or 0) // 8)
        index = faiss.IndexBinaryFlat(width)
        for _, block in self._store.blocks(np.float32):
            index.add(signs(block))
        return index

    def _found(self, faiss: Any, query: NDArray[np.floating], wanted: int) -> NDArray[np.int64]:
        return self._graph.search(signs(query), wanted)[1][0]

    def _code_scores(self, query: NDArray[np.floating]) -> NDArray[np.float32]:
        code = signs(query)[0]
        codes = np.concatenate([signs(block) for _, block in self._store.blocks(np.float32)])
        return -np.bitwise_count(codes ^ code).sum(axis=1).astype(np.float32)

    def _write(self, faiss: Any, path: str) -> None:
        faiss.write_index_binary(self._graph, path)

    def _read(self, faiss: Any, path: str) -> Any:
        return faiss.read_index_binary(path)

    def _serialised(self, faiss: Any) -> NDArray[np.uint8]:
        return faiss.serialize_index_binary(self._graph)


def signs(vectors: NDArray[np.floating]) -> NDArray[np.uint8]:
    """`(n, ceil(d / 8))` bytes: a bit is set where the value is above 0."""
    return np.packbits(np.asarray(vectors) > 0, axis=1)
