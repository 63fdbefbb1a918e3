"""A small histogram from edges and counts, as `data.statistics` gives them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from retrievarium.contracts import InputError
from retrievarium.figures.layout import quiet


def histogram(told: Mapping[str, Sequence[float]], unit: str, colour: str = "#5f86ad", height: int = 190) -> go.Figure:
    """Bars between `edges (b + 1)` of heights `counts (b)`."""
    edges, counts = list(told["edges"]), list(told["counts"])
    if len(edges) != len(counts) + 1:
        raise InputError(f"{len(edges)} edges and {len(counts)} counts", expected="one edge more than counts")
    spans = list(itertools.pairwise(edges))
    figure = go.Figure(
        go.Bar(
            x=[(a + b) / 2 for a, b in spans],
            y=counts,
            width=[(b - a) * 0.94 for a, b in spans],
            marker={"color": colour},
            customdata=[list(span) for span in spans],
            hovertemplate="%{customdata[0]:.4g} to %{customdata[1]:.4g}: %{y}<extra></extra>",
        )
    )
    figure.update_xaxes(title=unit)
    return quiet(figure, height=height, showlegend=False, bargap=0)
