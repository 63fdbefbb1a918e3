"""`retrievarium map`: what it prints, what it keeps, and that a job reports as a person would see it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from retrievarium.cli import main
from retrievarium.encoders.bundled import texts_hash


@pytest.fixture
def mapped(ws: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sixty passages in the workspace with vectors of three encoders, none of which is loaded."""
    import pyarrow as pa

    from retrievarium.analysis import spaces
    from retrievarium.data import Collection, load_collection, save_collection

    ids = [f"p{i}" for i in range(60)]
    docs = Collection(
        "docs",
        pa.table({"id": ids, "title": ids, "text": [f"text of {i}" for i in ids]}),
        pa.table({"id": ["q1", "q2"], "text": ["first", "second"]}),
    )
    save_collection(docs, "docs", ws)
    docs = load_collection("docs", ws)
    asked = docs.queries
    for seed, name in enumerate(("one", "two", "three")):
        rng = np.random.default_rng(seed)
        rows = rng.normal(size=(60, 3)) @ rng.normal(size=(3, 12))
        for side, texts, data in (
            ("passages", docs.text_fingerprint, rows),
            ("queries", texts_hash(asked.ids, asked.texts), rows[:2]),
        ):
            key = {"encoder": f"{name:0>16}", "side": side, "texts": texts, "similarity": "cosine"}
            ws.build("vectors", key, lambda f, data=data: np.save(f / "vectors.npy", data.astype(np.float32)))
    found = spaces.kept_vectors

    def known(collection: Any, encoder: str, ws: Any = None) -> Any:
        from retrievarium.encoders import fingerprints, loading

        with monkeypatch.context() as patch:
            patch.setattr(loading, "resolve", lambda name: (str(name), name))
            patch.setattr(fingerprints, "folder_fingerprint", lambda name: f"{name:0>16}")
            return found(collection, encoder, ws)

    import retrievarium.analysis

    monkeypatch.setattr(retrievarium.analysis, "kept_vectors", known)
    return docs


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main(list(argv))
    told = capsys.readouterr()
    return int(stop.value.code or 0), told.out, told.err


def test_a_map_with_its_checks(mapped: Any, ws: Any, capsys: Any) -> None:
    code, out, err = run(capsys, "map", "-c", "docs", "-e", "one", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told["kept_at_k"] > 0
    assert "kept_noise" in told["checks"]
    assert len(ws.list("map")) == len(ws.list("map-checks")) == 1
    code, out, _ = run(capsys, "map", "-c", "docs", "-e", "one")
    assert code == 0
    assert "Shown: 60 of 60 passages and 2 of 2 queries." in out
    assert "are among its true 10 (noise" in out
    assert len(ws.list("map")) == 1


def test_two_encoders_and_a_time_lapse(mapped: Any, ws: Any, capsys: Any) -> None:
    code, out, err = run(capsys, "map", "-c", "docs", "-e", "one", "-e", "two", "--no-checks", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told["pair"]["floor_from"] == "a tenth of the coordinates withheld"
    assert "checks" not in told
    code, out, _ = run(
        capsys, "map", "-c", "docs", "-e", "one", "-e", "two", "--twin", "three", "--no-checks", "--json"
    )
    assert json.loads(out)["pair"]["floor_from"] == "another training seed"
    code, out, _ = run(capsys, "map", "-c", "docs", "-e", "one", "-e", "two", "-e", "three", "--no-checks", "--json")
    assert [f["name"] for f in json.loads(out)["frames"]] == ["one", "two", "three"]


def test_a_time_lapse_over_what_a_training_kept(
    mapped: Any, ws: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import retrievarium.methods

    argv = ["map", "-c", "docs", "-e", "dpr", "--over-training", "--no-checks", "--json"]
    code, out, err = run(capsys, *argv)
    assert (code, out) == (2, "")
    assert "--snapshots" in err  # how to have some next time
    kept = {"step 0": "two", "step 5": "one"}
    monkeypatch.setattr(retrievarium.methods, "snapshots_at_hand", lambda docs, name: kept if name == "dpr" else {})
    code, out, err = run(capsys, *argv)
    assert code == 0, err
    told = json.loads(out)
    assert [f["name"] for f in told["frames"]] == ["step 0", "step 5"]
    assert "pair" not in told  # two of one training are no comparison of two encoders
    (key,) = [a.key for a in ws.list("map-frames")]
    assert key["encoders"] == [f"{name:0>16}" for name in kept.values()]


def test_what_cannot_be_mapped_is_refused(mapped: Any, capsys: Any) -> None:
    for argv, words in (
        (["-e", "one", "-e", "one"], "named twice"),
        (["-e", "one", "--dims", "4"], "--dims"),
        (["-e", "one", "--limit", "5"], "--limit"),
    ):
        code, out, err = run(capsys, "map", "-c", "docs", *argv)
        assert (code, out) == (2, "")
        assert words in err
    code, _, err = run(capsys, "map", "-c", "nowhere", "-e", "one")
    assert code == 2
    assert "nowhere" in err


def test_a_job_tells_how_far_it_is(mapped: Any, ws: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from retrievarium.workspace import Job, write_json

    folder = ws.root / "jobs" / "1"
    folder.mkdir(parents=True)
    write_json(folder / "config.json", {"argv": ["map"], "title": "a map", "about": {}})
    write_json(folder / "status.json", {"state": "running", "pid": 1})
    monkeypatch.setenv("RETRIEVARIUM_JOB", str(folder))
    code, _, err = run(capsys, "map", "-c", "docs", "-e", "one", "--json")
    assert code == 0, err
    status = Job(folder).status()
    assert status.state == "done"
    assert status.result["kept_at_k"] > 0
    assert status.total > 0
