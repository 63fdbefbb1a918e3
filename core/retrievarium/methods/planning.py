"""What `build` would do, said before it starts: settings, time, space, and what is already there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrievarium.methods.budget import Budget
from retrievarium.methods.building import check_split, model_key, resolve
from retrievarium.methods.registry import Method, catalogue, method_named, methods
from retrievarium.methods.shelf import model_name
from retrievarium.workspace import Workspace, read_json, shipped, workspace

if TYPE_CHECKING:
    from retrievarium.data import Collection

# calibrated on two CPU cores: the `small` budget of a dual encoder, about three minutes
_STARTING = 8.0
_EXPOSURE_STEP = 0.13
_TOKEN = 2.3e-5  # forward and backward, one word piece through the four layers of the shared start
_PASSAGES_A_SECOND = 400.0  # mining and the measure on dev
_TOWERS = 2
_NEWEST = 3
_STEP = re.compile(r"step-(\d{8})")


@dataclass(frozen=True)
class Plan:
    """What a `build` with these arguments means.

    seconds: estimated, 0 where the model is there already; `measured_here` where an earlier training of this method
        in this workspace corrected the estimate, else it is that of two CPU cores. With what `first` takes.
    first: methods that it stands on and that are not trained yet: they are, before it.
    bytes: of the model and its passages' vectors on disk; while it trains, checkpoints take three times the model.
    name: what the retriever is called in `shelf` once it is trained.
    trained: its folder where the same was trained before.
    kept: steps by stage that an interrupted run left, from which it goes on.
    """

    method: str
    settings: dict[str, Any]
    budget: Budget
    seed: int
    seconds: float
    measured_here: bool
    bytes: int
    name: str
    trained: Path | None
    kept: dict[str, int]
    first: tuple[str, ...] = ()


def work(budget: Budget, settings: dict[str, Any], passages: int) -> float:
    """Seconds on two CPU cores, from the steps, the batch, the passages a question, and their length."""
    steps, batch = settings.get("steps", budget.steps), settings.get("batch", budget.batch)
    hard = settings.get("negatives", 1)
    texts = 1 + (1 if isinstance(hard, str) else max(0, hard or 0))  # a text says which ones, not how many
    tokens = budget.question_tokens + texts * budget.passage_tokens
    training = (steps or 0) * (batch or 0) * tokens * _TOKEN
    return _STARTING + budget.exposure * _EXPOSURE_STEP + passages / _PASSAGES_A_SECOND + training


def _first(
    chosen: Method, settings: dict[str, Any], collection: Collection, budget: Budget, seed: int, ws: Workspace
) -> tuple[str, ...]:
    """Methods that a setting names (a `base`, for example) and of which no model is there yet.

    Raises MissingError for a paper that is planned.
    """
    keys = {*methods(), *(p["key"] for p in catalogue())} - {chosen.key}
    wanted = [method_named(v).key for v in settings.values() if isinstance(v, str) and v in keys]
    about = {"collection": collection.fingerprint, "budget": budget.to_dict(), "seed": seed}
    made = {a.key["method"] for a in ws.list("models") if all(a.key.get(n) == v for n, v in about.items())}
    return tuple(k for k in dict.fromkeys(wanted) if k not in made)


def _reports(chosen: Method, ws: Workspace) -> list[dict[str, Any]]:
    """Of the newest finished trainings of a method on any collection, those that did more than start."""
    own = [a for a in ws.list("models") if a.key["method"] == chosen.key][:_NEWEST]
    told = [{**read_json(a.path / "report.json"), "folder": a.path} for a in own]
    return [r for r in told if r["settings"].get("steps", 1)]


def _correction(reports: list[dict[str, Any]]) -> float | None:
    """How much longer than the estimate this method took here; of several the slowest, since a resumed run tells the
    seconds of its last part only."""
    ratios = [r["seconds"] / work(Budget(**r["budget"]), r["settings"], 0) for r in reports if r.get("device") == "cpu"]
    return min(20.0, max(0.1, *ratios)) if ratios else None


def _bytes(reports: list[dict[str, Any]], passages: int) -> int:
    start = shipped("warm_start", "model.safetensors")
    half = start.stat().st_size if start.is_file() else 3_000_000  # kept in half precision; models are not
    model = 2 * half * _TOWERS
    if reports:
        model = sum(p.stat().st_size for p in reports[0]["folder"].rglob("*") if p.is_file())
    config = shipped("warm_start", "config.json")
    dim = read_json(config)["hidden_size"] if config.is_file() else 128
    return model + passages * dim * 4


def _kept(scratch: Path) -> dict[str, int]:
    found = {}
    for state in sorted(scratch.glob("*/step-*/state.json")):
        step = _STEP.fullmatch(state.parent.name)
        if step:
            found[state.parent.parent.name] = int(step[1])
    return found


def plan(
    key: str,
    collection: Collection,
    budget: str | Budget = "small",
    seed: int = 0,
    device: str | None = None,
    *,
    ws: Workspace | None = None,
    **settings: Any,
) -> Plan:
    """What `build` with the same arguments would take and give; nothing is trained. Raises as `build` does."""
    from retrievarium.training import best_device

    chosen, budget, ws = method_named(key), Budget.named(budget), ws or workspace()
    check_split(collection)
    resolved = resolve(chosen, settings, budget)
    full_key = model_key(chosen, collection, budget, seed, resolved, best_device(device).type)
    artifact = ws.artifact("models", full_key)
    reports = _reports(chosen, ws)
    correction = _correction(reports)
    passages = len(collection.passages)
    first = () if artifact.exists else _first(chosen, resolved, collection, budget, seed, ws)
    seconds = 0.0 if artifact.exists else work(budget, resolved, passages) * (correction or chosen.rounds)
    if correction is None:
        seconds += sum(plan(k, collection, budget, seed, device, ws=ws).seconds for k in first)
    return Plan(
        method=chosen.key,
        settings=resolved,
        budget=budget,
        seed=seed,
        seconds=seconds,
        measured_here=correction is not None,
        bytes=_bytes(reports, passages),
        name=model_name(artifact),
        trained=artifact.path if artifact.exists else None,
        kept=_kept(ws.scratch("models", full_key)),
        first=first,
    )
