"""Units as a table: each with its text, the passages it stands for, and the span it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retrievarium.contracts import InputError
from retrievarium.data import Collection
from retrievarium.units.splitting import word_spans

_STRINGS = pa.list_(pa.string())
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("title", pa.string()),
        ("text", pa.string()),
        ("document", pa.string()),
        ("passages", _STRINGS),
        ("start", pa.int32()),
        ("stop", pa.int32()),
        ("facts", _STRINGS),
    ]
)


@dataclass(frozen=True)
class Unit:
    """One row. `start` and `stop` are characters of the first passage's text: where the unit was taken from.

    facts: ids of the facts it states, where its maker knows them (the oracle does).
    """

    id: str
    title: str
    text: str
    document: str
    passages: tuple[str, ...]
    start: int
    stop: int
    facts: tuple[str, ...] = ()

    @property
    def passage(self) -> str:
        """The passage that its span lies in."""
        return self.passages[0]

    def row(self) -> dict[str, Any]:
        return {**vars(self), "passages": list(self.passages), "facts": list(self.facts)}


class Units:
    """All units of one kind over one collection; immutable.

    Parameters
    ----------
    kind: document, passage, block, sentence, phrase, or `proposition (<decomposer>)`.
    about: what they were made from, as JSON.
    """

    def __init__(self, kind: str, table: pa.Table, about: Mapping[str, Any] | None = None) -> None:
        if not table.num_rows:
            raise InputError(f"there is no {kind}", expected="a collection whose passages have text")
        self.kind, self.about = kind, dict(about or {})
        self.table = table.select(SCHEMA.names).cast(SCHEMA)

    @classmethod
    def of(cls, kind: str, units: Iterable[Unit], about: Mapping[str, Any] | None = None) -> Units:
        rows: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
        for unit in units:
            for name, value in unit.row().items():
                rows[name].append(value)
        return cls(kind, pa.table(rows, schema=SCHEMA), about)

    def __len__(self) -> int:
        return self.table.num_rows

    def __repr__(self) -> str:
        return f"Units({self.kind!r}, {len(self):,} of {self.mean_words:.1f} words)"

    # -- columns

    @cached_property
    def ids(self) -> tuple[str, ...]:
        return tuple(self.table.column("id").to_pylist())

    @cached_property
    def texts(self) -> tuple[str, ...]:
        return tuple(self.table.column("text").to_pylist())

    @cached_property
    def passages(self) -> tuple[tuple[str, ...], ...]:
        """Ids of the passages that each unit stands for; more than one for a document alone."""
        return tuple(map(tuple, self.table.column("passages").to_pylist()))

    @cached_property
    def row_of(self) -> Mapping[str, int]:
        return {unit: row for row, unit in enumerate(self.ids)}

    @cached_property
    def words(self) -> NDArray[np.int64]:
        """Words of each unit's text, `(n,)`; its title is not counted."""
        return np.array([len(word_spans(t)) for t in self.texts], dtype=np.int64)

    @property
    def mean_words(self) -> float:
        return float(self.words.mean())

    @cached_property
    def by_passage(self) -> Mapping[str, tuple[int, ...]]:
        """Rows of the units of each passage, in reading order."""
        rows: dict[str, list[int]] = {}
        for row, passages in enumerate(self.passages):
            for passage in passages:
                rows.setdefault(passage, []).append(row)
        return {p: tuple(r) for p, r in rows.items()}

    def __getitem__(self, unit_id: str) -> Unit:
        return self.at(self.row_of[unit_id])

    def at(self, row: int) -> Unit:
        cells = self.table.slice(row, 1).to_pylist()[0]
        return Unit(**{**cells, "passages": tuple(cells["passages"]), "facts": tuple(cells["facts"] or ())})

    def of_passage(self, passage: str) -> list[Unit]:
        return [self.at(row) for row in self.by_passage.get(passage, ())]

    # -- as something to search

    def collection(self, source: Collection, split: str | None = None) -> Collection:
        """The units in the place of passages, with the queries of one split of their source and no judgements.

        Whatever searches passages searches these: BM25 and Dense keep their indexes by the units' text.
        """
        queries = source.split_named(split).queries if split else source.queries
        meta = {"language": source.language} if source.language else {}
        name = f"{source.name}.{''.join(c if c.isalnum() else '-' for c in self.kind)}"
        return Collection(name, self.table, queries.table, meta=meta)

    def replaced(self, passage: str, texts: Sequence[str]) -> Units:
        """A copy in which one passage has these units in place of its own; spans that are no longer known are the
        whole passage's."""
        own = self.of_passage(passage)
        if not own or any(len(u.passages) > 1 for u in own):
            raise InputError(f"{passage!r} has no units of its own here", field="passage")
        first, stop = own[0], max(u.stop for u in own)
        known = {u.text: u for u in own}
        made = []
        for number, text in enumerate(t.strip() for t in texts if t.strip()):
            old = known.get(text)
            span = (old.start, old.stop) if old else (0, stop)
            facts = old.facts if old else ()
            name = unit_id(passage, self.kind, number)
            made.append(Unit(name, first.title, text, first.document, first.passages, *span, facts))
        if not made:
            raise InputError("a passage needs at least one unit", field="texts")
        kept = self.by_passage[passage]
        rows = [self.at(r) for r in range(len(self)) if r not in set(kept)]
        rows[kept[0] : kept[0]] = made
        return Units.of(self.kind, rows, {**self.about, "edited": sorted({*self.about.get("edited", ()), passage})})

    # -- on disk

    def save_map(self, path: str | Path) -> Path:
        """A tab-separated file `unit, passages (blank between), start, stop, words, text` beside a TREC run of units:
        all that is needed to compute passages' figures from it."""
        path = Path(path)
        with path.open("w", encoding="utf-8", newline="\n") as out:
            out.write("unit\tpassages\tstart\tstop\twords\ttext\n")
            for row, unit in enumerate(self.table.to_pylist()):
                text = " ".join(unit["text"].split())
                cells = [unit["id"], " ".join(unit["passages"]), unit["start"], unit["stop"], self.words[row], text]
                out.write("\t".join(map(str, cells)) + "\n")
        return path


def plural(kind: str) -> str:
    """`propositions (rules)`."""
    head, _, rest = kind.partition(" ")
    return f"{head}s {rest}".strip()


def unit_id(passage: str, kind: str, number: int) -> str:
    """`<passage>#<letter of the kind><number>`; the order of ids is the order of reading."""
    return f"{passage}#{kind[0]}{number:03d}"
