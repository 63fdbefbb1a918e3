"""The entity clinic's pictures; a click on a mark opens its queries, as the number in the table does."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from clinic import Clinic, Ward
from components import clinic_state, page
from components.take import picture
from retrievarium.analysis import OTHER_FAILURE, RULES, Precision
from retrievarium.figures import failures_stacked, groups_dots, popularity_curve

MEASURED = 10  # failures that somebody must have judged before a rule's bar is coloured


def _clicked(chart: str, kind: str) -> None:
    points = st.session_state[chart]["selection"]["points"]
    if points:
        name, system = points[0]["customdata"][:2]
        clinic_state.open_case(clinic_state.key(kind, str(name), str(system)))


def groups(look: Clinic, dark: bool) -> None:
    label = look.grouping.label if look.grouping is not None else "group"
    panel = st.expander("The table as a picture", icon=":material/scatter_plot:", on_change="rerun", key="clinic-dots")
    if not panel.open:
        return
    with panel:
        st.plotly_chart(
            groups_dots(look.tables, look.order, look.measure, dark),
            key="group-dots",
            on_select=lambda: _clicked("group-dots", "g"),
            selection_mode="points",
            config=picture(f"{look.measure}-by-{label}"),
            alt=f"{look.measure} by {label} and retriever with 95% intervals; the table above holds the same.",
        )


def curve(look: Clinic, dark: bool) -> None:
    if look.popularity is None:
        return
    st.plotly_chart(
        popularity_curve(look.curve, look.bins, look.popularity.label, look.measure, dark),
        key="popularity-curve",
        on_select=lambda: _clicked("popularity-curve", "p"),
        selection_mode="points",
        config=picture(f"{look.measure}-by-popularity"),
        alt=f"{look.measure} by {look.popularity.label} with 95% intervals; the table below holds the same.",
    )


def unmeasured(ward: Ward, own: Mapping[str, Precision]) -> list[str]:
    """Tags that are shown without colour: nobody knows how often they are right here."""
    if ward.exact:
        return [OTHER_FAILURE]
    return [n for n in RULES if own[n].judged < MEASURED] + [OTHER_FAILURE]


def failures(ward: Ward, own: Mapping[str, Precision], dark: bool) -> None:
    counts = {s: {n: len(q) for n, q in told.items()} for s, told in ward.counts().items()}
    if not any(told for told in counts.values()):
        page.empty("No retriever fails here.", "Choose a harder cut, another slice or other retrievers.")
        return
    grey = unmeasured(ward, own)
    if len(grey) > len(RULES):
        page.callout(
            "note",
            "No picture yet: nobody knows how often these rules are right here",
            f"Open a number and say agree or disagree; a rule is drawn once {MEASURED} of its failures are judged.",
        )
        return
    st.plotly_chart(
        failures_stacked(counts, [*RULES, OTHER_FAILURE], grey, dark),
        key="failure-stack",
        on_select=lambda: _clicked("failure-stack", "t"),
        selection_mode="points",
        config=picture("failures-by-rule"),
        alt="Failures by retriever, divided by rule; the table above holds the same.",
    )
    if not ward.exact:
        page.note(
            f"Grey: rules of which fewer than {MEASURED} failures were judged, and failures that no rule explains."
        )
