"""Teachers: slow scores, asked for once and kept; and what is done with them to negatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retrievarium.contracts import InputError, Progress, no_progress
from retrievarium.training.miners import Label
from retrievarium.training.seeds import stream
from retrievarium.training.store import ContentStore, key_of
from retrievarium.workspace import Workspace, workspace

if TYPE_CHECKING:
    from retrievarium.data import Collection
    from retrievarium.data.views import Qrels


class ScoreCache:
    """A teacher's scores in the workspace, by the texts of query and passage.

    Parameters
    ----------
    teacher: a `CrossEncoder`, `score(queries, candidates) -> [(k,), ...]`.
    fingerprint: what the scores depend on besides the texts; the teacher's own unless given.
    """

    def __init__(self, teacher: Any, fingerprint: str | None = None, ws: Workspace | None = None) -> None:
        self.teacher, self.asked = teacher, 0
        self.fingerprint = str(fingerprint or getattr(teacher, "fingerprint", ""))
        if not self.fingerprint:
            raise InputError("this teacher has no fingerprint", field="fingerprint", fix="name it and its version")
        self._store = ContentStore((ws or workspace()).root / "scores" / f"{key_of(self.fingerprint)}.sqlite")

    def score(
        self, queries: Sequence[str], candidates: Sequence[Sequence[str]], progress: Progress = no_progress
    ) -> list[list[float]]:
        """As the teacher's; only pairs never seen before are handed to it. `asked` counts them."""
        keys = [[key_of(q, c) for c in texts] for q, texts in zip(queries, candidates, strict=True)]
        known = self._store.get(list(dict.fromkeys(k for line in keys for k in line)))
        block = 64
        for start in range(0, len(queries), block):
            new: dict[int, dict[str, str]] = {}
            for i in range(start, min(start + block, len(queries))):
                missing = {k: c for k, c in zip(keys[i], candidates[i], strict=True) if k not in known}
                if missing:
                    new[i] = missing
            if new:
                scores = self.teacher.score([queries[i] for i in new], [list(texts.values()) for texts in new.values()])
                fresh = {
                    k: float(s) for texts, line in zip(new.values(), scores, strict=True)
                    for k, s in zip(texts, line, strict=True)
                }  # fmt: skip
                self._store.put(fresh)
                known |= fresh
                self.asked += len(fresh)
            progress(min(start + block, len(queries)), len(queries), "asking the teacher", {})
        return [[known[k] for k in line] for line in keys]


class TeacherLabels:
    """`label(queries, mined) -> {query id: {passage id: score}}`, through a `ScoreCache`."""

    def __init__(
        self, teacher: Any, collection: Collection, fingerprint: str | None = None, ws: Workspace | None = None
    ) -> None:
        self.cache = ScoreCache(teacher, fingerprint, ws)
        self._texts = dict(zip(collection.passages.ids, collection.passages.joined, strict=True))

    def __call__(
        self,
        queries: Mapping[str, str],
        mined: Mapping[str, Sequence[str]],
        progress: Progress = no_progress,
    ) -> dict[str, dict[str, float]]:
        """Scores of `{query id: [passage id, ...]}` in the same order, for queries `{id: text}`."""
        ids = list(mined)
        texts = [[self._texts[p] for p in mined[q]] for q in ids]
        scores = self.cache.score([queries[q] for q in ids], texts, progress)
        return {q: dict(zip(mined[q], line, strict=True)) for q, line in zip(ids, scores, strict=True)}


@dataclass(frozen=True)
class CrossEncoderFilter:
    """RocketQA's repair of labels by a slower, better model (Qu et al., 2021, sections 4.2 and 4.3).

    label: the cross-encoder's scores in [0, 1], see `TeacherLabels`.
    low: a mined passage below it is a negative; 1 accepts all, and is plain mining.
    high: a candidate above it is a pseudo positive.
    depth: how many of a question's mined passages are scored. Where too few of them are negatives, deeper ones fill
        up without a score, as in the released scripts.
    """

    label: Label
    low: float = 0.1
    high: float = 0.9
    depth: int = 50

    def negatives(
        self, queries: Mapping[str, str], mined: Mapping[str, Sequence[str]], per_query: int
    ) -> dict[str, list[str]]:
        """At most `per_query` denoised negatives a question, best first.

        A question's passages are asked about from the top, `per_query` at a time, until enough are accepted: the
        result is the one of asking about all `depth` of them.
        """
        kept: dict[str, list[str]] = {q: [] for q in mined}
        for start in range(0, self.depth, max(1, per_query)):
            block = slice(start, min(start + max(1, per_query), self.depth))
            asked = {q: list(found[block]) for q, found in mined.items() if len(kept[q]) < per_query and found[block]}
            if not asked:
                break
            for query, line in self.label({q: queries[q] for q in asked}, asked).items():
                kept[query] += [p for p, s in line.items() if s < self.low or self.low >= 1]
        return {q: [*kept[q], *found[self.depth :]][:per_query] for q, found in mined.items()}

    def pseudo_positive(
        self, queries: Mapping[str, str], found: Mapping[str, Sequence[str]], per_query: int
    ) -> dict[str, tuple[str, list[str]]]:
        """`{query id: (positive, negatives)}` of unlabelled queries: the best candidate where it scores above `high`;
        a query without one is left out."""
        scores = self.label(queries, {q: list(line[: self.depth]) for q, line in found.items()})
        pairs = {}
        for query, line in scores.items():
            best = max(line, key=lambda p: line[p], default=None)
            if best is not None and line[best] > self.high:
                pairs[query] = (best, [p for p, s in line.items() if s < self.low][:per_query])
        return pairs


@dataclass(frozen=True)
class RelativeFilter:
    """Drops a mined passage that the teacher scores too near to the question's own positive.

        kept where s(q, p) <= share * s(q, p+) - margin

    Relative, because one absolute bound is too strict for some questions and too lax for others. With `share` and
    `margin` at 1 and 0, only what scores above the positive goes; a large margin drops all.
    """

    label: Label
    share: float = 1.0
    margin: float = 0.0

    def negatives(
        self,
        queries: Mapping[str, str],
        mined: Mapping[str, Sequence[str]],
        positive: Mapping[str, str],
        per_query: int,
    ) -> dict[str, list[str]]:
        """At most `per_query` a question, best first; `positive` is `{query id: passage id}`."""
        asked = {q: list(dict.fromkeys([positive[q], *found])) for q, found in mined.items()}
        scores = self.label(queries, asked)
        kept = {}
        for query, found in mined.items():
            bound = self.share * scores[query][positive[query]] - self.margin
            line = [p for p in found if p != positive[query] and scores[query][p] <= bound]
            kept[query] = line[:per_query]
        return kept


def answer_key(qrels: Any, sure: float = 1.0) -> Label:
    """The perfect scorer: `sure` for what the judgements call relevant, else 0. For tests and oracles, never for
    methods."""

    def label(queries: Mapping[str, str], mined: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
        return {q: {p: sure * (p in qrels.relevant(q)) for p in found} for q, found in mined.items()}

    return label


def judge(kind: str, teacher: Label, seed: int, known: Qrels, truth: Qrels | None = None, sure: float = 1.0) -> Label:
    """Who says what is relevant, for arms that differ in nothing else.

    kind: "teacher"; "random" (the teacher's scores dealt anew, see `permuted`); "none" (only what is `known` is, so
        that everything mined may serve as a negative); or "oracle" (the `truth`).
    sure: the score of what is relevant, by whoever scores from judgements; where margins are learned, their size.
    """
    kinds = {"teacher": teacher, "random": permuted(teacher, seed), "none": answer_key(known, sure)}
    if truth is not None:
        kinds["oracle"] = answer_key(truth, sure)
    if kind not in kinds:
        raise InputError(f"there is no judge {kind!r}", expected=f"one of {list(kinds)}", fix="give oracles the truth")
    return kinds[kind]


def permuted(label: Label, seed: int) -> Label:
    """The same scores dealt anew among each question's passages: a teacher that says as much and knows nothing."""

    def dealt(queries: Mapping[str, str], mined: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
        scores = label(queries, mined)
        for query, line in scores.items():
            order = stream(seed, f"scores of {query}", len(line)).permutation(len(line)).tolist()
            values = list(line.values())
            scores[query] = {p: values[i] for p, i in zip(line, order, strict=True)}
        return scores

    return dealt


def teacher_gain(
    teacher: Any, student: Any, collection: Collection, depth: int = 50, questions: int = 200
) -> dict[str, float]:
    """What a student could still learn: RR@10 on dev of its own lists, and of the same ones in the teacher's order.

    Parameters
    ----------
    teacher: a `CrossEncoder`. student: a retriever.
    depth: of the lists. questions: at most so many dev questions, drawn at random.

    Returns
    -------
    `student`, `teacher`, and the mean paired difference `gain` with the lower end `low` of its 95% interval. Empty
    where the collection has no dev split.
    """
    from retrievarium.evaluation import evaluate, paired
    from retrievarium.retrievers import Rerank

    if "dev" not in collection.splits:
        return {}
    dev = collection.dev
    order = stream(0, "teacher").permutation(len(dev.queries.ids)).tolist()
    asked = dev.queries.select([dev.queries.ids[i] for i in sorted(order[:questions])])
    cut = student % depth
    values = [
        evaluate(one.search(asked, depth), dev.qrels.select(asked.ids), ["RR@10"]).per_query["RR@10"]
        for one in (cut, cut >> Rerank(teacher, collection))
    ]
    difference = paired(*values)
    own, reordered = (round(sum(v.values()) / len(v), 4) for v in values)
    return {"student": own, "teacher": reordered, "gain": round(difference.mean, 4), "low": round(difference.low, 4)}
