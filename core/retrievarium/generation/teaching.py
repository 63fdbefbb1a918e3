"""A tiny writer is taught to decompose, on Worlds that are never searched with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrievarium.contracts import Progress, no_progress
from retrievarium.generation.decomposing import NOTHING, SEPARATOR, sentence_prompt
from retrievarium.generation.tiny import TinyGenerator
from retrievarium.generation.training import train_generator
from retrievarium.workspace import Workspace, content_hash, file_hash, workspace

if TYPE_CHECKING:
    from retrievarium.data import Collection

WORLDS = (31, 32, 33)
"""Seeds of the Worlds it learns on: neither those that develop (1 to 9) nor those that judge (101 to 120)."""
STEPS = 1_200


def lessons(collection: Collection) -> tuple[list[str], list[str]]:
    """A prompt for every sentence of a World, and its propositions (or that there are none)."""
    told: dict[tuple[str, int], list[str]] = {}
    for row in collection.tables["propositions"].to_pylist():
        told.setdefault((row["passage_id"], row["sentence"]), []).append(row["text"])
    prompts, texts = [], []
    own = collection.passages.column("sentences") or []
    for passage, title, sentences in zip(collection.passages.ids, collection.passages.titles, own, strict=True):
        for at in range(len(sentences)):
            prompts.append(sentence_prompt(title, sentences, at))
            texts.append(SEPARATOR.join(told.get((passage, at), [NOTHING])))
    return prompts, texts


def taught_writer(
    worlds: Sequence[int] = WORLDS, steps: int = STEPS, seed: int = 0, *, passages: int = 800,
    ws: Workspace | None = None, progress: Progress = no_progress, **settings: Any,
) -> TinyGenerator:  # fmt: skip
    """The tiny writer, taught once and then read from the workspace; a stopped teaching goes on."""
    from retrievarium.data import World

    ws = ws or workspace()
    key = {
        "worlds": list(worlds),
        "passages": passages,
        "steps": steps,
        "seed": seed,
        "settings": {k: repr(v) for k, v in settings.items()},
        "code": content_hash([file_hash(Path(__file__))[:16]]),
    }

    def make(folder: Path) -> None:
        prompts: list[str] = []
        texts: list[str] = []
        for number in worlds:
            found = lessons(World(number, passages, train_questions=20).collection())
            prompts, texts = prompts + found[0], texts + found[1]
        about: dict[str, Any] = {"vocabulary": 2_000, "longest": 64, "longest_prompt": 120, "batch": 32, **settings}
        fitting = {"folder": ws.scratch("decomposers", key), "progress": progress}
        about |= {"kind": "seq2seq", "name": "seq2seq"}
        writer, _ = train_generator(prompts, texts, steps, seed, fitting=fitting, **about)
        writer.save(folder / "writer")

    return TinyGenerator.load(ws.build("decomposers", key, make) / "writer")
