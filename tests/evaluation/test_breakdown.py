"""Measures by groups: hand-made numbers, and tables recomputed from TREC files by other code."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrievarium.contracts import InputError, Run
from retrievarium.data import load_collection
from retrievarium.evaluation import (
    break_down,
    buckets,
    evaluate,
    macro_average,
    pooled,
    quantile_edges,
    two_by_two,
    wilson,
)
from retrievarium.retrievers import BM25, Dense

UNEVEN = {f"a{i}": float(i == 0) for i in range(4)} | {"b0": 1.0}
GROUPS = {q: q[0] for q in UNEVEN}


def test_macro_and_micro_differ_on_unequal_groups() -> None:
    told = break_down(UNEVEN, GROUPS)
    assert told.cells["a"].mean == 0.25
    assert told.cells["b"].mean == 1.0
    assert told.macro.mean == macro_average(UNEVEN, GROUPS) == 0.625  # (0.25 + 1) / 2
    assert told.micro.mean == 0.4  # 2 of 5
    assert told.cells["a"].queries == ("a0", "a1", "a2", "a3")
    assert told.micro.n == 5


def test_certainty_is_never_claimed_from_values_without_variation() -> None:
    told = break_down({f"q{i}": 1.0 for i in range(20)}, {f"q{i}": "x" for i in range(20)})
    assert told.cells["x"].low == pytest.approx(wilson(20, 20)[0]) == pytest.approx(0.8389, abs=1e-4)
    assert told.macro.low < 0.9
    assert told.cells["x"].high == 1.0


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (3, 20), (10, 10), (249, 250)])
def test_wilson_solves_its_equation(successes: int, n: int) -> None:
    """Both ends p of the interval satisfy |share - p| = z sqrt(p (1 - p) / n)."""
    for end in wilson(successes, n):
        if 0 < end < 1:
            assert abs(successes / n - end) == pytest.approx(1.959964 * math.sqrt(end * (1 - end) / n), rel=1e-5)


def test_intervals_cover_what_they_promise() -> None:
    """Of 300 samples of 40 graded values about 95% of the intervals hold the true mean."""
    rng = np.random.default_rng(1)
    levels = np.array([0.0, 0.43, 0.63, 1.0])
    held = 0
    for trial in range(300):
        values = rng.choice(levels, 40, p=[0.3, 0.2, 0.2, 0.3])
        cell = break_down({str(i): float(v) for i, v in enumerate(values)}, {str(i): "x" for i in range(40)}, trial)
        held += cell.cells["x"].low <= 0.512 <= cell.cells["x"].high
    assert 270 <= held <= 296


def test_queries_without_a_group_are_named_and_values_checked() -> None:
    told = break_down({"a": 1.0, "b": 0.0}, {"a": "x", "z": "y"})
    assert told.left_out == ("b",)
    assert set(told.cells) == {"x"}
    with pytest.raises(InputError, match="shares=False"):
        break_down({"a": -0.5}, {"a": "x"})
    assert break_down({"a": -0.5}, {"a": "x"}, shares=False).cells["x"].low == -0.5
    with pytest.raises(InputError, match="no query belongs"):
        break_down({"a": 1.0}, {})
    with pytest.raises(InputError, match="no query belongs"):
        macro_average({"a": 1.0}, {})


def test_small_groups_become_one() -> None:
    groups = {f"a{i}": "a" for i in range(20)} | {f"b{i}": "b" for i in range(19)} | {"c": "c"}
    told = pooled(groups)
    assert {told[f"b{i}"] for i in range(19)} == {told["c"]} == {"other"}
    assert list(dict.fromkeys(told.values())) == ["a", "other"]
    assert set(told) == set(groups)
    assert list(dict.fromkeys(pooled(groups, least=2).values())) == ["a", "b", "other"]


def test_buckets_in_order_with_edges_in_the_bin_above() -> None:
    told = buckets({"a": 300, "b": 0, "c": 4, "d": 15, "e": 16}, [1, 4, 16])
    assert told == {"b": "0", "c": "4 to 15", "d": "4 to 15", "e": "16 and more", "a": "16 and more"}
    assert list(dict.fromkeys(told.values())) == ["0", "4 to 15", "16 and more"]
    assert buckets({"a": 0.5, "b": 2}, [1.0]) == {"a": "under 1", "b": "1 and more"}
    assert buckets({"a": 3}, []) == {"a": "all"}
    with pytest.raises(InputError, match="do not rise"):
        buckets({"a": 1}, [4, 1])


def test_quantile_edges_make_even_bins_and_skip_equal_values() -> None:
    values = {f"q{i}": float(i) for i in range(100)}
    told = buckets(values, quantile_edges(list(values.values()), 5))
    assert sorted(list(told.values()).count(b) for b in set(told.values())) == [20] * 5
    assert quantile_edges([1.0] * 50) == []
    assert quantile_edges([0.0] * 80 + [5.0] * 20) == [5.0]


def test_two_by_two_partitions_the_questions() -> None:
    """Works when line 2 of EntityQuestions: the four cells partition the questions."""
    entity = {f"q{i}": i % 2 == 0 for i in range(8)} | {"lost": True}
    pattern = {f"q{i}": i < 4 for i in range(8)}
    values = {q: float(q in ("q0", "q2")) for q in (*pattern, "lost")}
    told = two_by_two(values, entity, pattern)
    assert told.left_out == ("lost",)
    assert sorted(q for c in told.cells.values() for q in c.queries) == sorted(pattern)
    assert told.cells["seen entity, seen pattern"].mean == 1.0
    assert told.cells["unseen entity, seen pattern"].queries == ("q1", "q3")
    assert told.cells["seen entity, unseen pattern"].mean == 0.0


# -- against tables recomputed from the TREC files


def _by_hand(path: Path, qrels: dict[str, dict[str, int]], groups: dict[str, str]) -> tuple[dict[str, float], float]:
    """nDCG@10 by group and its macro average, from the file's lines alone."""
    ranked: dict[str, list[tuple[int, str]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        query, _, passage, rank, _, _ = line.split()
        ranked.setdefault(query, []).append((int(rank), passage))
    found: dict[str, list[float]] = {}
    for query, judged in qrels.items():
        top = [p for _, p in sorted(ranked.get(query, []))][:10]
        gain = sum(judged.get(p, 0) / math.log2(r + 1) for r, p in enumerate(top, start=1))
        best = sorted(judged.values(), reverse=True)[:10]
        ideal = sum(g / math.log2(r + 1) for r, g in enumerate(best, start=1))
        found.setdefault(groups[query], []).append(gain / ideal if ideal else 0.0)
    means = {name: math.fsum(v) / len(v) for name, v in found.items()}
    return means, math.fsum(means.values()) / len(means)


def _same(run: Run, path: Path, collection: Any, groups: dict[str, str]) -> None:
    run.save(path)
    told = break_down(evaluate(run, collection.qrels, ["nDCG@10"]).per_query["nDCG@10"], groups)
    means, macro = _by_hand(path, collection.qrels.to_dict(), groups)
    assert {n: c.mean for n, c in told.cells.items()} == pytest.approx(means, abs=1e-9)
    assert told.macro.mean == pytest.approx(macro, abs=1e-9)
    assert sum(c.n for c in told.cells.values()) == len(groups)


def test_the_table_matches_the_trec_file_small(collection: Any, tmp_path: Path) -> None:
    groups = {"e1": "river", "e2": "who", "e3": "who", "e4": "river", "e5": "who"}
    run = BM25(collection, keep=False).search(collection.queries, 10)
    _same(run, tmp_path / "run.trec", collection, groups)


def test_the_table_matches_the_trec_file_on_the_world(tmp_path: Path) -> None:
    world = load_collection("world")
    groups = pooled({q.id: str(q.relation) for q in world.queries})
    assert len(set(groups.values())) == 24
    bm25 = BM25(world, keep=False)
    from retrievarium.encoders import load_encoder

    dense = Dense(world, load_encoder("minilm"))
    for name, system in (("bm25", bm25), ("minilm", dense), ("hybrid", bm25 + dense)):
        _same(system.search(world.queries, 20), tmp_path / f"{name}.trec", world, groups)


def test_the_table_matches_the_trec_file_on_entity_wiki(real_data: Path, tmp_path: Path) -> None:
    wiki = load_collection(real_data / "entity-wiki")
    groups = pooled({q.id: str(q.relation) for q in wiki.queries})
    assert "other" in groups.values()
    assert min(list(groups.values()).count(g) for g in set(groups.values())) >= 20
    _same(BM25(wiki, keep=False).search(wiki.queries, 20), tmp_path / "run.trec", wiki, groups)
