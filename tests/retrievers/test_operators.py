"""Cut, cascade, imported runs and dense retrieval."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrievarium.contracts import InputError, Run, as_queries, check_retriever
from retrievarium.retrievers import BM25, Cascade, Cut, Dense, FrozenRun

RUN = Run.from_dict({"e1": {"p9": 3.0, "p1": 2.0, "p4": 1.0}, "e4": {"p2": 1.0}})


# -- cut


def test_a_cut_keeps_the_first(collection: Any) -> None:
    bm25 = BM25(collection)
    cut = bm25 % 2
    assert isinstance(cut, Cut)
    assert cut.name == "bm25 % 2"
    assert cut.search(collection.queries, 100) == bm25.search(collection.queries, 2)
    assert cut.search(collection.queries, 1) == bm25.search(collection.queries, 1)
    check_retriever(cut, collection.all_queries)


def test_cuts_of_cuts_take_the_smaller(collection: Any) -> None:
    bm25 = BM25(collection)
    assert ((bm25 % 3) % 1).search("river") == ((bm25 % 1) % 3).search("river") == bm25.search("river", 1)


@pytest.mark.parametrize("depth", [0, -3])
def test_a_cut_needs_a_depth(collection: Any, depth: int) -> None:
    with pytest.raises(InputError, match="at least 1"):
        BM25(collection) % depth


# -- cascade


def test_the_second_reorders_what_the_first_found(collection: Any, encoder: Any) -> None:
    bm25, dense = BM25(collection), Dense(collection, encoder)
    both = bm25 % 3 >> dense
    assert isinstance(both, Cascade)
    run, first, second = (r.search(collection.queries, 100) for r in (both, bm25 % 3, dense))
    for query in collection.queries.ids:
        assert set(run[query].ids) == set(first[query].ids)
        place = {p: i for i, p in enumerate(second[query].ids)}
        assert list(run[query].ids) == sorted(run[query].ids, key=place.__getitem__)
        assert [dict(second[query])[p] for p in run[query].ids] == run[query].scores.tolist()
    check_retriever(both, collection.all_queries)


def test_a_cascade_takes_a_hundred_unless_it_is_told(collection: Any, encoder: Any) -> None:
    bm25, dense = BM25(collection), Dense(collection, encoder)
    assert (bm25 >> dense).depth == 100
    assert (bm25 % 7 >> dense).depth == 7
    assert len((dense >> bm25).search("river", 2)["q1"]) == 2


def test_chains_run_from_left_to_right(collection: Any, encoder: Any) -> None:
    bm25, dense = BM25(collection), Dense(collection, encoder)
    chain = dense % 6 >> bm25 >> dense
    assert isinstance(chain.first, Cascade)
    assert set(chain.search("river", 100)["q1"].ids) == set((dense % 6).search("river")["q1"].ids)


def test_what_cannot_reorder_is_refused_at_once(collection: Any, encoder: Any) -> None:
    bm25, dense, frozen = BM25(collection), Dense(collection, encoder), FrozenRun(RUN)
    for second in (frozen, frozen % 5, bm25 + dense, 0.5 * bm25 + 0.5 * dense, bm25 >> dense):
        with pytest.raises(InputError, match=r"cannot reorder given passages.*fuse the two lists"):
            bm25 >> second
    assert (frozen >> dense).search(collection.queries)["e4"].ids == ("p2",)
    with pytest.raises(InputError, match="cannot reorder"):
        frozen.rescore(as_queries("x"), RUN)


def test_names_tell_what_stands_together(collection: Any, encoder: Any) -> None:
    bm25, dense = BM25(collection), Dense(collection, encoder)
    assert ((bm25 + dense) % 10).name == "(bm25 + words) % 10"
    assert (bm25 + dense % 10).name == "bm25 + (words % 10)"
    assert (bm25 % 10 >> dense).name == "bm25 % 10 >> words"
    assert repr(0.3 * bm25 + 0.7 * (dense % 10)) == "0.3 bm25 + 0.7 (words % 10)"


# -- imported runs


def test_a_frozen_run_answers_by_query_id(collection: Any) -> None:
    frozen = FrozenRun(RUN, "theirs")
    run = frozen.search(collection.queries, 2)
    assert run.query_ids == collection.queries.ids
    assert run["e1"].ids == ("p9", "p1")
    assert run["e2"].ids == ()
    check_retriever(frozen, collection.queries)


def test_a_frozen_run_from_a_file(tmp_path: Path) -> None:
    path = RUN.save(tmp_path / "theirs.trec")
    frozen = FrozenRun.load(path)
    assert frozen.name == "theirs"
    assert frozen.search({"e1": ""}) == RUN.select(["e1"])
    assert FrozenRun.load(path, "x").name == "x"
    with pytest.raises(InputError, match=r"none.trec: there is no such file"):
        FrozenRun.load(tmp_path / "none.trec")


# -- dense


@pytest.mark.parametrize("kind", ["Flat", "HNSW16"])
@pytest.mark.parametrize("which", ["encoder", "dot_encoder"])
def test_dense_conformance(collection: Any, which: str, kind: str, request: pytest.FixtureRequest) -> None:
    check_retriever(Dense(collection, request.getfixturevalue(which), kind), collection.all_queries)


def test_dense_equals_a_product_of_matrices(collection: Any, dot_encoder: Any) -> None:
    run = Dense(collection, dot_encoder).search(collection.queries, 9)
    passages = dot_encoder.encode_passages(collection.passages.joined)
    questions = dot_encoder.encode_queries(collection.queries.texts)
    for row, query in zip(questions @ passages.T, collection.queries.ids, strict=True):
        assert run[query].ids == tuple(collection.passages.ids[i] for i in np.argsort(-row))
        assert np.allclose(run[query].scores, np.sort(row)[::-1], atol=1e-4)


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_dense_rescoring_gives_the_scores_of_searching(collection: Any, encoder: Any, scale: float) -> None:
    """Also for given vectors that are not of unit length: the similarity is the encoder's."""
    vectors = scale * encoder.encode_passages(collection.passages.joined)
    dense, batch = Dense(collection, encoder, vectors=vectors), as_queries(collection.queries)
    run = dense.search(batch, 9)
    assert dense.rescore(batch, run) == run
    assert run.scores.max() <= 1.0 + 1e-6


def test_dense_keeps_its_vectors(collection: Any, encoder: Any, ws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Dense(collection, encoder, ws=ws).search(collection.queries)
    monkeypatch.setattr(type(encoder), "encode_passages", lambda *_: pytest.fail("encoded again"))
    again = Dense(collection, encoder, ws=ws)
    assert again.search(collection.queries) == run
    assert isinstance(again.vectors, np.memmap)


def test_dense_tells_its_progress(collection: Any, encoder: Any, ws: Any) -> None:
    seen: list[tuple[int, int]] = []
    Dense(collection, encoder, ws=ws).prepare(lambda done, total, what, metrics: seen.append((done, total)))
    assert seen[-1] == (9, 9)


def test_no_queries_is_an_empty_run(collection: Any, encoder: Any) -> None:
    for retriever in (BM25(collection), Dense(collection, encoder), BM25(collection) + Dense(collection, encoder)):
        assert len(retriever.search([])) == 0
