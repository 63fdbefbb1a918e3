"""Vectors whose norms differ, with some that are equal."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def rng():
    return np.random.default_rng(11)


@pytest.fixture
def vectors(rng):
    """float32 `(1000, 12)`, norms from about 0.3 to 6."""
    return (rng.normal(size=(1000, 12)) * rng.uniform(0.1, 2, size=(1000, 1))).astype(np.float32)


@pytest.fixture
def queries(rng):
    return rng.normal(size=(40, 12)).astype(np.float32)


@pytest.fixture
def ids():
    return [f"d{i}" for i in range(1000)]
