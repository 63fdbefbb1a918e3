"""By what a map's points can be coloured: what is known of passages and queries, what was found, what was measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.analysis.map_points import Points, gold_rows

if TYPE_CHECKING:
    from retrievarium.data import Collection

MOST = 8
"""Categories that get a colour of their own; rarer ones share `other`."""
_MOST_VALUES = 40
_SKIP = {"id", "title", "text", "metadata", "document", "note", "pair", "source", "template", "entity"}
OTHER = "other"


@dataclass(frozen=True)
class Shade:
    """One colouring of `(n + m,)` points, passages first.

    codes: for categories, a place in `names` for each point, -1 where it does not apply; values: for numbers, NaN where
    it does not apply. One of the two is None.
    """

    key: str
    label: str
    codes: NDArray[np.int16] | None = None
    names: tuple[str, ...] = ()
    values: NDArray[np.float32] | None = None
    note: str = ""

    def counts(self, rows: NDArray[np.int64] | None = None) -> list[int]:
        """How many points (of `rows`) are of each category."""
        assert self.codes is not None
        codes = self.codes if rows is None else self.codes[rows]
        return np.bincount(codes[codes >= 0], minlength=len(self.names)).tolist()

    def of(self, row: int) -> str:
        """What this colouring says of one point, in words."""
        if self.codes is not None:
            return self.names[self.codes[row]] if self.codes[row] >= 0 else ""
        assert self.values is not None
        value = float(self.values[row])
        return "" if np.isnan(value) else f"{value:.2f}".rstrip("0").rstrip(".")


def category(key: str, label: str, cells: Sequence[Any], note: str = "", order: Sequence[str] | None = None) -> Shade:
    """A Shade from one value a point (None where it does not apply), most frequent first unless `order` says."""
    counts = Counter(str(c) for c in cells if c is not None and str(c) != "")
    names = [n for n in order if n in counts] if order else [n for n, _ in sorted(counts.items(), key=_frequent)]
    if len(names) > MOST:
        names = [*names[: MOST - 1], OTHER]
    place = {n: i for i, n in enumerate(names)}
    rest = place.get(OTHER, -1)
    codes = [-1 if c is None or str(c) == "" else place.get(str(c), rest) for c in cells]
    return Shade(key, label, np.array(codes, dtype=np.int16), tuple(names), note=note)


def _frequent(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


def number(key: str, label: str, values: NDArray, note: str = "") -> Shade:
    return Shade(key, label, values=np.asarray(values, dtype=np.float32), note=note)


def known_shades(collection: Collection, points: Points) -> list[Shade]:
    """What the collection says: kind of point, entity type, popularity, and every column with 2 to 40 values."""
    n, m = len(points.passages), len(points.queries)
    told = [category("point", "passage or query", ["passage"] * n + ["query"] * m, order=["passage", "query"])]
    types = _types(collection)
    if types:
        told += _joined("type", "entity type", collection, points, types)
    if mentions := _popularity(collection):
        told += _joined("popularity", "popularity (mentions)", collection, points, mentions)
    columns = {
        c: None
        for t in (collection.passages.table, collection.queries.table)
        for c in t.column_names
        if c not in _SKIP and c not in {s.key for s in told}
    }
    for name in columns:
        cells = [*_cells(collection.passages, name, points.passages), *_cells(collection.queries, name, points.queries)]
        values = {str(c) for c in cells if c is not None}
        if 1 < len(values) <= _MOST_VALUES:
            told.append(category(name, name.replace("_", " "), cells))
    return told


def _cells(rows: Any, name: str, shown: NDArray[np.int64]) -> list[Any]:
    """A column's cells of the shown rows; None where the column is missing or holds lists."""
    cells = rows.column(name)
    if cells is None or any(isinstance(c, list | dict) for c in cells[:50]):
        return [None] * len(shown)
    return [cells[i] for i in shown.tolist()]


def _table(collection: Collection, name: str, *columns: str) -> list[tuple[Any, ...]]:
    table = collection.tables.get(name)
    if table is None or not set(columns) <= set(table.column_names):
        return []
    return list(zip(*(table.column(c).to_pylist() for c in columns), strict=True))


def _types(collection: Collection) -> dict[str, str]:
    return {str(e): t for e, t in _table(collection, "entities", "id", "type") if t}


def _popularity(collection: Collection) -> dict[str, int]:
    return {str(e): int(v) for e, v in _table(collection, "exposure", "entity", "mentions") if v is not None}


def _joined(key: str, label: str, collection: Collection, points: Points, known: dict[str, Any]) -> list[Shade]:
    """A property of entities, on the passages of their article (or that name them first) and the queries about them."""
    article = {str(d): str(e) for e, d in reversed(_table(collection, "entities", "id", "document")) if d}
    documents = collection.passages.column("document") or [None] * points.all_passages
    named = collection.passages.column("entities") or [None] * points.all_passages
    asked = collection.queries.column("entity") or [None] * points.all_queries
    cells: list[Any] = []
    for i in points.passages.tolist():
        entity = article.get(str(documents[i])) or next(iter(named[i] or ()), None)
        cells.append(known.get(str(entity)))
    cells += [known.get(str(asked[i])) for i in points.queries.tolist()]
    values = {c for c in cells if c is not None}
    if len(values) < 2:
        return []
    if all(isinstance(v, int) for v in values) and len(values) > MOST:
        logs = np.array([np.nan if c is None else np.log2(1 + c) for c in cells])
        return [number(key, f"{label}, log2(1 + n)", logs)]
    counted = all(isinstance(v, int) for v in values)
    return [category(key, label, cells, order=[str(v) for v in sorted(values)] if counted else None)]


def found_shade(collection: Collection, points: Points, lists: NDArray[np.int64], encoder: str) -> Shade | None:
    """Which queries this encoder answers, and which relevant passages it finds; None without judgements.

    `lists (m, k)`: each shown query's top passages, as positions among the shown passages.
    """
    gold = gold_rows(collection, points.queries)
    if not gold:
        return None
    position = {row: i for i, row in enumerate(points.passages.tolist())}
    k = lists.shape[1]
    names = (
        "relevant, found",
        "relevant, missed",
        "found at rank 1",
        f"found in the top {k}",
        f"missed in the top {k}",
    )
    cells: list[str | None] = [None] * (len(points.passages) + len(points.queries))
    for line, q in enumerate(points.queries.tolist()):
        wanted = {position[p] for p in gold.get(q, ()) if p in position}
        if not wanted:
            continue
        ranks = [r for r, p in enumerate(lists[line].tolist()) if p in wanted]
        at = len(points.passages) + line
        cells[at] = names[4] if not ranks else names[2] if ranks[0] == 0 else names[3]
        for p in wanted:
            if p in set(lists[line].tolist()):
                cells[p] = names[0]
            elif cells[p] is None:
                cells[p] = names[1]
    note = f"By {encoder}'s own top {k}. A passage counts as found where any query that it answers finds it."
    return category("found", "found or missed", cells, note, order=names)
