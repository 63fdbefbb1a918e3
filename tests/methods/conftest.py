"""What the tests of one method share: a World of a hundred passages, and one workspace with a small start a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from retrievarium.data import Collection, World
from retrievarium.pretraining import start
from retrievarium.workspace import Workspace


@pytest.fixture(scope="module")
def world() -> Collection:
    return World(1, 100).collection()


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """One workspace and a small start for the whole file."""
    with pytest.MonkeyPatch.context() as patch:
        made = Workspace(tmp_path_factory.mktemp("methods"))
        for name, value in {"VOCABULARY": 400, "LAYERS": 1, "DIM": 32}.items():
            patch.setattr(start, name, value)
        patch.setattr(start, "shipped", lambda *parts: made.root.joinpath("nowhere", *parts))
        yield made
