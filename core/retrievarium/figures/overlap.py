"""Values by fifths of word overlap between question and relevant passage: the curve that claims are read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from retrievarium.contracts import InputError
from retrievarium.figures.layout import quiet
from retrievarium.figures.palette import system_colours, system_shapes

FIFTHS = ("least overlap", "second", "third", "fourth", "most overlap")


def overlap_fifths(
    values: Mapping[str, Sequence[float]], measure: str, dark: bool = False, fifths: Sequence[str] = FIFTHS
) -> go.Figure:
    """One line a retriever over the five fifths of overlap, each with its own colour and marker.

    Parameters
    ----------
    values: by retriever name, the mean of `measure` in each fifth, from least to most overlap, `(5,)`.
    """
    wrong = next((n for n, v in values.items() if len(v) != len(fifths)), None)
    if wrong is not None:
        raise InputError(f"{wrong} has {len(values[wrong])} values", expected=f"{len(fifths)}, one a fifth of overlap")
    names = list(values)
    colours, shapes = system_colours(names, dark), system_shapes(names)
    figure = go.Figure()
    for name in names:
        figure.add_trace(
            go.Scatter(
                x=list(fifths),
                y=list(values[name]),
                mode="lines+markers",
                name=name,
                line={"color": colours[name], "width": 2.5},
                marker={"symbol": shapes[name], "size": 10},
            )
        )
    figure.update_xaxes(title="words shared by question and relevant passage, by fifths of the questions")
    figure.update_yaxes(title=measure, rangemode="tozero")
    return quiet(figure, height=340, legend={"orientation": "h", "y": 1.12})
