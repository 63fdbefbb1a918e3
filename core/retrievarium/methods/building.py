"""`build`: a paper, trained on a collection, once."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import platform
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrievarium.contracts import InputError, Progress, no_progress
from retrievarium.methods.budget import Budget
from retrievarium.methods.registry import Method, method_named
from retrievarium.workspace import Workspace, file_hash, read_json, workspace, write_json

if TYPE_CHECKING:
    from retrievarium.data import Collection
    from retrievarium.pretraining import Start
    from retrievarium.training import Fitted, RunConfig, Stage

SNAPSHOTS = "snapshots"  # beside a model: the same one as it was on the way, `<stage>-<step>`
_LIBRARIES = ("torch", "transformers", "sentence-transformers", "tokenizers", "numpy", "bm25s")


@dataclass(frozen=True)
class Built:
    """A trained paper: `retriever` to search with, `model` (an encoder), and the `report` of how it came to be.

    The report holds method, settings, seed, stages (each with its curve, seconds and run config), lineage, versions,
    collection, and seconds.
    """

    retriever: Any
    model: Any
    report: dict[str, Any]
    folder: Path

    @property
    def name(self) -> str:
        return str(self.retriever.name)

    @property
    def curve(self) -> list[dict[str, float]]:
        """Step, loss, learning rate, gradient norm and dev measure of the last stage."""
        stages = self.report["stages"]
        return stages[-1]["curve"] if stages else []

    def search(self, queries: Any, k: int = 100) -> Any:
        """What the retriever finds."""
        return self.retriever.search(queries, k)


@dataclass
class Work:
    """What a method needs besides data and settings: where to compute, where to keep, whom to tell."""

    ws: Workspace
    folder: Path  # checkpoints of this build; survives a kill
    device: Any
    progress: Progress = no_progress
    config: RunConfig | None = None
    stages: list[dict[str, Any]] = field(default_factory=list)
    lineage: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    snapshots: int = 0  # models kept on the way, at equal distances from the start on
    key: dict[str, Any] = field(default_factory=dict)  # what the model is made from, its settings left out
    build: Callable[..., Built] | None = None  # `build` on the same collection, budget, seed and machine

    def fit(
        self, what: str, model: Any, batches: Any, objective: Any, dev: Collection | None = None, **settings: Any
    ) -> Fitted:
        """The loop, with checkpoints, progress and run config taken care of; its curve goes into the report.

        A probe is asked about six times on the way: the one given, or a `DevProbe` on `dev` where it has such a split.
        """
        from retrievarium.training import DevProbe, fit, snapshot

        if dev is not None and "dev" in dev.splits:
            settings["probe"] = DevProbe(model, dev)

        about: dict[str, Any] = {"device": self.device, "config": self.config, "progress": self.progress, "what": what}
        about["probe_every"] = max(10, settings["steps"] // 60 * 10)
        if self.snapshots and hasattr(model, "save"):
            kept = self.folder / SNAPSHOTS / what.replace(" ", "-")
            about["snapshot"] = lambda step: snapshot(model, kept.with_name(f"{kept.name}-{step:06d}"))
            about["snapshot_at"] = {settings["steps"] * i // self.snapshots for i in range(self.snapshots)}
        fitted = fit(model, batches, objective, folder=self.folder / what.replace(" ", "-"), **about, **settings)
        self.stages.append({"what": what, **dataclasses.asdict(fitted)})
        return fitted

    def warm_start(self, collection: Collection, budget: Budget) -> Any:
        """The backbone all methods start from on this collection, see `pretraining.warm_start`."""
        return self.start(collection, budget).backbone

    def start(self, collection: Collection, budget: Budget) -> Start:
        """The same with the guessing head that was trained with it, which a lexical encoder begins from."""
        from retrievarium.pretraining import warm_start

        about = {"device": self.device, "config": self.config, "progress": self.progress}
        start = warm_start(collection, budget.exposure, ws=self.ws, **about)
        self.lineage["warm start"] = start.about
        return start

    def stage(
        self,
        what: str,
        about: dict[str, Any],
        make: Callable[[Work], Any],
        load: Callable[[Path], Any] | None = None,
    ) -> Any:
        """A model that several arms go on from: trained once, then read, so that they share it to the bit.

        Parameters
        ----------
        what, about: its name, and the settings it depends on beside method, budget, seed and collection.
        make: `make(work) -> model`, with checkpoints of its own; its curves and notes come into this report too.
        load: `load(folder) -> model`; dense towers by default.
        """
        from retrievarium.encoders import load_towers

        key = {**self.key, "stage": what, "settings": about}

        def write(folder: Path) -> None:
            own = dataclasses.replace(
                self, folder=self.ws.scratch("stages", key), stages=[], lineage={}, notes=[], snapshots=0
            )
            make(own).save(folder / "model")
            told = {"stages": own.stages, "lineage": own.lineage, "notes": own.notes}
            write_json(folder / "told.json", told)

        folder = self.ws.build("stages", key, write)
        told = read_json(folder / "told.json")
        self.stages += told["stages"]
        self.lineage |= told["lineage"]
        self.notes += told["notes"]
        return (load or load_towers)(folder / "model")

    def run_stages(self, start: Any, stages: Sequence[Stage], **common: Any) -> dict[str, Any]:
        """`training.run_stages` with every model kept, by its parents, its settings and the `common` ones; the lineage
        goes into the report. A stage's `train(work, init, made)` is given a `Work` of its own."""
        from retrievarium.training import model_fingerprint, run_stages

        def kept(stage: Stage) -> Stage:
            def train(init: Any, made: Any) -> Any:
                parents = {n: model_fingerprint(m) for n, m in {**made, stage.init: init}.items()}
                about = {**common, **stage.settings, "parents": parents}
                return self.stage(stage.name, about, lambda own: stage.train(own, init, made), stage.load)

            return dataclasses.replace(stage, train=train)

        models, lineage = run_stages(start, [kept(stage) for stage in stages])
        self.lineage["stages"] = [line.to_dict() for line in lineage]
        return models

    def built(self, key: str, **settings: Any) -> Built:
        """Another paper's model from the same collection, budget and seed: the one that `build` gives to everybody."""
        assert self.build is not None
        found = self.build(key, **settings)
        self.stages += found.report["stages"]
        self.lineage[key] = {n: found.report[n] for n in ("settings", "lineage", "seconds")}
        return found

    def kept(self, kind: str, key: dict[str, Any], make: Callable[[], Any]) -> Any:
        """A JSON value that is made once and then read back (mined negatives, for example)."""
        path = self.ws.build(kind, key, lambda folder: write_json(folder / "value.json", make()))
        return read_json(path / "value.json")


def check_split(collection: Collection) -> None:
    """Raises InputError, with the sentence how to split, for a collection that has no train split."""
    if "train" in collection.splits:
        return
    split = collection.default_split
    fix = (
        f'make one: {collection.name}.split(by="article", train=.6, dev=.1, seed=0)'.replace("-", "_")
        if split
        else 'import it with judgements, then: collection.split(by="article", train=.6, dev=.1, seed=0)'
    )
    raise InputError(f"{collection.name} has no train split to learn from", field="collection", fix=fix)


def resolve(chosen: Method, settings: dict[str, Any], budget: Budget) -> dict[str, Any]:
    """All settings of a method, those left out or None as the budget has them. Raises InputError for an unknown one."""
    unknown = sorted(set(settings) - set(chosen.settings))
    if unknown:
        raise InputError(
            f"{chosen.key} has no setting {unknown[0]!r}", field=unknown[0], expected=f"among {list(chosen.settings)}"
        )
    given = {**chosen.settings, **settings}
    return {n: getattr(budget, n, None) if v is None else v for n, v in given.items()}


def model_key(
    chosen: Method, collection: Collection, budget: Budget, seed: int, settings: dict[str, Any], device: str
) -> dict[str, Any]:
    """What a trained model is made from: its place in the workspace."""
    trained = {n: v for n, v in settings.items() if n not in chosen.serving}
    return {
        "method": chosen.key,
        "settings": trained,
        "budget": budget.to_dict(),
        "seed": seed,
        "collection": collection.fingerprint,
        "device": device,
        "code": file_hash(chosen.source)[:16],
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    return {n: importlib.metadata.version(n) for n in ("retrievarium", *_LIBRARIES)}


def build(
    key: str,
    collection: Collection,
    budget: str | Budget = "small",
    seed: int = 0,
    device: str | None = None,
    progress: Progress | None = None,
    *,
    ws: Workspace | None = None,
    threads: int | None = None,
    precision: str | None = None,
    snapshots: int = 0,
    **settings: Any,
) -> Built:
    """Train a paper's method on a collection's train split, or load it where the same was trained before.

    Parameters
    ----------
    key: a method's key, e.g. "dpr"; `methods()` lists them with their settings.
    budget: "smoke", "small" or "full", or a `Budget`.
    seed: of initial weights and data order.
    device: "cpu", "cuda", or None for a GPU where there is one.
    progress: told of every step; may raise `Cancelled`, which keeps the checkpoint: the next call goes on from it.
    threads, precision: measured on this machine unless given.
    snapshots: so many models on the way are kept beside the last one, for a time-lapse; a model that is loaded, since
        the same was trained before, has those that were kept then.
    settings: the method's own; what is left out is the budget's.

    Raises
    ------
    InputError: the collection has no train split, or there is no such setting.
    MissingError: there is no such method, or it is only planned.
    """
    from retrievarium.training import RunConfig, best_device

    chosen, budget, ws = method_named(key), Budget.named(budget), ws or workspace()
    check_split(collection)
    resolved = resolve(chosen, settings, budget)
    where = best_device(device)
    sealed = collection.without_test()  # no method sees a test judgement
    full_key = model_key(chosen, collection, budget, seed, resolved, where.type)
    if threads or precision:
        full_key["computed with"] = [threads, precision]
    config = RunConfig(threads or 0, precision or "fp32") if threads or precision else None

    def make(folder: Path) -> None:
        began = time.perf_counter()
        common = {n: v for n, v in full_key.items() if n != "settings"}
        scratch = ws.scratch("models", full_key)
        work = Work(ws, scratch, where, progress or no_progress, config, key=common, snapshots=snapshots)
        work.build = lambda other, **its: build(
            other, collection, budget, seed, device, progress, ws=ws, threads=threads, precision=precision, **its
        )
        trained = {n: v for n, v in resolved.items() if n not in chosen.serving}
        model = chosen.train(sealed, budget, seed, work, **trained)
        model.save(folder / chosen.key)
        if (scratch / SNAPSHOTS).is_dir():
            shutil.move(scratch / SNAPSHOTS, folder / SNAPSHOTS)
        report = {
            "method": chosen.key,
            "settings": trained,
            "budget": budget.to_dict(),
            "seed": seed,
            "collection": {"name": collection.name, "fingerprint": collection.fingerprint},
            "stages": work.stages,
            "lineage": work.lineage,
            "notes": work.notes,
            "seconds": round(time.perf_counter() - began, 2),
            "device": str(where),
            "machine": platform.machine(),
            "versions": versions(),
        }
        write_json(folder / "report.json", report)

    folder = ws.build("models", full_key, make)
    model = chosen.load(folder / chosen.key, str(where))
    serving = {n: resolved[n] for n in chosen.serving}
    retriever = chosen.serve(sealed, model, ws, **serving)
    return Built(retriever, model, {**read_json(folder / "report.json"), "serving": serving}, folder)
