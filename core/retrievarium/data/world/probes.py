"""Shortcut probes: how far one gets without doing the task."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from retrievarium.data.world.book import Book
from retrievarium.data.world.draws import Draw
from retrievarium.data.world.lexical import BM25Scorer, Terms, ranks
from retrievarium.data.world.measure import terms

if TYPE_CHECKING:
    from retrievarium.data.world.world import World

K1, B = 0.9, 0.4  # Lucene's usual choice; probes are not tuned
CUTS = 5


@dataclass(frozen=True)
class Probe:
    """A probe's figure and the range it must lie in; a range of 0 to 1 is for information.

    spread: half the width of the 95% interval in which a figure of pure chance lies; 0 where chance plays no part.
    """

    name: str
    measure: str
    value: float
    low: float
    high: float
    spread: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether the figure lies in its range, give or take what chance does to it in one World."""
        return self.low - self.spread <= self.value <= self.high + self.spread


class Blind(NamedTuple):
    """AUC of a classifier that sees passages and no question: over all, and within groups (weighted by pairs).

    spread: half the width of the 95% interval of an AUC of pure chance, sqrt((n+ + n- + 1) / (12 n+ n-)) a standard
    error (Hanley and McNeil, 1982).
    """

    overall: float
    within: float
    spread: float


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


def _words(book: Book, pages: Sequence[int]) -> Any:
    """Whether each passage holds each word, names left out, as a sparse matrix."""
    from scipy.sparse import csr_matrix

    names = _names(book)
    vocabulary: dict[str, int] = {}
    rows: list[int] = []
    columns: list[int] = []
    for at, page in enumerate(pages):
        for term in sorted(set(terms(book.passages[page].text)) - names):
            rows.append(at)
            columns.append(vocabulary.setdefault(term, len(vocabulary)))
    return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(pages), len(vocabulary)))


def _blind(book: Book, pages: Sequence[int], label: npt.NDArray[np.bool_], group: Sequence[str] = ()) -> Blind:
    """What `label` owes to the passages alone.

    Logistic regression on the passages' words. Subjects are cut into five parts with equally many of each type, each
    judged by what was learned on the other four, and all that for `CUTS` random cuts: the mean of one cut would vary
    by .01. (Types are asked in proportion: parts with more of one would hold less of it elsewhere, and fall below .5.)
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    data, kinds = _words(book, pages), np.array(group)
    subjects = np.array([book.plan.pages[page].subject for page in pages])
    known = sorted({int(subject) for subject in subjects})
    areas, sizes, overall = [], [], []
    for cut in range(CUTS):
        place = np.zeros(len(book.plan.cast.described), dtype=np.int64)
        dealt = Draw(book.seed, "probe parts", cut).shuffled(known)
        place[sorted(dealt, key=lambda number: book.plan.cast.described[number].kind)] = np.arange(len(known)) % 5
        for part in range(5):
            test = place[subjects] == part
            if len(set(label[~test])) < 2 or len(set(label[test])) < 2:
                continue
            model = LogisticRegression(C=0.02, max_iter=300).fit(data[~test], label[~test])
            scores = np.zeros(len(label))
            scores[test] = model.decision_function(data[test])
            overall.append(roc_auc_score(label[test], scores[test]))
            for name in sorted(set(group)):
                chosen = test & (kinds == name)
                pairs = int(label[chosen].sum()) * int((~label[chosen]).sum())
                if pairs:
                    areas.append(roc_auc_score(label[chosen], scores[chosen]))
                    sizes.append(pairs)
    some, none = int(label.sum()), int((~label).sum())
    return Blind(
        float(np.mean(overall)) if overall else 0.5,
        float(np.average(areas, weights=sizes)) if areas else 0.5,
        1.96 * math.sqrt((some + none + 1) / (12 * some * none)) if some and none else 0.5,
    )


def gold_without_question(book: Book) -> Blind:
    """Does a passage give away that what it tells of its tested subject is asked? Groups are relations."""
    asked = {number for question in book.test for number in question.facts}
    subjects = [entity.number for entity in book.plan.cast.described if entity.role == "test"]
    facts = [book.plan.facts[n] for s in subjects for n in book.plan.own_facts[s] if book.plan.facts[n].told]
    label = np.array([fact.number in asked for fact in facts], dtype=bool)
    return _blind(book, [fact.passage for fact in facts], label, [fact.relation for fact in facts])


def tested_without_question(book: Book) -> Blind:
    """Does a passage give away that its article's subject is a tested one?"""
    described = book.plan.cast.described
    label = np.array([described[page.subject].role == "test" for page in book.plan.pages], dtype=bool)
    return _blind(book, range(len(book.plan.pages)), label)


def probe(world: World) -> list[Probe]:
    """All probes of a World."""
    book = world.book
    names = _names(book)
    masked = _bm25(book, lambda term: term not in names, whole_index=False)
    only = _bm25(book, lambda term: term in names, whole_index=True)
    gold, tested = gold_without_question(book), tested_without_question(book)
    popular, template = popularity_only(book), template_matcher(book)
    return [
        Probe("BM25, names masked", "RR@10", masked[0], 0.0, 0.25),
        Probe("BM25, names masked", "Success@5", masked[1], 0.0, 1.0),
        Probe("BM25, only names", "RR@10", only[0], 0.0, 1.0),
        Probe("BM25, only names", "Success@5", only[1], 0.0, 1.0),
        Probe("popularity only", "RR@10", popular[0], 0.0, 0.02),
        Probe("popularity only", "Success@5", popular[1], 0.0, 0.02),
        Probe("gold or not, without the question", "AUC", gold.overall, 0.48, 0.52, gold.spread),
        Probe("the same, within a relation", "AUC", gold.within, 0.48, 0.52, gold.spread),
        Probe("tested or not, without the question", "AUC", tested.overall, 0.48, 0.52, tested.spread),
        Probe("template matcher", "RR@10", template[0], 0.0, 0.05),
        Probe("template matcher", "Success@5", template[1], 0.0, 1.0),
    ]
