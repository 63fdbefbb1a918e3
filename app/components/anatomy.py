"""A collection looked into: figures, traps named before any number is shown, distributions, samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from components import page
from components.text import escaped
from desk import desk
from retrievarium.data import Collection
from retrievarium.data.preflight import preflight
from retrievarium.data.statistics import statistics
from retrievarium.figures import histogram
from state import Selection

_SAMPLES = 3
_LONGEST = 600
_SEVERITY = {"stop": "✕ stop", "warning": "! careful", "note": "i note", "ok": "✓ fine"}


def section(collection: Collection, chosen: Selection) -> None:
    about = collection.meta
    page.heading(collection.name, str(about.get("title") or ""))
    known = [f"{k.capitalize()}: {about[k]}" for k in ("source", "licence", "language") if about.get(k)]
    if known:
        page.note(" · ".join(known))
    if about.get("note"):
        page.note(str(about["note"]))
    key = ("statistics", collection.fingerprint)
    counted = desk().task(key, lambda: statistics(collection)).wait(0.5)
    checked_key = ("preflight", collection.fingerprint)
    checked = desk().task(checked_key, lambda: preflight(collection)).wait(0.3)
    if counted.state == "ready":
        figures(counted.value)
    page.heading("Before any number", "What would mislead if it were not known; gravest first.")
    if checked.state == "ready":
        findings(checked.value)
    elif checked.state == "failed":
        page.callout("stop", "The look for traps failed", checked.error)
    else:
        page.callout(
            "working", "Looking for traps", "Equal passages, missing judgements, odd characters, lengths, splits."
        )
    if counted.state == "ready":
        distributions(counted.value)
    elif counted.state == "failed":
        page.callout("stop", "Counting failed", counted.error)
    else:
        page.callout("working", "Counting words and judgements")
    samples(collection)
    page.poll([k for k, t in ((key, counted), (checked_key, checked)) if t.state == "working"])


def figures(told: Mapping[str, Any]) -> None:
    counts = told["counts"]
    words = told["passages"]["words"] or {}
    judged = sum(j["queries"] for j in told["judgements"].values())
    cells = [
        (f"{counts['passages']:,}", "passages"),
        (f"{words.get('median', 0):,.0f}", "words in a passage (median)"),
        (f"{told['vocabulary']['distinct']:,}", "different words"),
        (f"{counts['queries']:,}", "queries"),
        (f"{judged:,}", "judged queries, all splits"),
    ]
    cells += [(f"{j['rows']:,}", f"judgements in {s}") for s, j in list(told["judgements"].items())[:4]]
    st.html(
        '<div class="rv-figures">'
        + "".join(f"<div><b>{b}</b><span>{escaped(s)}</span></div>" for b, s in cells)
        + "</div>"
    )


def findings(checked: Any) -> None:
    """Findings as text with sign and word of their severity; what is fine is folded into one line."""
    rows = []
    fine = [one for one in checked if one.severity == "ok"]
    for one in [one for one in checked if one.severity != "ok"]:
        shown = f" For example {', '.join(one.examples)}." if one.examples else ""
        advice = f"<p>{escaped(one.advice)}</p>" if one.advice else ""
        rows.append(
            f'<div class="rv-finding rv-{one.severity}"><span class="rv-severity">{_SEVERITY[one.severity]}</span>'
            f"<div><b>{escaped(one.title)}.</b> {escaped(one.sentence)}<bdi>{escaped(shown)}</bdi>{advice}</div></div>"
        )
    if fine:
        told = "".join(f"<p><b>{escaped(one.title)}.</b> {escaped(one.sentence)}</p>" for one in fine)
        rows.append(
            f'<div class="rv-finding rv-ok"><span class="rv-severity">{_SEVERITY["ok"]}</span><details>'
            f"<summary>{len(fine)} looks found nothing wrong</summary>{told}</details></div>"
        )
    st.html("".join(rows) or "<p>Nothing was found.</p>")


def distributions(told: Mapping[str, Any]) -> None:
    shown: list[tuple[str, str, Any]] = [("Words in a passage", "words", told["passages"]["words"])]
    shown += [("Words in a query", "words", told["queries"]["words"])]
    for split, judged in list(told["judgements"].items())[:1]:
        shown.append((f"Relevant passages a query ({split})", "relevant passages", judged["relevant"]))
    if told.get("popularity"):
        shown.append(("Popularity of the entity asked about", "log10(1 + popularity)", told["popularity"]["log10"]))
    shown = [s for s in shown if s[2]]
    page.heading("Distributions")
    for place, (name, unit, dist) in zip(st.columns(len(shown), gap="medium"), shown, strict=True):
        with place:
            st.html(f"<b>{escaped(name)}</b>")
            span = (
                f"from {dist['min']:,.4g} to {dist['max']:,.4g}, median {dist['median']:,.4g}, mean {dist['mean']:,.4g}"
            )
            st.plotly_chart(
                histogram(dist["histogram"], unit),
                key=f"hist-{name}",
                config={"displayModeBar": False},
                alt=f"{name}: {span}",
            )
            with st.popover("Table", icon=":material/table:"):
                edges, counts = dist["histogram"]["edges"], dist["histogram"]["counts"]
                rows = "".join(
                    f'<tr><td class="rv-num">{a:,.4g} to {b:,.4g}</td><td class="rv-num">{n:,}</td></tr>'
                    for a, b, n in zip(edges[:-1], edges[1:], counts, strict=True)
                )
                heads = f'<tr><th scope="col">{escaped(unit)}</th><th class="rv-num" scope="col">number</th></tr>'
                st.html(f'<table class="rv-table">{heads}{rows}</table>')
            page.note(span + ".")


def samples(collection: Collection) -> None:
    page.heading("Samples", "Evenly drawn through the collection.")
    left, right = st.columns([3, 2], gap="large")
    with left:
        n = len(collection.passages)
        for at in sorted({i * n // _SAMPLES + n // (2 * _SAMPLES) for i in range(_SAMPLES)}):
            passage = collection.passages[collection.passages.ids[min(at, n - 1)]]
            text = passage.text[:_LONGEST] + (" …" if len(passage.text) > _LONGEST else "")
            st.html(
                f'<div class="rv-sample"><h4 dir="auto">{escaped(passage.title) or "<i>no title</i>"}</h4>'
                f'<p dir="auto">{escaped(text)}</p><p class="rv-note"><bdi>{escaped(passage.id)}</bdi></p></div>'
            )
    with right:
        queries = collection.all_queries
        if not len(queries):
            page.note("No queries.")
        for at in sorted({i * len(queries) // 6 for i in range(6)}) if len(queries) else []:
            query = queries[queries.ids[at]]
            answer = f'<p class="rv-note">answer <bdi>{escaped(query.answers[0])}</bdi></p>' if query.answers else ""
            st.html(f'<div class="rv-sample"><p dir="auto">{escaped(query.text[:_LONGEST])}</p>{answer}</div>')
