"""Training in stages, with the record of what each one started from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from retrievarium.contracts import InputError
from retrievarium.training.checkpoints import named_tensors

START = "start"


@dataclass(frozen=True)
class Stage:
    """One model of several.

    Parameters
    ----------
    name: what later stages call it.
    train: `train(init, made) -> model`, from a copy of the parent and the models made so far, by name.
    init: the parent, "start" (the shared beginning) or an earlier stage. A setting, so that it is never an accident:
        whether a stage goes on from the one before or begins anew changes what it learns.
    uses: earlier stages it needs beside its parent (to mine with, to be taught by); `made` holds no others.
    settings: what its model depends on beside these; `load`: how its model is read back. For whoever keeps stages.
    """

    name: str
    train: Callable[..., Any]
    init: str = START
    uses: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    load: Callable[[Path], Any] | None = None


@dataclass(frozen=True)
class Parent:
    """One line of the lineage: `init` and `uses` map names to the fingerprints they had."""

    stage: str
    init: dict[str, str]
    uses: dict[str, str] = field(default_factory=dict)
    fingerprint: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def model_fingerprint(model: Any) -> str:
    """16 hex digits: the model's own fingerprint, else a hash of its tensors."""
    if hasattr(model, "fingerprint"):
        return str(model.fingerprint)
    digest = hashlib.sha256()
    for name, tensor in sorted(named_tensors(model).items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def run_stages(start: Any, stages: Sequence[Stage]) -> tuple[dict[str, Any], list[Parent]]:
    """Models by stage, and the lineage in order. A stage cannot change its parent: it receives a copy.

    Raises InputError for a name used twice, or a parent that is not made before.
    """
    made: dict[str, Any] = {START: start}
    known = {START: model_fingerprint(start)}
    lineage: list[Parent] = []
    for stage in stages:
        if stage.name in made:
            raise InputError(f"two stages are called {stage.name!r}", field="name", fix="another name")
        for name in (stage.init, *stage.uses):
            if name not in made:
                raise InputError(f"stage {stage.name!r} needs {name!r}", expected=f"one of {list(made)}")
        before = {name: known[name] for name in (stage.init, *stage.uses)}
        model = stage.train(deepcopy(made[stage.init]), {n: made[n] for n in stage.uses})
        made[stage.name], known[stage.name] = model, model_fingerprint(model)
        init, uses = {stage.init: before[stage.init]}, {n: before[n] for n in stage.uses}
        lineage.append(Parent(stage.name, init, uses, known[stage.name]))
    del made[START]
    return made, lineage
