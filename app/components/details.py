"""Under Details: effect size, corrected p, places that runs share, bounds over what nobody judged, ties at the cut."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import streamlit as st

from components import page
from components.text import escaped
from desk import desk
from retrievarium.data import Collection
from retrievarium.evaluation import (
    Bounds,
    Pairs,
    Sight,
    Standing,
    all_pairs,
    sight,
    standings,
    tied_at,
    unjudged_bounds,
)
from retrievarium.evaluation.bounds import cutoff
from state import EVERYTHING, Selection
from whole import Overall


@dataclass(frozen=True)
class Closer:
    """What takes a moment to reckon, over all pairs of columns."""

    pairs: Pairs
    places: list[Standing]
    sights: dict[tuple[str, str], Sight]
    bounds: dict[str, Bounds]
    tied: dict[str, int]


def section(collection: Collection, chosen: Selection, over: Overall) -> None:
    panel = st.expander("Details", icon=":material/query_stats:", on_change="rerun", key="details-open")
    if not panel.open:
        return
    with panel:
        key = ("details", collection.fingerprint, chosen.split, chosen.slice, tuple(over.evaluations), chosen.measure)
        task = desk().task(key, lambda: reckon(collection, chosen, over), "whole").wait(0.2)
        if task.state == "working":
            page.callout("working", "Comparing all pairs", "Bootstrap and permutations over the queries.")
            page.poll([key])
        elif task.state == "failed":
            page.callout("stop", "The details could not be reckoned", task.error)
        else:
            _draw(chosen, over, task.value)


def reckon(collection: Collection, chosen: Selection, over: Overall) -> Closer:
    measure = chosen.measure
    values = {n: e.per_query[measure] for n, e in over.evaluations.items()}
    pairs = all_pairs(values)
    qrels = collection.split_named(chosen.split).qrels.to_dict()
    if chosen.slice != EVERYTHING:
        inside = set(over.queries)
        qrels = {q: j for q, j in qrels.items() if q in inside}
    bounds = {} if measure.startswith("Answer@") else {n: unjudged_bounds(over.runs[n], qrels, measure) for n in values}
    tied = {n: tied_at(over.runs[n], list(values[n]), cutoff(measure)) for n in values}
    sights = {(a, b): sight(values[a], values[b]) for a, b in pairs.differences}
    return Closer(pairs, standings(values, pairs), sights, bounds, tied)


def _draw(chosen: Selection, over: Overall, told: Closer) -> None:
    measure = chosen.measure
    rows = "".join(
        f'<tr><td>{escaped(b)} minus {escaped(a)}</td><td class="rv-num">{d.mean:+.3f}</td>'
        f'<td class="rv-num">{d.low:+.3f} to {d.high:+.3f}</td><td class="rv-num">{d.effect:+.2f}</td>'
        f'<td class="rv-num">{d.p:.4f}</td><td class="rv-num">{told.pairs.corrected_p[a, b]:.4f}</td>'
        f'<td class="rv-num">{told.sights[a, b].visible:.3f}</td></tr>'
        for (a, b), d in told.pairs.differences.items()
    )
    st.html(
        _table(["All pairs", "*mean", "*95% interval over queries", "*effect size", "*p", "*p, Holm", "*visible"], rows)
        + "<p class='rv-note'>Effect size: the mean difference over the differences' standard deviation. p: two-sided "
        "sign flips, (count + 1) / (n + 1). Holm's correction is over all pairs in this table. Visible: the true "
        "difference that so many queries find 80% of the time.</p>"
    )
    lines = []
    for place in told.places:
        bound = told.bounds.get(place.name)
        ends = f"{bound.low:.3f} to {bound.high:.3f}" if bound else "unknown"
        judged = f"{bound.judged:.0%}" if bound else "unknown"
        lines.append(
            f'<tr><td>{escaped(place.name)}</td><td class="rv-num">{place.words}</td>'
            f'<td class="rv-num">{place.mean:.3f}</td><td class="rv-num">{ends}</td>'
            f'<td class="rv-num">{judged}</td><td class="rv-num">{told.tied[place.name]:,}</td></tr>'
        )
    k = cutoff(measure)
    heads = ["Column", "*place", f"*{measure}", "*unjudged: none to all relevant", f"*judged in the first {k}"]
    st.html(
        _table([*heads, f"*ties at {k}"], "".join(lines))
        + "<p class='rv-note'>Places are shared where Holm's p is not below 0.05: a range says that these queries "
        f"leave them open. Bounds: the mean if no unjudged result among the first {k} were relevant, and if all were. "
        f"Ties: queries whose results {k} and {k + 1} have one score, so that the tie rule (by id) decided.</p>"
    )
    if told.bounds and not _apart(told):
        page.callout(
            "note",
            "Judging what is unjudged could turn the order round",
            "The bounds of the columns overlap. Judge the top results of these retrievers to know more.",
        )


def _apart(told: Closer) -> bool:
    """Whether the bounds leave the order of the means as it is."""
    ends = [told.bounds[p.name] for p in told.places]
    return all(a.low >= b.high for a, b in itertools.pairwise(ends))


def _table(heads: list[str], rows: str) -> str:
    cells = "".join(
        f'<th scope="col"{" class=rv-num" if h.startswith("*") else ""}>{escaped(h.removeprefix("*"))}</th>'
        for h in heads
    )
    head = f'<div class="rv-scroll"><table class="rv-table"><thead><tr>{cells}</tr></thead>'
    return f"{head}<tbody>{rows}</tbody></table></div>"
