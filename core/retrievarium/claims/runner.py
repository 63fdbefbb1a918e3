"""Measure one claim on some seeds. Finished seeds are kept, so ten of them can be judged in pieces.

A killed run loses what the current seed's current stage did since its last checkpoint: what a contrast builds is an
artifact of the workspace, and a finished seed is appended to the record at once.
"""

from __future__ import annotations

import datetime
import inspect
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from retrievarium.claims import records
from retrievarium.claims.intervals import by_entity
from retrievarium.claims.machine import hardware, versions
from retrievarium.claims.records import DEVELOP, JUDGE, Record, SeedRun
from retrievarium.contracts import InputError, MissingError, Progress, no_progress
from retrievarium.methods import Arms, Budget, Claim, claims
from retrievarium.methods.registry import method_named
from retrievarium.workspace import Workspace, content_hash, workspace

_POLL_SECONDS = 0.5


def find_claim(key: str, name: str | None = None) -> Claim:
    """A paper's headline claim, or the one called `name`. Raises MissingError, naming what there is."""
    own = [c for c in claims().values() if key in (c.key, c.method)]
    if not own:
        method_named(key)  # tells a planned paper from an unknown name
        raise MissingError(f"{key} declares no claim", field="key", expected=f"one of {sorted(claims())}")
    if name is None:
        return own[0]
    for claim in own:
        if claim.key == name:
            return claim
    raise MissingError(f"{key} has no claim {name!r}", field="claim", expected=f"one of {[c.key for c in own]}")


def check_seeds(seeds: Sequence[int], budget: str) -> list[int]:
    """The seeds without repetition. Raises InputError where the rule reserves them for something else."""
    chosen = list(dict.fromkeys(seeds))
    if not chosen:
        raise InputError("there is no seed to run", field="seeds", expected="for example 101-103")
    strange = [s for s in chosen if s not in DEVELOP and s not in JUDGE]
    if strange:
        raise InputError(
            f"{strange[0]} is no seed of claims", field="seeds", expected="1 to 9 to develop, 101 to 120 to judge"
        )
    if any(s in DEVELOP for s in chosen) and any(s in JUDGE for s in chosen):
        raise InputError(
            "seeds that develop (1 to 9) and seeds that judge (101 to 120) are mixed",
            field="seeds",
            fix="run them in two commands",
        )
    if budget == "smoke" and chosen[0] in JUDGE:
        raise InputError(
            "a smoke run measures nothing, and no method looks at seeds 101 to 120 before it is judged on them",
            field="seeds",
            fix="use seeds 1 to 9, or the budget small",
        )
    return chosen


def roles(claim: Claim) -> dict[str, str]:
    """Which arm plays which part; "none" where the claim declares none."""
    return {role: getattr(claim, role) or "none" for role in records.ROLES}


def recipe(claim: Claim, budget: Budget) -> dict[str, Any]:
    """What runs must share to be judged together: budget, the method's settings, and what the claim counts."""
    settings = {n: v if isinstance(v, str | int | float | bool | None) else repr(v)
                for n, v in method_named(claim.method).settings.items()}  # fmt: skip
    counted = {"measure": claim.measure, "delta": claim.delta, "margin": claim.margin, **roles(claim)}
    return {"budget": budget.to_dict(), "settings": settings, "claim": counted}


def finished(record: Record | None, claim: Claim, budget: Budget) -> set[int]:
    """Seeds that this recipe has measured in this budget."""
    wanted = recipe(claim, budget)
    runs = record.runs if record else ()
    return {r.seed for r in runs if r.budget == budget.name and records.same_recipe(r.recipe, wanted)}


# -- one seed


def _combined(claim: Claim, arms: Mapping[str, Mapping[str, float]], treatment: str) -> float:
    """c with `treatment` in the treatment's place."""
    if claim.combine is not None:
        return float(claim.combine({**arms, claim.treatment: arms[treatment]}))
    return _mean(arms[treatment]) - _mean(arms[claim.base])


def _mean(values: Mapping[str, float]) -> float:
    return float(np.mean(list(values.values())))


def seed_run(claim: Claim, seed: int, budget: Budget, arms: Arms, seconds: float) -> SeedRun:
    """An entry of the record from what a contrast gave.

    `arms.beside` may hold `conditions` (the card's own, >= 0 or True where it holds), `lineage`, `collection`, and on
    fixed real collections `fixed=True` with `entity` by question; whatever else it holds is kept as it is.

    Raises InputError where an arm is missing, the arms answered different questions, or a condition is not reported.
    """
    beside = dict(arms.beside)
    part = roles(claim)
    for role in ("treatment", "base", "untrained"):
        if part[role] != "none" and part[role] not in arms:
            raise InputError(f"the contrast gave no arm {part[role]!r}", field=role, expected=f"among {sorted(arms)}")
    first = set(arms[claim.base])
    uneven = next((name for name, values in arms.items() if set(values) != first), None)
    if uneven or not first:
        raise InputError(f"{uneven or claim.base} answered other questions than {claim.base}", field="arms")
    told = beside.pop("conditions", {})
    silent = [n for n in claim.conditions if n not in told]
    if silent:
        raise InputError(f"the contrast reports no {silent[0]!r}", field="conditions", fix="put it into Arms.beside")
    measured = {role: part[role] in arms for role in ("control", "placebo")}
    c = _combined(claim, arms, claim.treatment)
    effects = None
    if beside.pop("fixed", False):
        single = {q: arms[claim.treatment][q] - arms[claim.base][q] for q in first}
        effects = [round(v, 6) for v in by_entity(single, beside.pop("entity", {})).values()]
    return SeedRun(
        seed=seed,
        budget=budget.name,
        measure=claim.measure,
        delta=claim.delta,
        margin=claim.margin,
        roles=part,
        arms={name: _mean(values) for name, values in arms.items()},
        questions=len(first),
        c=c,
        control_c=_combined(claim, arms, part["control"]) if measured["control"] else None,
        placebo_c=c - _combined(claim, arms, part["placebo"]) if measured["placebo"] else None,
        conditions={n: (0.0 if v else -1.0) if isinstance(v, bool) else float(v) for n, v in told.items()},
        query_effects=effects,
        recipe=recipe(claim, budget),
        lineage=beside.pop("lineage", {}),
        collection=beside.pop("collection", {}),
        beside=beside,
        versions=versions(),
        hardware=hardware(),
        seconds=round(seconds, 1),
        finished=datetime.datetime.now(datetime.UTC).date().isoformat(),
    )


def _keep_values(ws: Workspace, claim: Claim, run: SeedRun, arms: Arms) -> None:
    """Per-query values of every arm as an Arrow file in the workspace, for whoever wants to look closer."""
    import pyarrow as pa
    from pyarrow import ipc

    queries = sorted(arms[claim.base])
    columns = {"query": pa.array(queries)}
    columns |= {name: pa.array([v[q] for q in queries], pa.float32()) for name, v in arms.items()}

    def write(folder: Any) -> None:
        table = pa.table(columns)
        with ipc.new_file(str(folder / "values.arrow"), table.schema) as out:
            out.write_table(table)

    ws.build("claim-values", {"claim": claim.key, "seed": run.seed, "recipe": run.recipe}, write)


def _measure(claim: Claim, seed: int, budget: Budget, device: str | None, ws: Workspace, tell: Progress) -> None:
    with ws.lock(f"claims/{claim.key}/{seed}/{content_hash(recipe(claim, budget))}"):
        if seed in finished(records.load(ws).get(claim.key), claim, budget):
            return  # another process was faster
        began = time.perf_counter()
        # a contrast that can tell how far it is takes `progress`; the others are called as they are
        more = {"progress": tell} if "progress" in inspect.signature(claim.contrast).parameters else {}
        arms = claim.contrast(seed, budget.name, device, **more)
        run = seed_run(claim, seed, budget, arms, time.perf_counter() - began)
        _keep_values(ws, claim, run, arms)
        records.append(ws, Record(claim.key, claim.paper, claim.method, claim.says), run)


# -- many seeds


def run_claim(
    key: str,
    seeds: Sequence[int],
    budget: str = "small",
    device: str | None = None,
    claim: str | None = None,
    progress: Progress = no_progress,
    *,
    workers: int = 1,
    ws: Workspace | None = None,
) -> dict[str, Any]:
    """Measure a claim on some seeds and return its row of the board.

    Parameters
    ----------
    key: a paper's key; `claim` names one where the paper declares several.
    seeds: 1 to 9 (to develop, and the pilot) or 101 to 120 (to judge), never both. Those this recipe has measured
        before are kept as they are.
    device: "cpu", "cuda", or None for a GPU where there is one.
    progress: told after every seed; may raise `Cancelled`.
    workers: so many seeds at a time, each in a process of its own with one thread.

    Raises
    ------
    InputError or MissingError for a claim or seeds that are none. Whatever a contrast raises comes through, after the
    finished seeds are recorded.
    """
    from retrievarium.claims.standings import claim_row

    ws, chosen, steps = ws or workspace(), find_claim(key, claim), Budget.named(budget)
    wanted = check_seeds(seeds, steps.name)
    done = finished(records.load(ws).get(chosen.key), chosen, steps)
    left = [s for s in wanted if s not in done]
    if workers > 1 and len(left) > 1:
        _side_by_side(chosen, left, steps, device, ws, workers, progress)
    else:
        for position, seed in enumerate(left):
            progress(position, len(left), f"{chosen.key}: seed {seed}", {})
            _measure(chosen, seed, steps, device, ws, progress)
    progress(len(left), len(left), f"{chosen.key}: {len(wanted)} seeds", {})
    return claim_row(chosen, ws)


def _side_by_side(
    claim: Claim, seeds: list[int], budget: Budget, device: str | None, ws: Workspace, workers: int, progress: Progress
) -> None:
    """One process a seed with one thread, `workers` at a time; the first that fails stops the others."""
    base = [sys.executable, "-m", "retrievarium", "--workspace", str(ws.root), "claims", "run", claim.method]
    base += ["--budget", budget.name, "--device", device or "auto", "--claim", claim.key]
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    environment = {n: v for n, v in os.environ.items() if n != "RETRIEVARIUM_JOB"} | threads
    run_processes(
        [[*base, "--seeds", str(seed)] for seed in seeds], environment, workers, progress, f"{claim.key}: seeds"
    )


def run_processes(
    commands: Sequence[Sequence[str]], environment: Mapping[str, str], workers: int, progress: Progress, what: str
) -> None:
    """Run commands, `workers` at a time. Raises InputError with the last lines of the first that fails."""
    waiting, done = list(enumerate(commands)), 0
    running: dict[int, subprocess.Popen[bytes]] = {}
    with tempfile.TemporaryDirectory() as folder:
        logs = [Path(folder) / f"{i}.txt" for i in range(len(commands))]
        try:
            while waiting or running:
                while waiting and len(running) < workers:
                    at, command = waiting.pop(0)
                    with logs[at].open("wb") as log:
                        running[at] = subprocess.Popen(command, env=dict(environment), stdout=log, stderr=log)
                progress(done, len(commands), what, {})
                time.sleep(_POLL_SECONDS)
                for at in [i for i, p in running.items() if p.poll() is not None]:
                    code, done = running.pop(at).returncode, done + 1
                    if code != 0:
                        last = logs[at].read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
                        raise InputError(f"a seed failed: {' '.join(last) or f'exit code {code}'}")
        finally:
            for process in running.values():
                process.terminate()
                process.wait()
