"""The runner: resumable, seed by seed, and strict about which seeds."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import ipc

from retrievarium.claims import records, run_claim
from retrievarium.claims.processes import run_processes
from retrievarium.claims.runner import check_seeds, find_claim, seed_run
from retrievarium.contracts import Cancelled, InputError, MissingError, no_progress
from retrievarium.methods import Arms, Budget, Claim
from retrievarium.workspace import Workspace

# A claim of its own whose third seed hangs until the file `go` is there.
SCRIPT = """
import sys, time
from pathlib import Path
from retrievarium.claims import run_claim
from retrievarium.methods import Arms, claim, method
from retrievarium.workspace import Workspace

folder = Path(sys.argv[1])

@method(key="pebble", name="Pebble", paper=0)
def train(collection, budget, seed, work, *, weight=1):
    raise AssertionError("nothing is trained here")

@claim(paper=0, says="A pebble rolls.", measure="RR@10", treatment="new", base="bm25", untrained="none",
       control="none", placebo="none")
def contrast(seed, budget, device):
    with (folder / "started.txt").open("a") as log:
        log.write(f"{seed}\\n")
    while seed == 103 and not (folder / "go").exists():
        time.sleep(0.02)
    return Arms({"new": {f"q{i}": 0.5 + seed / 1000 for i in range(300)}, "bm25": {f"q{i}": 0.5 for i in range(300)}})

run_claim("pebble", range(101, 105), ws=Workspace(folder / "ws"))
"""


def test_a_run_killed_half_way_goes_on_where_it_was(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    started, record = tmp_path / "started.txt", tmp_path / "ws" / "claims" / "pebble.json"
    process = subprocess.Popen(command)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (started.is_file() and "103" in started.read_text()):
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert [r["seed"] for r in json.loads(record.read_text())["runs"]] == [101, 102]
    before = json.loads(record.read_text())["runs"]

    (tmp_path / "go").touch()
    subprocess.run(command, check=True, timeout=60)
    assert started.read_text().split() == ["101", "102", "103", "103", "104"]
    runs = records.read(record).runs
    assert [r.seed for r in runs] == [101, 102, 103, 104]
    assert json.loads(record.read_text())["runs"][:2] == before
    subprocess.run(command, check=True, timeout=60)
    assert started.read_text().split() == ["101", "102", "103", "103", "104"]


def test_a_run_returns_its_row_and_keeps_values_by_question(ws: Workspace, declared: Claim) -> None:
    told: list[tuple] = []
    row = run_claim("dpr", [101, 102, 103], ws=ws, progress=lambda *a: told.append(a[:3]))
    assert (row["verdict"], row["seeds"], row["budget"]) == ("indicative", [101, 102, 103], "small")
    assert row["effect"] == pytest.approx(0.06, abs=0.005)
    assert told[0] == (0, 3, "dpr: seed 101")
    assert told[-1][:2] == (3, 3)
    kept = ws.list("claim-values")
    assert len(kept) == 3
    with pa.memory_map(str(kept[0].path / "values.arrow")) as source:
        table = ipc.open_file(source).read_all()
    assert table.column_names == ["query", "new", "bm25", "new@0", "oracle", "sham"]
    assert table.num_rows == 400


def test_an_entry_holds_what_the_rule_and_a_reader_need(ws: Workspace, declared: Claim) -> None:
    run_claim("dpr", [101], ws=ws)
    (run,) = records.load(ws)["dpr"].runs
    assert run.c == pytest.approx(run.arms["new"] - run.arms["bm25"])
    assert run.control_c == pytest.approx(run.arms["oracle"] - run.arms["bm25"])
    assert run.placebo_c == pytest.approx(run.arms["new"] - run.arms["sham"])
    assert run.questions == 400
    assert run.collection == {"name": "pebbles-101", "fingerprint": "0" * 16}
    assert run.beside == {"curve": [0.1, 0.2]}
    assert run.recipe["budget"]["steps"] == Budget.named("small").steps
    assert set(run.recipe) == {"budget", "settings", "claim", "start", "world"}
    assert "numpy" in run.versions
    assert run.hardware["cores"] == os.cpu_count()
    text = (ws.root / "claims" / "dpr.json").read_text()
    assert platform.node() not in text
    assert str(ws.root) not in text


def test_seeds_are_measured_once(ws: Workspace, declared: Claim) -> None:
    run_claim("dpr", [101, 101, 102], ws=ws)
    run_claim("dpr", [102, 103], ws=ws)
    assert [r.seed for r in records.load(ws)["dpr"].runs] == [101, 102, 103]
    run_claim("dpr", [1, 2], "smoke", ws=ws)
    run_claim("dpr", [1, 2], "small", ws=ws)
    assert [(r.seed, r.budget) for r in records.load(ws)["dpr"].runs[3:]] == [
        (1, "smoke"), (2, "smoke"), (1, "small"), (2, "small"),
    ]  # fmt: skip


def test_controls_are_asked_for_and_added_once(ws: Workspace, declared: Claim, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def contrast(seed: int, budget: str, device: str | None, arms: Sequence[str] = ("new", "new@0")) -> Arms:
        asked.append(list(arms))
        return Arms({a: {f"q{i}": 0.5 for i in range(300)} for a in [*arms, "bm25"]})

    picky = replace(declared, contrast=contrast)
    monkeypatch.setattr("retrievarium.claims.runner.claims", lambda: {"dpr": picky})
    run_claim("dpr", [101], ws=ws)
    run_claim("dpr", [101], ws=ws, controls=True)
    run_claim("dpr", [101], ws=ws, controls=True)
    assert asked == [["new", "new@0"], ["new", "new@0", "oracle", "sham"]]
    assert [r.control_c for r in records.load(ws)["dpr"].runs] == [None, 0.0]


def test_cancelling_keeps_the_finished_seeds(ws: Workspace, declared: Claim) -> None:
    def stop(done: int, total: int, what: str, metrics: Any) -> None:
        if done == 2:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        run_claim("dpr", range(101, 111), ws=ws, progress=stop)
    assert [r.seed for r in records.load(ws)["dpr"].runs] == [101, 102]


@pytest.mark.parametrize(
    ("seeds", "budget", "says"),
    [
        ([9, 101], "small", "mixed"),
        ([1, 50], "small", "no seed of claims"),
        ([121], "small", "no seed of claims"),
        ([0], "small", "no seed of claims"),
        ([], "small", "no seed to run"),
        ([101], "smoke", "before it is judged"),
    ],
)
def test_reserved_seeds_are_refused(seeds: list[int], budget: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        check_seeds(seeds, budget)


def test_unknown_papers_and_claims_are_told_apart(declared: Claim) -> None:
    assert find_claim("dpr") is declared
    with pytest.raises(MissingError, match="planned"):
        find_claim("cocondenser")
    with pytest.raises(MissingError, match="no method"):
        find_claim("nonsense")
    with pytest.raises(MissingError, match="no claim 'other'"):
        find_claim("dpr", "other")


def arms(**values: float) -> Arms:
    return Arms({name: {"a": v, "b": v} for name, v in values.items()})


def test_a_contrast_that_breaks_its_promise_is_refused(fake: Claim) -> None:
    small = Budget.named("small")
    with pytest.raises(InputError, match="no arm 'new@0'"):
        seed_run(fake, 1, small, arms(new=1, bm25=1), 0)
    uneven = arms(new=1, bm25=1) | {"new@0": {"a": 0.0}}
    with pytest.raises(InputError, match="other questions"):
        seed_run(fake, 1, small, Arms(uneven), 0)
    with pytest.raises(InputError, match="teacher ahead"):
        seed_run(replace(fake, conditions=("teacher ahead",)), 1, small, arms(new=1, bm25=1, **{"new@0": 0}), 0)


def test_a_combination_of_its_own_is_applied_to_control_and_placebo_too(fake: Claim) -> None:
    def gap(a: Any) -> float:
        return (a["new"]["a"] - a["bm25"]["a"]) * 10

    told = seed_run(replace(fake, combine=gap), 1, Budget.named("small"),
                    arms(new=0.5, bm25=0.25, oracle=0.75, sham=0.25, **{"new@0": 0}), 0)  # fmt: skip
    assert (told.c, told.control_c, told.placebo_c) == (2.5, 5.0, 2.5)


def test_processes_run_side_by_side_and_the_first_failure_speaks() -> None:
    nap = [sys.executable, "-c", "import time; time.sleep(0.6)"]
    began = time.monotonic()
    run_processes([nap] * 4, os.environ, 4, no_progress, "naps")
    assert time.monotonic() - began < 2.2
    noisy = [sys.executable, "-c", "print('x' * 300_000); raise SystemExit('the third pebble broke')"]
    with pytest.raises(InputError, match="the third pebble broke"):
        run_processes([nap, noisy], os.environ, 2, no_progress, "naps")
