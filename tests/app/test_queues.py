"""Queues of queries: a count and the queries behind it are one thing."""

from __future__ import annotations

from typing import Any

import pytest

from retrievarium.contracts import Run

A = {"q1": {"x": 3.0, "y": 2.0}, "q2": {"x": 3.0, "y": 2.0}, "q3": {"x": 1.0}, "q4": {"y": 1.0}}
B = {"q1": {"y": 3.0, "x": 2.0}, "q2": {"x": 3.0, "y": 2.0}, "q3": {"z": 1.0}, "q4": {"y": 1.0}}
VALUES = {
    "a": {"q1": 1.0, "q2": 0.5, "q3": 0.2, "q4": 0.0},
    "b": {"q1": 0.0, "q2": 0.5, "q3": 0.9, "q4": 0.1},
}


@pytest.fixture
def over() -> Any:
    from retrievarium.analysis import disagreements
    from retrievarium.evaluation.measures import Evaluation
    from whole import Overall

    runs = {"a": Run.from_dict(A), "b": Run.from_dict(B)}
    apart = disagreements(list(runs.values()), list(A))
    evaluations = {n: Evaluation({"m": 0.5}, {"m": v}, 4, (), ()) for n, v in VALUES.items()}
    groups = {"all": sorted(A, key=lambda q: -apart[q]), "only:a": ["q1"], "none": [], "each": ["q2", "q4"]}
    return Overall(tuple(A), runs, apart, {("a", "b"): apart}, {}, evaluations, None, groups)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("gap:a|b", ("q1", "q3", "q4", "q2")),
        ("better:b|a", ("q3", "q4")),
        ("worse:b|a", ("q1",)),
        ("equal:b|a", ("q2",)),
        ("only:a", ("q1",)),
        ("ids:q4~q1~unknown", ("q4", "q1")),
        ("none", ()),
    ],
)
def test_a_queue_holds_what_it_says(over: Any, key: str, expected: tuple[str, ...]) -> None:
    import queues

    queue = queues.read(key)
    assert queue.key == key
    assert queues.usable(queue, over)
    assert tuple(queues.queries(queue, over, "m")) == expected


def test_better_equal_and_worse_are_all_the_queries(over: Any) -> None:
    import queues

    parts = [set(queues.queries(queues.read(f"{side}:b|a"), over, "m")) for side in queues.SIDES]
    assert set.union(*parts) == set(A)
    assert sum(map(len, parts)) == len(A)


def test_the_pair_most_apart_comes_first(over: Any) -> None:
    import queues

    first, *_, last = queues.queries(queues.read("pair:a|b"), over, "m")
    assert first == "q3"  # they share nothing there
    assert last in ("q2", "q4")
    told = queues.likeness(over, 1)
    assert told["a", "b"] == told["b", "a"]
    assert told["a", "b"].overlap == pytest.approx(0.5)


@pytest.mark.parametrize("key", ["", "nonsense", "better:a", "ids:", "only:"])
def test_an_unknown_queue_is_the_queue_of_all(over: Any, key: str) -> None:
    import queues

    assert queues.read(key).key == "all"
    assert queues.queries(queues.read(key), over, "m") == over.groups["all"]


def test_a_queue_of_other_columns_cannot_be_made(over: Any) -> None:
    import queues

    assert not queues.usable(queues.read("better:c|a"), over)
    assert not queues.usable(queues.read("only:c"), over)
    assert set(queues.offered(over, "m")) >= {"all", "gap:a|b", "better:b|a", "worse:b|a", "only:a", "none", "each"}
