"""Learned weights, several vectors and pairs: searching, reordering, and parts that add up."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from retrievarium.contracts import Cancelled, InputError, as_queries, check_retriever
from retrievarium.indexes import ImpactIndex, postings_flops
from retrievarium.retrievers import BM25, Dense, LateInteraction, Rerank, Sparse, at_one_cost

# -- sparse


def test_sparse_conformance(collection: Any, lexical: Any) -> None:
    check_retriever(Sparse(collection, lexical), collection.all_queries)


def test_sparse_equals_a_product_of_matrices(collection: Any, lexical: Any) -> None:
    run = Sparse(collection, lexical).search(collection.queries, 9)
    passages = lexical.encode_passages(collection.passages.joined).toarray().astype(np.float64)
    questions = lexical.encode_queries(collection.queries.texts).toarray().astype(np.float64)
    for row, query in zip(questions @ passages.T, collection.queries.ids, strict=True):
        expected = {p: s for p, s in zip(collection.passages.ids, row, strict=True) if s > 0}
        assert dict(run[query]).keys() == expected.keys()
        for passage, score in run[query]:
            assert score == pytest.approx(expected[passage], rel=1e-5)
    assert 0.02 < (passages > 0).mean() < 0.98, "weights must be sparse, and not empty"


def test_a_passage_that_shares_no_term_is_not_found(collection: Any, lexical: Any) -> None:
    weights = np.zeros((9, lexical.dim), dtype=np.float32)
    weights[2] = 1
    sparse = Sparse(collection, lexical, weights=csr_matrix(weights))
    run = sparse.search(collection.queries, 5)
    assert {r.ids for _, r in run} == {("p3",)}
    check_retriever(sparse, collection.queries)


@pytest.mark.works_when("splade-pp", 5)
def test_a_penalty_of_nothing_leaves_all_and_a_huge_one_leaves_short_lists(collection: Any, lexical: Any) -> None:
    """What lambda does to the head's bias, driven to both ends: a full vector, and none at all."""
    import torch

    def shifted(by: float) -> Any:
        with torch.no_grad():
            lexical.passage.head.bias.add_(by)
        return lexical.encode_passages(collection.passages.joined)

    full = shifted(1e4)
    assert full.nnz / np.prod(full.shape) == 1.0
    everything = Sparse(collection, lexical).search(collection.queries, 9)
    assert all(len(r) == 9 for _, r in everything)
    assert shifted(-1e6).nnz == 0
    sparse = Sparse(collection, lexical)
    run = sparse.search(collection.queries, 9)
    assert run.query_ids == collection.queries.ids
    assert all(len(r) == 0 for _, r in run)
    check_retriever(sparse, collection.queries)
    assert postings_flops(sparse.index, lexical.encode_queries(collection.queries.texts)) == 0


def test_models_are_compared_at_the_cost_of_the_cheapest(collection: Any, lexical: Any) -> None:
    import torch

    texts = collection.queries.texts
    dear = deepcopy(lexical)
    with torch.no_grad():
        dear.passage.head.bias.add_(0.3)
    whole = {"cheap": Sparse(collection, lexical), "dear": Sparse(collection, dear), "beside": Sparse(collection, dear)}
    thin, told = at_one_cost(whole, ("cheap", "dear"), texts)
    full, met = told["postings FLOPS"]["as trained"], told["postings FLOPS"]["compared at"]
    assert full["dear"] > full["cheap"] == min(full.values())
    assert met["cheap"] == full["cheap"] >= met["dear"] == met["beside"] > 0.5 * full["cheap"]
    assert told["postings FLOPS"]["apart"] == pytest.approx(1 - met["dear"] / full["cheap"])
    assert thin["cheap"].search(collection.queries, 9) == whole["cheap"].search(collection.queries, 9)
    assert thin["dear"].search(collection.queries, 9) != whole["dear"].search(collection.queries, 9)
    check_retriever(thin["dear"], collection.queries)
    text, passage = texts[0], thin["dear"].search(texts[0], 1)["q1"].ids[0]
    assert sum(v for _, v in thin["dear"].explain(text, passage)) == pytest.approx(
        thin["dear"].search(text, 1)["q1"].scores[0], rel=1e-5
    )
    with torch.no_grad():
        dear.passage.head.bias.sub_(1e6)
    _, told = at_one_cost({"cheap": Sparse(collection, lexical), "empty": Sparse(collection, dear)}, ("empty",), texts)
    assert told["postings FLOPS"]["apart"] == 1.0


def test_sparse_rescoring_and_parts(collection: Any, lexical: Any) -> None:
    sparse, batch = Sparse(collection, lexical), as_queries(collection.queries)
    run = sparse.search(batch, 9)
    assert sparse.rescore(batch, run) == run
    for query, text in zip(batch.ids, batch.texts, strict=True):
        for passage, score in run[query]:
            parts = sparse.explain(text, passage)
            assert sum(v for _, v in parts) == pytest.approx(score, rel=1e-5)
            assert all(v > 0 for _, v in parts)
            assert [v for _, v in parts] == sorted((v for _, v in parts), reverse=True)
    assert len(run.scores) > 20


def test_postings_are_kept_and_a_stopped_run_goes_on(
    collection: Any, lexical: Any, ws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrievarium.encoders.blocks.BLOCK", 4)
    seen: list[int] = []

    def stop(done: int, total: int, what: str, metrics: Any) -> None:
        seen.append(done)
        if done > 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        Sparse(collection, lexical, ws=ws).prepare(stop)
    calls: list[int] = []
    encode = type(lexical).encode_passages

    def counted(self: Any, texts: Any, progress: Any = None) -> Any:
        calls.append(len(texts))
        return encode(self, texts, progress)

    monkeypatch.setattr(type(lexical), "encode_passages", counted)
    first = Sparse(collection, lexical, ws=ws).prepare()
    assert calls == [4, 1], "the first block of four was finished before"
    again = Sparse(collection, lexical, ws=ws)
    run = again.search(collection.queries)
    assert calls == [4, 1], "kept"
    assert again.index.fingerprint == first.index.fingerprint
    whole = ImpactIndex()
    whole.add(collection.passages.ids, encode(lexical, collection.passages.joined))
    np.testing.assert_allclose(
        again.index.vectors(collection.passages.ids), whole.vectors(collection.passages.ids), atol=1e-4
    )
    assert len(run) == 5


# -- late interaction


@pytest.mark.parametrize("rows", [None, "Flat"])
@pytest.mark.parametrize("which", ["multi", "me_bert"])
def test_late_interaction_conformance(
    collection: Any, which: str, rows: str | None, request: pytest.FixtureRequest
) -> None:
    check_retriever(LateInteraction(collection, request.getfixturevalue(which), rows), collection.all_queries)


@pytest.mark.parametrize("which", ["multi", "me_bert"])
def test_late_interaction_by_hand(collection: Any, which: str, request: pytest.FixtureRequest) -> None:
    encoder = request.getfixturevalue(which)
    late = LateInteraction(collection, encoder)
    run = late.search(collection.queries, 9)
    passages = list(encoder.encode_passages(collection.passages.joined))
    for query, q in zip(collection.queries.ids, encoder.encode_queries(collection.queries.texts), strict=True):
        by_hand = {
            i: sum(max(float(a @ b) for b in p) for a in q)
            for i, p in zip(collection.passages.ids, passages, strict=True)
        }
        assert len(run[query]) == 9
        for passage, score in run[query]:
            assert score == pytest.approx(by_hand[passage], abs=1e-4)
    assert late.rescore(as_queries(collection.queries), run) == run


@pytest.mark.works_when("me-bert", 1)
def test_one_vector_of_each_is_dense_retrieval(collection: Any, backbone: Any) -> None:
    from retrievarium.encoders import multi_vector_towers, two_towers

    one = multi_vector_towers(backbone, m=1, norm=None, query_vectors=1)
    dense = Dense(collection, two_towers(backbone, tied=True)).search(collection.queries, 9)
    late = LateInteraction(collection, one).search(collection.queries, 9)
    assert np.allclose(late.scores, dense.scores, atol=1e-6)
    assert late.doc_ids.tolist() == dense.doc_ids.tolist()


def test_the_grid_sums_to_the_score(collection: Any, multi: Any, me_bert: Any) -> None:
    for encoder in (multi, me_bert):
        late = LateInteraction(collection, encoder)
        text = collection.queries.texts[0]
        for passage, score in late.search(text, 4)["q1"]:
            grid = late.explain(text, passage)
            assert grid.similarities.shape == (len(grid.query), len(grid.passage))
            assert grid.query[0] == grid.passage[0] == "[CLS]"
            assert grid.score == pytest.approx(score, abs=1e-4)
            assert sum(v for _, v in grid.parts) == pytest.approx(score, abs=1e-4)
            rows = np.arange(len(grid.query))
            assert grid.similarities[rows, grid.best].tolist() == [v for _, v in grid.parts]


def test_vectors_are_kept(collection: Any, multi: Any, ws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = LateInteraction(collection, multi, ws=ws).search(collection.queries)
    monkeypatch.setattr(type(multi), "encode_passages", lambda *_, **__: pytest.fail("encoded again"))
    again = LateInteraction(collection, multi, "Flat", ws=ws)
    assert isinstance(again.index.held.values, np.memmap)
    assert again.name == "late interaction (Flat)"
    assert LateInteraction(collection, multi, ws=ws).search(collection.queries) == run


def test_kinds_are_not_mixed_up(collection: Any, multi: Any, lexical: Any, encoder: Any) -> None:
    with pytest.raises(InputError, match="search with LateInteraction"):
        Dense(collection, multi)
    with pytest.raises(InputError, match="search with Dense"):
        Sparse(collection, encoder)
    with pytest.raises(InputError, match="search with Sparse"):
        LateInteraction(collection, lexical)
    for empty in (Sparse(collection, lexical), LateInteraction(collection, multi)):
        assert len(empty.search([])) == 0


# -- reranking, and what a cascade says of itself


def test_rerank_reads_query_and_passage_together(collection: Any, cross: Any) -> None:
    bm25 = BM25(collection)
    both = bm25 % 5 >> Rerank(cross, collection)
    run, first = both.search(collection.queries), (bm25 % 5).search(collection.queries)
    for query, text in zip(collection.queries.ids, collection.queries.texts, strict=True):
        assert set(run[query].ids) == set(first[query].ids)
        texts = [collection.passages.text_of(p) for p in run[query].ids]
        assert np.allclose(cross.score([text], [texts])[0], run[query].scores, atol=1e-5)
    assert run["e5"].ids == (), "a query without candidates has none to reorder"
    assert any(run[q].ids != first[q].ids for q in run.query_ids)
    check_retriever(both, collection.all_queries)
    assert both.name == "bm25 % 5 >> cross-encoder"


def test_rerank_finds_nothing_by_itself(collection: Any, cross: Any) -> None:
    with pytest.raises(InputError, match="put a first stage before it: bm25 >> mine"):
        Rerank(cross, collection, name="mine").search("river")


def test_a_cascade_tells_every_stage(collection: Any, cross: Any, lexical: Any, multi: Any) -> None:
    chain = BM25(collection) % 6 >> Sparse(collection, lexical) >> LateInteraction(collection, multi)
    chain = chain % 3 >> Rerank(cross, collection)
    text = "which river rises in the Alps and ends in the sea"
    run = chain.search(text)["q1"]
    assert len(run) == 3
    for passage, score in run:
        stages = chain.explain(text, passage)
        assert [s.name for s in stages][-1] == "cross-encoder"
        assert stages[-1].score == score
        assert stages[-1].rank == run.rank_of(passage)
        assert stages[-1].parts == (), "a cross-encoder's score is no sum"
        for stage in stages[:-1]:
            if stage.parts:
                assert sum(v for _, v in stage.parts) == pytest.approx(stage.score, abs=1e-4)
    short = BM25(collection) % 2 >> Sparse(collection, lexical) >> LateInteraction(collection, multi)
    found = short.search(text)["q1"].ids[0]
    told = short.explain(text, found)
    assert [bool(s.parts) for s in told] == [True, True, True]
    assert [s.name for s in told] == ["bm25 % 2", "splade", "late interaction"]
    lost = short.explain(text, "p2")
    assert [s.rank for s in lost] == [None, None, None]
