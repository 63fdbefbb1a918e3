"""ANCE-PRF's own: what is read, what is trained, what stays, claim, record."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from retrievarium.contracts import Cancelled, InputError, check_retriever
from retrievarium.data import Collection, World
from retrievarium.encoders import TextFeedbackEncoder, load_encoder, load_towers
from retrievarium.indexes import index_fingerprint
from retrievarium.methods import Budget, Built, build, claims
from retrievarium.methods.ance_prf import ARMS
from retrievarium.objectives import PairwiseLogistic
from retrievarium.retrievers import BM25, Chance, Dense, Feedback
from retrievarium.training import FeedbackReader, LiveIndex, RankedBatches
from retrievarium.workspace import Workspace

TINY = Budget("tiny", exposure=0, steps=4, batch=8, lr=1e-3, passage_tokens=64, question_tokens=32, about="a test")
PLAIN: dict[str, Any] = {"device": "cpu", "precision": "fp32", "threads": 1}


@pytest.fixture(scope="module")
def base(world: Collection, ws: Workspace) -> Built:
    return build("dpr", world, TINY, ws=ws, **PLAIN)


@pytest.fixture(scope="module")
def built(world: Collection, ws: Workspace, base: Built) -> Built:
    return build("ance-prf", world, TINY, ws=ws, **PLAIN)


def test_it_reads_the_first_three_and_searches_again(world: Collection, built: Built, base: Built) -> None:
    asked = world.test.queries.select(world.test.queries.ids[:5])
    first = base.search(asked, 3)
    reads = TextFeedbackEncoder.load(built.folder / "ance-prf" / "reads")
    assert (reads.depth, reads.source, reads.max_length) == (3, "own", 448)
    texts = [[world.passages.text_of(p) for p in first[q].ids] for q in asked.ids]
    scores = reads.encode(asked.texts, texts) @ base.retriever.vectors.T
    for query, line in zip(asked.ids, scores, strict=True):
        assert np.allclose(built.search(asked, 5)[query].scores, np.sort(line)[::-1][:5], atol=1e-3)
    assert built.search(asked, 5) != base.search(asked, 5)
    check_retriever(built.retriever, asked)


@pytest.mark.works_when("ance-prf", 1)
def test_untrained_without_passages_it_repeats_round_1(world: Collection, ws: Workspace, base: Built) -> None:
    nothing = build("ance-prf", world, TINY, ws=ws, **PLAIN, k=0, steps=0)
    assert nothing.report["lineage"]["dpr"]["settings"]["steps"] == 4, "its base is trained as ever"
    again, plain = (b.search(world.test.queries, 20) for b in (nothing, base))
    assert again.doc_ids.tolist() == plain.doc_ids.tolist()
    assert np.allclose(again.scores, plain.scores, atol=1e-4)


@pytest.mark.works_when("ance-prf", 2)
def test_the_index_and_the_passages_tower_stay(built: Built, base: Built) -> None:
    assert index_fingerprint(built.retriever) == index_fingerprint(base.retriever)
    before, after = (load_towers(b.folder / k) for b, k in ((base, "dpr"), (built, "ance-prf")))
    for name, tensor in before.state_dict().items():
        assert torch.equal(tensor, after.state_dict()[name]), name
    reads = TextFeedbackEncoder.load(built.folder / "ance-prf" / "reads")
    same = {
        n: torch.equal(t, before.query.state_dict()[n]) for n, t in reads.tower.state_dict().items() if "posi" not in n
    }
    assert not all(same.values()), "what was trained has moved"
    texts = ["Who founded the town?"]
    plain = load_encoder(built.folder / "ance-prf", "cpu")
    assert np.allclose(plain.encode_queries(texts), base.model.encode_queries(texts), atol=1e-6)


def _batches(base: Built, world: Collection, k: int = 3) -> tuple[FeedbackReader, RankedBatches]:
    dense = base.retriever
    encoder = TextFeedbackEncoder(load_towers(base.folder / "dpr").query.lengthened(256), k, 256)
    model = FeedbackReader(Feedback(dense, encoder, k))
    live = LiveIndex(world.passages.ids, dense.vectors, 10)
    return model, RankedBatches(model, world, world.train, 4, 0, live)


@pytest.mark.works_when("ance-prf", 4)
def test_training_reads_what_the_base_returns_whatever_is_judged(world: Collection, base: Built) -> None:
    learn = world.without_test()
    model, batches = _batches(base, learn)
    batch = batches(0)
    for row, query in enumerate(batch.ids):
        text = learn.all_queries[query].text
        found = base.search(text, 3)["q1"].ids
        expected = model.encoder.join(text, [world.passages.text_of(p) for p in found])
        assert batch.questions[row].tolist() == expected
        assert len(expected) > 64, "longer than its base reads"
    other = {s: learn.split_named(s).qrels.table for s in learn.splits}
    column = other["train"].column("passage_id").to_pylist()
    turned = other["train"].set_column(1, "passage_id", [column[1:] + column[:1]])
    again = _batches(base, learn.replace(qrels={**other, "train": turned}))[1](0)
    assert again.ids == batch.ids
    assert np.array_equal(again.questions.ids, batch.questions.ids)
    assert [r.tolist() for r in again.relevant] != [r.tolist() for r in batch.relevant]


def test_its_loss_is_the_mean_over_pairs_with_constant_passages(world: Collection, base: Built) -> None:
    model, batches = _batches(base, world.without_test())
    batch = batches(0)
    loss = batch.loss(model, PairwiseLogistic())
    vectors = torch.from_numpy(np.array(base.retriever.vectors))
    q = model("query", *batch.questions.padded())
    pairs = []
    for row, known in enumerate(batch.relevant):
        scores = vectors @ q[row]
        listed = set(scores.topk(10).indices.tolist())
        right = listed & set(known.tolist()) or {max(known.tolist(), key=lambda r: scores[r].item())}
        pairs += [torch.log1p((scores[n] - scores[p]).exp()) for p in right for n in listed - set(known.tolist())]
    torch.testing.assert_close(loss, torch.stack(pairs).mean(), atol=1e-5, rtol=1e-4)
    loss.backward()
    assert all(p.grad is not None for n, p in model.named_parameters() if "word_embeddings" in n)
    with pytest.raises(InputError, match="there is no passage to train"):
        model.tokenize("passage", ["a"])


def test_a_cancelled_training_goes_on_to_the_same_weights(world: Collection, ws: Workspace, built: Built) -> None:
    other, seen = Workspace(ws.root / "other"), []

    def stop(done: int, total: int, what: str, metrics: Any) -> None:
        if what == "feedback" and done:
            seen.append(done)
            if seen == [1, 2, 3]:
                raise Cancelled("enough")

    with pytest.raises(Cancelled):
        build("ance-prf", world, TINY, ws=other, **PLAIN, progress=stop)
    again = build("ance-prf", world, TINY, ws=other, **PLAIN, progress=stop)
    assert seen == list(range(1, TINY.steps + 1)), "no step twice, none left out"
    before, after = (b.model.reads.state_dict() for b in (built, again))
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_its_dials(world: Collection, built: Built, ws: Workspace) -> None:
    def made(**settings: Any) -> Built:
        return build("ance-prf", world, TINY, ws=ws, **PLAIN, **settings)

    kinds = {"bm25": made(feedback="bm25"), "random": made(feedback="random"), "one": made(k=1), "own": built}
    firsts = {name: type(b.retriever.first) for name, b in kinds.items()}
    assert firsts == {"bm25": BM25, "random": Chance, "one": Dense, "own": Dense}
    assert kinds["one"].retriever.depth == 1
    asked = world.test.queries.select(world.test.queries.ids[:4])
    assert len({tuple(b.search(asked, 3).scores.tolist()) for b in kinds.values()}) == 4
    with pytest.raises(InputError, match="feedback='gold' is unknown"):
        made(feedback="gold")
    with pytest.raises(InputError, match="compares by angle"):
        made(base="baseline_dense")


@pytest.mark.works_when("ance-prf", 6)
def test_the_claim_runs_in_smoke_and_its_record_is_whole(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arms, measure and record; never the direction."""
    monkeypatch.setenv("RETRIEVARIUM_WORKSPACE", str(ws.root))
    claim = claims()["ance-prf"]
    arms = claim.contrast(1, "smoke", "cpu", arms=tuple(ARMS))
    named = {claim.treatment, claim.base, claim.untrained, claim.control, claim.placebo}
    assert set(arms) == set(ARMS) == named
    assert claim.measure == "nDCG@10"
    world = World(1, 300, hidden_positives=3).collection()
    asked = {q for q in world.test.queries.ids if len(world.test.qrels.relevant(q)) >= 3}
    assert asked
    assert all(set(values) == asked for values in arms.values())
    assert all(0 <= v <= 1 for values in arms.values() for v in values.values())
    assert {"means", "by overlap", "lineage", "collection", "seconds"} <= set(arms.beside)
    assert set(arms.beside["means"]) == named
    base = arms.beside["lineage"]["ance-prf"]["dpr"]
    assert base == arms.beside["lineage"]["random passages"]["dpr"], "both stand on one base"
