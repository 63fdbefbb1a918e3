"""Texts with their words tinted by what they add to a score: the stronger the colour, the more; what takes away is
underlined as well, so that colour is not needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from components.text import escaped
from retrievarium.analysis.why import Attribution, Part
from retrievarium.analysis.why.parts import Span
from retrievarium.data.views import Passage

_FAINTEST, _STRONGEST = 14, 78  # percent


def weights(parts: Iterable[Part], side: str) -> dict[Span, tuple[float, str]]:
    """What the parts say of each span of the question ("query") or passage: its value, and its words.

    A part that stands in several places gives each of them its whole value: it is one term.
    """
    told: dict[Span, tuple[float, str]] = {}
    for part in parts:
        for span in part.query if side == "query" else part.passage:
            value = told.get(span, (0.0, ""))[0] + part.value
            told[span] = (value, f"{part.label}: {value:+.3f}")
    return told


def tinted(text: str, marks: Mapping[Span, tuple[float, str]], scale: float, start: int = 0, stop: int = -1) -> str:
    """`text[start:stop]` as HTML; every piece is escaped on its own. `scale` is the value that is tinted strongest."""
    stop = len(text) if stop < 0 else stop
    out, at = [], start
    for (first, last), (value, words) in sorted(marks.items()):
        if first < at or last > stop:
            continue
        out.append(escaped(text[at:first]))
        share = min(1.0, abs(value) / scale) if scale > 0 else 0.0
        if share < 0.01:
            out.append(escaped(text[first:last]))
        else:
            strength = round(_FAINTEST + share * (_STRONGEST - _FAINTEST))
            kind = "adds" if value > 0 else "takes"
            out.append(
                f'<span class="rv-w rv-{kind}" style="--s:{strength}" title="{escaped(words)}">'
                f"{escaped(text[first:last])}</span>"
            )
        at = last
    out.append(escaped(text[at:stop]))
    return "".join(out)


def strongest(*attributions: Attribution) -> float:
    """The largest part in size, over all that are shown together: they share one scale."""
    return max((abs(p.value) for a in attributions for p in a.parts if p.query or p.passage), default=0.0)


def passage(found: Passage, marks: Mapping[Span, tuple[float, str]], scale: float) -> str:
    """A passage's title and text, tinted by spans of its joined text."""
    joined = found.joined
    border = len(found.title.lstrip()) if found.title.strip() else 0
    title = f'<h4 dir="auto">{tinted(joined, marks, scale, 0, border)}</h4>' if border else ""
    start = border + (1 if border and len(joined) > border else 0)
    return f'{title}<p class="rv-long" dir="auto">{tinted(joined, marks, scale, min(start, len(joined)))}</p>'
