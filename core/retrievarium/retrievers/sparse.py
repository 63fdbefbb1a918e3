"""Sparse retrieval with learned weights: a weight for each term, postings, a sum over shared terms."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import Progress, QueryBatch, Run, Searchable, as_queries
from retrievarium.retrievers.base import BaseRetriever, check_k, of_kind
from retrievarium.workspace import Workspace, workspace

if TYPE_CHECKING:
    from retrievarium.data import Collection
    from retrievarium.indexes import ImpactIndex


class Sparse(BaseRetriever):
    """Search a collection by the term weights of a lexical encoder (`LexicalTowers`, any SparseEncoder folder).

        score(q, p) = sum over terms j of  w_j(q) w_j(p)

    A passage that shares no term with the query is not found: a query of few terms gets a short list.

    Parameters
    ----------
    weights: the passages' weights, CSR `(n, V)` in the collection's order, if you have them; else they are encoded
        once and kept as postings in the workspace.
    """

    def __init__(
        self,
        collection: Collection,
        encoder: Any,
        *,
        weights: Any = None,
        name: str | None = None,
        ws: Workspace | None = None,
    ) -> None:
        self.collection, self.encoder = collection, of_kind(encoder, "lexical")
        self.name = name or encoder.name
        self._given, self._ws = weights, ws

    def prepare(self, progress: Progress | None = None) -> Sparse:
        """Load or build the postings now, with progress, not at the first search."""
        if "index" not in vars(self):
            vars(self)["index"] = self._load(progress)  # where cached_property keeps it
        return self

    @cached_property
    def index(self) -> ImpactIndex:
        return self._load(None)

    def _load(self, progress: Progress | None) -> ImpactIndex:
        from retrievarium.encoders.blocks import encoded_passages, passages_key
        from retrievarium.indexes import ImpactIndex

        index = ImpactIndex()
        if self._given is not None:
            index.add(self.collection.passages.ids, self._given)
            return index
        ws, key = self._ws or workspace(), passages_key(self.collection, self.encoder)

        def make(folder: Path) -> None:
            for ids, block in encoded_passages(self.collection, self.encoder, ws.scratch("impacts", key), progress):
                index.add(ids, block)
            index.save(folder)

        return ImpactIndex.load(ws.build("impacts", key, make))

    def flops(self, texts: Sequence[str]) -> float:
        """Postings FLOPS of these queries, see `postings_flops`."""
        from retrievarium.indexes import postings_flops

        return postings_flops(self.index, self.encoder.encode_queries(texts))

    def thinned(self, flops: float, texts: Sequence[str]) -> Sparse:
        """The same retriever with its smallest weights left out, those of queries and passages below one floor, until
        these queries cost `flops` postings FLOPS or less. Two models are compared fairly only at one such cost."""
        from retrievarium.encoders.thinned import Thinned, floor_for, thin

        held = self.index.rows(self.collection.passages.ids)
        floor = floor_for(self.encoder.encode_queries(texts), held, flops)
        return Sparse(
            self.collection, Thinned(self.encoder, floor), weights=thin(held, floor), name=self.name, ws=self._ws
        )

    def search(self, queries: Searchable, k: int = 100) -> Run:
        batch = as_queries(queries)
        if not len(batch):
            return Run.from_dict({})
        scores, ids = self.index.search(self.encoder.encode_queries(batch.texts), check_k(k))
        found = scores > 0
        return Run.from_rankings(batch.ids, ((i[f].tolist(), s[f]) for i, s, f in zip(ids, scores, found, strict=True)))

    def rescore(self, queries: QueryBatch, candidates: Run) -> Run:
        weights, row_of = self.encoder.encode_queries(queries.texts), self.collection.passages.row_of

        def ranking(query: str, row: int) -> tuple[tuple[str, ...], NDArray[np.float32]]:
            found = candidates[query].ids
            return found, self.index.scores(weights[row])[[row_of[p] for p in found]]

        return Run.from_rankings(
            queries.ids, itertools.starmap(ranking, zip(queries.ids, range(len(queries)), strict=True))
        )

    def explain(self, text: str, passage_id: str) -> list[tuple[str, float]]:
        """What each shared term adds to a passage's score, largest first; the parts sum to the score."""
        query = self.encoder.encode_queries([text])
        shared = query.multiply(self.index.rows([passage_id])).tocsr()
        parts = zip(self.encoder.pieces(shared.indices), shared.data.tolist(), strict=True)
        return sorted(((piece, float(value)) for piece, value in parts), key=lambda p: (-p[1], p[0]))


def at_one_cost(
    retrievers: Mapping[str, Sparse], among: Sequence[str], texts: Sequence[str]
) -> tuple[dict[str, Sparse], dict[str, Any]]:
    """Every retriever thinned to the cost of the cheapest one `among` these names, in postings FLOPS of the queries
    `texts`. Beside it, `{"postings FLOPS": {"as trained", "compared at", "apart"}}`: what they cost before and after,
    and how far apart those `among` are at last, as a share of the target (1 where one of them is empty: nothing can be
    compared at no cost)."""
    full = {name: one.flops(texts) for name, one in retrievers.items()}
    cost = min(full[name] for name in among)
    thin = {name: one.thinned(cost, texts) if cost else one for name, one in retrievers.items()}
    met = {name: one.flops(texts) for name, one in thin.items()}
    apart = max(abs(met[name] / cost - 1) for name in among) if cost else 1.0
    return thin, {"postings FLOPS": {"as trained": full, "compared at": met, "apart": apart}}
