"""Finished granularity benches, in the workspace or shipped with a collection: a page reads and measures nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrievarium.workspace import Workspace, read_json, shipped, workspace, write_json

if TYPE_CHECKING:
    from retrievarium.analysis.unit_bench import Bench
    from retrievarium.data import Collection

_KIND = "granularity"
_VERSION = 1


@dataclass(frozen=True)
class KeptBench:
    """Tables of a bench as they were measured; `values()` reads each question's.

    retrievers, units: as they were asked for; `kinds` are the units' names in the tables.
    """

    collection: str
    split: str
    retrievers: tuple[str, ...]
    units: tuple[str, ...]
    measures: tuple[str, ...]
    rows: list[dict[str, Any]]
    slices: list[dict[str, Any]]
    curves: dict[tuple[str, str], list[float]]
    reports: dict[str, dict[str, Any]]
    untestable: dict[str, str]
    folder: Path

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row["unit"] for row in self.rows))

    def row(self, retriever: str, unit: str) -> dict[str, Any] | None:
        return next((r for r in self.rows if (r["retriever"], r["unit"]) == (retriever, unit)), None)

    def values(self, retriever: str, unit: str) -> dict[str, dict[str, float]]:
        """Each question's value by measure."""
        path = self.folder / "values.json"
        return read_json(path).get(f"{retriever}\t{unit}", {}) if path.is_file() else {}


def keep_bench(
    bench: Bench, collection: Collection, retrievers: Sequence[str], units: Sequence[str], encoders: Sequence[str],
    titles: bool, ws: Workspace | None = None,
) -> Path:  # fmt: skip
    """Write a bench where `kept_benches` finds it."""
    key = {
        "version": _VERSION,
        "collection": collection.fingerprint,
        "split": bench.split,
        "retrievers": list(retrievers),
        "encoders": list(encoders),
        "units": list(units),
        "made": {cell.kind: cell.units.about for cell in bench.cells.values()},
        "titles": titles,
    }
    return (ws or workspace()).build(_KIND, key, lambda folder: write_bench(bench, retrievers, units, folder))


def write_bench(bench: Bench, retrievers: Sequence[str], units: Sequence[str], folder: Path) -> None:
    """`bench.json` and `values.json`."""
    told = {
        "collection": bench.collection,
        "split": bench.split,
        "retrievers": list(retrievers),
        "units": list(units),
        "measures": list(bench.measures),
        "rows": bench.rows,
        "slices": bench.slices,
        "curves": {"\t".join(k): v for k, v in bench.curves.items()},
        "reports": {k: r.to_dict() for k, r in bench.reports.items()},
        "untestable": bench.untestable,
    }
    write_json(folder / "bench.json", told)
    write_json(folder / "values.json", {"\t".join(k): v for k, v in bench.values.items()})


def kept_benches(collection: Collection, split: str, ws: Workspace | None = None) -> list[KeptBench]:
    """Benches over these very passages and questions, newest first; the one that is shipped with it last."""
    found = [
        _read(artifact.path)
        for artifact in (ws or workspace()).list(_KIND)
        if artifact.key.get("version") == _VERSION
        and artifact.key["collection"] == collection.fingerprint
        and artifact.key["split"] == split
    ]
    bundled = shipped(collection.name, _KIND)
    if (bundled / "bench.json").is_file():
        about = read_json(bundled / "about.json")
        if about["collection"] == collection.fingerprint and about["split"] == split:
            found.append(_read(bundled))
    return found


def _read(folder: Path) -> KeptBench:
    told: Mapping[str, Any] = read_json(folder / "bench.json")
    return KeptBench(
        collection=told["collection"],
        split=told["split"],
        retrievers=tuple(told["retrievers"]),
        units=tuple(told["units"]),
        measures=tuple(told["measures"]),
        rows=told["rows"],
        slices=told["slices"],
        curves={(k.split("\t")[0], k.split("\t")[1]): v for k, v in told["curves"].items()},
        reports=told["reports"],
        untestable=told["untestable"],
        folder=folder,
    )
