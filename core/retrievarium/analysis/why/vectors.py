"""One vector a text: what the score loses when a word is left out, and what no single word explains."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from retrievarium.analysis.why.parts import Attribution, Part, Span, units, without
from retrievarium.contracts import Progress, as_queries
from retrievarium.indexes.flat import scores
from retrievarium.retrievers import Dense, Feedback, HyDE
from retrievarium.retrievers.refiners import Weighted

MOST_ASKED = 48  # words of a question that are left out one by one; a longer one in as many runs of words
MOST_READ = 160  # of a passage
_BLOCK = 32


def _score(retriever: Dense, queries: NDArray, passages: NDArray) -> NDArray[np.float64]:
    """`(b, n)` by the encoder's own similarity."""
    metric = "cosine" if retriever.encoder.similarity == "cosine" else "ip"
    return scores(queries.astype(np.float64), passages.astype(np.float64), metric).astype(np.float64)


def left_out(text: str, most: int) -> tuple[list[Span], list[str]]:
    """Spans of the words of a text, and the text without each of them."""
    spans = units(text, most)
    return spans, [without(text, [s]) for s in spans]


def word_parts(text: str, spans: Sequence[Span], losses: Sequence[float], side: str) -> tuple[Part, ...]:
    """What the score loses without each word of the question ("query") or of the passage ("passage")."""
    told = []
    for span, loss in zip(spans, losses, strict=True):
        asked, read = ((span,), ()) if side == "query" else ((), (span,))
        told.append(Part(text[span[0] : span[1]], float(loss), "", asked, read))
    return tuple(told)


def one_vector(retriever: Dense, text: str) -> Callable[[str], Attribution]:
    """Leave-one-out over the question's words: part_i = s(q, p) - s(q without word i, p), all in one encoding.

    The parts are no sum of the score: words act together. The remainder says by how much.
    """
    spans, variants = left_out(text, MOST_ASKED)
    whole = retriever.query_vectors(as_queries(text))  # (1, d)
    fewer = np.asarray(retriever.encoder.encode_queries(variants), dtype=np.float32).reshape(len(spans), -1)

    def of(passage: str) -> Attribution:
        vector = retriever.index.vectors([passage])
        score = float(_score(retriever, whole, vector)[0, 0])
        kept = _score(retriever, fewer, vector)[:, 0] if len(spans) else np.empty(0)
        parts = word_parts(text, spans, (score - kept).tolist(), "query")
        return Attribution(retriever.name, "one-vector", passage, score, parts, exact=False)

    return of


def passage_words(
    retriever: Dense, text: str, passage: str, progress: Progress | None = None, most: int = MOST_READ
) -> Attribution:
    """Leave-one-out over the passage's words: part_i = s(q, p) - s(q, p without word i).

    Each word costs an encoding of the passage. Words behind the encoder's limit change nothing, and their parts are 0.
    `progress` is told after every 32 words and may stop it.
    """
    told = retriever.collection.passages.text_of(passage)
    spans, variants = left_out(told, most)
    query = retriever.query_vectors(as_queries(text))
    score = float(_score(retriever, query, retriever.encoder.encode_passages([told]))[0, 0])
    kept: list[float] = []
    for start in range(0, len(variants), _BLOCK):
        block = retriever.encoder.encode_passages(variants[start : start + _BLOCK])
        kept += _score(retriever, query, block)[0].tolist()
        if progress is not None:
            progress(len(kept), len(variants), f"leaving out words with {retriever.name}", {})
    parts = word_parts(told, spans, [score - k for k in kept], "passage")
    return Attribution(retriever.name, "one-vector", passage, score, parts, exact=False)


def feedback(retriever: Feedback, text: str) -> Callable[[str], Attribution]:
    """Round by round: the first search as it was asked, then what the question and each passage that it found add.

    A linear refiner's parts make the score. A learned one's vector is no sum: each found passage is left out in turn,
    and the remainder shown.
    """
    batch = as_queries(text)
    first = one_vector(retriever.retriever, text)
    plain = retriever.retriever.search(batch, 100)[batch.ids[0]]
    again = retriever.search(batch, 100)[batch.ids[0]]
    found = retriever.lists(batch)[batch.ids[0]].ids
    linear = isinstance(retriever.refine, Weighted)
    vectors = retriever.refined(batch)
    fewer = _without_each(retriever, text, found) if not linear else None

    def of(passage: str) -> Attribution:
        score = float(_score(retriever.retriever, vectors, retriever.retriever.index.vectors([passage]))[0, 0])
        if linear:
            parts = tuple(
                Part(label, value, "the question" if i == 0 else f"found at rank {i} in the first round")
                for i, (label, value) in enumerate(retriever.explain(text, passage))
            )
        else:
            held = retriever.retriever.index.vectors([passage])
            kept = _score(retriever.retriever, fewer, held)[:, 0] if fewer is not None else np.empty(0)
            parts = tuple(
                Part(p, score - float(k), f"found at rank {i}; score without it {float(k):.3f}")
                for i, (p, k) in enumerate(zip(found, kept, strict=True), 1)
            )
        before = first(passage).placed(plain)
        told = Attribution(retriever.name, "feedback", passage, score, parts, exact=linear).placed(again)
        moves = f"rank {before.rank or 'beyond 100'} as asked, rank {told.rank or 'beyond 100'} after feedback"
        return Attribution(
            retriever.name, "feedback", passage, score, parts, exact=linear, note=moves, rank=told.rank, inner=(before,)
        )

    return of


def _without_each(retriever: Feedback, text: str, found: Sequence[str]) -> NDArray[np.float32] | None:
    """Refined vectors `(k, d)`, each without one of the passages found."""
    if not found:
        return None
    passages = retriever.retriever.collection.passages
    lists = [[p for p in found if p != gone] for gone in found]
    vectors = retriever.retriever.query_vectors(as_queries(text)).repeat(len(found), axis=0)
    held = [
        retriever.retriever.index.vectors(kept) if kept else np.empty((0, vectors.shape[1]), dtype=np.float32)
        for kept in lists
    ]
    return retriever.refine.refine(
        [text] * len(found), vectors, [[passages.text_of(p) for p in kept] for kept in lists], held
    )


def invented(retriever: HyDE, text: str) -> Callable[[str], Attribution]:
    """One part for the question and one for each text that the model wrote; they make the score."""
    batch = as_queries(text)
    written = retriever.write(batch)
    plain = one_vector(retriever.dense, text)
    (weighted,) = retriever.vectors(batch, written)
    labels = [*["query"] * retriever.include_query, *written.texts[0]]

    def of(passage: str) -> Attribution:
        values = retriever.values(weighted, passage)
        parts = tuple(
            Part(f"{n}: {label[:60]}" if n or not retriever.include_query else "the question", value, label)
            for n, (label, value) in enumerate(zip(labels, values, strict=True))
        )
        score = float(np.float32(sum(values)))
        return Attribution(retriever.name, "invented", passage, score, parts, inner=(plain(passage),))

    return of
