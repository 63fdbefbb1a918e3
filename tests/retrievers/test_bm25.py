"""BM25: the formula, written a second time; the same to the last bit in every process; kept and mapped from disk."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrievarium.contracts import InputError, check_retriever
from retrievarium.data import Collection
from retrievarium.evaluation import evaluate
from retrievarium.retrievers import BM25, tune_bm25

VOCABULARY = ["river", "sun", "moon", "cork", "crane", "of", "the", "Alps", "x", "42", "Béla", "sea-side"]
DOCUMENTS = st.lists(st.lists(st.sampled_from(VOCABULARY), max_size=9).map(" ".join), min_size=1, max_size=8)


def lucene(documents: list[list[str]], query: list[str], k1: float, b: float) -> list[float]:
    """Score of each document, straight from the formula."""
    n, average = len(documents), sum(map(len, documents)) / len(documents)
    scores = []
    for document in documents:
        counts, total = Counter(document), 0.0
        for term in query:
            df = sum(term in d for d in documents)
            if not counts[term]:
                continue
            idf = math.log(1 + (n - df + 0.5) / (df + 0.5))
            total += idf * counts[term] / (counts[term] + k1 * (1 - b + b * len(document) / average))
        scores.append(total)
    return scores


def _collection(texts: list[str], titles: list[str] | None = None) -> Collection:
    ids = [f"p{i}" for i in range(len(texts))]
    passages = pa.table({"id": ids, "title": titles or [""] * len(texts), "text": texts})
    return Collection("made", passages, pa.table({"id": ["q"], "text": ["river"]}))


@settings(max_examples=60, deadline=None)
@given(
    texts=DOCUMENTS,
    query=st.lists(st.sampled_from([*VOCABULARY, "unseen"]), max_size=5).map(" ".join),
    k1=st.sampled_from([0.0, 0.6, 0.9, 2.0]),
    b=st.sampled_from([0.0, 0.4, 1.0]),
)
def test_scores_are_those_of_the_formula(texts: list[str], query: str, k1: float, b: float) -> None:
    bm25 = BM25(_collection([*texts, "cork"]), k1, b, keep=False)
    documents = [bm25.analyzer.terms(t) for t in [*texts, "cork"]]
    expected = lucene(documents, bm25.analyzer.terms(query), k1, b)
    assert np.allclose(bm25.scores(query), expected, atol=1e-5)
    found = bm25.search(query, k=100)["q1"]
    assert set(found.ids) == {f"p{i}" for i, s in enumerate(expected) if s > 0}
    for passage in found.ids:
        parts = bm25.explain(query, passage)
        assert math.isclose(sum(s for _, s in parts), dict(found)[passage], abs_tol=1e-5)
        assert {t for t, _ in parts} == set(bm25.analyzer.terms(query))
        assert parts == sorted(parts, key=lambda p: (-p[1], p[0]))


def test_title_and_text_are_joined() -> None:
    bm25 = BM25(_collection(["a moon", "a sun"], ["Mercury", ""]), keep=False)
    assert bm25.search("mercury moon")["q1"].ids == ("p0",)


def test_conformance(collection: Any) -> None:
    check_retriever(BM25(collection), collection.all_queries)


def test_a_passage_that_shares_no_term_is_not_found(collection: Any) -> None:
    run = BM25(collection).search(collection.queries)
    assert run["e5"].ids == ()
    assert "e5" in run
    assert (run.scores > 0).all()


def test_ties_go_to_the_higher_id_by_bytes() -> None:
    passages = pa.table({"id": ["a", "Z", "é", "b"], "title": [""] * 4, "text": ["river sun"] * 4})
    bm25 = BM25(Collection("t", passages, pa.table({"id": ["q"], "text": ["x"]})), keep=False)
    assert bm25.search("river")["q1"].ids == ("é", "b", "a", "Z")
    assert bm25.search("river", 2)["q1"].ids == ("é", "b")


def test_a_query_without_terms_finds_nothing(collection: Any) -> None:
    for text in ("", "the of a", "!?", "qqqq"):
        assert BM25(collection).search(text)["q1"].ids == ()


def test_a_kept_index_answers_alike_and_is_mapped(collection: Any, ws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = BM25(collection, ws=ws)
    run = first.search(collection.all_queries)
    monkeypatch.setattr(BM25, "_build", lambda self: pytest.fail("the kept index was not loaded"))
    again = BM25(collection, ws=ws)
    assert again.search(collection.all_queries) == run
    assert again.explain("river Rhine", "p9") == first.explain("river Rhine", "p9")
    assert isinstance(again._index[0].scores["data"], np.memmap)
    assert len(ws.list("bm25")) == 1


def test_kept_and_not_kept_are_one(collection: Any, ws: Any) -> None:
    queries = collection.all_queries
    assert BM25(collection, keep=False).search(queries) == BM25(collection, ws=ws).search(queries)
    assert BM25(collection, keep=False).prepare().search(queries) == BM25(collection, ws=ws).search(queries)


def test_other_settings_or_texts_are_another_index(collection: Any, ws: Any) -> None:
    for bm25 in (
        BM25(collection, ws=ws),
        BM25(collection, k1=1.2, ws=ws),
        BM25(collection, analyzer="words", ws=ws),
        BM25(_collection(["river"]), ws=ws),
    ):
        bm25.prepare()
    assert len(ws.list("bm25")) == 4


def test_nothing_is_left_by_a_build_that_fails(collection: Any, ws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr("retrievarium.retrievers.bm25.write_json", fail)
    with pytest.raises(RuntimeError, match="disk full"):
        BM25(collection, ws=ws).search("river")
    assert ws.list("bm25") == []
    assert list((ws.root / "artifacts" / "bm25").iterdir()) == []


SCRIPT = """
import sys
from pathlib import Path
from retrievarium.data import Collection
from retrievarium.retrievers import BM25
collection = Collection.open(sys.argv[1])
bm25 = BM25(collection, keep=False)
print((bm25 + BM25(collection, k1=2.0, b=1.0, keep=False)).search(collection.all_queries).fingerprint)
print(bm25.search(collection.all_queries).fingerprint)
"""


def test_the_same_to_the_last_bit_whatever_the_hash_seed(collection: Any, tmp_path: Path) -> None:
    folder = collection.save(tmp_path / "kept")
    told = set()
    for seed in ("0", "1", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(folder)], env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        told.add(done.stdout)
    assert len(told) == 1


@pytest.mark.parametrize(
    ("settings_", "field"),
    [({"k1": -1}, "k1"), ({"k1": math.nan}, "k1"), ({"k1": math.inf}, "k1"), ({"b": 1.1}, "b"), ({"b": math.nan}, "b")],
)
def test_settings_are_checked(collection: Any, settings_: dict[str, float], field: str) -> None:
    with pytest.raises(InputError, match=f"field '{field}'"):
        BM25(collection, **settings_)


def test_k_is_checked(collection: Any) -> None:
    for k in (0, -1, True, 2.5, "3"):
        with pytest.raises(InputError, match="k is"):
            BM25(collection).search("river", k)  # type: ignore[arg-type]
    assert len(BM25(collection).search("river", np.int64(1))["q1"]) == 1  # type: ignore[arg-type]


def test_passages_without_any_word_are_refused_with_what_to_do() -> None:
    with pytest.raises(InputError, match='analyzer="pairs"'):
        BM25(_collection(["日", "!"]), keep=False).search("日")
    assert BM25(_collection(["日", "!"]), analyzer="pairs", keep=False).search("日")["q1"].ids == ("p0",)


def test_chinese_is_searched_by_pairs() -> None:
    passages = pa.table({"id": ["a", "b"], "title": ["", ""], "text": ["东京是日本的首都。", "巴黎是法国的首都。"]})
    questions = pa.table({"id": ["q"], "text": ["日本的首都"]})
    bm25 = BM25(Collection("zh", passages, questions, meta={"language": "zh"}), keep=False)
    assert bm25.search("日本的首都在哪里")["q1"].ids == ("a", "b")


def test_rescoring_gives_the_scores_of_searching(collection: Any) -> None:
    from retrievarium.contracts import Run, as_queries

    bm25, batch = BM25(collection), as_queries(collection.queries)
    run = bm25.search(batch, 100)
    backwards = Run.from_dict({q: {p: -s for p, s in r} for q, r in run})
    assert bm25.rescore(batch, backwards) == run
    unrelated = Run.from_dict({q: {"p1": 1.0, "p5": 1.0} for q in batch.ids})
    assert all(len(r) == 2 for _, r in bm25.rescore(batch, unrelated))


def test_tuning_reads_dev_alone(collection: Any) -> None:
    grid = [(0.9, 0.4), (1.2, 0.75)]
    tuned = tune_bm25(collection, grid=grid)
    assert tune_bm25(collection.without_test(), grid=grid).k1 == tuned.k1
    best = max(
        evaluate(BM25(collection, *g).search(collection.dev.queries), collection.dev.qrels, ["RR@10"])["RR@10"]
        for g in grid
    )
    told = evaluate(tuned.search(collection.dev.queries), collection.dev.qrels, ["RR@10"])
    assert told["RR@10"] == best
    assert (tuned.k1, tuned.b) == grid[0]  # both are perfect here: the earlier pair
    with pytest.raises(InputError, match="not tuned on test"):
        tune_bm25(collection, split="test")


@pytest.mark.slow
def test_squad(real_data: Path) -> None:
    """The numbers that BM25 (k1 0.9, b 0.4, English stop words, no stemming) gives elsewhere on these files."""
    from retrievarium.data import load_collection

    squad = load_collection(real_data / "squad-dev")
    told = evaluate(BM25(squad, keep=False).search(squad.queries, 100), squad.qrels, ["nDCG@10", "R@20"])
    assert told["nDCG@10"] == pytest.approx(0.859, abs=0.005)
    assert told["R@20"] == pytest.approx(0.964, abs=0.005)
