"""The ids of what an index holds, in the order of adding."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError, MissingError
from retrievarium.contracts.order import id_ranks


class IdList:
    """Ids, each once, with what searching needs of them."""

    def __init__(self, ids: Sequence[str] = ()) -> None:
        self.ids: list[str] = []
        self.extend(ids)

    def __len__(self) -> int:
        return len(self.ids)

    def check(self, ids: Sequence[str]) -> None:
        """Raises InputError where an id is here already or comes twice."""
        if len(set(ids)) != len(ids) or not self.row_of.keys().isdisjoint(ids):
            raise InputError("an id was given twice", fix="give each vector an id of its own")

    def extend(self, ids: Sequence[str]) -> None:
        self.check(ids)
        self.ids = [*self.ids, *ids]
        for known in ("row_of", "ranks", "array"):
            self.__dict__.pop(known, None)

    @cached_property
    def row_of(self) -> dict[str, int]:
        return {i: row for row, i in enumerate(self.ids)}

    @cached_property
    def ranks(self) -> NDArray[np.int64]:
        """For `top_k`, `(n,)`."""
        return id_ranks(self.ids)

    @cached_property
    def array(self) -> NDArray[np.object_]:
        return np.array(self.ids, dtype=object)

    def rows(self, ids: Sequence[str]) -> NDArray[np.int64]:
        """Row number of each id. Raises MissingError for one that is not here."""
        missing = next((i for i in ids if i not in self.row_of), None)
        if missing is not None:
            raise MissingError(f"the index holds no vector {missing!r}", expected=f"one of its {len(self):,} ids")
        return np.array([self.row_of[i] for i in ids], dtype=np.int64)
