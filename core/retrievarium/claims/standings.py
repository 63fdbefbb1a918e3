"""The board: what was claimed, what was measured, and the verdict; and the catalogue of all papers with theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from retrievarium.claims import records
from retrievarium.claims.intervals import PILOT, SEEDS
from retrievarium.claims.records import ROLES, Record, SeedRun, same_recipe
from retrievarium.claims.rule import (
    INDICATIVE,
    NOT_MEASURED,
    TESTED,
    UNTESTABLE,
    Measured,
    Verdict,
    headline,
    lexical,
    verdict,
)
from retrievarium.methods import Claim, claims, papers
from retrievarium.workspace import Workspace, workspace

_MINUTES = {"smoke": 0.5, "small": 3.0, "full": 30.0}  # of one trained arm, where nothing was measured yet


def recipes(runs: Iterable[SeedRun]) -> list[list[SeedRun]]:
    """Runs by recipe, in the order in which the recipes first came."""
    groups: list[list[SeedRun]] = []
    for run in runs:
        home = next((g for g in groups if g[0].budget == run.budget and same_recipe(g[0].recipe, run.recipe)), None)
        if home is None:
            groups.append([run])
        else:
            home.append(run)
    return groups


def _once(runs: Iterable[SeedRun]) -> list[SeedRun]:
    """The first run of every seed; a rerun stays in the record and changes no number that was there.

    Control and placebo may come later than the seed's first run; they are taken from the first run that has them.
    """
    first: dict[int, SeedRun] = {}
    for run in runs:
        seen = first.setdefault(run.seed, run)
        late = {n: getattr(run, n) for n in ("control_c", "placebo_c") if getattr(seen, n) is None}
        if any(v is not None for v in late.values()):
            first[run.seed] = replace(seen, arms={**run.arms, **seen.arms}, **late)
    return list(first.values())


def judged(record: Record | None) -> tuple[list[SeedRun], list[SeedRun]]:
    """`(judged runs, pilot runs)` of the recipe that the verdict speaks of.

    A judging seed counts for the first recipe that looked at it; another recipe needs fresh seeds. Of several recipes
    the one with the most seeds is judged, the younger of equals. The pilot is the same recipe on development seeds.
    """
    runs = list(record.runs) if record else []
    looked: dict[tuple[int, str], SeedRun] = {}
    for run in (r for r in runs if r.judges):
        looked.setdefault((run.seed, run.budget), run)
    fresh = [r for r in runs if r.judges and same_recipe(looked[r.seed, r.budget].recipe, r.recipe)]
    groups = [_once(g) for g in recipes(fresh)]
    if not groups:
        return [], []
    chosen = max(enumerate(groups), key=lambda g: (len(g[1]), g[0]))[1]
    alike = [r for r in runs if not r.judges and r.budget == chosen[0].budget]
    return chosen, _once(r for r in alike if same_recipe(chosen[0].recipe, r.recipe))[:PILOT]


def _all(values: list[Any]) -> list[Any] | None:
    """The values, or None where one is missing."""
    return None if any(v is None for v in values) else values


def measured(runs: list[SeedRun], pilot: list[SeedRun]) -> Measured:
    """What the rule reads, from the runs of one recipe."""
    first = runs[0]
    shared = [a for a in first.arms if all(a in r.arms for r in runs)]
    conditions = [n for n in first.conditions if all(n in r.conditions for r in runs)]
    return Measured(
        c=[r.c for r in runs],
        arms={a: [r.arms[a] for r in runs] for a in shared},
        questions=min(r.questions for r in runs),
        control_c=_all([r.control_c for r in runs]),
        placebo_c=_all([r.placebo_c for r in runs]),
        conditions={n: [r.conditions[n] for r in runs] for n in conditions},
        pilot=[r.c for r in pilot],
        delta=first.delta,
        margin=first.margin,
        query_effects=_all([r.query_effects for r in runs]),
        **first.roles,
    )


def trained_arms(roles: Mapping[str, str], arms: Iterable[str]) -> set[str]:
    """The arms among `arms` that are trained: all that play a part but BM25 and the untrained one."""
    parts = {roles[r] for r in ("treatment", "base", "control", "placebo")} - {"none", roles["untrained"]}
    return {a for a in parts & set(arms) if not lexical(a)}


def estimated_hours(claim: Claim, runs: list[SeedRun], pilot: list[SeedRun], wanted: int) -> float:
    """Hours to a verdict, one seed after another: what a trained arm took so far, else three minutes an arm.

    Seeds that are missing need every arm, measured ones what they lack of control and placebo, a pilot's the
    treatment (and a trained base).
    """
    roles = {r: getattr(claim, r) or "none" for r in ROLES}
    every = trained_arms(roles, roles.values())
    budget = runs[0].budget if runs else "small"
    arms = max(0, wanted - len(runs)) * len(every) + sum(len(every - set(r.arms)) for r in runs)
    arms += max(0, PILOT - len(pilot)) * len(trained_arms(roles, (claim.treatment, claim.base)))
    return round(arms * arm_seconds([*runs, *pilot], budget) / 3600, 2)


def arm_seconds(runs: Iterable[SeedRun], budget: str) -> float:
    """What one trained arm of one seed took in these runs, on average; where there are none, what the budget says."""
    took = [r.seconds / max(1, len(trained_arms(r.roles, r.arms))) for r in runs]
    return sum(took) / len(took) if took else 60 * _MINUTES[budget]


def _row(claim: Claim, record: Record | None) -> tuple[dict[str, Any], Verdict]:
    runs, pilot = judged(record)
    told = verdict(measured(runs, pilot)) if runs else Verdict(NOT_MEASURED, why=f"0 of {SEEDS[0]} seeds measured")
    every = list(record.runs) if record else []
    complete = told.state in TESTED or told.state == UNTESTABLE
    row = {
        "key": claim.method,
        "name": claim.key,
        "claim": claim.says,
        "measure": claim.measure,
        "contrast": f"{claim.treatment} - {claim.base}",
        "verdict": told.words,
        "effect": told.effect,
        "interval": None if told.interval is None else list(told.interval),
        "seeds": sorted(r.seed for r in runs),
        "budget": runs[0].budget if runs else None,
        "why": told.why,
        "mechanism": told.mechanism or None,
        "p": told.p,
        "estimated_hours": None if complete else estimated_hours(claim, runs, pilot, told.wanted),
        "preconditions": [{"name": c.name, "holds": c.holds, "figure": c.figure} for c in told.checks],
        "arms": {a: sum(r.arms[a] for r in runs) / len(runs) for a in measured(runs, pilot).arms} if runs else {},
        "recipes_tried": len(recipes(every)),
        "developed_on": sorted({r.seed for r in every if not r.judges}),
        "not_reproduced": list(claim.not_reproduced),
    }
    return row, told


def claim_row(claim: Claim, ws: Workspace | None = None) -> dict[str, Any]:
    """One claim's row of the board."""
    return _row(claim, records.load(ws or workspace()).get(claim.key))[0]


def board(ws: Workspace | None = None) -> dict[str, Any]:
    """`{"headline": sentence, "claims": [...]}`: every declared claim, in the order of the papers.

    Each row holds key, name, claim, measure, contrast, verdict, effect, interval, seeds, budget, why, mechanism, p,
    estimated_hours (null once there is a verdict), preconditions, arms, recipes_tried, developed_on, not_reproduced.
    The interval speaks of these two methods on other seeds and Worlds.
    """
    known = records.load(ws or workspace())
    told = [_row(c, known.get(c.key)) for c in sorted(claims().values(), key=lambda c: c.paper)]
    return {"headline": headline([v for _, v in told]), "claims": [row for row, _ in told]}


def catalogue(ws: Workspace | None = None) -> list[dict[str, Any]]:
    """All papers by number: `{number, key, title, chapter, tier, status, method, notebook, claim, claims}`.

    `claim` is the headline one, `{name, verdict, effect, interval, seeds}`, or None where none is declared; paths are
    relative to the repository. The interval's question is the board's.
    """
    known = records.load(ws or workspace())
    declared = claims()
    rows = {k: _row(c, known.get(k))[0] for k, c in declared.items()}
    seen = {k for k, row in rows.items() if row["effect"] is not None}
    found = []
    for paper in papers(measured=seen):
        short = [_short(rows[k]) for k, c in declared.items() if c.paper == paper.number]
        found.append(
            {
                "number": paper.number,
                "key": paper.key,
                "title": paper.title,
                "chapter": f"{paper.chapter} {paper.chapter_title}",
                "tier": paper.tier,
                "status": paper.status,
                "method": paper.method,
                "notebook": paper.notebook,
                "claim": short[0] if short else None,
                "claims": short,
            }
        )
    return found


def _short(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("name", "verdict", "effect", "interval", "seeds")}


def sentence(row: Mapping[str, Any]) -> str:
    """A row of the board in words."""
    what = f"{row['key']}: {row['claim']}"
    if row["effect"] is None:
        hours = row.get("estimated_hours")
        need = f"; about {hours:.1f} hours to a verdict on this machine" if hours else ""
        developed = row.get("developed_on")
        tried = f"; developed on seeds {_ranges(developed)}" if developed else ""
        return f"{what} {row['verdict'].capitalize()} ({row['why']}{tried}{need})."
    low, high = row["interval"]
    seeds = f"{len(row['seeds'])} seeds ({_ranges(row['seeds'])}), budget {row['budget']}"
    measured_as = f"{row['contrast']} in {row['measure']}: {row['effect']:+.3f}, 95% interval {low:+.3f} to {high:+.3f}"
    named = f"{row['verdict']} ({len(row['seeds'])} seeds)" if row["verdict"] == INDICATIVE else row["verdict"]
    why = f" {row['why'][:1].upper()}{row['why'][1:]}." if row["why"] else ""
    return f"{what} Verdict: {named}. {measured_as} over other seeds and Worlds; {seeds}.{why}"


def _ranges(seeds: Iterable[int]) -> str:
    """`[101, 102, 103, 110]` as "101-103, 110"."""
    parts: list[list[int]] = []
    for seed in sorted(seeds):
        if parts and seed == parts[-1][-1] + 1:
            parts[-1].append(seed)
        else:
            parts.append([seed])
    return ", ".join(str(p[0]) if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)
