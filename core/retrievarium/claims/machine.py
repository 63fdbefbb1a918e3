"""What a result was computed with: library versions and the kind of machine. No host names, no paths."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from pathlib import Path
from typing import Any

_LIBRARIES = (
    "retrievarium",
    "torch",
    "transformers",
    "sentence-transformers",
    "tokenizers",
    "numpy",
    "bm25s",
    "faiss-cpu",
)


def versions() -> dict[str, str]:
    """Installed versions of what a result depends on; a library that is not installed is left out."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.lower().startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def hardware() -> dict[str, Any]:
    """Processor, cores, threads, and the GPU where torch sees one. Does not import torch by itself."""
    torch = sys.modules.get("torch")
    threads = torch.get_num_threads() if torch else int(os.environ.get("OMP_NUM_THREADS") or 0) or os.cpu_count()
    gpu = torch.cuda.get_device_name() if torch and torch.cuda.is_available() else None
    return {"cpu": _cpu(), "cores": os.cpu_count(), "threads": threads, "gpu": gpu, "system": platform.system()}
