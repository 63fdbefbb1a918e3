"""Shortcut probes: how far one gets without doing the task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from retrievarium.data.world.book import Book
from retrievarium.data.world.draws import Draw
from retrievarium.data.world.lexical import BM25Scorer, Terms, ranks
from retrievarium.data.world.measure import terms

if TYPE_CHECKING:
    from retrievarium.data.world.world import World

K1, B = 0.9, 0.4  # Lucene's usual choice; probes are not tuned


@dataclass(frozen=True)
class Probe:
    """A probe's figure and the range it must lie in; a range of 0 to 1 is for information."""

    name: str
    measure: str
    value: float
    low: float
    high: float

    @property
    def holds(self) -> bool:
        """Whether the figure lies in its range."""
        return self.low <= self.value <= self.high


def _figures(found: Sequence[list[int]], gold: Sequence[list[int]]) -> tuple[float, float]:
    """RR@10 and Success@5."""
    at = ranks(found, gold)
    reciprocal = sum(1 / r for r in at if 0 < r <= 10) / max(1, len(at))
    return reciprocal, sum(0 < r <= 5 for r in at) / max(1, len(at))


def _names(book: Book) -> set[str]:
    """All invented tokens and the words of aliases."""
    tokens = {token for entity in book.plan.cast.entities for token in entity.name.tokens}
    for entity in book.plan.cast.described:
        tokens.update(terms(entity.alias))
    return tokens


def _bm25(book: Book, keep: Callable[[str], bool], whole_index: bool) -> tuple[float, float]:
    """BM25 on the words that `keep` accepts, in questions and, unless the index stays whole, in passages."""
    texts = book.texts if whole_index else [" ".join(t for t in terms(text) if keep(t)) for text in book.texts]
    scorer = BM25Scorer(Terms(texts), K1, B)
    questions = [" ".join(t for t in terms(q.text) if keep(t)) for q in book.test]
    return _figures([scorer.top(question, 10) for question in questions], [book.gold(q) for q in book.test])


def popularity_only(book: Book) -> tuple[float, float]:
    """The same ranking for every question: passages of the most mentioned subjects first (arm A), ties by row."""
    order = sorted(range(len(book.passages)), key=lambda row: (-book.steps[book.plan.pages[row].subject], row))[:10]
    return _figures([order] * len(book.test), [book.gold(q) for q in book.test])


def template_matcher(book: Book) -> tuple[float, float]:
    """Ranks passages by whether they tell the asked relation of whomever, most tellings first, ties by row."""
    told: dict[str, dict[int, int]] = {}
    for fact in book.plan.facts:
        for page, _ in fact.told:
            rows = told.setdefault(fact.relation, {})
            rows[page] = rows.get(page, 0) + 1
    tops = {name: sorted(rows, key=lambda row: (-rows[row], row))[:10] for name, rows in told.items()}
    found = [tops[book.plan.facts[q.facts[0]].relation] for q in book.test]
    return _figures(found, [book.gold(q) for q in book.test])


def gold_without_question(book: Book) -> tuple[float, float]:
    """AUC of a classifier that sees a passage and no question: is what it tells of its subject asked?

    Logistic regression on the passage's words, names left out, trained on half of the test subjects and judged on the
    other half, both ways. Returns (within relation, over all). Known not to hold over all (about .57): questions are
    equally many for each relation while relations differ in how often they are told, so what relations a passage tells
    says something about being asked. The first figure compares only passages that tell the same relation.
    """
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    names, asked = _names(book), {number for question in book.test for number in question.facts}
    subjects = [entity.number for entity in book.plan.cast.described if entity.role == "test"]
    facts = [book.plan.facts[n] for s in subjects for n in book.plan.own_facts[s] if book.plan.facts[n].told]
    vocabulary: dict[str, int] = {}
    rows: list[int] = []
    columns: list[int] = []
    for at, fact in enumerate(facts):
        for term in sorted(set(terms(book.passages[fact.passage].text)) - names):
            rows.append(at)
            columns.append(vocabulary.setdefault(term, len(vocabulary)))
    data = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(facts), len(vocabulary)))
    label = np.array([fact.number in asked for fact in facts])
    relation = np.array([fact.relation for fact in facts])
    draw = Draw(book.seed, "probe halves")
    half = {subject: draw.chance(50) for subject in subjects}
    first = np.array([half[fact.subject] for fact in facts])
    areas, sizes, overall = [], [], []
    for train, test in ((first, ~first), (~first, first)):
        if len(set(label[train])) < 2 or len(set(label[test])) < 2:
            continue
        scores = LogisticRegression(C=0.02, max_iter=300).fit(data[train], label[train]).decision_function(data)
        overall.append(roc_auc_score(label[test], scores[test]))
        for name in sorted(set(relation)):
            group = test & (relation == name)
            pairs = int(label[group].sum()) * int((~label[group]).sum())
            if pairs:
                areas.append(roc_auc_score(label[group], scores[group]))
                sizes.append(pairs)
    return (float(np.average(areas, weights=sizes)) if areas else 0.5, float(np.mean(overall)) if overall else 0.5)


def probe(world: World) -> list[Probe]:
    """All probes of a World."""
    book = world.book
    names = _names(book)
    masked = _bm25(book, lambda term: term not in names, whole_index=False)
    only = _bm25(book, lambda term: term in names, whole_index=True)
    within, overall = gold_without_question(book)
    popular, template = popularity_only(book), template_matcher(book)
    return [
        Probe("BM25, names masked", "RR@10", masked[0], 0.0, 0.25),
        Probe("BM25, names masked", "Success@5", masked[1], 0.0, 1.0),
        Probe("BM25, only names", "RR@10", only[0], 0.0, 1.0),
        Probe("BM25, only names", "Success@5", only[1], 0.0, 1.0),
        Probe("popularity only", "RR@10", popular[0], 0.0, 0.02),
        Probe("popularity only", "Success@5", popular[1], 0.0, 0.02),
        Probe("gold or not, without the question", "AUC", overall, 0.48, 0.52),
        Probe("the same, within a relation", "AUC", within, 0.48, 0.52),
        Probe("template matcher", "RR@10", template[0], 0.0, 0.05),
        Probe("template matcher", "Success@5", template[1], 0.0, 1.0),
    ]
