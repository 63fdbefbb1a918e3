"""What the passages hold: twins, near twins, empty texts, titles."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from retrievarium.data.checks.findings import Finding, finding, plural, share
from retrievarium.data.checks.sample import Sample
from retrievarium.data.checks.texts import near_pairs, normal
from retrievarium.data.collection import Collection

SHORT_CHARACTERS = 20
LIKENESS = 0.8
NEAR_PASSAGES = 20_000
"""Passages compared for likeness; a larger collection is sampled, and the finding says so."""


def twins(collection: Collection, sample: Sample) -> Iterator[Finding]:
    """Passages with the same text: they tie in every retriever, and only one of them may be judged."""
    yield finding("ids", "ok", "Ids", f"All {len(collection.passages):,} passage ids and all query ids are unique.")
    groups = [g for g in sample.by_text.values() if len(g) > 1]
    if not groups:
        yield finding("twins", "ok", "Passages with the same text", "No two passages have the same text.")
        return
    ids = sample.ids
    extra = sum(len(g) - 1 for g in groups)
    relevant = {
        p
        for s in collection.splits
        for q, judged in collection.split_named(s).qrels.to_dict().items()
        for p, g in judged.items()
        if g > 0
    }
    torn = sum(1 for g in groups if 0 < sum(ids[i] in relevant for i in g) < len(g))
    consequence = (
        f"In {plural(torn, 'group')} one is judged relevant and another is not, so a system that returns the twin is "
        "marked down."
        if torn
        else "No judgement depends on them."
    )
    yield finding(
        "twins",
        "warning" if torn else "note",
        "Passages with the same text",
        f"{plural(extra, 'passage repeats', 'passages repeat')} the title and text of another, in "
        f"{plural(len(groups), 'group')}. They tie in every retriever, and the higher id (as bytes) comes first. "
        + consequence,
        ("=".join(ids[i] for i in g[:3]) for g in groups),
        "Judge both or drop one before comparing systems." if torn else "",
    )


def likeness(collection: Collection, sample: Sample) -> Iterator[Finding]:
    """Passages that are almost the same."""
    rows = list(range(len(sample.ids)))
    if len(rows) > NEAR_PASSAGES:
        rows = sorted(np.random.default_rng(0).choice(len(rows), NEAR_PASSAGES, replace=False).tolist())
    pairs = near_pairs([sample.windows(i) for i in rows], LIKENESS)
    ids = [sample.ids[i] for i in rows]
    pairs = [(i, j, s) for i, j, s in pairs if sample.normal[rows[i]] != sample.normal[rows[j]]]
    scope = "" if len(rows) == len(collection.passages) else f" among a sample of {len(rows):,}"
    if not pairs:
        yield finding(
            "near", "ok", "Almost equal passages", f"No two passages share {LIKENESS:.0%} of their text{scope}."
        )
        return
    touched = len({i for pair in pairs for i in pair[:2]})
    yield finding(
        "near",
        "note",
        "Almost equal passages",
        f"{plural(len(pairs), 'pair')} of passages ({plural(touched, 'passage')}) share at least "
        f"{LIKENESS:.0%} of their "
        f"text{scope}. Where only one of a pair is judged, the other counts as not relevant.",
        (f"{ids[i]}~{ids[j]} ({s:.0%})" for i, j, s in sorted(pairs, key=lambda p: -p[2])),
        "Read a pair before you trust a difference of a few points.",
    )


def emptiness(collection: Collection, sample: Sample) -> Iterator[Finding]:
    """Passages without text, without anything, or with next to nothing."""
    titles, texts = sample.titles, sample.texts
    void = [i for i, (a, b) in enumerate(zip(titles, texts, strict=True)) if not a.strip() and not b.strip()]
    bare = [i for i, (a, b) in enumerate(zip(titles, texts, strict=True)) if a.strip() and not b.strip()]
    short = [i for i, b in enumerate(texts) if 0 < len(b.strip()) < SHORT_CHARACTERS]
    ids = sample.ids
    if void:
        judged = {
            p for s in collection.splits for p in collection.split_named(s).qrels.table.column("passage_id").to_pylist()
        }
        hit = sum(ids[i] in judged for i in void)
        verb = "is" if hit == 1 else "are"
        yield finding(
            "empty",
            "warning",
            "Empty passages",
            f"{plural(len(void), 'passage has', 'passages have')} neither title nor text: no retriever can find "
            f"{'it' if len(void) == 1 else 'them'} by words, and a dense one places "
            f"{'it' if len(void) == 1 else 'them'} arbitrarily. {hit:,} of them {verb} judged.",
            (ids[i] for i in void),
            "Leave them in if you compare with published numbers, and do not read anything into their ranks.",
        )
    if bare:
        yield finding(
            "title-only",
            "note",
            "Passages with a title alone",
            f"{plural(len(bare), 'passage has', 'passages have')} a title and no text.",
            (ids[i] for i in bare),
        )
    if short:
        yield finding(
            "short",
            "note",
            "Very short passages",
            f"{plural(len(short), 'passage has', 'passages have')} fewer than {SHORT_CHARACTERS} characters of text.",
            (ids[i] for i in short),
            "BM25's length normalisation favours them.",
        )
    if not (void or bare or short):
        yield finding("empty", "ok", "Empty passages", "Every passage has a text.")


def titles(collection: Collection, sample: Sample) -> Iterator[Finding]:
    """Missing titles, and titles that the text repeats: both change what `title + text` weighs."""
    n, without = len(sample.ids), sum(not t.strip() for t in sample.titles)
    names = collection.passages.column("document")
    if without == n:
        more = ""
        if names and any(names):
            more = f" The column 'document' names {len(set(names) - {None}):,} documents, but it is not searched."
        yield finding(
            "titles",
            "note",
            "Titles",
            f"None of the {plural(n, 'passage')} has a title, so what is indexed is the text alone.{more}",
            advice="Methods that rely on titles (entity names, title-weighted BM25) have nothing to work with here.",
        )
        return
    joined = zip(sample.titles, sample.texts, strict=True)
    again = sum(bool(a.strip()) and normal(b[: 2 * len(a) + 8]).startswith(normal(a)) for a, b in joined)
    parts = []
    if without:
        parts.append(f"{without:,} of {n:,} passages have no title")
    if again:
        parts.append(
            f"{again:,} ({share(again, n)}) begin their text with their title, so its words count twice in the "
            "joined text"
        )
    if not parts:
        yield finding("titles", "ok", "Titles", f"All {n:,} passages have a title, and no text begins by repeating it.")
        return
    sentence = "; ".join(parts)
    yield finding(
        "titles",
        "note",
        "Titles",
        sentence[0].upper() + sentence[1:] + ". The document text is always title and text joined by a blank.",
        advice="A question that names the title is then easier for BM25 than the text alone would make it."
        if again > n // 10
        else "",
    )
