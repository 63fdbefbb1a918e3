"""Several retrievers over the same queries: means, paired differences to the first, and the sentence in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retrievarium.contracts import InputError, MissingError, Retriever, Run
from retrievarium.evaluation.measures import Evaluation, evaluate, measure_name
from retrievarium.evaluation.significance import Paired, holm, paired

if TYPE_CHECKING:
    from retrievarium.data import Collection


@dataclass(frozen=True)
class Comparison:
    """Evaluations by name, and for every run but the first its paired difference to the first (the reference)."""

    measure: str
    evaluations: Mapping[str, Evaluation]
    differences: Mapping[str, Paired]
    corrected_p: Mapping[str, float]  # Holm over the differences shown here
    runs: Mapping[str, Run]

    @property
    def reference(self) -> str:
        return next(iter(self.evaluations))

    def sentence(self, name: str) -> str:
        """The difference in words, for these runs and other queries."""
        d = self.differences[name]
        if d.low > 0:
            verdict = f"{name} is better than {self.reference}"
        elif d.high < 0:
            verdict = f"{name} is worse than {self.reference}"
        else:
            verdict = f"these {d.n} queries do not tell {name} and {self.reference} apart"
        return (
            f"{verdict}: {self.measure} {d.mean:+.3f} (95% interval {d.low:+.3f} to {d.high:+.3f}), "
            f"better on {d.wins}, equal on {d.ties}, worse on {d.losses} of {d.n} queries."
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "measure": self.measure,
            "reference": self.reference,
            "means": {n: dict(e.means) for n, e in self.evaluations.items()},
            "differences": {n: {**d.to_dict(), "holm_p": self.corrected_p[n]} for n, d in self.differences.items()},
        }

    def __repr__(self) -> str:
        width = max(len(n) for n in self.evaluations)
        lines = [f"{n:<{width}}  {self.measure} {e[self.measure]:.3f}" for n, e in self.evaluations.items()]
        return "\n".join([*lines, *(self.sentence(n) for n in self.differences)])


def compare(
    retrievers: Mapping[str, Retriever | Run],
    collection: Collection,
    measure: str = "nDCG@10",
    k: int = 100,
    split: str | None = None,
    seed: int = 0,
) -> Comparison:
    """Search (or take ready runs), evaluate, and compare each with the first by a paired bootstrap over queries.

    The interval speaks of *these runs* on other queries like these, not of the methods over other seeds.
    """
    if not retrievers:
        raise InputError("there is nothing to compare", expected="at least one retriever or run by name")
    name = split or collection.default_split
    if name is None:
        raise MissingError(
            f"{collection.name} has no judgements to compare by", fix="import its qrels, or search without compare"
        )
    chosen = collection.split_named(name)
    measure = measure_name(measure)
    runs = {n: r if isinstance(r, Run) else r.search(chosen.queries, k) for n, r in retrievers.items()}
    evaluations = {n: evaluate(run, chosen.qrels, [measure], collection) for n, run in runs.items()}
    first, *others = evaluations
    base = evaluations[first].per_query[measure]
    differences = {n: paired(base, evaluations[n].per_query[measure], seed) for n in others}
    corrected = dict(zip(others, holm([d.p for d in differences.values()]), strict=True))
    return Comparison(measure, evaluations, differences, corrected, runs)
