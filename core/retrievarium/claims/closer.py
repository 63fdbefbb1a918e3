"""A closer look at a claim: the seeds behind its row, means by overlap and slice, and what a next step costs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from retrievarium.claims import records
from retrievarium.claims.intervals import PILOT, SEEDS
from retrievarium.claims.records import DEVELOP, JUDGE, SeedRun
from retrievarium.claims.rule import FEWEST, verdict
from retrievarium.claims.runner import roles
from retrievarium.claims.standings import arm_seconds, judged, measured, trained_arms
from retrievarium.contracts import InputError, MissingError
from retrievarium.methods import Claim, claims
from retrievarium.workspace import Workspace, workspace

_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
_MOST = 1000


@dataclass(frozen=True)
class Seeds:
    """judged: what the row speaks of; pilot: the same recipe on development seeds; others: the rest of the record."""

    judged: tuple[SeedRun, ...] = ()
    pilot: tuple[SeedRun, ...] = ()
    others: tuple[SeedRun, ...] = ()


@dataclass(frozen=True)
class Step:
    """Something to run next: `retrievarium claims run` with these seeds, and how long that takes here."""

    title: str
    seeds: tuple[int, ...]
    controls: bool
    why: str
    hours: float


def _claim(name: str) -> Claim:
    known = claims()
    if name not in known:
        raise MissingError(f"there is no claim {name!r}", field="claim", expected=f"one of {sorted(known)}")
    return known[name]


def seeds_of(name: str, ws: Workspace | None = None) -> Seeds:
    """Every recorded run of a claim, each in one place."""
    record = records.load(ws or workspace()).get(name)
    runs, pilot = judged(record)
    seen = [(r.seed, r.budget, r.recipe) for r in [*runs, *pilot]]
    others = [r for r in record.runs if (r.seed, r.budget, r.recipe) not in seen] if record else []
    return Seeds(tuple(runs), tuple(pilot), tuple(others))


def _mean(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, float]:
    return {n: float(np.mean([r[n] for r in rows])) for n in names}


def _shared(rows: Sequence[Mapping[str, Any]], apart: set[str]) -> list[str]:
    return [n for n in rows[0] if n not in apart and all(n in r for r in rows)]


def by_overlap(runs: Sequence[SeedRun]) -> list[dict[str, Any]]:
    """Means over seeds of each fifth of word overlap, least first: `{fifth, overlap, questions, <arm>: mean}`; empty
    where no run tells."""
    told = [r.beside["by overlap"] for r in runs if r.beside.get("by overlap")]
    if not told or len({len(rows) for rows in told}) > 1:
        return []
    found = []
    for rows in zip(*told, strict=True):
        arms = _shared(rows, {"fifth", "overlap", "questions"})
        questions = sum(r["questions"] for r in rows)
        found.append({"fifth": rows[0]["fifth"], "questions": questions, **_mean(rows, ["overlap", *arms])})
    return found


def by_slice(runs: Sequence[SeedRun]) -> dict[str, dict[str, Any]]:
    """Means over the seeds that tell of a slice: `{slice: {questions, seeds, <arm>: mean}}`, questions summed."""
    told = [r.beside["by slice"] for r in runs if r.beside.get("by slice")]
    found: dict[str, dict[str, Any]] = {}
    for name in sorted({n for slices in told for n in slices}):
        rows = [slices[name] for slices in told if name in slices]
        questions = sum(r["questions"] for r in rows)
        found[name] = {"questions": questions, "seeds": len(rows), **_mean(rows, _shared(rows, {"questions"}))}
    return found


def parse_seeds(text: str) -> list[int]:
    """ "101-103,110" as [101, 102, 103, 110]. Raises InputError."""
    seeds: dict[int, None] = {}
    for part in text.split(","):
        found = _RANGE.fullmatch(part.strip())
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if not first <= last < first + _MOST:
            raise InputError(
                f"{part!r} is no range of seeds",
                field="--seeds",
                expected=f"for example 101-103 or 101,105; at most {_MOST} a range",
            )
        seeds |= dict.fromkeys(range(first, last + 1))
    return list(seeds)


def run_hours(
    name: str,
    seeds: Sequence[int],
    budget: str = "small",
    controls: bool = False,
    ws: Workspace | None = None,
) -> float:
    """Hours that `run_claim` takes here for these seeds, one after another: trained arms that are still missing, each
    as long as those recorded took, else as the budget says."""
    claim = _claim(name)
    record = records.load(ws or workspace()).get(claim.key)
    part = roles(claim)
    wanted = trained_arms(part, part.values() if controls else (claim.treatment, claim.base))
    done: dict[int, set[str]] = {}
    for run in record.runs if record else ():
        if run.budget == budget:
            done.setdefault(run.seed, set()).update(run.arms)
    arms = sum(len(wanted - done.get(s, set())) for s in seeds)
    own = [r for r in (record.runs if record else ()) if r.budget == budget]
    return arms * arm_seconds(own, budget) / 3600


def next_steps(name: str, ws: Workspace | None = None) -> list[Step]:
    """What stands between a claim and its verdict: judged seeds, control and placebo, the pilot. Empty when judged."""
    ws = ws or workspace()
    claim = _claim(name)
    seen = seeds_of(claim.key, ws)
    wanted = verdict(measured(list(seen.judged), list(seen.pilot))).wanted if seen.judged else SEEDS[0]
    budget = seen.judged[0].budget if seen.judged else "small"
    needs = {claim.control, claim.placebo} - {"none", ""}
    done = {r.seed for r in seen.judged}
    piloted = {r.seed for r in seen.pilot}
    more = [s for s in JUDGE if s not in done][: max(0, wanted - len(done))]
    pilot = [s for s in DEVELOP if s not in piloted][: max(0, PILOT - len(piloted))]
    bare = sorted(r.seed for r in seen.judged if not needs <= set(r.arms))
    told = [
        ("First three seeds", more[: max(0, FEWEST - len(done))], False, "Three seeds make an indication."),
        ("Pilot", pilot, False, f"Four development seeds fix whether {SEEDS[0]} or {SEEDS[1]} seeds are needed."),
        ("Control and placebo", bare, True, "Measured seeds gain the arms that a verdict asks for."),
        ("Up to a verdict", more, True, f"Fresh seeds, {wanted} in all, with control and placebo."),
    ]
    return [
        Step(title, tuple(seeds), controls, why, run_hours(claim.key, seeds, budget, controls, ws))
        for title, seeds, controls, why in told
        if seeds
    ]
