"""The entity clinic's figures to take along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clinic import Case, Clinic, Ward
from components import clinic_state, share, take
from components.clinic_state import View
from retrievarium.analysis import OTHER_FAILURE, RULES
from retrievarium.data import Collection
from retrievarium.evaluation import Breakdown
from retrievarium.figures import groups_dots, popularity_curve
from sources import IMPORTED
from state import EVERYTHING, Selection
from whole import Overall

_HEAD = ("table", "group", "retriever", "questions", "mean", "low", "high")


def rows(look: Clinic) -> list[tuple[object, ...]]:
    """Every number of the tables: what it belongs to, its count and its interval."""
    label = look.grouping.label if look.grouping is not None else ""
    told: list[tuple[object, ...]] = []
    for system, table in look.tables.items():
        for name in ("macro", "micro"):
            cell = getattr(table, name)
            told.append((label, name, system, cell.n, cell.mean, cell.low, cell.high))
    tables: list[tuple[str, Mapping[str, Breakdown], Sequence[str]]] = [(label, look.tables, look.order)]
    tables += [(look.popularity.label, look.curve, look.bins)] if look.popularity is not None else []
    tables += [("training has shown", look.squares, look.square_order)] if look.squares else []
    for name, table_by, order in tables:
        for system, table in table_by.items():
            cells = [(g, table.cells[g]) for g in order if g in table.cells]
            told += [(name, g, system, c.n, c.mean, c.low, c.high) for g, c in cells]
    return told


def tag_rows(ward: Ward | None) -> list[tuple[object, ...]]:
    if ward is None:
        return []
    told: list[tuple[object, ...]] = []
    for system, by in ward.counts().items():
        told += [("failures by rule", n, system, len(by[n]), "", "", "") for n in (*RULES, OTHER_FAILURE) if n in by]
    return told


def code(collection: Collection, chosen: Selection, seen: View, look: Clinic) -> str:
    """Library lines that give the table's numbers; they run as they stand."""
    measure, split = repr(chosen.measure), repr(chosen.split)
    lines = share.setup(collection, chosen)
    lines[1:1] = [
        "from retrievarium.analysis import groupings",
        "from retrievarium.evaluation import break_down, pooled",
    ]
    lines += [
        f"split = docs.split_named({split})",
        f"groups = {{g.label: g.groups for g in groupings(docs, {split})}}[{seen.group!r}]",
    ]
    inside = ""
    if chosen.slice != EVERYTHING:
        column, _, value = chosen.slice.partition("=")
        if column == "slice":
            lines += [
                "rows = docs.tables['slices'].to_pylist()",
                f"inside = {{r['query_id'] for r in rows if r['slice'] == {value!r}}}",
            ]
        else:
            lines += [f"inside = {{q.id for q in split.queries if str(q.{column}) == {value!r}}}"]
        inside = " if q in inside"
    lines += [
        "for name, retriever in columns.items():",
        f"    told = rv.evaluate(retriever.search(split.queries, 100), split.qrels, [{measure}], docs)",
        f"    values = {{q: v for q, v in told.per_query[{measure}].items(){inside}}}",
        "    table = break_down(values, pooled({q: g for q, g in groups.items() if q in values}))",
        "    print(name, f'macro {table.macro.mean:.4f} micro {table.micro.mean:.4f}')",
        "    print({group: (cell.n, round(cell.mean, 4)) for group, cell in table.cells.items()})",
    ]
    return "\n".join(lines)


def html(chosen: Selection, look: Clinic, ward: Ward | None) -> str:
    title = f"{chosen.collection}: which facts can it not find?"
    told = [f"{chosen.measure}, split {chosen.split}, {chosen.slice}. Intervals: 95%, other questions like these."]
    figures = [groups_dots(look.tables, look.order, look.measure)] if look.tables else []
    if look.popularity is not None:
        figures.append(popularity_curve(look.curve, look.bins, look.popularity.label, look.measure))
    shown = [tuple(f"{c:.4f}" if isinstance(c, float) else c for c in row) for row in (*rows(look), *tag_rows(ward))]
    return take.one_file(title, told, [("All numbers", take.html_table(_HEAD, shown))], figures)


def _cannot(chosen: Selection) -> str:
    return (
        "An imported run lives in this workspace only."
        if any(s.startswith(IMPORTED) for s in chosen.retrievers)
        else ""
    )


def footer(collection: Collection, chosen: Selection, seen: View, look: Clinic, ward: Ward | None) -> None:
    take.footer(
        clinic_state.address(chosen, seen),
        code(collection, chosen, seen, look),
        f"{chosen.collection}-entities",
        lambda: take.csv_text(_HEAD, [*rows(look), *tag_rows(ward)]),
        lambda: html(chosen, look, ward),
        cannot_carry=_cannot(chosen),
    )


def case_footer(collection: Collection, chosen: Selection, seen: View, case: Case, over: Overall) -> None:
    """The questions that a number opened."""

    def table() -> str:
        known = collection.all_queries
        values = {s: e.per_query[chosen.measure] for s, e in over.evaluations.items()}
        head = ("query", "text", *(f"{s}: {chosen.measure}" for s in values))
        return take.csv_text(
            head, [(q, known.texts[known.row_of[q]], *(v[q] for v in values.values())) for q in case.queries]
        )

    lines = share.setup(collection, chosen)
    listed = list(case.queries)
    lines += [
        f"queries = {listed!r}",
        f"qrels = docs.split_named({chosen.split!r}).qrels.select(queries)",
        "for name, retriever in columns.items():",
        "    run = retriever.search(docs.all_queries.select(queries), 100)",
        f"    told = rv.evaluate(run, qrels, [{chosen.measure!r}], docs)",
        f"    print(name, len(queries), round(told[{chosen.measure!r}], 4))",
    ]
    take.footer(
        clinic_state.address(chosen, seen),
        "\n".join(lines),
        f"{chosen.collection}-questions",
        table,
        png=False,
        cannot_carry=_cannot(chosen),
    )
