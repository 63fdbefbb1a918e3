"""What a decomposition gets wrong: unfaithful, not minimal, not stand-alone, missed facts."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrievarium.contracts import InputError
from retrievarium.units.truth import Truth

if TYPE_CHECKING:
    from retrievarium.data import Collection
    from retrievarium.units.table import Units

FLAGS = ("unfaithful", "not_minimal", "not_standalone")


@dataclass(frozen=True)
class DecompositionReport:
    """Shares of units, and of facts.

    unfaithful: units that name somebody whom their sentence does not speak of.
    not_minimal: units that state two facts or more.
    not_standalone: units that state a fact and do not give its subject's full name.
    missed_facts: facts of the passages that no unit states.
    units: units judged: on a World those whose sentence tells a fact. facts: facts looked for; 0 where unknown.
    how: "exact" (by a World's truth) or "annotated".
    """

    kind: str
    unfaithful: float
    not_minimal: float
    not_standalone: float
    missed_facts: float | None
    units: int
    facts: int
    how: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def decomposition_report(
    units: Units, collection: Collection, annotations: str | Path | None = None
) -> DecompositionReport:
    """The four rates: exactly on a World, elsewhere from a sheet that people filled (`annotation_sheet`).

    Raises InputError where neither is at hand: the rates are not guessed.
    """
    if annotations is not None:
        return _annotated(units, Path(annotations))
    if not Truth.known(collection):
        raise InputError(
            f"nobody knows the facts of {collection.name}",
            field="annotations",
            fix="judge some passages: annotation_sheet(units, collection, 'sheet.jsonl'), fill it, and pass it here",
        )
    truth = Truth(collection)
    counts = dict.fromkeys(FLAGS, 0)
    judged = 0
    stated: set[str] = set()
    for row in range(len(units)):
        verdict = truth.judge(units.at(row))
        if verdict is None:
            continue
        judged += 1
        stated |= verdict.facts
        counts["unfaithful"] += bool(verdict.strangers)
        counts["not_minimal"] += len(verdict.facts) > 1
        counts["not_standalone"] += bool(verdict.unnamed)
    told = {fact for passage in units.by_passage for fact in truth.facts_of(passage)}
    rates = {name: count / max(1, judged) for name, count in counts.items()}
    missed = 1 - len(stated & told) / len(told) if told else None
    return DecompositionReport(units.kind, **rates, missed_facts=missed, units=judged, facts=len(told), how="exact")


# -- where nobody knows the truth, people say it


def annotation_sheet(units: Units, collection: Collection, path: str | Path, passages: int = 50, seed: int = 0) -> Path:
    """A JSON Lines file of some passages, a line each, to be filled by hand.

    `{"passage", "title", "text", "missed": null, "units": [{"unit", "text", "unfaithful": null, ...}]}`: put true or
    false for each unit, and in `missed` the number of facts that no unit states.
    """
    chosen = [p for p in collection.passages.ids if p in units.by_passage]
    random.Random(f"{seed}/annotation sheet").shuffle(chosen)
    path = Path(path)
    with path.open("w", encoding="utf-8") as out:
        for passage in chosen[:passages]:
            own = [{"unit": u.id, "text": u.text, **dict.fromkeys(FLAGS)} for u in units.of_passage(passage)]
            about = collection.passages[passage]
            line = {"passage": passage, "title": about.title, "text": about.text, "missed": None, "units": own}
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
    return path


def _annotated(units: Units, path: Path) -> DecompositionReport:
    counts = dict.fromkeys(FLAGS, 0)
    judged = stated = missed = 0
    counted = True
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        told = _line(line, path, number)
        for unit in told["units"]:
            if any(not isinstance(unit.get(flag), bool) for flag in FLAGS):
                continue  # not judged
            if unit.get("unit") not in units.row_of or units[unit["unit"]].text != unit.get("text"):
                raise InputError(
                    f"{unit.get('unit')!r} is no unit of this decomposition as it stands", path=path, line=number,
                    fix="write a new sheet from these units",
                )  # fmt: skip
            judged += 1
            for flag in FLAGS:
                counts[flag] += unit[flag]
            stated += not unit["unfaithful"]
        counted &= isinstance(told.get("missed"), int)
        missed += told["missed"] if isinstance(told.get("missed"), int) else 0
    if not judged:
        raise InputError("no unit is judged", path=path, expected="true or false for each flag of a unit")
    rates = {name: count / judged for name, count in counts.items()}
    facts = stated + missed if counted else 0
    share = missed / facts if counted and facts else None
    return DecompositionReport(units.kind, **rates, missed_facts=share, units=judged, facts=facts, how="annotated")


def _line(line: str, path: Path, number: int) -> Mapping[str, Any]:
    try:
        told = json.loads(line)
    except ValueError as error:
        raise InputError("the line is not JSON", path=path, line=number) from error
    if not isinstance(told, dict) or not isinstance(told.get("units"), list):
        raise InputError("the line has no units", path=path, line=number, expected="a line of annotation_sheet")
    return told
