"""What the judgements allow one to say: unknown ids, grades, splits, and how little of the collection was judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

import numpy as np

from retrievarium.data.checks.findings import Finding, finding, plural, share
from retrievarium.data.checks.texts import normal
from retrievarium.data.collection import Collection
from retrievarium.data.views import Qrels

SMALL_COLLECTION = 1000
FEW_QUERIES = 400
_CUTOFF = 20


def unknown(collection: Collection) -> Iterator[Finding]:
    """Judgements of passages or queries that are not there."""
    lost: list[tuple[str, str]] = []
    for split in collection.splits:
        table = collection.split_named(split).qrels.table
        for column, known in (("passage_id", collection.passages), ("query_id", collection.all_queries)):
            lost += [(split, i) for i in table.column(column).unique().to_pylist() if i not in known]
    if lost:
        yield finding(
            "unknown-ids",
            "warning",
            "Judgements of unknown ids",
            f"{plural(len(lost), 'id')} in the judgements name no passage or query here. Recall can never reach 1.",
            (f"{i} ({split})" for split, i in lost),
            "Import the collection again with all its files: the importer leaves such rows out and says so.",
        )
    elif collection.splits:
        yield finding("unknown-ids", "ok", "Judgements of unknown ids", "Every judged id is in the collection.")


def coverage(collection: Collection) -> Iterator[Finding]:
    """Queries without judgements, and queries whose judgements are all 0."""
    if not collection.splits:
        if len(collection.all_queries):
            yield finding(
                "unjudged",
                "warning",
                "Judgements",
                f"None of the {plural(len(collection.all_queries), 'query', 'queries')} is judged: "
                "measures by judgement, "
                "such as nDCG and recall, are undefined here.",
                advice="Measure by answer strings (Answer@k) where there are answers, or add qrels.",
            )
        else:
            yield finding(
                "unjudged",
                "note",
                "Judgements",
                "There are no queries: ask your own, and look at what comes back.",
            )
        return
    judged = {q for s in collection.splits for q in collection.split_named(s).qrels.query_ids}
    alone = [q for q in collection.all_queries.ids if q not in judged]
    barren = [(s, q) for s in collection.splits for q in _without_relevant(collection.split_named(s).qrels)]
    if alone:
        yield finding(
            "unjudged",
            "note",
            "Queries without judgements",
            f"{len(alone):,} of {plural(len(collection.all_queries), 'query', 'queries')} have no "
            "judgement in any split: "
            "they are left out of every measure, and their number is shown.",
            alone,
        )
    if barren:
        yield finding(
            "no-relevant",
            "warning",
            "Queries without a relevant passage",
            f"{plural(len(barren), 'query has', 'queries have')} judgements, but none above 0: every system scores 0 "
            "there.",
            (f"{q} ({s})" for s, q in barren),
            "Expect means to be lower by their share.",
        )
    if not alone and not barren:
        yield finding("unjudged", "ok", "Queries without judgements", "Every query has at least one relevant passage.")


def _without_relevant(qrels: Qrels) -> list[str]:
    return [q for q in qrels.query_ids if not qrels.relevant(q)]


def grades(collection: Collection) -> Iterator[Finding]:
    """Levels of relevance, rows of grade 0, and a marker hidden among them."""
    if collection.default_split is None:
        return
    qrels = collection.qrels
    counts = Counter(qrels.table.column("grade").to_pylist())
    shown = ", ".join(f"grade {g}: {n:,}" for g, n in sorted(counts.items()))
    levels = [g for g in counts if g > 0]
    if len(levels) > 1:
        text = (
            f"Judgements are graded ({shown}). Measures that know only relevant or not (R@k, RR, AP) count every grade "
            "above 0 alike; nDCG uses the grade as gain, linearly."
        )
    else:
        text = f"Judgements are binary ({shown}): nDCG@k has one gain only."
    yield finding("grades", "note" if len(levels) > 1 else "ok", "Grades", text)
    if negative := sum(n for g, n in counts.items() if g < 0):
        yield finding(
            "negative-grades",
            "note",
            "Negative grades",
            f"{negative:,} judgements are below 0; they count as not relevant.",
        )
    zero = counts.get(0, 0)
    if not zero:
        return
    per_query = Counter(sum(g == 0 for g in qrels.judged(q).values()) for q in qrels.query_ids)
    if per_query == {1: len(qrels.query_ids)} and zero > 1 and zero < len(qrels) / 2:
        first = qrels.query_ids[:3]
        examples = [f"query {q}: {next(p for p, g in qrels.judged(q).items() if g == 0)}" for q in first]
        yield finding(
            "zero-marker",
            "warning",
            "Grade 0, once a query",
            f"Each of the {len(qrels.query_ids):,} queries has exactly one passage of grade 0. That "
            "looks like a mark for something (such as the document the question was taken from) rather than a verdict, "
            "and it marks down a system that ranks that passage high.",
            examples,
            "Read those passages and the collection's notes; compare with another qrels file where there is one.",
        )
    else:
        yield finding(
            "zero-grades",
            "note",
            "Grade 0",
            f"{zero:,} of {len(qrels):,} judgements are 0: looked at and found not relevant, which is "
            "more than unjudged.",
        )


def files(collection: Collection) -> Iterator[Finding]:
    """Several qrels files over the same queries, and where they disagree."""
    for a, b in combinations(collection.splits, 2):
        one, two = collection.split_named(a).qrels, collection.split_named(b).qrels
        shared = [q for q in one.query_ids if q in two]
        if not shared:
            continue
        differing = [
            (q, p, one.judged(q).get(p), two.judged(q).get(p))
            for q in shared
            for p in {**one.judged(q), **two.judged(q)}
            if one.judged(q).get(p) != two.judged(q).get(p)
        ]
        if {a, b} <= {"train", "dev", "test"}:
            yield finding(
                f"overlap-{a}-{b}",
                "stop",
                f"{a} and {b} share queries",
                f"{plural(len(shared), 'query', 'queries')} are judged in both {a!r} and {b!r}: what "
                "is trained on one is "
                "not tested by the other.",
                shared,
                'Split anew: collection.split(by="random", train=.6, dev=.1, seed=0).',
            )
            continue
        words: dict[int | None, str] = {None: "unjudged"}
        default = collection.default_split
        yield finding(
            f"files-{a}-{b}",
            "warning" if differing else "note",
            "Two sets of judgements",
            f"{a!r} and {b!r} judge the same {plural(len(shared), 'query', 'queries')} and differ in "
            f"{plural(len(differing), 'pair')}. "
            + (f"{default!r} is the default here; the other is kept as a named split." if default in (a, b) else ""),
            (
                f"query {q}, passage {p}: {words.get(x, str(x))} in {a}, {words.get(y, str(y))} in {b}"
                for q, p, x, y in differing
            ),
            "Say which one a number comes from, and look at both." if differing else "",
        )


def splits(collection: Collection) -> Iterator[Finding]:
    """Is there anything to train on and to tune with; do questions of one split return in another."""
    have = collection.splits
    if not have:
        return
    usual = [s for s in ("train", "dev", "test") if s in have]
    counts = ", ".join(f"{len(collection.split_named(s).qrels.query_ids):,} judged {s} queries" for s in have)
    if "train" in have and "test" in have and "dev" in have:
        yield finding("splits", "ok", "Splits", f"There are {counts}.")
    elif "train" in have:
        missing = " and ".join(s for s in ("dev", "test") if s not in have)
        yield finding(
            "splits",
            "note",
            "Splits",
            f"There are {counts}; {missing} is missing.",
            advice="Take one off train before tuning.",
        )
    else:
        by = _best_split(collection)
        yield finding(
            "splits",
            "warning",
            "Splits",
            f"There are {counts}, but no train split: nothing to train on"
            + (", and no dev split: nothing to tune with that is not also the test." if "dev" not in have else "."),
            advice=f'To train or tune, split them first: collection.split(by="{by}", train=.6, dev=.1, seed=0). '
            "Off-the-shelf retrievers can be compared as they are.",
        )
    texts = {s: {normal(t): q for q, t in zip(*_asked(collection, s), strict=True)} for s in usual}
    for a, b in combinations(usual, 2):
        again = [texts[b][t] for t in texts[a] if t in texts[b]]
        if again:
            yield finding(
                f"repeated-{a}-{b}",
                "warning",
                f"Questions of {a} return in {b}",
                f"{plural(len(again), 'question')} of {b!r} {'is' if len(again) == 1 else 'are'} also "
                f"in {a!r}, word for word.",
                again,
                "Numbers on them measure memory; split anew or leave them out.",
            )


def _asked(collection: Collection, split: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    queries = collection.split_named(split).queries
    return queries.ids, queries.texts


def _best_split(collection: Collection) -> str:
    passages = collection.passages
    documents = set(passages.column("document") or ()) - {None, ""}
    if not documents:
        documents = {t for t in passages.titles if t} if len(passages) < 200_000 else set()
    return "article" if 20 <= len(documents) < 0.7 * len(passages) else "random"


def depth(collection: Collection) -> Iterator[Finding]:
    """How many passages were judged, what that does to measures, and how far a mean can be trusted."""
    if collection.default_split is None:
        return
    qrels, n = collection.qrels, len(collection.passages)
    per = np.array([len(qrels.judged(q)) for q in qrels.query_ids])
    relevant = np.array([len(qrels.relevant(q)) for q in qrels.query_ids])
    touched = len(set(qrels.table.column("passage_id").to_pylist()))
    yield finding(
        "judged-share",
        "note",
        "Judged share",
        f"A query has {per.mean():.2f} judged passages on average (at most {per.max():,}) of {n:,}, "
        f"{relevant.mean():.2f} "
        f"of them relevant; {share(touched, n)} of all passages are judged for some query. In a top ten at most "
        f"{share(int(np.minimum(per, 10).sum()), 10 * len(per))} can be judged; the rest count as not relevant, though "
        "some may be.",
        advice="Show Judged@10 beside every measure; a system that finds unjudged answers is marked down.",
    )
    many = int((relevant > _CUTOFF).sum())
    if many:
        yield finding(
            "many-relevant",
            "note",
            "More relevant passages than places",
            f"{plural(many, 'query has', 'queries have')} more than {_CUTOFF} relevant passages (up "
            f"to {relevant.max():,}), so "
            f"R@{_CUTOFF} cannot reach 1; its ceiling over all queries is "
            f"{np.mean(np.minimum(relevant, _CUTOFF) / np.maximum(relevant, 1)):.3f}.",
        )
    if n < SMALL_COLLECTION:
        yield finding(
            "small",
            "note",
            "A small collection",
            f"With {n:,} passages, {_CUTOFF} drawn blindly already hold {share(min(_CUTOFF, n), n)} "
            "of the relevant ones: "
            f"R@{_CUTOFF} says little.",
            advice="Look at rank 1 (Success@1, RR@10).",
        )
    asked = len(qrels.query_ids)
    if asked < FEW_QUERIES:
        yield finding(
            "few-queries",
            "note",
            "Few queries",
            f"{plural(asked, 'query is', 'queries are')} judged: a share such as Success@1 is uncertain by up to "
            f"{100 * 1.96 * 0.5 / np.sqrt(asked):.0f} points (95%).",
            advice="Trust the paired interval, not the difference of two means.",
        )
