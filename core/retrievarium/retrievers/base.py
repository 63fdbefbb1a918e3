"""One noun, one verb, an algebra.

a + b + c          reciprocal rank fusion, flat and n-ary
0.3 * a + 0.7 * b  linear fusion of normalised scores
a % 100            the first 100
first >> second    `second` reorders what `first` found
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from retrievarium.contracts import InputError, QueryBatch, Run, Searchable, as_queries

if TYPE_CHECKING:
    from retrievarium.data import Collection
    from retrievarium.data.views import Split


class BaseRetriever(ABC):
    """A retriever that can be combined with others. Searching is a pure function of its arguments."""

    name: str

    @abstractmethod
    def search(self, queries: Searchable, k: int = 100) -> Run:
        """At most k passages a query, in the total order; every query has its (possibly empty) list."""

    def rescore(self, queries: QueryBatch, candidates: Run) -> Run:
        """The candidates of each query with this retriever's scores."""
        raise InputError(
            f"{self.name} cannot reorder given passages",
            expected="a retriever that scores any passage, e.g. BM25 or Dense",
        )

    @property
    def reorders(self) -> bool:
        """Whether `rescore` works: it can stand on the right of `>>`."""
        return type(self).rescore is not BaseRetriever.rescore

    def __repr__(self) -> str:
        return self.name

    def __add__(self, other: Any) -> BaseRetriever:
        from retrievarium.retrievers.fusion import LinearFusion, RankFusion

        if not isinstance(other, BaseRetriever):
            return NotImplemented
        if isinstance(self, LinearFusion) and isinstance(other, LinearFusion):
            if (self.normalisation, self.depth) != (other.normalisation, other.depth):
                raise InputError(
                    f"{self.name} and {other.name} are normalised or cut differently, so their sums do not add up",
                    fix="give both one normalisation and depth, or list all parts in one fuse_linear(...)",
                )
            return LinearFusion([*self.parts, *other.parts], self.normalisation, self.depth)
        if isinstance(self, LinearFusion) or isinstance(other, LinearFusion):
            raise InputError(
                f"{self.name} + {other.name} mixes weighted and unweighted parts, and what that means is not clear",
                fix="give every part a weight (0.3 * a + 0.7 * b; a cut goes inside: 0.3 * (a % 100)), "
                "or fuse ranks with fuse_rrf(weighted, other)",
            )
        parts = [p for r in (self, other) for p in (r.parts if isinstance(r, RankFusion) and r.is_plain else (r,))]
        return RankFusion(parts)

    def __mul__(self, weight: Any) -> BaseRetriever:
        from retrievarium.retrievers.fusion import LinearFusion

        if isinstance(weight, bool) or not isinstance(weight, Real):
            return NotImplemented
        return LinearFusion([(float(weight), self)])

    __rmul__ = __mul__

    def __mod__(self, k: Any) -> BaseRetriever:
        return Cut(self, int(k)) if isinstance(k, Integral) and not isinstance(k, bool) else NotImplemented

    def __rshift__(self, second: Any) -> BaseRetriever:
        from retrievarium.retrievers.cascade import Cascade

        return Cascade(self, second) if isinstance(second, BaseRetriever) else NotImplemented


def check_k(k: int) -> int:
    if isinstance(k, bool) or not isinstance(k, Integral) or k < 1:
        raise InputError(f"k is {k!r}", field="k", expected="a whole number of results, at least 1")
    return int(k)


_FITS = {"dense": "Dense", "lexical": "Sparse", "multi-vector": "LateInteraction"}


def of_kind(encoder: Any, kind: str) -> Any:
    """The encoder, if it gives what this retriever searches by: one vector, term weights, or several vectors."""
    found = getattr(encoder, "kind", "dense")
    if found != kind:
        raise InputError(
            f"{encoder.name} is a {found} encoder", expected=f"a {kind} one", fix=f"search with {_FITS[found]}"
        )
    return encoder


def operand(name: str) -> str:
    """A retriever's name as an operand: in parentheses where it is itself made of several."""
    return f"({name})" if re.search(r" (\+|%|>>) ", name) else name


def tuning_split(collection: Collection, name: str) -> Split:
    """The split to tune on. Raises InputError for `test`: what was tuned on it can no longer be reported on it."""
    if name == "test":
        raise InputError("settings are not tuned on test", field="split", fix="tune on dev and report on test")
    return collection.split_named(name)


class Cut(BaseRetriever):
    """The first `depth` of another retriever, whatever is asked for."""

    def __init__(self, inner: BaseRetriever, depth: int) -> None:
        self.inner, self.depth = inner, check_k(depth)
        self.name = f"{operand(inner.name)} % {depth}"

    @property
    def reorders(self) -> bool:
        return self.inner.reorders

    def search(self, queries: Searchable, k: int = 100) -> Run:
        return self.inner.search(as_queries(queries), min(check_k(k), self.depth))

    def rescore(self, queries: QueryBatch, candidates: Run) -> Run:
        return self.inner.rescore(queries, candidates)
