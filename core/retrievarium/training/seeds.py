"""One random stream for each purpose, so that no draw depends on how many draws came before it elsewhere."""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, purpose: str, *steps: int) -> np.random.Generator:
    """A generator that depends on `(seed, purpose, steps)` alone, the same in every process and on every platform."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode("utf-8")), *steps])


def torch_seed(seed: int, purpose: str, *steps: int) -> int:
    """A seed for `torch.manual_seed` that depends on `(seed, purpose, steps)` alone."""
    return int(stream(seed, purpose, *steps).integers(0, 2**62))
