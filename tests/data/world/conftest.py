"""Small Worlds, written once for all tests of this folder."""

from __future__ import annotations

import pytest

from retrievarium.data.collection import Collection
from retrievarium.data.world import World


@pytest.fixture(scope="session")
def world() -> World:
    return World(seed=3, passages=600)


@pytest.fixture(scope="session")
def arm_a(world: World) -> Collection:
    return world.collection("A")


@pytest.fixture(scope="session")
def arm_b(world: World) -> Collection:
    return world.collection("B")
