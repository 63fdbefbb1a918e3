"""A run: per query a ranked list with scores, totally ordered, in aligned arrays."""

from __future__ import annotations

import hashlib
import math
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts.errors import InputError
from retrievarium.contracts.order import total_order

_LONGEST_LINE = 1 << 16


@dataclass(frozen=True)
class Ranking:
    """One query's list: ids best first and float32 scores, both `(k,)`."""

    ids: tuple[str, ...]
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[tuple[str, float]]:
        return zip(self.ids, self.scores.tolist(), strict=True)

    def rank_of(self, doc_id: str) -> int | None:
        """Rank from 1, or None where the document was not retrieved."""
        return self.ids.index(doc_id) + 1 if doc_id in self.ids else None


class Run:
    """Ranked lists of many queries.

    Held as `doc_ids (N,)` and `scores float32 (N,)` with `offsets int64 (Q + 1,)`: query i owns the slice
    `offsets[i]:offsets[i + 1]`, in the total order of `contracts.order`. Queries keep the order they were given in.
    """

    def __init__(
        self,
        query_ids: Sequence[str],
        offsets: NDArray[np.int64],
        doc_ids: NDArray,
        scores: NDArray,
        *,
        ordered: bool = False,
    ) -> None:
        self.query_ids: tuple[str, ...] = tuple(query_ids)
        self.offsets = np.asarray(offsets, dtype=np.int64)
        # sorting happens in place, so what the caller holds is copied first
        self.doc_ids = np.array(doc_ids, dtype=object, copy=None if ordered else True)
        self.scores = np.array(scores, dtype=np.float32, copy=None if ordered else True)
        if len(self.offsets) != len(self.query_ids) + 1 or len(self.doc_ids) != len(self.scores):
            raise ValueError("offsets must be (Q + 1,), doc_ids and scores both (N,)")
        if len(set(self.query_ids)) != len(self.query_ids):
            raise InputError("a run names a query twice", fix="merge its lists first")
        if not ordered:
            self._sort()
        self._row = {q: i for i, q in enumerate(self.query_ids)}

    def _sort(self) -> None:
        for start, stop in zip(self.offsets[:-1], self.offsets[1:], strict=True):
            ids = self.doc_ids[start:stop]
            if len(set(ids)) != len(ids):
                raise InputError("a document stands twice in one query's list", fix="keep its best score only")
            scores = self.scores[start:stop]
            if len(scores) > 1 and (scores[1:] < scores[:-1]).all():
                continue  # in order, and no tie to break
            order = total_order(scores, ids.tolist())
            self.doc_ids[start:stop] = ids[order]
            self.scores[start:stop] = scores[order]

    @classmethod
    def from_dict(cls, lists: Mapping[str, Mapping[str, float]]) -> Run:
        """From `{query id: {document id: score}}`; the order inside is computed here."""
        offsets = np.cumsum([0, *(len(d) for d in lists.values())])
        ids = np.array([p for d in lists.values() for p in d], dtype=object)
        scores = np.array([s for d in lists.values() for s in d.values()], dtype=np.float32)
        return cls(list(lists), offsets, ids, scores)

    @classmethod
    def from_rankings(cls, query_ids: Sequence[str], rankings: Iterable[tuple[Sequence[str], NDArray]]) -> Run:
        """From one `(ids, scores)` pair a query, in the queries' order."""
        ids: list[str] = []
        scores: list[NDArray] = []
        offsets = [0]
        for some_ids, some_scores in rankings:
            ids.extend(some_ids)
            scores.append(np.asarray(some_scores, dtype=np.float32))
            offsets.append(len(ids))
        flat = np.concatenate(scores) if scores else np.empty(0, dtype=np.float32)
        return cls(query_ids, np.array(offsets), np.array(ids, dtype=object), flat)

    def __len__(self) -> int:
        return len(self.query_ids)

    def __contains__(self, query_id: object) -> bool:
        return query_id in self._row

    def __getitem__(self, query_id: str) -> Ranking:
        i = self._row[query_id]
        start, stop = int(self.offsets[i]), int(self.offsets[i + 1])
        return Ranking(tuple(self.doc_ids[start:stop].tolist()), self.scores[start:stop])

    def __iter__(self) -> Iterator[tuple[str, Ranking]]:
        return ((q, self[q]) for q in self.query_ids)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Run)
            and self.query_ids == other.query_ids
            and np.array_equal(self.offsets, other.offsets)
            and np.array_equal(self.doc_ids, other.doc_ids)
            and np.array_equal(self.scores, other.scores)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays inside; use `fingerprint`

    @property
    def fingerprint(self) -> str:
        """16 hex digits of queries, ids and scores."""
        digest = hashlib.sha256()
        for text in (*self.query_ids, *self.doc_ids.tolist()):
            digest.update(text.encode("utf-8") + b"\0")
        digest.update(self.offsets.astype("<i8").tobytes() + self.scores.astype("<f4").tobytes())
        return digest.hexdigest()[:16]

    def to_dict(self) -> dict[str, dict[str, float]]:
        """`{query id: {document id: score}}`, best first."""
        return {q: dict(ranking) for q, ranking in self}

    def surrogate(self) -> dict[str, dict[str, float]]:
        """Like `to_dict` with scores `k - rank`: strictly decreasing, so no outside measure can break our ties anew."""
        return {q: {p: float(len(r) - i) for i, p in enumerate(r.ids)} for q, r in self}

    def top(self, k: int) -> Run:
        """The first k of every list."""
        keep = [
            slice(int(a), min(int(a) + k, int(b))) for a, b in zip(self.offsets[:-1], self.offsets[1:], strict=True)
        ]
        offsets = np.cumsum([0, *(s.stop - s.start for s in keep)])
        ids = np.concatenate([self.doc_ids[s] for s in keep]) if keep else self.doc_ids
        scores = np.concatenate([self.scores[s] for s in keep]) if keep else self.scores
        return Run(self.query_ids, offsets, ids, scores, ordered=True)

    def select(self, query_ids: Sequence[str]) -> Run:
        """Only these queries, in this order. Raises KeyError for one the run lacks."""
        return Run.from_rankings(query_ids, ((self[q].ids, self[q].scores) for q in query_ids))

    def save(self, path: str | Path, tag: str = "retrievarium") -> Path:
        """Write a TREC run file `qid Q0 docid rank score tag`, ranks from 1; scores read back to the same float32."""
        path = Path(path)
        names = (*self.query_ids, *self.doc_ids.tolist(), tag)
        bad = next((n for n in names if not n or any(c.isspace() for c in n)), None)
        if bad is not None:
            raise InputError(
                f"the id {bad!r} cannot stand in a TREC run, whose columns are split by blanks",
                path=path,
                fix="rename it without white space before searching",
            )
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
        try:
            with temporary.open("w", encoding="utf-8", newline="\n") as out:
                for q, ranking in self:
                    for rank, (doc, score) in enumerate(zip(ranking.ids, ranking.scores, strict=True), start=1):
                        # shortest text that reads back to the same float32
                        shown = np.format_float_positional(score, unique=True, trim="0")
                        out.write(f"{q} Q0 {doc} {rank} {shown} {tag}\n")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        return path

    @classmethod
    def load(cls, path: str | Path) -> Run:
        """Read a TREC run file, ranks from 0 or 1. The order comes from the scores, by our tie rule."""
        path = Path(path)
        if not path.is_file():
            raise InputError("there is no such file", path=path, expected="a TREC run file")
        lists: dict[str, dict[str, float]] = {}
        with path.open("rb") as source:
            number = 0
            while raw := source.readline(_LONGEST_LINE):
                number += 1
                if len(raw) >= _LONGEST_LINE:
                    raise InputError("the line is over 64 KiB long", path=path, line=number, expected="a TREC run line")
                if number == 1:
                    raw = raw.removeprefix(b"\xef\xbb\xbf")
                if b"\0" in raw:
                    raise InputError("the line holds a NUL byte", path=path, line=number, expected="text in UTF-8")
                try:
                    columns = raw.decode("utf-8").split()
                except UnicodeDecodeError as error:
                    raise InputError(
                        "the line is not UTF-8", path=path, line=number, fix="save the file as UTF-8"
                    ) from error
                if not columns:
                    continue
                if len(columns) != 6:
                    raise InputError(
                        f"the line has {len(columns)} columns",
                        path=path,
                        line=number,
                        expected="six columns: qid Q0 docid rank score tag",
                    )
                query, _, doc, _, score, _ = columns
                try:
                    value = float(score)
                except ValueError:
                    value = math.nan
                if math.isnan(value):
                    raise InputError(
                        f"{score!r} is not a number",
                        path=path,
                        line=number,
                        field="score",
                        expected="a decimal number",
                    )
                ranking = lists.setdefault(query, {})
                if doc in ranking:
                    raise InputError(
                        f"document {doc!r} stands twice for query {query!r}",
                        path=path,
                        line=number,
                        field="docid",
                        fix="keep one line for each query and document",
                    )
                ranking[doc] = value
        if not lists:
            raise InputError("the file holds no results", path=path, expected="lines qid Q0 docid rank score tag")
        return cls.from_dict(lists)
