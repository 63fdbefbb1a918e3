"""Texts with several vectors, and cross-encoders, in the same loop."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from retrievarium.contracts import InputError
from retrievarium.data import Collection
from retrievarium.encoders import Backbone, CrossEncoder, lexical_towers, multi_vector_towers, train_wordpiece
from retrievarium.objectives import FLOPS, InfoNCE, MarginMSE, info_nce
from retrievarium.training import (
    CrossBatches,
    GradCache,
    ListBatches,
    PairBatches,
    RunConfig,
    TokenTable,
    cross_entropy,
    embed,
    fit,
    penalised,
)

from .small import WordTowers, colours


class Every(WordTowers):
    """A vector for each word of a text."""

    def forward(self, role, ids, mask):  # type: ignore[no-untyped-def]
        tower = self.query if role == "query" else self.passage
        return tower["out"](tower["words"](ids)), mask.bool()


def test_texts_of_unequal_length_come_back_padded_and_masked() -> None:
    collection, model = colours(), Every()
    table = TokenTable.cut(model, "passage", collection.passages.joined)
    vectors, valid = embed(model, "passage", table, 5)
    whole, there = model("passage", *table.padded())
    assert torch.equal(valid, there)
    assert torch.allclose(vectors[valid], whole[there], atol=1e-6)
    assert valid.sum(1).tolist() == table.lengths.tolist()


def test_late_interaction_learns_in_the_same_loop_and_through_the_cache() -> None:
    collection, model = colours(), Every()
    batches = PairBatches(model, collection, collection.train, 16, 0)
    plain = batches(0).loss(model, info_nce)
    assert torch.allclose(GradCache(5).step(model, batches(0), info_nce), plain, atol=1e-6)
    fitted = fit(model, batches, info_nce, steps=40, lr=0.05, seed=0, config=RunConfig(1))
    assert fitted.final["loss"] < 0.5 * float(plain.detach())


def bert(collection: Collection) -> Backbone:
    texts = [*collection.passages.joined, *collection.train.queries.texts]
    return Backbone(train_wordpiece(texts, 120), 1, 32, 2, 32, dropout=0.1)


def labelled(collection: Collection) -> dict[str, dict[str, float]]:
    """A teacher that likes the relevant passage best, then those of the same thing."""
    train, text = collection.train, dict(zip(collection.passages.ids, collection.passages.joined, strict=True))
    found: dict[str, dict[str, float]] = {}
    for query, asked in zip(train.queries.ids, train.queries.texts, strict=True):
        found[query] = {p: 3.0 * len({*asked.split()} & {*t.split()}) for p, t in list(text.items())[::5]}
        found[query] |= dict.fromkeys(train.qrels.relevant(query), 9.0)
    return found


@pytest.mark.parametrize("kind", ["splade", "bag", "late", "me-bert"])
def test_every_kind_of_tower_learns_in_the_same_loop(kind: str) -> None:
    collection = colours()
    towers: Any
    if kind in ("splade", "bag"):
        towers = lexical_towers(bert(collection), query="bag" if kind == "bag" else "same")
        lists = ListBatches(towers, collection, collection.train, 12, 0, labelled(collection), per_question=3)
        batches: Any = penalised(lists, FLOPS(1e-4, 1e-4, steps=10))
        objective: Any = MarginMSE()
    else:
        settings: dict[str, Any] = {"m": 3, "query_vectors": 1} if kind == "me-bert" else {}
        towers = multi_vector_towers(bert(collection), **settings)
        batches = PairBatches(towers, collection, collection.train, 12, 0)
        objective = InfoNCE(0.1)
    fitted = fit(towers, GradCache(6)(batches), objective, steps=60, lr=5e-3, seed=0, config=RunConfig(1))
    assert fitted.final["loss"] < 0.7 * fitted.curve[0]["loss"]
    towers.encode_queries(["what is red boat"])


@pytest.mark.works_when("rocketqa", 5)
def test_a_cross_encoder_learns_from_the_lists_it_will_judge() -> None:
    collection = colours()
    train, ids = collection.train, list(collection.passages.ids)
    mined = {
        q: [p for p in ids[i % 40 : i % 40 + 12] if p not in train.qrels.relevant(q)]
        for i, q in enumerate(train.queries.ids)
    }
    mined.pop(train.queries.ids[0])
    texts = [*collection.passages.joined, *train.queries.texts]
    model = CrossEncoder(Backbone(train_wordpiece(texts, 120), 1, 32, 2, 32, dropout=0.0))
    batches = CrossBatches(model, collection, train, 16, 0, mined, per_question=3)
    assert train.queries.ids[0] not in batches.ids
    for step in range(6):
        for question, row, relevant in batches.rows(step):
            query = batches.ids[question]
            assert (ids[row] in train.qrels.relevant(query)) == relevant
            assert relevant or ids[row] in mined[query]
    batch = batches(0)
    assert (batch.size, batch.labels.sum()) == (64, 16)
    fitted = fit(model, batches, cross_entropy, steps=120, lr=3e-3, seed=0, config=RunConfig(1))
    assert fitted.final["loss"] < 0.8 * fitted.curve[0]["loss"]
    with pytest.raises(InputError, match="0 negatives"):
        CrossBatches(model, collection, train, 16, 0, mined, per_question=0)
