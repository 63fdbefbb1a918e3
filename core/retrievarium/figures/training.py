"""The curve of one training run: loss above, dev measure below, and the gradient's norm where it is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from retrievarium.figures.layout import quiet
from retrievarium.figures.palette import PALETTE

_LOSSES = ("loss", "mlm_loss")
_NORM = "gradient norm"
_HEIGHTS = {1: 200, 2: 300, 3: 400}

Row = Mapping[str, Any]


def _line(metrics: Sequence[Row], name: str) -> tuple[list[float], list[float]]:
    rows = [m for m in metrics if name in m and "step" in m]
    return [m["step"] for m in rows], [m[name] for m in rows]


def dev_measures(metrics: Sequence[Row]) -> list[str]:
    """Names among the metrics that are measures on dev: those with a cut-off, or called `dev...`."""
    names = dict.fromkeys(n for m in metrics for n in m)
    return [n for n in names if "@" in n or n.startswith("dev")]


def training_curve(
    metrics: Sequence[Row],
    colours: Sequence[str] = ("#0b6fb8", "#b85600", PALETTE["light"][2]),
    norm: bool = False,
    last: float | None = None,
) -> go.Figure:
    """Loss by step (every value pale, a running mean over 20 on top), and measures on dev as they come.

    Parameters
    ----------
    metrics: rows of one stage with `step`, `loss` and, now and then, a measure such as `dev RR@10`; as a job's
        `metrics()`.
    colours: of loss, measures, gradient norm.
    norm: draw the norm of the gradient too, where the rows hold it.
    last: the run's last step, so that the curve grows into a frame that stays.
    """
    measures = dev_measures(metrics)
    loss = next((n for n in _LOSSES if any(n in m for m in metrics)), "loss")
    with_norm = norm and any(_NORM in m for m in metrics)
    rows = 1 + bool(measures) + with_norm
    figure = make_subplots(rows=rows, cols=1, shared_xaxes=True, vertical_spacing=0.08)
    steps, values = _line(metrics, loss)
    smooth = [sum(values[max(0, i - 19) : i + 1]) / len(values[max(0, i - 19) : i + 1]) for i in range(len(values))]
    pale = {"color": colours[0], "width": 1}
    figure.add_trace(go.Scatter(x=steps, y=values, mode="lines", line=pale, opacity=0.35, name=loss), row=1, col=1)
    figure.add_trace(
        go.Scatter(
            x=steps, y=smooth, mode="lines", line={"color": colours[0], "width": 2.5}, name=f"{loss}, mean of 20"
        ),
        row=1,
        col=1,
    )
    figure.update_yaxes(title=loss, rangemode="tozero", row=1, col=1)
    for measure in measures:
        x, y = _line(metrics, measure)
        marker = {"color": colours[1], "symbol": "diamond", "size": 8}
        figure.add_trace(
            go.Scatter(x=x, y=y, mode="lines+markers", line={"color": colours[1]}, marker=marker, name=measure),
            row=2,
            col=1,
        )
    if measures:
        figure.update_yaxes(title=measures[0], rangemode="tozero", row=2, col=1)
    if with_norm:
        x, y = _line(metrics, _NORM)
        line = {"color": colours[2], "dash": "dot", "width": 2}
        figure.add_trace(go.Scatter(x=x, y=y, mode="lines", line=line, name=_NORM), row=rows, col=1)
        figure.update_yaxes(title=_NORM, rangemode="tozero", row=rows, col=1)
    figure.update_xaxes(title="step", row=rows, col=1)
    if last:
        figure.update_xaxes(range=[-0.02 * last, 1.02 * last])
    return quiet(figure, height=_HEIGHTS[rows], showlegend=False)
