"""Explanations and edits as work of the desk: asked for by the page, made in the background, remembered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import columns as answers
import sources
from columns import DEPTH, Column
from desk import Task, desk
from retrievarium.analysis.why import (
    Attribution,
    Edit,
    Gradients,
    edited,
    explainers,
    integrated_gradients,
    of_list,
    passage_words,
)
from retrievarium.contracts import InputError, Progress, Ranking, RetrievariumError
from retrievarium.data import Collection
from retrievarium.encoders import LateEncoder
from retrievarium.retrievers import BaseRetriever, Dense
from state import Selection

Explainer = Callable[[str], Attribution]
_PATIENCE = 0.4


def _edit_key(edit: Edit | None) -> tuple[str, ...]:
    return (edit.passage, edit.title, edit.text) if edit is not None else ()


def _over(collection: Collection, edit: Edit | None) -> Task:
    """The single retrievers of this collection with one passage edited, by name; made as they are asked for."""
    key = ("edited", collection.fingerprint, _edit_key(edit))
    return desk().task(key, lambda: _Edited(collection, edit), "load")


class _Edited:
    """Retrievers over an edited collection, each made once."""

    def __init__(self, collection: Collection, edit: Edit | None) -> None:
        self.collection, self.edit = collection, edit
        self._made: dict[str, BaseRetriever] = {}
        self._lock = threading.RLock()

    def single(self, name: str) -> BaseRetriever:
        before = answers.retriever(self.collection, name)
        if self.edit is None:
            return before
        with self._lock:
            if name not in self._made:
                self._made[name] = edited({name: before}, self.collection, self.edit)[name]
            return self._made[name]

    def combined(self, spec: str) -> BaseRetriever:
        """A combination of its own object, whose name is the spec; a single one is the shared object itself."""
        parts = sources.parts(spec)
        return self.single(spec) if parts == [spec] else answers.combined(spec, self.single)


# -- what if


def columns(collection: Collection, chosen: Selection, text: str, edit: Edit | None) -> list[Column]:
    """Every chosen retriever's answer to an edited question, over the collection with an edited passage."""
    return [_column(collection, spec, text, edit) for spec in chosen.retrievers]


def _column(collection: Collection, spec: str, text: str, edit: Edit | None) -> Column:
    wrong = sources.why_not(spec, collection)
    if wrong:
        return Column(spec, "failed", note=wrong)
    needed = sources.wants(spec, collection)
    if needed:
        return Column(spec, "wants", wants=needed)
    if any(p.startswith(sources.IMPORTED) for p in sources.parts(spec)):
        return Column(spec, "failed", note="An imported run holds finished lists; nobody knows what an edit changes.")
    key = ("what-if", collection.fingerprint, spec, text, _edit_key(edit))

    def work() -> Ranking:
        return _over(collection, edit).result().combined(spec).search({"q": text}, DEPTH)["q"]

    task = desk().task(key, work).wait(_PATIENCE)
    if task.state == "failed":
        return Column(spec, "failed", note=task.error, keys=[key])
    if task.state == "working":
        return Column(spec, "working", note="searching again", keys=[key])
    return Column(spec, "ready", task.value)


# -- why


@dataclass(frozen=True)
class Reasons:
    """Attributions by retriever and passage, or the sentence that says why there is none."""

    told: Mapping[tuple[str, str], Attribution]
    failed: Mapping[str, str]
    waiting: Sequence[Any] = ()
    loading: str = ""  # the encoder whose weights are awaited


def why(
    collection: Collection,
    columns_: Sequence[Column],
    text: str,
    passages: Mapping[str, Sequence[str]],
    edit: Edit | None,
) -> Reasons:
    """Why each ready column gives its passages (by the column's name) their scores, as far as it is known already."""
    ready = [c for c in columns_ if c.ranking is not None and passages.get(c.name)]
    listed = [c for c in ready if any(p.startswith(sources.IMPORTED) for p in sources.parts(c.name))]
    told = {(c.name, p): of_list(c.name, c.ranking, p) for c in listed for p in passages[c.name]}
    failed: dict[str, str] = {}
    able = [c for c in ready if c not in listed]
    loading = [k for c in able for k in _late(collection, c.name)]
    if loading:  # its first use takes some seconds
        return Reasons(told, failed, loading, str(loading[0][-1]))
    specs = tuple(c.name for c in able)
    key = ("explainers", collection.fingerprint, specs, text, _edit_key(edit))
    made = desk().task(key, lambda: _Explained(collection, specs, text, edit), "load").result()
    waiting: list[Any] = []
    for column in able:
        wanted = tuple(passages[column.name])
        one = ("why", *key[1:], column.name, wanted)

        def work(name: str = column.name, ids: tuple[str, ...] = wanted) -> dict[str, Attribution]:
            return made.of(name, ids)

        task = desk().task(one, work).wait(_PATIENCE)
        if task.state == "ready":
            told |= {(column.name, p): a.placed(column.ranking) for p, a in task.value.items()}
        elif task.state == "failed":
            failed[column.name] = task.error
        else:
            waiting.append(one)
    return Reasons(told, failed, waiting)


class _Explained:
    """Explainers of all columns for one question; a retriever that is a part of several is asked once."""

    def __init__(self, collection: Collection, specs: Sequence[str], text: str, edit: Edit | None) -> None:
        self._about = collection, specs, text, edit
        self._makers: Mapping[str, Explainer] | None = None
        self._lock = threading.Lock()

    def of(self, name: str, passages: Sequence[str]) -> dict[str, Attribution]:
        with self._lock:
            if self._makers is None:
                collection, specs, text, edit = self._about
                over = _over(collection, edit).result()
                self._makers = explainers({s: over.combined(s) for s in specs}, text)
        return {p: self._makers[name](p) for p in passages}


def _late(collection: Collection, spec: str) -> list[Any]:
    """Keys of loads that must end before a question can be taken apart: encoders whose weights come late."""
    keys = []
    for name in sources.parts(spec):
        found = answers.loading(collection, name)
        if found.state != "ready":
            keys.append(answers.retriever_key(collection, name))
            continue
        encoder = getattr(found.value, "encoder", None)
        if isinstance(encoder, LateEncoder) and not encoder.loaded:
            task = desk().task(("weights", name), encoder.load, "load").wait(_PATIENCE)
            keys += [("weights", name)] if task.state == "working" else []
    return keys


# -- closer: on demand


class Followed:
    """How far a closer look is, written by its thread and read by the page."""

    def __init__(self) -> None:
        self.done, self.total = 0, 0

    def __call__(self, done: int, total: int, what: str, metrics: Mapping[str, float]) -> None:
        self.done, self.total = done, total


def dense_part(collection: Collection, spec: str) -> str | None:
    """The single-vector retriever inside a spec that a closer look takes: itself, or the only one it is made of."""
    try:
        names = sources.parts(spec)
    except InputError:
        return None
    found = [
        n
        for n in names
        if not n.startswith(sources.IMPORTED)
        and (t := answers.loading(collection, n)).state == "ready"
        and isinstance(t.value, Dense)
    ]
    return found[0] if len(found) == 1 else None


def closer(
    collection: Collection, name: str, text: str, passage: str, edit: Edit | None, kind: str
) -> tuple[Task | None, Any, Followed | None]:
    """A closer look that was asked for before, and its key: `words` of the passage, or `gradients`."""
    key = (kind, collection.fingerprint, name, text, passage, _edit_key(edit))
    followed = desk().peek(("followed", *key))
    return desk().peek(key), key, followed.value if followed is not None else None


def look_closer(collection: Collection, text: str, key: tuple[Any, ...], edit: Edit | None) -> None:
    """Start a closer look under its key."""
    kind, _, name, _, passage = key[:5]
    followed = Followed()
    desk().task(("followed", *key), lambda: followed).result()

    def work() -> Attribution | Gradients:
        found = _over(collection, edit).result().single(name)
        assert isinstance(found, Dense)
        told: Progress = followed
        return passage_words(found, text, passage, told) if kind == "words" else _gradients(found, text, passage)

    desk().task(key, work, "whole")


def _gradients(found: Dense, text: str, passage: str) -> Gradients:
    try:
        return integrated_gradients(found, text, passage)
    except AttributeError as error:
        raise RetrievariumError(f"{found.name} cannot be opened for gradients: {error}") from error
