"""Figures of the granularity bench: answers by words read, a measure by unit, gains by group of questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from retrievarium.figures.layout import quiet
from retrievarium.figures.palette import PALETTE, SHAPES

_HOME = ("passage", "sentence", "proposition", "document", "phrase", "block", "group")
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


def unit_styles(units: Sequence[str], dark: bool = False) -> dict[str, tuple[str, str, str]]:
    """Colour, marker and dash by kind of unit, the same on all pages; decompositions differ in all three."""
    colours = PALETTE["dark" if dark else "light"]
    places: dict[str, int] = {}
    for unit in units:
        head = unit.split(" ")[0]
        home = _HOME.index(head) if head in _HOME else len(_HOME)
        order = [home, *range(len(_HOME), len(colours)), *range(len(_HOME))]
        places[unit] = next((p for p in order if p not in places.values()), home)
    return {u: (colours[p], SHAPES[p], _DASHES[p % len(_DASHES)]) for u, p in places.items()}


def answer_curves(curves: Mapping[str, Sequence[float]], words: Sequence[int], dark: bool = False) -> go.Figure:
    """Share of questions whose answer stands within the first l retrieved words, a line by unit."""
    styles = unit_styles(list(curves), dark)
    figure = go.Figure()
    for unit, curve in curves.items():
        colour, _, dash = styles[unit]
        line = {"color": colour, "width": 2.5, "dash": dash}
        figure.add_trace(
            go.Scatter(
                x=list(words), y=list(curve), mode="lines", name=unit, line=line,
                hovertemplate="%{x} words: %{y:.3f}<extra>" + unit + "</extra>",
            )
        )  # fmt: skip
    figure.update_xaxes(title="retrieved words read", rangemode="tozero")
    figure.update_yaxes(title="answer found", range=[0, 1.02], tickformat=".0%")
    return quiet(figure, height=360, legend={"orientation": "h", "y": -0.22, "x": 0})


def unit_dots(rows: Sequence[Mapping[str, Any]], measure: str, dark: bool = False) -> go.Figure:
    """A measure by unit with its 95% interval over questions; one retriever's rows."""
    shown = [r for r in rows if r.get(measure) is not None]
    styles = unit_styles([str(r["unit"]) for r in shown], dark)
    figure = go.Figure()
    for row in shown:
        colour, shape, _ = styles[str(row["unit"])]
        value, low, high = row[measure], row[f"{measure} low"], row[f"{measure} high"]
        figure.add_trace(
            go.Scatter(
                x=[value], y=[row["unit"]], mode="markers", showlegend=False,
                marker={"color": colour, "symbol": shape, "size": 12},
                error_x={
                    "type": "data", "symmetric": False, "array": [high - value], "arrayminus": [value - low],
                    "color": colour, "thickness": 2.5, "width": 6,
                },
                hovertemplate=f"%{{x:.3f}} ({low:.3f} to {high:.3f})<extra>{row['unit']}</extra>",
            )
        )  # fmt: skip
    figure.update_xaxes(title=measure)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return quiet(figure, height=70 + 44 * len(shown))


def gains_by_group(slices: Sequence[Mapping[str, Any]], measure: str, dark: bool = False) -> go.Figure:
    """Each unit minus the passage index, by group of questions, with paired 95% intervals; one retriever's slices."""
    gain = f"{measure} gain"
    shown = [s for s in slices if s.get(gain) is not None]
    groups = list(dict.fromkeys(str(s["group"]) for s in shown))
    units = list(dict.fromkeys(str(s["unit"]) for s in shown))
    styles = unit_styles(units, dark)
    step = 0.72 / max(1, len(units))
    figure = go.Figure()
    for number, unit in enumerate(units):
        own = [s for s in shown if s["unit"] == unit]
        colour, shape, _ = styles[unit]
        places = [groups.index(str(s["group"])) + (number - (len(units) - 1) / 2) * step for s in own]
        figure.add_trace(
            go.Scatter(
                x=places, y=[s[gain] for s in own], mode="markers", name=unit,
                marker={"color": colour, "symbol": shape, "size": 10},
                error_y={
                    "type": "data", "symmetric": False, "color": colour, "thickness": 2,
                    "array": [s[f"{gain} high"] - s[gain] for s in own],
                    "arrayminus": [s[gain] - s[f"{gain} low"] for s in own],
                },
                customdata=[[s["group"], s["questions"]] for s in own],
                hovertemplate="%{customdata[0]}: %{y:+.3f}, %{customdata[1]} questions<extra>" + unit + "</extra>",
            )
        )  # fmt: skip
    figure.add_hline(y=0, line={"color": "rgba(128,128,128,.9)", "width": 1.5, "dash": "dot"})
    figure.update_xaxes(tickmode="array", tickvals=list(range(len(groups))), ticktext=groups, showgrid=False)
    figure.update_yaxes(title=f"{measure} minus the passage index's")
    return quiet(figure, height=360, legend={"orientation": "h", "y": -0.25, "x": 0})
