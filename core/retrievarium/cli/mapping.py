"""`map`: lay out a collection in an encoder's space, and measure how far the map tells the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from retrievarium.cli.output import Json, emit, progress
from retrievarium.cli.retrieval import Collection_
from retrievarium.contracts import InputError, Progress

if TYPE_CHECKING:
    from retrievarium.analysis import Vectors
    from retrievarium.data import Collection


def _vectors(collection: Collection, name: str, tell: Progress) -> Vectors:
    """An encoder's vectors by its name; encoded now, with progress, where they are not at hand."""
    from retrievarium.analysis import collection_vectors, kept_vectors
    from retrievarium.encoders import load_encoder
    from retrievarium.methods import encoders_at_hand

    spec = encoders_at_hand(collection).get(name, name)
    return kept_vectors(collection, spec) or collection_vectors(collection, load_encoder(spec), progress=tell)


def _on_the_way(collection: Collection, names: list[str]) -> tuple[list[str], list[str]]:
    """Labels and folders of the models that the training of one encoder kept, in the order of training."""
    from retrievarium.methods import snapshots_at_hand

    if len(names) > 1:
        raise InputError("a time-lapse over training is of one encoder", field="--encoder")
    found = snapshots_at_hand(collection, names[0])
    if not found:
        raise InputError(
            f"the training of {names[0]} kept nothing on the way",
            field="--encoder",
            expected=f"a model trained on {collection.name} with: retrievarium train ... --snapshots 4",
        )
    return list(found), list(found.values())


def lay_out(
    collection: Collection_,
    encoder: Annotated[
        list[str] | None,
        typer.Option(
            "--encoder",
            "-e",
            help="minilm, a model trained here, a folder or a hub id; twice to put a second one beside the first, "
            "three times or more for a time-lapse.",
        ),
    ] = None,
    dims: Annotated[int, typer.Option(min=2, max=3, help="Dimensions of the map.")] = 2,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    limit: Annotated[
        int, typer.Option(min=10, help="Points shown at most; relevant and retrieved ones first.")
    ] = 50_000,
    together: Annotated[
        bool, typer.Option("--together", help="Lay two encoders out together (AlignedUMAP, up to 5,000 points).")
    ] = False,
    twin: Annotated[
        str | None, typer.Option(help="The second encoder trained with another seed: what that changes is the floor.")
    ] = None,
    over_training: Annotated[
        bool,
        typer.Option("--over-training", help="A time-lapse over what the training of the encoder kept on the way."),
    ] = False,
    checks: Annotated[bool, typer.Option(help="Measure other seeds and noise, too.")] = True,
    json: Json = False,
) -> Any:
    """Lay out a collection as an encoder sees it, and measure how far the map tells the truth."""
    from retrievarium.analysis import kept_sentence, make_checks, make_frames, make_map, make_pair, query_sentence
    from retrievarium.analysis import verdict as judge
    from retrievarium.data import load_collection

    names = encoder or ["minilm"]
    if len(names) != len(set(names)):
        raise InputError("an encoder is named twice", field="--encoder")
    source = load_collection(collection)
    labels = names
    if over_training:
        labels, names = _on_the_way(source, names)
    with progress() as tell:
        spaces = [_vectors(source, name, tell) for name in names]
        made = make_map(source, spaces[0], dims, seed, limit, progress=tell)
        result: dict[str, Any] = {
            "collection": source.name,
            "encoder": labels[0],
            **made.about,
            "folder": made.folder.name,
        }
        found = make_checks(source, spaces[0], made, progress=tell) if checks else None
        if found is not None:
            result["checks"] = found.numbers
        if len(names) == 2 and not over_training:
            other = _vectors(source, twin, tell) if twin else None
            pair = make_pair(source, made, spaces[0], spaces[1], together=together, seed_twin=other, progress=tell)
            result["pair"] = pair.about
        elif len(names) > 1:
            result["frames"] = make_frames(source, made, spaces, labels, progress=tell).about
    told = judge(made.about, found.numbers if found else None)
    words = [made.points.sentence(), kept_sentence(made.about, result.get("checks"))]
    words += [query_sentence(made.about, result.get("checks")), f"{told.badge}: {told.sentence}"]
    if "pair" in result:
        p = result["pair"]
        words.append(
            f"Beside it {names[1]}: {p['passage_change']:.0%} of a passage's true neighbours change "
            f"(floor {p['passage_floor']:.0%}, from {p['floor_from']})."
        )
    words += [f"{f['name']}: kept@{made.about['k']} {f['kept_at_k']:.2f}" for f in result.get("frames", [])]
    return emit(result, json, lambda: "\n".join(words))


def register(app: typer.Typer) -> None:
    app.command("map")(lay_out)
