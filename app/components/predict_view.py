"""Predict first: votes and rankings of a class, and what the retrievers did, in type that the last row can read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from columns import Column
from components import page, take
from components.text import escaped
from retrievarium.analysis import rank_biased_overlap
from retrievarium.data import Collection
from retrievarium.figures import system_colours

NOBODY = "nobody"
_SIGNS = "123456789"  # Streamlit keeps some letters to itself
_SHOWN = 260  # characters of a passage to rank


def question(text: str) -> None:
    st.html(f'<p class="rv-large" dir="auto">{escaped(text)}</p>')


def outcome(columns: Sequence[Column], relevant: Mapping[str, int], k: int) -> list[str]:
    """Who finds relevant evidence first, all that share the best rank; `nobody` where none has it in its first k."""
    ranks = {}
    for column in columns:
        if column.ranking is not None:
            found = [r for p in relevant if (r := column.ranking.rank_of(p)) is not None and r <= k]
            if found:
                ranks[column.name] = min(found)
    best = min(ranks.values(), default=None)
    return [name for name, r in ranks.items() if r == best] if ranks else [NOBODY]


def votes_bars(votes: Mapping[str, int], right: Sequence[str], dark: bool) -> None:
    """Votes as bars, the right answer in sign and word."""
    colours = system_colours([n for n in votes if n != NOBODY], dark)
    most = max(1, *votes.values())
    rows = ""
    for name, count in votes.items():
        mark = ' <span class="rv-right">✓ right</span>' if name in right else ""
        colour = colours.get(name, "rgba(128,128,128,.6)")
        rows += (
            f'<div><span>{escaped(name)}{mark}</span><span><i style="width:{100 * count / most:.1f}%;--c:{colour}"></i>'
            f"</span><b>{count:,}</b></div>"
        )
    st.html(f'<div class="rv-votes" role="img" aria-label="Votes">{rows}</div>')


def candidates(columns: Sequence[Column], relevant: Mapping[str, int], shuffled: Sequence[str]) -> list[str]:
    """Up to six passages to rank: the first two of every retriever, and a relevant one; in the pool's order."""
    wanted = {p for c in columns if c.ranking is not None for p in c.ranking.ids[:2]}
    best = max(relevant, key=lambda p: relevant[p], default=None)
    chosen = [p for p in shuffled if p in wanted][:5]
    if best is not None and best not in chosen:
        chosen = sorted([*chosen, best])
    return chosen


def passages(collection: Collection, shown: Sequence[str], order: Sequence[str]) -> None:
    """The passages to rank, by number, with the place the class gave them."""
    cards = ""
    for number, passage in zip(_SIGNS, shown, strict=False):
        row = collection.passages[passage]
        text = row.text if len(row.text) <= _SHOWN else row.text[:_SHOWN].rsplit(" ", 1)[0] + " …"
        place = f"place {order.index(passage) + 1}" if passage in order else "no place yet"
        cards += (
            f'<section><header><b>{number}</b>, {place}</header><h4 dir="auto">{escaped(row.title)}</h4>'
            f'<p dir="auto">{escaped(text)}</p></section>'
        )
    st.html(f'<div class="rv-tall"><div class="rv-two">{cards}</div></div>')


def sign(shown: Sequence[str], passage: str) -> str:
    """The figure under which a passage is shown, and the key that places it."""
    return _SIGNS[shown.index(passage)]


def rankings(
    columns: Sequence[Column], shown: Sequence[str], order: Sequence[str], relevant: Mapping[str, int]
) -> None:
    """Places of the class beside those of each retriever, among the passages shown; and who the class agrees with."""
    ready = [c for c in columns if c.ranking is not None]
    places: dict[str, list[str]] = {"the class": list(order)}
    for column in ready:
        assert column.ranking is not None
        ranks = {p: column.ranking.rank_of(p) for p in shown}
        places[column.name] = sorted((p for p in shown if ranks[p]), key=lambda p: ranks[p] or 0)
    heads = "".join(f'<th class="rv-num" scope="col">{escaped(n)}</th>' for n in places)
    rows = ""
    for passage in shown:
        cells = "".join(
            f'<td class="rv-num">{told.index(passage) + 1 if passage in told else "not found"}</td>'
            for told in places.values()
        )
        gold = " ✓ relevant" if passage in relevant else ""
        rows += f"<tr><td><b>{sign(shown, passage)}</b>{gold}</td>{cells}</tr>"
    st.html(
        '<div class="rv-scroll rv-tall"><table class="rv-table"><thead><tr><th scope="col">Passage</th>'
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    alike = {c.name: rank_biased_overlap(tuple(order), tuple(places[c.name])) for c in ready if places[c.name]}
    if alike:
        best = max(alike, key=lambda n: alike[n])
        told = ", ".join(f"{n} {v:.2f}" for n, v in alike.items())
        page.note(f"The class ranks most like {best}. Rank-biased overlap of these passages: {told}.")


def one_file(
    collection: Collection,
    columns: Sequence[Column],
    text: str,
    relevant: Mapping[str, int],
    votes: Mapping[str, int],
) -> str:
    """Question, votes and the first ten of every retriever as one HTML file."""
    told = [text]
    if any(votes.values()):
        told.append("Votes: " + ", ".join(f"{n} {v:,}" for n, v in votes.items()) + ".")
    tables = []
    for column in columns:
        if column.ranking is None:
            continue
        rows = [
            (rank, p, collection.passages[p].title, "relevant" if p in relevant else "")
            for rank, p in enumerate(column.ranking.ids[:10], start=1)
        ]
        tables.append((column.name, take.html_table(("rank", "passage", "title", "judged"), rows)))
    return take.one_file(f"{collection.name}: what will they find?", told, tables, [])
