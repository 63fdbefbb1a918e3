"""Which questions share a batch, and which negatives they meet."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from retrievarium.contracts import InputError
from retrievarium.training import GroupSampler, ListBatches, MarginBinSampler, PairBatches, TopicSampler, stream

from .small import WordTowers, colours


def test_a_batch_holds_one_topic_and_an_epoch_each_row_once() -> None:
    topics = [f"t{i % 3}" for i in range(50)]  # 17, 17 and 16 rows
    sampler = TopicSampler(topics, 4, seed=2)
    epoch = [sampler(s) for s in range(12)]
    assert all(len({topics[r] for r in rows}) == 1 for rows in epoch)
    assert len(set(np.concatenate(epoch).tolist())) == 48
    order = [topics[rows[0]] for rows in epoch]
    assert sorted(order) != order, "the topics come one after the other"
    assert not np.array_equal(np.concatenate(epoch), np.concatenate([sampler(s) for s in range(12, 24)]))
    again = TopicSampler(topics, 4, seed=2)
    assert again(20).tolist() == sampler(20).tolist()
    assert [again(s).tolist() for s in range(12)] == [rows.tolist() for rows in epoch]
    with pytest.raises(ValueError, match="no topic fills"):
        TopicSampler(topics, 18, seed=0)


def test_the_same_question_never_meets_itself_in_a_topic() -> None:
    topics, groups = ["a"] * 12 + ["b"] * 12, [i % 6 for i in range(24)]
    sampler = TopicSampler(topics, 5, 0, groups)
    assert all(len({groups[r] for r in sampler(s).tolist()}) == 5 for s in range(8))


@pytest.mark.parametrize(("alpha", "share"), [(1.0, 0.8), (0.0, 0.5), (0.5, 2 / 3)])
def test_groups_are_drawn_by_size_to_the_alpha(alpha: float, share: float) -> None:
    groups = ["large"] * 80 + ["small"] * 20
    sampler = GroupSampler(groups, 5, 0, alpha)
    drawn = [{groups[r] for r in sampler(s).tolist()} for s in range(1_000)]
    assert all(len(d) == 1 for d in drawn)
    assert np.mean([d == {"large"} for d in drawn]) == pytest.approx(share, abs=3 * (0.25 / 1_000) ** 0.5)
    assert GroupSampler(groups, 5, 0, alpha)(500).tolist() == sampler(500).tolist()
    small = [r for s in range(200) if groups[(rows := sampler(s))[0]] == "small" for r in rows.tolist()]
    assert set(small) == set(range(80, 100))
    with pytest.raises(ValueError, match="'small' has 20 rows"):
        GroupSampler(groups, 21, 0)


def test_margins_are_met_bin_by_bin() -> None:
    """900 easy negatives and 100 hard ones: uniform drawing meets one hard one in ten, bins meet as many of both."""
    margins = np.concatenate([np.full(900, 9.5), np.linspace(0, 0.9, 100)])
    choose = MarginBinSampler(10)
    met = np.array([choose(margins, 1, stream(0, "test", i))[0] for i in range(600)])
    assert np.mean(margins[met] < 5) == pytest.approx(0.5, abs=0.07)
    many = choose(margins, 50, stream(0, "test"))
    assert len(set(many.tolist())) == 50
    every = choose(np.array([1.0, 1.0, 4.0]), 3, stream(1, "test"))
    assert sorted(every.tolist()) == [0, 1, 2]


def test_negatives_are_drawn_anew_among_the_mined_where_asked() -> None:
    collection, model = colours(), WordTowers()
    pool = [f"p{i:02d}" for i in range(0, 40)]
    train = collection.train
    mined = {q: [p for p in pool if p not in train.qrels.relevant(q)] for q in train.queries.ids}
    drawn = PairBatches(model, collection, train, 8, 0, mined, per_question=2, sample=True)
    fixed = PairBatches(model, collection, train, 8, 0, mined, per_question=2)
    texts = {drawn.passages[r].tobytes(): p for r, p in enumerate(collection.passages.ids)}
    seen: Counter[str] = Counter()
    for step in range(12):
        batch, rows = drawn(step), drawn._rows(step)
        for line, row in enumerate(rows.tolist()):
            own = [texts[batch.passages[8 + line * 2 + j].tobytes()] for j in range(2)]
            assert len(set(own)) == 2
            assert set(own) <= set(mined[drawn.ids[row]])
            seen.update(own)
    assert len(seen) > 30
    always = {fixed.passages[0].tobytes(), fixed.passages[1].tobytes(), fixed.passages[2].tobytes()}
    assert all(fixed(s).passages[8 + j].tobytes() in always for s in range(6) for j in range(16))


def test_questions_that_share_a_batch_can_be_chosen() -> None:
    collection, model = colours(), WordTowers()
    train = collection.train
    thing = {q: t.split()[-1] for q, t in zip(train.queries.ids, train.queries.texts, strict=True)}
    batches = PairBatches(
        model, collection, train, 4, 0, sampler=lambda ids: TopicSampler([thing[q] for q in ids], 4, 0)
    )
    for step in range(8):
        assert len({thing[batches.ids[r]] for r in batches._rows(step)}) == 1


def test_lists_carry_their_teachers_scores() -> None:
    import torch

    collection, model = colours(), WordTowers(dropout=0.0)
    train = collection.train
    ids = collection.passages.ids
    labels = {}
    for number, query in enumerate(train.queries.ids[:20]):
        own = next(iter(train.qrels.relevant(query)))
        others = [p for p in ids if p != own][: 1 if number == 0 else 5]
        labels[query] = {own: 9.0, **{p: float(i) for i, p in enumerate(others)}}
    labels[train.queries.ids[20]] = {"p00": 1.0} if "p00" not in train.qrels.relevant(train.queries.ids[20]) else {}
    batches = ListBatches(model, collection, train, 20, 0, labels, per_question=3)
    assert set(batches.ids) == set(train.queries.ids[:20])  # the others lack a scored positive or negative
    batch = batches(0)
    assert batch.teacher.shape == (20, 4)
    assert (batch.teacher[:, 0] == 9).all()
    assert batch.positive.sum() == 20
    text_of = {
        model_ids.tobytes(): p for p, model_ids in zip(ids, (batches.passages[r] for r in range(64)), strict=True)
    }
    rows = batches._rows(0).tolist()
    for line, row in enumerate(rows):
        query = batches.ids[row]
        found = [text_of[batch.passages[4 * line + c].tobytes()] for c in range(4)]
        assert batch.valid[line].sum() == (2 if query == train.queries.ids[0] else 4)
        for c in np.flatnonzero(batch.valid[line]):
            assert batch.teacher[line, c] == labels[query][found[c]]
        assert len(set(np.array(found)[batch.valid[line]])) == batch.valid[line].sum()

    def look(scores: torch.Tensor, teacher: torch.Tensor, positive: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        q = model("query", *batch.questions.padded())
        p = model("passage", *batch.passages.padded())
        by_hand = torch.stack([q[i] @ p[4 * i + c] for i in range(20) for c in range(4)]).view(20, 4)
        assert torch.allclose(scores, by_hand, atol=1e-5)
        return scores.sum()

    batch.loss(model, look)
    with pytest.raises(InputError, match="1 or more"):
        ListBatches(model, collection, train, 2, 0, labels, per_question=0)
