"""One retriever's answer to one question, and its run over all queries: what is ready, and what is still at work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sources
from desk import Task, desk
from retrievarium.analysis import describe, kept_run
from retrievarium.contracts import Ranking, Run
from retrievarium.data import Collection
from retrievarium.encoders import LateEncoder
from retrievarium.retrievers import BaseRetriever, FrozenRun, parse_retriever
from sources import Want
from state import Selection

DEPTH = 100  # of every run; "not in the top 100"
_POOL = 200  # depth of the parts of a fusion, as the library's operators take them
_PATIENCE = 0.35  # seconds that a page waits for a single search before it shows what it has


@dataclass(frozen=True)
class Column:
    """One retriever's answer to one question."""

    name: str
    state: str  # ready, working, wants, failed
    ranking: Ranking | None = None
    note: str = ""
    wants: Sequence[Want] = ()
    keys: Sequence[Any] = ()


# -- retrievers


def retriever_key(collection: Collection, name: str) -> tuple[str, ...]:
    return ("retriever", collection.text_fingerprint, name)


def loading(collection: Collection, name: str) -> Task:
    return desk().task(retriever_key(collection, name), lambda: sources.single(name, collection), "load")


def retriever(collection: Collection, name: str) -> BaseRetriever:
    """The retriever of one name; made once, waited for by whoever needs it."""
    return loading(collection, name).result()


def combined(spec: str, resolve: Callable[[str], BaseRetriever]) -> BaseRetriever:
    found = resolve(spec) if spec.startswith(sources.IMPORTED) else parse_retriever(spec, resolve)
    found.name = spec
    return found


def warm_up(collection: Collection, specs: Sequence[str]) -> None:
    """Once all is shown: load the encoders in view, so that a question of one's own is answered at once."""
    for spec in specs:
        for name in ready_parts(spec, collection):
            task = loading(collection, name)
            if task.state == "ready":
                _weights(name, task.value, 0.0)


def ready_parts(spec: str, collection: Collection) -> list[str]:
    return [] if sources.why_not(spec, collection) or sources.wants(spec, collection) else sources.parts(spec)


# -- all queries


def _queries(collection: Collection, split: str) -> Any:
    return collection.split_named(split).queries if split else collection.all_queries


def _base_run(collection: Collection, split: str, name: str) -> Run:
    queries = _queries(collection, split)
    found = retriever(collection, name)
    return kept_run(collection, queries, describe(found), _POOL, lambda: found.search(queries, _POOL))


def _whole_run(collection: Collection, split: str, spec: str) -> Run:
    """Depth 100 over all queries of a split. Combinations are made of kept runs where ranks and scores suffice."""
    if spec.startswith(sources.IMPORTED):
        frozen = retriever(collection, spec)
        return frozen.search(_queries(collection, split), DEPTH)
    names = sources.parts(spec)
    if names == [spec]:
        return _base_run(collection, split, spec).top(DEPTH)
    queries = _queries(collection, split)
    if ">>" in spec:  # a cascade scores passages anew
        return combined(spec, lambda n: retriever(collection, n)).search(queries, DEPTH)
    kept = {n: FrozenRun(_base_run(collection, split, n), n) for n in names}
    return combined(spec, lambda n: kept[n]).search(queries, DEPTH)


def run_key(collection: Collection, split: str, spec: str) -> tuple[str, ...]:
    return ("run", collection.fingerprint, split, spec)


def run_task(collection: Collection, split: str, spec: str) -> Task:
    return desk().task(run_key(collection, split, spec), lambda: _whole_run(collection, split, spec), "whole")


# -- one question


def _one(collection: Collection, spec: str, text: str) -> Ranking:
    return combined(spec, lambda n: retriever(collection, n)).search({"q": text}, DEPTH)["q"]


def columns(collection: Collection, chosen: Selection, query: str, text: str) -> list[Column]:
    """Every chosen retriever's answer; what needs more than a moment is marked as working and comes later.

    `query` is empty for a question of one's own.
    """
    told = []
    patience = _PATIENCE
    for spec in chosen.retrievers:
        column = _column(collection, chosen, spec, query, text, patience)
        told.append(column)
        patience = patience if column.state == "ready" else 0.05
    return told


def _column(collection: Collection, chosen: Selection, spec: str, query: str, text: str, patience: float) -> Column:
    wrong = sources.why_not(spec, collection)
    if wrong:
        return Column(spec, "failed", note=wrong)
    needed = sources.wants(spec, collection)
    if needed:
        return Column(spec, "wants", wants=needed)
    if query:
        whole = desk().peek(run_key(collection, chosen.split, spec))
        if whole is not None and whole.state == "ready" and query in whole.value:
            return Column(spec, "ready", whole.value[query])
    elif spec.startswith(sources.IMPORTED):
        return Column(spec, "failed", note="An imported run holds its own queries only; it cannot answer a new one.")
    # what is still loading is not asked: a question that waits would keep others from being answered
    late = _still_loading(collection, spec, text, patience)
    if late:
        return Column(spec, "working", note=f"loading {late[0][-1]}", keys=late)
    key, work = _question(collection, spec, query, text)
    task = desk().task(key, work).wait(patience)
    if task.state == "failed":
        return Column(spec, "failed", note=task.error, keys=[key])
    if task.state == "working":
        return Column(spec, "working", note="searching", keys=[key])
    return Column(spec, "ready", task.value)


def _still_loading(collection: Collection, spec: str, text: str, patience: float) -> list[tuple[str, ...]]:
    """Keys of the loads that must end before this text can be searched for; waits a moment for the first."""
    keys: list[tuple[str, ...]] = []
    for name in sources.parts(spec):
        task = loading(collection, name)
        if not keys:
            task.wait(patience)
        if task.state == "working":
            keys.append(retriever_key(collection, name))
        elif task.state == "ready" and text not in _kept_texts(collection):
            keys += _weights(name, task.value, patience)
    return keys


def _weights(name: str, retriever: BaseRetriever, patience: float) -> list[tuple[str, ...]]:
    """The key of an encoder's load where it is needed and not done; empty otherwise."""
    late = getattr(retriever, "encoder", None)
    if not isinstance(late, LateEncoder) or late.loaded:
        return []
    task = desk().task(("weights", name), late.load, "load").wait(patience)
    return [("weights", name)] if task.state == "working" else []


@lru_cache(maxsize=8)
def _kept_texts(collection: Collection) -> frozenset[str]:
    """Questions whose vectors are kept with the collection."""
    return frozenset(collection.queries.texts)


def _question(
    collection: Collection, spec: str, query: str, text: str
) -> tuple[tuple[str, ...], Callable[[], Ranking]]:
    """Key and work of one search: by id where an imported run takes part, else by text."""
    if query and any(p.startswith(sources.IMPORTED) for p in sources.parts(spec)):
        return ("one-of-run", collection.fingerprint, spec, query), lambda: _of_run(collection, spec, query)
    return ("one", collection.text_fingerprint, spec, text), lambda: _one(collection, spec, text)


def _of_run(collection: Collection, spec: str, query: str) -> Ranking:
    return combined(spec, lambda n: retriever(collection, n)).search(collection.all_queries.select([query]), DEPTH)[
        query
    ]
