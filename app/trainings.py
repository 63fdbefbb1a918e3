"""Trainings of this workspace: jobs grouped by what they train, with one curve whatever stopped in between."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from retrievarium.workspace import Job, JobStatus, workspace

MOST = 60  # newest jobs that are looked at


@dataclass(frozen=True)
class Recipe:
    """What is trained: everything that `retrievarium train` is told."""

    method: str
    collection: str
    budget: str = "small"
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)

    def argv(self) -> list[str]:
        told = ["train", self.method, "-c", self.collection, "--budget", self.budget, "--seed", str(self.seed)]
        return [*told, *(p for k, v in sorted(self.settings.items()) for p in ("--set", f"{k}={_text(v)}"))]

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(self.argv())

    @property
    def title(self) -> str:
        about = [self.budget, *([f"seed {self.seed}"] if self.seed else [])]
        about += [f"{k} {v}" for k, v in sorted(self.settings.items())]
        return f"Train {self.method} on {self.collection} ({', '.join(about)})"

    def code(self) -> str:
        """Library lines that do the same."""
        more = f", seed={self.seed}" if self.seed else ""
        more += "".join(f", {k}={v!r}" for k, v in sorted(self.settings.items()))
        return (
            "import retrievarium as rv\n\n"
            f"docs = rv.load_collection({self.collection!r})\n"
            f"built = rv.build({self.method!r}, docs, budget={self.budget!r}{more})\n"
            "print(rv.evaluate(built.search(docs.queries), docs.qrels, ['nDCG@10', 'R@20']))"
        )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def recipe(argv: Sequence[str]) -> Recipe | None:
    """The recipe that a command trains; None where it trains none."""
    if not argv or argv[0] != "train" or len(argv) < 2:
        return None
    told: dict[str, Any] = {"method": argv[1], "collection": "world", "settings": {}}
    names = {"-c": "collection", "--collection": "collection", "--budget": "budget", "--seed": "seed"}
    for option, value in zip(argv[2::2], argv[3::2], strict=False):
        if option == "--set":
            name, _, said = value.partition("=")
            told["settings"][name] = _value(said)
        elif option in names:
            told[names[option]] = int(value) if option == "--seed" and value.isdigit() else value
    return Recipe(**told)


@dataclass(frozen=True)
class Training:
    """One recipe and its jobs, newest first: the first one says how it stands."""

    recipe: Recipe
    jobs: tuple[Job, ...]

    @property
    def newest(self) -> Job:
        return self.jobs[0]

    @property
    def status(self) -> JobStatus:
        return self.newest.status()

    def stages(self) -> dict[str, list[dict[str, Any]]]:
        """Rows of metrics by stage, in the order the stages came; of two rows of one step the later counts."""
        found: dict[str, dict[float, dict[str, Any]]] = {}
        for job in reversed(self.jobs):
            for row in job.metrics():
                found.setdefault(str(row.get("what", "training")), {})[row["step"]] = row
        return {what: [rows[s] for s in sorted(rows)] for what, rows in found.items()}


def trainings() -> list[Training]:
    """Every training that some job of this workspace worked on, newest first."""
    groups: dict[tuple[str, ...], list[Job]] = {}
    recipes: dict[tuple[str, ...], Recipe] = {}
    for job in workspace().jobs.all()[:MOST]:
        config = job.config
        found = recipe(config["argv"])
        if found is None:
            continue
        key = (*found.key, str(config["about"].get("collection", "")))
        recipes[key] = found
        groups.setdefault(key, []).append(job)
    return [Training(recipes[k], tuple(jobs)) for k, jobs in groups.items()]


def of_job(job_id: str) -> Training | None:
    """The training that a job worked on."""
    return next((t for t in trainings() if any(j.id == job_id for j in t.jobs)), None)
