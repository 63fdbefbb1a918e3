"""`granularity`, `decompose`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from retrievarium.cli.output import Json, emit, progress, table
from retrievarium.cli.retrieval import Collection_, Split_
from retrievarium.contracts import InputError

UNIT = (
    "group, document, passage, block, sentence, phrase, rules, oracle, 'random cuts', seq2seq, a writer's folder, "
    "or 'endpoint:MODEL@URL'; give it several times."
)
_SHOWN = ("R@5", "R@20", "Answer@5", "Answer@20", "Answer@100w", "Answer@200w", "Answer@500w", "EM@200w")


def granularity(
    collection: Collection_,
    retriever: Annotated[
        list[str] | None, typer.Option("--retriever", "-r", help="bm25, minilm, an encoder's folder or hub id.")
    ] = None,
    unit: Annotated[list[str] | None, typer.Option("--unit", "-u", help=UNIT)] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for runs, unit maps, questions and tables.")] = None,
    titles: Annotated[bool, typer.Option(help="Whether a passage's title stands before each of its units.")] = True,
    reader: Annotated[
        Path | None, typer.Option(help="Folder of a reader trained here; adds EM@l, what it answers from l words.")
    ] = None,
    split: Split_ = None,
    json: Json = False,
) -> Any:
    """Index a collection by units of several sizes and measure them alike; a stopped run goes on where it stopped."""
    from retrievarium.analysis import export_bench
    from retrievarium.analysis import granularity as bench_of
    from retrievarium.analysis.unit_bench import UNITS
    from retrievarium.data import load_collection
    from retrievarium.generation import SpanReader

    source = load_collection(collection)
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError("the folder is not empty", path=out, field="--out", expected="a new folder")
    asked = {"split": split, "titles": titles, "reader": None if reader is None else SpanReader.load(reader)}
    with progress() as tell:
        bench = bench_of(source, retriever or ["bm25", "minilm"], unit or list(UNITS), progress=tell, **asked)
    if out is not None:
        export_bench(bench, source, out)
    shown = [m for m in _SHOWN if m in bench.measures]
    rows = [
        [
            r["retriever"], r["unit"], f"{r['units']:,}", f"{r['bytes'] / 1e6:.1f}",
            *(f"{r[m]:.3f}" if m in r else "" for m in shown),
        ]
        for r in bench.rows
    ]  # fmt: skip
    result = {
        "collection": source.name,
        "split": bench.split,
        "rows": bench.rows,
        "slices": bench.slices,
        "decompositions": {k: r.to_dict() for k, r in bench.reports.items()},
        "untestable": bench.untestable,
        "out": None if out is None else str(out),
    }
    notes = [f"not measured: {name}: {why}" for name, why in bench.untestable.items()]
    notes += [f"Wrote runs, unit maps and tables to {out}."] if out else []
    header = ["retriever", "unit", "units", "MB", *shown]
    return emit(result, json, lambda: "\n".join([table(header, rows), *notes]))


def decompose(
    collection: Collection_,
    unit: Annotated[str, typer.Option("--unit", "-u", help=UNIT)] = "rules",
    out: Annotated[Path | None, typer.Option(help="File for the units, tab-separated.")] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Write a sheet of 50 passages to be judged by hand, JSON Lines.")
    ] = None,
    judged: Annotated[Path | None, typer.Option(help="A sheet that people have filled: print its rates.")] = None,
    json: Json = False,
) -> Any:
    """Cut a collection into units, and say what a decomposition gets wrong: exactly on a World, else from a sheet."""
    from retrievarium.analysis import units_named
    from retrievarium.data import load_collection
    from retrievarium.units import annotation_sheet, decomposition_report
    from retrievarium.units.table import plural
    from retrievarium.units.truth import Truth

    source = load_collection(collection)
    with progress() as tell:
        units = units_named(source, unit, progress=tell)
    if out is not None:
        units.save_map(out)
    if sheet is not None:
        annotation_sheet(units, source, sheet)
    known = judged is not None or Truth.known(source)
    report = decomposition_report(units, source, judged).to_dict() if known else None
    result = {"units": len(units), "words_a_unit": round(units.mean_words, 2), "kind": units.kind, "report": report}

    def words() -> str:
        told = f"{len(units):,} {plural(units.kind)} of {units.mean_words:.1f} words."
        if report is None:
            return told + " Nobody knows the facts here: judge a sheet (--sheet) and pass it back (--judged)."
        rates = ", ".join(
            f"{name.replace('_', ' ')} {report[name]:.1%}"
            for name in ("unfaithful", "not_minimal", "not_standalone", "missed_facts")
            if report[name] is not None
        )
        return f"{told} {rates} ({report['how']}, {report['units']:,} units judged)."

    return emit(result, json, words)


def register(app: typer.Typer) -> None:
    for command in (granularity, decompose):
        app.command(command.__name__)(command)
