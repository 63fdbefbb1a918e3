"""The verdict rule: by simulation, case by case, and the headline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from retrievarium.claims import (
    Measured,
    Verdict,
    benjamini_hochberg,
    decide,
    fixed_collection_interval,
    headline,
    one_sided_p,
    seeds_from_pilot,
    t_interval,
    verdict,
)
from retrievarium.claims.intervals import by_entity, half_width
from retrievarium.claims.rule import INCONCLUSIVE, NOT_REPLICATES, OPPOSITE, REPLICATES
from retrievarium.contracts import InputError

SPREAD = np.array([-1.5, -1.0, -0.6, -0.3, -0.1, 0.1, 0.3, 0.6, 1.0, 1.5])
SPREAD = SPREAD / SPREAD.std(ddof=1)


def many(mean: float, sd: float, seeds: int = 10, repeats: int = 100_000) -> tuple[np.ndarray, ...]:
    """Mean and interval of `repeats` experiments of `seeds` normal draws."""
    x = np.random.default_rng(0).normal(mean, sd, (repeats, seeds))
    half = stats.t.ppf(0.975, seeds - 1) * x.std(axis=1, ddof=1) / np.sqrt(seeds)
    return x.mean(axis=1), x.mean(axis=1) - half, x.mean(axis=1) + half


def around(mean: float, half: float, seeds: int = 10) -> np.ndarray:
    """Ten numbers with exactly this mean and this half-width of their interval."""
    return mean + SPREAD * half / half_width(1.0, seeds)


def case(c: np.ndarray, **changes: object) -> Measured:
    """A claim whose preconditions all hold."""
    ones = np.ones(len(c))
    about: dict[str, object] = {
        "c": c,
        "arms": {"new": 0.5 + c, "old": 0.5 * ones, "new@0": 0.1 * ones},
        "treatment": "new",
        "base": "old",
        "untrained": "new@0",
        "questions": 3_000,
        "pilot": [0.05, 0.06, 0.05, 0.06],
    }
    return Measured(**{**about, **changes})  # type: ignore[arg-type]


# -- simulation


def test_the_interval_of_ten_seeds_covers_95_in_100() -> None:
    _, low, high = many(0.03, 0.04)
    assert 0.94 <= ((low <= 0.03) & (high >= 0.03)).mean() <= 0.96


def test_the_interval_function_is_the_simulated_one() -> None:
    x = np.random.default_rng(0).normal(0.03, 0.04, (100_000, 10))[0]
    told = t_interval(x)
    mean, low, high = (v[0] for v in many(0.03, 0.04))
    assert [told.mean, told.low, told.high] == pytest.approx([mean, low, high], abs=1e-12)


@pytest.mark.parametrize("share", [0.5, 0.8, 1.0])
def test_without_an_effect_replicates_in_at_most_1_in_100_where_the_half_width_is_at_most_delta(share: float) -> None:
    sd = share * 0.02 / half_width(1.0, 10)
    found = (decide(*many(0.0, sd), 0.02) == REPLICATES).mean()
    assert found <= 0.01


@pytest.mark.parametrize("sd", [0.001, 0.02, 0.1, 1.0])
def test_without_an_effect_replicates_in_at_most_2_and_a_half_in_100_whatever_the_spread(sd: float) -> None:
    found = (decide(*many(0.0, sd, repeats=400_000), 0.02) == REPLICATES).mean()
    assert found <= 0.025 + 2 * np.sqrt(0.025 * 0.975 / 400_000)
    if sd == 1.0:
        assert found > 0.02, "with a wide spread delta does not help, and the bound is reached"


def test_a_true_effect_is_found() -> None:
    assert (decide(*many(0.05, 0.02), 0.02) == REPLICATES).mean() > 0.99
    assert (decide(*many(-0.05, 0.02), 0.02) == OPPOSITE).mean() > 0.99


def test_margin_claims_err_in_at_most_2_and_a_half_in_100_at_the_margin() -> None:
    told = decide(*many(0.0, 0.02), 0.02, margin=True)  # the true difference is exactly -m: c is 0
    assert (told == REPLICATES).mean() <= 0.026
    assert OPPOSITE not in told


def test_fixed_collection_interval_covers_when_seeds_and_questions_are_both_drawn() -> None:
    rng = np.random.default_rng(1)
    hit = 0
    for _ in range(800):
        values = 0.03 + rng.normal(0, 0.02, (10, 1)) + rng.normal(0, 0.3, (1, 100)) + rng.normal(0, 0.1, (10, 100))
        told = fixed_collection_interval(values)
        hit += told.low <= 0.03 <= told.high
    assert 0.93 <= hit / 800 <= 0.99
    assert t_interval(values.mean(axis=1)).half < told.half, "seeds alone would hide that the questions are few"


# -- the order


@pytest.mark.parametrize(
    ("mean", "half", "state"),
    [
        (0.05, 0.02, REPLICATES),
        (0.02, 0.015, REPLICATES),
        (0.019, 0.015, INCONCLUSIVE),  # above 0, and yet too small to count, and may be larger than delta
        (0.010, 0.005, NOT_REPLICATES),  # above 0 and surely below delta
        (0.0, 0.01, NOT_REPLICATES),
        (0.0, 0.03, INCONCLUSIVE),
        (0.05, 0.06, INCONCLUSIVE),
        (-0.05, 0.02, OPPOSITE),
        (-0.005, 0.004, OPPOSITE),  # small and certain: opposite comes before "does not replicate"
    ],
)
def test_verdicts_come_in_their_order(mean: float, half: float, state: str) -> None:
    told = verdict(case(around(mean, half)))
    assert told.state == state
    assert told.effect == pytest.approx(mean)
    assert told.interval == pytest.approx((mean - half, mean + half))
    assert told.p is not None


@pytest.mark.parametrize(
    ("mean", "half", "state"),
    [
        (0.01, 0.005, REPLICATES),
        (-0.01, 0.005, NOT_REPLICATES),
        (0.0, 0.01, INCONCLUSIVE),
        (-0.2, 0.01, NOT_REPLICATES),
    ],
)
def test_margin_claims_ask_only_for_the_side(mean: float, half: float, state: str) -> None:
    assert verdict(case(around(mean, half), margin=0.03)).state == state


def test_a_margin_claims_pilot_is_measured_by_its_margin() -> None:
    wide = [0.0, 0.02, 0.04, 0.06]  # half-width .018 at 10 seeds
    assert verdict(case(around(0.05, 0.01), pilot=wide, margin=0.02)).state == REPLICATES
    failed = verdict(case(around(0.05, 0.01), pilot=wide, margin=0.005))
    assert failed.state == "untestable here"
    assert "pilot" in failed.why


# -- preconditions


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"arms": {"new": np.full(10, 0.55), "old": np.full(10, 0.5), "new@0": np.full(10, 0.46)}}, "beat untrained"),
        ({"arms": {"new": np.full(10, 0.97), "old": np.full(10, 0.92), "new@0": np.full(10, 0.1)}}, "base in range"),
        ({"arms": {"new": np.full(10, 0.14), "old": np.full(10, 0.09), "new@0": np.full(10, 0.01)}}, "base in range"),
        ({"conditions": {"loss levelled": [0.0] * 9 + [-1.0]}}, "loss levelled"),
        ({"control": "oracle", "control_c": around(0.01, 0.005)}, "positive control"),
        ({"control": "oracle", "control_c": around(0.03, 0.04)}, "positive control"),
        ({"questions": 299}, "slice of 300"),
        ({"pilot": [0.0, 0.1, 0.2, 0.3]}, "pilot"),
    ],
)
def test_a_failed_precondition_is_untestable_and_named(changes: dict, named: str) -> None:
    assert verdict(case(around(0.05, 0.02))).state == REPLICATES, "it would replicate otherwise"
    told = verdict(case(around(0.05, 0.02), **changes))
    assert told.state == "untestable here"
    assert named in told.why
    assert told.p is None


def test_the_first_failed_precondition_is_named() -> None:
    told = verdict(case(around(0.05, 0.02), questions=10, conditions={"teacher ahead": [-0.1] * 10}))
    assert "teacher ahead" in told.why
    assert "slice" not in told.why


def test_bm25_need_not_beat_its_untrained_self() -> None:
    arms = {"dpr": np.full(10, 0.5), "bm25": np.full(10, 0.45), "dpr@0": np.full(10, 0.43)}
    weak = verdict(case(around(0.05, 0.02), arms=arms, treatment="dpr", base="bm25", untrained="dpr@0"))
    strong = {**arms, "dpr@0": np.full(10, 0.44)}
    assert weak.state == REPLICATES
    assert verdict(case(around(0.05, 0.02), arms={**strong, "dpr": np.full(10, 0.48)}, treatment="dpr", base="bm25",
                        untrained="dpr@0")).state == "untestable here"  # fmt: skip


def test_a_claim_that_declares_no_control_skips_it_and_shows_that() -> None:
    told = verdict(case(around(0.05, 0.02)))
    control = next(c for c in told.checks if c.name == "positive control")
    assert control.holds is None
    assert "none" in control.figure


# -- the placebo


def test_a_placebo_that_does_as_well_leaves_the_mechanism_unshown() -> None:
    told = verdict(case(around(0.05, 0.02), placebo="sham", placebo_c=around(0.0, 0.01)))
    assert told.state == REPLICATES
    assert told.words == "replicates, mechanism not shown"
    good = verdict(case(around(0.05, 0.02), placebo="sham", placebo_c=around(0.04, 0.01)))
    assert good.words == "replicates"


# -- how many seeds


def test_fewer_than_three_seeds_are_not_yet_measured() -> None:
    told = verdict(case(np.array([0.05, 0.06])))
    assert (told.state, told.seeds, told.effect) == ("not yet measured", 2, None)


@pytest.mark.parametrize("seeds", [3, 9])
def test_three_to_nine_seeds_indicate(seeds: int) -> None:
    told = verdict(case(around(0.05, 0.02)[:seeds], pilot=[]))
    assert (told.state, told.seeds) == ("indicative", seeds)
    assert f"{seeds} of 10 seeds" in told.why
    assert told.p is None


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"pilot": []}, "0 of 4 development seeds"),
        ({"control": "oracle"}, "oracle is not measured"),
        ({"placebo": "sham"}, "sham is not measured"),
    ],
)
def test_ten_seeds_without_pilot_control_or_placebo_only_indicate(changes: dict, named: str) -> None:
    told = verdict(case(around(0.05, 0.02), **changes))
    assert told.state == "indicative"
    assert named in told.why


def test_the_pilot_fixes_the_seeds_and_there_is_one_look() -> None:
    assert seeds_from_pilot([0.05, 0.05, 0.06, 0.06], 0.02) == 10
    wide = 0.02 / half_width(1.0, 20) * 0.99 * np.array([-0.5, -0.5, 0.5, 0.5]) * np.sqrt(3)
    assert seeds_from_pilot(wide, 0.02) == 20
    assert seeds_from_pilot(2 * wide, 0.02) is None
    assert verdict(case(around(0.05, 0.02), pilot=wide)).why.startswith("10 of 20 seeds")
    more = np.concatenate([around(0.05, 0.02), np.full(3, -5.0)])  # seeds beyond S change nothing
    assert verdict(case(more)).effect == pytest.approx(0.05)


# -- many claims


def test_benjamini_hochberg_by_hand() -> None:
    # sorted .005 .011 .02 .04 .13 against .01 .02 .03 .04 .05: the fourth is the last that passes
    assert benjamini_hochberg([0.04, 0.005, 0.13, 0.02, 0.011]) == [True, True, False, True, True]
    # .03 fails at its own rank and is carried by .04 at the next
    assert benjamini_hochberg([0.03, 0.04]) == [True, True]
    assert benjamini_hochberg([0.06, 0.07]) == [False, False]
    assert benjamini_hochberg([]) == []


def test_one_sided_p_agrees_with_scipy() -> None:
    x = np.random.default_rng(3).normal(0.02, 0.05, 10)
    assert one_sided_p(t_interval(x)) == pytest.approx(stats.ttest_1samp(x, 0, alternative="greater").pvalue)
    assert one_sided_p(t_interval([0.0, 0.0, 0.0])) == 1.0


def test_the_headline_counts_untestable_claims_apart() -> None:
    sure, weak = Verdict(REPLICATES, p=1e-6), Verdict(REPLICATES, p=0.02)
    none = [Verdict(NOT_REPLICATES, p=0.5)] * 49
    told = headline([*[sure] * 27, *[weak] * 4, *none, Verdict("untestable here"), Verdict("not yet measured")])
    assert told == (
        "31 replicate; 27 after correction; at most 2 expected by chance among 80. "
        "Apart: 1 untestable here; 1 not yet measured."
    )
    # 4 claims at p = .02 have ranks 28 to 31 of 80, thresholds .0175 to .0194: they fall
    assert headline([Verdict("indicative")]) == "No claim has a verdict yet: 1 indicative."


# -- intervals


def test_questions_on_one_entity_count_once() -> None:
    told = by_entity({"a": 1.0, "b": 0.0, "c": 0.2, "d": 0.4}, {"a": "x", "b": "x"})
    assert sorted(told.values()) == pytest.approx([0.2, 0.4, 0.5])


def test_fixed_collections_judge_by_both_variances() -> None:
    rng = np.random.default_rng(2)
    effects = 0.05 + rng.normal(0, 0.01, (10, 1)) + rng.normal(0, 1.0, (1, 40))
    c = effects.mean(axis=1)
    by_seed = case(c)
    assert verdict(replace(by_seed, query_effects=effects.tolist())).state == INCONCLUSIVE
    assert verdict(by_seed).state != INCONCLUSIVE


@pytest.mark.parametrize("values", [[], [0.1]])
def test_one_number_has_no_interval(values: list) -> None:
    with pytest.raises(InputError, match="two seeds"):
        t_interval(values)
