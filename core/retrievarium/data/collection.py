"""A collection: passages, queries, qrels by split and whatever else is known, in immutable Arrow tables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from retrievarium.contracts import InputError, MissingError, RetrievariumError
from retrievarium.data.splitting import split_collection
from retrievarium.data.tables import PASSAGES, QRELS, QUERIES, check_ids, check_parts, conform, feed
from retrievarium.data.views import Passages, Qrels, Queries, Split, rows_in
from retrievarium.workspace import read_json, write_json

_FORMAT = 1


class Collection:
    """Passages, queries and judgements of one retrieval task.

    Parameters
    ----------
    name: what it is called in the workspace.
    passages: table with `id`, `title`, `text`; optional `document`, `language`, `entities`, `metadata` (JSON), more.
    queries: table with `id`, `text`; optional `answers`, `entity`, `relation`, `popularity`, `kind`, `metadata`, more.
    qrels: by split, tables with `query_id`, `passage_id`, `grade`.
    tables: anything else that is known, by name (entities, propositions, facts, exposure, ...).
    meta: `default_split`, `language`, `source`, `licence`, ...
    """

    def __init__(
        self,
        name: str,
        passages: pa.Table,
        queries: pa.Table,
        qrels: Mapping[str, pa.Table] | None = None,
        tables: Mapping[str, pa.Table] | None = None,
        meta: Mapping[str, Any] | None = None,
        *,
        fingerprint: str | None = None,
    ) -> None:
        self.name = name
        self._passages = conform(passages, PASSAGES, "passages")
        self._queries = conform(queries, QUERIES, "queries")
        self._qrels = {s: conform(t, QRELS, f"qrels ({s})") for s, t in (qrels or {}).items()}
        self.tables: Mapping[str, pa.Table] = dict(tables or {})
        self.meta: Mapping[str, Any] = dict(meta or {})
        self._fingerprint = fingerprint
        if not self._passages.num_rows and not self._queries.num_rows:
            raise InputError("the collection is empty", expected="passages, or questions to ask over another's")
        check_parts([*self._qrels], "split")
        check_parts([*self.tables], "table")
        if fingerprint is None:  # a saved collection was checked when it was made
            check_ids(self._passages, "passages")
            check_ids(self._queries, "queries")

    def __repr__(self) -> str:
        judged = ", ".join(f"{s} {t.num_rows:,}" for s, t in self._qrels.items()) or "none"
        return (
            f"Collection({self.name!r}, {self._passages.num_rows:,} passages, "
            f"{self._queries.num_rows:,} queries, qrels: {judged})"
        )

    @property
    def fingerprint(self) -> str:
        """16 hex digits of passages, queries, qrels and tables; the name does not count."""
        if self._fingerprint is None:
            digest = hashlib.sha256()
            groups = [("passages", self._passages), ("queries", self._queries)]
            groups += [(f"qrels/{s}", t) for s, t in sorted(self._qrels.items())]
            groups += [(f"tables/{n}", t) for n, t in sorted(self.tables.items())]
            for name, table in groups:
                digest.update(f"@{name}\n".encode())
                feed(table, digest)
            self._fingerprint = digest.hexdigest()[:16]
        return self._fingerprint

    @cached_property
    def text_fingerprint(self) -> str:
        """16 hex digits of the passages' ids, titles and texts alone: what an index is made from.

        Raises InputError for a set of questions without passages: there is nothing to search.
        """
        self.passages.require()
        digest = hashlib.sha256()
        feed(self._passages.select(PASSAGES.names), digest)
        return digest.hexdigest()[:16]

    # -- what is inside

    @cached_property
    def passages(self) -> Passages:
        return Passages(self._passages)

    @cached_property
    def all_queries(self) -> Queries:
        """Every query, whatever its split."""
        return Queries(self._queries)

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(self._qrels)

    @property
    def default_split(self) -> str | None:
        """`meta["default_split"]`, else `test`, else the only split; other qrels files never become the default."""
        if not self._qrels:
            return None
        named = self.meta.get("default_split", "test")
        if named in self._qrels:
            return str(named)
        return next(iter(self._qrels)) if len(self._qrels) == 1 else None

    def split_named(self, name: str) -> Split:
        if name not in self._qrels:
            if name in self.meta.get("sealed", ()):
                raise RetrievariumError(
                    f"the judgements of split {name!r} are out of reach while a method is being built: "
                    "tune on dev, report on test"
                )
            raise MissingError(
                f"{self.name} has no split {name!r}",
                expected=f"one of {list(self._qrels)}" if self._qrels else "a collection with judgements",
                fix='make one: collection.split(by="random", train=.6, dev=.1, seed=0)',
            )
        qrels = Qrels(self._qrels[name])
        return Split(name, Queries(rows_in(self._queries, qrels.query_ids)), qrels)

    @cached_property
    def train(self) -> Split:
        return self.split_named("train")

    @cached_property
    def dev(self) -> Split:
        return self.split_named("dev")

    @cached_property
    def test(self) -> Split:
        return self.split_named("test")

    @cached_property
    def queries(self) -> Queries:
        """Queries of the default split; all of them where there are no judgements."""
        split = self.default_split
        return self.split_named(split).queries if split else self.all_queries

    @cached_property
    def qrels(self) -> Qrels:
        """Judgements of the default split; none where the collection has no default split."""
        split = self.default_split
        return self.split_named(split).qrels if split else Qrels(QRELS.empty_table())

    @property
    def language(self) -> str | None:
        """The one language all passages are said to be in, e.g. `en`; `mul` where several are; None where unknown."""
        if "language" in self.meta:
            return self.meta["language"]
        if "language" in self._passages.column_names:
            found = set(self._passages.column("language").unique().to_pylist()) - {None}
            if found:
                return str(found.pop()) if len(found) == 1 else "mul"
        return None

    # -- other collections made from this one

    def without_test(self) -> Collection:
        """What a method's `build` receives: test judgements (and every split but train and dev) are out of reach.

        Queries that are judged only there leave too, with all their answers and entities.
        """
        kept = {s: t for s, t in self._qrels.items() if s in ("train", "dev")}
        sealed = [s for s in self._qrels if s not in kept]
        hidden = {q for s in sealed for q in self._qrels[s].column("query_id").to_pylist()}
        hidden -= {q for t in kept.values() for q in t.column("query_id").to_pylist()}
        ids = [q for q in self._queries.column("id").to_pylist() if q not in hidden]
        tables = {n: t for n, t in self.tables.items() if n in self.meta.get("training_tables", ())}
        meta = {**self.meta, "sealed": sealed, "default_split": "dev"}
        return Collection(self.name, self._passages, rows_in(self._queries, ids), kept, tables, meta)

    def replace(
        self,
        *,
        name: str | None = None,
        queries: pa.Table | None = None,
        qrels: Mapping[str, pa.Table] | None = None,
        tables: Mapping[str, pa.Table] | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> Collection:
        """A copy with some parts replaced."""
        return Collection(
            self.name if name is None else name,
            self._passages,
            self._queries if queries is None else queries,
            self._qrels if qrels is None else qrels,
            self.tables if tables is None else tables,
            self.meta if meta is None else meta,
        )

    def over(self, other: Collection) -> Collection:
        """These questions, asked over another collection's passages; judgements of passages it lacks are dropped."""
        passages = other.passages.table
        known = passages.column("id").combine_chunks()
        kept = {s: t.filter(pc.is_in(t.column("passage_id"), value_set=known)) for s, t in self._qrels.items()}
        meta = {**{k: v for k, v in other.meta.items() if k == "language"}, **self.meta, "passages_of": other.name}
        qrels = {s: t for s, t in kept.items() if len(t)}
        return Collection(self.name, passages, self._queries, qrels, self.tables, meta)

    def split(self, by: str = "random", train: float = 0.6, dev: float = 0.1, seed: int = 0) -> Collection:
        """Divide the default split's queries into train, dev and test so that nothing leaks; see `data.splitting`."""
        return split_collection(self, by, train, dev, seed)

    # -- on disk

    def save(self, folder: str | Path, compress: bool = False) -> Path:
        """Write Arrow IPC files and `collection.json` into `folder` (which should be new).

        Compressed files are smaller, but are unpacked into memory when opened in place of being mapped.
        """
        options = pa.ipc.IpcWriteOptions(compression="zstd" if compress else None)
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        files: dict[str, pa.Table] = {"passages": self._passages, "queries": self._queries}
        files |= {f"qrels.{s}": t for s, t in self._qrels.items()}
        files |= {f"table.{n}": t for n, t in self.tables.items()}
        for stem, table in files.items():
            with (
                pa.OSFile(str(folder / f"{stem}.arrow"), "wb") as sink,
                pa.ipc.new_file(sink, table.schema, options=options) as writer,
            ):
                writer.write_table(table)
        write_json(
            folder / "collection.json",
            {
                "format": _FORMAT,
                "name": self.name,
                "fingerprint": self.fingerprint,
                "splits": list(self._qrels),
                "tables": list(self.tables),
                "meta": dict(self.meta),
            },
        )
        return folder

    @classmethod
    def open(cls, folder: str | Path) -> Collection:
        """Open a saved collection; its tables are memory-mapped, so a large one costs no memory until it is read."""
        folder = Path(folder)
        try:
            about = read_json(folder / "collection.json")
        except FileNotFoundError as error:
            raise InputError(
                "this is no saved collection", path=folder, expected="a folder with collection.json"
            ) from error
        except ValueError as error:
            raise InputError("this file is damaged", path=folder / "collection.json") from error
        if about.get("format") != _FORMAT:
            raise InputError(
                f"collection format {about.get('format')!r} is unknown",
                path=folder,
                expected=f"format {_FORMAT}",
            )

        def table(stem: str) -> pa.Table:
            path = folder / f"{stem}.arrow"
            try:
                return pa.ipc.open_file(pa.memory_map(str(path))).read_all()
            except (OSError, pa.ArrowException) as error:
                raise InputError("a file of the saved collection is missing or damaged", path=path) from error

        return cls(
            about["name"],
            table("passages"),
            table("queries"),
            {s: table(f"qrels.{s}") for s in about["splits"]},
            {n: table(f"table.{n}") for n in about["tables"]},
            about["meta"],
            fingerprint=about["fingerprint"],
        )


def qrels_table(rows: Sequence[tuple[str, str, int]]) -> pa.Table:
    """A qrels table from `(query id, passage id, grade)` rows."""
    columns = [pa.array([row[i] for row in rows], type=kind) for i, kind in enumerate(QRELS.types)]
    return pa.table(columns, schema=QRELS)
