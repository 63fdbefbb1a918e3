"""The program that executes lessons: what it stores, and what it refuses to store."""

from __future__ import annotations

import base64
import importlib.util
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]


def runner() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lesson_runner", ROOT / "notebooks" / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RUN = runner()


def write(folder: Path, *code: str, targets: list[dict[str, Any]] | None = None) -> Path:
    new = nbformat.v4
    notebook = new.new_notebook(cells=[new.new_code_cell(c) for c in code])
    notebook.metadata["retrievarium"] = {"seconds": 1, "targets": targets or []}
    path = folder / "lesson.ipynb"
    nbformat.write(notebook, path)
    return path


def row(value: str, target: float, tolerance: float = 0.0, budget: str = "any") -> dict[str, Any]:
    return {"quantity": value, "value": value, "target": target, "tolerance": tolerance, "budget": budget}


def test_a_lesson_is_executed_checked_and_stored_tidy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "import sys\nx = 0.5\nprint('to stderr', file=sys.stderr)\nprint('said')", "x * 2",
                 targets=[row("x", 0.51, 0.02), row("x", 9.0, 0.0, "smoke")])  # fmt: skip
    before = path.read_bytes()
    RUN.run(path, "small", store=False)
    assert path.read_bytes() == before, "nothing is stored unless asked for"
    monkeypatch.setenv("RETRIEVARIUM_CHROMIUM", sys.executable)  # a browser must be named; none is needed here
    RUN.run(path, "small", store=True)
    stored = nbformat.read(path, as_version=4)
    assert [c.execution_count for c in stored.cells] == [1, 2]
    assert [o.get("text") or o.data["text/plain"] for c in stored.cells for o in c.outputs] == ["said\n", "1.0"]
    assert not stored.cells[0].metadata


def test_a_missed_target_fails_and_stores_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, "x = 0.5", targets=[row("x", 0.6, 0.05)])
    before = path.read_bytes()
    with pytest.raises(RUN.Failed, match=r"x: 0\.5, expected 0\.6 within 0\.05"):
        RUN.run(path, "smoke", store=False)
    assert path.read_bytes() == before


def test_a_path_in_an_output_and_a_broken_cell_fail(tmp_path: Path) -> None:
    with pytest.raises(RUN.Failed, match="paths of this machine"):
        RUN.run(write(tmp_path, "print('/home' + '/somebody/model')"), "smoke", store=False)
    with pytest.raises(RUN.Failed, match="ZeroDivisionError"):
        RUN.run(write(tmp_path, "1 / 0"), "smoke", store=False)


def test_not_a_number_misses_every_target() -> None:
    assert RUN.misses([row("x", 1.0, 10.0)], [float("nan")])
    assert not RUN.misses([row("x", 1.0, 0.0)], [1.0])


def test_targets_are_chosen_by_budget(tmp_path: Path) -> None:
    notebook = nbformat.read(write(tmp_path, "x = 1", targets=[row("a", 1), row("b", 1, 0, "small")]), as_version=4)
    assert [t["value"] for t in RUN.targets(notebook, "smoke")] == ["a"]
    assert [t["value"] for t in RUN.targets(notebook, "small")] == ["a", "b"]


def test_figures_become_small_pictures_on_white() -> None:
    from PIL import Image

    picture, out = Image.new("RGBA", (400, 200), (0, 0, 0, 0)), io.BytesIO()
    picture.putpixel((10, 10), (200, 0, 0, 255))
    picture.save(out, "PNG")
    small = base64.b64decode(RUN.small_png(base64.b64encode(out.getvalue()).decode()))
    again = Image.open(io.BytesIO(small)).convert("RGB")
    assert again.size == (400, 200)
    assert again.getpixel((0, 0)) == (255, 255, 255)
    assert len(small) < 2_000


def test_an_unknown_lesson_is_refused() -> None:
    with pytest.raises(RUN.Failed, match="no notebook's name holds"):
        RUN.lessons(["no-such-lesson"])


@pytest.mark.slow
@pytest.mark.timeout(1_000)  # a busy machine takes minutes
@pytest.mark.parametrize("name", ["00-start-here", "010-dpr"])
def test_the_lessons_run_in_smoke(name: str, tmp_path: Path) -> None:
    environment = {**os.environ, "RETRIEVARIUM_NOTEBOOK_BUDGET": "smoke", "RETRIEVARIUM_WORKSPACE": str(tmp_path)}
    command = [sys.executable, str(ROOT / "notebooks" / "run.py"), name]
    stored = {p: p.read_bytes() for p in (ROOT / "notebooks").rglob("*.ipynb")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-3_000:]
    assert {p: p.read_bytes() for p in stored} == stored, "a smoke run stores nothing"
    shutil.rmtree(tmp_path, ignore_errors=True)
