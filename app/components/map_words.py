"""How far this map tells the truth: two numbers in words, the rest under Details."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from components import page
from components.map_scene import Scene
from components.text import escaped
from retrievarium.analysis import kept_sentence, query_sentence, verdict

_SIGNS = {"close": "✓", "rough": "≈", "noise": "✕", "open": "…"}
_TONES = {"close": "ok", "rough": "warning", "noise": "stop", "open": "working"}


def badge(of: Scene, layout: str = "map") -> None:
    """The verdict and the two headline numbers, above the map and never away from it: of the layout that is shown."""
    if of.made is None:
        share = of.preview[1]
        page.callout(
            "working",
            "A preview: two straight axes, no layout yet",
            f"These are the first two principal components; they show {share:.0%} of the variance. "
            "Neighbours here say little.",
        )
        return
    numbers = of.checks.numbers if of.checks else None
    about = dict(of.made.about)
    said = ""
    if numbers is not None and layout == "noise":
        about |= {"kept_at_k": numbers["kept_noise"], "query_fidelity": numbers["query_noise"]}
        said = "Shuffled data: every coordinate dealt anew among the points. What you see here is not in the data. "
    elif numbers is not None and layout != "map":
        place = int(layout[-1])
        about |= {"kept_at_k": numbers["kept_seeds"][place - 1], "query_fidelity": numbers["query_seeds"][place - 1]}
        said = f"Seed {place + 1} of 3: the same data laid out again. What moved was never there. "
    told = verdict(about, numbers)
    rows = [said, kept_sentence(about, numbers), query_sentence(about, numbers)]
    body = "".join(f"<p>{escaped(r)}</p>" for r in rows if r)
    st.html(
        f'<div class="rv-callout rv-{_TONES[told.grade]}" role="status" id="map-badge" data-grade="{told.grade}">'
        f'<span class="rv-sign" aria-hidden="true">{_SIGNS[told.grade]}</span>'
        f"<div><strong>{escaped(told.badge[:1].upper() + told.badge[1:])}.</strong> {escaped(told.sentence)}"
        f"{body}</div></div>"
    )


def facts(of: Scene) -> None:
    """Metric, seed, n of N: on every map."""
    space = (
        "cosine" if of.vectors.similarity == "cosine" else "inner product, drawn as a distance by one more dimension"
    )
    seed = f" Seed {of.made.about['seed']}." if of.made else ""
    page.note(f"{of.points.sentence()} Metric: {space} (the encoder's).{seed} Axes mean nothing and are not drawn.")


def _row(what: str, value: str, meaning: str) -> str:
    return f'<tr><td>{escaped(what)}</td><td class="rv-num">{escaped(value)}</td><td>{escaped(meaning)}</td></tr>'


def table(rows: Sequence[tuple[str, str, str]]) -> None:
    body = "".join(_row(*r) for r in rows)
    head = '<tr><th>Number</th><th class="rv-num">Value</th><th>What it says</th></tr>'
    st.html(f'<div class="rv-scroll"><table class="rv-table"><thead>{head}</thead><tbody>{body}</tbody></table></div>')


def map_rows(about: Mapping[str, Any], told: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    k = about["k"]
    sample = f", over {told['sampled']:,} sampled passages" if told["sampled"] else ""
    seeds = ", ".join(f"{v:.3f}" for v in told["kept_seeds"])
    return [
        (f"kept@{k}", f"{about['kept_at_k']:.3f}", f"by chance {about['by_chance']:.4f}; other seeds {seeds}"),
        ("the same on noise", f"{told['kept_noise']:.3f}", "this procedure on the same coordinates, shuffled"),
        ("agreement of seeds", f"{told['seed_agreement']:.3f}", "neighbours on the map that another seed's map shares"),
        (f"query fidelity@{k}", _shown(about["query_fidelity"]), f"noise {_shown(told.get('query_noise'))}"),
        ("trustworthiness", _shown(told["trustworthiness"]), f"punishes only far intruders; 1 is best{sample}"),
        ("continuity", _shown(told["continuity"]), f"punishes only far losses; 1 is best{sample}"),
        (
            "false friends",
            f"{told['false_friends']:.0%}",
            f"of {k} neighbours on the map that are not among the true {told['friends_within']}{sample}",
        ),
        (
            "lost friends",
            f"{told['lost_friends']:.0%}",
            f"of {k} true neighbours that are not among the {told['friends_within']} nearest on the map{sample}",
        ),
        (
            "turned onto each other",
            f"{max(told['residual_seeds']):.3f}",
            "largest residual between two seeds; 0 is alike",
        ),
    ]


def space_rows(told: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    rows = [
        (
            "hubness",
            f"{told['hub_skewness']:.2f}",
            f"skewness of how often a passage is in {told['hub_lists']}' top 10",
        ),
        ("antihubs", f"{told['hub_antihubs']:.0%}", f"of passages are in nobody's top 10 ({told['hub_lists']} asked)"),
        ("top 1% of hubs", f"{told['hub_top_share']:.0%}", "of all list places are theirs"),
        ("mean cosine", f"{told['mean_cosine']:.3f}", "of two passages at random; near 1 is a narrow cone"),
        ("first axis", f"{told['top_axis_share']:.0%}", "of the variance lies along one direction"),
        ("effective rank", f"{told['effective_rank']:.0f}", f"of {told['dimensions']} dimensions are really used"),
        ("IsoScore", f"{told['isoscore']:.3f}", "1: all directions alike; 0: one direction"),
    ]
    if "alignment" in told:
        rows += [
            (
                "alignment",
                f"{told['alignment']:.3f}",
                "mean squared distance of query and relevant passage; less is better",
            ),
            ("uniformity", f"{told['uniformity']:.2f}", "log mean Gaussian potential of passages; less is better"),
        ]
    if "gap_accuracy" in told:
        apart = f"{told['gap_distance']:.3f} between the means"
        rows.append(
            (
                "query-passage gap",
                f"{told['gap_accuracy']:.0%}",
                f"a straight cut tells them apart (50% is mixed); {apart}",
            )
        )
    return rows


def _shown(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def pair_rows(about: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    floor = f"floor: {about['floor_from']}"
    rows = [
        (
            "passages' neighbours",
            f"{about['passage_change']:.0%}",
            f"change ({about['passage_floor']:.0%} is the {floor})",
        ),
    ]
    if about["query_change"] is not None:
        rows.append(
            ("queries' top 10", f"{about['query_change']:.0%}", f"change ({about['query_floor']:.0%} is the {floor})")
        )
    rows += [
        ("above the floor", f"{about['passages_above']:,}", f"passages, and {about['queries_above']:,} queries"),
        ("linear CKA", f"{about['cka']:.3f}", "1: the same space up to turning"),
        ("residual of turning", f"{about['residual']:.3f}", "what no turning of the second map explains"),
    ]
    return rows
