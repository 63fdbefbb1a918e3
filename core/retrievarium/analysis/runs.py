"""Runs over all queries, kept by what made them: the second look is a load."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from retrievarium.contracts import InputError, Run, as_queries
from retrievarium.workspace import Workspace, content_hash, workspace

if TYPE_CHECKING:
    from retrievarium.data import Collection


def describe(retriever: Any) -> dict[str, Any]:
    """What a retriever's results depend on beside the collection, JSON-able. Raises InputError for a foreign one."""
    from retrievarium.retrievers import BM25, Cascade, Cut, Dense, FrozenRun, LinearFusion, RankFusion

    if isinstance(retriever, BM25):
        return {"kind": "bm25", "k1": retriever.k1, "b": retriever.b, "analyzer": retriever.analyzer.kind}
    if isinstance(retriever, Dense):
        return {"kind": "dense", "encoder": retriever.encoder.fingerprint, "index": retriever.index_kind}
    if isinstance(retriever, FrozenRun):
        return {"kind": "run", "run": retriever.run.fingerprint}
    if isinstance(retriever, RankFusion):
        parts = [describe(p) for p in retriever.parts]
        return {"kind": "rrf", "depth": retriever.depth, "constant": retriever.constant, "parts": parts}
    if isinstance(retriever, LinearFusion):
        weighted = [[w, describe(p)] for w, p in retriever.parts]
        return {"kind": "linear", "depth": retriever.depth, "by": retriever.normalisation, "parts": weighted}
    if isinstance(retriever, Cut):
        return {"kind": "cut", "depth": retriever.depth, "of": describe(retriever.inner)}
    if isinstance(retriever, Cascade):
        return {
            "kind": "cascade",
            "first": describe(retriever.first),
            "second": describe(retriever.second),
            "depth": retriever.depth,
        }
    raise InputError(
        f"the results of a {type(retriever).__name__} cannot be kept, for nothing says what they depend on",
        fix="search with it directly",
    )


def kept_run(
    collection: Collection,
    queries: Any,
    description: Mapping[str, Any],
    k: int,
    search: Callable[[], Run],
    ws: Workspace | None = None,
) -> Run:
    """The run that `search()` gives over `queries`, from the workspace where it was made before.

    Parameters
    ----------
    description: `describe(retriever)`, or as much as settles its results.
    k: depth of the run; part of the key.

    Kept as three arrays, `offsets (Q + 1,)`, row numbers of the passages `(N,)` and scores `(N,)`: 8 bytes a result.
    """
    batch = as_queries(queries)
    key = {
        "passages": collection.text_fingerprint,
        "queries": content_hash([list(batch.ids), list(batch.texts)]),
        "retriever": dict(description),
        "k": k,
    }

    def make(folder: Path) -> None:
        run = search()
        if run.query_ids != batch.ids:
            raise ValueError("the run must hold these queries in this order")
        row_of = collection.passages.row_of
        rows = np.array([row_of[p] for p in run.doc_ids], dtype=np.int32)
        for name, array in (("offsets", run.offsets), ("rows", rows), ("scores", run.scores)):
            np.save(folder / f"{name}.npy", array, allow_pickle=False)

    folder = (ws or workspace()).build("runs", key, make)
    offsets, rows, scores = (np.load(folder / f"{n}.npy", allow_pickle=False) for n in ("offsets", "rows", "scores"))
    ids = np.array(collection.passages.ids, dtype=object)[rows]
    return Run(batch.ids, offsets, ids, scores, ordered=True)
