"""The pair explained as HTML: two passages side by side with their words tinted, and what sets them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from columns import DEPTH
from components import tint
from components.cards import Asked
from components.text import escaped
from retrievarium.analysis.why import Attribution, against
from retrievarium.data import Collection

_SHOWN = 8
_GRID = 24  # pieces of a passage in the grid, around the best ones


@dataclass(frozen=True)
class Side:
    """One passage of the pair: what it is, where it was before an edit, and why it has its score."""

    passage: str
    role: str
    told: Attribution
    was: int | None = None
    edited: bool = False


def pair(collection: Collection, asked: Asked, sides: Sequence[Side], extra: Sequence[Attribution | None] = ()) -> str:
    """Both passages with one scale of tints; `extra` tints a passage by a closer look at its words."""
    scale = tint.strongest(*(s.told for s in _leaves(sides)))
    bodies = []
    for i, side in enumerate(sides):
        leaf = _tinting(side.told)
        closer = extra[i] if i < len(extra) else None
        read = tint.weights((closer or leaf).parts, "passage")
        strength = tint.strongest(closer) if closer is not None else scale
        gold = " rv-relevant" if asked.judged.get(side.passage, 0) > 0 else ""
        question = tint.tinted(asked.text, tint.weights(leaf.parts, "query"), scale)
        bodies.append(
            f'<section class="rv-side{gold}" aria-label="{escaped(side.role)}"><header>{_head(side)}</header>'
            f'<p class="rv-asked" dir="auto" title="the question, tinted by what each word adds">{question}</p>'
            f"{tint.passage(collection.passages[side.passage], read, strength)}{_stages(side.told)}</section>"
        )
    alone = ' style="grid-template-columns:minmax(0,1fr)"' if len(bodies) == 1 else ""
    reader = _tinting(sides[0].told).retriever
    told = f"<p class='rv-note'>Words are tinted as {escaped(reader)} reads them.</p>"
    note = "" if reader == sides[0].told.retriever else told
    return f'<div class="rv-pair"{alone}>{"".join(bodies)}</div>{note}'


def _leaves(sides: Sequence[Side]) -> list[Side]:
    return [Side(s.passage, s.role, _tinting(s.told)) for s in sides]


def _tinting(told: Attribution) -> Attribution:
    """The attribution whose parts stand in texts: its own, or of a combination the last one that has any."""
    if any(p.query or p.passage for p in told.parts):
        return told
    inner = [a for a in map(_tinting, told.inner) if any(p.query or p.passage for p in a.parts)]
    return inner[-1] if inner else told


def _head(side: Side) -> str:
    told = side.told
    place = f"rank {told.rank}" if told.rank else f"not in the top {DEPTH}"
    if side.was is not None and side.was != told.rank:
        gone = (told.rank or DEPTH + 1) - side.was
        sign = f'<span class="rv-move rv-{"down" if gone > 0 else "up"}">{"▼" if gone > 0 else "▲"}</span>'
        place = f"rank {side.was} → {told.rank or f'beyond {DEPTH}'} {sign}"
    score = f" · score {told.score:.4g}" if told.score is not None else " · no score"
    edited = " · edited" if side.edited else ""
    return f"<b>{escaped(side.role)}</b><span>{place}{score}{edited}</span>"


def _stages(told: Attribution) -> str:
    if told.kind not in ("cascade", "feedback", "invented"):
        return ""
    chain = []
    for stage in told.inner:
        rank = f"rank {stage.rank}" if stage.rank else "not there"
        score = f", {stage.score:.4g}" if stage.score is not None else ""
        chain.append(f'<span class="rv-stage">{escaped(stage.retriever)}: {rank}{score}</span>')
    if told.kind != "cascade":
        rank = f"rank {told.rank}" if told.rank else f"not in the top {DEPTH}"
        chain.append(f'<span class="rv-stage">{escaped(told.retriever)}: {rank}</span>')
    note = f"<p class='rv-note'>{escaped(told.note)}</p>" if told.note else ""
    return f'<div class="rv-stages">{" → ".join(chain)}</div>{note}'


def sentence(sides: Sequence[Side]) -> str:
    """What decides between the two, in one sentence; of one alone, what its score is made of."""
    if len(sides) == 1:
        return _alone(sides[0])
    first, second = sides
    one, two = first.told, second.told
    if one.score is None and two.score is None:
        return f"{one.retriever} gives neither passage a score."
    if one.score is None:
        return f"{one.retriever} does not have the {first.role}: {one.note or 'it shares nothing with the question.'}"
    if two.score is None:
        return f"{two.retriever} does not have the {second.role}: {two.note or 'it shares nothing with the question.'}"
    gap = two.score - one.score
    ahead = second if gap > 0 else first
    rows = [r for r in against(one, two) if r.gap]
    helping = [r for r in rows if (r.gap > 0) == (gap > 0)]
    against_it = [r for r in rows if (r.gap > 0) != (gap > 0)]
    if abs(gap) < 1e-9:
        return f"{one.retriever} gives both the same score; the order of equal scores is by id."
    told = f"{one.retriever} puts the {ahead.role} {abs(gap):.3g} higher"
    if helping:
        told += ": " + ", ".join(f"{_quoted(r.label)} {abs(r.gap):+.3g}" for r in helping[:3])
    if against_it:
        told += "; against it " + ", ".join(f"{_quoted(r.label)} {-abs(r.gap):+.3g}" for r in against_it[:2])
    return told + "."


def _alone(side: Side) -> str:
    told = side.told
    if told.score is None:
        return f"{told.retriever} does not have it: {told.note or 'it shares nothing with the question.'}"
    parts = sorted(told.parts, key=lambda p: -abs(p.value))[:4]
    made = ", ".join(f"{_quoted(p.label)} {p.value:+.3g}" for p in parts)
    return f"{told.retriever} found the {side.role} alone and gives it {told.score:.4g}: {made}."


def _quoted(label: str) -> str:
    return label if label.startswith("what no") else f"“{label}”"


def table(sides: Sequence[Side]) -> str:
    """Part by part on both sides, the widest gap first; the parts and the remainder make the scores."""
    first, second = (sides[0], sides[-1])
    rows = against(first.told, second.told)
    detail: dict[str, list[str]] = {}
    for side in sides:
        for part in side.told.parts:
            detail.setdefault(part.label, []).append(part.detail)
    widest = max((abs(r.gap) for r in rows), default=0.0)
    lines = []
    for row in rows:
        share = 50 * abs(row.gap) / widest if widest else 0
        to = "second" if row.gap > 0 else "first"
        bar = f'<span class="rv-gapbar" aria-hidden="true"><i class="rv-to-{to}" style="width:{share:.1f}%"></i></span>'
        said = " | ".join(dict.fromkeys(d for d in detail.get(row.label, []) if d))
        lines.append(
            f'<tr><td class="rv-label"><bdi>{escaped(row.label)}</bdi></td><td class="rv-num">{row.first:+.3f}</td>'
            f'<td class="rv-num">{row.second:+.3f}</td><td class="rv-gap">{bar} {row.gap:+.3f}</td>'
            f'<td class="rv-detail"><bdi>{escaped(said)}</bdi></td></tr>'
        )
    scores = [f"{s.told.score:.4g}" if s.told.score is not None else "none" for s in sides]
    total = f'<tr><td class="rv-label">score</td><td class="rv-num">{scores[0]}</td>'
    total += f'<td class="rv-num">{scores[-1]}</td><td></td><td class="rv-detail">{_adds(sides)}</td></tr>'
    head = (
        f'<table class="rv-table rv-parts"><thead><tr><th scope="col">part</th><th class="rv-num" scope="col">'
        f'{escaped(first.role)}</th><th class="rv-num" scope="col">{escaped(second.role)}</th>'
        f'<th scope="col">gap: left | right ahead</th><th scope="col">from</th></tr></thead><tbody>'
    )
    shown, rest = lines[:_SHOWN], lines[_SHOWN:]
    more = (
        f"<details><summary>{len(rest)} smaller parts</summary><table class='rv-table rv-parts'>"
        f"<tbody>{''.join(rest)}</tbody></table></details>"
        if rest
        else ""
    )
    return f'<div class="rv-scroll">{head}{"".join(shown)}{total}</tbody></table></div>{more}'


def _adds(sides: Sequence[Side]) -> str:
    if all(s.told.exact for s in sides):
        return "the parts add up to it"
    return "each part is what the score loses without the word; words act together, and the remainder says how much"


def grid(told: Attribution) -> str:
    """MaxSim's grid: pieces of the question down, the pieces of the passage that matter across."""
    if told.grid is None:
        return ""
    values, best = told.grid.similarities, told.grid.best
    peaks = set(best.tolist())
    columns = [c for c in range(values.shape[1]) if c in peaks][:_GRID]
    columns = sorted({*columns, *range(min(values.shape[1], _GRID - len(columns)))})[:_GRID]
    top = float(values.max()) or 1.0
    heads = "".join(f'<th scope="col"><bdi>{escaped(told.grid.passage[c])}</bdi></th>' for c in columns)
    rows = []
    for r, piece in enumerate(told.grid.query):
        cells = "".join(
            f'<td style="--s:{max(0, round(85 * float(values[r, c]) / top))}" title="{values[r, c]:.3f}"'
            f"{' class=rv-peak' if c == best[r] else ''}>{'•' if c == best[r] else ''}</td>"
            for c in columns
        )
        rows.append(f'<tr><th scope="row"><bdi>{escaped(piece)}</bdi></th>{cells}</tr>')
    hidden = values.shape[1] - len(columns)
    note = f"<p class='rv-note'>{hidden} pieces of the passage that no piece of the question chose are left out.</p>"
    return (
        f'<div class="rv-scroll"><table class="rv-maxsim"><thead><tr><th></th>{heads}</tr></thead><tbody>'
        f"{''.join(rows)}</tbody></table></div>{note if hidden > 0 else ''}"
    )
