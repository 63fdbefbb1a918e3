"""Our layout against umap-learn's default: seconds as a ratio, kept@15 beside it, warm and in a fresh process.

One run, one machine, in turns on the same data: clustered unit vectors of 384 dimensions, cosine. Processor time is
counted, over all threads, so that neighbours on the machine matter little.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from retrievarium.analysis import kept_at_k, umap

SIZES = (5_000, 20_000)
K = 15
ATLEAST = 2.0  # times umap-learn's speed, warm
COLD = """
import json, sys, time
sys.path.insert(0, sys.argv[3])
from test_projection import cloud
x = cloud(int(sys.argv[2]))
made = time.process_time()
if sys.argv[1] == "ours":
    from retrievarium.analysis import umap
    umap(x)
else:
    from umap import UMAP
    UMAP(metric="cosine").fit_transform(x)
print(json.dumps(time.process_time() - made))
"""


def cloud(n: int, d: int = 384, groups: int = 100) -> np.ndarray:
    """Unit vectors in groups, each spread along a dozen directions of its own."""
    rng = np.random.default_rng(n)
    centres, sheets = rng.normal(size=(groups, d)), rng.normal(size=(groups, 12, d))
    label = rng.integers(groups, size=n)
    x = np.empty((n, d), dtype=np.float32)
    for g in range(groups):
        own = label == g
        x[own] = centres[g] + 0.35 * rng.normal(size=(own.sum(), 12)) @ sheets[g]
    x += rng.normal(size=(n, d)) * 0.3
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def cold(which: str, n: int) -> float:
    """Processor seconds of a first layout in a fresh process, imports and compilation included."""
    folder = str(Path(__file__).parent)
    told = subprocess.run(
        [sys.executable, "-c", COLD, which, str(n), folder], capture_output=True, text=True, check=True
    )
    return float(json.loads(told.stdout.strip().splitlines()[-1]))


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("n", SIZES)
def test_a_layout_is_quicker_than_umap_learns_and_keeps_as_many_neighbours(n: int) -> None:
    from umap import UMAP

    x = cloud(n)
    ours: list[float] = []
    theirs: list[float] = []
    kept: tuple[list[float], list[float]] = ([], [])
    umap(x[:500], epochs=5)  # compiled
    UMAP(metric="cosine").fit_transform(cloud(5_000)[:4_500])
    for _ in range(2 if n < 10_000 else 1):  # taken in turns, so that other work on the machine meets both
        began = time.process_time()
        mine = umap(x)
        ours.append(time.process_time() - began)
        began = time.process_time()
        other = UMAP(metric="cosine").fit_transform(x)
        theirs.append(time.process_time() - began)
        rows = np.sort(np.random.default_rng(0).choice(n, min(n, 2_000), replace=False))
        for layout, told in zip((mine, other), kept, strict=True):
            told.append(float(kept_at_k(x, layout, K, rows=rows).mean()))
    ratio = min(theirs) / min(ours)
    print(
        f"\n{n:,} x 384 warm: ours {min(ours):.1f} s, umap-learn {min(theirs):.1f} s, {ratio:.1f} times; "
        f"kept@{K} {np.mean(kept[0]):.3f} and {np.mean(kept[1]):.3f}"
    )
    assert np.mean(kept[0]) >= np.mean(kept[1]) - 0.005
    assert ratio >= ATLEAST


@pytest.mark.timeout(1_200)
def test_a_cold_process_does_not_make_anybody_wait_for_a_compiler() -> None:
    mine, other = cold("ours", 5_000), cold("theirs", 5_000)
    print(f"\n5,000 x 384 in a fresh process: ours {mine:.1f} s, umap-learn {other:.1f} s, {other / mine:.1f} times")
    assert other / mine >= 4
