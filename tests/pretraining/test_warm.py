"""The shared start: made once, from the shipped one where it is there, on exposure text where there is some."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import torch

from retrievarium.data import Collection
from retrievarium.encoders import MLMHead, two_towers
from retrievarium.pretraining import MLM, Start, exposure_texts, random_start, start, warm_start
from retrievarium.training import RunConfig, TokenTable
from retrievarium.workspace import Workspace

SETTINGS: dict[str, Any] = {"batch": 4, "config": RunConfig(1)}


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(start, "VOCABULARY", 120)
    monkeypatch.setattr(start, "LAYERS", 1)
    monkeypatch.setattr(start, "DIM", 32)
    monkeypatch.setattr(start, "shipped", lambda *parts: tmp_path.joinpath("shipped", *parts))


def test_without_a_shipped_start_it_begins_at_random_and_says_so(collection: Collection) -> None:
    made = warm_start(collection, 2, **SETTINGS)
    assert made.about["start"] == "random weights"
    assert made.about["exposure"]["steps"] == 2
    assert len(made.about["exposure"]["curve"]) >= 2


def test_the_second_request_is_a_load(collection: Collection) -> None:
    first = warm_start(collection, 2, **SETTINGS)
    told: list[int] = []
    second = warm_start(collection, 2, progress=lambda done, *_: told.append(done), **SETTINGS)
    assert not told
    assert second.about == first.about
    assert torch.equal(
        first.backbone.model.embeddings.word_embeddings.weight, second.backbone.model.embeddings.word_embeddings.weight
    )
    warm_start(collection, 3, progress=lambda done, *_: told.append(done), **SETTINGS)
    assert told, "another number of steps is another start"


def test_two_workspaces_make_the_same_start(collection: Collection, tmp_path: Path) -> None:
    made = [warm_start(collection, 2, ws=Workspace(tmp_path / name), **SETTINGS) for name in "ab"]
    first, second = (dict(m.backbone.named_parameters()) for m in made)
    assert all(torch.equal(first[n], second[n]) for n in first)


def test_a_shipped_start_is_extended_by_the_collections_own_pieces(collection: Collection, tmp_path: Path) -> None:
    language = random_start(["the old river and the city of the north sea near the sun " * 3] * 8)
    Start(language.backbone, {"task": "a test"}).save(tmp_path / "shipped" / "warm_start", half=True)
    made = warm_start(collection, 0, **SETTINGS)
    assert made.about["start"] == {"task": "a test"}
    assert len(made.backbone.tokenizer) > len(language.backbone.tokenizer)
    old = language.backbone.model.embeddings.word_embeddings.weight.half().float()
    new = made.backbone.model.embeddings.word_embeddings.weight
    assert torch.equal(new[: len(old)], old)


def test_a_shipped_head_goes_on_with_a_mean_bias_for_new_pieces(collection: Collection, tmp_path: Path) -> None:
    language = random_start(["the old river and the city of the north sea near the sun " * 3] * 8)
    task = MLM(language.backbone)
    torch.nn.init.normal_(task.bias, generator=torch.Generator().manual_seed(1))
    shipped = tmp_path / "shipped" / "warm_start"
    Start(language.backbone, {}, MLMHead.like(task)).save(shipped)
    with_head = start.shipped_fingerprint()
    made = warm_start(collection, 0, **SETTINGS)
    assert made.head is not None
    assert torch.equal(made.head.dense.weight, task.dense.weight)
    old = len(language.backbone.tokenizer)
    assert torch.equal(made.head.bias[:old], task.bias)
    assert len(made.head.bias) > old
    torch.testing.assert_close(made.head.bias[old:], task.bias.mean().expand(len(made.head.bias) - old))
    (shipped / "head.safetensors").unlink()
    assert start.shipped_fingerprint() != with_head, "another head is another start"


def test_exposure_text_is_read_where_there_is_some_else_the_passages(collection: Collection) -> None:
    assert exposure_texts(collection) == collection.passages.joined
    other = collection.replace(tables={"exposure_text": pa.table({"text": ["Bartók collected songs."]})})
    assert exposure_texts(other) == ["Bartók collected songs."]


def test_half_precision_is_on_disk_only(tmp_path: Path) -> None:
    made = random_start(["the river and the city near the sea"] * 8)
    before = made.backbone.model.embeddings.word_embeddings.weight.clone()
    made.save(tmp_path / "half", half=True)
    again = Start.load(tmp_path / "half").backbone.model.embeddings.word_embeddings.weight
    assert made.backbone.model.embeddings.word_embeddings.weight.dtype == again.dtype == torch.float32
    assert torch.allclose(again, before, atol=1e-3)


def test_the_guessing_head_comes_along_and_guesses_as_it_did(collection: Collection) -> None:
    """A lexical encoder begins from it: a fresh head in its place guesses worse."""
    made = warm_start(collection, 60, lr=5e-3, **SETTINGS)
    assert made.head is not None
    texts = exposure_texts(collection)
    task = MLM(made.backbone, seed=9)
    fresh = task.held_out_loss(texts, batch=3)
    task.load_state_dict({**task.state_dict(), **made.head.state_dict()})
    assert task.held_out_loss(texts, batch=3) < fresh - 0.05
    ids, mask = TokenTable.cut(two_towers(made.backbone), "query", texts[:3]).padded()
    with torch.inference_mode():
        logits = made.head(made.backbone.last(ids, mask), task.embeddings)
        assert torch.allclose(logits[mask.bool()], task(ids, mask, mask.bool()), atol=1e-5)
    assert Start(made.backbone, made.about).head is None
