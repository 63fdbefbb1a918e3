"""Figures of a comparison: differences with their intervals, and query against query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from retrievarium.figures.layout import quiet
from retrievarium.figures.palette import system_colours, system_shapes

if TYPE_CHECKING:
    from retrievarium.evaluation import Comparison


def difference_forest(
    comparison: Comparison, colours: Mapping[str, str] | None = None, labels: Mapping[str, str] | None = None
) -> go.Figure:
    """Each retriever's difference to the reference: a marker for the mean, a line for the 95% interval, 0 drawn."""
    names = list(comparison.differences)
    colours = colours or system_colours([comparison.reference, *names])
    shapes = system_shapes([comparison.reference, *names])
    shown = {n: (labels or {}).get(n, n) for n in [comparison.reference, *names]}
    figure = go.Figure()
    for name in names:
        d = comparison.differences[name]
        figure.add_trace(
            go.Scatter(
                x=[d.mean],
                y=[shown[name]],
                mode="markers",
                marker={"color": colours[name], "symbol": shapes[name], "size": 11},
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [d.high - d.mean],
                    "arrayminus": [d.mean - d.low],
                    "color": colours[name],
                    "thickness": 2.5,
                    "width": 6,
                },
                hovertemplate=f"%{{x:+.3f}} ({d.low:+.3f} to {d.high:+.3f})<extra></extra>",
                showlegend=False,
            )
        )
    figure.add_vline(x=0, line={"color": "rgba(128,128,128,.9)", "width": 1.5, "dash": "dot"})
    reach = max((max(abs(d.low), abs(d.high)) for d in comparison.differences.values()), default=0.1)
    figure.update_xaxes(
        title=f"{comparison.measure} minus {shown[comparison.reference]}'s",
        range=[-1.15 * max(reach, 0.01), 1.15 * max(reach, 0.01)],
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return quiet(figure, height=70 + 46 * len(names))


def query_scatter(
    a: Mapping[str, float],
    b: Mapping[str, float],
    names: tuple[str, str],
    measure: str,
    colour: str = "#0b6fb8",
    queries: Sequence[str] | None = None,
    here: str = "",
) -> go.Figure:
    """One point a query, A's value across, B's up; on the diagonal they are equal. `here` is ringed.

    Values of rank measures fall on few levels, so points are spread a little by a fixed pattern; `customdata` holds
    the query's id (texts stay on the server).
    """
    ids = list(queries) if queries is not None else list(a)
    # a low-discrepancy pattern: the same points every time, without a random choice
    spread = [(((n * 0.7548776662) % 1) - 0.5, ((n * 0.5698402909) % 1) - 0.5) for n in range(1, len(ids) + 1)]
    figure = go.Figure()
    figure.add_shape(
        type="line", x0=0, y0=0, x1=1, y1=1, layer="below", line={"color": "rgba(128,128,128,.8)", "dash": "dot"}
    )
    figure.add_trace(
        go.Scattergl(
            x=[round(a[q] + 0.024 * s[0], 4) for q, s in zip(ids, spread, strict=True)],
            y=[round(b[q] + 0.024 * s[1], 4) for q, s in zip(ids, spread, strict=True)],
            customdata=ids,
            mode="markers",
            marker={"size": 6, "color": colour, "opacity": 0.5},
            hovertemplate="%{customdata}<extra></extra>",
            showlegend=False,
        )
    )
    if here in ids:
        at = ids.index(here)
        figure.add_trace(
            go.Scatter(
                x=[figure.data[0].x[at]],
                y=[figure.data[0].y[at]],
                customdata=[here],
                mode="markers",
                marker={"size": 15, "symbol": "circle-open", "color": "#c2187a", "line": {"width": 3}},
                hovertemplate=f"{here}<extra>in view</extra>",
                showlegend=False,
            )
        )
    reach = [-0.04, 1.04]
    figure.update_xaxes(title=f"{measure} of {names[0]}", range=reach)
    figure.update_yaxes(title=f"{measure} of {names[1]}", range=reach)
    return quiet(figure, height=380, dragmode="zoom", clickmode="event+select")
