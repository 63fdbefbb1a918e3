"""Take the map along: a link, the library lines, the selection as CSV, the picture as PNG or one HTML file."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from urllib.parse import urlencode, urlsplit

import streamlit as st

from components import page
from components.map_scene import Scene
from components.map_state import View
from components.text import escaped
from retrievarium.analysis import kept_sentence, query_sentence, verdict
from retrievarium.figures import MapFigure
from state import Selection

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def link(chosen: Selection, view: View) -> str:
    parts = urlsplit(st.context.url or "http://127.0.0.1:8501/")
    return f"{parts.scheme}://{parts.netloc}/map?{urlencode({**chosen.params(), **view.params()}, doseq=True)}"


def code(collection: str, spec: str) -> str:
    """Library lines that make this map and its numbers; they run as they stand."""
    return "\n".join(
        [
            "import retrievarium as rv",
            "from retrievarium.analysis import collection_vectors, kept_sentence, make_checks, make_map",
            "",
            f"docs = rv.load_collection({collection!r})",
            f"space = collection_vectors(docs, rv.load_encoder({spec!r}))",
            "m = make_map(docs, space)  # m.places, m.kept",
            "checks = make_checks(docs, space, m)",
            "print(kept_sentence(m.about, checks.numbers))",
        ]
    )


def _cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def table(of: Scene, at: Sequence[int], places: object) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["kind", "id", "x", "y", "kept", "text"])
    kept = of.made.kept if of.made is not None else None
    for p in at or range(of.size):
        x, y = places[p][:2]  # type: ignore[index]
        share = f"{kept[p]:.3f}" if kept is not None else ""
        kind = "passage" if p < of.n else "query"
        writer.writerow([kind, _cell(of.names[p][2:]), f"{x:.4f}", f"{y:.4f}", share, _cell(of.title(p))])
    return out.getvalue()


def html(of: Scene, figure: MapFigure) -> str:
    """One file that opens without a network: the map, its verdict, and what was shown."""
    import plotly.io as pio

    numbers = of.checks.numbers if of.checks else None
    lines = [of.points.sentence()]
    if of.made is not None:
        told = verdict(of.made.about, numbers)
        lines = [
            f"{told.badge}: {told.sentence}",
            kept_sentence(of.made.about, numbers),
            query_sentence(of.made.about, numbers),
            *lines,
        ]
    title = escaped(f"{of.collection.name} as {of.vectors.encoder} sees it")
    ground = "#11161d;color:#e6ebf2" if figure.dark else "#ffffff;color:#17202b"
    drawn = figure.figure()
    drawn.update_layout(font={"color": "#e6ebf2" if figure.dark else "#17202b"})
    body = pio.to_html(drawn, include_plotlyjs=True, full_html=False, config={"displaylogo": False, "scrollZoom": True})
    told_lines = "".join(f"<p>{escaped(line)}</p>" for line in lines)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        f'<body style="margin:1.5rem;font-family:system-ui,sans-serif;background:{ground}">'
        f"<h1>{title}</h1>{told_lines}{body}</body></html>"
    )


def footer(of: Scene, figure: MapFigure, chosen: Selection, view: View, spec: str, at: Sequence[int]) -> None:
    page.heading("Take it along")
    with st.container(horizontal=True, key="map-share"):
        with st.popover("Copy link", icon=":material/link:"):
            page.note("Opens this very state where the collection and the encoder have the same names.")
            st.code(link(chosen, view), language=None, wrap_lines=True)
            if view.params().get("ms", "").startswith("@"):
                page.callout(
                    "warning", "A selection this large is in the link by number only", "It opens in this workspace."
                )
        with st.popover("Copy code", icon=":material/code:"):
            page.note("These lines make the map and its numbers in a notebook or a script.")
            st.code(code(chosen.collection, spec), language="python")
        stem = f"{chosen.collection}-{of.vectors.encoder}-map"
        places = figure.places
        st.download_button(
            f"Download CSV ({len(at):,} selected)" if at else "Download CSV",
            data=lambda: table(of, at, places).encode("utf-8"),
            file_name=f"{stem}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            "Download HTML",
            data=lambda: html(of, figure).encode("utf-8"),
            file_name=f"{stem}.html",
            mime="text/html",
            icon=":material/html:",
            on_click="ignore",
            help="One file of about 5 MB that opens anywhere, without a network.",
        )
    page.note("PNG: the camera in the map's own toolbar, at its upper right.")
