"""What the Granularity page asks the desk for: units, encoders, rankings of one question, and edits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from desk import Task, desk
from retrievarium.analysis import near_units, search_edited, units_named
from retrievarium.contracts import Run
from retrievarium.data import Collection
from retrievarium.encoders import has_vectors, load_encoder
from retrievarium.retrievers import by_units
from retrievarium.units import Units

DEPTH = 100
_QUICK = ("document", "passage", "block", "sentence", "phrase", "rules", "oracle", "random cuts", "group")


def quick(spec: str) -> bool:
    """Whether these units are made in seconds; others come from a job."""
    return spec in _QUICK


def units(collection: Collection, spec: str) -> Task:
    return desk().task(("units", collection.fingerprint, spec), lambda: units_named(collection, spec), "load")


def engine(spec: str) -> Task:
    return desk().task(("unit-engine", spec), lambda: "bm25" if spec == "bm25" else load_encoder(spec), "load")


def ranking(collection: Collection, spec: str, unit: str, question: str) -> Task:
    """Passages for one question by one kind of unit, as a run of the query `q`; None where that index is not there."""

    def work() -> Run | None:
        made: Units = units(collection, unit).result()
        by: Any = engine(spec).result()
        if by != "bm25" and not _indexed(collection, made, by):
            return None
        return by_units(collection, made, by).search({"q": question}, min(DEPTH, len(collection.passages)))

    return desk().task(("unit-ranking", collection.fingerprint, spec, unit, question), work)


def _indexed(collection: Collection, made: Units, by: Any) -> bool:
    inner: Any = by_units(collection, made, by).inner
    return has_vectors(inner.collection, by)


def near(collection: Collection, spec: str, kinds: Sequence[str], passages: Sequence[str], question: str) -> Task:
    """Scores of the units of these passages."""

    def work() -> Any:
        made = [units(collection, k).result() for k in kinds]
        return near_units(collection, made, passages, question, engine(spec).result())

    key = ("unit-near", collection.fingerprint, spec, tuple(kinds), tuple(passages), question)
    return desk().task(key, work)


def edited(collection: Collection, spec: str, unit: str, passage: str, texts: Sequence[str], question: str) -> Task:
    def work() -> Any:
        run: Run | None = ranking(collection, spec, unit, question).result()
        made: Units = units(collection, unit).result()
        return search_edited(collection, made, passage, texts, question, engine(spec).result(), run)

    return desk().task(("unit-edited", collection.fingerprint, spec, unit, passage, tuple(texts), question), work)
