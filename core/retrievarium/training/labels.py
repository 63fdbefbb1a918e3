"""Splits whose labels are taken away, or made by a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from retrievarium.contracts import InputError
from retrievarium.data.views import Qrels, Split
from retrievarium.training.seeds import stream

if TYPE_CHECKING:
    from retrievarium.data.views import Queries


def part_unlabelled(split: Split, count: int, seed: int) -> tuple[Split, Queries]:
    """`count` questions with their judgements and `count` others as bare questions, drawn at random; half of the split
    each where it has no more. Raises InputError where it has fewer than two questions."""
    ids = list(split.queries.ids)
    count = min(count, len(ids) // 2)
    if count < 1:
        raise InputError(f"{len(ids)} questions cannot be parted", field="split", expected="two questions or more")
    order = stream(seed, "unlabelled").permutation(len(ids)).tolist()
    kept, bare = ([ids[i] for i in sorted(part)] for part in (order[:count], order[count : 2 * count]))
    return Split(split.name, split.queries.select(kept), split.qrels.select(kept)), split.queries.select(bare)


def with_pseudo_labels(labelled: Split, unlabelled: Queries, positive: Mapping[str, str]) -> Split:
    """A split to learn from: the labelled questions, then those of the bare ones that a model gave a passage,
    `{question id: passage id}`. The judgements of the labelled questions stay as they are."""
    ids = [q for q in unlabelled.ids if q in positive]
    if both := set(ids) & set(labelled.queries.ids):
        raise InputError(f"question {min(both)!r} is labelled already", field="unlabelled")
    made = {"query_id": ids, "passage_id": [positive[q] for q in ids], "grade": [1] * len(ids)}
    old = labelled.qrels.table.select(list(made))
    queries = pa.concat_tables([labelled.queries.table, unlabelled.select(ids).table])
    qrels = pa.concat_tables([old, pa.table(made, schema=old.schema)])
    return Split(f"{labelled.name} and pseudo labels", type(unlabelled)(queries), Qrels(qrels))
