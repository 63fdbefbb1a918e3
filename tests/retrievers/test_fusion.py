"""Fusion: sums made by hand, flat and n-ary, the same in any order, weights from dev alone."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrievarium.contracts import InputError, Run, check_retriever
from retrievarium.retrievers import BM25, Dense, FrozenRun, LinearFusion, RankFusion, fuse_linear, fuse_rrf, tune_weight
from retrievarium.retrievers.fusion import DEPTH, minmax, zscore


def frozen(name: str, **scores: float) -> FrozenRun:
    return FrozenRun(Run.from_dict({"q": scores}), name)


A = frozen("a", x=3.0, y=2.0, z=1.0)
B = frozen("b", y=9.0, w=5.0)
C = frozen("c", z=0.5)
Q = {"q": "anything"}


def scores(retriever: Any, k: int = 100) -> dict[str, float]:
    return dict(retriever.search(Q, k)["q"])


def test_reciprocal_ranks_by_hand() -> None:
    told = scores(A + B)
    assert told == pytest.approx({"y": 1 / 62 + 1 / 61, "x": 1 / 61, "w": 1 / 62, "z": 1 / 63})
    assert list(told) == ["y", "x", "w", "z"]
    assert scores(fuse_rrf(A, B, constant=1))["x"] == pytest.approx(1 / 2)


def test_rank_fusion_is_flat_and_n_ary() -> None:
    three = A + B + C
    assert isinstance(three, RankFusion)
    assert [p.name for p in three.parts] == ["a", "b", "c"]
    assert [p.name for p in (A + (B + C)).parts] == ["a", "b", "c"]
    assert three.name == "a + b + c"
    assert scores(three) == pytest.approx({**scores(A + B), "z": 1 / 63 + 1 / 61})
    assert (A + B).search(Q) != fuse_rrf(fuse_rrf(A, B, name="pair"), C).search(Q)


def test_a_fusion_with_settings_of_its_own_is_not_taken_apart() -> None:
    own = fuse_rrf(A, B, constant=10)
    assert [p.name for p in (own + C).parts] == ["a + b", "c"]
    assert (own + C).name == "(a + b) + c"
    named = fuse_rrf(A, B, name="pair")
    assert [p.name for p in (named + C).parts] == ["pair", "c"]


def test_min_max_by_hand() -> None:
    told = scores(0.25 * A + 0.75 * B)
    assert told == pytest.approx({"x": 0.25, "y": 0.125 + 0.75, "z": 0.0, "w": 0.0})
    assert list(told) == ["y", "x", "z", "w"]  # z and w tie at 0: the higher id first
    assert (0.25 * A + 0.75 * B).name == "0.25 a + 0.75 b"


def test_a_list_of_equal_scores_counts_fully() -> None:
    assert scores(1.0 * C) == {"z": 1.0}
    assert scores(0.5 * A + 0.5 * frozen("flat", x=2.0, z=2.0)) == pytest.approx({"x": 1.0, "z": 0.5, "y": 0.25})


def test_other_normalisations_by_hand() -> None:
    assert scores(fuse_linear((1, A), (2, B), normalisation="none")) == {"y": 20.0, "w": 10.0, "x": 3.0, "z": 1.0}
    sd = np.array([3.0, 2.0, 1.0]).std()
    told = scores(fuse_linear((1, A), normalisation="zscore"))
    assert told == pytest.approx({"x": 2 / sd, "y": 1 / sd, "z": 0.0})
    with pytest.raises(InputError, match="'softmax' is no normalisation"):
        fuse_linear((1, A), normalisation="softmax")


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=9), st.sampled_from([minmax, zscore]))
def test_what_a_list_lacks_never_passes_what_it_holds(numbers: list[float], normalise: Any) -> None:
    s = np.sort(np.array(numbers, dtype=np.float32))[::-1]
    points = normalise(s)
    assert (points >= 0).all()  # a passage outside the list gets 0
    assert (np.diff(points) <= 0).all()
    assert np.isfinite(points).all()


def test_weighted_sums_are_one_algebra() -> None:
    flat = 0.2 * A + 0.3 * B + 0.5 * C
    assert isinstance(flat, LinearFusion)
    assert [(w, p.name) for w, p in flat.parts] == [(0.2, "a"), (0.3, "b"), (0.5, "c")]
    assert (A * 0.2).search(Q) == (0.2 * A).search(Q)
    scaled = 2 * (0.1 * A + 0.15 * B)
    assert [w for w, _ in scaled.parts] == pytest.approx([0.2, 0.3])
    assert scores(0.5 * (A + B)) == pytest.approx(scores(0.5 * fuse_rrf(A, B)))
    own = 2 * fuse_linear((0.5, A), (0.5, B), normalisation="none")
    assert own.normalisation == "none"
    assert scores(own)["y"] == 11.0


def test_mixtures_are_refused_with_the_reason() -> None:
    with pytest.raises(InputError, match=r"mixes weighted and unweighted parts.*give every part a weight"):
        0.3 * A + B
    with pytest.raises(InputError, match="mixes weighted and unweighted"):
        A + B + 0.3 * C
    with pytest.raises(InputError, match=r"a cut goes inside"):
        0.3 * A % 10 + 0.7 * B
    with pytest.raises(InputError, match="normalised or cut differently"):
        fuse_linear((1, A), (1, B), normalisation="none") + 0.5 * C
    with pytest.raises(InputError, match="at least two"):
        fuse_rrf(A)
    with pytest.raises(InputError, match="weight, retriever"):
        fuse_linear()


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), 1e300, -1e7])
def test_weights_that_would_drown_the_scores_are_refused(weight: float) -> None:
    with pytest.raises(InputError, match="weights between"):
        weight * A


@pytest.mark.parametrize("other", [3, "b", None, [1]])
def test_only_retrievers_are_combined(other: Any) -> None:
    with pytest.raises(TypeError):
        A + other
    with pytest.raises(TypeError):
        A >> other
    with pytest.raises(TypeError):
        A % 2.5
    with pytest.raises(TypeError):
        True * A


def test_weights_from_numpy_are_numbers() -> None:
    assert (np.float64(0.5) * A).search(Q) == (0.5 * A).search(Q)
    assert (A * np.float32(0.5)).search(Q) == (0.5 * A).search(Q)
    assert (A % np.int64(2)).search(Q) == (A % 2).search(Q)


def test_the_order_of_the_parts_breaks_no_tie() -> None:
    """Two passages with the same ranks in another order tie exactly, and the id decides."""
    lists = [frozen("1", **{f"p{i}": float(99 - i) for i in order}) for order in ([0, 1, 2], [0, 1, 2], [0, 1, 2])]
    turned = [
        frozen(str(n), **{p: float(50 - r) for r, p in enumerate(row)})
        for n, row in enumerate((["u", "v", "w"], ["v", "w", "u"], ["w", "u", "v"]))
    ]
    for parts in itertools.permutations(turned):
        assert list(scores(fuse_rrf(*parts))) == ["w", "v", "u"]
        assert len(set(scores(fuse_rrf(*parts)).values())) == 1
    assert list(scores(fuse_rrf(*lists))) == ["p0", "p1", "p2"]


def test_a_query_that_no_part_answers_has_an_empty_list() -> None:
    run = (A + B).search({"q": "x", "never seen": "y"})
    assert run.query_ids == ("q", "never seen")
    assert run["never seen"].ids == ()


def test_conformance(collection: Any, encoder: Any) -> None:
    bm25, dense = BM25(collection), Dense(collection, encoder)
    for fused in (bm25 + dense, 0.3 * bm25 + 0.7 * dense, fuse_linear((1, bm25), (1, dense), normalisation="zscore")):
        check_retriever(fused, collection.all_queries)


def _large(n: int = 700) -> tuple[FrozenRun, FrozenRun]:
    rng = np.random.default_rng(3)
    names = [f"d{i:04d}" for i in range(n)]
    one, two = (Run.from_dict({"q": dict(zip(names, rng.normal(size=n), strict=True))}) for _ in range(2))
    return FrozenRun(one, "one"), FrozenRun(two, "two")


@pytest.mark.parametrize("how", ["ranks", "scores"])
def test_a_smaller_k_gives_a_prefix(how: str) -> None:
    one, two = _large()
    fused = one + two if how == "ranks" else 0.4 * one + 0.6 * two
    whole = fused.search(Q, DEPTH)["q"]
    assert len(whole) == DEPTH
    for k in (1, 7, 100, DEPTH - 1):
        part = fused.search(Q, k)["q"]
        assert part.ids == whole.ids[:k]
        assert np.array_equal(part.scores, whole.scores[:k])
    assert len(fused.search(Q, 500)["q"]) == 500  # beyond the depth as many as were asked for


def test_weights_are_tuned_on_dev_and_nothing_else(collection: Any, encoder: Any) -> None:
    gold = {q: next(iter(collection.dev.qrels.relevant(q))) for q in collection.dev.qrels.query_ids}
    right = FrozenRun(Run.from_dict({q: {g: 2.0, "p9": 1.0} for q, g in gold.items()}), "right")
    wrong = FrozenRun(Run.from_dict({q: {"p9": 2.0, g: 1.0} for q, g in gold.items()}), "wrong")
    tuned = tune_weight(wrong, right, collection)
    weights = [w for w, _ in tuned.parts]
    assert weights == pytest.approx([0.4, 0.6])  # at 0.5 all tie, and p9's id wins
    assert [p.name for _, p in tuned.parts] == ["wrong", "right"]
    assert [w for w, _ in tune_weight(right, wrong, collection).parts] == [1.0, 0.0]  # all is well from 0 on
    assert [w for w, _ in tune_weight(wrong, right, collection.without_test()).parts] == weights
    shuffled = pa.table({"query_id": ["e1"], "passage_id": ["p2"], "grade": pa.array([3], pa.int32())})
    other = collection.replace(qrels={**collection._qrels, "test": shuffled})
    assert [w for w, _ in tune_weight(wrong, right, other).parts] == weights
    with pytest.raises(InputError, match="not tuned on test"):
        tune_weight(wrong, right, collection, split="test")
