"""What every stored lesson must be: complete, small, in order, and true to the library and the dashboard."""

from __future__ import annotations

import ast
import builtins
import importlib
import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from retrievarium.data import load_collection
from retrievarium.evaluation import measure_name
from retrievarium.methods import methods

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
PATHS = sorted(NOTEBOOKS.rglob("*.ipynb"))
LESSONS = [p for p in PATHS if p.parent.name != "solutions" and ".ipynb_checkpoints" not in p.parts]
PAPERS = [p for p in LESSONS if p.parent != NOTEBOOKS]
ROOMS = ("contracts", "workspace", "data", "evaluation", "objectives", "encoders", "indexes", "retrievers", "training",
         "pretraining", "generation", "analysis", "figures", "methods", "claims")  # fmt: skip
DASHBOARD = re.compile(r"\((http://127\.0\.0\.1:8501/[^)]*)\)")


def runner() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lesson_runner", NOTEBOOKS / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RUN = runner()


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def cells(path: Path, kind: str) -> list[str]:
    return ["".join(c["source"]) for c in read(path)["cells"] if c["cell_type"] == kind]


def name_of(path: Path) -> str:
    return path.relative_to(NOTEBOOKS).as_posix()


every = pytest.mark.parametrize("path", PATHS, ids=name_of)
lesson = pytest.mark.parametrize("path", LESSONS, ids=name_of)


def test_there_are_lessons() -> None:
    assert {"00-start-here.ipynb", "01-foundations/010-dpr.ipynb"} <= {name_of(p) for p in LESSONS}


@every
def test_outputs_are_stored_complete_and_in_order(path: Path) -> None:
    code = [c for c in read(path)["cells"] if c["cell_type"] == "code"]
    assert [c["execution_count"] for c in code] == list(range(1, len(code) + 1))
    assert not [o for c in code for o in c["outputs"] if o["output_type"] == "error"]
    assert any(c["outputs"] for c in code)


@every
def test_outputs_tell_no_paths_and_are_small(path: Path) -> None:
    import nbformat

    assert RUN.told_paths(nbformat.read(path, as_version=4)) == []
    assert path.stat().st_size <= RUN.LARGEST


# -- the text


@lesson
def test_the_pattern_of_a_lesson_is_there(path: Path) -> None:
    text = "\n".join(cells(path, "markdown"))
    assert [int(n) for n in re.findall(r"^## (\d+)\. ", text, re.M)] == list(range(1, 11))
    code = "\n".join(cells(path, "code"))
    assert "def check_1(" in code
    assert "def check_2(" in code
    assert re.search(r"assert_close|assert_allclose", code), "the lesson's own version must equal the library's"


@pytest.mark.parametrize("path", PAPERS, ids=name_of)
def test_a_paper_takes_an_hour(path: Path) -> None:
    words = len(re.sub(r"\$\$.*?\$\$|[|*`_\[\]()$#]", " ", "\n".join(cells(path, "markdown")), flags=re.S).split())
    lines = [line for cell in cells(path, "code") for line in cell.splitlines() if line.strip()]
    assert 1_500 <= words <= 2_500
    assert 100 <= len(lines) <= 250


@lesson
def test_solutions_lie_apart(path: Path) -> None:
    solution = NOTEBOOKS / "solutions" / f"{path.stem}-solutions.ipynb"
    assert solution.is_file()
    assert solution.name in "\n".join(cells(path, "markdown"))


@every
def test_links_to_files_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", "\n".join(cells(path, "markdown"))):
        if "://" not in target:
            assert (path.parent / target).exists(), target


# -- names


def public_names() -> set[str]:
    names = set(dir(builtins))
    for module in ["retrievarium", *(f"retrievarium.{r}" for r in ROOMS)]:
        names |= set(importlib.import_module(module).__all__)
    return names


def unknown_names(text: str, code: str, known: set[str]) -> list[str]:
    """Names in backticks that are neither public in the library nor defined or used in the lesson's code."""
    missing = []
    for span in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text):
        dotted = re.match(r"(?:rv|retrievarium)((?:\.\w+)+)", span)
        if dotted:
            value: Any = importlib.import_module("retrievarium")
            for part in dotted.group(1).strip(".").split("."):
                try:
                    value = getattr(value, part)
                except AttributeError:
                    try:
                        value = importlib.import_module(f"{value.__name__}.{part}")
                    except (ImportError, AttributeError):
                        missing.append(span)
                        break
        elif re.fullmatch(r"[A-Za-z_]\w*(\([^`]*\))?", span):
            name = span.split("(")[0]
            if name not in known and not re.search(rf"\b{re.escape(name)}\b", code):
                missing.append(span)
    return missing


@every
def test_names_in_prose_exist(path: Path) -> None:
    known = public_names() | {p.parent.name for p in (ROOT / "sample_data").glob("*/collection.json")} | set(methods())
    text, code = "\n".join(cells(path, "markdown")), "\n".join(cells(path, "code"))
    assert unknown_names(text, code, known) == []


def test_an_invented_name_would_be_found() -> None:
    known = public_names()
    assert unknown_names("`rv.BM25` and `info_nce` and `x`", "x = 1", known) == []
    assert unknown_names("`rv.BM26`, `rv.retrievers.BM26`, `info_mce`", "", known) == [
        "rv.BM26", "rv.retrievers.BM26", "info_mce",
    ]  # fmt: skip


# -- links to the dashboard


def constants(*names: str) -> dict[str, Any]:
    """Constants of the dashboard's state, read without starting it."""
    tree = ast.parse((ROOT / "app" / "state.py").read_text(encoding="utf-8"))
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in names:
            found[node.targets[0].id] = ast.literal_eval(node.value)
    assert set(found) == set(names)
    return found


def wrong_link(address: str) -> str | None:
    """Why a link does not open the state it names; None where it does."""
    parts, state = urlsplit(address), constants("SHOWN", "MEASURES")
    given = parse_qs(parts.query, keep_blank_values=True)
    if not (ROOT / "app" / "app_pages" / f"{parts.path.strip('/') or 'start'}.py").is_file():
        return f"no page {parts.path}"
    if strange := set(given) - {"c", "r", "q", "ask", "s", "slice", "k", "m"}:
        return f"unknown parameters {strange}"
    collection = load_collection(given["c"][0])
    if "q" in given and given["q"][0] not in collection.all_queries.ids:
        return f"{collection.name} has no query {given['q'][0]}"
    for retriever in given.get("r", []):
        if not set(re.findall(r"[a-z]\w*", retriever)) <= {"bm25", "minilm", "dpr"}:
            return f"unknown retriever {retriever}"
    if "k" in given and int(given["k"][0]) not in state["SHOWN"]:
        return f"k {given['k'][0]} is not offered"
    if "m" in given and (given["m"][0] not in state["MEASURES"] or measure_name(given["m"][0]) != given["m"][0]):
        return f"measure {given['m'][0]} is not offered"
    return None


@lesson
def test_links_to_the_dashboard_open_the_state_they_name(path: Path) -> None:
    links = DASHBOARD.findall("\n".join(cells(path, "markdown")))
    assert links, "a lesson sends its reader to look"
    assert [wrong for link in links if (wrong := wrong_link(link))] == []


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:8501/nowhere?c=lookalikes", "http://127.0.0.1:8501/compare?c=lookalikes&q=riv-q999",
     "http://127.0.0.1:8501/compare?c=lookalikes&k=7", "http://127.0.0.1:8501/compare?c=lookalikes&query=riv-q001"],
)  # fmt: skip
def test_a_wrong_link_would_be_found(address: str) -> None:
    assert wrong_link(address) is not None


# -- the target table


@every
def test_the_target_table_in_the_text_is_the_checked_one(path: Path) -> None:
    about = read(path)["metadata"]["retrievarium"]
    assert about["seconds"] <= 180
    assert about["targets"]
    for row in about["targets"]:
        assert set(row) == {"quantity", "value", "target", "tolerance", "budget"}
        assert row["budget"] in ("any", "smoke", "small")
        ast.parse(row["value"], mode="eval")
    if path.parent.name == "solutions":
        return
    text = "\n".join(cells(path, "markdown"))
    shown = re.findall(r"^\| ([^|]+) \| ([-+.\d]+) \| ([.\d]+) \|$", text, re.M)
    assert [(q, float(t), float(w)) for q, t, w in shown] == [
        (r["quantity"], r["target"], r["tolerance"]) for r in about["targets"]
    ]
