"""Our loop against sentence-transformers' trainer, and folders made there and here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from retrievarium.encoders import Backbone, load_encoder, load_towers, train_wordpiece, two_towers
from retrievarium.objectives import InfoNCE, info_nce, static_hard_plus_random
from retrievarium.training import AsSentenceLoss, PairBatches, RunConfig, fit

from .small import colours

STEPS, BATCH, LR = 50, 8, 1e-3


def start(tied: bool) -> Any:
    collection = colours()
    texts = [*collection.passages.joined, *collection.all_queries.texts]
    backbone = Backbone(train_wordpiece(texts, 120), 2, 32, 2, 32, dropout=0.0, seed=1)
    return two_towers(backbone, "mean" if tied else "cls", tied=tied)


def positives(collection: Any, split: str) -> set[str]:
    judged = collection.split_named(split)
    return {p for q in judged.queries.ids for p in judged.qrels.relevant(q)}


def columns(batches: PairBatches, collection: Any) -> dict[str, list[str]]:
    """The texts of our batches, row by row, as the trainer wants them."""
    text = {batches.passages[r].tobytes(): t for r, t in enumerate(collection.passages.joined)}
    rows: dict[str, list[str]] = {"anchor": [], "positive": [], "negative": []}
    for step in range(STEPS):
        batch = batches(step)
        rows["anchor"] += [batches._asked.texts[r] for r in batches._rows(step).tolist()]
        found = [text[batch.passages[i].tobytes()] for i in range(len(batch.passages))]
        rows["positive"] += found[:BATCH]
        rows["negative"] += found[BATCH:]
    return rows


class _InOrder(torch.utils.data.Sampler):
    """Batches as the rows stand."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __iter__(self) -> Any:
        return (list(range(i, i + BATCH)) for i in range(0, self.n, BATCH))

    def __len__(self) -> int:
        return self.n // BATCH


def train_there(
    folder: Path, rows: dict[str, list[str]], tied: bool, objective: Any, out: Path
) -> tuple[Any, list[float]]:
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )

    model = SentenceTransformer(str(folder), device="cpu")
    routes = {} if tied else {"router_mapping": {"anchor": "query", "positive": "document", "negative": "document"}}
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(out),
        num_train_epochs=1,
        per_device_train_batch_size=BATCH,
        learning_rate=LR,
        lr_scheduler_type="constant",
        weight_decay=0.01,
        max_grad_norm=1.0,
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        dataloader_pin_memory=False,
        batch_sampler=lambda dataset, **settings: _InOrder(len(dataset)),
        **routes,
    )
    trainer = SentenceTransformerTrainer(
        model, arguments, Dataset.from_dict(rows), loss=AsSentenceLoss(model, objective)
    )  # fmt: skip
    trainer.train()
    return model, [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


@pytest.mark.parametrize(("tied", "objective"), [(False, info_nce), (True, static_hard_plus_random)])
def test_the_same_losses_as_sentence_transformers_trainer(tmp_path: Path, tied: bool, objective: Any) -> None:
    collection, towers = colours(), start(tied)
    # negatives that are no train question's positive: the trainer cannot be told to mask those, and ours would
    spare = sorted(p for split in ("dev", "test") for p in positives(collection, split))
    given = {q: [spare[i % len(spare)]] for i, q in enumerate(collection.train.queries.ids)}
    batches = PairBatches(towers, collection, collection.train, BATCH, 0, given, per_question=1)
    rows = columns(batches, collection)
    assert all(batches(step).known_positive.sum() == BATCH for step in range(STEPS))
    folder = towers.save(tmp_path / "start")
    before = towers.encode_passages(["a red boat"])
    settings: dict[str, Any] = {"warmup": 0.0, "decay": "constant", "report_every": 1, "config": RunConfig(1)}
    fitted = fit(towers, batches, objective, steps=STEPS, lr=LR, seed=0, **settings)
    ours = [e["loss"] for e in fitted.curve]

    model, theirs = train_there(folder, rows, tied, objective, tmp_path / "out")
    assert len(ours) == len(theirs) == STEPS
    assert ours == pytest.approx(theirs, abs=1e-4)
    assert max(ours[0] - ours[-1], 0) > 0.2, "nothing was learned, so any loop would agree"

    # a folder made there loads here, and one made here loads there
    from sentence_transformers import SentenceTransformer

    texts = ["what is red boat", "a red boat is the boat"]
    made_there, made_here = tmp_path / "made-there", tmp_path / "made-here"
    model.save(str(made_there), create_model_card=False)
    towers.save(made_here)
    for folder, query, passage in (
        (made_there, model.encode_query(texts), model.encode_document(texts)),
        (made_here, towers.encode_queries(texts), towers.encode_passages(texts)),
    ):
        loaded, there, again = load_encoder(folder, device="cpu"), SentenceTransformer(str(folder)), load_towers(folder)
        for got in (loaded.encode_queries(texts), there.encode_query(texts), again.encode_queries(texts)):
            np.testing.assert_allclose(got, query, atol=1e-5)
        for got in (loaded.encode_passages(texts), there.encode_document(texts), again.encode_passages(texts)):
            np.testing.assert_allclose(got, passage, atol=1e-5)
    np.testing.assert_allclose(model.encode_query(texts), towers.encode_queries(texts), atol=1e-2)
    assert np.abs(towers.encode_passages(["a red boat"]) - before).max() > 0.05


def test_an_objectives_columns_are_a_pair_batchs_rows() -> None:
    """Two negatives a question, against the loss of the same vectors laid out as `PairBatch` lays them out."""
    draw = torch.Generator().manual_seed(0)
    q, p, n1, n2 = (torch.randn(3, 4, generator=draw) for _ in range(4))
    loss = AsSentenceLoss(torch.nn.Identity(), InfoNCE(0.5)).compute_loss_from_embeddings([q, p, n1, n2])
    laid = torch.stack([p[0], p[1], p[2], n1[0], n2[0], n1[1], n2[1], n1[2], n2[2]])
    assert torch.equal(loss, info_nce(q, laid, torch.arange(3), temperature=0.5))
    without = AsSentenceLoss(torch.nn.Identity(), info_nce).compute_loss_from_embeddings([q, p])
    assert torch.equal(without, info_nce(q, p, torch.arange(3)))
