"""Exposure: mentions as drawn, arms reversed, slices, balance."""

from __future__ import annotations

from collections import Counter

from retrievarium.data.collection import Collection
from retrievarium.data.world import World
from retrievarium.data.world.balance import balance
from retrievarium.data.world.draws import Draw
from retrievarium.data.world.exposure import balanced_steps


def test_text_mentions_each_entity_as_often_as_drawn(arm_a: Collection) -> None:
    counted = Counter(e for row in arm_a.tables["exposure_text"].column("entities").to_pylist() for e in row)
    levels = {row["entity"]: row["mentions"] for row in arm_a.tables["exposure"].to_pylist()}
    assert set(levels.values()) == {0, 1, 4, 16, 64, 256}
    for entity, mentions in levels.items():
        assert counted[entity] == mentions
    names = {row["id"]: row for row in arm_a.tables["entities"].to_pylist()}
    for row in arm_a.tables["exposure_text"].slice(0, 200).to_pylist():
        text = row["text"].lower()
        assert all(any(token in text for token in names[entity]["tokens"]) for entity in row["entities"])


def test_arm_b_is_the_reverse_of_arm_a(world: World, arm_a: Collection, arm_b: Collection) -> None:
    a = {row["entity"]: row for row in arm_a.tables["exposure"].to_pylist()}
    b = {row["entity"]: row for row in arm_b.tables["exposure"].to_pylist()}
    assert all(a[entity]["step"] + b[entity]["step"] == 5 for entity in a)
    assert all(world.popularity(entity, "B") == row["mentions"] for entity, row in b.items())


def test_exposure_text_tells_nothing_that_is_tested(arm_a: Collection) -> None:
    tokens = {row["id"]: row["tokens"] for row in arm_a.tables["entities"].to_pylist()}
    sentences = [
        part.lower() for text in arm_a.tables["exposure_text"].column("text").to_pylist() for part in text.split(". ")
    ]

    def told(row: dict[str, str]) -> bool:
        value, names = row["value"].lower(), tokens[row["subject"]]
        return any(value in sentence and any(name in sentence for name in names) for sentence in sentences)

    facts = arm_a.tables["facts"].to_pylist()
    described = set(arm_a.tables["exposure"].column("entity").to_pylist())
    literal = [row for row in facts if not row["object"] and row["subject"] in described]
    asked = [row for row in literal if row["asked"] == "test" or row["held_out"]]
    others = [row for row in literal if not row["asked"] and not row["held_out"]]
    assert asked
    assert not any(told(row) for row in asked)
    assert any(told(row) for row in others)  # guard: the search finds what is told


def test_training_questions_follow_exposure(world: World, arm_a: Collection) -> None:
    role = {row["id"]: row for row in arm_a.tables["entities"].to_pylist()}
    by_step: dict[int, list[int]] = {}
    for row in arm_a.tables["exposure"].to_pylist():
        entity = role[row["entity"]]
        if entity["role"] == "test" and not entity["unseen"]:
            by_step.setdefault(row["step"], []).append(row["train_questions"])
        if entity["role"] == "test" and entity["unseen"]:
            assert row["train_questions"] == 0
    means = [sum(by_step[step]) / len(by_step[step]) for step in range(6)]
    assert means == sorted(means)
    assert means[5] > 4 * means[1]
    assert max(max(counts) for counts in by_step.values()) <= 16


def test_slices_partition_the_questions(arm_a: Collection) -> None:
    by_slice: dict[str, set[str]] = {}
    for row in arm_a.tables["slices"].to_pylist():
        by_slice.setdefault(row["slice"], set()).add(row["query_id"])
    everything = set(arm_a.queries.ids)
    for parts in (("seen-pattern", "unseen-pattern", "unseen-relation"), ("seen-entity", "unseen-entity")):
        assert sum(len(by_slice[part]) for part in parts) == len(everything)
        assert set().union(*(by_slice[part] for part in parts)) == everything
    assert not by_slice["rare"] & by_slice["common"]
    assert len(by_slice["verbatim"]) == len(by_slice["paraphrase"]) == len(everything) // 5
    overlap = {row["query_id"]: row["overlap"] for row in arm_a.tables["causes"].to_pylist()}
    assert min(overlap[q] for q in by_slice["verbatim"]) >= max(overlap[q] for q in by_slice["paraphrase"])


def test_common_and_rare_change_places_between_arms(arm_a: Collection, arm_b: Collection) -> None:
    def members(collection: Collection, name: str) -> set[str]:
        return {row["query_id"] for row in collection.tables["slices"].to_pylist() if row["slice"] == name}

    assert members(arm_a, "rare") == members(arm_b, "common")
    assert members(arm_a, "rare")


def test_swaps_balance_what_chance_leaves_apart() -> None:
    draw = Draw(1, "features")
    raw = [[draw.between(-100, 100) for _ in range(5)] for _ in range(240)]
    strata = [i % 2 for i in range(240)]

    def worst(steps: list[int]) -> float:
        return max(abs(sum(raw[i][c] for i in range(240) if steps[i] == s)) for s in range(6) for c in range(5))

    before = worst([(i // 2) % 6 for i in range(240)])
    steps = balanced_steps(raw, [60] * 5, strata, Draw(1, "steps"))
    assert worst(steps) < before / 2
    for stratum in (0, 1):
        assert set(Counter(s for s, t in zip(steps, strata, strict=True) if t == stratum).values()) == {20}


def test_buckets_are_balanced() -> None:
    found = {item.feature: item for item in balance(World(2, 2000).book)}
    assert len(found) > 50
    # 40 subjects a bucket: half of what chance would leave; at 5,000 passages the limit is .05 (see the slow test).
    assert max(abs(item.rare_common) for item in found.values()) < 0.1
