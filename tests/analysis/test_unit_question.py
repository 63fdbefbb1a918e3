"""One question against units: scores are the index's own, the best wins, an edit moves the passage."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.conftest import WordEncoder

from retrievarium.analysis import granularity, kept_benches, near_units, rank_after
from retrievarium.data import Collection, World
from retrievarium.retrievers import by_units
from retrievarium.units import Rules, units_of


@pytest.fixture(scope="module")
def world() -> Collection:
    return World(3, 120, train_questions=20).collection()


@pytest.mark.parametrize("name", ["bm25", "words"])
def test_scores_are_those_of_the_index(world: Collection, name: str) -> None:
    by: Any = "bm25" if name == "bm25" else WordEncoder()
    made = [units_of(world, "passage"), units_of(world, "sentence"), Rules().units(world)]
    asked = world.queries.select(world.queries.ids[:1])
    passages = list(world.passages.ids[:4])
    near = near_units(world, made, passages, asked.texts[0], by)
    for units in made:
        run = by_units(world, units, by).search_units(asked, 120).to_dict()[asked.ids[0]]
        assert any(n.unit.id in run for told in near for n in told.units[units.kind])
        for told in near:
            for one in told.units[units.kind]:
                if name == "bm25" or one.unit.id in run:  # an encoder's list ends where it is deep enough
                    assert one.score == pytest.approx(run.get(one.unit.id, 0.0), abs=1e-5)
            best = told.best(units.kind)
            assert best is not None
            assert best.score == max(n.score for n in told.units[units.kind])
    shares = [n.share for told in near for some in told.units.values() for n in some]
    assert (min(shares), max(shares)) == (0.0, 1.0)
    winner = near[0].winner
    assert winner is not None
    assert winner.kind != "passage"


def test_an_edit_moves_its_passage_and_nobody_else(world: Collection) -> None:
    encoder, units = WordEncoder(), Rules().units(world)
    asked = world.queries.select(world.queries.ids[:1])
    run = by_units(world, units, encoder).search(asked, 120)
    query, ranking = asked.ids[0], run[asked.ids[0]]
    passage = ranking.ids[40]
    edited = units.replaced(passage, [asked.texts[0]])
    score = float((encoder.encode_passages(edited.collection(world).passages.joined) @
                   encoder.encode_queries(asked.texts)[0])[list(edited.by_passage[passage])].max())  # fmt: skip
    now, before = rank_after(run, query, passage, score)
    assert before == 41
    again = by_units(world, edited, encoder).search(asked, 120)[query]
    assert now == again.rank_of(passage)
    assert rank_after(run, query, passage, -np.inf)[0] == len(ranking)


def test_a_bench_is_kept_with_each_questions_values(world: Collection) -> None:
    assert kept_benches(world, "test") == []
    bench = granularity(world, ["bm25"], ["passage", "rules"])
    kept = kept_benches(world, "test")
    assert len(kept) == 1
    assert kept[0].rows == bench.rows
    assert kept[0].curves == bench.curves
    assert kept[0].units == ("passage", "rules")
    assert kept[0].kinds == ("passage", "proposition (rules)")
    assert kept[0].values("bm25", "passage") == bench.values["bm25", "passage"]
    assert kept[0].reports["proposition (rules)"]["how"] == "exact"
    assert kept_benches(world, "dev") == []
    other = World(4, 120, train_questions=20).collection()
    assert kept_benches(other, "test") == []


def test_the_shipped_bench_is_of_the_shipped_collection() -> None:
    """Its BM25 half is measured again here; MiniLM's takes a minute and is not."""
    from retrievarium.data import load_collection

    lookalikes = load_collection("lookalikes")
    (shipped,) = kept_benches(lookalikes, "test")
    assert shipped.retrievers == ("bm25", "minilm")
    again = granularity(lookalikes, ["bm25"], ["passage", "sentence", "rules"])
    for unit in ("passage", "sentence", "proposition (rules)"):
        old, new = shipped.row("bm25", unit), again.row("bm25", unit)
        assert old is not None
        for measure in again.measures:
            assert old[measure] == pytest.approx(new[measure], abs=1e-4)
    assert "build_seconds" not in shipped.rows[0]  # another machine's times are nobody's business here
