"""Measure one claim on some seeds. Finished seeds are kept, so ten of them can be judged in pieces.

A killed run loses what the current seed's current stage did since its last checkpoint: what a contrast builds is an
artifact of the workspace, and a finished seed is appended to the record at once.
"""

from __future__ import annotations

import datetime
import inspect
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from retrievarium.claims import records
from retrievarium.claims.intervals import by_entity
from retrievarium.claims.machine import hardware, versions
from retrievarium.claims.processes import run_processes
from retrievarium.claims.records import DEVELOP, JUDGE, Record, SeedRun
from retrievarium.claims.rule import lexical
from retrievarium.contracts import InputError, MissingError, Progress, no_progress
from retrievarium.methods import Arms, Budget, Claim, claims
from retrievarium.methods.registry import method_named
from retrievarium.workspace import Workspace, content_hash, file_hash, shipped, workspace
from retrievarium.workspace.jobs import JOB_VARIABLE


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
    """What runs must share to be judged together: budget, the method's settings, what the claim counts, the shipped
    warm start, and the World's dials."""
    from retrievarium.data.world import dials_hash

    settings = {n: v if isinstance(v, str | int | float | bool | None) else repr(v)
                for n, v in method_named(claim.method).settings.items()}  # fmt: skip
    counted = {"measure": claim.measure, "delta": claim.delta, "margin": claim.margin, **roles(claim)}
    steps = {n: v for n, v in budget.to_dict().items() if n != "about"}
    start = shipped("warm_start", "model.safetensors")
    return {
        "budget": steps,
        "settings": settings,
        "claim": counted,
        "start": file_hash(start)[:16] if start.is_file() else "none",
        "world": dials_hash(),
    }


def finished(record: Record | None, claim: Claim, budget: Budget, controls: bool = False) -> set[int]:
    """Seeds that this recipe has measured in this budget; with `controls`, those with control and placebo too."""
    wanted = recipe(claim, budget)
    needed = {claim.control, claim.placebo} - {"none", ""} if controls else set()
    runs = record.runs if record else ()
    own = [r for r in runs if r.budget == budget.name and records.same_recipe(r.recipe, wanted)]
    return {r.seed for r in own if needed <= set(r.arms)}


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


@dataclass(frozen=True)
class _Task:
    """What to measure, whatever the seed."""

    claim: Claim
    budget: Budget
    device: str | None
    controls: bool
    ws: Workspace

    def left(self, seeds: Sequence[int]) -> list[int]:
        done = finished(records.load(self.ws).get(self.claim.key), self.claim, self.budget, self.controls)
        return [s for s in seeds if s not in done]

    def call(self, seed: int, progress: Progress) -> Arms:
        """The contrast, told what it can be told: `progress`, and which `arms` to train."""
        takes = inspect.signature(self.claim.contrast).parameters
        more: dict[str, Any] = {"progress": progress} if "progress" in takes else {}
        if self.controls and "arms" in takes:
            more["arms"] = [a for a in dict.fromkeys(roles(self.claim).values()) if a != "none" and not lexical(a)]
        return self.claim.contrast(seed, self.budget.name, self.device, **more)

    def measure(self, seed: int, progress: Progress) -> None:
        claim, ws = self.claim, self.ws
        with ws.lock(f"claims/{claim.key}/{seed}/{content_hash(recipe(claim, self.budget))}"):
            if not self.left([seed]):
                return  # another process was faster
            began = time.perf_counter()
            arms = self.call(seed, progress)
            run = seed_run(claim, seed, self.budget, arms, time.perf_counter() - began)
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
    controls: bool = False,
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
    controls: measure the positive control and the placebo too. An indication does without, a verdict needs them; a
        seed that lacks them is measured once more, which loads what was trained and trains what is missing.
    workers: so many seeds at a time, each in a process of its own with one thread.

    Raises
    ------
    InputError or MissingError for a claim or seeds that are none. Whatever a contrast raises comes through, after the
    finished seeds are recorded.
    """
    from retrievarium.claims.standings import claim_row

    ws, chosen, steps = ws or workspace(), find_claim(key, claim), Budget.named(budget)
    wanted = check_seeds(seeds, steps.name)
    task = _Task(chosen, steps, device, controls, ws)
    left = task.left(wanted)
    if workers > 1 and len(left) > 1:
        _side_by_side(task, left, workers, progress)
    else:
        for position, seed in enumerate(left):
            progress(position, len(left), f"{chosen.key}: seed {seed}", {})
            task.measure(seed, progress)
    progress(len(left), len(left), f"{chosen.key}: {len(wanted)} seeds", {})
    return claim_row(chosen, ws)


def _side_by_side(task: _Task, seeds: list[int], workers: int, progress: Progress) -> None:
    """One process a seed with one thread, `workers` at a time; the first that fails stops the others."""
    claim = task.claim
    base = [sys.executable, "-m", "retrievarium", "--workspace", str(task.ws.root), "claims", "run", claim.method]
    base += ["--budget", task.budget.name, "--device", task.device or "auto", "--claim", claim.key]
    base += ["--controls"] if task.controls else []
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    environment = {n: v for n, v in os.environ.items() if n != JOB_VARIABLE} | threads
    run_processes(
        [[*base, "--seeds", str(seed)] for seed in seeds], environment, workers, progress, f"{claim.key}: seeds"
    )
