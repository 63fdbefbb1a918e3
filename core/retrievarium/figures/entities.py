"""Figures of the entity clinic: a measure by relation, by popularity, and failures stacked by the rule that names them.

Every mark carries in `customdata` what it opens: group and retriever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from retrievarium.figures.layout import quiet
from retrievarium.figures.palette import PALETTE, system_colours, system_shapes

if TYPE_CHECKING:
    from retrievarium.evaluation import Breakdown, Cell

_PATTERNS = ("", "/", "\\", "x", "-", "|", "+", ".", "")
_GREY = "rgba(128,128,128,.55)"


def _error(cells: Sequence[Cell], colour: str) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [c.high - c.mean for c in cells],
        "arrayminus": [c.mean - c.low for c in cells],
        "color": colour,
        "thickness": 1.6,
        "width": 3,
    }


def _hover(cells: Sequence[Cell]) -> list[str]:
    return [f"{c.mean:.3f} ({c.low:.3f} to {c.high:.3f}), {c.n:,} questions" for c in cells]


def groups_dots(tables: Mapping[str, Breakdown], order: Sequence[str], measure: str, dark: bool = False) -> go.Figure:
    """A line a group, a mark a retriever with its 95% interval; groups in the given order from the top."""
    colours, shapes = system_colours(list(tables), dark), system_shapes(list(tables))
    figure = go.Figure()
    room = 0.5 / max(1, len(tables))
    for place, (name, told) in enumerate(tables.items()):
        shown = [g for g in order if g in told.cells]
        cells = [told.cells[g] for g in shown]
        shift = (place - (len(tables) - 1) / 2) * room
        figure.add_trace(
            go.Scatter(
                x=[c.mean for c in cells],
                y=[order.index(g) + shift for g in shown],
                name=name,
                mode="markers",
                marker={"color": colours[name], "symbol": shapes[name], "size": 8},
                error_x=_error(cells, colours[name]),
                customdata=[[g, name] for g in shown],
                text=_hover(cells),
                hovertemplate="%{customdata[0]}, %{customdata[1]}: %{text}<extra></extra>",
            )
        )
    figure.update_xaxes(title=measure, range=[-0.02, 1.02])
    figure.update_yaxes(
        tickvals=list(range(len(order))), ticktext=list(order), range=[len(order) - 0.5, -0.5], showgrid=True
    )
    quiet(figure, height=90 + 26 * len(order), legend=_LEGEND, clickmode="event+select")
    return figure.update_yaxes(zeroline=False)


_LEGEND = {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "title": {"text": ""}}


def popularity_curve(
    tables: Mapping[str, Breakdown], order: Sequence[str], label: str, measure: str, dark: bool = False
) -> go.Figure:
    """A measure by bin of popularity, least known at the left: a line a retriever, 95% intervals, counts below.

    Source: Sciavolino et al., 2021 (EntityQuestions), figure 1.
    """
    colours, shapes = system_colours(list(tables), dark), system_shapes(list(tables))
    counts = {b: c.n for told in tables.values() for b, c in told.cells.items()}
    figure = go.Figure()
    for place, (name, told) in enumerate(tables.items()):
        shown = [b for b in order if b in told.cells]
        cells = [told.cells[b] for b in shown]
        shift = (place - (len(tables) - 1) / 2) * 0.06
        figure.add_trace(
            go.Scatter(
                x=[order.index(b) + shift for b in shown],
                y=[c.mean for c in cells],
                name=name,
                mode="lines+markers",
                line={"color": colours[name], "width": 2, "dash": ("solid", "dash", "dot", "dashdot")[place % 4]},
                marker={"symbol": shapes[name], "size": 10},
                error_y=_error(cells, colours[name]),
                customdata=[[b, name] for b in shown],
                text=_hover(cells),
                hovertemplate="%{customdata[0]}, %{customdata[1]}: %{text}<extra></extra>",
            )
        )
    ticks = [f"{b}<br>{counts.get(b, 0):,} questions" for b in order]
    figure.update_xaxes(title=label, tickvals=list(range(len(order))), ticktext=ticks, showgrid=False)
    figure.update_yaxes(title=measure, range=[-0.02, 1.02])
    quiet(figure, height=360, legend=_LEGEND, clickmode="event+select")
    return figure.update_xaxes(zeroline=False)


def failures_stacked(
    counts: Mapping[str, Mapping[str, int]], order: Sequence[str], grey: Sequence[str] = (), dark: bool = False
) -> go.Figure:
    """A bar a retriever, divided by tag; every failure counts once. `grey`: tags that are shown without colour."""
    palette = PALETTE["dark" if dark else "light"]
    figure = go.Figure()
    systems = list(counts)
    coloured = [t for t in order if t not in grey]
    for name in order:
        values = [counts[s].get(name, 0) for s in systems]
        if not any(values):
            continue
        at = coloured.index(name) if name in coloured else -1
        colour = _GREY if at < 0 else palette[at % len(palette)]
        figure.add_trace(
            go.Bar(
                y=systems,
                x=values,
                name=name,
                orientation="h",
                marker={
                    "color": colour,
                    "pattern": {
                        "shape": _PATTERNS[at % len(_PATTERNS)] if at >= 0 else "",
                        "fillmode": "overlay",
                        "fgcolor": "rgba(255,255,255,.45)",
                        "size": 9,
                        "solidity": 0.16,
                    },
                },
                customdata=[[name, s] for s in systems],
                text=[f"{v:,}" if v else "" for v in values],
                textposition="inside",
                insidetextanchor="middle",
                hovertemplate="%{customdata[1]}, %{customdata[0]}: %{x:,} failures<extra></extra>",
            )
        )
    figure.update_xaxes(title="failures", rangemode="tozero")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    legend = {**_LEGEND, "traceorder": "normal"}
    return quiet(figure, height=150 + 44 * len(systems), barmode="stack", legend=legend, clickmode="event+select")
