"""What the queries bring: repeats, the query found in the collection itself, and answers the judgements do not know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from retrievarium.data.checks.findings import Finding, finding, plural, share
from retrievarium.data.checks.sample import Sample
from retrievarium.data.checks.texts import WINDOW, normal, windows
from retrievarium.data.collection import Collection

MOST_QUERIES = 20_000
"""Queries looked for inside passages; of more, the first ones."""


def repeats(collection: Collection) -> Iterator[Finding]:
    """Empty queries, and queries with the same text."""
    queries = collection.all_queries
    if not len(queries):
        return
    empty = [q for q, t in zip(queries.ids, queries.texts, strict=True) if not t.strip()]
    if empty:
        yield finding(
            "empty-queries",
            "warning",
            "Empty queries",
            f"{plural(len(empty), 'query has', 'queries have')} no text; every system answers at random.",
            empty,
            "Remove them.",
        )
    groups: dict[str, list[str]] = defaultdict(list)
    for q, t in zip(queries.ids, queries.texts, strict=True):
        groups[normal(t)].append(q)
    twice = [g for t, g in groups.items() if len(g) > 1 and t]
    if not twice:
        yield finding("repeated-queries", "ok", "Repeated queries", "No two queries have the same text.")
        return
    qrels = collection.qrels
    torn = sum(len({frozenset(qrels.relevant(q)) for q in g}) > 1 for g in twice)
    yield finding(
        "repeated-queries",
        "note",
        "Repeated queries",
        f"{plural(sum(len(g) - 1 for g in twice), 'query repeats', 'queries repeat')} the text of "
        "another under an id of "
        "its own"
        + (
            f"; in {plural(torn, 'case')} the relevant passages differ, so no system can be right on both."
            if torn
            else ", with the same relevant passages, and counts twice in every mean."
        ),
        ("=".join(g[:3]) for g in twice),
    )


def itself(collection: Collection, sample: Sample) -> Iterator[Finding]:
    """The query standing in the collection: as a passage of its own, as a title, or inside a text."""
    queries = collection.queries
    if not len(queries):
        return
    ids, texts = queries.ids[:MOST_QUERIES], [normal(t) for t in queries.texts[:MOST_QUERIES]]
    rows = {p: i for i, p in enumerate(sample.ids)}
    same_id = [(q, t) for q, t in zip(ids, texts, strict=True) if q in rows]
    own = [q for q, t in same_id if t and t in sample.normal[rows[q]]]
    titles = {normal(t) for t in sample.titles if t.strip()}
    whole = [q for q, t in zip(ids, texts, strict=True) if t and t in sample.by_text]
    titled = [q for q, t in zip(ids, texts, strict=True) if t in titles]
    inside = _inside(ids, texts, sample)
    if own or whole:
        hit = list(dict.fromkeys(own + whole))
        yield finding(
            "self-retrieval",
            "warning",
            "The query is in the collection",
            f"{plural(len(hit), 'query is', 'queries are')} also a passage: a system may return the "
            "query itself at rank 1.",
            hit,
            "Exclude the query's own passage (an option that is printed with every result), or report both ways.",
        )
    elif same_id:
        yield finding(
            "self-retrieval",
            "note",
            "Shared ids",
            f"{plural(len(same_id), 'query id is', 'query ids are')} also a passage id, but the texts "
            "have nothing to do with "
            "each other: queries and passages are numbered apart.",
            (q for q, _ in same_id),
            "Do not use an option that drops the passage of the query's id: it would drop a wrong one.",
        )
    if inside or titled:
        parts = []
        if inside:
            parts.append(f"{plural(len(inside), 'query stands', 'queries stand')} word for word inside a passage")
        if titled:
            parts.append(f"{plural(len(titled), 'query is', 'queries are')} exactly a title")
        examples = [f"{q} in {p}" for q, p in inside] or titled
        yield finding(
            "verbatim",
            "note",
            "Queries in the text",
            " and ".join(parts) + f" (of {len(ids):,}): lexical retrievers find these at once.",
            examples,
        )
    if not (own or whole or same_id or inside or titled):
        yield finding(
            "self-retrieval", "ok", "The query is in the collection", "No query is a passage, a title, or inside one."
        )


def _inside(ids: tuple[str, ...], texts: list[str], sample: Sample) -> list[tuple[str, str]]:
    """Queries of at least `WINDOW` characters that a passage contains, `(query id, passage id)`, one each."""
    firsts: dict[int, list[int]] = defaultdict(list)
    for n, text in enumerate(texts):
        if len(text) >= WINDOW:
            firsts[int(windows(text[:WINDOW])[0])].append(n)
    if not firsts:
        return []
    wanted = np.array(sorted(firsts), dtype=np.uint64)
    found: dict[int, str] = {}
    for row, passage in enumerate(sample.normal):
        hashes = sample.windows(row)
        at = np.searchsorted(wanted, hashes)
        at[at == len(wanted)] = 0
        for h in set(hashes[wanted[at] == hashes].tolist()):
            for n in firsts[h]:
                if n not in found and texts[n] in passage and texts[n] != passage:
                    found[n] = sample.ids[row]
    return [(ids[n], p) for n, p in sorted(found.items())]


def answers(collection: Collection) -> Iterator[Finding]:
    """Do the relevant passages hold an answer string."""
    queries = collection.queries
    known = queries.answers
    if not known:
        if len(queries):
            yield finding(
                "answers", "note", "Answers", "No query has answer strings: Answer@k is undefined, use the judgements."
            )
        return
    if collection.default_split is None:
        yield finding(
            "answers",
            "note",
            "Answers",
            f"{len(known):,} of {plural(len(queries), 'query', 'queries')} have answer strings.",
            advice="Measure by Answer@k.",
        )
        return
    qrels, passages = collection.qrels, collection.passages
    cache: dict[str, str] = {}
    missed = []
    asked = [q for q in known if qrels.relevant(q)][:MOST_QUERIES]
    for q in asked:
        for p in qrels.relevant(q):
            if p not in cache and p in passages:
                cache[p] = normal(passages.text_of(p))
        if not any(normal(a) in cache.get(p, "") for a in known[q] for p in qrels.relevant(q)):
            missed.append(q)
    text = f"{len(known):,} of {plural(len(queries), 'query', 'queries')} have answer strings"
    if missed:
        yield finding(
            "answers",
            "note",
            "Answers",
            f"{text}; for {len(missed):,} of {len(asked):,} ({share(len(missed), len(asked))}) no "
            "relevant passage holds one, so "
            "measures by answer and by judgement disagree there.",
            missed,
            "Yes/no answers and translated or derived ones do this.",
        )
    else:
        yield finding("answers", "ok", "Answers", f"{text}, and each stands in a relevant passage.")
