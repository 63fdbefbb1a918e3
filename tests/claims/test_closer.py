"""The seeds behind a row, means over them, and what a next step costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from retrievarium.claims import by_overlap, by_slice, next_steps, parse_seeds, run_hours, seeds_of
from retrievarium.claims.records import Record, append
from retrievarium.contracts import InputError, MissingError


def test_the_committed_seeds_of_dpr() -> None:
    seen = seeds_of("dpr")
    assert {101, 102, 103} <= {r.seed for r in seen.judged}
    assert seeds_of("nobody").judged == ()


def test_means_over_seeds_are_the_hand_computed_ones() -> None:
    runs = seeds_of("dpr").judged
    rows = by_overlap(runs)
    assert len(rows) == 5
    assert rows[0]["fifth"] == "lowest fifth"
    assert rows[0]["bm25"] == pytest.approx(sum(r.beside["by overlap"][0]["bm25"] for r in runs) / len(runs))
    assert rows[0]["questions"] == sum(r.beside["by overlap"][0]["questions"] for r in runs)
    slices = by_slice(runs)
    assert slices["rare"]["seeds"] == len(runs)
    assert slices["rare"]["dpr"] == pytest.approx(sum(r.beside["by slice"]["rare"]["dpr"] for r in runs) / len(runs))
    assert by_overlap([]) == []
    assert by_slice([]) == {}


def test_an_arm_that_some_seed_lacks_is_left_out_of_means() -> None:
    first, *rest = seeds_of("dpr").judged
    fifths = [{**f, "extra": 1.0} for f in first.beside["by overlap"]]
    more: Any = type(first)(**{**vars(first), "beside": {**first.beside, "by overlap": fifths}})
    assert "extra" not in by_overlap([more, *rest])[0]
    assert "extra" in by_overlap([more])[0]


@pytest.fixture
def begun(declared: Any, entry: Any, ws: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Three judged seeds without control and placebo, and one of the pilot; a minute each."""
    monkeypatch.setattr("retrievarium.claims.closer.claims", lambda: {"dpr": declared})
    for seed in (1, 101, 102, 103):
        run = entry(seed, control_c=None, placebo_c=None)
        arms = {a: v for a, v in run.arms.items() if a not in ("oracle", "sham")}
        append(ws, Record("dpr", 10, "dpr", declared.says), replace(run, arms=arms))
    return ws


def test_steps_to_a_verdict(begun: Any) -> None:
    steps = {s.title: s for s in next_steps("dpr", begun)}
    assert list(steps) == ["Pilot", "Control and placebo", "Up to a verdict"]
    assert steps["Pilot"].seeds == (2, 3, 4)
    assert not steps["Pilot"].controls
    assert steps["Control and placebo"].seeds == (101, 102, 103)
    assert steps["Control and placebo"].controls
    assert steps["Up to a verdict"].seeds == tuple(range(104, 111))
    assert 60 * steps["Pilot"].hours == pytest.approx(3)
    assert 60 * steps["Control and placebo"].hours == pytest.approx(6)
    assert 60 * steps["Up to a verdict"].hours == pytest.approx(21)


def test_nothing_measured_begins_with_three_seeds(declared: Any, ws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrievarium.claims.closer.claims", lambda: {"dpr": declared})
    first = next_steps("dpr", ws)[0]
    assert (first.title, first.seeds) == ("First three seeds", (101, 102, 103))
    assert 60 * first.hours == pytest.approx(9)  # three minutes an arm, as the budget says


def test_a_run_stands_in_one_place(begun: Any, entry: Any, declared: Any) -> None:
    other = entry(104)
    other = replace(other, recipe={**other.recipe, "world": "another"})
    append(begun, Record("dpr", 10, "dpr", declared.says), other)
    seen = seeds_of("dpr", begun)
    assert [r.seed for r in seen.judged] == [101, 102, 103]
    assert [r.seed for r in seen.pilot] == [1]
    assert [r.seed for r in seen.others] == [104]


def test_hours_count_what_is_missing(begun: Any) -> None:
    assert run_hours("dpr", [101], ws=begun) == 0
    assert 60 * run_hours("dpr", [109, 110], ws=begun) == pytest.approx(2)
    assert 60 * run_hours("dpr", [110], controls=True, ws=begun) == pytest.approx(3)
    with pytest.raises(MissingError):
        run_hours("nobody", [101], ws=begun)


@pytest.mark.parametrize("text", ["", "a", "3-1", "1-2-3", "1;2", "-1"])
def test_what_are_no_seeds(text: str) -> None:
    with pytest.raises(InputError, match="no range of seeds"):
        parse_seeds(text)
    assert parse_seeds("101-103, 110,102") == [101, 102, 103, 110]
