"""Scores of combinations: what each list gives to a fusion, and what each stage of a cascade made of a passage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from retrievarium.analysis.why.parts import Attribution, Part
from retrievarium.contracts import Ranking, Run, as_queries
from retrievarium.retrievers import Cascade, Cut, LinearFusion, RankFusion
from retrievarium.retrievers.fusion import NORMALISATIONS

Explain = Callable[[Any, str], Callable[[str], Attribution]]


def _lists(parts: Sequence[Any], text: str, depth: int) -> list[Ranking]:
    batch = as_queries(text)
    return [p.search(batch, depth)[batch.ids[0]] for p in parts]


def _told(attribution: Attribution, ranking: Ranking) -> Attribution:
    """An explained part, with the rank that its list gives the passage."""
    return attribution.placed(ranking)


def rank_fusion(retriever: RankFusion, text: str, explain: Explain) -> Callable[[str], Attribution]:
    """One part a list: 1 / (60 + rank). A list that lacks the passage among its first 200 gives nothing."""
    lists = _lists(retriever.parts, text, retriever.depth)
    inner = [explain(p, text) for p in retriever.parts]

    def of(passage: str) -> Attribution:
        parts = []
        for part, ranking in zip(retriever.parts, lists, strict=True):
            rank = ranking.rank_of(passage)
            value = 1.0 / (retriever.constant + rank) if rank else 0.0
            detail = f"1 / ({retriever.constant} + rank {rank})" if rank else f"not in its first {retriever.depth}"
            parts.append(Part(part.name, value, detail))
        found = any(p.value for p in parts)
        told = tuple(_told(why(passage), r) for why, r in zip(inner, lists, strict=True))
        score = _single(sum(p.value for p in parts)) if found else None
        return Attribution(retriever.name, "rank-fusion", passage, score, tuple(parts), inner=told)

    return of


def linear_fusion(retriever: LinearFusion, text: str, explain: Explain) -> Callable[[str], Attribution]:
    """One part a list: its weight times its normalised score."""
    members = [p for _, p in retriever.parts]
    lists = _lists(members, text, retriever.depth)
    scale = NORMALISATIONS[retriever.normalisation]
    scaled = [scale(r.scores) if len(r) else np.empty(0) for r in lists]
    inner = [explain(p, text) for p in members]

    def of(passage: str) -> Attribution:
        parts = []
        for (weight, part), ranking, values in zip(retriever.parts, lists, scaled, strict=True):
            rank = ranking.rank_of(passage)
            if rank is None:
                parts.append(Part(part.name, 0.0, f"not in its first {retriever.depth}"))
                continue
            value = float(values[rank - 1])
            by = "" if retriever.normalisation == "none" else f" ({retriever.normalisation})"
            detail = f"{weight:g} × {value:.3f}{by}; its score {float(ranking.scores[rank - 1]):.3f}, rank {rank}"
            parts.append(Part(part.name, weight * value, detail))
        found = any(r.rank_of(passage) for r in lists)
        told = tuple(_told(why(passage), r) for why, r in zip(inner, lists, strict=True))
        score = _single(sum(p.value for p in parts)) if found else None
        return Attribution(retriever.name, "linear-fusion", passage, score, tuple(parts), inner=told)

    return of


def _single(value: float) -> float:
    """As runs hold scores."""
    return float(np.float32(value))


def cascade(retriever: Cascade, text: str, explain: Explain) -> Callable[[str], Attribution]:
    """Stage by stage: where the first put the passage and why, then the next. The last stage's score is the cascade's.

    A passage that the first stage did not hand on has no score: that is the explanation.
    """
    batch = as_queries(text)
    found: Run = retriever.first.search(batch, retriever.depth)
    last = retriever.second.rescore(batch, found)
    lists = [found[batch.ids[0]], last[batch.ids[0]]]
    first, second = explain(retriever.first, text), explain(retriever.second, text)

    def of(passage: str) -> Attribution:
        before = first(passage).placed(lists[0])
        stages = before.inner if before.kind == "cascade" else (before,)
        rank = lists[0].rank_of(passage)
        if rank is None:
            note = f"{retriever.first.name} does not have it among the {retriever.depth} that it hands on."
            return Attribution(retriever.name, "cascade", passage, None, note=note, inner=stages)
        after = second(passage).placed(lists[1])
        moved = f"handed on at rank {rank}, then put at rank {after.rank} by {retriever.second.name}"
        told = replace(after, retriever=retriever.name, kind="cascade", note=moved, inner=(*stages, after), grid=None)
        return told

    return of


def cut(retriever: Cut, text: str, explain: Explain) -> Callable[[str], Attribution]:
    """As the retriever that is cut; what lies behind the cut has no score."""
    batch = as_queries(text)
    ranking = retriever.search(batch, retriever.depth)[batch.ids[0]]
    inner = explain(retriever.inner, text)

    def of(passage: str) -> Attribution:
        told = replace(inner(passage), retriever=retriever.name)
        if ranking.rank_of(passage) is None:
            return replace(told, score=None, parts=(), note=f"It is not among the first {retriever.depth}.")
        return told

    return of
