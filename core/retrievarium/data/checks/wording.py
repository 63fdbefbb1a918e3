"""How the texts read: damaged characters, language and script, and how much of them an encoder sees."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from retrievarium.data.checks.findings import Finding, finding, plural, share
from retrievarium.data.checks.sample import Sample
from retrievarium.data.checks.texts import estimated_tokens, guess_language, script_of
from retrievarium.data.collection import Collection

USUAL_LENGTH = 256
"""Word pieces a small sentence encoder reads, where no encoder is given (all-MiniLM-L6-v2's limit)."""

_RIGHT_TO_LEFT = ("Arabic", "Hebrew")
_UNSPACED = ("Han", "Kana", "Thai")
_DAMAGE: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    ("replacement characters (\ufffd), where text was lost", "warning", re.compile("\ufffd")),
    (
        "UTF-8 that was read as Latin-1 (such as \u00c3\u00a9 for \u00e9)",
        "warning",
        re.compile("[\u00c2\u00c3][\u0080-\u00bf]|\u00e2\u20ac[\u2122\u0153\u009d\u201c\u201d\u00a6\u02dc]"),
    ),
    ("byte order marks inside the text", "note", re.compile("\ufeff")),
    ("control characters", "note", re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")),
    (
        "HTML tags or entities",
        "note",
        re.compile(r"</?(?:p|br|div|span|b|i|a|em|li|ul|table|td|tr|h[1-6])\b[^<>]*>|&(?:amp|lt|gt|quot|nbsp|#\d+);"),
    ),
)


def damage(collection: Collection, sample: Sample) -> Iterator[Finding]:
    """Characters that tell of a wrong decoding or of markup left behind."""
    queries = collection.all_queries
    found = []
    for what, severity, pattern in _DAMAGE:
        hits = [i for i, t in zip(sample.ids, sample.joined, strict=True) if pattern.search(t)]
        asked = [q for q, t in zip(queries.ids, queries.texts, strict=True) if pattern.search(t)]
        if hits or asked:
            found.append((what, severity, hits, asked))
    if not found:
        yield finding("encoding", "ok", "Characters", "No sign of a wrong encoding or of left-over markup.")
        return
    worst = "warning" if any(s == "warning" for _, s, _, _ in found) else "note"
    parts = []
    for what, _, hits, asked in found:
        places = ([plural(len(hits), "passage")] if hits else []) + (
            [plural(len(asked), "query", "queries")] if asked else []
        )
        verb = "holds" if len(hits) + len(asked) == 1 else "hold"
        parts.append(f"{' and '.join(places)} {verb} {what}")
    sentence = "; ".join(parts)
    yield finding(
        "encoding",
        worst,
        "Characters",
        sentence[0].upper() + sentence[1:] + ".",
        (e for _, _, hits, asked in found for e in (hits + asked)[:2]),
        "Terms cut by such characters match nothing; convert the source again where you can.",
    )


def language(collection: Collection, sample: Sample) -> Iterator[Finding]:
    """Scripts, blanks between words, and whether the collection says its language."""
    take = sample.spread(2000)
    scripts = Counter(script_of(sample.texts[i]) for i in take if sample.texts[i].strip())
    asked = collection.queries.texts[:: max(1, len(collection.queries) // 2000)]
    query_scripts = Counter(script_of(t) for t in asked if t.strip())
    said = collection.language
    main = scripts.most_common(1)[0][0] if scripts else "none"
    shown = ", ".join(f"{name} {share(n, scripts.total())}" for name, n in scripts.most_common(4))
    column = collection.passages.column("language")
    if said == "mul" and column:
        codes = Counter(c for c in column if c)
        yield finding(
            "language",
            "note",
            "Language",
            f"The passages are in {len(codes)} languages ({', '.join(f'{c} {n:,}' for c, n in codes.most_common(8))}), "
            f"in scripts {shown}. A lexical retriever crosses no language, and a multilingual encoder may prefer the "
            "query's own.",
            advice="Look at results by language; BM25 here splits words into pairs of characters, which fits no "
            "single language well.",
        )
        return
    facts = [f"The passages are in {main} script" if len(scripts) == 1 else f"The passages are in scripts {shown}"]
    advice = ""
    severity = "ok"
    if main in _UNSPACED:
        words = np.median([len(sample.texts[i].split()) for i in take])
        facts.append(f"written without blanks between words (median {words:.0f} pieces by blanks a passage)")
        advice = "Words by blanks match nothing: BM25 must index pairs of characters, as it does where it is told."
        severity = "note"
    if main in _RIGHT_TO_LEFT:
        facts.append("read from right to left")
        severity = "note"
    guess = guess_language(sample.texts[i] for i in take[:300]) if main == "Latin" else None
    if said:
        facts.append(f"the collection says its language is {said!r}")
        if guess and said != "mul" and guess != said.split("-")[0]:
            facts.append(f"but the small words are those of {guess!r}")
            severity, advice = "warning", "Correct the language: stop words and splitting follow it."
    elif main not in ("Latin", "none") or (guess and guess != "en"):
        severity = "warning"
        facts.append(
            "the collection does not say its language" + (f"; the small words are those of {guess!r}" if guess else "")
        )
        advice = "Say it (a language column, or meta['language']): BM25 treats it as English until then."
    elif guess:
        facts.append("the collection does not say its language; its small words are English, and BM25 treats it so")
    if not (said or main == "Latin") or said not in (None, "en"):
        facts.append("an encoder trained on English alone, such as all-MiniLM-L6-v2, is out of its depth here")
        severity = "note" if severity == "ok" else severity
    other = [s for s in query_scripts if s not in scripts and s != "none" and query_scripts[s] > len(asked) // 50]
    if other:
        facts.append(f"{share(query_scripts[other[0]], query_scripts.total())} of the queries are in {other[0]} script")
        severity = "warning"
    yield finding("language", severity, "Language", "; ".join(facts) + ".", advice=advice)


def truncation(collection: Collection, sample: Sample, encoder: Any = None) -> Iterator[Finding]:
    """How much of the passages an encoder reads."""
    take = sample.spread(5000)
    texts: Sequence[str] = [sample.joined[i] for i in take]
    limit = getattr(encoder, "max_length", None) or USUAL_LENGTH
    counted = getattr(encoder, "count_tokens", None)
    if counted is not None:
        lengths = np.asarray(counted(texts), dtype=np.float64)
        how = f"{encoder.name} reads {limit} tokens"
    else:
        lengths = np.array([estimated_tokens(t) for t in texts]) + 2
        how = (
            "By an estimate (1.3 tokens a word, one a character in scripts without blanks), an encoder that reads "
            f"{limit} tokens"
        )
    over = lengths > limit
    n, whole = int(over.sum()), len(texts)
    scope = "" if whole == len(collection.passages) else f" of a sample of {whole:,}"
    if not n:
        yield finding("truncation", "ok", "Length", f"{how} would see all of every passage{scope}.")
        return
    lost = 1 - np.minimum(lengths, limit).sum() / max(lengths.sum(), 1)
    order = np.argsort(-lengths)[:3]
    yield finding(
        "truncation",
        "warning" if n > whole / 10 else "note",
        "Length",
        (f"{how} and would cut" if counted is not None else f"{how} would cut")
        + f" {plural(n, 'passage')}{scope} ({share(n, whole)}); {lost:.1%} of all tokens are never "
        "seen, while BM25 reads "
        "everything.",
        (f"{sample.ids[take[i]]} ({lengths[i]:,.0f} tokens)" for i in order),
        "Split long passages, or remember it where BM25 wins on them.",
    )
