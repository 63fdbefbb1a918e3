"""The board and the catalogue, on records made for the purpose."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from retrievarium.claims import Record, SeedRun, board, catalogue, claim_row, records, sentence
from retrievarium.claims.standings import judged
from retrievarium.methods import Claim
from retrievarium.workspace import Workspace

Make = Callable[..., SeedRun]


def fill(ws: Workspace, *runs: SeedRun) -> None:
    for run in runs:
        records.append(ws, Record("dpr", 10, "dpr", "A pebble rolls."), run)


def test_an_unmeasured_claim_says_how_long_it_takes(ws: Workspace, declared: Claim) -> None:
    (row,) = board(ws)["claims"]
    assert (row["verdict"], row["effect"], row["interval"], row["seeds"]) == ("not yet measured", None, None, [])
    # 10 seeds with treatment, control and placebo, 4 of a pilot with the treatment, 3 minutes each; BM25 trains nothing
    assert row["estimated_hours"] == pytest.approx((10 * 3 + 4) * 3 / 60)
    assert board(ws)["headline"] == "No claim has a verdict yet: 1 not yet measured."
    assert "Not yet measured" in sentence(row)


def test_ten_seeds_and_a_pilot_give_a_verdict(ws: Workspace, declared: Claim, entry: Make) -> None:
    fill(ws, *map(entry, [*range(1, 5), *range(101, 111)]))
    told = board(ws)
    (row,) = told["claims"]
    assert row["verdict"] == "replicates"
    assert row["mechanism"] == "shown"
    assert row["interval"][0] < row["effect"] < row["interval"][1]
    assert row["estimated_hours"] is None
    assert row["seeds"] == list(range(101, 111))
    assert all(c["holds"] for c in row["preconditions"] if c["name"] != "trained arms beat untrained")
    assert told["headline"].startswith("1 replicate; 1 after correction; at most 0.025 expected by chance among 1")
    assert "Verdict: replicates." in sentence(row)


def test_three_seeds_indicate_and_the_rest_is_estimated_from_them(ws: Workspace, declared: Claim, entry: Make) -> None:
    fill(ws, *map(entry, [101, 102, 104]))
    row = claim_row(declared, ws)
    assert row["verdict"] == "indicative"
    assert row["estimated_hours"] == pytest.approx((7 * 3 + 4) * 20 / 3600, abs=0.01)  # 3 arms took a minute
    assert "indicative (3 seeds)" in sentence(row)
    assert "101-102, 104" in sentence(row)
    assert board(ws)["headline"] == "No claim has a verdict yet: 1 indicative."


def test_a_rerun_changes_nothing(ws: Workspace, declared: Claim, entry: Make) -> None:
    fill(ws, *map(entry, [101, 102, 103]))
    before = claim_row(declared, ws)
    fill(ws, entry(101, c=9.0))
    after = claim_row(declared, ws)
    assert after["effect"] == before["effect"]
    assert len(records.load(ws)["dpr"].runs) == 4


def test_control_and_placebo_may_come_later(ws: Workspace, declared: Claim, entry: Make) -> None:
    bare = {"control_c": None, "placebo_c": None, "arms": {"new": 0.5, "bm25": 0.44, "new@0": 0.1}}
    fill(ws, *[entry(s, **bare) for s in [*range(1, 5), *range(101, 111)]])
    row = claim_row(declared, ws)
    assert row["verdict"] == "indicative"
    assert "control oracle is not measured yet" in row["why"]
    assert "placebo sham is not measured yet" in row["why"]
    fill(ws, *[entry(s, c=9.0) for s in range(101, 111)])
    after = claim_row(declared, ws)
    assert after["verdict"] == "replicates"
    assert after["effect"] == row["effect"], "the first run's c stays"


def test_another_recipe_needs_fresh_seeds(entry: Make) -> None:
    other = {"budget": {"steps": 999}}
    runs = [entry(101), entry(102), entry(103), entry(1)]
    seen = [entry(s, recipe=other) for s in (101, 102, 103)]
    fresh = [entry(s, recipe=other) for s in (104, 105, 106, 107, 1)]
    assert [r.seed for r in judged(Record("dpr", 10, "dpr", "", (*runs, *seen)))[0]] == [101, 102, 103]
    assert judged(Record("dpr", 10, "dpr", "", (*runs, *seen)))[0][0].recipe != other
    told, pilot = judged(Record("dpr", 10, "dpr", "", (*runs, *seen, *fresh)))
    assert [r.seed for r in told] == [104, 105, 106, 107]
    assert [r.recipe for r in pilot] == [other]


def test_recipes_tried_are_counted(ws: Workspace, declared: Claim, entry: Make) -> None:
    fill(ws, entry(1), entry(1, recipe={"budget": {"steps": 999}}), entry(1, "smoke"))
    row = claim_row(declared, ws)
    assert row["recipes_tried"] == 3
    assert row["developed_on"] == [1]
    assert "developed on seeds 1" in sentence(row)


def test_the_catalogue_lists_every_paper(ws: Workspace, declared: Claim, entry: Make) -> None:
    fill(ws, *map(entry, [101, 102, 103]))
    rows = catalogue(ws)
    assert [r["number"] for r in rows] == list(range(1, 120))
    assert {tuple(r) for r in rows} == {
        ("number", "key", "title", "chapter", "tier", "status", "method", "notebook", "claim", "claims")
    }
    assert {r["status"] for r in rows} <= {"planned", "runs", "tested", "works"}
    dpr = next(r for r in rows if r["key"] == "dpr")
    assert dpr["chapter"] == "1 foundations"
    assert dpr["method"] == "core/retrievarium/methods/dpr.py"
    assert dpr["claim"] == dpr["claims"][0]
    assert dpr["claim"]["verdict"] == "indicative"
    assert dpr["claim"]["seeds"] == [101, 102, 103]
    planned = next(r for r in rows if r["key"] == "cocondenser")
    assert (planned["status"], planned["method"], planned["claim"], planned["claims"]) == ("planned", None, None, [])
