"""Shared fixtures: a workspace of its own for every test, and a collection small enough to check by hand."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None)  # a first call imports libraries; time is bounded by pytest-timeout
settings.load_profile("house")

PASSAGES = [
    ("p1", "Danube", "The river Danube rises in the Black Forest and flows through ten countries to the Black Sea."),
    ("p2", "Mercury", "Mercury is the planet nearest to the Sun and has no moon."),
    ("p3", "Mercury", "Mercury is a chemical element; it is liquid at room temperature."),
    ("p4", "Cork", "Cork is a city in the south of Ireland on the river Lee."),
    ("p5", "Cork oak", "The bark of the cork oak is cut every nine years and gives bottle stoppers."),
    ("p6", "", "Béla Bartók collected folk songs; his string quartets quote them."),
    ("p7", "Crane", "The crane is a tall bird that dances; cranes migrate in wedges."),
    ("p8", "Tower crane", "A tower crane lifts steel and concrete on a building site."),
    ("p9", "Rhine", "The Rhine rises in the Alps and the river ends in the North Sea."),
]
QUERIES = [
    ("t1", "which river rises in the Black Forest", ["Danube"]),
    ("t2", "planet nearest to the Sun", ["Mercury"]),
    ("t3", "liquid chemical element", ["mercury"]),
    ("d1", "city on the river Lee", ["Cork"]),
    ("d2", "bird that dances", ["the crane"]),
    ("d3", "bottle stoppers from bark", ["cork oak"]),
    ("e1", "river that ends in the North Sea", ["Rhine"]),
    ("e2", "who collected folk songs", ["Bela Bartok"]),
    ("e3", "machine that lifts concrete", ["tower crane"]),
    ("e4", "Mercury the planet and the element", ["Mercury"]),
    ("e5", "xylophone", ["nothing here"]),
]
QRELS = {
    "train": [("t1", "p1", 1), ("t2", "p2", 1), ("t3", "p3", 1)],
    "dev": [("d1", "p4", 1), ("d2", "p7", 1), ("d3", "p5", 1)],
    "test": [
        ("e1", "p9", 2),
        ("e1", "p1", 1),
        ("e2", "p6", 1),
        ("e3", "p8", 1),
        ("e3", "p7", 0),
        ("e4", "p2", 1),
        ("e4", "p3", 2),
        ("e5", "p4", 1),
    ],
}


@pytest.fixture(autouse=True)
def _own_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's workspace is touched: each test has one of its own, and what it chose is forgotten after it."""
    from retrievarium.workspace import artifacts

    monkeypatch.setenv("RETRIEVARIUM_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.delenv("RETRIEVARIUM_JOB", raising=False)
    monkeypatch.setattr(artifacts, "_chosen", None)


@pytest.fixture
def ws(tmp_path: Path) -> Any:
    """The test's own workspace."""
    from retrievarium.workspace import Workspace

    return Workspace(tmp_path / "workspace")


@pytest.fixture
def collection() -> Any:
    """Nine passages, eleven questions with answers, and judgements for train, dev and test (graded)."""
    from retrievarium.data import Collection

    ids, titles, texts = zip(*PASSAGES, strict=True)
    query_ids, questions, answers = zip(*QUERIES, strict=True)
    qrels = {}
    for split, rows in QRELS.items():
        q, p, g = zip(*rows, strict=True)
        qrels[split] = pa.table({"query_id": q, "passage_id": p, "grade": pa.array(g, pa.int32())})
    return Collection(
        "small",
        pa.table({"id": ids, "title": titles, "text": texts}),
        pa.table({"id": query_ids, "text": questions, "answers": pa.array(list(answers), pa.list_(pa.string()))}),
        qrels,
        meta={"language": "en"},
    )


class WordEncoder:
    """Sums of pseudo-random word vectors: deterministic everywhere, without torch, and near for texts sharing words."""

    name = "words"
    dim = 32
    max_length = 512

    def __init__(self, similarity: str = "cosine") -> None:
        self.similarity = similarity
        self.fingerprint = f"{zlib.crc32(similarity.encode()):016x}"

    def _vector(self, text: str) -> np.ndarray:
        total = np.zeros(self.dim)
        for word in text.lower().split():
            total += np.random.default_rng(zlib.crc32(word.strip(".,;").encode())).normal(size=self.dim)
        if not text.split():
            total[0] = 1.0
        return total / np.linalg.norm(total) if self.similarity == "cosine" else total

    def _encode(self, texts: Sequence[str], progress: Any) -> np.ndarray:
        rows = [self._vector(t) for t in texts]
        if progress is not None and rows:
            progress(len(rows), len(rows), "encoding with words", {})
        return np.array(rows, dtype=np.float32).reshape(len(rows), self.dim)

    def encode_queries(self, texts: Sequence[str], progress: Any = None) -> np.ndarray:
        return self._encode(texts, progress)

    def encode_passages(self, texts: Sequence[str], progress: Any = None) -> np.ndarray:
        return self._encode(texts, progress)


@pytest.fixture
def encoder() -> WordEncoder:
    """A small, fast, deterministic encoder (unit vectors)."""
    return WordEncoder()


@pytest.fixture
def dot_encoder() -> WordEncoder:
    """The same without unit length, compared by inner product."""
    return WordEncoder("dot")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real collections; skips where there is none."""
    import os

    places = [os.environ.get("RETRIEVARIUM_REAL_DATA"), Path(__file__).resolve().parents[2] / "shared" / "data"]
    folder = next((Path(p) for p in places if p and Path(p).is_dir()), None)
    if folder is None:
        pytest.skip("no real collections here; name their folder in RETRIEVARIUM_REAL_DATA")
    return folder
