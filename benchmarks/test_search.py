"""Speed as ratios within one run: ours against a peer on the same data, taking turns, the best time of each.

Absolute times say more about a machine than about code. Processor time is counted, on one thread (`make bench`), so
that neighbours on the machine matter little. Each bound leaves room for noise; what was measured is printed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from retrievarium.data import Collection
from retrievarium.indexes import FlatIndex
from retrievarium.retrievers import BM25

PASSAGES, QUESTIONS, WORDS = 2_067, 1_000, 20_000  # about squad-dev


def best_times(rounds: int, **ways: Callable[[], Any]) -> dict[str, float]:
    """Processor seconds of each way at its best; they take turns, so that a busy moment hits all of them."""
    for way in ways.values():
        way()  # what is done once (indexes, caches) does not count
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, way in ways.items():
            started = time.process_time()
            way()
            best[name] = min(best[name], time.process_time() - started)
    return best


def _report(what: str, times: dict[str, float], bound: float) -> float:
    ours, theirs = times["ours"], times["theirs"]
    print(f"\n{what}: {ours * 1000:.1f} ms against {theirs * 1000:.1f} ms, ratio {ours / theirs:.2f} (bound {bound})")
    return ours / theirs


def _texts(n: int, length: int, rng: np.random.Generator) -> list[str]:
    """Words whose frequencies fall as in a language (Zipf)."""
    ranks = np.minimum(rng.zipf(1.2, size=(n, length)), WORDS)
    return [" ".join(f"word{r}" for r in row) for row in ranks]


@pytest.fixture(scope="module")
def collection() -> Collection:
    rng = np.random.default_rng(0)
    passages = pa.table(
        {
            "id": [f"p{i}" for i in range(PASSAGES)],
            "title": [""] * PASSAGES,
            "text": _texts(PASSAGES, 120, rng),
        }
    )
    queries = pa.table({"id": [f"q{i}" for i in range(QUESTIONS)], "text": _texts(QUESTIONS, 10, rng)})
    return Collection("synthetic", passages, queries)


def test_bm25_against_bm25s(collection: Collection) -> None:
    """Our search returns runs with ids under the one tie rule; bm25s' own returns the k best in any order of ties."""
    import bm25s

    ours = BM25(collection, keep=False).prepare()
    theirs = bm25s.BM25(method="lucene", k1=0.9, b=0.4)
    tokens = bm25s.tokenize(collection.passages.joined, stopwords="en", show_progress=False)
    theirs.index(tokens, show_progress=False)

    def their_search() -> Any:
        asked = bm25s.tokenize(
            list(collection.all_queries.texts), stopwords="en", show_progress=False, return_ids=False
        )
        return theirs.retrieve(asked, k=100, show_progress=False, n_threads=0)

    run = ours.search(collection.all_queries, 100)
    scores = their_search().scores
    for row, (_, ranking) in enumerate(run):  # guard: the same work is done
        found = scores[row][scores[row] > 0]
        assert np.allclose(ranking.scores, found, atol=1e-4)
    times = best_times(5, ours=lambda: ours.search(collection.all_queries, 100), theirs=their_search)
    assert _report("BM25, 1,000 questions", times, 2.0) < 2.0


def test_indexing_against_bm25s(collection: Collection) -> None:
    import bm25s

    def their_index() -> None:
        tokens = bm25s.tokenize(collection.passages.joined, stopwords="en", show_progress=False)
        bm25s.BM25(method="lucene", k1=0.9, b=0.4).index(tokens, show_progress=False)

    times = best_times(3, ours=lambda: BM25(collection, keep=False).prepare(), theirs=their_index)
    assert _report("BM25, indexing", times, 2.5) < 2.5


def test_exact_index_against_sorting_all_scores() -> None:
    """Blocks in float64 under the tie rule against one float32 product and a full sort."""
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(20_000, 384)).astype(np.float32)
    questions = rng.normal(size=(200, 384)).astype(np.float32)
    ids = [f"p{i}" for i in range(len(vectors))]
    index = FlatIndex()
    index.add(ids, vectors)

    def plain() -> Any:
        scores = questions @ vectors.T
        order = np.argsort(-scores, axis=1)[:, :100]
        return np.take_along_axis(scores, order, axis=1), np.array(ids, dtype=object)[order]

    assert np.allclose(index.search(questions, 100)[0], plain()[0], atol=1e-3)  # guard: the same answers
    times = best_times(3, ours=lambda: index.search(questions, 100), theirs=plain)
    assert _report("exact index, 200 questions over 20,000 vectors", times, 2.0) < 2.0


def test_encoding_against_sentence_transformers() -> None:
    """The same model, texts of uneven length: batches by tokens against the library's batches of 32."""
    from retrievarium.encoders import load_encoder

    encoder = load_encoder("minilm")
    rng = np.random.default_rng(2)
    texts = [" ".join(f"word{r % 900}" for r in rng.zipf(1.3, size=n)) for n in rng.integers(3, 120, size=96)]
    model: Any = encoder.model  # type: ignore[attr-defined]
    theirs = model.encode(texts, show_progress_bar=False)
    assert np.allclose(encoder.encode_passages(texts), theirs, atol=1e-4)  # guard: the same vectors
    times = best_times(
        3, ours=lambda: encoder.encode_passages(texts), theirs=lambda: model.encode(texts, show_progress_bar=False)
    )
    assert _report("MiniLM, 96 texts", times, 1.2) < 1.2


def test_fusing_costs_little_beside_searching(collection: Collection) -> None:
    one, two = BM25(collection, keep=False).prepare(), BM25(collection, k1=1.5, b=0.75, keep=False).prepare()

    def apart() -> None:
        one.search(collection.all_queries, 200)
        two.search(collection.all_queries, 200)

    times = best_times(3, ours=lambda: (one + two).search(collection.all_queries, 100), theirs=apart)
    assert _report("rank fusion of two against searching twice", times, 2.5) < 2.5
