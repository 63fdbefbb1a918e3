"""Runs side by side, on lists written by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from retrievarium.contracts import InputError, MissingError, Run
from retrievarium.evaluation import compare
from retrievarium.retrievers import FrozenRun

GOLD = {"e1": "p9", "e2": "p6", "e3": "p8", "e4": "p3", "e5": "p4"}


def _at(rank: int) -> Run:
    """Every query's gold passage at this rank, behind passages nobody judged."""
    lists = {q: {**{f"x{i}": float(10 - i) for i in range(rank - 1)}, g: 1.0} for q, g in GOLD.items()}
    return Run.from_dict(lists)


def test_means_differences_and_words(collection: Any) -> None:
    told = compare({"first": _at(2), "better": _at(1), "same": _at(2), "worse": _at(4)}, collection, measure="MRR@10")
    assert told.measure == "RR@10"
    assert told.reference == "first"
    assert {n: e["RR@10"] for n, e in told.evaluations.items()} == {
        "first": 0.5,
        "better": 1.0,
        "same": 0.5,
        "worse": 0.25,
    }
    better, same, worse = (told.differences[n] for n in ("better", "same", "worse"))
    assert (better.mean, better.wins, better.ties, better.losses) == (0.5, 5, 0, 0)
    assert (same.mean, same.ties, same.p) == (0.0, 5, 1.0)
    assert (worse.mean, worse.losses) == (-0.25, 5)
    assert told.sentence("better").startswith("better is better than first: RR@10 +0.500 (95% interval")
    assert "do not tell same and first apart" in told.sentence("same")
    assert told.sentence("worse").startswith("worse is worse than first")
    assert "better on 5, equal on 0, worse on 0 of 5 queries" in told.sentence("better")


def test_holm_over_the_differences_shown(collection: Any) -> None:
    told = compare({"a": _at(2), "b": _at(1), "c": _at(4)}, collection, measure="RR")
    p = {n: d.p for n, d in told.differences.items()}
    assert told.corrected_p["b"] == pytest.approx(min(1.0, 2 * min(p.values())))
    assert all(told.corrected_p[n] >= p[n] for n in p)


def test_to_dict_is_json(collection: Any) -> None:
    told = compare({"a": _at(1), "b": _at(2)}, collection)
    again = json.loads(json.dumps(told.to_dict(), allow_nan=False))
    assert again["reference"] == "a"
    assert set(again["differences"]) == {"b"}
    assert again["differences"]["b"]["holm_p"] == told.corrected_p["b"]
    assert repr(told).splitlines()[0].startswith("a  nDCG@10 ")


def test_retrievers_and_ready_runs_mix(collection: Any) -> None:
    told = compare({"run": _at(1), "frozen": FrozenRun(_at(1))}, collection)
    assert told.differences["frozen"].mean == 0.0
    assert told.runs["frozen"].query_ids == collection.queries.ids


def test_a_run_without_a_query_scores_zero_there(collection: Any) -> None:
    part = _at(1).select(["e1", "e2"])
    told = compare({"all": _at(1), "part": part}, collection, measure="RR")
    assert told.evaluations["part"]["RR"] == pytest.approx(2 / 5)
    assert set(told.evaluations["part"].missing) == {"e3", "e4", "e5"}
    assert told.differences["part"].losses == 3


def test_another_split(collection: Any) -> None:
    run = Run.from_dict({"d1": {"p4": 1.0}})
    told = compare({"a": run, "b": run}, collection, measure="RR", split="dev")
    assert told.evaluations["a"].queries == 3
    with pytest.raises(MissingError, match="no split 'extra'"):
        compare({"a": run}, collection, split="extra")


def test_refusals(collection: Any) -> None:
    with pytest.raises(InputError, match="nothing to compare"):
        compare({}, collection)
    with pytest.raises(InputError, match="measure"):
        compare({"a": _at(1)}, collection, measure="foo@1")
    with pytest.raises(MissingError, match="no judgements"):
        compare({"a": _at(1)}, collection.replace(qrels={}))


def test_the_seed_gives_the_same_interval(collection: Any) -> None:
    runs = {"a": _at(2), "b": _at(1)}
    assert compare(runs, collection).to_dict() == compare(runs, collection).to_dict()
