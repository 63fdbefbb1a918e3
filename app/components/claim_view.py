"""One claim: its sentence, arms, overlap curve, slices, preconditions, recipe and lineage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from components import page
from components.text import escaped
from components.verdicts import effect, ranges, verdict_chip
from retrievarium.claims import SeedRun, by_overlap, by_slice, seeds_of
from retrievarium.figures import overlap_fifths
from retrievarium.methods import Claim, claims

PAPERS = "app_pages/papers.py"
_PARTS = {
    "treatment": "treatment",
    "base": "base: what it is compared with",
    "untrained": "untrained start",
    "control": "positive control: must show an effect",
    "placebo": "placebo: must show none",
}
_HOLDS = {True: ("✓", "ok", "holds"), False: ("✕", "stop", "fails"), None: ("○", "note", "open")}

Row = Mapping[str, Any]


def table(heads: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]]) -> None:
    """A table of our own; cells are HTML, already escaped; a column is numeric where its head says so."""
    top = "".join(f'<th scope="col"{" class=rv-num" if n else ""}>{escaped(h)}</th>' for h, n in heads)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td class={'rv-num' if n else 'rv-keep' if first else 'rv-cell'}>{c}</td>"
            for first, c, (_, n) in zip([True, *([False] * len(row))], row, heads, strict=False)
        )
        + "</tr>"
        for row in rows
    )
    st.html(
        f'<div class="rv-scroll"><table class="rv-table"><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def claim(row: Row, dark: bool) -> None:
    about = claims()[row["name"]]
    seen = seeds_of(row["name"])
    _head(row)
    if not seen.judged:
        page.empty(
            "No seed is measured yet.", "Measure some below. Three seeds make an indication, a verdict takes ten."
        )
    else:
        left, right = st.columns([1, 1], gap="large")
        with left:
            _arms(about, seen.judged)
            _preconditions(row)
        with right:
            _overlap(about, seen.judged, dark)
        with st.expander("By slice", icon=":material/splitscreen:"):
            _slices(about, seen.judged)
        with st.expander("Seed by seed", icon=":material/casino:"):
            _seeds(about, [*seen.judged, *seen.pilot, *seen.others], {r.seed for r in seen.judged})
        with st.expander("Recipe, lineage and machine", icon=":material/receipt_long:"):
            _recipe(row, seen.judged)
    if row["not_reproduced"]:
        page.heading("What these numbers do not say")
        items = "".join(f"<li>{escaped(t)}</li>" for t in row["not_reproduced"])
        st.html(f'<ul class="rv-prose">{items}</ul>')
    st.page_link(PAPERS, label="Read the paper", icon=":material/menu_book:", query_params={"pk": row["key"]})


def _head(row: Row) -> None:
    told = ""
    if row["effect"] is not None:
        told = (
            f"<span><b>{escaped(effect(row))}</b> {escaped(row['measure'])}, {escaped(row['contrast'])}</span>"
            f"<span>{len(row['seeds'])} seeds ({ranges(row['seeds'])}), budget {escaped(row['budget'])}</span>"
        )
    why = f"{row['why'][:1].upper()}{row['why'][1:]}." if row["why"] else ""
    mechanism = f" Mechanism: {row['mechanism']}." if row["mechanism"] else ""
    st.html(
        f'<div class="rv-question"><blockquote>{escaped(row["claim"])}</blockquote>'
        f'<div class="rv-facts"><span>{verdict_chip(row)}</span>{told}</div>'
        f'<p class="rv-note">{escaped(why + mechanism)}</p></div>'
    )


def arms_of(about: Claim, runs: Sequence[SeedRun]) -> list[tuple[str, str]]:
    """`(part, arm)` of the arms that some seed measured, the declared ones first."""
    seen = list(dict.fromkeys(a for r in runs for a in r.arms))
    parts = [(p, getattr(about, p)) for p in _PARTS]
    named = [(p, a) for p, a in parts if a in seen]
    return [*named, *(("beside", a) for a in seen if a not in {a for _, a in named})]


def _arms(about: Claim, runs: Sequence[SeedRun]) -> None:
    page.heading("Arms", f"Means of {about.measure} over seeds, with the lowest and the highest seed.")
    rows = []
    for part, arm in arms_of(about, runs):
        values = [r.arms[arm] for r in runs if arm in r.arms]
        mean = sum(values) / len(values)
        spread = f"{min(values):.3f} to {max(values):.3f}"
        rows.append([escaped(arm), escaped(_PARTS.get(part, part)), f"{mean:.3f}", spread, str(len(values))])
    table([("Arm", False), ("its part", False), ("mean", True), ("seeds' range", True), ("seeds", True)], rows)
    declared = [getattr(about, p) for p in ("control", "placebo")]
    unmeasured = [a for a in declared if a not in ("none", "") and all(a not in r.arms for r in runs)]
    if unmeasured:
        page.note(f"Not measured yet: {'; '.join(unmeasured)}.")


def _overlap(about: Claim, runs: Sequence[SeedRun], dark: bool) -> None:
    rows = by_overlap(runs)
    if not rows:
        return
    page.heading(
        "By word overlap", "Fifths of the questions, by the share of their weight that the relevant passage holds."
    )
    names = [a for _, a in arms_of(about, runs) if all(a in r for r in rows)]
    told = "; ".join(f"{n} " + ", ".join(f"{r[n]:.2f}" for r in rows) for n in names)
    figure = overlap_fifths({n: [r[n] for r in rows] for n in names}, about.measure, dark)
    figure.update_xaxes(title="fifths of the questions, by word overlap")
    st.plotly_chart(
        figure,
        key="claim-overlap",
        config={"displayModeBar": False},
        alt=f"{about.measure} by fifths of word overlap, least first: {told}. The table below holds the same.",
    )
    heads = [("Fifth", False), ("overlap", True), ("questions", True), *((n, True) for n in names)]
    cells = [
        [escaped(r["fifth"]), f"{r['overlap']:.2f}", f"{r['questions']:,}", *(f"{r[n]:.3f}" for n in names)]
        for r in rows
    ]
    table(heads, cells)


def _slices(about: Claim, runs: Sequence[SeedRun]) -> None:
    found = by_slice(runs)
    if not found:
        page.note("This claim's record holds no slices.")
        return
    names = [a for _, a in arms_of(about, runs) if all(a in s for s in found.values())]
    difference = {about.treatment, about.base} <= set(names)
    heads = [("Slice", False), ("questions", True), *((n, True) for n in names)]
    heads += [("difference", True)] if difference else []
    rows = []
    for name, told in found.items():
        cells = [escaped(name), f"{told['questions']:,}", *(f"{told[n]:.3f}" for n in names)]
        cells += [f"{told[about.treatment] - told[about.base]:+.3f}"] if difference else []
        rows.append(cells)
    table(heads, rows)
    page.note("Questions over all seeds. A slice is for reading: the verdict speaks of the whole distribution alone.")


def _preconditions(row: Row) -> None:
    page.heading("Preconditions", "All must hold, or the claim is untestable here.")
    told = "".join(
        f'<div class="rv-finding rv-{tone}"><span class="rv-severity">{sign} {word}</span>'
        f"<div>{escaped(c['name'])}<p>{escaped(c['figure'])}</p></div></div>"
        for c in row["preconditions"]
        for sign, tone, word in [_HOLDS[c["holds"]]]
    )
    st.html(told)


def _seeds(about: Claim, runs: Sequence[SeedRun], judged: set[int]) -> None:
    arms = [a for _, a in arms_of(about, runs)]
    heads = [("Seed", False), ("budget", False), ("effect", True), *((a, True) for a in arms)]
    heads += [("questions", True), ("minutes", True), ("finished", False)]
    rows = [
        [
            f"{r.seed}{'' if r.seed in judged else ' (not judged)'}",
            escaped(r.budget),
            f"{r.c:+.3f}",
            *(f"{r.arms[a]:.3f}" if a in r.arms else "–" for a in arms),
            f"{r.questions:,}",
            f"{r.seconds / 60:.1f}",
            escaped(r.finished),
        ]
        for r in sorted(runs, key=lambda r: r.seed)
    ]
    table(heads, rows)


def _recipe(row: Row, runs: Sequence[SeedRun]) -> None:
    first = runs[0]
    tried = row["recipes_tried"]
    page.note(
        f"{tried} {'recipe' if tried == 1 else 'recipes'} tried, this one judged on fresh seeds"
        + (f"; developed on seeds {ranges(row['developed_on'])}." if row["developed_on"] else ".")
    )
    st.json(first.recipe, expanded=2)
    page.note(f"Lineage of seed {first.seed}: what each trained arm started from.")
    st.json(first.lineage, expanded=1)
    machines = {f"{r.hardware.get('gpu') or r.hardware.get('cpu')}, {r.hardware.get('threads')} threads" for r in runs}
    libraries = ", ".join(f"{n} {v}" for n, v in first.versions.items())
    page.note(f"Computed on {'; '.join(sorted(machines))}. {libraries}.")
