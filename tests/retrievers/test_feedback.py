"""Searching twice."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch

from retrievarium.contracts import InputError, check_retriever
from retrievarium.data import Collection
from retrievarium.encoders import TextFeedbackEncoder, Towers
from retrievarium.indexes import index_fingerprint
from retrievarium.retrievers import BM25, Average, Dense, Feedback, Rocchio, feedback_lists

LINEAR = [Average(), Rocchio(), Rocchio(1.0, 0.5), Rocchio(-1.0, 2.0)]


@pytest.fixture
def prf(towers: Any) -> TextFeedbackEncoder:
    """As before any training, for three passages."""
    return TextFeedbackEncoder(towers.query, depth=3, max_length=60)


def trained(prf: TextFeedbackEncoder, seed: int = 1) -> TextFeedbackEncoder:
    """As after training: its weights have moved."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        for parameter in prf.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return prf


# -- linear refiners


@pytest.mark.parametrize("which", ["encoder", "dot_encoder"])
@pytest.mark.parametrize("refine", LINEAR)
def test_conformance(collection: Any, which: str, refine: Any, request: pytest.FixtureRequest) -> None:
    check_retriever(Feedback(Dense(collection, request.getfixturevalue(which)), refine, 2), collection.all_queries)


def test_the_average_by_hand(collection: Any, dot_encoder: Any) -> None:
    dense = Dense(collection, dot_encoder)
    run = Feedback(dense, Average(), 2).search(collection.queries, 9)
    passages = dict(zip(collection.passages.ids, dot_encoder.encode_passages(collection.passages.joined), strict=True))
    for query, text in zip(collection.queries.ids, collection.queries.texts, strict=True):
        found = dense.search(text, 2)["q1"].ids
        mean = np.mean([dot_encoder.encode_queries([text])[0], *(passages[p] for p in found)], axis=0)
        for passage, score in run[query]:
            assert score == pytest.approx(float(mean @ passages[passage]), abs=1e-4)
    assert run != dense.search(collection.queries, 9)


def test_limits_of_rocchio(collection: Any, dot_encoder: Any) -> None:
    dense = Dense(collection, dot_encoder)
    plain = dense.search(collection.queries, 9)
    assert Feedback(dense, Rocchio(1, 0), 3).search(collection.queries, 9) == plain
    average = Feedback(dense, Average(), 3).search(collection.queries, 9)
    same = Feedback(dense, Rocchio(1 / 4, 3 / 4), 3).search(collection.queries, 9)
    assert same.doc_ids.tolist() == average.doc_ids.tolist()
    assert np.allclose(same.scores, average.scores, atol=1e-5)
    for refine in (Average(), Rocchio(1.0, 0.6)):
        assert Feedback(dense, refine, 0).search(collection.queries, 9) == plain


@pytest.mark.parametrize("which", ["encoder", "dot_encoder"])
@pytest.mark.parametrize("refine", LINEAR)
def test_parts_add_up(collection: Any, which: str, refine: Any, request: pytest.FixtureRequest) -> None:
    feedback = Feedback(Dense(collection, request.getfixturevalue(which)), refine, 2)
    text = collection.queries.texts[0]
    for passage, score in feedback.search(text, 9)["q1"]:
        parts = feedback.explain(text, passage)
        assert [n for n, _ in parts] == ["query", *feedback.lists(text)["q1"].ids]
        assert sum(v for _, v in parts) == pytest.approx(score, rel=1e-6, abs=1e-5)


@pytest.mark.parametrize("kind", ["Flat", "HNSW16", "IVF3,3"])
@pytest.mark.works_when("ance-prf", 2)
def test_the_index_is_left_alone(collection: Any, towers: Any, prf: Any, kind: str) -> None:
    dense = Dense(collection, towers, kind)
    before, weights = index_fingerprint(dense), deepcopy(towers.passage.state_dict())
    for refine in (*LINEAR, trained(prf)):
        feedback = Feedback(dense, refine, 3)
        feedback.search(collection.all_queries, 9)
        assert index_fingerprint(feedback) == before
    assert all(torch.equal(t, weights[n]) for n, t in towers.passage.state_dict().items())
    dense.index._store.parts[0] = dense.index._store.parts[0] * np.float32(1.001)  # type: ignore[attr-defined]
    assert index_fingerprint(dense) != before, "a proof that could not fail"


@pytest.mark.works_when("ance-prf", 2)
def test_training_it_gives_no_passage_parameter_a_gradient(collection: Any, towers: Any, prf: Any) -> None:
    """A step on the two-way loss, passage vectors constants; the base retriever's index and answers stay."""
    dense = Dense(collection, towers)
    before, run = index_fingerprint(dense), dense.search(collection.queries, 9)
    lists = feedback_lists(dense, collection.train.queries, 3)
    passages = torch.from_numpy(np.array(dense.index.vectors(["p1", "p2"])))
    ids = torch.tensor([prf.join("which river rises", [collection.passages.text_of(p) for p in lists["t1"]])])
    old = prf.encode(["a river"], [["The Danube"]])
    optimizer = torch.optim.SGD(prf.parameters(), 0.5)
    torch.nn.functional.cross_entropy(prf.train()(ids, torch.ones_like(ids)) @ passages.T, torch.tensor([0])).backward()
    optimizer.step()
    assert all(p.grad is None for p in towers.parameters())
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in prf.parameters())
    assert not np.array_equal(prf.encode(["a river"], [["The Danube"]]), old)
    assert index_fingerprint(dense) == before
    assert Dense(collection, towers).search(collection.queries, 9) == run


# -- a query encoder that reads what was found


@pytest.mark.works_when("ance-prf", 1)
def test_untrained_and_without_passages_it_is_the_base_query_encoder(collection: Any, towers: Any) -> None:
    dense = Dense(collection, towers)
    none = TextFeedbackEncoder(towers.query, depth=0)
    feedback = Feedback(dense, none, 0)
    texts = [*collection.queries.texts, "", "river " * 100]
    assert np.allclose(none.encode(texts, [[]] * len(texts)), towers.encode_queries(texts), atol=1e-6)
    plain, again = (r.search(collection.queries, 9) for r in (dense, feedback))
    assert again.doc_ids.tolist() == plain.doc_ids.tolist()
    assert np.allclose(again.scores, plain.scores, atol=1e-5)
    check_retriever(feedback, collection.all_queries)


@pytest.mark.works_when("ance-prf", 3)
def test_the_join_keeps_the_query_and_cuts_feedback_from_the_end(towers: Any, prf: Any) -> None:
    tokenizer = prf.tower.tokenizer
    query, passages = "which river rises in the Black Forest", ["The Danube", "The Rhine", "Cork"]
    own = tokenizer(query)["input_ids"]
    ids = prf.join(query, passages)
    assert ids[: len(own)] == own
    assert ids.count(tokenizer.sep_token_id) == 4, "k + 1 separators"
    read = [tokenizer(p, add_special_tokens=False)["input_ids"] for p in passages]
    assert ids[len(own) :] == [i for row in read for i in (*row, tokenizer.sep_token_id)]
    long = prf.join(query, ["word " * 100, *passages])
    assert len(long) == 60
    assert long[: len(own)] == own
    one_first = prf.join(query, [passages[0], "word " * 100])
    assert one_first[: len(own) + len(read[0]) + 1] == ids[: len(own) + len(read[0]) + 1]
    asked = "river " * 100
    assert prf.join(asked, passages)[:24] == towers.tokenize("query", [asked])[0], "as the base tower cuts it"


@pytest.mark.works_when("ance-prf", 3)
def test_the_order_of_the_passages_counts_for_text_and_not_for_vectors(prf: Any, rng_vectors: Any) -> None:
    query, one, two = "which river rises", "The Danube rises", "Mercury is a planet"
    forth, back = (prf.encode([query], [order]) for order in ([one, two], [two, one]))
    assert not np.allclose(forth, back, atol=1e-3)
    q, p = rng_vectors
    swapped = [Average().refine([query], q, [[]], [vectors]) for vectors in (p, p[::-1])]
    assert np.allclose(*swapped, atol=1e-6)


@pytest.fixture
def rng_vectors() -> Any:
    rng = np.random.default_rng(0)
    return rng.normal(size=(1, 4)).astype(np.float32), rng.normal(size=(2, 4)).astype(np.float32)


@pytest.mark.works_when("ance-prf", 4)
def test_feedback_is_a_function_of_retriever_index_and_query(collection: Any, towers: Any, prf: Any) -> None:
    def lists(source: Collection) -> dict[str, list[str]]:
        return feedback_lists(Dense(source, towers), source.all_queries, 3)

    qrels = {s: collection.split_named(s).qrels.table.slice(0, 1) for s in collection.splits}
    other = Collection("small", collection.passages.table, collection.all_queries.table, qrels, meta=collection.meta)
    assert len(other.qrels) != len(collection.qrels)
    assert lists(other) == lists(collection)
    dense = Dense(collection, towers)
    assert (
        Feedback(dense, prf, 3).lists(collection.queries).to_dict().keys()
        == dict.fromkeys(collection.queries.ids).keys()
    )
    with pytest.raises(InputError, match="trained for 3 passages, not 5"):
        Feedback(dense, prf, 5)
    assert len(Feedback(dense, prf, 5, any_depth=True).search(collection.queries, 4)) == 5


@pytest.mark.works_when("ance-prf", 5)
def test_searching_twice_with_the_query_alone_is_plain_retrieval(collection: Any, towers: Any) -> None:
    class TextBlind(TextFeedbackEncoder):
        def join(self, query: str, passages: Any) -> list[int]:
            return super().join(query, [])

    dense = Dense(collection, towers)
    plain = dense.search(collection.queries, 9)
    blind = Feedback(dense, TextBlind(towers.query, 3, 60), 3).search(collection.queries, 9)
    assert blind.doc_ids.tolist() == plain.doc_ids.tolist()
    assert np.allclose(blind.scores, plain.scores, atol=1e-5)
    reading = Feedback(dense, TextFeedbackEncoder(towers.query, 3, 60), 3).search(collection.queries, 9)
    assert not np.allclose(reading.scores, plain.scores, atol=1e-3), "with the text it is another search"


def test_a_learned_refiner_conforms_and_is_kept(collection: Any, towers: Any, prf: Any, tmp_path: Any) -> None:
    from retrievarium.encoders import load_encoder

    check_retriever(Feedback(Dense(collection, towers), trained(prf), 3), collection.all_queries)
    folder = prf.save(tmp_path / "prf")
    again = TextFeedbackEncoder.load(folder)
    assert (again.depth, again.max_length, again.tower.max_length) == (3, 60, 24)
    asked, read = ["which river", "a bird " * 30], [["The Danube", "Mercury"], ["Cork"]]
    assert np.allclose(again.encode(asked, read), prf.encode(asked, read), atol=1e-5)
    plain = load_encoder(folder, device="cpu")
    assert plain.encode_queries(["which river"]).shape == (1, 16)
    pair = Towers(prf.tower, towers.passage, tied=False)  # how the loop trains it
    assert np.allclose(pair.encode_queries(["which river"]), again.encode(["which river"], [[]]), atol=1e-5)


def test_refusals(collection: Any, towers: Any, encoder: Any, prf: Any, tmp_path: Any) -> None:
    dense = Dense(collection, encoder)
    with pytest.raises(InputError, match="a Dense retriever"):
        Feedback(BM25(collection), Average())  # type: ignore[arg-type]
    with pytest.raises(InputError, match="depth is -1"):
        Feedback(dense, Average(), -1)
    with pytest.raises(InputError, match="two finite weights"):
        Rocchio(float("nan"))
    with pytest.raises(InputError, match="no sum of parts"):
        Feedback(Dense(collection, towers), prf, 3).explain("river", "p1")
    for wrong in ({"depth": -1}, {"max_length": 20}, {"max_length": 65}):
        with pytest.raises(InputError, match=r"from 24 .* to 64 tokens"):
            TextFeedbackEncoder(towers.query, **{"depth": 3, "max_length": 60, **wrong})
    with pytest.raises(InputError, match="no feedback encoder here"):
        TextFeedbackEncoder.load(tmp_path)
    assert len(Feedback(dense, Average()).search([])) == 0
