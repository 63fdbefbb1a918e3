"""A method that builds on another's model, and a model of several parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrievarium.contracts import check_encoder
from retrievarium.data import Collection, World
from retrievarium.encoders import load_encoder, load_towers
from retrievarium.methods import Budget, build, registry
from retrievarium.methods.parts import Parts
from retrievarium.methods.shelf import encoders_at_hand, retriever, shelf
from retrievarium.pretraining import start
from retrievarium.retrievers import Dense
from retrievarium.workspace import read_json, workspace, write_json

TINY = Budget("small", exposure=0, steps=2, batch=8, lr=1e-3, passage_tokens=64, question_tokens=32, about="a test")
PLAIN: dict[str, Any] = {"device": "cpu", "precision": "fp32", "threads": 1}


@pytest.fixture(scope="module")
def world() -> Collection:
    return World(1, 100).collection()


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name, value in {"VOCABULARY": 400, "LAYERS": 1, "DIM": 32}.items():
        monkeypatch.setattr(start, name, value)
    monkeypatch.setattr(start, "shipped", lambda *parts: tmp_path.joinpath("nowhere", *parts))


class Note:
    """A part that remembers a word."""

    def __init__(self, word: str) -> None:
        self.word, self.device = word, ""

    def to(self, device: str) -> Note:
        self.device = device
        return self

    def save(self, folder: Path) -> None:
        folder.mkdir()
        write_json(folder / "note.json", self.word)

    @classmethod
    def load(cls, folder: Path) -> Note:
        return cls(read_json(folder / "note.json"))


@pytest.fixture
def noted() -> Iterator[None]:
    before = dict(registry.methods())

    def serve(collection: Any, model: Any, ws: Any, *, loud: bool = False) -> Any:
        return Dense(collection, model, name=model.note.word.upper() if loud else model.note.word, ws=ws)

    def train(collection: Collection, budget: Budget, seed: int, work: Any, *, word: str = "hello") -> Any:
        base = work.built("dpr", negatives=0)
        return Parts(load_towers(base.folder / "dpr"), note=Note(word))

    load = Parts.loader(note=Note.load)
    registry.method(key="noted", name="Noted", serve=serve, load=load)(train)
    yield
    registry._METHODS.clear()
    registry._METHODS.update(before)


@pytest.mark.usefixtures("noted")
def test_a_model_of_parts_on_another_papers_model(world: Collection) -> None:
    built = build("noted", world, TINY, **PLAIN)
    assert built.name == "hello"
    assert built.model.note.device == "cpu"
    check_encoder(built.model)
    base = build("dpr", world, TINY, **PLAIN, negatives=0)
    assert [a.path for a in workspace().list("models") if a.key["method"] == "dpr"] == [base.folder], "trained once"
    assert built.report["lineage"]["dpr"]["settings"] == base.report["settings"]
    assert built.curve == base.curve
    texts = world.passages.joined[:4]
    assert np.allclose(built.model.encode_passages(texts), base.model.encode_passages(texts), atol=1e-6)
    assert load_encoder(built.folder / "noted", "cpu").similarity == "dot", "a folder like any other"
    loud = build("noted", world, TINY, **PLAIN, loud=True)
    assert (loud.name, loud.folder) == ("HELLO", built.folder)
    assert "Note" not in repr(built.model)
    with pytest.raises(AttributeError, match="voice"):
        _ = built.model.voice


@pytest.mark.usefixtures("noted")
def test_it_is_found_by_name(world: Collection) -> None:
    build("noted", world, TINY, device="cpu")
    assert "noted" in {o.name for o in shelf(world)}
    run = retriever("noted", world).search(world.test.queries.select(world.test.queries.ids[:3]), 5)
    assert all(len(r) == 5 for _, r in run)
    assert {"noted", "dpr_small_s0"} <= {n[:12] for n in encoders_at_hand(world)}


def test_only_encoders_of_one_vector_have_a_space_to_look_at(world: Collection) -> None:
    build("late_interaction", world, TINY, device="cpu", dim=8)
    assert "late_interaction_small_s0" in {o.name[:25] for o in shelf(world)}
    assert list(encoders_at_hand(world)) == ["minilm"]
