"""The schema: types of entity and relations between them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A type of entity.

    `noun` is what prose calls it; `group` selects the prose bank; `article` says whether prose puts "the" before the
    name; `described` says whether it has articles of its own.
    """

    name: str
    noun: str
    group: str
    article: bool = False
    described: bool = True


KINDS = {
    kind.name: kind
    for kind in (
        Kind("painter", "painter", "person"),
        Kind("composer", "composer", "person"),
        Kind("botanist", "botanist", "person"),
        Kind("engineer", "engineer", "person"),
        Kind("town", "town", "place"),
        Kind("company", "firm", "place"),
        Kind("academy", "academy", "place", article=True),
        Kind("ship", "ship", "thing", article=True),
        Kind("bridge", "bridge", "thing", article=True),
        Kind("instrument", "instrument", "thing", article=True),
        Kind("bird", "bird", "nature", article=True),
        Kind("mineral", "mineral", "nature"),
        Kind("tree", "tree", "nature", article=True),
        Kind("person", "person", "person", described=False),
        Kind("river", "river", "place", described=False),
        Kind("prize", "prize", "thing", article=True, described=False),
    )
}
DESCRIBED = tuple(name for name, kind in KINDS.items() if kind.described)
PEOPLE = ("painter", "composer", "botanist", "engineer")
INSTITUTIONS = ("town", "company", "academy")
MADE = ("ship", "bridge", "instrument")
NATURE = ("bird", "mineral", "tree")


@dataclass(frozen=True)
class Relation:
    """A relation: which types have it, what its values are, and whether training ever asks it.

    `values` is a tuple of entity types, or the name of a list of literal values; `several` relations may hold more than
    one value for a subject.
    """

    name: str
    domain: tuple[str, ...]
    values: tuple[str, ...] | str
    held_out: bool = False
    several: bool = False

    @property
    def entity_valued(self) -> bool:
        """Whether values are entities."""
        return isinstance(self.values, tuple)


_SOMEONE = ("person", *PEOPLE)
RELATIONS = {
    relation.name: relation
    for relation in (
        Relation("birthplace", _SOMEONE, ("town",)),
        Relation("teacher", PEOPLE, _SOMEONE),
        Relation("spouse", _SOMEONE, _SOMEONE),
        Relation("trade", _SOMEONE, "trade"),
        Relation("employer", _SOMEONE, ("company", "academy"), several=True),
        Relation("home", _SOMEONE, ("town",), held_out=True),
        Relation("prize", _SOMEONE, ("prize",)),
        Relation("illness", _SOMEONE, "illness", held_out=True),
        Relation("founder", INSTITUTIONS, _SOMEONE),
        Relation("emblem", (*INSTITUTIONS, "ship"), "emblem"),
        Relation("product", ("town", "company"), "product", several=True),
        Relation("disaster", (*INSTITUTIONS, "ship", "bridge"), "disaster"),
        Relation("river", (*INSTITUTIONS, "bridge"), ("river",)),
        Relation("year", (*INSTITUTIONS, *MADE), "year", held_out=True),
        Relation("maker", MADE, _SOMEONE),
        Relation("material", MADE, "material"),
        Relation("owner", MADE, ("company", "academy"), held_out=True),
        Relation("namesake", (*INSTITUTIONS, *MADE, *NATURE), _SOMEONE),
        Relation("keeper", ("ship", "instrument", *NATURE), ("academy",)),
        Relation("describer", NATURE, _SOMEONE),
        Relation("habitat", NATURE, ("river",), several=True),
        Relation("colour", NATURE, "colour"),
        Relation("omen", NATURE, "omen", held_out=True),
        Relation("use", NATURE, "use", held_out=True),
    )
}
HELD_OUT = tuple(name for name, relation in RELATIONS.items() if relation.held_out)


def relations_of(kind: str) -> list[str]:
    """Relations an entity of this type can have, in schema order."""
    return [name for name, relation in RELATIONS.items() if kind in relation.domain]
