"""Labels taken away, made by a model, or dealt anew."""

from __future__ import annotations

from typing import Any

import pytest

from retrievarium.contracts import InputError
from retrievarium.training import Denoiser, answer_key, judge, part_unlabelled, permuted, with_pseudo_labels

from .small import colours


def test_half_of_the_questions_lose_their_labels() -> None:
    split = colours().train
    labelled, bare = part_unlabelled(split, 20, 0)
    assert (len(labelled.queries), len(bare)) == (20, 20)
    assert not set(labelled.queries.ids) & set(bare.ids)
    assert all(labelled.qrels.relevant(q) == split.qrels.relevant(q) for q in labelled.queries.ids)
    assert not any(labelled.qrels.relevant(q) for q in bare.ids), "a label was left"
    assert part_unlabelled(split, 20, 1)[1].ids != bare.ids
    assert len(part_unlabelled(split, 1_000, 0)[1]) == len(split.queries) // 2
    one = type(split)("one", split.queries.select(split.queries.ids[:1]), split.qrels)
    with pytest.raises(InputError, match="cannot be parted"):
        part_unlabelled(one, 3, 0)


def test_pseudo_labels_join_and_change_no_label() -> None:
    labelled, bare = part_unlabelled(colours().train, 20, 0)
    made = {q: f"p{i:02d}" for i, q in enumerate(bare.ids[:5])}
    split = with_pseudo_labels(labelled, bare, made)
    assert split.queries.ids == (*labelled.queries.ids, *bare.ids[:5])
    assert all(set(split.qrels.relevant(q)) == {p} for q, p in made.items())
    assert all(split.qrels.relevant(q) == labelled.qrels.relevant(q) for q in labelled.queries.ids)
    with pytest.raises(InputError, match="labelled already"):
        with_pseudo_labels(labelled, labelled.queries, {labelled.queries.ids[0]: "p00"})


def test_scores_dealt_anew_are_the_same_scores() -> None:
    mined = {f"q{i}": [f"p{j}" for j in range(12)] for i in range(6)}

    def label(queries: Any, lists: Any) -> Any:
        return {q: {p: i / 12 for i, p in enumerate(line)} for q, line in lists.items()}

    dealt, plain = permuted(label, 0)({}, mined), label({}, mined)
    assert all(sorted(dealt[q].values()) == sorted(plain[q].values()) for q in mined)
    assert all(list(dealt[q]) == mined[q] for q in mined)
    moved = sum(dealt[q][p] != plain[q][p] for q in mined for p in mined[q])
    assert moved > 50
    assert len({tuple(line.values()) for line in dealt.values()}) > 3, "every question was dealt alike"
    assert permuted(label, 0)({}, mined) == dealt
    assert permuted(label, 1)({}, mined) != dealt


def test_judges_by_name() -> None:
    split, full = colours().train, colours().train.qrels
    q = split.queries.ids[0]
    (p,) = split.qrels.relevant(q)
    nothing = part_unlabelled(split, 5, 0)[0].qrels.select([])
    teacher = answer_key(full)
    asked = ({q: "?"}, {q: [p, "p99"]})
    assert judge("none", teacher, 0, nothing)(*asked) == {q: {p: 0.0, "p99": 0.0}}
    assert judge("teacher", teacher, 0, nothing)(*asked) == {q: {p: 1.0, "p99": 0.0}}
    assert judge("oracle", answer_key(nothing), 0, nothing, full)(*asked) == {q: {p: 1.0, "p99": 0.0}}
    with pytest.raises(InputError, match="no judge 'oracle'"):
        judge("oracle", teacher, 0, nothing)


class _Alphabet:
    """An encoder by which every question finds the passages in the order of their ids."""

    name, dim, similarity, max_length, fingerprint = "alphabet", 1, "dot", 8, "0" * 16

    def encode_queries(self, texts: Any, progress: Any = None) -> Any:
        import numpy as np

        return np.ones((len(texts), 1), dtype=np.float32)

    def encode_passages(self, texts: Any, progress: Any = None) -> Any:
        import numpy as np

        return -np.arange(len(texts), dtype=np.float32)[:, None]


def test_a_denoiser_takes_what_the_judge_lets_through_and_labels_what_it_is_sure_of(ws: Any) -> None:
    collection = colours()
    labelled, bare = part_unlabelled(collection.train, 10, 0)
    order = list(collection.passages.ids)

    def label(queries: Any, lists: Any) -> Any:
        return {q: {p: 0.95 if p == "p03" else 0.5 if p < "p03" else 0.0 for p in line} for q, line in lists.items()}

    clean = Denoiser(collection, labelled, label, depth=20, ws=ws)
    for q, line in clean.negatives(_Alphabet(), 3).items():
        mine = [p for p in order[4:] if p not in labelled.qrels.relevant(q)]
        assert line == mine[:3]
    split, negatives = clean.pseudo_labels(_Alphabet(), bare, 2, depth=8)
    assert all(set(split.qrels.relevant(q)) == {"p03"} for q in bare.ids)
    assert set(negatives) == set(bare.ids)
    assert all(line == ["p04", "p05"] for line in negatives.values())
    unsure = Denoiser(collection, labelled, label, high=0.96, depth=20, ws=ws).pseudo_labels(_Alphabet(), bare, 2)
    assert (unsure[1], len(unsure[0].queries)) == ({}, 10)
