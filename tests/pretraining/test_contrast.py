"""Crops, the queue and the slow encoder."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from retrievarium.contracts import InputError
from retrievarium.encoders import Backbone, train_wordpiece, two_towers
from retrievarium.objectives import InfoNCE
from retrievarium.pretraining import CropBatches, MomentumContrast, RandomCrop, pretrain
from retrievarium.training import KeyQueue, MomentumEncoder, RunConfig, stream
from retrievarium.training.speed import measure

from .test_mlm import TEXTS


def towers(seed: int = 0, dropout: float = 0.0):  # type: ignore[no-untyped-def]
    backbone = Backbone(train_wordpiece(TEXTS, 90), 1, 32, 2, 64, dropout=dropout, seed=seed)
    return two_towers(backbone, pooling="mean", tied=True)


def law(tokens: int, crop: RandomCrop) -> tuple[float, float, float]:
    """Exactly, from the definition: P(two crops overlap), mean and variance of a crop's length."""
    edges = np.arange(tokens + 2) / tokens
    low, high = crop.shortest, crop.longest
    share = np.array([
        max(0.0, min(edges[n + 1], high) - max(edges[n], low)) / (high - low) for n in range(tokens + 1)
    ])  # fmt: skip
    share[1] += share[0]
    share[0] = 0
    lengths = np.arange(tokens + 1)
    assert share.sum() == pytest.approx(1)
    mean = float(share @ lengths)
    overlap = 0.0
    for a in np.flatnonzero(share):
        for b in np.flatnonzero(share):
            starts_a, starts_b = np.arange(tokens - a + 1)[:, None], np.arange(tokens - b + 1)[None, :]
            overlap += share[a] * share[b] * float(((starts_a < starts_b + b) & (starts_b < starts_a + a)).mean())
    return overlap, mean, float(share @ (lengths - mean) ** 2)


@pytest.mark.works_when("contriever", 4)
@pytest.mark.parametrize("tokens", [24, 96])
def test_crops_follow_the_law_of_their_definition(tokens: int) -> None:
    crop, n = RandomCrop(), 10_000
    overlap, mean, variance = law(tokens, crop)
    draw = stream(0, "test", tokens)
    spans = np.array([(*crop.span(tokens, draw), *crop.span(tokens, draw)) for _ in range(n)])
    lengths = np.concatenate([spans[:, 1] - spans[:, 0], spans[:, 3] - spans[:, 2]])
    met = (spans[:, 0] < spans[:, 3]) & (spans[:, 2] < spans[:, 1])
    assert abs(met.mean() - overlap) < 3 * (overlap * (1 - overlap) / n) ** 0.5
    assert abs(lengths.mean() - mean) < 3 * (variance / (2 * n)) ** 0.5
    assert 0.2 < overlap < 0.8
    assert spans.min() == 0
    assert spans.max() == tokens


@pytest.mark.works_when("contriever", 4)
def test_the_inverse_cloze_pair_shares_nothing() -> None:
    ids = np.arange(50, dtype=np.int32)
    draw = stream(0, "test")
    for crop, shares in ((RandomCrop(ict=True, delete=0.0), False), (RandomCrop(delete=0.0), True)):
        pairs = [crop(ids, draw) for _ in range(300)]
        assert any(set(a.tolist()) & set(b.tolist()) for a, b in pairs) == shares
        if crop.ict:
            assert all(len(a) + len(b) == 50 for a, b in pairs)


def test_tokens_are_deleted_and_one_always_stays() -> None:
    ids, draw = np.arange(4_000, dtype=np.int32), stream(0, "test")
    kept = sum(len(RandomCrop(0.5, 0.5)(ids, draw)[0]) for _ in range(20)) / 20 / 2_000
    assert kept == pytest.approx(0.9, abs=0.01)
    assert all(len(v) for _ in range(50) for v in RandomCrop(0.05, 0.1, delete=0.95)(ids[:20], draw))
    with pytest.raises(InputError, match="shortest"):
        RandomCrop(0.5, 0.2)
    with pytest.raises(InputError, match="delete"):
        RandomCrop(delete=1.0)


@pytest.mark.works_when("contriever", 1)
def test_the_algebra_of_momentum() -> None:
    encoder = torch.nn.Linear(6, 6).double()
    before = torch.nn.Linear(6, 6).double()
    m = 0.9
    slow = MomentumEncoder(before, m)
    for step in range(1, 30):
        slow.update(encoder)
        for xi, theta, xi_0 in zip(slow.shadow.parameters(), encoder.parameters(), before.parameters(), strict=True):
            assert torch.allclose(xi - theta, m**step * (xi_0 - theta), atol=1e-6)
    assert not any(p.requires_grad for p in slow.parameters())
    assert not slow(torch.ones(1, 6, dtype=torch.float64)).requires_grad
    copies, stays = MomentumEncoder(before, 0.0), MomentumEncoder(before, 1.0)
    copies.update(encoder)
    stays.update(encoder)
    assert torch.equal(copies.shadow.weight, encoder.weight)
    assert torch.equal(stays.shadow.weight, before.weight)
    with pytest.raises(InputError, match="momentum"):
        MomentumEncoder(before, 1.5)


@pytest.mark.works_when("contriever", 2)
@pytest.mark.parametrize("batch", [1, 3, 4, 7, 15])
def test_the_queue_holds_the_last_keys_in_order_of_arrival(batch: int) -> None:
    queue, sent = KeyQueue(10, 2), torch.empty(0, 2)
    assert len(queue) == 0
    for step in range(12):
        keys = torch.arange(batch)[:, None].expand(batch, 2) + 100.0 * step
        queue.push(keys)
        sent = torch.cat([sent, keys])
        assert len(queue) == min(10, len(sent))
        assert torch.equal(queue.in_order, sent[-10:])
        assert torch.equal(queue.negatives.sort(dim=0).values, sent[-10:].sort(dim=0).values)
    assert len(sent) > 10


@pytest.mark.works_when("contriever", 2)
def test_the_batchs_other_keys_change_the_next_loss_not_this_one() -> None:
    """Loss of the first question of a batch, this step and the next, under other companions."""
    losses = []
    for companion in (3, 9):
        task = MomentumContrast(towers(), size=8, m=1.0)
        batches = task.batches(TEXTS, 8, 0)
        first, second = batches(0), batches(1)
        task.contrast(first, task.objective)
        mixed = type(first)(second.questions.take([0, 1]), second.passages.take([0, companion % 8]))

        def own(q, k, queue, task=task):  # type: ignore[no-untyped-def]
            return task.objective(q[:1], k[:1], queue)

        now = float(task.contrast(mixed, own))
        later = float(task.contrast(batches(2), task.objective))
        losses.append((now, later))
    assert losses[0][0] == losses[1][0]
    assert abs(losses[0][1] - losses[1][1]) > 1e-4


def test_no_gradient_reaches_a_key_and_the_first_step_only_fills_the_queue() -> None:
    task = MomentumContrast(towers(), size=32, m=0.5)
    batches = task.batches(TEXTS, 8, 0)
    loss = task.contrast(batches(0), task.objective)
    loss.backward()
    assert float(loss) == 0
    assert len(task.queue) == 8
    assert all(p.grad is None or p.grad.abs().max() == 0 for p in task.parameters())
    loss = task.contrast(batches(1), task.objective)
    loss.backward()
    assert all(p.grad is None for p in task.keys.parameters())
    assert any(p.grad is not None and p.grad.abs().max() > 0 for p in task.towers.parameters())


def test_it_learns_and_a_resumed_run_has_the_same_queue(tmp_path) -> None:  # type: ignore[no-untyped-def]
    from retrievarium.contracts import Cancelled

    def run(folder, stop: int | None = None):  # type: ignore[no-untyped-def]
        def progress(done: int, *_: object) -> None:
            if done == stop:
                raise Cancelled("enough")

        task = MomentumContrast(towers(dropout=0.1), size=16, m=0.9)
        settings = {"batch": 8, "lr": 3e-3, "config": RunConfig(1), "folder": folder, "progress": progress}
        return task, pretrain(task, TEXTS, 40, 0, report_every=5, **settings)

    whole, fitted = run(None)
    with pytest.raises(Cancelled):
        run(tmp_path, stop=23)
    resumed, _ = run(tmp_path)
    for one, other in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    assert torch.equal(whole.queue.keys, resumed.queue.keys)
    assert fitted.curve[-1]["loss"] < fitted.curve[1]["loss"]
    assert whole.detach_heads() is whole.towers
    assert whole.towers.encode_passages(TEXTS[:2]).shape == (2, 32)


def test_measuring_the_machine_leaves_queue_and_slow_encoder_alone() -> None:
    task = MomentumContrast(towers(), size=32, m=0.5)
    task.contrast(task.batches(TEXTS, 8, 0)(0), task.objective)
    with torch.no_grad():
        next(task.towers.parameters()).add_(1)
    before = {n: t.clone() for n, t in task.state_dict().items()}
    measure(task, task.batches(TEXTS, 8, 0)(1), task.objective, torch.device("cpu"))
    assert all(torch.equal(before[n], t) for n, t in task.state_dict().items())


@pytest.mark.works_when("contriever", 5)
def test_padding_moves_no_embedding() -> None:
    from retrievarium.training import TokenTable

    model = towers().eval()
    ids, mask = TokenTable.cut(model, "query", TEXTS[:6]).padded()
    wide = torch.nn.functional.pad(ids, (0, 9)), torch.nn.functional.pad(mask, (0, 9))
    with torch.inference_mode():
        assert (model("query", ids, mask) - model("query", *wide)).abs().max() < 1e-6
        seen = wide[0], torch.ones_like(wide[1])
        assert (model("query", ids, mask) - model("query", *seen)).abs().max() > 1e-3


def test_crops_also_serve_in_batch_training() -> None:
    model = towers()
    batches = CropBatches(model, TEXTS, 8, 0)
    assert float(batches(0).loss(model, InfoNCE(0.05)).detach()) > 0
    assert batches(3).questions.ids.tolist() == CropBatches(model, TEXTS, 8, 0)(3).questions.ids.tolist()
    starts = {int(batches(s).questions[i][0]) for s in range(2) for i in range(8)}
    assert starts == {model.query.tokenizer.cls_token_id}
    with pytest.raises(InputError, match="not two texts"):
        CropBatches(model, ["x"], 8, 0)
