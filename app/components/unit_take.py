"""Take a bench along: link, library lines, table, one HTML file, and everything it was computed from as a ZIP."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from components import take, unit_tables
from components.unit_state import View, link
from retrievarium.analysis import KeptBench, export_bench, granularity
from retrievarium.data import Collection
from state import Selection


def code(collection: str, view: View, split: str) -> str:
    """Library lines that give the same table; they run as they stand."""
    return "\n".join(
        [
            "import retrievarium as rv",
            "from retrievarium.analysis import export_bench, granularity",
            "",
            f"docs = rv.load_collection({collection!r})",
            f"bench = granularity(docs, [{view.spec!r}], {list(view.units)!r}, split={split!r})",
            "for row in bench.rows:",
            "    print(row['retriever'], row['unit'], {m: row[m] for m in bench.measures})",
            "export_bench(bench, docs, 'granularity')  # runs, unit maps, questions, tables",
        ]
    )


def _columns(bench: KeptBench) -> list[str]:
    return list(dict.fromkeys(c for row in bench.rows for c in row))


def archive(collection: Collection, bench: KeptBench, view: View, split: str) -> bytes:
    """Runs, unit maps, questions and tables. Everything is read from what the bench kept."""
    with tempfile.TemporaryDirectory() as folder:
        told = granularity(collection, [view.spec], list(bench.units), split=split)
        root = export_bench(told, collection, Path(folder) / "granularity")
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in sorted(root.rglob("*")):
                if path.is_file():
                    packed.write(path, path.relative_to(root.parent))
    return out.getvalue()


def footer(
    collection: Collection, chosen: Selection, view: View, split: str, bench: KeptBench | None,
    figures: Sequence[Any],
) -> None:  # fmt: skip
    head = _columns(bench) if bench else ["retriever", "unit"]
    rows = [[r.get(c, "") for c in head] for r in (bench.rows if bench else [])]
    stem = f"{collection.name}-granularity"

    def page_html() -> str:
        assert bench is not None
        told = [
            unit_tables.sentence(bench, view),
            f"{collection.name}, {split}: {len(collection.passages):,} passages.",
        ]
        shown = [c for c in head if not c.endswith((" low", " high"))]
        cells = [[_short(r.get(c, "")) for c in shown] for r in bench.rows]
        title = f"What should be indexed? {collection.name}"
        return take.one_file(title, told, [("The table", take.html_table(shown, cells))], figures)

    take.footer(
        link(chosen, view),
        code(collection.name, view, split),
        stem,
        lambda: take.csv_text(head, rows),
        page_html if bench is not None else None,
    )
    if bench is not None:
        st.download_button(
            "Download everything (ZIP)",
            data=lambda: archive(collection, bench, view, split),
            file_name=f"{stem}.zip",
            mime="application/zip",
            icon=":material/folder_zip:",
            on_click="ignore",
            help="TREC runs of units and passages, the unit maps, the questions, and all tables: every figure can be "
            "computed again from them.",
            key="unit-zip",
        )


def _short(value: Any) -> Any:
    return f"{value:.4f}" if isinstance(value, float) else value
