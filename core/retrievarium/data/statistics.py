"""A collection in numbers: lengths, vocabulary, judgements a query, popularity, languages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from retrievarium.data.checks.sample import Sample
from retrievarium.data.checks.texts import script_of
from retrievarium.data.collection import Collection
from retrievarium.data.views import Qrels

BINS = 20
MOST_DISTINCT = 12
_WORD = re.compile(r"\w+")
_WORDS_READ = 20_000


def statistics(collection: Collection) -> dict[str, Any]:
    """Plain numbers and small histograms, JSON-able.

    Keys: `counts`, `sampled` (passages read, where not all were), `passages` and `queries` (each `words` and
    `characters`), `vocabulary`, `judgements` by split, `popularity`, `columns`, `languages`, `scripts`. A distribution
    is `{n, mean, median, p95, min, max, histogram}`, a histogram `{edges (b + 1), counts (b)}`.
    """
    sample, queries = Sample(collection), collection.all_queries
    popularity = [p for p in queries.column("popularity") or () if p is not None]
    languages = Counter(c for c in collection.passages.column("language") or () if c)
    take = sample.spread(2000)
    return {
        "counts": {
            "passages": len(collection.passages),
            "queries": len(queries),
            **{f"qrels.{s}": len(collection.split_named(s).qrels) for s in collection.splits},
        },
        "sampled": None if sample.complete else len(sample),
        "passages": _lengths(sample.joined),
        "queries": _lengths(queries.texts),
        "vocabulary": _vocabulary(sample),
        "judgements": {s: _judgements(collection.split_named(s).qrels) for s in collection.splits},
        "popularity": _popularity(popularity, len(queries)) if popularity else None,
        "columns": {
            "passages": collection.passages.table.column_names,
            "queries": queries.table.column_names,
            "tables": list(collection.tables),
        },
        "languages": dict(languages.most_common()),
        "language": collection.language,
        "scripts": dict(Counter(script_of(sample.texts[i]) for i in take).most_common()),
    }


def distribution(values: Sequence[float], bins: int = BINS) -> dict[str, Any] | None:
    """`{n, mean, median, p95, min, max, histogram}`, or None for no values. Few whole values get a bin each."""
    if not len(values):
        return None
    data = np.asarray(values, dtype=np.float64)
    distinct = np.unique(data)
    if len(distinct) <= MOST_DISTINCT and (distinct == np.round(distinct)).all() and np.ptp(data) <= 2 * MOST_DISTINCT:
        edges = np.arange(data.min() - 0.5, data.max() + 1)
    else:
        edges = np.histogram_bin_edges(data, bins=bins)
    counts, edges = np.histogram(data, bins=edges)
    return {
        "n": len(data),
        "mean": round(float(data.mean()), 4),
        "median": float(np.median(data)),
        "p95": float(np.percentile(data, 95)),
        "min": float(data.min()),
        "max": float(data.max()),
        "histogram": {"edges": [round(float(e), 4) for e in edges], "counts": counts.tolist()},
    }


def _lengths(texts: Sequence[str]) -> dict[str, Any]:
    return {
        "words": distribution([len(t.split()) for t in texts]),
        "characters": distribution([len(t) for t in texts]),
    }


def _vocabulary(sample: Sample) -> dict[str, Any]:
    """Distinct lower-cased words of at most 20,000 passages, how many occur once, and how it grows (Heaps)."""
    counts: Counter[str] = Counter()
    total, growth, take = 0, [], sample.spread(_WORDS_READ)
    marks = set(np.linspace(1, len(take), min(10, len(take))).astype(int).tolist()) if take else set()
    for n, row in enumerate(take, start=1):
        words = _WORD.findall(sample.joined[row].lower())
        counts.update(words)
        total += len(words)
        if n in marks:
            growth.append([total, len(counts)])
    return {
        "passages_read": len(take),
        "words": total,
        "distinct": len(counts),
        "once": sum(n == 1 for n in counts.values()),
        "growth": growth,
        "most_common": [[w, n] for w, n in counts.most_common(20)],
    }


def _judgements(qrels: Qrels) -> dict[str, Any]:
    judged = [len(qrels.judged(q)) for q in qrels.query_ids]
    relevant = [len(qrels.relevant(q)) for q in qrels.query_ids]
    grades = Counter(qrels.table.column("grade").to_pylist())
    return {
        "queries": len(qrels.query_ids),
        "rows": len(qrels),
        "judged": distribution(judged),
        "relevant": distribution(relevant),
        "grades": {str(g): n for g, n in sorted(grades.items())},
    }


def _popularity(values: list[int], queries: int) -> dict[str, Any]:
    """Popularity spans orders of magnitude, so its histogram is over log10(1 + popularity)."""
    found = distribution([float(np.log10(1 + max(v, 0))) for v in values])
    plain = np.asarray(values, dtype=np.float64)
    quantiles = [float(q) for q in np.quantile(plain, [0, 0.2, 0.4, 0.6, 0.8, 1])]
    return {"known": len(values), "of": queries, "log10": found, "fifths": quantiles}
