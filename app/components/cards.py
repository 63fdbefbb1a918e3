"""Results side by side: one column a retriever, one card a passage, movement against the first column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from columns import DEPTH, Column
from components.text import escaped, isolated, marked, window
from retrievarium.analysis import Mark, Move, movement, passage_marks, where_is
from retrievarium.contracts import Ranking, Run
from retrievarium.data import Collection
from retrievarium.figures import system_colours
from retrievarium.retrievers import Analyzer, analyzer_for

SIGNS = {"same": "=", "up": "▲", "down": "▼", "new": "+", "lost": "✕"}
SHAPES = ("●", "◆", "■", "▲", "✚", "★")
_GOLD_SHOWN = 3
_WHOLE_SHOWN = 20_000  # characters of one opened passage


@dataclass(frozen=True)
class Asked:
    """One question and what is known about it."""

    text: str
    id: str = ""
    answers: Sequence[str] = ()
    judged: Mapping[str, int] = field(default_factory=dict)

    @property
    def relevant(self) -> list[str]:
        """Passages judged relevant, best grade first."""
        return sorted((p for p, g in self.judged.items() if g > 0), key=lambda p: -self.judged[p])


def cards(
    collection: Collection,
    columns: Sequence[Column],
    asked: Asked,
    k: int,
    dark: bool,
    why: Callable[[str, str], str] | None = None,
    before: Mapping[str, Ranking] | None = None,
) -> str:
    """The whole grid as HTML; every text of the collection is escaped on its way in.

    why: HTML of a link that explains a passage, from the column's name and the passage's id.
    before: each column's own list before an edit, by name; movement is then told against it.
    """
    colours = system_colours([c.name for c in columns], dark)
    reference = next((c for c in columns[:1] if c.ranking is not None), None)
    analyzer = analyzer_for(collection.language)
    terms = analyzer.terms(asked.text)
    numbers: dict[str, int] = {}
    sections = [
        _column(collection, c, reference, asked, k, (analyzer, terms), numbers, colours[c.name], SHAPES[i], why, before)
        for i, c in enumerate(columns)
    ]
    rows = 2 + max((min(k, len(c.ranking)) for c in columns if c.ranking is not None), default=3)
    twins = "".join(
        f".rv-grid:has(.rv-p{n}:hover) .rv-p{n}{{outline:2px solid var(--rv-note);outline-offset:1px}}"
        for n in numbers.values()
    )
    return (
        f'<div class="rv-results"><div class="rv-grid" style="--cols:{len(columns)};--rows:{max(rows, 5)}">'
        f"{''.join(sections)}</div></div><style>{twins}</style>"
    )


def _column(
    collection: Collection,
    column: Column,
    reference: Column | None,
    asked: Asked,
    k: int,
    matching: tuple[Analyzer, Sequence[str]],
    numbers: dict[str, int],
    colour: str,
    shape: str,
    why: Callable[[str, str], str] | None,
    earlier: Mapping[str, Ranking] | None,
) -> str:
    first = reference is not None and column is reference
    head = _head(collection, column, reference, asked, k, first, shape)
    own = (earlier or {}).get(column.name)
    if column.ranking is None:
        body = f'<div class="rv-card rv-state">{_state(column)}</div>'
    elif not len(column.ranking):
        body = '<div class="rv-card rv-state">Nothing was found: no passage shares a word with this question.</div>'
    else:
        before = reference.ranking.ids if reference and reference.ranking is not None and not first else None
        if earlier is not None:
            before = own.ids if own is not None else None
        moves = movement(before, column.ranking.ids, k) if before is not None else None
        by_id = {m.id: m for m in moves or []}
        shown = list(column.ranking)[:k]
        body = "".join(
            _card(
                collection,
                column.ranking,
                rank,
                passage,
                score,
                by_id.get(passage),
                asked,
                matching,
                numbers,
                why(column.name, passage) if why else "",
            )
            for rank, (passage, score) in enumerate(shown, start=1)
        )
        against = "as it was" if earlier is not None else reference.name if reference else ""
        body += _lost(collection, [m for m in moves or [] if m.kind == "lost"], against, column)
    label = escaped(f"Results of {column.name}")
    return f'<section class="rv-col" style="--c:{colour}" aria-label="{label}">{head}{body}</section>'


def _state(column: Column) -> str:
    if column.state == "working":
        return f"<p>… {escaped(column.note)}</p>"
    if column.state == "wants":
        return f"<p>Not ready: {escaped('; '.join(w.why or w.name for w in column.wants))}.</p>"
    return f"<p>✕ {escaped(column.note)}</p>"


def _head(
    collection: Collection,
    column: Column,
    reference: Column | None,
    asked: Asked,
    k: int,
    first: bool,
    shape: str,
) -> str:
    role = "reference" if first else f"compared with {reference.name}" if reference else ""
    lines = f"<p>{escaped(role)}</p>" if role else ""
    if column.ranking is not None and asked.relevant:
        run = Run.from_rankings(["q"], [(column.ranking.ids, column.ranking.scores)])
        places = where_is(run, "q", asked.relevant)
        found = sorted((r, p) for p, r in places.items() if r is not None)
        if len(places) == 1:
            passage, rank = next(iter(places.items()))
            told = f"rank {rank}" if rank else f"not in the top {DEPTH}"
            beyond = f": {_name(collection, passage)}" if not rank or rank > k else ""
            lines += (
                f'<p class="rv-where">★ gold at {told}{beyond}</p>'
                if rank
                else (f'<p class="rv-where">☆ gold {told}{beyond}</p>')
            )
        else:
            ranks = ", ".join(str(r) for r, _ in found[:_GOLD_SHOWN]) + (" …" if len(found) > _GOLD_SHOWN else "")
            told = f"first ranks {ranks}" if found else f"none in the top {DEPTH}"
            star = "★" if found else "☆"
            lines += f'<p class="rv-where">{star} gold: {len(found)} of {len(places)} found, {told}</p>'
    return (
        f'<header class="rv-head"><h3><span class="rv-shape" aria-hidden="true">{shape}</span>'
        f"{escaped(column.name)}</h3>{lines}</header>"
    )


def _name(collection: Collection, passage: str) -> str:
    if passage not in collection.passages:
        return escaped(passage)
    found = collection.passages[passage]
    return isolated(found.title or found.text[:60], "bdi")


def _badge(asked: Asked, passage: str) -> str:
    grade = asked.judged.get(passage)
    if not asked.judged:
        return ""
    if grade is None:
        return '<span class="rv-badge" title="Nobody has judged this passage for this question">? unjudged</span>'
    if grade > 0:
        return f'<span class="rv-badge rv-relevant">★ gold, grade {grade}</span>'
    return '<span class="rv-badge" title="Judged, and found not relevant">○ judged 0</span>'


def _move(move: Move | None) -> str:
    if move is None:
        return ""
    return (
        f'<span class="rv-move rv-{move.kind}"><span aria-hidden="true">{SIGNS[move.kind]}</span> {move.words}</span>'
    )


def _card(
    collection: Collection,
    ranking: Ranking,
    rank: int,
    passage: str,
    score: float,
    move: Move | None,
    asked: Asked,
    matching: tuple[Analyzer, Sequence[str]],
    numbers: dict[str, int],
    why: str,
) -> str:
    number = numbers.setdefault(passage, len(numbers))
    found = collection.passages[passage]
    analyzer, terms = matching
    marks = passage_marks(found.text, asked.answers, terms, analyzer)
    title_marks = passage_marks(found.title, asked.answers, terms, analyzer)
    gold = " rv-relevant" if asked.judged.get(passage, 0) > 0 else ""
    title = f'<h4 dir="auto">{marked(found.title, title_marks)}</h4>' if found.title else ""
    return (
        f'<article class="rv-card rv-p{number}{gold}"><div class="rv-top"><span class="rv-rank">{rank}</span>'
        f"{_move(move)}{_badge(asked, passage)}</div>{title}{_text(found.text, marks)}"
        f"{_score(ranking.scores, score, passage, why)}</article>"
    )


def _text(text: str, marks: Sequence[Mark]) -> str:
    start, stop = window(text, marks)
    before, after = ("… " if start else ""), (" …" if stop < len(text) else "")
    shown = f'<p class="rv-text" dir="auto">{before}{marked(text, marks, start, stop)}{after}</p>'
    if not (before or after):
        return shown
    whole = marked(text, marks, 0, min(len(text), _WHOLE_SHOWN))
    cut = f" … ({len(text) - _WHOLE_SHOWN:,} more characters)" if len(text) > _WHOLE_SHOWN else ""
    return f'{shown}<details><summary>whole passage</summary><p class="rv-text" dir="auto">{whole}{cut}</p></details>'


def _score(scores: np.ndarray, score: float, passage: str, why: str = "") -> str:
    """Score, its place in the list's range as a bar, its percentile within the list, and the passage's id."""
    low, high = float(scores.min()), float(scores.max())
    place = 100.0 if high <= low else 100 * (score - low) / (high - low)
    percentile = 100 * float((scores <= score).mean())
    told = f"{score:.3f}" if abs(score) < 100 else f"{score:.1f}"
    return (
        f'<footer class="rv-foot"><span class="rv-bar" aria-hidden="true"><i style="width:{place:.0f}%"></i></span>'
        f'<span title="At or above {percentile:.0f}% of the {len(scores)} scores in this list">'
        f"score {told}, percentile {percentile:.0f}</span><span>{isolated(passage, 'bdi')}</span>{why}</footer>"
    )


def _lost(collection: Collection, lost: Sequence[Move], against: str, column: Column) -> str:
    if not lost or not against or column.ranking is None:
        return ""
    items = []
    for move in lost:
        now = column.ranking.rank_of(move.id)
        where = f"now rank {now}" if now else f"not in the top {DEPTH}"
        items.append(f"<li>{_name(collection, move.id)} (was rank {move.before}, {where})</li>")
    return (
        f'<div class="rv-lost-list"><span class="rv-move rv-lost"><span aria-hidden="true">{SIGNS["lost"]}</span> '
        f"{len(lost)} lost against {escaped(against)}</span><ul>{''.join(items)}</ul></div>"
    )


def question(collection: Collection, asked: Asked, facts: Sequence[tuple[str, str]], sentence: str) -> str:
    """The question large, what is known about it small, and the one-sentence answer."""
    told = "".join(f"<span>{escaped(k)} <b><bdi>{escaped(v)}</bdi></b></span>" for k, v in facts)
    return (
        f'<div class="rv-question"><blockquote dir="auto">{escaped(asked.text)}</blockquote>'
        f'<div class="rv-facts">{told}</div></div><p class="rv-sentence" role="status">{escaped(sentence)}</p>'
    )


def legend(answers: bool, judged: bool) -> str:
    parts = ['<span><mark class="rv-term">word</mark> matches a word of the question</span>']
    parts += ['<span><mark class="rv-answer">answer</mark> the answer stands here</span>'] if answers else []
    if judged:
        parts.append("<span>★ judged relevant · ○ judged not relevant · ? nobody judged it</span>")
    parts.append("<span>▲ ▼ rank against the first column · + new · ✕ lost</span>")
    return f'<div class="rv-legend">{"".join(parts)}</div>'
