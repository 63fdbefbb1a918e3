"""The cast of a World: who and what it is about, before anything is told of them."""

from __future__ import annotations

from dataclasses import dataclass

from retrievarium.data.world.dials import Dials
from retrievarium.data.world.draws import Draw
from retrievarium.data.world.names import Name, Pool, coin, name_for
from retrievarium.data.world.relations import DESCRIBED, KINDS, PEOPLE
from retrievarium.data.world.words import NICK_FIRST, NICK_LAST

MINORS = {  # entities without an article, per 5,000 passages
    "person": 3000, "town": 6000, "company": 3000, "academy": 3000, "river": 4000, "prize": 3000,
    "ship": 500, "bridge": 500, "instrument": 500, "bird": 400, "mineral": 400, "tree": 400,
}  # fmt: skip
UNSEEN_NAMES = 27  # % of names set aside for subjects that training questions never name


@dataclass(slots=True)
class Entity:
    """One entity. `number` is its place in `Cast.entities`; `unseen` says it wears names kept out of training."""

    number: int
    kind: str
    name: Name
    role: str  # test, dev, train or minor
    unseen: bool
    alias: str = ""
    female: bool = False
    homonym: bool = False
    article: int = -1

    @property
    def full(self) -> str:
        """The full name in running prose, e.g. `the Lady Ostrel`."""
        return f"the {self.name.full}" if KINDS[self.kind].article else self.name.full

    @property
    def short(self) -> str:
        """The short name in running prose."""
        return f"the {self.name.short}" if KINDS[self.kind].article else self.name.short

    @property
    def cue(self) -> str:
        """Type and short name, e.g. `the painter Vessin`, `the town of Kalder`."""
        noun = KINDS[self.kind].noun
        joint = "the town of" if self.kind == "town" else f"the {noun}"
        return f"{joint} {self.name.short}"


@dataclass
class Cast:
    """Entities, those with articles first, and the number of passages of each article."""

    entities: list[Entity]
    described: list[Entity]
    minors: dict[str, list[Entity]]
    sizes: list[int]
    pools: tuple[Pool, Pool]


def _pools(seed: str, passages: int, dials: Dials, words: set[str]) -> tuple[Pool, Pool]:
    """Names for everybody else, and names set aside for unseen subjects."""
    draw, taken = Draw(seed, "names"), set(words)
    lists = []
    wide = 1 if dials.siblings else 12  # without look-alikes, names are so many that hardly two subjects share one
    counts = {
        "given": dials.given_names * wide,
        "surname": dials.surnames * wide,
        "place": dials.place_names * min(wide, 4),
    }
    for part, count in counts.items():
        lists.append(coin(part, max(16, count * passages // 5000), draw, taken))
    cuts = [max(4, len(names) * UNSEEN_NAMES // 100) for names in lists]
    unseen = Pool(*(tuple(names[:cut]) for names, cut in zip(lists, cuts, strict=True)))
    seen = Pool(*(tuple(names[cut:]) for names, cut in zip(lists, cuts, strict=True)))
    return seen, unseen


def _sizes(seed: str, articles: int, passages: int) -> list[int]:
    """Passages an article: 3 to 5, adding up exactly."""
    draw = Draw(seed, "sizes")
    sizes = [(3, 4, 5)[draw.weighted((25, 33, 42))] for _ in range(articles)]
    while (gap := passages - sum(sizes)) != 0:
        at = draw.below(articles)
        step = 1 if gap > 0 else -1
        if 3 <= sizes[at] + step <= 5:
            sizes[at] += step
    return sizes


def _counts(articles: int) -> dict[str, int]:
    """Articles of each type: people, makes, nature, and towns with firms are equally many, academies few.

    Each of these four groups has relations that no other has, and all relations are told equally often.
    """
    weights = {kind: 12 if kind in ("town", "company") else 4 if kind == "academy" else 8 for kind in DESCRIBED}
    weights.update(dict.fromkeys(PEOPLE, 6))
    counts = {kind: articles * weight // sum(weights.values()) for kind, weight in weights.items()}
    for kind in DESCRIBED[: articles - sum(counts.values())]:
        counts[kind] += 1
    return counts


def _roles(kind: str, count: int, dials: Dials, draw: Draw) -> list[tuple[str, bool]]:
    """Role and name pool of each subject of a type; half of the test subjects are unseen."""
    test, dev = count * dials.test_subjects // 100, max(1, count * dials.dev_subjects // 100)
    roles = [("test", i < test // 2) for i in range(test)] + [("dev", False)] * dev
    return draw.shuffled(roles + [("train", False)] * (count - len(roles)))


def _homonyms(described: list[Entity], share: int, draw: Draw) -> None:
    """Give pairs of people of different types (or a person and a ship) one full name."""
    left = len(described) * share // 200
    people = draw.shuffled([e for e in described if e.kind in PEOPLE])
    shorts = {(e.kind, e.name.short) for e in described}
    for first in people:
        if left == 0:
            return
        if first.homonym:
            continue
        for _ in range(30):
            other = described[draw.below(len(described))]
            same_side = other.unseen == first.unseen and not other.homonym and other.kind != first.kind
            clash = (other.kind, first.name.short) in shorts
            if same_side and not clash and other.kind in (*PEOPLE, "ship"):
                shorts.discard((other.kind, other.name.short))
                shorts.add((other.kind, first.name.short))
                other.name = first.name
                first.homonym = other.homonym = True
                left -= 1
                break


def build_cast(seed: str, passages: int, dials: Dials, words: set[str]) -> Cast:
    """Draw all entities; `words` are ordinary words that no name may equal."""
    seen, unseen = pools = _pools(seed, passages, dials, words)
    articles = passages * dials.articles // 100
    draw, full_names = Draw(seed, "cast"), set()
    described: list[Entity] = []
    for kind, count in _counts(articles).items():
        shorts: set[str] = set()
        for role, aside in _roles(kind, count, dials, draw):
            for _ in range(4000):
                name = name_for(kind, unseen if aside else seen, draw)
                if name.short not in shorts and name.full not in full_names:
                    break
            else:
                raise RuntimeError(f"too few names for {count} subjects of type {kind}")
            shorts.add(name.short)
            full_names.add(name.full)
            described.append(Entity(0, kind, name, role, aside, female=draw.chance(50)))
    _homonyms(described, dials.homonyms, Draw(seed, "homonyms"))
    described = Draw(seed, "order").shuffled(described)
    nicknames = Draw(seed, "aliases").sample([(a, b) for a in NICK_FIRST for b in NICK_LAST], len(described))
    for number, entity in enumerate(described):
        first, last = nicknames[number % len(nicknames)]
        entity.number = entity.article = number
        token = entity.name.tokens[-1] if entity.kind in PEOPLE else entity.name.tokens[0]
        keeps_name = Draw(seed, "alias", number).chance(dials.alias_keeps)
        entity.alias = f"{last} {token.capitalize()}" if keeps_name else f"the {first} {last}"
    entities = list(described)
    minors: dict[str, list[Entity]] = {}
    for kind, per in MINORS.items():
        minors[kind] = []
        for _ in range(max(8, per * passages // 5000)):
            aside = draw.chance(UNSEEN_NAMES)
            name = name_for(kind, unseen if aside else seen, draw)
            if name.full in full_names:
                continue
            full_names.add(name.full)
            minor = Entity(len(entities), kind, name, "minor", aside, female=draw.chance(50))
            entities.append(minor)
            minors[kind].append(minor)
    return Cast(entities, described, minors, _sizes(seed, articles, passages), pools)


def look_alike(cast: Cast, model: Entity, draw: Draw) -> Entity:
    """A new minor entity whose name shares the token of `model`'s short name, from the same pool of names."""
    kind = "person" if model.kind in PEOPLE else model.kind
    known = {model.name.full}
    for _ in range(20):
        name = name_for(kind, cast.pools[model.unseen], draw, like=model.name)
        if name.full not in known:
            break
    minor = Entity(len(cast.entities), kind, name, "minor", model.unseen, female=draw.chance(50))
    cast.entities.append(minor)
    return minor
