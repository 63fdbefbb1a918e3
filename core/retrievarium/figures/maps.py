"""The figure of a map: points that carry row numbers, never texts; the truth drawn on top."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from retrievarium.analysis.map_colours import Shade
from retrievarium.figures.layout import quiet
from retrievarium.figures.palette import PALETTE, SHAPES

TITLED = 6_000  # points up to which a title shows on hover
_SHAPED = 12_000  # points up to which categories differ by shape, too
_GREY = {"light": "#9aa4b1", "dark": "#566272"}
_INK = {"light": "#17202b", "dark": "#f4f7fb"}
_SCALES = {"light": "Viridis", "dark": "Cividis"}
_CUT = 48
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True)
class Overlay:
    """What is drawn on top, all as positions among the points.

    query: whose rays are drawn; ranked: its true top k, best first; focus: a passage whose neighbours are ringed;
    false, lost: neighbours on the map that are none, and true ones that lie elsewhere; hits: found by the search.
    """

    query: int | None = None
    ranked: Sequence[int] = ()
    focus: int | None = None
    false: Sequence[int] = ()
    lost: Sequence[int] = ()
    hits: Sequence[int] = ()


@dataclass(frozen=True)
class MapFigure:
    """Everything that settles a map's figure: equal fields make byte-identical figures."""

    places: NDArray
    n: int  # how many of the points are passages; the rest are queries
    shade: Shade
    titles: Sequence[str] = ()  # one a point, or none
    selected: Sequence[int] = ()
    overlay: Overlay = field(default_factory=Overlay)
    dark: bool = False
    height: int = 620
    legend: bool = True
    revision: str = "map"  # zoom is kept while this stays

    def figure(self) -> go.Figure:
        """Two traces of points (passages, queries), whose `customdata` are positions; then what lies on top."""
        flat = self.places.shape[1] == 2
        figure = go.Figure()
        for part, (start, stop) in enumerate(((0, self.n), (self.n, len(self.places)))):
            figure.add_trace(self._points(start, stop, part == 1, flat))
        if flat:
            for trace in self._on_top():
                figure.add_trace(trace)
        for trace in self._legend(flat) if self.legend else []:
            figure.add_trace(trace)
        hidden = {"visible": False}
        if flat:
            figure.update_layout(xaxis=hidden, yaxis={**hidden, "scaleanchor": "x", "scaleratio": 1}, dragmode="pan")
        else:
            figure.update_layout(scene=dict.fromkeys(("xaxis", "yaxis", "zaxis"), hidden))
        return quiet(
            figure,
            self.height,
            uirevision=self.revision,
            showlegend=self.legend,
            legend={"orientation": "h", "itemsizing": "constant", "y": -0.01, "yanchor": "top", "x": 0},
            modebar={"bgcolor": "rgba(0,0,0,0)", "color": "rgba(128,128,128,.9)", "activecolor": _INK[self._mode]},
            hovermode="closest",
            clickmode="event+select",
        )

    # -- inside

    @property
    def _mode(self) -> str:
        return "dark" if self.dark else "light"

    def _size(self, query: bool) -> float:
        total = len(self.places)
        base = 8.0 if total <= 800 else 6.5 if total <= 6_000 else 4.5 if total <= 20_000 else 3.0
        return base * (1.2 if query else 1.0)

    def _points(self, start: int, stop: int, query: bool, flat: bool) -> Any:
        rows = np.arange(start, stop, dtype=np.int32)
        places = self.places[start:stop].astype(np.float32)
        marker: dict[str, Any] = {"size": self._size(query), "line": {"width": 1.4 if query else 0}, **self._ink(rows)}
        marker["symbol"] = self._symbols(rows, query) if flat else "diamond-open" if query else "circle"
        about: dict[str, Any] = {
            "x": places[:, 0],
            "y": places[:, 1],
            "customdata": rows,
            "mode": "markers",
            "marker": marker,
            "name": "queries" if query else "passages",
            "showlegend": False,
        }
        if len(self.titles):
            about["text"] = [short(t) for t in self.titles[start:stop]]
            about["hovertemplate"] = f"{'query' if query else 'passage'}: %{{text}}<extra></extra>"
        else:
            about["hovertemplate"] = f"{'query' if query else 'passage'} %{{customdata}}<extra></extra>"
        if not flat:
            marker["size"] = self._size(query) * 0.55
            return go.Scatter3d(z=places[:, 2], **about)
        if len(self.selected):
            chosen = np.array([p for p in self.selected if start <= p < stop], dtype=np.int64) - start
            about["selectedpoints"] = chosen.tolist()
        about["unselected"] = {"marker": {"color": _GREY[self._mode], "opacity": 0.25}}
        about["selected"] = {"marker": {"opacity": 1.0}}
        return go.Scattergl(**about)

    def _ink(self, rows: NDArray) -> dict[str, Any]:
        """Colours as numbers with one scale: a byte or four a point in place of a word."""
        shade, grey = self.shade, _GREY[self._mode]
        if shade.codes is not None:
            colours = [grey, *self._palette()]
            steps = len(colours)
            scale = [[(i + side) / steps, c] for i, c in enumerate(colours) for side in (0, 1)]
            codes = (shade.codes[rows] + 1).astype(np.int8)
            return {"color": codes, "colorscale": scale, "cmin": -0.5, "cmax": steps - 0.5, "opacity": 0.82}
        assert shade.values is not None
        values = shade.values[rows]
        known = shade.values[np.isfinite(shade.values)]
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        bar = {"thickness": 10, "len": 0.5, "x": 1.02, "y": 0.72, "title": {"text": shade.label, "side": "top"}}
        return {
            "color": values,
            "colorscale": _SCALES[self._mode],
            "cmin": low,
            "cmax": max(high, low + 1e-6),
            "opacity": 0.85,
            "showscale": bool(rows.size and rows[0] == 0),
            "colorbar": bar,
        }

    def _palette(self) -> list[str]:
        return [PALETTE[self._mode][i % len(PALETTE[self._mode])] for i in range(len(self.shade.names))]

    def _symbols(self, rows: NDArray, query: bool) -> Any:
        """Categories differ by shape as well as by colour, where there are few enough points to tell shapes."""
        if self.shade.key == "point" or self.shade.codes is None or len(self.places) > _SHAPED:
            return "diamond-open" if query else "circle"
        shapes = [f"{s}-open" if query else s for s in ("circle", *SHAPES)]
        return [shapes[c + 1] for c in self.shade.codes[rows].tolist()]

    def _legend(self, flat: bool) -> list[Any]:
        """One entry a category: the points are one trace, so the legend is drawn from empty ones."""
        if self.shade.codes is None:
            return []
        counts = self.shade.counts()
        shaped = self.shade.key != "point" and len(self.places) <= _SHAPED
        told = []
        for i, name in enumerate(self.shade.names):
            symbol = SHAPES[i] if shaped else "diamond-open" if name == "query" else "circle"
            marker = {"color": self._palette()[i], "size": 9, "symbol": symbol if flat else "circle"}
            about: dict[str, Any] = {"mode": "markers", "marker": marker, "name": f"{short(name, 26)} ({counts[i]:,})"}
            about |= {"hoverinfo": "skip", "showlegend": True}
            told.append(
                go.Scatter(x=[None], y=[None], **about) if flat else go.Scatter3d(x=[None], y=[None], z=[None], **about)
            )
        return told

    def _on_top(self) -> list[Any]:
        over, ink = self.overlay, _INK[self._mode]
        told: list[Any] = []
        if over.query is not None and len(over.ranked):
            told.append(self._rays(over.query, over.ranked, ink))
        if over.hits:
            told.append(self._rings(over.hits, "found by the search", "circle-open", ink, 15))
        red, blue = (("#b3261e", "#0b5f9e"), ("#ff9b90", "#8cc6f5"))[self.dark]
        if over.false:
            told.append(self._rings(over.false, "false friend: near here, not in truth", "square-open", red, 15))
        if over.lost:
            told.append(self._rings(over.lost, "lost friend: near in truth, not here", "diamond-open", blue, 17))
        for at, name, symbol in (
            (over.focus, "the passage in view", "hexagram"),
            (over.query, "the query in view", "star"),
        ):
            if at is not None:
                told.append(self._rings([at], name, symbol, ink, 16))
        return told

    def _rays(self, query: int, ranked: Sequence[int], ink: str) -> Any:
        x, y, text = [], [], []
        for rank, at in enumerate(ranked, start=1):
            x += [float(self.places[query, 0]), float(self.places[at, 0]), None]
            y += [float(self.places[query, 1]), float(self.places[at, 1]), None]
            text += ["", str(rank), ""]
        return go.Scatter(
            x=x,
            y=y,
            text=text,
            mode="lines+text",
            textposition="top center",
            textfont={"size": 12, "color": ink},
            line={"color": ink, "width": 1.2, "dash": "dot"},
            name=f"its true top {len(ranked)}",
            hoverinfo="skip",
        )

    def _rings(self, at: Sequence[int], name: str, symbol: str, colour: str, size: int) -> Any:
        rows = np.asarray(at, dtype=np.int64)
        return go.Scatter(
            x=self.places[rows, 0].astype(np.float32),
            y=self.places[rows, 1].astype(np.float32),
            mode="markers",
            marker={"symbol": symbol, "size": size, "color": colour, "line": {"width": 2, "color": colour}},
            name=name,
            hoverinfo="skip",
        )


def short(text: str, length: int = _CUT) -> str:
    """A text for a figure: cut, and with nothing that Plotly would take for markup."""
    plain = _CONTROL.sub(" ", text)
    return html.escape(plain if len(plain) <= length else plain[: length - 1] + "…", quote=False)


def time_lapse(
    frames: NDArray,
    names: Sequence[str],
    n: int,
    shade: Shade,
    dark: bool = False,
    height: int = 560,
    prefix: str = "checkpoint: ",
) -> go.Figure:
    """Frames `(f, n + m, 2)` of the same points with a slider and a button; no motion unless asked for."""
    base = MapFigure(frames[0], n, shade, dark=dark, height=height).figure()
    base.frames = [
        go.Frame(
            name=short(name),
            data=[
                go.Scattergl(x=f[:n, 0].astype(np.float32), y=f[:n, 1].astype(np.float32)),
                go.Scattergl(x=f[n:, 0].astype(np.float32), y=f[n:, 1].astype(np.float32)),
            ],
            traces=[0, 1],
        )
        for f, name in zip(frames, names, strict=True)
    ]
    low, high = frames.min(axis=(0, 1)), frames.max(axis=(0, 1))
    edge = 0.05 * float((high - low).max()) or 1.0
    step = {"mode": "immediate", "frame": {"duration": 0, "redraw": True}, "transition": {"duration": 0}}
    play = {"frame": {"duration": 900, "redraw": True}, "transition": {"duration": 0}, "fromcurrent": True}
    base.update_layout(
        xaxis={"visible": False, "range": [float(low[0]) - edge, float(high[0]) + edge]},
        yaxis={"visible": False, "range": [float(low[1]) - edge, float(high[1]) + edge]},
        legend={"y": -0.24},  # below the slider
        margin={"b": 150, "r": 50},  # a slider's last word stands half outside
        sliders=[
            {
                "steps": [{"label": short(x), "method": "animate", "args": [[short(x)], step]} for x in names],
                "currentvalue": {"prefix": prefix},
                "pad": {"t": 10},
            }
        ],
        updatemenus=[
            {
                "type": "buttons",
                "direction": "left",
                "x": 0,
                "y": 1.08,
                "buttons": [
                    {"label": "play", "method": "animate", "args": [None, play]},
                    {"label": "stop", "method": "animate", "args": [[None], step]},
                ],
            }
        ],
    )
    return base
