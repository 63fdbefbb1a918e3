"""A cheap claim: no model, no World, numbers from a formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from retrievarium.claims import SeedRun
from retrievarium.methods import Arms, Claim
from retrievarium.workspace import Workspace

Make = Callable[..., SeedRun]


def pebble(seed: int, budget: str, device: str | None) -> Arms:
    """Treatment above base by about .06, control by .1, placebo by 0; 400 questions."""
    rng = np.random.default_rng(seed)
    queries = [f"q{i}" for i in range(400)]
    base = rng.random(400) * 0.8
    arms = Arms({a: dict(zip(queries, base + g + rng.normal(0, 0.01, 400), strict=True)) for a, g in GAINS.items()})
    arms.beside = {"curve": [0.1, 0.2], "collection": {"name": f"pebbles-{seed}", "fingerprint": "0" * 16}}
    return arms


GAINS = {"new": 0.06, "bm25": 0.0, "new@0": -0.3, "oracle": 0.1, "sham": 0.0}


@pytest.fixture
def fake() -> Claim:
    return Claim(
        key="dpr", paper=10, method="dpr", measure="Success@5", treatment="new", base="bm25", untrained="new@0",
        control="oracle", placebo="sham", says="A pebble rolls.", contrast=pebble,
    )  # fmt: skip


@pytest.fixture
def ws(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """An empty workspace, and no committed records beside it."""
    monkeypatch.setattr("retrievarium.claims.records.shipped", lambda *parts: tmp_path.joinpath("shipped", *parts))
    return Workspace(tmp_path / "ws")


@pytest.fixture
def declared(fake: Claim, monkeypatch: pytest.MonkeyPatch) -> Claim:
    """The fake claim as the only declared one."""
    for module in ("runner", "standings"):
        monkeypatch.setattr(f"retrievarium.claims.{module}.claims", lambda: {"dpr": fake})
    return fake


@pytest.fixture
def entry(fake: Claim) -> Make:
    """`entry(seed, **changes)`: a run of the fake claim."""
    from retrievarium.claims.runner import seed_run
    from retrievarium.methods import Budget

    def make(seed: int, budget: str = "small", **changes: Any) -> SeedRun:
        return replace(seed_run(fake, seed, Budget.named(budget), pebble(seed, budget, None), 60.0), **changes)

    return make
