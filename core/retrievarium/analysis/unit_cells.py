"""One cell of the granularity bench: one retriever over one kind of unit, searched once, kept, and what it cost."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from retrievarium.contracts import InputError, Progress, Run, as_queries
from retrievarium.retrievers import BM25, ByChunks, ByUnits, by_units
from retrievarium.units import Units, to_passages
from retrievarium.workspace import Workspace, content_hash, read_json, write_json

if TYPE_CHECKING:
    from retrievarium.data import Collection

_TIMED = 20  # questions asked one by one for the latency
DEPTH = 100  # passages kept of each list


@dataclass(frozen=True)
class Cell:
    """Runs of units and of passages, and the bill.

    costs: units, words a unit, dimensions, bytes, build_seconds, build_measured (False: estimated from a sample,
    because the vectors were there already), milliseconds (median of a question asked alone).
    """

    retriever: str
    kind: str
    units: Units
    unit_run: Run
    passage_run: Run
    costs: dict[str, Any]
    encoder: str  # fingerprint, the same for all units of a retriever
    folder: Path


def cell_key(collection: Collection, units: Units, by: Any, split: str | None, words: int) -> dict[str, Any]:
    """What a cell is made from."""
    queries = as_queries(collection.split_named(split).queries if split else collection.queries)
    return {
        "units": units.collection(collection, split).text_fingerprint,
        "parents": content_hash([list(p) for p in units.passages]),
        "queries": content_hash([list(queries.ids), list(queries.texts)]),
        "by": "bm25" if by == "bm25" else by.fingerprint,
        "depth": DEPTH,
        "words": words,
    }


def make_cell(
    collection: Collection, units: Units, by: Any, name: str, split: str | None, words: int, ws: Workspace,
    progress: Progress,
) -> Cell:  # fmt: skip
    """Search all questions of a split by these units, or read what was searched before."""
    key = cell_key(collection, units, by, split, words)

    def make(folder: Path) -> None:
        retriever = by_units(collection, units, by, split=split, ws=ws)
        costs = _build(retriever, ws, progress)
        queries = collection.split_named(split).queries if split else collection.queries
        progress(0, 1, f"searching {len(units):,} units for {len(queries):,} questions", {})
        run = retriever.search_units(queries, min(DEPTH, len(collection.passages)), words)
        run.save(folder / "units.trec", tag=_tag(name, units.kind))
        to_passages(run, units, DEPTH).save(folder / "passages.trec", tag=_tag(name, units.kind))
        costs |= {"units": len(units), "words_a_unit": round(units.mean_words, 2)}
        costs["milliseconds"] = round(1000 * _latency(retriever, queries), 2)
        write_json(folder / "costs.json", costs)

    folder = ws.build("unit-runs", key, make)
    encoder = "" if by == "bm25" else by.fingerprint
    runs = Run.load(folder / "units.trec"), Run.load(folder / "passages.trec")
    return Cell(name, units.kind, units, *runs, read_json(folder / "costs.json"), encoder, folder)


def _tag(name: str, kind: str) -> str:
    return "-".join(f"{name} {kind}".replace("(", "").replace(")", "").replace(",", "").split())


def _build(retriever: ByUnits, ws: Workspace, progress: Progress) -> dict[str, Any]:
    """Index the units, timed."""
    inner: Any = retriever.inner.inner if isinstance(retriever.inner, ByChunks) else retriever.inner
    began = time.perf_counter()
    if isinstance(inner, BM25):
        BM25(inner.collection, inner.k1, inner.b, inner.analyzer.kind, keep=False).prepare()
        seconds = time.perf_counter() - began
        retriever.prepare()
        return {"build_seconds": round(seconds, 2), "build_measured": True, "bytes": inner.nbytes, "dimensions": None}
    from retrievarium.encoders.vectors import estimate, has_vectors

    there = has_vectors(inner.collection, inner.encoder, ws)
    retriever.prepare(progress)
    seconds = estimate(inner.collection, inner.encoder) if there else time.perf_counter() - began
    rows, dim = inner.vectors.shape
    size = int(rows) * int(dim) * np.dtype(np.float32).itemsize
    return {"build_seconds": round(seconds, 2), "build_measured": not there, "bytes": size, "dimensions": int(dim)}


def _latency(retriever: ByUnits, queries: Any) -> float:
    """Median seconds of questions that are asked alone, worded so that no kept vector answers them."""
    rows = sorted({i * len(queries) // _TIMED for i in range(_TIMED)})
    taken = []
    for row in rows:
        asked = f"{queries.texts[row]} "  # another text: encoded anew
        began = time.perf_counter()
        retriever.search(asked, 20)
        taken.append(time.perf_counter() - began)
    return float(np.median(taken)) if taken else 0.0


def named_encoders(
    retrievers: tuple[str, ...], given: dict[str, Any], load: Callable[[str], Any]
) -> list[tuple[str, Any]]:
    """`(name, "bm25" or an encoder)` of each retriever. Raises InputError for what cannot search units."""
    found: list[tuple[str, Any]] = []
    for name in retrievers:
        by = given.get(name) or (name if name == "bm25" else load(name))
        if by != "bm25" and getattr(by, "kind", "dense") != "dense":
            raise InputError(
                f"{name} gives no single vector a text",
                field="retriever",
                expected="bm25, or an encoder such as minilm",
            )
        found.append((name, by))
    return found
