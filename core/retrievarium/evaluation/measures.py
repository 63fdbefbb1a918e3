"""Measures by ir_measures' names, computed on runs whose ties are already broken by our rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from retrievarium.contracts import InputError, Run
from retrievarium.evaluation.answers import has_answer

if TYPE_CHECKING:
    from retrievarium.data import Collection, Qrels

DEFAULT_MEASURES = ("nDCG@10", "RR@10", "R@20", "Success@5")

_SYNONYMS = {
    "ndcg": "nDCG",
    "mrr": "RR",
    "rr": "RR",
    "recall": "R",
    "r": "R",
    "map": "AP",
    "ap": "AP",
    "precision": "P",
    "p": "P",
    "hit": "Success",
    "hits": "Success",
    "hitrate": "Success",
    "success": "Success",
    "judged": "Judged",
    "answer": "Answer",
    "top": "Answer",
}
_NAME = re.compile(r"([A-Za-z]+)(?:[@_-]([0-9]+))?")
_FAMILIES = ("nDCG", "RR", "R", "P", "AP", "Success", "Judged", "Rprec", "Bpref")
_PARAMETERS = ("cutoff", "rel", "judged_only")  # nDCG's gain and discount stay trec_eval's: linear and log2
_DEEPEST = 1_000_000
_EXPECTED = (
    "ir_measures' names, such as nDCG@10, RR@10, R@20, Success@5, AP@100, P@5, Judged@10, Rprec, RR(rel=2)@10; "
    "or Answer@5"
)


@lru_cache(maxsize=256)
def measure_name(name: str) -> str:
    """The canonical name: `MRR@10` -> `RR@10`, `recall@20` -> `R@20`. Raises InputError for one that is not known.

    `Success@k` (a relevant passage among the first k) is not `R@k` (the share of relevant passages there).
    `Answer@k` counts a query when one of its first k passages holds an answer string.
    """
    match = _NAME.fullmatch(name.strip())
    stem = _SYNONYMS.get(match.group(1).lower()) if match else None
    if match and stem:
        cutoff = match.group(2)
        if stem == "Answer":
            if cutoff is None or not 1 <= int(cutoff[:9]) <= _DEEPEST:
                raise InputError(f"{name[:80]!r} needs a cut-off", field="measure", expected="for example Answer@5")
            return f"Answer@{int(cutoff)}"
        name = stem if cutoff is None else f"{stem}@{cutoff.lstrip('0') or '0'}"
    return str(_parse(name))


def _parse(name: str) -> Any:
    """ir_measures' object for a name, checked: a cut-off below 1 would end the whole process inside trec_eval."""
    import ir_measures

    try:
        measure = ir_measures.parse_measure(name)
        measure.validate_params()
    except (ValueError, NameError, SyntaxError, TypeError, AssertionError, RecursionError, MemoryError) as error:
        raise InputError(f"{name[:80]!r} is no measure we know", field="measure", expected=_EXPECTED) from error
    if measure.NAME not in _FAMILIES or not set(measure.params) <= set(_PARAMETERS):
        raise InputError(f"{name[:80]!r} is not computed here", field="measure", expected=_EXPECTED)
    for parameter in ("cutoff", "rel"):
        value = measure.params.get(parameter, 1)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _DEEPEST:
            raise InputError(
                f"{name[:80]!r} has the {parameter} {value}",
                field="measure",
                expected=f"a whole number from 1 to {_DEEPEST:,}",
            )
    return measure


@dataclass(frozen=True)
class Evaluation(Mapping[str, float]):
    """Means by measure; `per_query[measure]` holds each query's value.

    Every judged query counts: one without results scores 0. Queries of the run without judgements are left out and
    named in `unjudged`.
    """

    means: Mapping[str, float]
    per_query: Mapping[str, Mapping[str, float]]
    queries: int
    unjudged: tuple[str, ...] = ()
    missing: tuple[str, ...] = field(default=())  # judged queries without results, counted as 0

    def __getitem__(self, measure: str) -> float:
        return self.means[measure_name(measure)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.means)

    def __len__(self) -> int:
        return len(self.means)

    def __repr__(self) -> str:
        values = ", ".join(f"{m} {v:.4f}" for m, v in self.means.items())
        left_out = f", {len(self.unjudged)} unjudged queries left out" if self.unjudged else ""
        return f"Evaluation({values}; {self.queries} queries{left_out})"


def _judgements(qrels: Any) -> dict[str, dict[str, int]]:
    return qrels.to_dict() if hasattr(qrels, "to_dict") else {q: dict(j) for q, j in qrels.items()}


def _answer_at(
    k: int, run: Run, queries: Sequence[str], answers: Mapping, texts: Mapping[str, str]
) -> dict[str, float]:
    def hit(query: str) -> float:
        found = run[query].ids[:k] if query in run else ()
        unknown = next((p for p in found if p not in texts), None)
        if unknown is not None:
            raise InputError(
                f"the run holds passage {unknown!r}, which the collection lacks, so its text cannot be read",
                fix="use a measure by judgements, or the collection that the run was made on",
            )
        return float(any(has_answer(texts[p], answers[query]) for p in found))

    return {q: hit(q) for q in queries}


def evaluate(
    run: Run,
    qrels: Qrels | Mapping[str, Mapping[str, int]],
    measures: Sequence[str] = DEFAULT_MEASURES,
    collection: Collection | None = None,
) -> Evaluation:
    """Score a run against judgements.

    Parameters
    ----------
    qrels: a collection's `qrels`, or `{query id: {passage id: grade}}`. Grade 0 and unjudged are both not relevant.
    measures: ir_measures' names; common synonyms are understood. nDCG uses linear gain and a log2 discount.
    collection: needed for `Answer@k` alone, which reads answers and passage texts.
    """
    import ir_measures

    names = [measure_name(m) for m in measures]
    judged = _judgements(qrels)
    if not judged:
        raise InputError(
            "there are no judgements to evaluate with",
            fix="import the collection with its qrels, or name a split that has some",
        )
    unjudged = tuple(q for q in run.query_ids if q not in judged)
    missing = tuple(q for q in judged if q not in run or not len(run[q]))
    per_query: dict[str, dict[str, float]] = {m: dict.fromkeys(judged, 0.0) for m in names}
    library = [ir_measures.parse_measure(m) for m in names if not m.startswith("Answer@")]
    if library:
        # scores k - rank: no provider can break our ties by a rule of its own
        surrogate = {q: r for q, r in run.surrogate().items() if q in judged and r}
        for metric in ir_measures.iter_calc(library, judged, surrogate):
            per_query[str(metric.measure)][metric.query_id] = float(metric.value)
    for name in (m for m in names if m.startswith("Answer@")):
        if collection is None:
            raise InputError(f"{name} reads answers and passages", fix="pass collection=... to evaluate")
        known = collection.all_queries.answers
        answered = [q for q in judged if q in known]
        if not answered:
            raise InputError(f"{name} needs answers", fix=f"{collection.name} has none; use a measure by judgements")
        texts = dict(zip(collection.passages.ids, collection.passages.texts, strict=True))
        per_query[name] = _answer_at(int(name.split("@")[1]), run, answered, known, texts)
    means = {m: sum(v.values()) / len(v) for m, v in per_query.items()}
    return Evaluation(means, per_query, len(judged), unjudged, missing)
