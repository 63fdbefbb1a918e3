"""Where each retriever has the evidence: first relevant ranks, groups of queries, and the sentence in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrievarium.contracts import Run

if TYPE_CHECKING:
    from retrievarium.data import Qrels


@dataclass(frozen=True)
class Finding:
    """Where one retriever has its first relevant passage for one query."""

    name: str
    rank: int | None  # from 1; None where none of the relevant ones was retrieved
    depth: int  # how many results were looked at

    def found(self, k: int) -> bool:
        return self.rank is not None and self.rank <= k


def where_is(run: Run, query_id: str, passage_ids: Sequence[str]) -> dict[str, int | None]:
    """Rank from 1 of each passage in a query's list, None where it is not there."""
    ranks = {p: n for n, p in enumerate(run[query_id].ids, start=1)} if query_id in run else {}
    return {p: ranks.get(p) for p in passage_ids}


def first_relevant(run: Run, qrels: Qrels) -> dict[str, int | None]:
    """For each judged query the rank of its first relevant passage, None where none was retrieved."""
    found: dict[str, int | None] = {}
    for query in qrels.query_ids:
        relevant = qrels.relevant(query)
        ids = run[query].ids if query in run else ()
        found[query] = next((n for n, p in enumerate(ids, start=1) if p in relevant), None)
    return found


def _ordered(queries: list[str], disagreement: Mapping[str, float]) -> list[str]:
    return sorted(queries, key=lambda q: -disagreement.get(q, 0.0))  # stable: the file's order where equal


def groups(
    ranks: Mapping[str, Mapping[str, int | None]], disagreement: Mapping[str, float], k: int
) -> dict[str, list[str]]:
    """Queries by who finds a relevant passage among the first k, each group most different first.

    Parameters
    ----------
    ranks: by retriever name, `first_relevant` of its run.
    disagreement: by query, from `disagreements`.

    Returns
    -------
    Keys `all` (every query), `only:NAME` (found by NAME alone), `none`, `each`; in this order.
    """
    told: dict[str, list[str]] = {"all": list(disagreement)}
    told |= {f"only:{name}": [] for name in ranks}
    told |= {"none": [], "each": []}
    for query in disagreement:
        finders = [n for n, found in ranks.items() if (r := found.get(query)) is not None and r <= k]
        if any(query not in found for found in ranks.values()):
            continue  # not judged: nobody can say
        if not finders:
            told["none"].append(query)
        elif len(finders) == len(ranks):
            told["each"].append(query)
        elif len(finders) == 1:
            told[f"only:{finders[0]}"].append(query)
    return {key: _ordered(queries, disagreement) for key, queries in told.items()}


def _one(finding: Finding) -> str:
    if finding.rank is None:
        return f"{finding.name} has it nowhere in its first {finding.depth}"
    return f"{finding.name} finds it at rank {finding.rank}"


def finding_sentence(findings: Sequence[Finding], relevant: int) -> str:
    """One sentence: who has the evidence where, best first.

    `relevant` is the number of passages judged relevant; with several, the first one found counts.
    """
    if not findings:
        return "No retriever has answered yet."
    if not relevant:
        return "No passage is judged relevant to this question, so it only shows how the rankings differ."
    ranked = sorted(findings, key=lambda f: (f.rank is None, f.rank or 0))
    told = "; ".join(_one(f) for f in ranked)
    if relevant > 1:
        told += f" (the first of {relevant} relevant passages)"
    return f"{told}."
