"""A granularity bench as files that anybody can compute with: runs, the unit maps, the questions, the tables."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrievarium.analysis.unit_bench import GRID, Bench
from retrievarium.workspace import write_json

if TYPE_CHECKING:
    from retrievarium.data import Collection


def slug(text: str) -> str:
    """A file's name for a retriever or a unit."""
    return "-".join("".join(c if c.isalnum() else " " for c in text).split()) or "x"


def export_bench(bench: Bench, collection: Collection, folder: str | Path) -> Path:
    """Write everything below `folder`.

        runs/<retriever>.<unit>.units.trec      what was found, units; ranks, scores
        runs/<retriever>.<unit>.passages.trec   folded by the max rule
        units/<unit>.tsv                        unit, passages, start, stop, words, text
        questions.jsonl                         id, text, answers, relevant, groups
        table.csv  slices.csv  curves.csv  values.csv  about.json

    Every figure of the tables follows from the runs, the unit maps and the questions.
    """
    folder = Path(folder)
    for name in ("runs", "units"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for (retriever, unit), cell in bench.cells.items():
        stem = folder / "runs" / f"{slug(retriever)}.{slug(unit)}"
        for kind in ("units", "passages"):
            shutil.copyfile(cell.folder / f"{kind}.trec", f"{stem}.{kind}.trec")
        path = folder / "units" / f"{slug(unit)}.tsv"
        if not path.exists():
            cell.units.save_map(path)
    _questions(bench, collection, folder / "questions.jsonl")
    _csv(folder / "table.csv", bench.rows)
    _csv(folder / "slices.csv", bench.slices)
    curves = [
        {"retriever": r, "unit": u, "words": w, "share": v}
        for (r, u), curve in bench.curves.items()
        for w, v in zip(GRID, curve, strict=True)
    ]
    _csv(folder / "curves.csv", curves)
    told = [
        {"retriever": r, "unit": u, "query": q, "measure": m, "value": v}
        for (r, u), own in bench.values.items()
        for m, by in own.items()
        for q, v in by.items()
    ]
    _csv(folder / "values.csv", told)
    about = {
        "collection": bench.collection,
        "fingerprint": collection.fingerprint,
        "split": bench.split,
        "measures": list(bench.measures),
        "untestable": bench.untestable,
        "decompositions": {k: r.to_dict() for k, r in bench.reports.items()},
        "units": {u: c.units.about for (_, u), c in bench.cells.items()},
        "encoders": {r: c.encoder for (r, _), c in bench.cells.items()},
    }
    write_json(folder / "about.json", about)
    return folder


def _questions(bench: Bench, collection: Collection, path: Path) -> None:
    from retrievarium.analysis.unit_bench import question_groups

    asked = collection.split_named(bench.split)
    groups: dict[str, dict[str, str]] = {}
    for label, members in question_groups(collection, bench.split).items():
        for group, queries in members.items():
            for query in queries:
                groups.setdefault(query, {})[label] = group
    with path.open("w", encoding="utf-8") as out:
        for query in asked.queries:
            line = {
                "id": query.id,
                "text": query.text,
                "answers": list(query.answers),
                "relevant": sorted(asked.qrels.relevant(query.id)),
                "groups": groups.get(query.id, {}),
            }
            out.write(json.dumps(line, ensure_ascii=False) + "\n")


_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_cell(value: Any) -> Any:
    """A text that no spreadsheet takes for a formula; numbers as they are."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = list(dict.fromkeys(c for row in rows for c in row))
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([csv_cell(row.get(c, "")) for c in columns])
