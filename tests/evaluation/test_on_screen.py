"""What queries can show, bounds over what nobody judged, and places that runs share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from retrievarium.contracts import InputError, Run
from retrievarium.evaluation import (
    all_pairs,
    evaluate,
    queries_needed,
    sight,
    standings,
    tied_at,
    unjudged_bounds,
    visible_difference,
)


def test_the_visible_difference_is_found_as_often_as_it_says() -> None:
    """Simulation against the formula: at that difference a z test finds 80%, at none 5%."""
    rng = np.random.default_rng(5)
    n, sd = 60, 0.3
    delta = visible_difference(sd, n)
    assert delta == pytest.approx((1.959964 + 0.841621) * sd / np.sqrt(n), rel=1e-5)
    for truth, share in ((delta, 0.8), (0.0, 0.05)):
        means = rng.normal(truth, sd, size=(4_000, n)).mean(axis=1)
        found = (np.abs(means) > 1.959964 * sd / np.sqrt(n)).mean()
        assert found == pytest.approx(share, abs=0.02)


@given(some.floats(0.01, 1), some.floats(0.005, 0.5))
def test_the_two_directions_agree(sd: float, difference: float) -> None:
    n = queries_needed(sd, difference)
    assert visible_difference(sd, n) <= difference * (1 + 1e-6)
    if n > 1:
        assert visible_difference(sd, n - 1) > difference * (1 - 1e-6)


def test_sight_in_words() -> None:
    rng = np.random.default_rng(0)
    a = {f"q{i}": float(v) for i, v in enumerate(rng.random(200))}
    b = {q: float(np.clip(v + 0.3 * rng.normal(), 0, 1)) for q, v in a.items()}
    told = sight(a, b)
    assert told.sd == pytest.approx(np.std([b[q] - a[q] for q in a], ddof=1))
    assert f"{told.visible:.3f} in nDCG@10" in told.sentence("nDCG@10")
    assert f"To see 0.02 takes about {queries_needed(told.sd, 0.02):,} queries" in told.sentence("nDCG@10")
    assert sight(a, b, pilot=40) == sight(a, b, pilot=40)
    assert sight(a, b, pilot=40).pilot == 40
    assert sight(a, b).visible == sight(b, a).visible  # nothing is said about who is ahead
    assert "no spread" in sight(a, a).sentence("nDCG@10")
    with pytest.raises(InputError, match="different queries"):
        sight(a, {})


RUN = Run.from_dict(
    {"q1": {"a": 3.0, "b": 2.0, "c": 1.0}, "q2": {"a": 3.0, "d": 3.0, "b": 1.0}, "q3": {"x": 1.0}, "q4": {}}
)
QRELS = {"q1": {"b": 1, "a": 0}, "q2": {"a": 2, "d": 1, "b": 0}, "q3": {"y": 1}, "q4": {"z": 1}}


def test_bounds_by_hand() -> None:
    told = unjudged_bounds(RUN, QRELS, "Success@1")
    assert told.per_query == {"q1": (0.0, 0.0), "q2": (1.0, 1.0), "q3": (0.0, 1.0), "q4": (0.0, 0.0)}
    assert (told.low, told.high) == (0.25, 0.5)
    assert told.judged == pytest.approx(2 / 3)  # the first results of q1 and q2 are judged, that of q3 is not
    assert told.low == evaluate(RUN, QRELS, ["Success@1"])["Success@1"]


def test_all_judged_leaves_nothing_open() -> None:
    qrels = {q: {**dict.fromkeys(RUN[q].ids, 0), **QRELS[q]} for q in QRELS}
    for measure in ("nDCG@10", "RR@10", "R@2", "AP", "P@2"):
        told = unjudged_bounds(RUN, qrels, measure)
        assert told.low == told.high
        assert told.judged == 1


@pytest.mark.parametrize("measure", ["nDCG@10", "RR@10", "R@2", "AP@3", "P@2", "Success@2"])
def test_no_judgement_of_the_unjudged_leaves_the_bounds_for_ranks(measure: str) -> None:
    """Each way to judge q1's c and q3's x lies within, for measures that no further relevant passage lowers."""
    told = unjudged_bounds(RUN, QRELS, measure)
    assert told.low <= told.high
    for c in (0, 1):
        for x in (0, 1):
            qrels = {**QRELS, "q1": {**QRELS["q1"], "c": c}, "q3": {**QRELS["q3"], "x": x}}
            value = evaluate(RUN, qrels, [measure])[measure]
            assert value <= told.high + 1e-9
            if measure in ("RR@10", "P@2", "Success@2"):
                assert value >= told.low - 1e-9


def test_ties_at_the_cut_are_counted() -> None:
    assert tied_at(RUN, list(QRELS), 1) == 1
    assert tied_at(RUN, list(QRELS), 2) == 0
    assert tied_at(RUN, ["q1", "unknown"], 1) == 0


def test_places_are_shared_where_nothing_is_told_apart() -> None:
    rng = np.random.default_rng(1)
    base = {f"q{i}": float(v) for i, v in enumerate(rng.random(80))}
    near = {q: v + 0.02 * rng.normal() for q, v in base.items()}
    far = {q: v - 0.3 + 0.05 * rng.normal() for q, v in base.items()}
    values = {"far": far, "base": base, "near": near}
    pairs = all_pairs(values)
    told = {s.name: (s.first, s.last) for s in standings(values, pairs)}
    assert told == {"base": (1, 2), "near": (1, 2), "far": (3, 3)}
    assert [s.words for s in standings(values, pairs)] == ["1 to 2", "1 to 2", "3"]
    assert pairs.differences["far", "base"].mean > 0
    assert all(pairs.corrected_p[p] >= pairs.differences[p].p for p in pairs.differences)
    assert max(pairs.corrected_p.values()) <= 1
