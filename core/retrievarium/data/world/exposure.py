"""Exposure: who is mentioned how often in the text that encoders are pre-trained on, drawn at random and balanced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from retrievarium.data.world.banks import Bank
from retrievarium.data.world.cast import Entity
from retrievarium.data.world.dials import Dials
from retrievarium.data.world.draws import Draw
from retrievarium.data.world.ids import Ids
from retrievarium.data.world.plan import Fact, Plan
from retrievarium.data.world.relations import KINDS
from retrievarium.data.world.words import with_article

Ints = npt.NDArray[np.int64]
LOOK = 350  # partners looked at for one swap
TRAIN_QUESTIONS = (1, 1, 2, 4, 8, 16)  # about a seen test subject, by step of exposure


def _scaled(features: list[list[int]], spreads: list[int]) -> Ints:
    """Features over their spreads, in hundredths (n, f); a feature without spread becomes 0."""
    rows = [[200 * v // (2 * s) if s else 0 for v, s in zip(row, spreads, strict=True)] for row in features]
    return np.array(rows, dtype=np.int64)


def balanced_steps(
    features: list[list[int]], spreads: list[int], strata: list[int], draw: Draw, rounds: int = 12
) -> list[int]:
    """A random step 0 to 5 for each subject, then swaps within a stratum while they bring the steps' sums closer.

    Swaps first lower the sum of squares of the sums, then of their fourth powers, which works on the largest.

    Parameters
    ----------
    features: (n, f) integers, what must not differ between steps, as deviations from the mean.
    spreads: (f,) the standard deviation that each feature is measured against.
    strata: (n,) subjects of different strata never swap.

    Returns
    -------
    (n,) steps; each stratum holds every step equally often (to one).
    """
    steps = [0] * len(strata)
    for stratum in sorted(set(strata)):
        members = draw.shuffled([i for i, s in enumerate(strata) if s == stratum])
        offset = draw.below(6)
        for position, member in enumerate(members):
            steps[member] = (position + offset) % 6
    x = _scaled(features, spreads)
    at = np.array(steps, dtype=np.int64)
    members_of = {s: np.array([i for i, t in enumerate(strata) if t == s], dtype=np.int64) for s in sorted(set(strata))}
    for power in (2, 4):
        for _ in range(rounds if len(strata) <= 4 * LOOK else 1):  # large Worlds balance themselves
            if not _swap_once(x, at, strata, members_of, draw, power):
                break
    return [int(step) for step in at]


def _swap_once(x: Ints, at: Ints, strata: list[int], members_of: dict[int, Ints], draw: Draw, power: int) -> bool:
    """One pass: each subject makes its best swap, if any is good. Changes `at`; whether it did."""
    sums = np.zeros((6, x.shape[1]), dtype=np.int64)
    np.add.at(sums, at, x)
    changed = False
    for i in draw.shuffled(range(len(strata))):
        others = members_of[strata[i]]
        if len(others) > LOOK:
            start = draw.below(len(others))
            others = np.take(others, range(start, start + LOOK), mode="wrap")
        mine = int(at[i])
        gain = x[others] - x[i]  # (m, f) what my step gains by the swap
        before = (sums[mine] ** power).sum() + (sums[at[others]] ** power).sum(axis=1)
        after = ((sums[mine] + gain) ** power).sum(axis=1) + ((sums[at[others]] - gain) ** power).sum(axis=1)
        change = np.where(at[others] == mine, 0, after - before)
        best = int(np.argmin(change))
        if change[best] < 0:
            j = int(others[best])
            sums[mine] += gain[best]
            sums[at[j]] -= gain[best]
            at[i], at[j] = at[j], mine
            changed = True
    return changed


def arm_step(step: int, arm: str) -> int:
    """The step in an arm: arm B is the reverse of arm A."""
    return step if arm == "A" else 5 - step


class ExposureWriter:
    """Prose about the described entities, each named as often as its step says."""

    def __init__(self, seed: str, plan: Plan, bank: Bank, dials: Dials, steps: list[int], barred: set[int]) -> None:
        self.seed, self.plan, self.bank, self.dials, self.steps = seed, plan, bank, dials, steps
        self.barred = barred  # facts that training text must not tell

    def write(self, arm: str, ids: Ids) -> Iterator[dict[str, Any]]:
        """Rows `id`, `text`, `entities`: four sentences a row, one entity of the cast in each."""
        levels = self.dials.levels
        queue = []
        for entity in self.plan.cast.described:
            queue += [entity.number] * levels[arm_step(self.steps[entity.number], arm)]
        draw = Draw(self.seed, "exposure", arm)
        queue = draw.shuffled(queue)
        for row, start in enumerate(range(0, len(queue), 4)):
            used: set[str] = set()
            numbers = queue[start : start + 4]
            lines = [self._line(self.plan.cast.entities[number], draw, used) for number in numbers]
            yield {
                "id": f"{ids.prefix}x{row:06d}",
                "text": " ".join(lines),
                "entities": [ids.entity(n) for n in numbers],
            }

    def _line(self, entity: Entity, draw: Draw, used: set[str]) -> str:
        facts = [n for n in self.plan.own_facts[entity.number] if n not in self.barred]
        if facts and draw.chance(20):
            return self._fact(self.plan.facts[draw.choice(facts)], entity, draw)
        notes = self.bank.notes[KINDS[entity.kind].group]
        template = draw.choice([note for note in notes if note not in used] or notes)
        used.add(template)
        name = entity.full if "{a}" in template or draw.chance(65) else entity.cue
        text = template.replace("{z}", name).replace("{a}", entity.alias)
        for slot, values in self.bank.fill.items():
            while "{" + slot + "}" in text:
                text = text.replace("{" + slot + "}", draw.choice(values), 1)
        return text[:1].upper() + text[1:]

    def _fact(self, fact: Fact, entity: Entity, draw: Draw) -> str:
        template = draw.choice(self.bank.relations[fact.relation].passage)
        value = self.plan.cast.entities[fact.target].full if fact.target >= 0 else fact.value
        if fact.relation == "disaster":
            value = f"the {value}"
        text = template.replace("{s}", entity.full).replace("{m}", entity.full).replace("{p}", f"{entity.full}'s")
        text = text.replace("{ao}", with_article(value)).replace("{o}", value)
        return text[:1].upper() + text[1:] + "."
