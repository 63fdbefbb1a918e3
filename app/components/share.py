"""Take it along: a link to this state, the library lines that reproduce it, the results as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

import sources
import state
from columns import Column
from components import page
from retrievarium.data import Collection
from state import Selection

_SAFE_CELL = re.compile(r"^[=+\-@\t\r]")


def _variable(name: str) -> str:
    plain = re.sub(r"\W+", "_", name.removeprefix(sources.IMPORTED)).strip("_").lower()
    return plain if plain and not plain[0].isdigit() else f"r_{plain}"


def _line(name: str, collection: Collection) -> str:
    variable = _variable(name)
    if name == "bm25":
        return f"{variable} = rv.BM25(docs)"
    if name.startswith(sources.IMPORTED):
        path = sources.imported_path(collection, name.removeprefix(sources.IMPORTED))
        return f"{variable} = rv.FrozenRun.load({str(path)!r})"
    offer = next((o for o in sources.shelf(collection) if o.name == name), None)
    if offer is not None and offer.kind in ("method", "trained"):
        return f"{variable} = rv.build({_recipe(name, offer.about)}).retriever"
    return f"{variable} = rv.Dense(docs, rv.load_encoder({name!r}))"


def _recipe(name: str, made_from: Mapping[str, Any]) -> str:
    """Arguments of `rv.build` that give this very model: from what it was made from, or the plain ones."""
    if not made_from:
        return f'{sources.method_key(name)!r}, docs, budget="small"'
    settings = "".join(f", {k}={v!r}" for k, v in made_from["settings"].items() if v is not None)
    seed = f", seed={made_from['seed']}" if made_from["seed"] else ""
    return f"{made_from['method']!r}, docs, budget={made_from['budget']['name']!r}{seed}{settings}"


def _expression(spec: str) -> str:
    """A spec with its names as variables: quoted and plain ones."""
    if spec.startswith(sources.IMPORTED):
        return _variable(spec)
    return re.sub(r"'([^']*)'|\"([^\"]*)\"|\b([A-Za-z_]\w*)\b", lambda m: _variable(m[1] or m[2] or m[3]), spec)


def setup(collection: Collection, chosen: Selection) -> list[str]:
    """Lines that load the collection as `docs` and make the chosen retrievers as `columns`, by name."""
    usable = [s for s in chosen.retrievers if not sources.why_not(s, collection)]
    names = list(dict.fromkeys(n for s in usable for n in sources.parts(s)))
    lines = ["import retrievarium as rv", "", f"docs = rv.load_collection({chosen.collection!r})"]
    lines += [_line(n, collection) for n in names]
    columns = ", ".join(f"{s!r}: {_expression(s)}" for s in usable)
    return [*lines, f"columns = {{{columns}}}"]


def code(collection: Collection, chosen: Selection) -> str:
    """Library lines that reproduce the view; they run as they stand."""
    lines = setup(collection, chosen)
    if chosen.ask:
        asked = f"{{'q': {chosen.ask!r}}}"
    else:
        asked = f"docs.all_queries.select([{chosen.query!r}])"
    lines += [f"runs = {{name: r.search({asked}, k={chosen.k}) for name, r in columns.items()}}"]
    if chosen.split and not chosen.ask:
        measure, split = f"measure={chosen.measure!r}", f"split={chosen.split!r}"
        lines += [f"print(rv.compare(columns, docs, {measure}, {split}))"]
    return "\n".join(lines)


def _cell(text: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    told = str(text)
    return f"'{told}" if _SAFE_CELL.match(told) else told


def table(collection: Collection, chosen: Selection, columns: Sequence[Column]) -> str:
    """The results in view as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["retriever", "query", "rank", "passage", "score", "grade", "title", "text"])
    judged = collection.split_named(chosen.split).qrels.judged(chosen.query) if chosen.split and not chosen.ask else {}
    for column in columns:
        if column.ranking is None:
            continue
        for rank, (passage, score) in enumerate(list(column.ranking)[: chosen.k], start=1):
            found = collection.passages[passage]
            grade = judged.get(passage, "")
            row = [
                column.name,
                chosen.ask or chosen.query,
                rank,
                passage,
                f"{score:.6g}",
                grade,
                found.title,
                found.text,
            ]
            writer.writerow([row[2] if i == 2 else _cell(c) for i, c in enumerate(row)])
    return out.getvalue()


def footer(collection: Collection, chosen: Selection, columns: Sequence[Column]) -> None:
    page.heading("Take it along")
    with st.container(horizontal=True, key="share"):
        with st.popover("Copy link", icon=":material/link:"):
            page.note("Opens this very state where the collection has the same name.")
            st.code(state.link(chosen), language=None, wrap_lines=True)
            if any(s.startswith(sources.IMPORTED) for s in chosen.retrievers):
                page.callout("warning", "The link cannot carry the imported run", "It lives in this workspace only.")
        with st.popover("Copy code", icon=":material/code:"):
            page.note("These lines reproduce the view in a notebook or a script.")
            st.code(code(collection, chosen), language="python")
        st.download_button(
            "Download CSV",
            data=lambda: table(collection, chosen, columns).encode("utf-8"),
            file_name=f"{chosen.collection}-{'question' if chosen.ask else 'query'}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
