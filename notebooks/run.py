"""Execute the lessons, check their target tables, and keep outputs that read well where the repository is hosted.

    python notebooks/run.py                      all lessons in the budget `small`; outputs are stored
    python notebooks/run.py 010-dpr              the lessons whose name holds this
    RETRIEVARIUM_NOTEBOOK_BUDGET=smoke python notebooks/run.py     only to see that they run; nothing is stored

A notebook's metadata holds its target table: `{"retrievarium": {"seconds": 150, "targets": [{"quantity": "...",
"value": "an expression of the notebook", "target": 0.4, "tolerance": 0.1, "budget": "small"}]}}`. Numbers are checked,
texts never. A target with the budget "any" is checked in every budget.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LARGEST = 150_000  # bytes of a stored notebook
COLOURS = 48  # of a stored figure
PATHS = re.compile(r"(?:/home/|/root/|/Users/|/tmp/|/var/folders/|/work/|[A-Za-z]:\\\\)[\w.\\/-]*")
COLOUR_CODES = re.compile(r"\x1b\[[0-9;]*m")
CELL_SECONDS = 1_200


class Failed(Exception):
    """A notebook that did not do what it promises; the message says which and what."""


def lessons(wanted: list[str] | None = None) -> list[Path]:
    """All notebooks by path, or those whose name holds one of the words. Solutions come after the lessons."""
    found = sorted(p for p in HERE.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
    found.sort(key=lambda p: p.parent.name == "solutions")
    if not wanted:
        return found
    chosen = [p for p in found if any(w in p.as_posix() for w in wanted)]
    if not chosen:
        raise Failed(f"no notebook's name holds {' or '.join(wanted)}; there are {[p.name for p in found]}")
    return chosen


# -- outputs that can be stored


def small_png(data: str) -> str:
    """A base64 PNG on a white ground in few colours, base64 again."""
    from PIL import Image

    picture = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA")
    ground = Image.new("RGBA", picture.size, "white")
    flat = Image.alpha_composite(ground, picture).convert("RGB")
    out = io.BytesIO()
    flat.quantize(COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode("ascii")


def tidy(notebook: Any) -> None:
    """Counts from 1 in order, small figures, no timings, no widget states; in place."""
    count = 0
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        cell.outputs = [o for o in cell.outputs if not (o.output_type == "stream" and o.name == "stderr")]
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
            data = output.get("data", {})
            if "image/png" in data:
                data["image/png"] = small_png(data["image/png"])
                output.data = {"image/png": data["image/png"]}
                output.metadata = {}
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}


def told_paths(notebook: Any) -> list[str]:
    """Paths of a machine in the outputs."""
    texts = [json.dumps(o) for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    texts = [re.sub(r'"image/png": "[^"]*"', "", t) for t in texts]
    return [m.group() for t in texts for m in PATHS.finditer(t)]


# -- targets


def targets(notebook: Any, budget: str) -> list[Mapping[str, Any]]:
    """Rows of the target table that this budget checks."""
    rows = notebook.metadata.get("retrievarium", {}).get("targets", [])
    return [r for r in rows if r["budget"] in ("any", budget)]


def _ask(rows: list[Mapping[str, Any]]) -> str:
    """Code that prints the rows' values as JSON."""
    return f"import json; print(json.dumps([float(eval(e)) for e in {[r['value'] for r in rows]!r}]))"


def misses(rows: list[Mapping[str, Any]], values: list[float]) -> list[str]:
    """Sentences about values that lie outside their tolerance."""
    return [
        f"{r['quantity']}: {v:.4g}, expected {r['target']} within {r['tolerance']}"
        for r, v in zip(rows, values, strict=True)
        if not abs(v - r["target"]) <= r["tolerance"]
    ]


# -- running


def _browser() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    return os.environ.get("RETRIEVARIUM_CHROMIUM") or next((p for n in names if (p := shutil.which(n))), None)


def _environment(budget: str, store: bool) -> dict[str, str]:
    """The kernel's: figures as PNG where they are stored, as data where they are not."""
    environment = {**os.environ, "RETRIEVARIUM_NOTEBOOK_BUDGET": budget, "PLOTLY_RENDERER": "plotly_mimetype"}
    environment["PYTHONWARNINGS"] = "ignore"
    environment["HF_HUB_OFFLINE"] = "1"  # a lesson downloads nothing
    if store:
        browser = _browser()
        if browser is None:
            raise Failed("figures are stored as PNG, which takes a Chrome or Chromium: set RETRIEVARIUM_CHROMIUM")
        environment |= {"PLOTLY_RENDERER": "png", "BROWSER_PATH": browser}
    return environment


def run(path: Path, budget: str, store: bool) -> float:
    """Execute one notebook; returns seconds. Raises Failed, and stores nothing then."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = nbformat.read(path, as_version=4)
    rows = targets(notebook, budget)
    lesson_cells = len(notebook.cells)
    if rows:
        notebook.cells.append(nbformat.v4.new_code_cell(_ask(rows)))
    client = NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3")
    began = time.monotonic()
    try:
        client.execute(env=_environment(budget, store), cwd=str(HERE))
    except CellExecutionError as error:
        raise Failed(f"{path.name}: {COLOUR_CODES.sub('', str(error))}") from error
    took = time.monotonic() - began
    if rows:
        last = notebook.cells.pop()
        wrong = misses(rows, json.loads("".join(o.get("text", "") for o in last.outputs)))
        if wrong:
            raise Failed(f"{path.name}: " + "; ".join(wrong))
    assert len(notebook.cells) == lesson_cells
    tidy(notebook)
    if paths := told_paths(notebook):
        raise Failed(f"{path.name}: the outputs hold paths of this machine: {sorted(set(paths))[:3]}")
    if store:
        text = nbformat.writes(notebook) + "\n"
        if len(text.encode()) > LARGEST:
            raise Failed(f"{path.name}: {len(text.encode()):,} bytes with outputs, {LARGEST:,} allowed")
        path.write_text(text, encoding="utf-8")
    return took


def main(wanted: list[str]) -> int:
    budget = os.environ.get("RETRIEVARIUM_NOTEBOOK_BUDGET", "small")
    failed = 0
    try:
        for path in lessons(wanted):
            name = path.relative_to(HERE).as_posix()
            try:
                print(f"{name}: {run(path, budget, store=budget == 'small'):.0f} s in {budget}", flush=True)
            except Failed as error:
                failed += 1
                print(f"{name}: FAILED\n{error}", file=sys.stderr, flush=True)
    except Failed as error:
        print(error, file=sys.stderr)
        return 2
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
