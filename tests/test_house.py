"""Rules of the house that no single room can check."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import retrievarium

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted([*(ROOT / "core").rglob("*.py"), *(ROOT / "app").rglob("*.py")])
LONGEST = 300


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_is_something_to_check() -> None:
    assert len(SOURCES) > 80


# -- nothing that runs what it reads


class _Forbidden(ast.NodeVisitor):
    """Calls and imports that execute data. A word in a text or a comment is none."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def _add(self, node: ast.AST, what: str) -> None:
        self.found.append(f"line {node.lineno}: {what}")  # type: ignore[attr-defined]

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name.split(".")[0] in ("pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"):
                self._add(node, f"import {alias.name}")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if (node.module or "").split(".")[0] in ("pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"):
            self._add(node, f"from {node.module} import")

    def visit_Call(self, node: ast.Call) -> None:
        called = ast.unparse(node.func)
        if called in (
            "eval",
            "exec",
            "os.system",
            "os.popen",
            "torch.load",
            "pickle.load",
            "pickle.loads",
            "yaml.load",
        ):
            self._add(node, f"{called}(...)")
        if called.rsplit(".", 1)[-1] in ("to_pickle", "read_pickle"):
            self._add(node, f"{called}(...)")
        for keyword in node.keywords:
            allowed = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            if keyword.arg in ("allow_pickle", "shell", "trust_remote_code") and not allowed:
                self._add(node, f"{keyword.arg}={ast.unparse(keyword.value)}")
        self.generic_visit(node)


def _forbidden(source: str) -> list[str]:
    visitor = _Forbidden()
    visitor.visit(ast.parse(source))
    return visitor.found


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from pickle import load",
        "torch.load(path)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=flag)",
        "subprocess.run(text, shell=True)",
        "AutoModel.from_pretrained(name, trust_remote_code=True)",
        "pd.read_pickle(path)",
        "eval(text)",
    ],
)
def test_the_guard_sees_what_it_is_for(line: str) -> None:
    assert _forbidden(line)
    assert not _forbidden(f"{line!r}")  # as a text it does nothing


def test_nothing_that_is_read_is_executed() -> None:
    found = {_name(p): f for p in SOURCES if (f := _forbidden(p.read_text(encoding="utf-8")))}
    assert found == {}


def test_randomness_is_seeded() -> None:
    """No `hash()` (it differs from process to process) and no generator without a seed."""
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                unseeded = called in ("np.random.default_rng", "random.Random") and not node.args and not node.keywords
                old = re.fullmatch(
                    r"(np\.random|random)\.(rand|randn|choice|shuffle|permutation|randint|sample)", called
                )
                if called == "hash" or unseeded or old:
                    found.append(f"{_name(path)}, line {node.lineno}: {called}")
    assert found == []


# -- shape


def test_files_stay_short() -> None:
    """One idea a file. Word lists and templates (`banks`) are text, not code."""
    lengths = {_name(p): len(p.read_text(encoding="utf-8").splitlines()) for p in SOURCES if p.parent.name != "banks"}
    assert {n: c for n, c in lengths.items() if c > LONGEST} == {}


def test_every_file_says_what_it_is_for() -> None:
    assert [_name(p) for p in SOURCES if not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))] == []


def test_no_words_are_left_for_later() -> None:
    marks = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b")
    assert [_name(p) for p in SOURCES if marks.search(p.read_text(encoding="utf-8"))] == []


# -- public names


def _ten_lines() -> str:
    """The library's lines as the README shows them."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.S)
    return next(b for b in blocks if "import retrievarium as rv" in b)


def test_every_public_name_in_the_readme_exists() -> None:
    used = set(re.findall(r"\brv\.(\w+)", _ten_lines()))
    assert used >= {"load_collection", "BM25", "Dense", "load_encoder", "evaluate", "compare", "build"}
    for name in sorted(used):
        assert name in retrievarium.__all__
        assert callable(getattr(retrievarium, name)), name
    ast.parse(_ten_lines())


def _packages() -> list[ModuleType]:
    inside = [m.name for m in pkgutil.walk_packages(retrievarium.__path__, "retrievarium.") if m.ispkg]
    return [retrievarium, *(importlib.import_module(n) for n in inside)]


def test_every_public_name_loads() -> None:
    missing = []
    for package in _packages():
        for name in getattr(package, "__all__", ()):
            try:
                getattr(package, name)
            except (ImportError, AttributeError) as error:
                missing.append(f"{package.__name__}.{name}: {error}")
    assert missing == []


def test_a_public_name_is_never_the_module_that_bears_it() -> None:
    """Importing every module first must not put one in the place of a function of its name."""
    probe = """
import importlib, pkgutil, retrievarium
from types import ModuleType
names = [m.name for m in pkgutil.walk_packages(retrievarium.__path__, "retrievarium.")]
modules = [importlib.import_module(n) for n in names if not n.endswith("__main__")]
shadowed = [
    f"{m.__name__}.{n}" for m in (retrievarium, *modules) for n in getattr(m, "__all__", ())
    if isinstance(vars(m).get(n), ModuleType)
]
print(len(modules) > 80, shadowed)
"""
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "True []", done.stderr


# -- tests


def test_tests_mirror_the_rooms() -> None:
    rooms = {p.name for p in (ROOT / "core" / "retrievarium").iterdir() if (p / "__init__.py").is_file()}
    tested = {p.name for p in (ROOT / "tests").iterdir() if p.is_dir() and list(p.rglob("test_*.py"))}
    bare = {r for r in rooms if len(list((ROOT / "core" / "retrievarium" / r).rglob("*.py"))) == 1}  # not built yet
    assert rooms - tested - bare == set()
