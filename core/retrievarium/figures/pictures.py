"""Pictures of ideas as SVG, drawn by code: for lessons, and wherever a paper is introduced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from retrievarium.contracts import InputError

INK, PALE, BLUE, ORANGE, GREEN = "#24292f", "#eef1f4", "#0b6fb8", "#c05a00", "#1a7f4b"
_FONT = "font-family='system-ui, -apple-system, Segoe UI, sans-serif'"


@dataclass(frozen=True, repr=False)
class Picture:
    """An SVG and the sentence that says what it shows, for those who do not see it."""

    svg: str
    alt: str

    def __repr__(self) -> str:
        return f"Picture({self.alt!r})"

    def _repr_svg_(self) -> str:
        return self.svg


def _text(x: float, y: float, words: str, size: int = 13, colour: str = INK, anchor: str = "middle") -> str:
    return f"<text x='{x}' y='{y}' font-size='{size}' fill='{colour}' text-anchor='{anchor}'>{escape(words)}</text>"


def _box(x: float, y: float, w: float, h: float, lines: Sequence[str], colour: str = INK, fill: str = "#ffffff") -> str:
    shape = (
        f"<rect x='{x}' y='{y}' width='{w}' height='{h}' rx='8' fill='{fill}' stroke='{colour}' stroke-width='1.5'/>"
    )
    top = y + h / 2 - 9 * (len(lines) - 1) + 4.5
    return shape + "".join(_text(x + w / 2, top + 18 * i, line, colour=colour) for i, line in enumerate(lines))


def _arrow(x: float, y: float, to_x: float, to_y: float, colour: str = INK) -> str:
    return (
        f"<line x1='{x}' y1='{y}' x2='{to_x}' y2='{to_y}' stroke='{colour}' stroke-width='1.5' marker-end='url(#tip)'/>"
    )


def _svg(width: int, height: int, parts: Sequence[str], alt: str) -> Picture:
    tip = (
        "<defs><marker id='tip' viewBox='0 0 10 10' refX='9' refY='5' markerWidth='7' markerHeight='7' "
        f"orient='auto-start-reverse'><path d='M0 0L10 5L0 10z' fill='{INK}'/></marker></defs>"
    )
    ground = f"<rect width='{width}' height='{height}' rx='10' fill='#ffffff'/>"
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' height='{height}'"
    return Picture(f"{head} role='img' {_FONT}><title>{escape(alt)}</title>{tip}{ground}{''.join(parts)}</svg>", alt)


def two_roads() -> Picture:
    """A question goes to a ranked list by its words, and by its vector."""
    parts = [
        _box(14, 92, 96, 56, ["question"], fill=PALE),
        _arrow(110, 106, 158, 60),
        _arrow(110, 134, 158, 180),
        _box(160, 30, 150, 60, ["its words", "opera, house, ..."], BLUE),
        _box(160, 150, 150, 60, ["its vector", "(.02, -.11, ...)"], ORANGE),
        _arrow(310, 60, 358, 60),
        _arrow(310, 180, 358, 180),
        _box(360, 30, 170, 60, ["passages that share", "rare words"], BLUE),
        _box(360, 150, 170, 60, ["passages whose vector", "points the same way"], ORANGE),
        _arrow(530, 60, 578, 106),
        _arrow(530, 180, 578, 134),
        _box(580, 92, 106, 56, ["ranked list"], fill=PALE),
        _text(245, 20, "BM25", colour=BLUE),
        _text(245, 230, "dense retrieval", colour=ORANGE),
    ]
    alt = "From a question two roads lead to a ranked list: shared rare words (BM25), and near vectors (dense)."
    return _svg(700, 240, parts, alt)


def batch_of_scores(questions: int = 4, hard: int = 1) -> Picture:
    """The scores of one batch: who is whose positive and whose negative.

    Parameters
    ----------
    questions: B, 2 to 8.
    hard: h, hard negatives a question, 0 to 2.
    """
    if not 2 <= questions <= 8 or not 0 <= hard <= 2:
        raise InputError(f"{questions} questions with {hard} hard negatives", expected="2 to 8 with 0 to 2")
    cell, left, top = 42, 190, 92
    width, height = left + cell * questions * (1 + hard) + 24, top + cell * questions + 46
    parts = [
        _box(14, top + cell * questions / 2 - 28, 110, 56, ["question", "encoder E_Q"], BLUE),
        _arrow(124, top + cell * questions / 2, 148, top + cell * questions / 2),
        _box(left, 10, cell * questions * (1 + hard), 30, ["passage encoder E_P"], ORANGE),
    ]
    for i in range(questions):
        parts.append(_text(left - 22, top + cell * i + 26, f"q{i + 1}", colour=BLUE))
        for j in range(questions * (1 + hard)):
            gold = i == j
            fill = GREEN if gold else "#f7ddc4" if j >= questions else PALE
            x, y = left + cell * j, top + cell * i
            parts.append(f"<rect x='{x}' y='{y}' width='{cell - 3}' height='{cell - 3}' rx='5' fill='{fill}'/>")
            parts.append(_text(x + 19.5, y + 25, "+" if gold else "-", 16, "#ffffff" if gold else INK))
    for j in range(questions * (1 + hard)):
        name = f"p{j + 1}" if j < questions else f"n{j - questions + 1}"
        parts.append(_text(left + cell * j + 19.5, top - 14, name, colour=ORANGE))
    parts.append(_arrow(left + cell * questions * (1 + hard) / 2, 40, left + cell * questions * (1 + hard) / 2, 62))
    below = top + cell * questions + 26
    parts.append(_text(left + cell * questions / 2, below, "the questions' own passages", 12))
    if hard:
        parts.append(_text(left + cell * questions * (1 + hard / 2), below, "hard negatives", 12))
    alt = (
        f"A grid of {questions} questions by {questions * (1 + hard)} passages. The diagonal is positive, every other "
        "gold and every hard negative in a row is a negative of that question."
    )
    return _svg(int(width), int(height), parts, alt)
