"""Template banks: two, written independently, each with twelve wordings of every relation."""

from __future__ import annotations

from functools import cache
from types import ModuleType

from retrievarium.contracts import MissingError
from retrievarium.data.world.banks.form import Bank, Wordings, check_bank, content_stems, overlap_class

__all__ = ["Bank", "Wordings", "check_bank", "content_stems", "load_bank", "overlap_class"]


@cache
def load_bank(name: str) -> Bank:
    """The bank called `a` or `b`.

    Raises
    ------
    MissingError
        For any other name.
    """
    prose: ModuleType
    if name == "a":
        from retrievarium.data.world.banks import a_hints, a_people, a_places, a_prose, a_things

        relations = {**a_people.PEOPLE, **a_places.PLACES, **a_things.THINGS}
        prose, hints = a_prose, a_hints.HINTS
    elif name == "b":
        from retrievarium.data.world.banks import b_hints, b_people, b_places, b_prose, b_things

        relations = {**b_people.PEOPLE, **b_places.PLACES, **b_things.THINGS}
        prose, hints = b_prose, b_hints.HINTS
    else:
        raise MissingError(f"no template bank {name!r}; there are 'a' and 'b'")
    return Bank(
        name=name,
        relations=relations,
        colour=prose.COLOUR,
        mentions=prose.MENTIONS,
        hints=hints,
        pairs=prose.PAIRS,
        aliases=prose.ALIASES,
        notes=prose.NOTES,
        leads=prose.LEADS,
        fill=prose.FILL,
    )
