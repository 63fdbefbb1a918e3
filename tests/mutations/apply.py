"""Apply each patch to a copy of the library and expect its tests to turn red.

    python tests/mutations/apply.py [KEY]

A patch is `<key>-<what it breaks>.patch`, a unified diff against the repository, with the tests that must notice in a
first line: `# tests: tests/objectives tests/training/test_loop.py`. The repository itself is never touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
_RED = 1  # pytest's exit status for failed tests; 2 and more mean that they did not run


@dataclass(frozen=True)
class Mutation:
    path: Path

    @property
    def tests(self) -> list[str]:
        first = self.path.read_text(encoding="utf-8").splitlines()[0]
        if not first.startswith("# tests: "):
            raise SystemExit(f"{self.path.name}: the first line must be '# tests: ' and the tests that must turn red")
        return first.removeprefix("# tests: ").split()


def mutations(key: str | None = None) -> list[Mutation]:
    """All patches, or those of one paper, by name."""
    return [m for m in map(Mutation, sorted(HERE.glob("*.patch"))) if key is None or m.path.stem.startswith(f"{key}-")]


def _run(repository: Path, tests: list[str]) -> int:
    environment = {**os.environ, "PYTHONPATH": str(repository / "core"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
    if done.returncode > _RED:
        print(done.stdout[-2_000:] + done.stderr[-2_000:])
    return done.returncode


def check(mutation: Mutation, where: Path) -> str:
    """ "red" as it should be, else what is wrong."""
    copy = where / mutation.path.stem
    shutil.copytree(REPOSITORY / "core", copy / "core", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(REPOSITORY / "tests", copy / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", copy)
    (copy / "sample_data").symlink_to(REPOSITORY / "sample_data")
    applied = subprocess.run(
        ["git", "apply", "--recount", str(mutation.path)], cwd=copy, capture_output=True, text=True, check=False,
        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(where)},
    )  # fmt: skip
    if applied.returncode:
        return f"does not apply any more: {applied.stderr.strip()}"
    status = _run(copy, mutation.tests)
    return {0: "GREEN: no test noticed", _RED: "red"}.get(status, f"the tests did not run (status {status})")


def main() -> int:
    chosen = mutations(sys.argv[1] if len(sys.argv) > 1 else None)
    if not chosen:
        print("there is no such mutation")
        return 2
    wanted = sorted({t for m in chosen for t in m.tests})
    if _run(REPOSITORY, wanted):
        print("the tests are red without any mutation; mend them first")
        return 2
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for mutation in chosen:
            told = check(mutation, Path(folder))
            wrong += told != "red"
            print(f"{mutation.path.stem:<50} {told}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
