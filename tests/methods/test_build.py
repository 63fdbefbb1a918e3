"""`build`: no leak, no split no training, the same twice is a load, and the report tells how it came to be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from retrievarium.contracts import (
    Cancelled,
    InputError,
    MissingError,
    RetrievariumError,
    check_encoder,
    check_retriever,
)
from retrievarium.data import Collection, World
from retrievarium.encoders import load_encoder
from retrievarium.methods import Budget, build, encoders_at_hand, registry, snapshots_at_hand
from retrievarium.pretraining import start

TINY = Budget("tiny", exposure=2, steps=4, batch=8, lr=1e-3, passage_tokens=64, question_tokens=32, about="a test")


@pytest.fixture(scope="module")
def world() -> Collection:
    return World(1, 100).collection()


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name, value in {"VOCABULARY": 400, "LAYERS": 1, "DIM": 32}.items():
        monkeypatch.setattr(start, name, value)
    monkeypatch.setattr(start, "shipped", lambda *parts: tmp_path.joinpath("nowhere", *parts))


@pytest.fixture
def spy() -> Iterator[list[Collection]]:
    """A method that keeps what it was given and trains nothing."""
    seen: list[Collection] = []
    before = dict(registry.methods())

    def train(collection: Collection, budget: Budget, seed: int, work: Any, *, size: int = 3) -> Any:
        seen.append(collection)
        raise RetrievariumError("seen")

    registry.method(key="spy", name="Spy")(train)
    yield seen
    registry._METHODS.clear()
    registry._METHODS.update(before)


def test_no_method_sees_a_test_judgement(world: Collection, spy: list[Collection]) -> None:
    with pytest.raises(RetrievariumError, match="seen"):
        build("spy", world)
    (given,) = spy
    with pytest.raises(RetrievariumError, match="out of reach"):
        _ = given.test
    assert len(given.train) == len(world.train) > 0
    assert not set(world.test.queries.ids) & set(given.all_queries.ids)
    assert set(given.tables) <= {"exposure_text"}
    assert set(world.test.queries.ids) & set(world.all_queries.ids), "nothing could have leaked"


def test_a_collection_without_a_train_split_is_refused_with_the_way_to_make_one(
    world: Collection, spy: list[Collection]
) -> None:
    bare = world.replace(name="squad", qrels={"test": world.test.qrels.table})
    with pytest.raises(InputError, match=r'squad\.split\(by="article", train=\.6, dev=\.1, seed=0\)'):
        build("spy", bare)
    assert not spy


def test_names_and_settings_that_are_not_there(world: Collection, spy: list[Collection]) -> None:
    with pytest.raises(MissingError, match="planned"):
        build("condenser", world)
    with pytest.raises(MissingError, match="no method 'drp'"):
        build("drp", world)
    with pytest.raises(InputError, match="no setting 'sise'"):
        build("spy", world, sise=4)
    with pytest.raises(MissingError, match="huge"):
        build("spy", world, budget="huge")
    assert not spy


def test_the_second_request_is_a_load_and_the_report_tells_all(world: Collection) -> None:
    told: list[str] = []

    def progress(done: int, total: int, what: str, metrics: Any) -> None:
        told.append(what)

    first = build("dpr", world, TINY, seed=3, device="cpu", progress=progress, precision="fp32", threads=1)
    stages = list(dict.fromkeys(told))
    assert "training" in stages
    assert any("negatives" in s for s in stages)
    told.clear()
    second = build("dpr", world, TINY, seed=3, device="cpu", progress=progress, precision="fp32", threads=1)
    assert not told
    assert second.report == first.report
    assert np.array_equal(first.model.encode_queries(["Who?"]), second.model.encode_queries(["Who?"]))
    report = first.report
    assert report["settings"] == {"negatives": 1, "hard": "bm25", "batch": 8, "lr": 1e-3, "steps": 4}
    assert report["serving"] == {"index": "Flat"}
    assert report["lineage"]["warm start"]["start"] == "random weights"
    assert report["collection"]["fingerprint"] == world.fingerprint
    assert {"torch", "retrievarium"} <= set(report["versions"])
    assert first.curve[-1]["step"] == 4
    assert {"loss", "gradient norm", "lr"} <= set(first.curve[-1])
    assert any(k.startswith("dev RR@10") for k in first.curve[-1])
    check_encoder(first.model)
    check_retriever(first.retriever, dict(zip(world.test.queries.ids[:3], world.test.queries.texts[:3], strict=True)))

    other = build("dpr", world, TINY, seed=4, device="cpu", precision="fp32", threads=1)
    assert other.model.fingerprint != first.model.fingerprint
    served = build("dpr", world, TINY, seed=3, device="cpu", precision="fp32", threads=1, index="HNSW8")
    assert served.folder == first.folder, "how it is searched does not train it anew"


def test_a_cancelled_build_goes_on_where_it_stopped(world: Collection) -> None:
    settings: dict[str, Any] = {"seed": 0, "device": "cpu", "precision": "fp32", "threads": 1}
    whole = build("dpr", world, TINY, **settings, negatives=0, lr=2e-3)

    def stop(done: int, total: int, what: str, metrics: Any) -> None:
        if what == "training" and done == 3:
            raise Cancelled("enough")

    # the same build in another workspace, so that nothing is there yet
    from retrievarium.workspace import Workspace, workspace

    other = Workspace(workspace().root / "other")
    with pytest.raises(Cancelled):
        build("dpr", world, TINY, **settings, negatives=0, lr=2e-3, progress=stop, ws=other, snapshots=2)
    seen: list[int] = []

    def note(done: int, total: int, what: str, metrics: Any) -> None:
        if what == "training":
            seen.append(done)

    resumed = build("dpr", world, TINY, **settings, negatives=0, lr=2e-3, progress=note, ws=other, snapshots=2)
    assert seen == [4]
    assert resumed.model.fingerprint == whole.model.fingerprint, "keeping models on the way changes none"
    (name,) = set(encoders_at_hand(world, other)) - {"minilm"}
    kept = snapshots_at_hand(world, name, other)
    assert list(kept) == ["step 0", "step 2", "step 4"]
    ways = [load_encoder(folder).fingerprint for folder in kept.values()]
    assert len(set(ways)) == 3
    assert ways[-1] == load_encoder(encoders_at_hand(world, other)[name]).fingerprint
    assert not snapshots_at_hand(world, "minilm", other)
    (bare,) = set(encoders_at_hand(world)) - {"minilm"}
    assert not snapshots_at_hand(world, bare), "none unless asked for"


def test_arms_share_a_stage_to_the_bit_and_a_killed_one_goes_on(world: Collection) -> None:
    """Two arms that go on from the same stage train it once, and both tell its curve and where it began."""
    from retrievarium import objectives, training
    from retrievarium.encoders import two_towers

    before, made, parents = dict(registry.methods()), [], []

    def train(collection: Collection, budget: Budget, seed: int, work: Any, *, later: int = 1, lr: float = 1e-3) -> Any:
        def first(own: Any) -> Any:
            made.append(lr)
            towers = two_towers(own.warm_start(collection, budget), max_length=64)
            batches = training.PairBatches(towers, collection, collection.train, 8, seed)
            own.fit("first", towers, batches, objectives.info_nce, steps=4, lr=lr, seed=seed)
            own.notes.append("made")
            return towers

        towers = work.stage("first", {"lr": lr}, first)
        parents.append(towers.fingerprint)
        batches = training.PairBatches(towers, collection, collection.train, 8, seed, first=4)
        work.fit("later", towers, batches, objectives.info_nce, steps=later, lr=1e-3, seed=seed)
        return towers

    def stop(done: int, total: int, what: str, metrics: Any) -> None:
        if what == "first" and done == 3:
            raise Cancelled("enough")

    seen: list[int] = []

    def note(done: int, total: int, what: str, metrics: Any) -> None:
        if what == "first":
            seen.append(done)

    settings: dict[str, Any] = {"device": "cpu", "precision": "fp32", "threads": 1}
    try:
        registry.method(key="arms", name="Arms")(train)
        with pytest.raises(Cancelled):
            build("arms", world, TINY, **settings, progress=stop)
        one = build("arms", world, TINY, **settings, progress=note)
        assert seen == [4], "the stage began anew"
        two = build("arms", world, TINY, **settings, later=2)
        assert (len(made), len(parents)) == (2, 2), "the second arm trained the stage again"
        assert parents[0] == parents[1]
        assert one.model.fingerprint != two.model.fingerprint
        for built in (one, two):
            assert [s["what"] for s in built.report["stages"]] == ["first", "later"]
            assert built.report["lineage"]["warm start"]["start"] == "random weights"
            assert built.report["notes"] == ["made"]
        assert one.report["stages"][0] == two.report["stages"][0]
        build("arms", world, TINY, **settings, lr=2e-3)
        assert parents[2] != parents[0], "a stage with other settings is another one"
    finally:
        registry._METHODS.clear()
        registry._METHODS.update(before)
