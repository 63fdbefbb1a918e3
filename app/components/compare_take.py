"""Compare taken along: a link, library lines that give the same numbers, the results as CSV, all of it as one file."""

from __future__ import annotations

from collections.abc import Sequence

import sources
from columns import Column
from components import compare_state, share, take, why_view
from components.cards import Asked
from components.compare_state import View
from components.why_view import Side
from retrievarium.data import Collection
from retrievarium.figures import difference_forest, query_scatter
from state import Selection
from whole import Overall

_WHY = "from retrievarium.analysis.why import"


def code(collection: Collection, chosen: Selection, view: View, asked: str, sides: Sequence[Side]) -> str:
    """Library lines that reproduce the view: the lists, the reasons in view, the comparison; they run as they stand."""
    if not view.edits and not sides:
        return share.code(collection, chosen)
    lines = share.setup(collection, chosen)
    names = [*(["Edit", "edited"] if view.edit else []), *(["attribute"] if sides else [])]
    if names:
        lines.insert(1, f"{_WHY} {', '.join(sorted(names, key=str.lower))}")
    text = view.question or asked
    lines += [f"question = {text!r}"]
    if view.edit is not None:
        told = f"Edit({view.passage!r}, {view.title!r}, {view.text!r})"
        lines += [f"columns = edited(columns, docs, {told})"]
    if view.edits or chosen.ask:
        lines += [f"runs = {{name: r.search(question, k={chosen.k}) for name, r in columns.items()}}"]
    else:
        searched = f"docs.all_queries.select([{chosen.query!r}])"
        lines += [f"runs = {{name: r.search({searched}, k={chosen.k}) for name, r in columns.items()}}"]
    explained = [s for s in sides if s.told.kind != "unknown"]
    if explained:
        by = explained[0].told.retriever
        ids = [s.passage for s in explained]
        lines += [f"why = {{p: attribute(columns[{by!r}], question, p) for p in {ids!r}}}"]
        lines += ["for told in why.values():", "    print(told.score, [(p.label, p.value) for p in told.parts])"]
    if chosen.split and not chosen.ask and view.edit is None:
        lines += [f"print(rv.compare(columns, docs, measure={chosen.measure!r}, split={chosen.split!r}))"]
    return "\n".join(lines)


def html(
    collection: Collection,
    chosen: Selection,
    asked: Asked,
    columns: Sequence[Column],
    sides: Sequence[Side],
    over: Overall | None,
    lines: str,
) -> str:
    """One file that opens without a network: the question, the lists, the reasons, the comparison and its figures."""
    told = [f"Question: {asked.text}", f"Collection {chosen.collection}, split {chosen.split or 'none'}."]
    rows = [
        (c.name, rank, p, f"{score:.4g}", asked.judged.get(p, "unjudged"), collection.passages[p].title)
        for c in columns
        if c.ranking is not None
        for rank, (p, score) in enumerate(list(c.ranking)[: chosen.k], 1)
    ]
    head = ["retriever", "rank", "passage", "score", "grade", "title"]
    tables = [("Ranks", f'<div style="max-width:70rem">{lines}</div>'), ("Results", take.html_table(head, rows))]
    if sides:
        told.append(why_view.sentence(sides))
        tables.append(("Why", why_view.table(sides)))
    figures = []
    comparison = over.comparison if over is not None else None
    if over is not None and comparison is not None:
        told += [comparison.sentence(n) for n in comparison.differences]
        told.append("Intervals are over queries: they speak of these runs on other queries like these.")
        a, b = list(over.evaluations)[:2]
        left, right = (over.evaluations[n].per_query[chosen.measure] for n in (a, b))
        figures = [difference_forest(comparison), query_scatter(left, right, (a, b), chosen.measure)]
        measures = list(over.evaluations[a].means)
        means = [(n, *(f"{e.means[m]:.4f}" for m in measures)) for n, e in over.evaluations.items()]
        heading = f"Means over {over.evaluations[a].queries:,} judged queries"
        tables.append((heading, take.html_table(["", *measures], means)))
    return take.one_file(f"{chosen.collection}: {asked.text}", told, tables, figures)


def footer(
    collection: Collection,
    chosen: Selection,
    view: View,
    asked: Asked,
    columns: Sequence[Column],
    sides: Sequence[Side],
    over: Overall | None,
    lines: str,
) -> None:
    """The row of buttons. `lines` is the picture of the ranks as SVG."""
    left_out = [s for s in chosen.retrievers if s.startswith(sources.IMPORTED)]
    cannot = "An imported run lives in this workspace only." if left_out else ""
    if view.passage and len(view.text) > compare_state.LONGEST:
        cannot = f"{cannot} The edited passage is too long for an address.".strip()
    stem = f"{chosen.collection}-{chosen.query or 'question'}"
    take.footer(
        compare_state.address(chosen, view),
        code(collection, chosen, view, asked.text, sides),
        "".join(c if c.isalnum() or c in "-_." else "-" for c in stem),
        lambda: share.table(collection, chosen, columns),
        lambda: html(collection, chosen, asked, columns, sides, over, lines),
        cannot_carry=cannot,
    )
