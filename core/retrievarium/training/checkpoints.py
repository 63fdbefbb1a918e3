"""Checkpoints: weights and optimizer state as safetensors, everything else as JSON. Never a pickle.

    <folder>/step-00000200/weights.safetensors     every parameter and buffer by name
                           optimizer.safetensors   `<parameter>|<what>`, e.g. `layer.weight|exp_avg`
                           state.json              step, settings, run config, curve, seconds

A checkpoint takes its name only once it is whole, so a kill at any moment leaves the one before.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from retrievarium.contracts import InputError
from retrievarium.workspace import read_json, write_json


def named_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Every parameter and kept buffer once, by name; a shared parameter stands under its first name."""
    kept = model.state_dict(keep_vars=True)
    tensors: dict[str, Tensor] = dict(model.named_parameters())
    tensors |= {n: b for n, b in model.named_buffers() if n in kept}
    return {n: t.detach() for n, t in tensors.items()}


def _cpu(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {n: t.detach().cpu().contiguous() for n, t in tensors.items()}


def save_weights(model: nn.Module, path: Path) -> None:
    save_file(_cpu(named_tensors(model)), str(path))


@torch.no_grad()
def load_weights(model: nn.Module, path: Path) -> None:
    """Copy saved weights into a model of the same shape. Raises InputError where names or shapes differ."""
    saved, own = load_file(str(path)), named_tensors(model)
    if saved.keys() != own.keys() or any(saved[n].shape != own[n].shape for n in own):
        raise InputError("the weights belong to another model", path=path, fix="train again in an empty folder")
    for name, tensor in own.items():
        tensor.copy_(saved[name])


def save(folder: Path, step: int, model: nn.Module, optimizer: Optimizer, names: Mapping[Any, str], state: Any) -> None:
    """Write `step-<step>` and remove the ones before it."""
    final = folder / f"step-{step:08d}"
    temporary = folder / f".step-{step:08d}.{os.getpid()}.part"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    save_weights(model, temporary / "weights.safetensors")
    moments = {f"{names[p]}|{k}": v for p, slots in optimizer.state.items() for k, v in slots.items()}
    save_file(_cpu(moments), str(temporary / "optimizer.safetensors"))
    write_json(temporary / "state.json", {"step": step, **state})
    shutil.rmtree(final, ignore_errors=True)
    os.replace(temporary, final)
    for old in folder.glob("step-*"):
        if old != final:
            shutil.rmtree(old, ignore_errors=True)


def snapshot(model: Any, folder: Path) -> None:
    """The model as it is now, by its own `save`, in a folder that takes its name once it is whole; kept if there."""
    part = folder.with_name(f".{folder.name}.part")
    if not folder.exists():
        shutil.rmtree(part, ignore_errors=True)
        part.parent.mkdir(parents=True, exist_ok=True)
        model.save(part)
        os.replace(part, folder)


def newest(folder: Path) -> Path | None:
    """The last whole checkpoint in `folder`, if there is one."""
    found = sorted(folder.glob("step-*/state.json")) if folder.is_dir() else []
    return found[-1].parent if found else None


def load(checkpoint: Path, model: nn.Module, optimizer: Optimizer, names: Mapping[Any, str]) -> dict[str, Any]:
    """Put weights and optimizer state back in place; returns what `state.json` holds."""
    load_weights(model, checkpoint / "weights.safetensors")
    moments = load_file(str(checkpoint / "optimizer.safetensors"))
    for parameter, name in names.items():
        slots = {k.rsplit("|", 1)[1]: v for k, v in moments.items() if k.rsplit("|", 1)[0] == name}
        # AdamW keeps its step count on the CPU, its moments beside the parameter
        optimizer.state[parameter] = {k: v if k == "step" else v.to(parameter.device) for k, v in slots.items()}
    return dict(read_json(checkpoint / "state.json"))
