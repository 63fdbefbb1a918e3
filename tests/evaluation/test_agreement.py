"""Cohen's kappa against scikit-learn's, and where it is not defined."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from retrievarium.contracts import InputError
from retrievarium.evaluation import cohen_kappa


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_equals_scikit_learn(weights: str) -> None:
    rng = np.random.default_rng(5)
    a = rng.integers(0, 4, 80)
    b = np.where(rng.random(80) < 0.6, a, rng.integers(0, 4, 80))
    ours = cohen_kappa(dict(enumerate(a.tolist())), dict(enumerate(b.tolist())), weights)
    theirs = cohen_kappa_score(a, b, weights=None if weights == "none" else weights)
    assert ours.n == 80
    assert ours.kappa == pytest.approx(theirs, abs=1e-12)


def test_only_shared_items_count_and_chance_is_taken_off() -> None:
    a = {1: "yes", 2: "yes", 3: "no", 4: "no", 9: "yes"}
    b = {1: "yes", 2: "no", 3: "no", 4: "no", 7: "yes"}
    told = cohen_kappa(a, b)  # 3 of 4 agree; chance: .5 * .25 + .5 * .75
    assert (told.n, told.observed, told.expected) == (4, 0.75, 0.5)
    assert told.kappa == pytest.approx(0.5)


def test_undefined_where_chance_explains_everything() -> None:
    assert cohen_kappa({1: "yes"}, {1: "yes"}).kappa is None
    assert cohen_kappa({1: "yes"}, {2: "yes"}).kappa is None
    with pytest.raises(InputError, match="weights"):
        cohen_kappa({}, {}, "cubic")
