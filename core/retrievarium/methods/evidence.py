"""What the repository shows of each paper: lines of its acceptance sheet with a marked test, its notebook, and the
picture that its lesson draws.

An installed package has neither tests nor notebooks, so the answer is kept in `evidence.json`; a test asserts that it
is what `gather` finds. `python -m retrievarium.methods.evidence` writes it anew in a checkout.
"""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

from retrievarium import figures
from retrievarium.methods.registry import catalogue, methods
from retrievarium.workspace import read_json, write_json

_FILE = Path(__file__).with_name("evidence.json")
_MARK = re.compile(r"works_when\(\s*[\"']([a-z0-9-]+)[\"']\s*,\s*(\d+)\s*\)")
_DRAWN = re.compile(r"\bfigures\.(\w+)\(")


def gather(repository: Path) -> dict[str, dict[str, Any]]:
    """Of the papers that can be built, `tested`: lines by key, in order; and of all, `notebooks`: path by key, and
    `pictures`: the first public function of `figures` that a lesson calls and that gives a picture, by key."""
    tested: dict[str, set[int]] = {}
    for path in (repository / "tests").rglob("test_*.py"):
        for key, line in _MARK.findall(path.read_text(encoding="utf-8")):
            tested.setdefault(key, set()).add(int(line))
    keys = {f"{p['number']:03d}-{p['key']}": p["key"] for p in catalogue()}
    notebooks = {
        keys[p.stem]: p.relative_to(repository).as_posix()
        for p in sorted((repository / "notebooks").glob("*/*.ipynb"))
        if p.stem in keys
    }
    return {
        "tested": {k: sorted(v) for k, v in sorted(tested.items()) if k in methods()},
        "notebooks": dict(sorted(notebooks.items())),
        "pictures": {k: p for k, n in sorted(notebooks.items()) if (p := picture(repository / n))},
    }


def picture(notebook: Path) -> str | None:
    """Name of the first function in a lesson's code that draws a `figures.Picture` and needs no argument."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    return next((n for n in _DRAWN.findall(code) if n in figures.__all__ and _draws(getattr(figures, n))), None)


def _draws(function: Any) -> bool:
    if not inspect.isfunction(function):
        return False
    told = inspect.signature(function)
    free = all(p.default is not inspect.Parameter.empty for p in told.parameters.values())
    return free and getattr(told.return_annotation, "__name__", told.return_annotation) == "Picture"


def evidence() -> dict[str, dict[str, Any]]:
    """What was last gathered."""
    return dict(read_json(_FILE))


if __name__ == "__main__":
    write_json(_FILE, gather(Path(__file__).resolve().parents[3]))
