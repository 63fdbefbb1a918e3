"""Ranked lists side by side, a line from each result to where the next list has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape

from retrievarium.contracts import InputError
from retrievarium.figures.pictures import Picture

MOST = 6
_ROW, _TOP = 25, 34  # pixels
_STUB = 0.12  # of the room for lines: how far a line goes whose other end is not shown
_LABEL = 0.62  # share of a column's width that its labels take; the lines have the rest
_SIGN = {"up": "▲", "down": "▼", "same": "=", "new": "+", "lost": "✕"}
_STROKE = {
    "up": ("#00694e", "#4cc9a0", "stroke-width='2.2'"),
    "down": ("#a8440a", "#f2a25c", "stroke-width='2.2' stroke-dasharray='7 4'"),
    "same": ("#6a7686", "#8f9bab", "stroke-width='1.3'"),
    "new": ("#0b5f9e", "#8cc6f5", "stroke-width='1.8' stroke-dasharray='2 4'"),
    "lost": ("#a8440a", "#f2a25c", "stroke-width='1.8' stroke-dasharray='2 4'"),
}


def rank_lines(
    lists: Mapping[str, Sequence[str]],
    k: int = 10,
    titles: Mapping[str, str] | None = None,
    gold: Sequence[str] = (),
    colours: Mapping[str, str] | None = None,
    dark: bool = False,
    attributes: Callable[[str], str] | None = None,
    width: int | None = None,
) -> Picture:
    """The first k of 2 to 6 lists in columns, and lines between neighbours. Direction shows in colour, stroke and sign:
    up is solid with a triangle that points up, down is dashed with one that points down, same is thin.

    Where one list has a result among its first k and the next one has not, a stub tells its rank there.

    Parameters
    ----------
    lists: by name, ids best first, as deep as they are known.
    titles: what stands for an id; the id itself unless given. gold: ids that get a star.
    attributes: further attributes of an id's label, already escaped (a link).
    width: pixels; None makes it as wide as the place it stands in, with text that keeps its size.
    """
    if not 1 <= len(lists) <= MOST:
        raise InputError(f"{len(lists)} lists", expected=f"1 to {MOST}")
    if k < 1:
        raise InputError(f"k is {k}", expected="at least 1")
    names, n = list(lists), len(lists)
    ink, dim = ("#e6ebf2", "#9aa7b8") if dark else ("#17202b", "#566272")
    ranks = [{p: i for i, p in enumerate(ids, 1)} for ids in lists.values()]
    marked = frozenset(gold)
    body, told = [], []
    for column, name in enumerate(names):
        body.append(_head(column, n, name, (colours or {}).get(name, dim), ink))
        for rank, passage in enumerate(list(lists[name])[:k], 1):
            words = ("★ " if passage in marked else "") + (titles or {}).get(passage, passage)
            extra = f" {attributes(passage)}" if attributes else ""
            bold = " font-weight='700'" if passage in marked else ""
            body.append(
                f"<svg x='{_x(column, n)}' y='{_TOP + (rank - 1) * _ROW}' width='{_wide(column, n)}' "
                f"height='{_ROW}' {extra}><text x='0' y='16' font-size='13' fill='{ink}'{bold}>"
                f"<tspan fill='{dim}'>{rank}</tspan> {escape(words)}</text></svg>"
            )
        if column + 1 < n:
            lines, moves = _between(ranks[column], ranks[column + 1], column, n, k, dark, titles or {}, marked)
            body += lines
            told.append(f"from {name} to {names[column + 1]}: {moves}")
    height = _TOP + min(k, max(map(len, lists.values()))) * _ROW + 6
    size = f"width='{width}' height='{height}'" if width else f"width='100%' height='{height}'"
    alt = f"Ranks of the first {k} in {', '.join(names)}. {'; '.join(told)}"
    head = f"<svg xmlns='http://www.w3.org/2000/svg' {size} role='img' font-family='system-ui, sans-serif'>"
    return Picture(f"{head}<title>{escape(alt)}</title>{''.join(body)}</svg>", alt)


def _percent(share: float) -> str:
    return f"{100 * share:.3f}%"


def _x(column: int, n: int, share: float = 0.012) -> str:
    return _percent((column + share) / n)


def _wide(column: int, n: int) -> str:
    """A label's width: the last column has no lines to its right."""
    return _percent((_LABEL if column + 1 < n else 0.97) / n)


def _head(column: int, n: int, name: str, colour: str, ink: str) -> str:
    return (
        f"<svg x='{_x(column, n)}' y='0' width='{_wide(column, n)}' height='{_TOP}'>"
        f"<rect x='0' y='2' width='100%' height='3' fill='{escape(colour)}'/>"
        f"<text x='0' y='22' font-size='13' font-weight='700' fill='{ink}'>{escape(name)}</text></svg>"
    )


def _between(
    left: Mapping[str, int],
    right: Mapping[str, int],
    column: int,
    n: int,
    k: int,
    dark: bool,
    titles: Mapping[str, str],
    gold: frozenset[str],
) -> tuple[list[str], str]:
    """Lines from one list to the next, and how many go which way, in words."""
    start, stop = (column + _LABEL + 0.012) / n, (column + 1) / n
    lines: list[str] = []
    counts = dict.fromkeys(_SIGN, 0)
    shown = [p for p in {**left, **right} if min(left.get(p, k + 1), right.get(p, k + 1)) <= k]
    for passage in sorted(shown, key=lambda p: p in gold):  # gold is drawn last, on top
        a, b = left.get(passage), right.get(passage)
        inside = (a is not None and a <= k, b is not None and b <= k)
        kind = _kind(a, b, inside)
        counts[kind] += 1
        colour, stroke = _STROKE[kind][1 if dark else 0], _STROKE[kind][2]
        if passage in gold:
            stroke = stroke.replace("stroke-width='2.2'", "stroke-width='4'").replace("'1.3'", "'3'")
        words = f"{titles.get(passage, passage)}: rank {a or 'beyond the list'} to {b or 'beyond the list'}"
        y1, y2 = (_TOP + ((r or 0) - 0.5) * _ROW for r in (a, b))
        x1, x2 = start, stop
        if kind == "lost":  # a stub, and where it went
            x2, y2 = start + _STUB * (stop - start), y1
            lines.append(_away(x2, y1, f"✕ {b or '–'}", "start", colour))
        elif kind == "new":  # where it comes from, and a stub
            x1, y1 = stop - _STUB * (stop - start), y2
            lines.append(_away(x1, y2, f"{a or '–'} +", "end", colour))
        else:
            at = 0.5 if kind == "same" else 0.8
            lines.append(_sign(x1 + at * (x2 - x1), y1 + at * (y2 - y1), _SIGN[kind], colour, dark))
        lines.insert(
            0,
            f"<g><title>{escape(words)}</title><line x1='{_percent(x1)}' y1='{y1:.1f}' x2='{_percent(x2)}' "
            f"y2='{y2:.1f}' stroke='{colour}' {stroke} stroke-linecap='round'/></g>",
        )
    moves = ", ".join(f"{c} {name}" for name, c in counts.items() if c)
    return lines, moves or "nothing"


def _kind(a: int | None, b: int | None, inside: tuple[bool, bool]) -> str:
    if inside == (True, True):
        return "same" if a == b else "up" if (b or 0) < (a or 0) else "down"
    return "lost" if inside[0] else "new"


def _away(x: float, y: float, words: str, anchor: str, colour: str) -> str:
    shift = 4 if anchor == "start" else -4
    return (
        f"<svg x='{_percent(x)}' y='{y - 8:.1f}' width='1' height='16' overflow='visible'>"
        f"<text x='{shift}' y='12' font-size='11' text-anchor='{anchor}' fill='{colour}'>{words}</text></svg>"
    )


def _sign(x: float, y: float, sign: str, colour: str, dark: bool) -> str:
    ground = "#151b23" if dark else "#ffffff"
    return (
        f"<text x='{_percent(x)}' y='{y + 4:.1f}' font-size='11' text-anchor='middle' fill='{colour}' "
        f"stroke='{ground}' stroke-width='3' paint-order='stroke' aria-hidden='true'>{sign}</text>"
    )
