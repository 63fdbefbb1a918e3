"""Train, dev and test from one judged split, leaking nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from retrievarium.contracts import InputError
from retrievarium.data.views import seeded_order

if TYPE_CHECKING:
    from retrievarium.data.collection import Collection

_ARTICLE_COLUMNS = ("document", "title")


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


class _Groups:
    """Union-find over query rows: rows in one group never part."""

    def __init__(self, n: int) -> None:
        self.parent = list(range(n))

    def root(self, i: int) -> int:
        while self.parent[i] != i:
            self.parent[i] = self.parent[self.parent[i]]
            i = self.parent[i]
        return i

    def join(self, i: int, j: int) -> None:
        self.parent[self.root(j)] = self.root(i)


def _passage_groups(collection: Collection, by: str) -> Mapping[str, str]:
    """For each passage the value that must not be shared between splits."""
    passages = collection.passages
    if by == "random":
        return {p: p for p in passages.ids}
    column = by
    if by == "article":
        column = next((c for c in _ARTICLE_COLUMNS if any(passages.column(c) or [])), "")
        if not column:
            raise InputError(
                "the passages name no article",
                field="document",
                expected="a column 'document' or a title",
                fix='split by="random"',
            )
    values = passages.column(column)
    if values is None:
        raise InputError(
            f"neither queries nor passages have a column {by!r}",
            expected='"random", "article" or the name of a column',
            fix='split by="random"',
        )
    return {p: str(v) if v else p for p, v in zip(passages.ids, values, strict=True)}


def split_collection(collection: Collection, by: str, train: float, dev: float, seed: int) -> Collection:
    """Queries that share a relevant passage (or one of the same text, its article, or a column's value), and queries
    of the same text, stay together. Other qrels files keep only the queries that are not trained or tuned on.

    `by` is "random" (queries sharing a relevant passage stay together), "article" (queries about one article do),
    or a column of the queries or passages (e.g. "entity"). The shares are of queries and are met as closely as
    whole groups allow.
    """
    if not (0 < train < 1 and 0 <= dev < 1 and train + dev < 1):
        raise InputError(
            f"shares train={train}, dev={dev} leave nothing for a test split",
            expected="train > 0 and train + dev < 1",
        )
    default = collection.default_split
    if default is None:
        raise InputError("a split needs judgements", fix="import the collection with its qrels")
    if made := [s for s in ("train", "dev", "test") if s in collection.splits and s != default]:
        raise InputError(
            f"the collection has a split {made[0]!r} beside {default!r} already",
            fix="use it, or drop it first: collection.replace(qrels={...})",
        )
    source = collection.split_named(default)
    ids = source.queries.ids
    groups = _Groups(len(ids))
    first: dict[tuple[str, str], int] = {}

    def tie(row: int, what: str, value: str) -> None:
        groups.join(first.setdefault((what, value), row), row)

    judged = {p for query in ids for p in source.qrels.relevant(query) if p in collection.passages}
    texts = {p: _normal(collection.passages.text_of(p)) for p in judged}
    query_column = source.queries.column(by) if by not in ("random", "article") else None
    passage_group = _passage_groups(collection, by) if query_column is None else {p: p for p in collection.passages.ids}
    for row, (query, text) in enumerate(zip(ids, source.queries.texts, strict=True)):
        tie(row, "text", _normal(text))
        for passage in source.qrels.relevant(query):
            tie(row, "passage", passage)
            if passage in texts:
                tie(row, "passage text", texts[passage])
            tie(row, "group", passage_group.get(passage, passage))
        if query_column is not None and query_column[row]:
            tie(row, "column", str(query_column[row]))

    members: dict[int, list[str]] = {}
    for row, query in enumerate(ids):
        members.setdefault(groups.root(row), []).append(query)
    roots = list(members)
    targets = {"train": train * len(ids), "dev": dev * len(ids)}
    assigned: dict[str, list[str]] = {"train": [], "dev": [], "test": []}
    for position in seeded_order(len(roots), seed):
        group = members[roots[position]]
        home = next((s for s in ("train", "dev") if len(assigned[s]) + len(group) / 2 <= targets[s]), "test")
        assigned[home].extend(group)
    empty = [s for s in ("train", "test") if not assigned[s]]
    if empty:
        raise InputError(
            f"the split {empty[0]!r} would be empty: {len(roots)} groups that may not part hold all {len(ids)} queries",
            fix='split by="random", or by a column with more values',
        )
    table = source.qrels.table
    qrels = {
        s: table.filter(pc.is_in(table.column("query_id"), value_set=pa.array(q, type=pa.string())))
        for s, q in assigned.items()
        if q
    }
    taken = pa.array([*assigned["train"], *assigned["dev"]], type=pa.string())
    others = {}  # other judgements of the same queries: what is trained or tuned on leaves them too
    for name in collection.splits:
        if name != default:
            rest = collection.split_named(name).qrels.table
            rest = rest.filter(pc.invert(pc.is_in(rest.column("query_id"), value_set=taken)))
            if len(rest):
                others[name] = rest
    meta = {
        **collection.meta,
        "default_split": "test",
        "split": {"by": by, "train": train, "dev": dev, "seed": seed},
    }
    return collection.replace(qrels={**qrels, **others}, meta=meta)
