"""`train`, `papers`, `claims`, `notebooks`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from retrievarium.cli.data import _dials
from retrievarium.cli.output import Json, emit, progress, table
from retrievarium.cli.retrieval import Collection_
from retrievarium.contracts import InputError

claims = typer.Typer(help="Measure papers' claims and see what was measured.", no_args_is_help=True)


def train(
    method: Annotated[str, typer.Argument(help="A paper's key, for example dpr.")],
    collection: Collection_ = "world",
    budget: Annotated[str, typer.Option(help="smoke, small or full.")] = "small",
    seed: Annotated[int, typer.Option(min=0)] = 0,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, mps; the fastest at hand unless given.")] = None,
    setting: Annotated[list[str] | None, typer.Option("--set", help="A setting of the method as name=value.")] = None,
    snapshots: Annotated[
        int, typer.Option(min=0, max=20, help="Models kept on the way, each as large as the last, for a time-lapse.")
    ] = 4,
    json: Json = False,
) -> Any:
    """Train a paper's retriever. The same request again is a load; a stopped run goes on where it stopped."""
    from retrievarium.data import load_collection
    from retrievarium.methods.building import build

    source = load_collection(collection)
    settings = _dials(setting or [], "--set")
    if taken := {"device", "progress", "ws", "key", "collection", "budget", "seed", "snapshots"} & set(settings):
        raise InputError(f"{min(taken)!r} is no setting of a method", field="--set", fix="use the option of that name")
    with progress() as tell:
        built = build(method, source, budget, seed, device=device, progress=tell, snapshots=snapshots, **settings)

    def words() -> str:
        lines = [f"{built.name}: trained on {source.name} in {built.report['seconds']:.0f} s, kept in {built.folder}"]
        if built.curve:
            lines.append(", ".join(f"{k} {v:.4g}" for k, v in built.curve[-1].items() if v is not None))
        return "\n".join(lines)

    return emit(built.report, json, words)


def papers(json: Json = False) -> Any:
    """List the catalogue: what is built, its lesson, its claim's verdict."""
    from retrievarium.claims import catalogue

    rows = catalogue()
    shown = [
        [str(p["number"]), p["key"], p["status"], p["chapter"], (p["claim"] or {}).get("verdict", "")] for p in rows
    ]
    return emit(rows, json, lambda: table(["no", "key", "status", "chapter", "verdict"], shown))


@claims.command("run")
def claims_run(
    key: Annotated[str, typer.Argument(help="A paper's key.")],
    seeds: Annotated[
        str, typer.Option(help="For example 101-103. Seeds 1 to 9 develop; 101 to 120 judge.")
    ] = "101-110",
    budget: Annotated[str, typer.Option(help="smoke, small or full.")] = "small",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda.")] = "auto",
    claim: Annotated[str | None, typer.Option(help="Which claim, where a paper declares several.")] = None,
    controls: Annotated[
        bool, typer.Option("--controls", help="Measure positive control and placebo too; a verdict needs them.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=1, help="So many seeds at a time, each in a process with one thread.")
    ] = 1,
    json: Json = False,
) -> Any:
    """Measure a claim seed by seed; finished seeds are kept, so a run can be stopped and continued."""
    from retrievarium.claims import parse_seeds, run_claim, sentence

    with progress() as tell:
        where = None if device == "auto" else device
        row = run_claim(key, parse_seeds(seeds), budget, where, claim, tell, controls=controls, workers=workers)
    return emit(row, json, lambda: sentence(row))


@claims.command("board")
def claims_board(json: Json = False) -> Any:
    """Every claim with its effect, interval, seeds and verdict."""
    from retrievarium.claims import board

    told = board()
    rows = [
        [c["key"], c["verdict"], "" if c["effect"] is None else f"{c['effect']:+.3f}", str(len(c["seeds"])), c["claim"]]
        for c in told["claims"]
    ]
    return emit(
        told, json, lambda: table(["paper", "verdict", "effect", "seeds", "claim"], rows) + "\n" + told["headline"]
    )


def notebooks(json: Json = False) -> Any:
    """List the lessons of this checkout."""
    from retrievarium.claims import catalogue

    rows = [{"key": p["key"], "notebook": p["notebook"]} for p in catalogue() if p["notebook"]]
    words = "\n".join(r["notebook"] for r in rows) + "\n\nOpen them with: jupyter lab notebooks"
    return emit(rows, json, lambda: words)


def register(app: typer.Typer) -> None:
    for command in (train, papers, notebooks):
        app.command(command.__name__)(command)
    app.add_typer(claims, name="claims")
