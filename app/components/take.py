"""Take the evidence along: one row of buttons for every page. Copy link, copy code, CSV, PNG, one HTML file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import streamlit as st

from components import page
from components.text import escaped

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def csv_text(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([cell(c) for c in row] for row in rows)
    return out.getvalue()


def picture(stem: str) -> dict[str, Any]:
    """What a chart is configured with so that its camera gives a PNG of a good size."""
    return {
        "displaylogo": False,
        "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
        "toImageButtonOptions": {"format": "png", "scale": 2, "filename": stem},
    }


def one_file(title: str, sentences: Sequence[str], tables: Sequence[tuple[str, str]], figures: Sequence[Any]) -> str:
    """One HTML file that opens without a network. `tables`: heading and HTML of our own, already escaped."""
    import plotly.io as pio

    body = [f"<h1>{escaped(title)}</h1>", *(f"<p>{escaped(s)}</p>" for s in sentences)]
    for number, figure in enumerate(figures):
        drawn = figure
        drawn.update_layout(font={"color": "#17202b"}, paper_bgcolor="#ffffff", plot_bgcolor="#ffffff")
        body.append(pio.to_html(drawn, include_plotlyjs=number == 0, full_html=False, config={"displaylogo": False}))
    body += [f"<h2>{escaped(heading)}</h2>{table}" for heading, table in tables]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escaped(title)}</title><style>'
        "body{margin:1.5rem auto;max-width:72rem;font:15px/1.5 system-ui,sans-serif;color:#17202b;background:#fff}"
        "table{border-collapse:collapse}td,th{padding:.25rem .7rem;border-bottom:1px solid #d9dfe7;text-align:left}"
        f"</style></head><body>{''.join(body)}</body></html>\n"
    )


def html_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A plain table, escaped."""
    heads = "".join(f"<th>{escaped(h)}</th>" for h in head)
    body = "".join("<tr>" + "".join(f"<td>{escaped(c)}</td>" for c in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def footer(
    link: str,
    code: str,
    stem: str,
    table: Callable[[], str],
    html: Callable[[], str] | None = None,
    png: bool = True,
    cannot_carry: str = "",
) -> None:
    """The row of buttons.

    Parameters
    ----------
    code: library lines that give the same numbers; they run as they stand.
    table, html: make the files when they are asked for.
    cannot_carry: what the link leaves behind, in a sentence.
    """
    page.heading("Take it along")
    with st.container(horizontal=True, key="take"):
        with st.popover("Copy link", icon=":material/link:"):
            page.note("Opens this very state where the collection has the same name.")
            st.code(link, language=None, wrap_lines=True)
            if cannot_carry:
                page.callout("warning", "The link cannot carry everything", cannot_carry)
        with st.popover("Copy code", icon=":material/code:"):
            page.note("These lines give the same numbers in a notebook or a script.")
            st.code(code, language="python")
        _download("Download CSV", table, f"{stem}.csv", "text/csv", ":material/download:")
        if html is not None:
            _download("Download HTML", html, f"{stem}.html", "text/html", ":material/html:")
    if png:
        page.note("PNG: the camera in each picture's own toolbar, at its upper right.")


def _download(label: str, make: Callable[[], str], name: str, mime: str, icon: str) -> None:
    st.download_button(
        label,
        data=lambda: make().encode("utf-8"),
        file_name=name,
        mime=mime,
        icon=icon,
        on_click="ignore",
        key=f"take-{mime}",
    )
