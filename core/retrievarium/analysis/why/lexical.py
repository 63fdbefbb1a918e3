"""Scores that are sums by their own formula: BM25's terms, learned terms, and MaxSim's best cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from retrievarium.analysis.why.parts import Attribution, Part, Span
from retrievarium.retrievers import BM25, Analyzer, LateInteraction, Sparse


def _spans(analyzer: Analyzer, text: str) -> dict[str, tuple[Span, ...]]:
    """Where each term of a text stands."""
    found: dict[str, list[Span]] = {}
    for term, start, stop in analyzer.spans(text):
        found.setdefault(term, []).append((start, stop))
    return {t: tuple(s) for t, s in found.items()}


def bm25(retriever: BM25, text: str) -> Callable[[str], Attribution]:
    """One part a term of the question; a term that stands twice in the question counts twice, in one part."""
    asked = _spans(retriever.analyzer, text)
    n = len(retriever.collection.passages)
    scores, row_of = retriever.scores(text), retriever.collection.passages.row_of

    def of(passage: str) -> Attribution:
        told = retriever.collection.passages.text_of(passage)
        read = _spans(retriever.analyzer, told)
        parts = []
        for term, value in retriever.explain(text, passage):
            holders = len(retriever.postings(term)[0])
            many = len(read.get(term, ()))
            detail = f"{many} × in the passage; {holders:,} of {n:,} passages have it" if many else ""
            detail = detail or (f"not in the passage; {holders:,} have it" if holders else "in no passage")
            parts.append(Part(term, value, detail, asked.get(term, ()), read.get(term, ())))
        score = float(scores[row_of[passage]])
        return Attribution(retriever.name, "bm25", passage, score if score > 0 else None, tuple(parts))

    return of


def _piece_spans(pieces: Iterable[str], text: str) -> dict[str, tuple[Span, ...]]:
    """Where word pieces stand in a text, read letter for letter; pieces that were added stand nowhere."""
    lowered = text.lower()
    if len(lowered) != len(text):
        return {}
    found: dict[str, list[Span]] = {}
    for piece in set(pieces):
        inside = piece.startswith("##")
        core = piece.removeprefix("##").removeprefix("▁").removeprefix("Ġ")
        at = lowered.find(core) if core else -1
        while at >= 0:
            begins = at == 0 or not lowered[at - 1].isalnum()
            if begins != inside and (inside or _ends(lowered, at + len(core), core)):
                found.setdefault(piece, []).append((at, at + len(core)))
            at = lowered.find(core, at + 1)
    return {p: tuple(s) for p, s in found.items()}


def _ends(text: str, stop: int, core: str) -> bool:
    return stop == len(text) or not text[stop].isalnum() or len(core) > 1


def sparse(retriever: Sparse, text: str) -> Callable[[str], Attribution]:
    """One part a term that both sides weigh: w_j(q) w_j(p). A term that stands in neither text the model added."""
    query = retriever.encoder.encode_queries([text])
    weights = dict(zip(query.indices.tolist(), query.data.tolist(), strict=True))
    scores, row_of = retriever.index.scores(query[0]), retriever.collection.passages.row_of

    def of(passage: str) -> Attribution:
        told = retriever.collection.passages.text_of(passage)
        shared = _shared(retriever, weights, row_of[passage])
        names = retriever.encoder.pieces([c for c, _ in shared])
        asked, read = _piece_spans(names, text), _piece_spans(names, told)
        parts = []
        for name, (column, weight) in zip(names, shared, strict=True):
            told_of = [w for w, where in (("question", asked), ("passage", read)) if name not in where]
            added = f"; added to the {' and the '.join(told_of)}" if told_of else ""
            detail = f"{weights[column]:.2f} × {weight:.2f}{added}"
            parts.append(Part(name, weights[column] * weight, detail, asked.get(name, ()), read.get(name, ())))
        parts.sort(key=lambda p: (-p.value, p.label))
        score = float(scores[row_of[passage]])
        return Attribution(retriever.name, "sparse", passage, score if score > 0 else None, tuple(parts))

    return of


def _shared(retriever: Sparse, asked: Iterable[int], row: int) -> list[tuple[int, float]]:
    """Columns that a passage and a question both weigh, with the passage's weights, read from the question's lists."""
    starts, rows, impacts = retriever.index.postings
    found = []
    for column in asked:
        first, last = int(starts[column]), int(starts[column + 1])
        at = first + int(np.searchsorted(rows[first:last], row))
        if at < last and rows[at] == row:
            found.append((column, float(impacts[at])))
    return found


def max_sim(retriever: LateInteraction, text: str) -> Callable[[str], Attribution]:
    """One part a piece of the question: its similarity with the piece of the passage that is nearest to it."""
    from retrievarium.indexes import max_sim as score_of

    query = retriever.encoder.encode_queries([text])[0]

    def of(passage: str) -> Attribution:
        grid = retriever.explain(text, passage)
        told = retriever.collection.passages.text_of(passage)
        asked, read = spans_in_order(grid.query, text), spans_in_order(grid.passage, told)
        parts = []
        for (piece, value), best, span in zip(grid.parts, grid.best, asked, strict=True):
            found = grid.passage[int(best)]
            there = read[int(best)]
            parts.append(Part(piece, value, f"nearest: {found}", (span,) if span else (), (there,) if there else ()))
        score = float(score_of(query, retriever.index.multi([passage]))[0])
        return Attribution(retriever.name, "max-sim", passage, score, tuple(parts), grid=grid)

    return of


def spans_in_order(pieces: Iterable[str], text: str) -> list[Span | None]:
    """Where pieces stand that were cut from a text one after the other; None for special ones."""
    lowered, at = text.lower(), 0
    spans: list[Span | None] = []
    for piece in pieces:
        core = piece.removeprefix("##").removeprefix("▁").removeprefix("Ġ").lower()
        special = piece.startswith("[") and piece.endswith("]")
        found = -1 if special or not core or len(lowered) != len(text) else lowered.find(core, at)
        if found < 0:
            spans.append(None)
            continue
        spans.append((found, found + len(core)))
        at = found + len(core)
    return spans
