"""Lists of passages to train against: searched anew at every step, mined once, or drawn at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from retrievarium.contracts import InputError
from retrievarium.indexes import FlatIndex
from retrievarium.training.batches import embed
from retrievarium.training.seeds import stream
from retrievarium.training.tokens import TokenTable


class LiveIndex:
    """Exact search over frozen passage vectors with the question vectors of this very step.

    Because the passages never change, the index is always exact, and the negatives are new whenever the question
    tower has moved (ADORE; Zhan et al., 2021, section 4.2). It stays as it was to the byte.

    Parameters
    ----------
    ids: of the passages, in the collection's order; equal scores are ranked by them.
    vectors: `(n, d)`, by the passage tower that stays frozen.
    k: length of a list.
    similarity: "dot" or "cosine" (unit vectors on both sides).
    """

    def __init__(
        self,
        ids: Sequence[str],
        vectors: NDArray[np.floating],
        k: int = 200,
        similarity: str = "dot",
        device: str | torch.device = "cpu",
    ) -> None:
        self.k = _length(k, len(ids))
        self.index = FlatIndex("cosine" if similarity == "cosine" else "ip")
        self.index.add(ids, np.asarray(vectors, dtype=np.float32))
        self.vectors = torch.tensor(np.asarray(vectors, dtype=np.float32), device=device)
        self.ids = list(ids)
        self._row_of = {p: r for r, p in enumerate(self.ids)}

    @property
    def fingerprint(self) -> str:
        return self.index.fingerprint

    def __call__(self, queries: Sequence[str], q: Tensor) -> NDArray[np.int64]:
        """Rows `(B, k)`; what the questions are called does not matter."""
        _, found = self.index.search(q.detach().float().cpu().numpy(), self.k)
        return np.array([[self._row_of[p] for p in line] for line in found.tolist()], dtype=np.int64)


class FixedLists:
    """The lists that a miner found once, whatever the questions' vectors have become since.

    Raises InputError where a question's list is shorter than k.
    """

    def __init__(
        self,
        ids: Sequence[str],
        vectors: NDArray[np.floating],
        mined: Mapping[str, Sequence[str]],
        k: int = 200,
        device: str | torch.device = "cpu",
    ) -> None:
        self.k = _length(k, len(ids))
        self.vectors = torch.tensor(np.asarray(vectors, dtype=np.float32), device=device)
        row_of = {p: r for r, p in enumerate(ids)}
        short = next((q for q, found in mined.items() if len(found) < self.k), None)
        if short is not None:
            raise InputError(f"question {short!r} has {len(mined[short])} mined passages", expected=f"{self.k}")
        self._lists = {q: [row_of[p] for p in found[: self.k]] for q, found in mined.items()}

    @classmethod
    def found(cls, live: LiveIndex, model: Any, questions: Mapping[str, str], block: int = 256) -> FixedLists:
        """What a live search finds for questions `{id: text}` with the model as it is now."""
        asked, mined = list(questions), {}
        texts = TokenTable.cut(model, "query", [questions[q] for q in asked])
        model.eval()
        with torch.inference_mode():
            for start in range(0, len(asked), block):
                some = range(start, min(start + block, len(asked)))
                q = embed(model, "query", texts.take(list(some)))  # (b, d)
                for i, rows in zip(some, live([asked[i] for i in some], q), strict=True):
                    mined[asked[i]] = [live.ids[r] for r in rows]
        return cls(live.ids, live.vectors.cpu().numpy(), mined, live.k, live.vectors.device)

    def __call__(self, queries: Sequence[str], q: Tensor) -> NDArray[np.int64]:
        return np.array([self._lists[query] for query in queries], dtype=np.int64)


class RandomLists:
    """k passages drawn at random for each question, `first` ones ahead of them; a question always draws the same.

    Parameters
    ----------
    first: `{question id: [passage id, ...]}`, such as siblings that one knows; at most k are taken.
    """

    def __init__(
        self,
        ids: Sequence[str],
        vectors: NDArray[np.floating],
        seed: int,
        k: int = 200,
        first: Mapping[str, Sequence[str]] | None = None,
        device: str | torch.device = "cpu",
    ) -> None:
        self.k, self.seed, self.n = _length(k, len(ids)), seed, len(ids)
        self.vectors = torch.tensor(np.asarray(vectors, dtype=np.float32), device=device)
        row_of = {p: r for r, p in enumerate(ids)}
        self._first = {q: [row_of[p] for p in found[: self.k]] for q, found in (first or {}).items()}

    def __call__(self, queries: Sequence[str], q: Tensor) -> NDArray[np.int64]:
        return np.array([self._draw(query) for query in queries], dtype=np.int64)

    def _draw(self, query: str) -> list[int]:
        rows = self._first.get(query, [])
        drawn = stream(self.seed, f"random list of {query}").choice(self.n, self.k, replace=False).tolist()
        return list(dict.fromkeys([*rows, *drawn]))[: self.k]


def _length(k: int, n: int) -> int:
    if k < 1:
        raise InputError(f"lists of {k} passages", field="k", expected="1 or more")
    return min(k, n)


def staleness(mined: Mapping[str, Sequence[str]], current: Mapping[str, Sequence[str]], k: int) -> float:
    """Share of the k negatives mined earlier that are still among the current best k, mean over the mined questions.

    1: nothing has moved. `current`: `{question id: [passage id, ...]}`, best first, of the same depth or deeper.
    """
    if not mined:
        raise InputError("nothing was mined", expected="at least one question")
    shares = [len(set(found[:k]) & set(current[q][:k])) / max(1, len(found[:k])) for q, found in mined.items()]
    return float(np.mean(shares))
