"""The registry: all papers, states computed from what is there, and one file for a new paper."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from retrievarium.contracts import InputError
from retrievarium.methods import budget, claims, evidence, methods, papers, registry

REPOSITORY = Path(__file__).resolve().parents[2]


def test_every_paper_is_listed_once_with_what_it_needs() -> None:
    listed = papers()
    assert [p.number for p in listed] == list(range(1, 120))
    keys = {p.key for p in listed}
    assert len(keys) == 119
    assert all(set(p.needs) <= keys for p in listed)
    assert {p.tier for p in listed} == {"A", "B", "C"}
    assert {p.chapter for p in listed} == set(range(1, 17))
    assert all(p.lines >= 3 and p.title and 1980 < p.year < 2030 for p in listed)


def test_states_follow_from_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def state(**seen: object) -> str:
        monkeypatch.setattr("retrievarium.methods.listing.evidence", lambda: {"tested": {}, "notebooks": {}, **seen})
        return next(p for p in papers(measured=measured) if p.key == "dpr").status

    measured: set[str] = {"dpr"}
    every = {"dpr": [1, 2, 3, 4, 5, 6]}
    assert state() == "runs"
    assert state(tested={"dpr": [1, 2, 3, 4, 5]}) == "runs"
    assert state(tested=every) == "tested"
    assert state(tested=every, notebooks={"dpr": "notebooks/x.ipynb"}) == "works"
    measured = set()
    assert state(tested=every, notebooks={"dpr": "notebooks/x.ipynb"}) == "tested"
    planned = [p for p in papers() if p.key not in methods()]
    assert all(p.status == "planned" and p.method is None for p in planned)
    assert planned


def test_paths_lead_to_files() -> None:
    for paper in papers():
        for path in (paper.method, paper.notebook):
            assert path is None or (REPOSITORY / path).is_file()


@pytest.mark.skipif(not (REPOSITORY / "notebooks").is_dir(), reason="tests without their repository")
def test_the_kept_evidence_is_what_the_repository_shows() -> None:
    """Lines of a built paper's acceptance sheet without a test are listed in the message."""
    found = evidence.gather(REPOSITORY)
    assert evidence.evidence() == found, "run: python -m retrievarium.methods.evidence"
    missing = {
        p.key: [n for n in range(1, p.lines + 1) if n not in found["tested"].get(p.key, [])]
        for p in papers()
        if p.status != "planned"
    }
    assert not any(missing.values()), f"lines without a marked test: {missing}"


def test_a_paper_that_is_built_has_a_mutation() -> None:
    patched = {p.stem for p in (REPOSITORY / "tests" / "mutations").glob("*.patch")}
    for key, known in methods().items():
        assert known.paper is None or any(name.startswith(f"{key}-") for name in patched), f"{key} has no patch"


def test_method_files_are_short() -> None:
    for known in methods().values():
        lines = known.source.read_text(encoding="utf-8").count("\n")
        assert lines <= 150, f"{known.source.name} has {lines} lines"


def test_claims_name_their_parts() -> None:
    assert claims()["dpr"].paper == 10
    for claim in claims().values():
        assert claim.method in methods()
        for part in (claim.treatment, claim.base, claim.untrained, claim.control, claim.placebo):
            assert part, f"{claim.key} must name every part, or 'none'"


def test_listing_papers_loads_no_heavy_library() -> None:
    code = (
        "import sys; from retrievarium.methods import papers, claims; papers(); claims(); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_new_paper_is_a_new_file_and_nothing_else(tmp_path: Path) -> None:
    code = f"""
import retrievarium.methods
retrievarium.methods.__path__.append({str(tmp_path)!r})
from retrievarium.methods import methods, papers
paper = next(p for p in papers() if p.key == "condenser")
print(sorted(methods()["condenser"].settings), paper.status)
"""
    number = next(p.number for p in papers() if p.key == "condenser")
    (tmp_path / "condenser.py").write_text(
        "from retrievarium.methods.registry import method\n"
        f'@method(paper={number}, key="condenser", name="Condenser")\n'
        "def condenser(collection, budget, seed, work, *, layers=2): ...\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['index', 'layers'] runs"


def test_two_methods_cannot_bear_one_key() -> None:
    with pytest.raises(InputError, match="two methods"):
        registry.method(key="dpr", name="Another")(lambda collection, budget, seed, work: None)


def test_budgets_grow() -> None:
    smoke, small, full = (budget.BUDGETS[n] for n in ("smoke", "small", "full"))
    assert smoke.steps < small.steps < full.steps
    assert smoke.exposure < small.exposure < full.exposure
