"""The scores of a batch as a map: does the diagonal light up?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray
from plotly.subplots import make_subplots

from retrievarium.contracts import InputError
from retrievarium.figures.layout import quiet


def shares(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Softmax of each row: what share of a question's belief each passage gets, `(B, N)`."""
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def score_maps(scores: Mapping[str, ArrayLike]) -> go.Figure:
    """Softmax of each row of score matrices, side by side on one scale.

    Parameters
    ----------
    scores: by title, `(B, N)` with question i's own passage in column i.
    """
    if not scores:
        raise InputError("there are no scores to draw")
    parts = {title: shares(np.asarray(s, dtype=np.float64)) for title, s in scores.items()}
    first = next(iter(parts.values()))
    if any(p.shape != first.shape for p in parts.values()):
        raise InputError("the score matrices differ in shape", expected=f"{first.shape} for all")
    figure = make_subplots(rows=1, cols=len(parts), subplot_titles=list(parts), horizontal_spacing=0.06)
    for column, part in enumerate(parts.values(), 1):
        figure.add_trace(
            go.Heatmap(
                z=part,
                zmin=0,
                zmax=1,
                colorscale="Blues",
                showscale=column == len(parts),
                colorbar={"title": "share", "thickness": 10},
                hovertemplate="question %{y}, passage %{x}: %{z:.2f}<extra></extra>",
            ),
            row=1,
            col=column,
        )
    figure = quiet(figure, height=300)
    figure.update_xaxes(title="passages", showticklabels=False, showgrid=False)
    figure.update_yaxes(autorange="reversed", showticklabels=False, showgrid=False)
    figure.update_yaxes(title="questions", col=1)
    return figure.update_layout(margin={"t": 34}, width=700)
