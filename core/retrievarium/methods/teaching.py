"""A cross-encoder as a smaller model's teacher: trained once for all arms, asked about its worth, then for labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from retrievarium import encoders, training
from retrievarium.methods.building import Work

if TYPE_CHECKING:
    from retrievarium.data import Collection, Split
    from retrievarium.training.miners import Label

NEGATIVES = 4  # passages beside the relevant one


def teacher_labels(
    work: Work,
    kind: str,
    start: Any,
    student: Any,
    collection: Collection,
    split: Split,
    negatives: Mapping[str, Sequence[str]],
    *,
    batch: int,
    steps: int,
    lr: float,
    seed: int,
    sure: float = 1.0,
) -> Label:
    """Scores for mined passages by a `judge` of this kind: logits of a cross-encoder, or what stands in for it.

    What the teacher could teach (`training.teacher_gain` over the student's lists) goes into the report's lineage.

    Parameters
    ----------
    start: the backbone it begins from. student: a retriever.
    split, negatives: questions, and the mined passages each is told from, `NEGATIVES` a step.
    batch: pairs a step, about.
    sure: see `judge`.
    """

    def make(own: Work) -> Any:
        cross = encoders.CrossEncoder(start, activation="identity", name="teacher", seed=seed)
        each = max(1, batch // (1 + NEGATIVES))
        pairs = training.CrossBatches(cross, collection, split, each, seed, negatives, NEGATIVES)
        own.fit("teacher", cross, pairs, training.cross_entropy, steps=steps, lr=lr, seed=seed)
        return cross

    about = {"batch": batch, "steps": steps, "lr": lr, "questions": len(negatives)}
    cross = work.stage("teacher", about, make, encoders.reload_cross_encoder)
    work.lineage["teacher"] = training.teacher_gain(cross, student, collection)
    teacher = training.TeacherLabels(cross, collection, ws=work.ws)
    return training.judge(kind, teacher, seed, split.qrels, split.qrels, sure)
