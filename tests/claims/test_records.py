"""Records: what is written can be read, what is malformed says where, nothing is replaced."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from retrievarium.claims import Record, SeedRun, records
from retrievarium.contracts import InputError
from retrievarium.workspace import Workspace, shipped

Make = Callable[..., SeedRun]


def head(*runs: SeedRun) -> Record:
    return Record("dpr", 10, "dpr", "A pebble rolls.", runs)


def test_a_record_survives_the_round_trip(ws: Workspace, entry: Make) -> None:
    path = records.append(ws, head(), entry(101))
    records.append(ws, head(), entry(102, query_effects=[0.1, -0.2], conditions={"levelled": -1.0}))
    told = records.read(path)
    assert told.runs == (entry(101), entry(102, query_effects=[0.1, -0.2], conditions={"levelled": -1.0}))
    assert records.parse(json.loads(json.dumps(told.to_dict()))) == told
    assert path.read_text(encoding="utf-8").count("\n") == 4, "a line for the head, one a seed, and the end"


def test_reruns_are_appended_and_never_replace(ws: Workspace, entry: Make) -> None:
    for seconds in (1.0, 2.0):
        path = records.append(ws, head(), entry(101, seconds=seconds))
    assert [r.seconds for r in records.read(path).runs] == [1.0, 2.0]


def test_many_writers_lose_nothing(ws: Workspace, entry: Make) -> None:
    runs = [entry(s) for s in range(101, 113)]
    threads = [threading.Thread(target=records.append, args=(ws, head(), r)) for r in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(r.seed for r in records.load(ws)["dpr"].runs) == list(range(101, 113))


def test_committed_and_own_records_are_read_together_and_copies_count_once(
    ws: Workspace, entry: Make, tmp_path: Path
) -> None:
    own = records.append(ws, head(), entry(103))
    records.append(ws, head(), entry(101))
    committed = tmp_path / "shipped" / "claims" / "dpr.json"
    committed.parent.mkdir(parents=True)
    committed.write_text(json.dumps(head(entry(101), entry(102)).to_dict()), encoding="utf-8")
    assert [r.seed for r in records.load(ws)["dpr"].runs] == [101, 102, 103]
    assert [r.seed for r in records.read(own).runs] == [103, 101]


def _without(name: str) -> Callable[[dict], None]:
    return lambda row: row.pop(name)


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        (_without("c"), "runs[0].c"),
        (_without("arms"), "runs[0].arms"),
        (lambda row: row.update(c="much"), "runs[0].c"),
        (lambda row: row.update(c=True), "runs[0].c"),
        (lambda row: row.update(seed=50), "runs[0].seed"),
        (lambda row: row["arms"].update(new=None), "runs[0].arms.new"),
        (lambda row: row["arms"].pop("bm25"), "runs[0].arms"),
        (lambda row: row["roles"].pop("placebo"), "runs[0].roles"),
        (lambda row: row.update(query_effects=[1, "x"]), "runs[0].query_effects"),
        (lambda row: row.update(verdict="replicates"), "runs[0].verdict"),
    ],
)
def test_a_malformed_entry_is_named_by_file_and_field(
    ws: Workspace, entry: Make, spoil: Callable[[dict], Any], field: str
) -> None:
    value = json.loads(json.dumps(head(entry(101)).to_dict()))
    path = ws.root / "claims" / "dpr.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(value), encoding="utf-8")
    assert records.read(path).runs, "it is sound before it is spoilt"
    spoil(value["runs"][0])
    path.write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        records.load(ws)
    assert str(path) in str(caught.value)
    assert f"'{field}'" in str(caught.value)
    assert "Expected" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no JSON"),
        ("[]", "no claim record"),
        ('{"format": 2}', "no claim record"),
        ('{"format": 1, "claim": "x", "paper": 1, "method": "x", "says": "", "runs": [], "verdict": "replicates"}',
         "computed from the entries, never typed"),
        ('{"format": 1, "claim": "x", "paper": "1", "method": "x", "says": "", "runs": []}', "'paper'"),
        ('{"format": 1, "claim": "x", "paper": 1, "method": "x", "says": ""}', "'runs'"),
    ],
)  # fmt: skip
def test_a_malformed_file_says_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        records.read(path)


def test_what_cannot_be_read_back_is_not_written(ws: Workspace, entry: Make) -> None:
    path = records.append(ws, head(), entry(101))
    before = path.read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        records.append(ws, head(), entry(102, c=float("nan")))
    assert path.read_bytes() == before


def test_a_setting_added_since_leaves_the_recipe_the_same() -> None:
    old = {"budget": {"steps": 300}, "settings": {"negatives": 1}}
    assert records.same_recipe(old, {"budget": {"steps": 300}, "settings": {"negatives": 1, "index": "Flat"}})
    assert not records.same_recipe(old, {"budget": {"steps": 301}, "settings": {"negatives": 1}})


def test_the_committed_records_are_sound_small_and_tell_no_paths() -> None:
    for path in shipped("claims").glob("*.json"):
        record = records.read(path)
        assert path.stem == record.claim
        assert path.stat().st_size < 200_000
        text = path.read_text(encoding="utf-8")
        assert "/home/" not in text
        assert "/root/" not in text
