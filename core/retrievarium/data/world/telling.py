"""Which relations are told of whom: each of them equally often, so that no relation says that it is asked."""

from __future__ import annotations

from retrievarium.data.world.cast import Cast, Entity
from retrievarium.data.world.draws import Draw
from retrievarium.data.world.relations import HELD_OUT, RELATIONS, relations_of

TOLD = 97  # % of the largest equal number: every relation leaves some subjects out
TRAINED = 4  # relations that training may ask, wanted of every subject


def tellings(seed: str, cast: Cast) -> list[list[str]]:
    """Relations that the article of each described entity tells, in random order.

    Within every group of subjects that questions treat alike (role, unseen or not), each relation is told of the same
    number of subjects. Questions are equally many for each relation, so the share of tellings that is asked is the same
    for all, and articles of tested subjects are made like those of others.
    """
    draw = Draw(seed, "tellings")
    groups: dict[tuple[str, bool], list[Entity]] = {}
    for entity in cast.described:
        groups.setdefault((entity.role, entity.unseen), []).append(entity)
    told: list[list[str]] = [[] for _ in cast.described]
    for key in sorted(groups):
        _tell(groups[key], cast, told, draw)
    return [draw.shuffled(relations) for relations in told]


def _tell(subjects: list[Entity], cast: Cast, told: list[list[str]], draw: Draw) -> None:
    """Deal each relation to equally many of the subjects, those with least for their article first."""
    domain = {name: [s for s in subjects if name in relations_of(s.kind)] for name in RELATIONS}
    equal = min(len(members) for members in domain.values())
    equal = max(1, (equal * TOLD + 50) // 100)

    def need(subject: Entity) -> tuple[int, int]:
        mine = told[subject.number]
        trained = sum(name not in HELD_OUT for name in mine)
        short = max(0, cast.sizes[subject.article] - len(mine))
        return (-2 * short - max(0, TRAINED - trained), len(mine))

    for name in sorted(domain, key=lambda name: (len(domain[name]), name)):
        for subject in sorted(draw.shuffled(domain[name]), key=need)[:equal]:
            told[subject.number].append(name)
    for subject in subjects:  # in a World of a few articles, equal shares are too small for the longest of them
        mine = told[subject.number]
        more = [name for name in draw.shuffled(relations_of(subject.kind)) if name not in mine]
        mine += more[: max(0, cast.sizes[subject.article] - len(mine))]
