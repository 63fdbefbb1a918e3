"""Same seed, same bytes: in other processes, under other hash seeds, and for both arms."""

from __future__ import annotations

import os
import subprocess
import sys

from retrievarium.data.collection import Collection
from retrievarium.data.world import World
from retrievarium.data.world.draws import Draw, log2_steps

PRINT = "from retrievarium.data.world import World; print(World(5, 200).collection('B').fingerprint)"


def test_draws_are_pinned() -> None:
    draw = Draw(7, "names")
    assert [draw.below(1000) for _ in range(6)] == [469, 618, 912, 15, 624, 619]
    assert Draw(7, "other").below(1000) != 469
    assert Draw(8, "names").below(1000) != 469


def test_other_processes_and_hash_seeds_write_the_same_world() -> None:
    found = set()
    for hash_seed in ("0", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        result = subprocess.run(
            [sys.executable, "-c", PRINT], env=environment, capture_output=True, text=True, check=True
        )
        found.add(result.stdout.strip())
    found.add(World(5, 200).collection("B").fingerprint)
    assert len(found) == 1
    assert World(6, 200).collection("B").fingerprint not in found  # guard: the fingerprint can tell Worlds apart


def test_arms_share_index_test_questions_and_qrels(arm_a: Collection, arm_b: Collection) -> None:
    assert arm_a.passages.table.equals(arm_b.passages.table)
    assert arm_a.queries.table.equals(arm_b.queries.table)
    for split in ("test", "dev"):
        assert arm_a.split_named(split).qrels.table.equals(arm_b.split_named(split).qrels.table)
    # Guard: what is meant to differ does.
    assert not arm_a.train.queries.table.equals(arm_b.train.queries.table)
    assert not arm_a.tables["exposure_text"].equals(arm_b.tables["exposure_text"])


def test_log2_steps_are_close_to_the_logarithm() -> None:
    assert log2_steps(8, 1) == 192
    assert log2_steps(1000, 1000) == 0
    assert abs(log2_steps(5001, 17) / 64 - 8.2005) < 0.05
