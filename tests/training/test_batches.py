"""Batches as functions of (seed, step): who meets whom, who is whose negative."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
import torch

from retrievarium.contracts import InputError
from retrievarium.training import PairBatches, RandomSampler, TokenTable, embed

from .small import WordTowers, colours


def test_an_epoch_visits_each_row_once() -> None:
    sampler = RandomSampler(50, 8, seed=1)
    epochs = [np.concatenate([sampler(s) for s in range(e * 6, e * 6 + 6)]) for e in range(3)]
    for rows in epochs:
        assert len(rows) == len(set(rows.tolist())) == 48
    assert not np.array_equal(epochs[0], epochs[1])


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    forwards, backwards = RandomSampler(50, 8, seed=1), RandomSampler(50, 8, seed=1)
    wanted = [forwards(s).tolist() for s in range(20)]
    assert [backwards(s).tolist() for s in reversed(range(20))][::-1] == wanted
    assert [RandomSampler(50, 8, seed=2)(s).tolist() for s in range(20)] != wanted


def test_the_same_question_never_meets_itself() -> None:
    groups = [f"g{i % 9}" for i in range(60)]
    sampler = RandomSampler(60, 8, seed=0, groups=groups)
    seen: Counter[int] = Counter()
    for step in range(12):
        rows = sampler(step).tolist()
        assert len({groups[r] for r in rows}) == 8
        seen.update(rows)
    assert len(seen) > 50
    plain = RandomSampler(60, 8, seed=0)
    assert any(len({groups[r] for r in plain(s)}) < 8 for s in range(7)), "no meeting could have happened anyway"
    with pytest.raises(ValueError, match="9 distinct"):
        RandomSampler(60, 10, 0, groups)


def test_known_positives_are_marked_for_every_question_of_the_batch() -> None:
    collection, model = colours(), WordTowers()
    train = collection.train
    first, second = train.queries.ids[:2]
    shared = next(iter(train.qrels.relevant(second)))
    extra = pa.table(
        {"query_id": [first], "passage_id": [shared], "grade": pa.array([1], pa.int32())},
        schema=train.qrels.table.schema,
    )
    collection = collection.replace(
        qrels={s: collection.split_named(s).qrels.table for s in collection.splits}
        | {"train": pa.concat_tables([train.qrels.table, extra])}
    )
    batches = PairBatches(model, collection, collection.train, 48, 0, per_question=1)
    batch = batches(0)
    assert batch.known_positive.shape == (48, 96)
    assert batch.known_positive[np.arange(48), np.arange(48)].all()
    beyond = batch.known_positive[:, :48] & ~np.eye(48, dtype=bool)
    assert 1 <= beyond.sum() <= 3
    rows = [batches.ids[r] for r in batches._rows(0)]
    assert beyond[rows.index(first)].any()


def test_mined_negatives_come_first_and_the_rest_is_drawn_among_the_unknown() -> None:
    collection, model = colours(), WordTowers()
    mined = {q: ["p00", "p09"] for q in collection.train.queries.ids}
    batches = PairBatches(model, collection, collection.train, 8, 0, mined, per_question=3)
    batch = batches(0)
    assert len(batch.passages) == 8 * 4
    for question in range(8):
        given = [batch.passages[8 + question * 3 + j].tolist() for j in range(3)]
        assert given[:2] == [batches.passages[0].tolist(), batches.passages[9].tolist()]
    assert not batch.known_positive[:, 8:].reshape(8, 8, 3)[np.arange(8), np.arange(8), 2].any()


def test_a_stage_goes_on_with_the_batch_where_the_one_before_stopped() -> None:
    collection, model = colours(), WordTowers()
    split = collection.train
    about = (model, collection, split, 8, 3)
    whole, rest = PairBatches(*about, per_question=1), PairBatches(*about, per_question=1, first=4)
    for step in range(3):
        ours, theirs = rest(step), whole(4 + step)
        assert np.array_equal(ours.known_positive, theirs.known_positive)
        for role in ("questions", "passages"):
            assert np.array_equal(getattr(ours, role).ids, getattr(theirs, role).ids)
    assert rest.used(2).keys() == whole.used(6).keys() - whole.used(4).keys()
    assert len(rest.used(2)) == 16, "six batches of eight fill one epoch: no question comes twice"


def test_grouping_by_length_changes_no_vector() -> None:
    model = WordTowers(dropout=0.0)
    table = TokenTable.cut(model, "passage", colours().passages.joined)
    assert len(set(table.lengths.tolist())) > 2
    with torch.inference_mode():
        grouped, whole = embed(model, "passage", table, 5), model("passage", *table.padded())
    assert torch.allclose(grouped, whole, atol=1e-6)


def test_padding_and_taking() -> None:
    table = TokenTable.of([np.array([5, 6, 7], np.int32), np.array([8], np.int32)])
    ids, mask = table.take([1, 0, 1]).padded()
    assert ids.tolist() == [[8, 0, 0], [5, 6, 7], [8, 0, 0]]
    assert mask.tolist() == [[1, 0, 0], [1, 1, 1], [1, 0, 0]]


def test_what_cannot_work_is_refused_with_the_reason() -> None:
    collection, model = colours(), WordTowers()
    with pytest.raises(InputError, match="alone in its batch"):
        PairBatches(model, collection, collection.train, 1, 0)
    with pytest.raises(InputError, match="48 distinct"):
        PairBatches(model, collection, collection.train, 64, 0)
    PairBatches(model, collection, collection.train, 1, 0, per_question=1)(0)
