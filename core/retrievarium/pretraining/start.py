"""Where training starts from: a backbone that has read some text, and the record of what it read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from retrievarium.encoders import Backbone, MLMHead, train_wordpiece
from retrievarium.training.checkpoints import load_weights, save_weights
from retrievarium.workspace import content_hash, file_hash, read_json, shipped, write_json

VOCABULARY, LAYERS, DIM, HEADS, LONGEST = 4_000, 4, 128, 2, 160
_ABOUT, _HEAD = "about.json", "head.safetensors"


@dataclass(frozen=True)
class Start:
    """A backbone to copy, and how it came to be (texts, steps, curve, held-out loss).

    head: the guessing head that was trained with it, where it was kept: a lexical encoder begins from it.
    """

    backbone: Backbone
    about: dict[str, Any] = field(default_factory=dict)
    head: MLMHead | None = None

    def save(self, folder: Path, half: bool = False) -> Path:
        """A transformers folder and `about.json`; `half` stores float16, which costs no measurable quality here."""
        kept = self.backbone
        if half:
            kept.model.half()
        kept.save(folder)
        if half:
            kept.model.float()
        if self.head is not None:
            save_weights(self.head, folder / _HEAD)
        write_json(folder / _ABOUT, self.about)
        return folder

    @classmethod
    def load(cls, folder: Path) -> Start:
        backbone, head = Backbone.load(folder, LONGEST), None
        if (folder / _HEAD).is_file():
            head = MLMHead(backbone.dim, len(backbone.model.embeddings.word_embeddings.weight))
            load_weights(head, folder / _HEAD)
        return cls(backbone, read_json(folder / _ABOUT), head)


def random_start(texts: Sequence[str], seed: int = 0) -> Start:
    """Random weights under a vocabulary learned on these texts."""
    tokenizer = train_wordpiece(texts, VOCABULARY, LONGEST)
    backbone = Backbone(tokenizer, LAYERS, DIM, HEADS, LONGEST, dropout=0.0, seed=seed)
    return Start(backbone, {"start": "random weights", "seed": seed})


def shipped_folder() -> Path | None:
    """The warm start for World-like text that we ship, where it is there."""
    folder = shipped("warm_start")
    return folder if (folder / _ABOUT).is_file() else None


def shipped_fingerprint() -> str:
    """What the shipped start is, in 16 hex digits; "none" where there is none."""
    folder = shipped_folder()
    if folder is None:
        return "none"
    return content_hash(
        [file_hash(folder / name) for name in ("model.safetensors", _HEAD) if (folder / name).is_file()]
    )


def shipped_start() -> Start | None:
    folder = shipped_folder()
    return Start.load(folder) if folder else None
