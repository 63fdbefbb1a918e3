"""Pools: everything the runs put on top, in an order that gives nothing away; and weighted means."""

from __future__ import annotations

import numpy as np
import pytest

from retrievarium.contracts import InputError, Run
from retrievarium.evaluation import pool, weighted_mean

A = Run.from_dict({"q": {f"a{i}": 10.0 - i for i in range(8)}, "r": {"x": 1.0}})
B = Run.from_dict({"q": {f"b{i}": 10.0 - i for i in range(8)} | {"a0": 20.0}})


def test_the_pool_is_the_union_of_the_tops() -> None:
    told = pool({"a": A, "b": B}, "q", 3)
    assert sorted(told) == ["a0", "a1", "a2", "b0", "b1"]
    assert pool({"a": A, "b": B}, "r", 3) == ("x",)
    assert pool({"a": A}, "unknown", 3) == ()
    with pytest.raises(InputError, match="depth 0"):
        pool({"a": A}, "q", 0)


def test_the_order_is_each_judges_own_and_can_be_taken_up_again() -> None:
    runs = {"a": A, "b": B}
    assert pool(runs, "q", 8, "ada") == pool(runs, "q", 8, "ada")
    assert pool(runs, "q", 8, "ada") == pool({"b": B, "a": A}, "q", 8, "ada")  # whoever was first plays no part
    assert pool(runs, "q", 8, "ada") != pool(runs, "q", 8, "bo")


def test_rank_cannot_be_read_off_the_place() -> None:
    """Over many queries a retriever's first passage stands anywhere, each place alike."""
    many = Run.from_dict({f"q{n}": {f"p{i}": 10.0 - i for i in range(10)} for n in range(2_000)})
    places = np.bincount([pool({"a": many}, f"q{n}", 10).index("p0") for n in range(2_000)], minlength=10)
    assert places.min() > 150
    assert places.max() < 250


def test_weighted_mean() -> None:
    assert weighted_mean({"a": 1.0, "b": 0.0, "c": 0.5}, {"a": 3, "b": 1}) == 0.75  # c is never asked
    with pytest.raises(InputError, match="weight"):
        weighted_mean({"a": 1.0}, {"b": 1})
