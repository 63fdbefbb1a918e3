"""Figures of the claims board: every measured effect with its interval over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from retrievarium.figures.layout import quiet

# colour and marker by state, for light and dark ground: neither is needed to read the other
STATES = {
    "replicates": ("#00694e", "#4cc9a0", "circle"),
    "replicates, mechanism not shown": ("#00694e", "#4cc9a0", "circle-open"),
    "does not replicate": ("#b85600", "#f2a25c", "x"),
    "opposite": ("#a94c82", "#e59cc6", "diamond"),
    "inconclusive": ("#17748f", "#7fd3ea", "square-open"),
    "indicative": ("#566272", "#9aa7b8", "triangle-up-open"),
    "untestable here": ("#6b6b6b", "#b5b5b5", "hexagon-open"),
}
_UNKNOWN = ("#6b6b6b", "#b5b5b5", "star-open")


def effects_forest(rows: Sequence[Mapping[str, Any]], dark: bool = False, delta: float | None = None) -> go.Figure:
    """One line a measured claim: a marker at the effect, its 95% interval over seeds, 0 drawn.

    Parameters
    ----------
    rows: of the board; those without an effect are left out.
    delta: the smallest effect that counts, drawn as a second line.
    """
    figure = go.Figure()
    shown = [r for r in rows if r["effect"] is not None]
    for row in shown:
        light, lightened, symbol = STATES.get(row["verdict"], _UNKNOWN)
        colour, (low, high) = lightened if dark else light, row["interval"]
        figure.add_trace(
            go.Scatter(
                x=[row["effect"]],
                y=[f"{row['name']}: {row['verdict']}"],
                customdata=[row["name"]],
                mode="markers",
                marker={"color": colour, "symbol": symbol, "size": 12, "line": {"width": 2.5, "color": colour}},
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [high - row["effect"]],
                    "arrayminus": [row["effect"] - low],
                    "color": colour,
                    "thickness": 2.5,
                    "width": 7,
                },
                hovertemplate=f"{row['contrast']}<br>%{{x:+.3f}} ({low:+.3f} to {high:+.3f}), "
                f"{len(row['seeds'])} seeds<extra></extra>",
                showlegend=False,
            )
        )
    figure.add_vline(x=0, line={"color": "rgba(128,128,128,.9)", "width": 1.5, "dash": "dot"})
    if delta:
        figure.add_vline(x=delta, line={"color": "rgba(128,128,128,.6)", "width": 1, "dash": "dash"})
    reach = max((abs(v) for r in shown for v in r["interval"]), default=0.1)
    figure.update_xaxes(
        title="effect, oriented so that the paper predicts more than 0", range=[-1.12 * reach, 1.12 * reach]
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return quiet(figure, height=80 + 46 * max(1, len(shown)))
