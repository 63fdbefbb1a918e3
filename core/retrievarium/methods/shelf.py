"""Retrievers by name over one collection: what stands ready, and what must be built first.

For the command line, the dashboard, links and saved settings, which all speak names: `bm25`, `minilm`, `dpr`, a trained
model's own name, a model folder or hub id in quotes, and combinations of these (see `retrievers.expression`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrievarium.contracts import Encoder, InputError, MissingError, Progress
from retrievarium.methods.registry import Method, methods
from retrievarium.workspace import Artifact, Workspace, read_json, workspace

if TYPE_CHECKING:
    from retrievarium.data import Collection
    from retrievarium.retrievers import BaseRetriever

_MINILM_TEXTS_PER_SECOND = 60  # two laptop cores, passages of about 100 words; for a first estimate only
_TRAINING_SECONDS = 180.0  # what the small budget is calibrated to
_KEPT = 4  # encoders in memory


@dataclass(frozen=True)
class Offer:
    """A retriever that can be a column. `why` says what is missing where it is not ready; `seconds` is an estimate."""

    name: str
    kind: str  # lexical, dense, trained, method
    ready: bool
    why: str = ""
    seconds: float | None = None
    about: Mapping[str, Any] = field(default_factory=dict)


def model_name(artifact: Artifact) -> str:
    """A trained model's name: `dpr` for the small budget, seed 0 and no settings of its own; else a longer one."""
    key = artifact.key
    about = (key["budget"]["name"], key["seed"], key.get("computed with"))
    plain = about == ("small", 0, None) and _is_default(key)
    method = key["method"].replace("-", "_")
    return method if plain else f"{method}_{about[0]}_s{about[1]}_{artifact.path.name[:6]}"


def _is_default(key: Mapping[str, Any]) -> bool:
    chosen = methods().get(key["method"])
    if chosen is None:
        return False
    usual = {n: key["budget"].get(n) if v is None else v for n, v in chosen.settings.items() if n not in chosen.serving}
    return bool(key["settings"] == usual)


def _trained(collection: Collection, ws: Workspace) -> dict[str, Artifact]:
    """Models trained on this collection by name, newest first; a plain name means the newest of its kind."""
    found: dict[str, Artifact] = {}
    for artifact in ws.list("models"):
        if artifact.key["collection"] == collection.fingerprint and artifact.key["method"] in methods():
            found.setdefault(model_name(artifact), artifact)
    return found


def shelf(collection: Collection, ws: Workspace | None = None) -> list[Offer]:
    """Everything that can be a column over this collection; loads no model."""
    from retrievarium.encoders import has_vectors

    ws = ws or workspace()
    offers = [Offer("bm25", "lexical", True)]
    if has_vectors(collection, "minilm", ws):
        offers.append(Offer("minilm", "dense", True))
    else:
        n = len(collection.passages)
        offers.append(
            Offer("minilm", "dense", False, f"its {n:,} passages are not encoded yet", n / _MINILM_TEXTS_PER_SECOND)
        )
    trained = _trained(collection, ws)
    offers += [Offer(name, "trained", True, about=a.key) for name, a in trained.items()]
    for key, method in methods().items():
        if key.replace("-", "_") not in trained and method.paper is not None:
            offers.append(_untrained(method, collection))
    return offers


def _untrained(method: Method, collection: Collection) -> Offer:
    name = method.key.replace("-", "_")
    if "train" in collection.splits:
        return Offer(name, "method", False, "it is not trained on this collection yet", _TRAINING_SECONDS)
    return Offer(name, "method", False, "this collection has no train split to learn from; split it first")


@lru_cache(maxsize=_KEPT)
def _encoder(name: str) -> Encoder:
    from retrievarium.encoders import LateEncoder, load_encoder

    return LateEncoder() if name == "minilm" else load_encoder(name)


@lru_cache(maxsize=_KEPT)
def _model(key: str, folder: str) -> Any:
    """What a method trained, as it is read back."""
    return methods()[key].load(Path(folder), None)


def retriever(
    spec: str, collection: Collection, ws: Workspace | None = None, progress: Progress | None = None
) -> BaseRetriever:
    """The retriever that `spec` describes, for example "bm25", "dpr" or "0.3 * bm25 + 0.7 * minilm".

    What is missing is made: passages are encoded, and a paper's method that was never trained on this collection is
    trained in its small budget. `progress` is told; `shelf` says beforehand what that means.
    """
    from retrievarium.retrievers import parse_retriever

    return parse_retriever(spec, lambda name: _single(name, collection, ws or workspace(), progress))


def _single(name: str, collection: Collection, ws: Workspace, progress: Progress | None) -> BaseRetriever:
    from retrievarium.methods.building import build
    from retrievarium.retrievers import BM25, Dense

    if name == "bm25":
        return BM25(collection, ws=ws)
    if artifact := _trained(collection, ws).get(name):
        method = methods()[artifact.key["method"]]
        found = method.serve(collection, _model(method.key, str(artifact.path / method.key)), ws)
        found.name = name
        return found
    key = next((k for k in methods() if k.replace("-", "_") == name or k == name), None)
    if key is not None:
        found = build(key, collection, progress=progress, ws=ws).retriever
        found.name = name
        return found
    if name != "minilm" and "/" not in name and not Path(name).expanduser().is_dir():
        offered = [o.name for o in shelf(collection, ws)]
        raise MissingError(
            f"there is no retriever {name!r}",
            field="retriever",
            expected=f"one of {offered}, a model folder or a hub id",
        )
    try:
        return Dense(collection, _encoder(name), ws=ws).prepare(progress)
    except OSError as error:
        raise InputError(f"the encoder {name!r} cannot be read: {error}", field="retriever") from error


def encoders_at_hand(collection: Collection, ws: Workspace | None = None) -> dict[str, str]:
    """Encoders that have a space of this collection to look at: a name, and what `load_encoder` takes for it.

    `minilm`, and every single-vector model trained on the collection, newest first.
    """
    from retrievarium.encoders.loading import check_folder

    found = {"minilm": "minilm"}
    for name, artifact in _trained(collection, ws or workspace()).items():
        folder = artifact.path / methods()[artifact.key["method"]].key
        if (folder / "modules.json").is_file() and check_folder(folder) == "SentenceTransformer":
            found[name] = str(folder)
    return found


def snapshots_at_hand(collection: Collection, name: str, ws: Workspace | None = None) -> dict[str, str]:
    """What the training of a model in `encoders_at_hand` kept on the way, by step, the model itself last.

    Empty where nothing was kept (`build(..., snapshots=4)` keeps some).
    """
    from retrievarium.methods.building import SNAPSHOTS

    artifact = _trained(collection, ws or workspace()).get(name)
    last = encoders_at_hand(collection, ws).get(name)
    if artifact is None or last is None:
        return {}
    report = read_json(artifact.path / "report.json")
    stages = {str(s["what"]).replace(" ", "-"): s for s in report["stages"]}
    order = list(stages)
    kept: list[tuple[int, int, Path]] = []
    for folder in (artifact.path / SNAPSHOTS).glob("[!.]*-*"):
        stage, _, step = folder.name.rpartition("-")
        if stage in stages and step.isdigit() and (folder / "modules.json").is_file():
            kept.append((order.index(stage), int(step), folder))
    if not kept:
        return {}
    several = len({at for at, _, _ in kept}) > 1
    found = {(f"{order[at]}, " if several else "") + f"step {step:,}": str(folder) for at, step, folder in sorted(kept)}
    curve = stages[order[max(kept)[0]]]["curve"]
    return {**found, f"step {curve[-1]['step']:,}" if curve and not several else "the end": last}
