"""Groups of linked documents: partition, size, connection, control, and their scores."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from retrievarium.analysis import granularity
from retrievarium.contracts import Run
from retrievarium.data import Collection, World
from retrievarium.retrievers import BM25
from retrievarium.units import group_at_random, group_by_links, group_units, to_units, units_of
from retrievarium.units.grouping import document_links


@pytest.fixture(scope="module")
def world() -> Collection:
    return World(3, 150, train_questions=20).collection()


def connected(members: set[str], links: Mapping[str, set[str]]) -> bool:
    seen, front = set(), [next(iter(members))]
    while front:
        one = front.pop()
        seen.add(one)
        front += [n for n in links[one] & members if n not in seen]
    return seen == members


def _random_graph(seed: int) -> tuple[dict[str, set[str]], dict[str, int]]:
    rng = np.random.default_rng(seed)
    names = [f"d{i:02d}" for i in range(40)]
    links: dict[str, set[str]] = {n: set() for n in names}
    for a, b in rng.integers(0, 40, (45, 2)):
        if a != b:
            links[names[a]].add(names[b])
            links[names[b]].add(names[a])
    return links, {n: int(rng.integers(20, 140)) for n in names}


@pytest.mark.parametrize("seed", range(5))
def test_groups_partition_stay_within_the_limit_and_hang_together(seed: int) -> None:
    links, sizes = _random_graph(seed)
    groups = group_by_links(links, sizes, 300)
    assert set(groups) == set(links)
    for group in set(groups.values()):
        members = {d for d, g in groups.items() if g == group}
        assert sum(sizes[d] for d in members) <= 300
        assert connected(members, links)
    assert len(set(groups.values())) < 40
    shuffled = group_at_random(groups, sizes, 300, seed)
    assert set(shuffled) == set(links)
    assert all(sum(sizes[d] for d, g in shuffled.items() if g == n) <= 300 for n in set(shuffled.values()))
    assert any(not connected({d for d, g in shuffled.items() if g == n}, links) for n in set(shuffled.values()))


def test_without_room_or_links_every_document_is_a_group(world: Collection) -> None:
    links, sizes = _random_graph(9)
    assert len(set(group_by_links(links, sizes, 10).values())) == 40
    assert len(set(group_by_links({d: set() for d in links}, sizes, 10_000).values())) == 40
    alone = group_units(world, limit=1)
    assert sorted(alone.texts) == sorted(units_of(world, "document").texts)


def test_a_world_links_who_is_named(world: Collection) -> None:
    links = document_links(world)
    assert all(a in links[b] for a, near in links.items() for b in near)
    assert 0 < np.mean([len(n) for n in links.values()]) < 60
    units = group_units(world, 600)
    assert len(units) < len(units_of(world, "document"))
    assert sorted(p for ps in units.passages for p in ps) == sorted(world.passages.ids)


def test_a_group_scores_as_its_best_chunk_and_recalls_no_less(world: Collection) -> None:
    """The arithmetic of merged units: at every k, for every question."""
    chunks, groups = units_of(world, "passage"), group_units(world, 600)
    run = BM25(world).search(world.queries, 150)
    folded = to_units(run, chunks, groups)
    for query in world.queries.ids[:20]:
        scores = dict(run[query])
        for unit, score in folded[query]:
            assert score == max(scores.get(p, -1) for p in groups.passages[groups.row_of[unit]])
        gold = set(world.qrels.relevant(query))
        for k in (1, 3, 10):
            fine = bool(gold & set(run[query].ids[:k]))
            coarse = bool(gold & {p for u in folded[query].ids[:k] for p in groups.passages[groups.row_of[u]]})
            assert coarse >= fine
    assert isinstance(folded, Run)


def test_the_bench_takes_groups_and_they_cost_no_vector_more(world: Collection) -> None:
    bench = granularity(world, ["bm25"], ["passage", "group", "random groups"])
    assert bench.row("bm25", "group")["bytes"] == bench.row("bm25", "passage")["bytes"]
    assert bench.row("bm25", "group")["words_a_unit"] > 3 * bench.row("bm25", "passage")["words_a_unit"]
    chunks, groups = units_of(world, "passage"), group_units(world, 600)
    whole = to_units(BM25(world).search(world.queries, 150), chunks, groups)
    cell = bench.cells["bm25", "group"]
    for query in world.queries.ids[:10]:
        found = cell.unit_run[query].ids
        assert found == whole[query].ids[: len(found)]
