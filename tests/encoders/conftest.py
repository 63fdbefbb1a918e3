"""A vocabulary, a backbone and a collection small enough to be made in a test; MiniLM once a session."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest

from retrievarium.data import Collection
from retrievarium.encoders import Backbone, load_encoder, train_wordpiece
from retrievarium.workspace import Workspace

SYLLABLES = [a + b for a in "bdfgklmnprst" for b in "aeiou"]


def sentences(n: int, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    words = ["".join(rng.choices(SYLLABLES, k=rng.randint(1, 4))) for _ in range(400)]
    return [" ".join(rng.choices(words, k=rng.randint(3, 40))) + "." for _ in range(n)]


@pytest.fixture(scope="session")
def texts() -> list[str]:
    return sentences(300)


@pytest.fixture(scope="session")
def tokenizer(texts):
    return train_wordpiece(texts, 400, max_length=64)


@pytest.fixture
def backbone(tokenizer) -> Backbone:
    return Backbone(tokenizer, layers=2, dim=16, heads=2, max_length=64, seed=3)


@pytest.fixture(scope="session")
def minilm():
    return load_encoder("minilm", device="cpu")


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def collection(texts) -> Collection:
    n = len(texts)
    return Collection(
        "small",
        pa.table({"id": [f"p{i}" for i in range(n)], "title": [t.split()[0] for t in texts], "text": texts}),
        pa.table({"id": ["q1", "q2", "q3"], "text": ["badu", "kelo mi", "where is badu"]}),
    )
