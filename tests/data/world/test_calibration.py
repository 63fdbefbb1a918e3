"""The calibration table, reproduced; slow."""

from __future__ import annotations

import pytest

from retrievarium.data.world import World, figures
from retrievarium.data.world.probes import gold_without_question
from retrievarium.data.world.report import render


@pytest.mark.slow
def test_the_default_world_lies_in_every_target_range() -> None:
    found = figures(World(seed=7, passages=5000))
    outside = [row["what"] for row in found["calibration"] if not row["holds"]]
    assert outside == []
    assert [row["feature"] for row in found["balance"] if not row["holds"]] == []
    assert [row["name"] for row in found["probes"] if not row["holds"]] == []
    assert len(found["cells"]) == 8
    assert min(found["cells"].values()) >= 300
    assert found["counts"]["training questions, arm A"] == 40000
    assert found["counts"]["test questions"] == 3000
    assert len(found["calibration"]) >= 14
    text = render(found)
    assert "\n!" not in text
    assert "BM25 Success@5" in text


@pytest.mark.slow
def test_no_passage_tells_by_itself_that_it_is_asked_about() -> None:
    blind = [gold_without_question(World(seed, 5000).book) for seed in (1, 2, 3)]
    assert 0.48 <= sum(b.overall for b in blind) / 3 <= 0.52, "one World's figure varies by chance, their mean hardly"
    assert 0.48 <= sum(b.within for b in blind) / 3 <= 0.52
    assert all(0.005 < b.spread < 0.03 for b in blind)


def test_a_small_report_renders() -> None:
    found = figures(World(3, 150))
    assert {"calibration", "balance", "probes", "cells", "counts"} <= set(found)
    assert "World, seed 3, 150 passages" in render(found)
