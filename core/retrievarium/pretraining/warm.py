"""The start that all methods on a collection share: the language first, then this collection's own words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrievarium.contracts import Progress, no_progress
from retrievarium.encoders import MLMHead, extend_backbone
from retrievarium.pretraining.mlm import MLM
from retrievarium.pretraining.start import Start, random_start, shipped_fingerprint, shipped_start
from retrievarium.pretraining.tasks import pretrain
from retrievarium.training import stream
from retrievarium.workspace import Workspace, content_hash, workspace

if TYPE_CHECKING:
    from retrievarium.data import Collection

EXTRA_PIECES = 1_000
_HELD_OUT = 200


def exposure_texts(collection: Collection) -> list[str]:
    """What an encoder may read beforehand: the table `exposure_text` where there is one, else the passages."""
    table = collection.tables.get("exposure_text")
    return table.column("text").to_pylist() if table is not None else collection.passages.joined


def warm_start(
    collection: Collection,
    steps: int,
    seed: int = 0,
    *,
    batch: int = 32,
    lr: float = 5e-4,
    ws: Workspace | None = None,
    progress: Progress = no_progress,
    **settings: Any,
) -> Start:
    """The shared start: made once for a collection and a number of steps, then read from the workspace.

    The shipped language start (random weights where it is absent, and `about["start"]` says so), its vocabulary
    extended by pieces learned on the collection's exposure text, each new embedding the mean of its old pieces; then
    `steps` steps of masked language modelling on that text. Without exposure text the passages take its place.

    Parameters
    ----------
    steps, batch, lr: of the exposure stage; 0 steps leave the language start, with its vocabulary extended.
    settings: passed on to `fit` (device, config).
    """
    ws, texts = ws or workspace(), exposure_texts(collection)
    key = {
        "start": shipped_fingerprint(),
        "texts": content_hash(texts),
        "extra": EXTRA_PIECES,
        "steps": steps,
        "batch": batch,
        "lr": lr,
        "seed": seed,
        "config": repr(settings.get("config")),
        "head": "kept",
    }

    def make(folder: Path) -> None:
        order = stream(seed, "held out").permutation(len(texts)).tolist()
        held = order[: min(_HELD_OUT, len(texts) // 5)]
        held_out, read = [texts[i] for i in held], [texts[i] for i in sorted(set(order) - set(held))]
        language = shipped_start()
        if language is None:
            start = random_start(read, seed)
        else:
            backbone = extend_backbone(language.backbone, read, EXTRA_PIECES)
            start = Start(backbone, {"start": language.about}, language.head)
        task = MLM(start.backbone)
        if start.head is not None:
            task = MLM(start.backbone, head=start.head.extended(len(task.embeddings)))
        fitted = pretrain(
            task,
            read,
            steps,
            seed,
            batch=batch,
            lr=lr,
            held_out=held_out,
            folder=ws.scratch("starts", key),
            progress=progress,
            what="reading the collection's text",
            **settings,
        )
        exposure = {"texts": len(read), "steps": steps, "batch": batch, "lr": lr, "vocabulary": len(task.embeddings)}
        exposure |= {"curve": fitted.curve, "seconds": fitted.seconds}
        Start(task.detach_heads(), {**start.about, "exposure": exposure}, MLMHead.like(task)).save(folder)

    return Start.load(ws.build("starts", key, make))
