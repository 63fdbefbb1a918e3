"""`world` and `import`: bring a collection in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from retrievarium.cli.output import Json, emit, progress
from retrievarium.contracts import InputError


def world(
    out: Annotated[Path | None, typer.Argument(help="New folder for the BEIR files and truth tables.")] = None,
    passages: Annotated[int, typer.Option(min=100, help="Index passages.")] = 5000,
    seed: Annotated[int, typer.Option(min=0)] = 7,
    arm: Annotated[str, typer.Option(help="Exposure arm: A or B (the reverse of A).")] = "A",
    dial: Annotated[list[str] | None, typer.Option(help="A dial as name=value; see the Collections page.")] = None,
    name: Annotated[str | None, typer.Option(help="Keep it in the workspace under this name.")] = None,
    report: Annotated[bool, typer.Option("--report", help="Print calibration, balance and shortcut probes.")] = False,
    json: Json = False,
) -> Any:
    """Generate a World: a fictional encyclopedia in which every fact is known."""
    from retrievarium.data.library import check_name, save_collection
    from retrievarium.data.world import World

    if name is not None:
        check_name(name)
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError("the folder is not empty", path=out, fix="name a new one")
    dials = _dials(dial or [])
    for setting, value in dials.items():
        if setting in ("seed", "passages", "bank", "prefix") or not isinstance(value, int | float):
            raise InputError(f"{setting}={value!r} sets no dial", field="--dial", expected="name=number")
    made = World(seed=seed, passages=passages, **dials)
    result: dict[str, Any] = {"passages": passages, "seed": seed, "arm": arm}
    text = []
    with progress() as tell:
        if out is not None:
            made.write(out, arm=arm)
            result["folder"] = str(out)
            text.append(f"Wrote {out}.")
        if name:
            collection = made.collection(arm)
            save_collection(collection, name)
            result |= {"name": name, "fingerprint": collection.fingerprint}
            text.append(f"Kept as {name!r}.")
        if report or (out is None and not name):
            from retrievarium.data.world.report import figures, render

            tell(0, 1, "measuring the World", {})
            result["report"] = figures(made)
            text.append(render(result["report"]))
    return emit(result, json, lambda: "\n".join(text))


def _pairs(settings: list[str], option: str) -> dict[str, str]:
    pairs = [s.partition("=") for s in settings]
    for setting, (name, equals, _) in zip(settings, pairs, strict=True):
        if not equals or not name.strip():
            raise InputError(f"{setting!r} sets nothing", field=option, expected="name=value")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _dials(settings: list[str], option: str = "--dial") -> dict[str, Any]:
    return {name: _value(value) for name, value in _pairs(settings, option).items()}


def _value(text: str) -> Any:
    import json

    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def bring_in(
    source: Annotated[str, typer.Argument(metavar="PATH", help="Folder or file; or hf:owner/name, irds:id.")],
    name: Annotated[
        str | None, typer.Option(help="Name in the workspace; the folder's or file's name unless given.")
    ] = None,
    format: Annotated[str | None, typer.Option(help="Format, where it cannot be told from the files.")] = None,
    column: Annotated[list[str] | None, typer.Option(help="Column mapping for tables, as field=column.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace another collection of this name.")] = False,
    json: Json = False,
) -> Any:
    """Import a collection. The same content under the same name succeeds and changes nothing."""
    from retrievarium.data import import_collection
    from retrievarium.data.preflight import preflight

    mapping = _pairs(column or [], "--column") or None
    chosen = name
    if chosen is None:
        chosen = Path(source.rstrip("/")).name.split(".")[0].replace(":", "-") or "collection"
    with progress() as tell:
        collection, told = import_collection(
            source, chosen, format=format, mapping=mapping, replace=replace, progress=tell
        )
    findings = preflight(collection)
    result = {"name": chosen, "fingerprint": collection.fingerprint, **told.to_dict(), "preflight": findings.to_dict()}
    return emit(result, json, lambda: f"{collection!r}\n{told}\n\n{findings}")


def register(app: typer.Typer) -> None:
    app.command("world")(world)
    app.command("import")(bring_in)
