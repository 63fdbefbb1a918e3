"""Traps of a collection, named before any number is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from retrievarium.contracts import Progress, no_progress
from retrievarium.data.checks import judgements, passages, queries, wording
from retrievarium.data.checks.findings import SEVERITIES, Finding, Preflight, finding, ordered
from retrievarium.data.checks.sample import MOST_PASSAGES, Sample
from retrievarium.data.collection import Collection

__all__ = ["SEVERITIES", "Finding", "Preflight", "preflight"]


def preflight(collection: Collection, encoder: Any = None, progress: Progress = no_progress) -> Preflight:
    """Look at a collection and say in words, with figures, what would mislead.

    Parameters
    ----------
    encoder: lengths are counted in its tokens where it has `count_tokens(texts)`; otherwise they are estimated.

    Returns
    -------
    Findings, gravest first. Reads at most 100,000 passages, and says so where there are more. Complexity: linear in
    the characters read.
    """
    if not len(collection.passages):
        return ordered([_questions_only(collection), *queries.repeats(collection), *queries.answers(collection)])
    sample = Sample(collection)
    looks: list[tuple[str, Callable[[], Iterable[Finding]]]] = [
        ("equal passages", lambda: passages.twins(collection, sample)),
        ("similar passages", lambda: passages.likeness(collection, sample)),
        ("empty passages", lambda: passages.emptiness(collection, sample)),
        ("titles", lambda: passages.titles(collection, sample)),
        ("characters", lambda: wording.damage(collection, sample)),
        ("language", lambda: wording.language(collection, sample)),
        ("lengths", lambda: wording.truncation(collection, sample, encoder)),
        ("unknown ids", lambda: judgements.unknown(collection)),
        ("coverage", lambda: judgements.coverage(collection)),
        ("grades", lambda: judgements.grades(collection)),
        ("qrels files", lambda: judgements.files(collection)),
        ("splits", lambda: judgements.splits(collection)),
        ("judged share", lambda: judgements.depth(collection)),
        ("queries", lambda: queries.repeats(collection)),
        ("queries in the text", lambda: queries.itself(collection, sample)),
        ("answers", lambda: queries.answers(collection)),
    ]
    found: list[Finding] = []
    for n, (what, look) in enumerate(looks):
        progress(n, len(looks), f"looking at {what}", {})
        found.extend(look())
    progress(len(looks), len(looks), "done", {})
    if not sample.complete:
        text = f"{MOST_PASSAGES:,} of {sample.whole:,} passages, drawn at random (seed 0), were read for this."
        found.append(finding("sample", "note", "A sample", text))
    return ordered(found)


def _questions_only(collection: Collection) -> Finding:
    return finding(
        "no-passages",
        "stop",
        "Nothing to search",
        f"This holds {len(collection.all_queries):,} questions and no passages.",
        advice="Ask them over another collection's passages: import again with passages=NAME in the mapping, or "
        "questions.over(collection).",
    )
