"""Every explanation against the score that the retriever really gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from retrievarium.analysis.why import against, attribute, explainer, integrated_gradients, passage_words, units, words
from retrievarium.analysis.why.parts import without
from retrievarium.contracts import Run
from retrievarium.encoders import Backbone, MLMHead, lexical_towers, multi_vector_towers, train_wordpiece, two_towers
from retrievarium.encoders.cross import CrossEncoder
from retrievarium.retrievers import (
    BM25,
    Average,
    Dense,
    Feedback,
    FrozenRun,
    HyDE,
    LateInteraction,
    Rerank,
    Rocchio,
    Sparse,
    fuse_linear,
    fuse_rrf,
)

CLOSE = 1e-5


class Writer:
    """A generator that writes two texts whatever it is asked."""

    name = "writer"

    def generate(self, prompts: Any, n: int, *_: Any) -> list[list[str]]:
        return [["a river in the north", "a bird"][:n] for _ in prompts]


def louder(module: Any, times: float = 8) -> Any:
    import torch

    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.ndim > 1:
                parameter.mul_(times)
    return module


@pytest.fixture
def backbone(collection: Any) -> Any:
    texts = [*collection.passages.joined, *collection.all_queries.texts]
    return louder(Backbone(train_wordpiece(texts, 300), layers=1, dim=16, heads=2, max_length=64, seed=3))


@pytest.fixture
def sparse(collection: Any, backbone: Any) -> Sparse:
    import torch

    head = MLMHead(16, backbone.model.config.vocab_size, seed=4)
    with torch.no_grad():
        head.bias.normal_(-3, 1, generator=torch.Generator().manual_seed(2))
        head.norm.weight.mul_(4)
    return Sparse(collection, lexical_towers(backbone, louder(head)))


@pytest.fixture
def late(collection: Any, backbone: Any) -> LateInteraction:
    return LateInteraction(collection, multi_vector_towers(backbone, dim=8))


def adds_up(retriever: Any, queries: Any, k: int = 9, exact: bool = True) -> int:
    """Each part's sum and remainder make the score of the retriever's own run; returns the number of pairs."""
    run, seen = retriever.search(queries, k), 0
    for query, text in zip(queries.ids, queries.texts, strict=True):
        why = explainer(retriever, text)
        for passage, score in run[query]:
            told = why(passage)
            assert told.score == pytest.approx(score, abs=CLOSE, rel=1e-6)
            assert told.exact is exact
            if exact:
                assert told.remainder == pytest.approx(0, abs=CLOSE)
                assert told.total == pytest.approx(score, abs=CLOSE, rel=1e-6)
            seen += 1
    return seen


# -- exact


def test_bm25_terms_add_up_and_stand_where_they_say(collection: Any) -> None:
    retriever = BM25(collection, keep=False)
    assert adds_up(retriever, collection.all_queries) > 12
    text = "river river in the North Sea"
    told = attribute(retriever, text, "p9")
    by_label = {p.label: p for p in told.parts}
    joined = collection.passages.text_of("p9")
    assert [joined[a:b] for a, b in by_label["north"].passage] == ["North"]
    assert len(by_label["river"].query) == 2  # asked for twice: one part, counted twice
    once = {p.label: p for p in attribute(retriever, "river", "p9").parts}
    assert by_label["river"].value == pytest.approx(2 * once["river"].value, abs=CLOSE)
    assert "in no passage" in attribute(retriever, "xylophone", "p9").parts[0].detail
    assert attribute(retriever, "xylophone", "p9").score is None


def test_learned_terms_add_up(collection: Any, sparse: Sparse) -> None:
    assert adds_up(sparse, collection.queries) > 12


def test_the_grid_adds_up(collection: Any, late: LateInteraction) -> None:
    assert adds_up(late, collection.queries) == 45
    told = attribute(late, "river that ends", "p9")
    assert told.grid.similarities.shape == (len(told.parts), len(told.grid.passage))
    joined = collection.passages.text_of("p9")
    placed = [(p, s) for p in told.parts for s in p.passage]
    assert placed, "no piece was found in the passage"
    for part, (start, stop) in placed:
        assert joined[start:stop].lower() == part.detail.removeprefix("nearest: ").removeprefix("##")


@pytest.mark.parametrize("by", ["minmax", "zscore", "none"])
def test_linear_fusion_adds_up(collection: Any, encoder: Any, by: str) -> None:
    parts = (0.3, BM25(collection, keep=False)), (0.7, Dense(collection, encoder))
    assert adds_up(fuse_linear(*parts, normalisation=by), collection.queries) == 45
    assert adds_up(fuse_linear(*parts, normalisation=by, depth=2), collection.queries, 2) > 5


def test_rank_fusion_adds_up_and_explains_its_parts(collection: Any, encoder: Any, dot_encoder: Any) -> None:
    bm25 = BM25(collection, keep=False)
    fused = fuse_rrf(bm25, Dense(collection, encoder), Dense(collection, dot_encoder))
    assert adds_up(fused, collection.queries) == 45
    told = attribute(fused, "river that ends in the North Sea", "p9")
    assert [i.kind for i in told.inner] == ["bm25", "one-vector", "one-vector"]
    assert told.inner[0].rank == 1
    assert told.parts[0].value == pytest.approx(1 / 61)
    assert told.inner[0] == attribute(bm25, "river that ends in the North Sea", "p9").placed(
        bm25.search("river that ends in the North Sea")["q1"]
    )


@pytest.mark.parametrize("refine", [Average(), Rocchio(0.4, 0.6)])
def test_linear_feedback_adds_up(collection: Any, encoder: Any, refine: Any) -> None:
    feedback = Feedback(Dense(collection, encoder), refine, 2)
    assert adds_up(feedback, collection.queries) == 45
    told = attribute(feedback, "bird that dances", "p7")
    assert told.parts[0].detail == "the question"
    assert told.inner[0].rank is not None
    assert "as asked" in told.note


@pytest.mark.parametrize("which", ["encoder", "dot_encoder"])
def test_invented_texts_add_up(collection: Any, which: str, request: pytest.FixtureRequest) -> None:
    hyde = HyDE(Dense(collection, request.getfixturevalue(which)), Writer(), 2)
    assert adds_up(hyde, collection.queries) == 45


def test_a_cascade_stage_by_stage(collection: Any, encoder: Any) -> None:
    cascade = (BM25(collection, keep=False) % 2) >> Dense(collection, encoder)
    text = "river that ends in the North Sea"
    run = cascade.search(text)["q1"]
    for passage, score in run:
        told = attribute(cascade, text, passage)
        assert told.score == pytest.approx(score, abs=CLOSE)
        assert [s.kind for s in told.inner] == ["bm25", "one-vector"]
        assert told.rank == run.rank_of(passage)
        assert told.inner[1].score == told.score
    lost = attribute(cascade, text, "p4")
    assert lost.score is None
    assert "does not have it among the 2" in lost.note


def test_stages_of_a_cascade_of_cascades(collection: Any, encoder: Any, dot_encoder: Any) -> None:
    bm25 = BM25(collection, keep=False)
    cascade = (bm25 % 5) >> Dense(collection, encoder) >> Dense(collection, dot_encoder)
    told = attribute(cascade, "river in the North Sea", "p9")
    assert [s.retriever for s in told.inner] == ["bm25 % 5", "words", "words"]


# -- by leaving out


@pytest.mark.parametrize("which", ["encoder", "dot_encoder"])
def test_leaving_words_out(collection: Any, which: str, request: pytest.FixtureRequest) -> None:
    dense = Dense(collection, request.getfixturevalue(which))
    assert adds_up(dense, collection.queries, exact=False) == 45
    text = "bird that dances"
    told = attribute(dense, text, "p7")
    assert [text[a:b] for p in told.parts for a, b in p.query] == ["bird", "that", "dances"]
    alone = Run.from_dict({"q1": {"p7": 0.0}})
    from retrievarium.contracts import as_queries

    for part, rest in zip(told.parts, ["that dances", "bird dances", "bird that"], strict=True):
        less = float(dense.rescore(as_queries(rest), alone)["q1"].scores[0])
        assert part.value == pytest.approx(told.score - less, abs=CLOSE)
    assert told.remainder == pytest.approx(told.score - sum(p.value for p in told.parts))


def test_a_sum_of_words_has_no_remainder(collection: Any, dot_encoder: Any) -> None:
    """Limit case: an encoder that adds its words up is explained whole by leaving them out."""
    told = attribute(Dense(collection, dot_encoder), "river in the sea", "p9")
    assert told.remainder == pytest.approx(0, abs=1e-4)
    words_ = passage_words(Dense(collection, dot_encoder), "river in the sea", "p9")
    stop = dot_encoder.encode_queries(["river in the sea"])[0] @ dot_encoder.encode_passages(["."])[0]
    assert words_.remainder == pytest.approx(stop, abs=1e-4)  # a full stop stays behind when the last word goes
    joined = collection.passages.text_of("p9")
    assert [joined[a:b] for p in words_.parts for a, b in p.passage] == [joined[a:b] for a, b in words(joined)]


def test_words_of_a_passage_can_be_stopped(collection: Any, encoder: Any) -> None:
    from retrievarium.contracts import Cancelled

    seen: list[tuple[int, int]] = []

    def progress(done: int, total: int, what: str, metrics: dict[str, float]) -> None:
        seen.append((done, total))
        raise Cancelled

    with pytest.raises(Cancelled):
        passage_words(Dense(collection, encoder), "river", "p1", progress)
    assert seen == [(18, 18)]


def test_a_pair_read_together(collection: Any, backbone: Any) -> None:
    rerank = Rerank(CrossEncoder(backbone), collection)
    cascade = BM25(collection, keep=False) >> rerank
    text = "river that ends in the North Sea"
    for passage, score in cascade.search(text)["q1"]:
        told = attribute(cascade, text, passage)
        assert told.score == pytest.approx(score, abs=CLOSE)
        assert not told.exact
        assert told.inner[-1].kind == "pair"


def test_a_list_gives_no_reasons(collection: Any) -> None:
    from retrievarium.contracts import InputError

    with pytest.raises(InputError, match="no reasons"):
        explainer(FrozenRun(Run.from_dict({"e1": {"p1": 1.0}})), "river")


# -- gradients


def test_integrated_gradients_close_their_gap(collection: Any, backbone: Any) -> None:
    for normalize in (True, False):
        dense = Dense(collection, two_towers(backbone, pooling="mean", normalize=normalize))
        text = "river that ends in the North Sea"
        told = integrated_gradients(dense, text, "p9", steps=64)
        assert told.score == pytest.approx(attribute(dense, text, "p9").score, abs=1e-4)
        assert abs(told.gap) < 0.01 * max(abs(told.score - told.baseline), 0.05)
        assert sum(p.value for p in told.parts) == pytest.approx(told.score - told.baseline + told.gap, abs=1e-6)
        assert np.abs([p.value for p in told.parts]).max() > 1e-3, "the guard: something must be attributed"
        rough = integrated_gradients(dense, text, "p9", steps=1)
        assert abs(rough.gap) > abs(told.gap)


def test_a_trained_model_is_left_as_it_was(collection: Any, backbone: Any) -> None:
    towers = two_towers(backbone)
    dense = Dense(collection, towers)
    before, text = towers.fingerprint, "bird that dances"
    vectors = towers.encode_queries([text])
    integrated_gradients(dense, text, "p7", steps=4)
    assert towers.fingerprint == before
    assert np.array_equal(towers.encode_queries([text]), vectors)
    assert not towers.query.backbone.model.get_input_embeddings()._forward_hooks


@pytest.mark.slow
def test_gradients_of_a_stock_model(collection: Any) -> None:
    from retrievarium.encoders import load_encoder

    dense = Dense(collection, load_encoder("minilm"))
    text = "bird that dances"
    told = integrated_gradients(dense, text, "p7")
    assert told.score == pytest.approx(attribute(dense, text, "p7").score, abs=1e-4)
    assert abs(told.gap) < 0.01
    assert [p.label for p in told.parts] == ["bird", "that", "dances"]
    assert [text[a:b] for p in told.parts for a, b in p.query] == ["bird", "that", "dances"]
    assert max(told.parts, key=lambda p: p.value).label in ("bird", "dances")


# -- side by side


def test_what_sets_two_passages_apart_sums_to_the_difference(collection: Any, encoder: Any) -> None:
    for retriever in (BM25(collection, keep=False), Dense(collection, encoder)):
        why = explainer(retriever, "river that ends in the North Sea")
        gold, top = why("p9"), why("p1")
        rows = against(gold, top)
        assert sum(r.gap for r in rows) == pytest.approx(top.score - gold.score, abs=CLOSE)
        assert [abs(r.gap) for r in rows] == sorted((abs(r.gap) for r in rows), reverse=True)


# -- words


def test_words_of_several_scripts() -> None:
    def cut(text: str) -> list[str]:
        return [text[a:b] for a, b in words(text)]

    assert cut("Who's the well-known Bird?") == ["Who's", "the", "well-known", "Bird"]
    assert cut("黑森林abc河") == ["黑", "森", "林", "abc", "河"]
    assert cut("") == []
    assert len(units("w " * 100, 7)) == 7
    assert units("a b c", 7) == words("a b c")


def test_leaving_out_joins_the_blanks() -> None:
    assert without("a big river flows", [(2, 5)]) == "a river flows"
    assert without("bird", [(0, 4)]) == ""
