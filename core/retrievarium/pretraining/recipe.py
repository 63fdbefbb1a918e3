"""The recipe of the shipped language start: masked language modelling on Worlds that no claim is measured on.

    python -m retrievarium.pretraining.recipe sample_data/warm_start --scratch /tmp/warm-start

Resumable: killed, it goes on from its last checkpoint. The same seeds give the same text; the weights depend on the
machine in their last bits, so the ones that are shipped are committed with their curve.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from retrievarium.data import World
from retrievarium.encoders import MLMHead
from retrievarium.pretraining.mlm import MLM
from retrievarium.pretraining.start import Start, random_start
from retrievarium.pretraining.tasks import pretrain
from retrievarium.training import RunConfig

SEEDS = (901, 902, 903, 904, 905, 906)  # far from the ones that develop (1 to 9) and judge (101 to 120)
HELD_OUT_SEED = 999
HELD_OUT = 400
STEPS, BATCH, LR = 3_000, 64, 1.5e-3


def language_texts(seed: int, passages: int = 5_000) -> list[str]:
    """Index passages and exposure text of one World."""
    collection = World(seed, passages).collection()
    return [*collection.passages.joined, *collection.tables["exposure_text"].column("text").to_pylist()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--precision", default="fp32")
    args = parser.parse_args()

    texts = [t for seed in SEEDS for t in language_texts(seed)]
    other = language_texts(HELD_OUT_SEED, 500)
    held_out = other[:: max(1, len(other) // HELD_OUT)][:HELD_OUT]
    # the vocabulary is learned on one text in eight: enough to know the pieces, quick enough to repeat
    fresh = args.scratch / "untrained"
    if not (fresh / "about.json").is_file():
        random_start(texts[::8]).save(fresh)
    task = MLM(Start.load(fresh).backbone)

    def progress(done: int, total: int, what: str, metrics: Mapping[str, float]) -> None:
        if metrics and done % 100 == 0:
            print(done, total, {k: round(v, 4) for k, v in metrics.items()}, file=sys.stderr, flush=True)

    fitted = pretrain(
        task,
        texts,
        args.steps,
        seed=0,
        batch=BATCH,
        lr=LR,
        held_out=held_out,
        probe_every=max(1, args.steps // 20 // 10 * 10),
        config=RunConfig(args.threads, args.precision),
        folder=args.scratch,
        checkpoint_every=250,
        progress=progress,
    )
    points = [e for e in fitted.curve if "held-out loss" in e or e["step"] % 100 == 0]
    about = {
        "task": "masked language modelling, whole words, 15%",
        "texts": {"world seeds": list(SEEDS), "passages and exposure texts": len(texts)},
        "held out": {"world seed": HELD_OUT_SEED, "texts": len(held_out)},
        "steps": args.steps,
        "batch": BATCH,
        "lr": LR,
        "precision": args.precision,
        "seconds": round(fitted.seconds),
        "curve": [{k: round(v, 4) for k, v in e.items() if k in ("step", "loss", "held-out loss")} for e in points],
    }
    shutil.rmtree(args.folder, ignore_errors=True)
    Start(task.detach_heads(), about, MLMHead.like(task)).save(args.folder, half=True)


if __name__ == "__main__":
    main()
