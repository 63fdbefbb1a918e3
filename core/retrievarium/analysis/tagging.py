"""From runs to named failures, and how often the rules are right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retrievarium.analysis.evidence import Evidence, evidence_for
from retrievarium.analysis.failure_rules import OTHER_FAILURE, RULES, Failure, Tagged
from retrievarium.contracts import Run
from retrievarium.evaluation.breakdown import wilson

if TYPE_CHECKING:
    from retrievarium.data import Collection

Reads = Callable[[str, int], bool]  # (text, stop): whether a retriever reads the text as far as this character


def failures(
    run: Run,
    collection: Collection,
    system: str,
    cut: int = 1,
    reads: Reads | None = None,
    evidence: Evidence | None = None,
) -> list[Failure]:
    """The judged questions (of the evidence's split) whose first `cut` results hold no relevant passage.

    Parameters
    ----------
    reads: whether the retriever reads a text as far as a character; None where nobody knows (an imported run).
    evidence: made once where several runs are looked at.
    """
    known = evidence or evidence_for(collection)
    qrels, row_of = known.qrels, collection.passages.row_of
    found = []
    for query in qrels.query_ids:
        relevant = qrels.relevant(query)
        ids = [p for p in (run[query].ids if query in run else ()) if p in row_of]
        if not relevant or any(p in relevant for p in ids[:cut]):
            continue
        about = known.about_query(query)
        gold = tuple(known.sight(query, p) for p in relevant if p in row_of)
        found.append(
            Failure(
                query,
                system,
                known.sight(query, ids[0]) if ids else None,
                gold,
                about.subject,
                about.name,
                about.type,
                about.popularity,
                about.by_alias,
                about.name_in_gold,
                _cut_off(known, query, [g.id for g in gold], reads),
                bool(ids) and ids[0] in qrels.judged(query),
            )
        )
    return found


def _cut_off(known: Evidence, query: str, gold: Sequence[str], reads: Reads | None) -> bool | None:
    """Whether in every gold passage the answer ends beyond what is read; None where that is unknown."""
    if reads is None:
        return None
    told: list[bool | None] = []
    for passage in gold:
        stop = known.answered_at(query, passage)
        told.append(None if stop is None else reads(known.collection.passages.text_of(passage), stop))
    if True in told:
        return False
    return None if None in told or not told else True


def reads_of(retriever: Any) -> Reads | None:
    """How far a retriever reads a passage, from the encoders it is made of; None where nobody knows.

    One that counts words reads everything; a combination reads as far as the part that reads furthest. Counting an
    encoder's tokens may load its tokenizer.
    """
    from retrievarium.retrievers import BM25, Cascade, Cut, Dense, LinearFusion, RankFusion

    if isinstance(retriever, BM25):
        return lambda text, stop: True
    if isinstance(retriever, Dense):
        return _reads_tokens(retriever.encoder)
    if isinstance(retriever, Cut):
        return reads_of(retriever.inner)
    if isinstance(retriever, Cascade):
        return reads_of(retriever.second)  # what is reordered is read by the second stage
    if isinstance(retriever, LinearFusion | RankFusion):
        parts = [p[1] for p in retriever.parts] if isinstance(retriever, LinearFusion) else list(retriever.parts)
        told = [reads_of(p) for p in parts]
        known = [r for r in told if r is not None]
        return (lambda text, stop: any(r(text, stop) for r in known)) if len(known) == len(told) else None
    return None


def _reads_tokens(encoder: Any) -> Reads | None:
    limit, count = getattr(encoder, "max_length", None), getattr(encoder, "count_tokens", None)
    if limit is None or count is None:
        return None

    def reads(text: str, stop: int) -> bool:
        # a token has a character at least, two special ones aside: a short text needs no count
        return stop + 2 <= limit or int(count([text[:stop]])[0]) <= limit

    return reads


@dataclass(frozen=True)
class Precision:
    """How often a rule's tag is right, by what people (or a truth table) said about the failures that bear it."""

    right: int
    judged: int

    @property
    def share(self) -> float | None:
        return self.right / self.judged if self.judged else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95%, Wilson."""
        return wilson(self.right, self.judged) if self.judged else None


Said = Mapping[tuple[str, str, str], bool]  # (query, system, tag): whether it holds


def tag_precision(tagged: Iterable[Tagged], said: Said) -> dict[str, Precision]:
    """Precision of every tag over the failures about which something was said; a tag nobody judged has `judged` 0."""
    right, judged = dict.fromkeys(RULES, 0), dict.fromkeys(RULES, 0)
    for told in tagged:
        for name in told.tags:
            verdict = said.get((told.failure.query, told.failure.system, name))
            if verdict is not None:
                judged[name] += 1
                right[name] += verdict
    return {name: Precision(right[name], judged[name]) for name in RULES}


def said_by_truth(exact: Iterable[Tagged]) -> dict[tuple[str, str, str], bool]:
    """What exact rules say, in the form of annotations: to measure rules that read the text alone."""
    return {
        (t.failure.query, t.failure.system, name): name in t.tags
        for t in exact
        for name in RULES
        if name not in t.unknown
    }


def said_by_people(rows: Iterable[Any]) -> dict[tuple[str, str, str], bool]:
    """Verdicts and tags of annotators (`workspace.Annotation`) on failures: the majority by tag; equal counts say
    nothing.

    A verdict speaks of one tag. A person who tagged a failure without this tag says that it does not hold.
    """
    votes: dict[tuple[str, str, str], dict[str, bool]] = {}
    own: dict[tuple[str, str, str], set[str]] = {}
    for row in rows:
        if row.kind == "tag":
            own.setdefault((row.query, row.system, row.annotator), set()).add(row.label)
    for (query, system, who), labels in own.items():
        for name in RULES:
            votes.setdefault((query, system, name), {})[who] = name in labels
    for row in rows:
        if row.kind == "verdict":  # said of this very tag: it counts before the list of tags
            votes.setdefault((row.query, row.system, row.label), {})[row.annotator] = row.value == "agree"
    told = {}
    for key, by in votes.items():
        yes = sum(by.values())
        if 2 * yes != len(by):
            told[key] = 2 * yes > len(by)
    return told


def counted(tagged: Sequence[Tagged]) -> dict[str, list[str]]:
    """Questions by the first tag that holds, in the order of the rules: every failure counts once."""
    found: dict[str, list[str]] = {name: [] for name in (*RULES, OTHER_FAILURE)}
    for told in tagged:
        found[told.first].append(told.failure.query)
    return {name: queries for name, queries in found.items() if queries}
