"""`granularity` and `decompose`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from retrievarium.cli import main
from retrievarium.data import World
from retrievarium.data.library import save_collection


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main(list(argv))
    told = capsys.readouterr()
    return int(stop.value.code or 0), told.out, told.err


@pytest.fixture
def little(ws: Any) -> str:
    save_collection(World(3, 120, train_questions=20).collection(), "little", ws)
    return "little"


def test_granularity_writes_runs_maps_and_tables(
    little: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    argv = ["granularity", "-c", little, "-r", "bm25", "-u", "passage", "-u", "rules", "--out", str(out)]
    code, text, _ = run(capsys, *argv, "--json")
    assert code == 0
    told = json.loads(text)
    assert [(r["retriever"], r["unit"]) for r in told["rows"]] == [("bm25", "passage"), ("bm25", "proposition (rules)")]
    assert told["decompositions"]["proposition (rules)"]["how"] == "exact"
    assert {p.name for p in out.iterdir()} >= {"runs", "units", "questions.jsonl", "table.csv", "about.json"}
    assert len(list((out / "runs").iterdir())) == 4
    code, _, err = run(capsys, *argv)
    assert code == 2
    assert "not empty" in err


def test_decompose_tells_its_errors_or_asks_people(
    little: str, collection: Any, ws: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, text, _ = run(capsys, "decompose", "-c", little, "--out", str(tmp_path / "units.tsv"))
    assert code == 0
    assert "propositions (rules)" in text
    assert "not standalone" in text
    assert (tmp_path / "units.tsv").is_file()
    save_collection(collection, "small", ws)
    code, text, _ = run(capsys, "decompose", "-c", "small", "--sheet", str(tmp_path / "sheet.jsonl"))
    assert code == 0
    assert "Nobody knows" in text
    assert len((tmp_path / "sheet.jsonl").read_text(encoding="utf-8").splitlines()) == 9
    code, _, err = run(capsys, "decompose", "-c", "small", "-u", "oracle")
    assert code == 2
    assert "propositions" in err
