"""Rank-biased overlap against its definition, and the queries on which rankings differ most."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from retrievarium.analysis import disagreements, rank_biased_overlap
from retrievarium.contracts import InputError, Run

LISTS = some.lists(some.sampled_from("abcdefghij"), unique=True, max_size=10)


def by_definition(a: list[str], b: list[str], p: float) -> float:
    """Equation 32, written out with sets."""
    short, long = sorted((a, b), key=len)
    s, n = len(short), len(long)
    if not s:
        return 0.0 if n else 1.0
    x = [len(set(short[:d]) & set(long[:d])) for d in range(n + 1)]
    total = sum(x[d] / d * p**d for d in range(1, n + 1))
    total += sum(x[s] * (d - s) / (s * d) * p**d for d in range(s + 1, n + 1))
    return (1 - p) / p * total + ((x[n] - x[s]) / n + x[s] / s) * p**n


@given(LISTS, LISTS, some.floats(0.1, 0.99))
def test_overlap_is_the_papers_formula(a: list[str], b: list[str], p: float) -> None:
    found = rank_biased_overlap(a, b, p)
    assert math.isclose(found, min(1.0, by_definition(a, b, p)), abs_tol=1e-9)
    assert 0 <= found <= 1
    assert math.isclose(found, rank_biased_overlap(b, a, p), abs_tol=1e-12)


def test_limits() -> None:
    assert rank_biased_overlap("abc", "abc") == pytest.approx(1)
    assert rank_biased_overlap("abc", "xyz") == 0
    assert rank_biased_overlap("", "") == 1
    assert rank_biased_overlap("", "a") == 0
    # the head counts more than the tail
    assert rank_biased_overlap("abcdef", "abcdfe") > rank_biased_overlap("abcdef", "bacdef")


@pytest.mark.parametrize(("a", "b", "p"), [("aa", "b", 0.9), ("a", "b", 0.0), ("a", "b", 1.0)])
def test_wrong_input_is_refused(a: str, b: str, p: float) -> None:
    with pytest.raises(InputError):
        rank_biased_overlap(a, b, p)


def test_disagreement_orders_queries() -> None:
    a = Run.from_dict({"same": {"x": 2, "y": 1}, "swapped": {"x": 2, "y": 1}, "apart": {"x": 2, "y": 1}})
    b = Run.from_dict({"same": {"x": 2, "y": 1}, "swapped": {"x": 1, "y": 2}, "apart": {"u": 2, "v": 1}})
    told = disagreements([a, b], ["same", "swapped", "apart"])
    assert told["same"] == pytest.approx(0)
    assert 0 < told["swapped"] < told["apart"] == 1
    assert disagreements([a], ["same"]) == {"same": 0.0}
