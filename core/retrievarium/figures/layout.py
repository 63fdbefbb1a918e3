"""What all figures share: quiet axes, no plot background, type that inherits its size from the page."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go


def quiet(figure: go.Figure, height: int, **layout: Any) -> go.Figure:
    """The figure with the common layout; colours of text and ground are left to the page's theme."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hoverlabel={"align": "left"},
        **layout,
    )
    grid = "rgba(128,128,128,.22)"
    figure.update_xaxes(gridcolor=grid, zerolinecolor="rgba(128,128,128,.6)", automargin=True)
    figure.update_yaxes(gridcolor=grid, zerolinecolor="rgba(128,128,128,.6)", automargin=True)
    return figure
