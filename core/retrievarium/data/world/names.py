"""Invented names, built from syllables, and how each type of entity wears them."""

from __future__ import annotations

from dataclasses import dataclass

from retrievarium.data.world.draws import Draw
from retrievarium.data.world.listing import listed

_ONSETS = listed(
    """
    b br c d dr f fl g gr h j k kl l m n p pr r s st t th tr v w y z sk gl
    """
)
_VOWELS = ["a", "e", "i", "o", "u", "a", "e", "o", "ai", "ei", "au", "y"]
_CODAS = listed(
    """
    l n r s m nd rt th x lk ss v rn ll k
    """
)
_ENDS = {
    "given": ["a", "o", "in", "el", "is", "en", "ur", "et", "ia", "ean", "yl", "im"],
    "surname": ["er", "ow", "ell", "ick", "and", "ost", "em", "orn", "ax", "unt", "ish", "ock"],
    "place": ["mar", "ford", "wen", "dal", "by", "stad", "reth", "holm", "ska", "vik", "oss", "ume"],
}
QUALIFIERS = {
    "town": ["Upper", "Lower", "Old", "New", "Great", "Little", "North", "South", "East", "West", "High", "Long"],
    "academy": ["Royal", "Free", "Naval", "Night", "Summer", "Civic", "Union", "Mercers", "Drapers", "Abbey"],
    "ship": ["Lady", "Saint", "Captain", "Old", "Swift", "Bold", "Fair", "Prince", "Widow", "Merry"],
    "bridge": ["Old", "Long", "High", "Stone", "Chain", "Ferry", "Mill", "Toll", "Market", "Canal"],
    "instrument": ["bass", "tenor", "treble", "great", "double", "slide", "hand", "field", "court", "chapel"],
    "bird": ["marsh", "reed", "dusk", "hill", "sea", "wood", "field", "crested", "spotted", "lesser"],
    "mineral": ["fibrous", "platy", "earthy", "blue", "noble", "green", "brittle", "glassy", "common", "banded"],
    "tree": ["silver", "weeping", "dwarf", "mountain", "swamp", "thorny", "winter", "coast", "paper", "bitter"],
}
NOUNS = {
    "instrument": ["horn", "viol", "lute", "harp", "pipe", "zither"],
    "bird": ["warbler", "finch", "plover", "grebe", "shrike", "bunting"],
    "tree": ["pine", "alder", "maple", "birch", "cedar", "poplar"],
    "prize": ["Medal", "Prize", "Cup", "Ribbon", "Plaque"],
}


def coin(part: str, count: int, draw: Draw, taken: set[str]) -> list[str]:
    """`count` new capitalised names of one part (`given`, `surname`, `place`), none of them in `taken` (extended)."""
    ends = _ENDS[part]
    made: list[str] = []
    while len(made) < count:
        syllables = 1 if part == "given" or draw.chance(45) else 2
        body = "".join(
            draw.choice(_ONSETS) + draw.choice(_VOWELS) + (draw.choice(_CODAS) if draw.chance(55) else "")
            for _ in range(syllables)
        )
        name = (body + draw.choice(ends)).capitalize()
        if 4 <= len(name) <= 10 and name.lower() not in taken:
            taken.add(name.lower())
            made.append(name)
    return made


@dataclass(frozen=True)
class Pool:
    """Lists of names that may be worn together."""

    given: tuple[str, ...]
    surname: tuple[str, ...]
    place: tuple[str, ...]


@dataclass(frozen=True)
class Name:
    """A full name, its short form, and the invented tokens in it (lower-case)."""

    full: str
    short: str
    tokens: tuple[str, ...]


def name_for(kind: str, pool: Pool, draw: Draw, like: Name | None = None) -> Name:
    """A name for an entity of a type; `like` asks for a look-alike that shares the short name's token."""
    if kind in ("painter", "composer", "botanist", "engineer", "person"):
        given = draw.choice(pool.given)
        surname = like.short if like else draw.choice(pool.surname)
        return Name(f"{given} {surname}", surname, (given.lower(), surname.lower()))
    if like is None:
        place = draw.choice(pool.place)
    else:
        place = (like.tokens[0].removesuffix("ite") if kind == "mineral" else like.tokens[0]).capitalize()
    token = place.lower()
    if kind == "town":
        return Name(f"{draw.choice(QUALIFIERS[kind])} {place}", place, (token,))
    if kind == "ship":
        return Name(f"{draw.choice(QUALIFIERS[kind])} {place}", place, (token,))
    if kind == "company":
        second = draw.choice(pool.place)
        return Name(f"{place} & {second}", place, (token, second.lower()))
    if kind == "academy":
        return Name(f"{place} {draw.choice(QUALIFIERS[kind])} Academy", f"{place} Academy", (token,))
    if kind == "bridge":
        return Name(f"{place} {draw.choice(QUALIFIERS[kind])} Bridge", f"{place} Bridge", (token,))
    if kind in ("instrument", "bird", "tree"):
        noun = draw.choice(NOUNS[kind])
        return Name(f"{place} {draw.choice(QUALIFIERS[kind])} {noun}", f"{place} {noun}", (token,))
    if kind == "mineral":
        return Name(f"{draw.choice(QUALIFIERS[kind])} {token}ite", f"{token}ite", (f"{token}ite",))
    if kind == "prize":
        return Name(f"{place} {draw.choice(NOUNS[kind])}", place, (token,))
    return Name(place, place, (token,))
