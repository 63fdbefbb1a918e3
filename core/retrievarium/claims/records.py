"""What was measured, kept as JSON: one file a claim, one entry a seed. Entries are appended, never replaced.

    {"format": 1, "claim": "dpr", "paper": 10, "method": "dpr", "says": "...", "runs": [
      {"seed": 101, "budget": "small", "measure": "Success@5", "delta": 0.02, "margin": null,
       "roles": {"treatment": "dpr", "base": "bm25", "untrained": "dpr@0", "control": "none", "placebo": "none"},
       "arms": {"dpr": 0.61, "bm25": 0.70, "dpr@0": 0.12}, "questions": 3000,
       "c": -0.09, "control_c": null, "placebo_c": null, "conditions": {}, "query_effects": null,
       "recipe": {...}, "beside": {...}, "lineage": {...}, "versions": {...}, "hardware": {...},
       "collection": {"name": "world-101-A", "fingerprint": "..."}, "seconds": 312.4, "finished": "2026-11-25"}]}

A file never holds a verdict: `rule.verdict` computes it whenever someone looks. Per-query values stay in the
workspace (claims/values/); a record is small enough to be committed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from retrievarium.contracts import InputError
from retrievarium.workspace import Workspace, atomic_write, shipped

FORMAT = 1
DEVELOP = range(1, 10)
JUDGE = range(101, 121)
ROLES = ("treatment", "base", "untrained", "control", "placebo")


@dataclass(frozen=True)
class SeedRun:
    """One seed of one claim.

    arms: each arm's mean of the measure over `questions`.
    c, control_c, placebo_c: treatment, and the control in its place, against base; treatment minus placebo.
    conditions: the card's own, >= 0 where it holds.
    query_effects: on fixed real collections, the effect by question or entity, in the order of their sorted names.
    recipe: budget and settings, what a later run must share to be the same recipe.
    """

    seed: int
    budget: str
    measure: str
    delta: float
    roles: dict[str, str]
    arms: dict[str, float]
    questions: int
    c: float
    recipe: dict[str, Any]
    seconds: float
    finished: str
    margin: float | None = None
    control_c: float | None = None
    placebo_c: float | None = None
    conditions: dict[str, float] = field(default_factory=dict)
    query_effects: list[float] | None = None
    beside: dict[str, Any] = field(default_factory=dict)
    lineage: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    hardware: dict[str, Any] = field(default_factory=dict)
    collection: dict[str, Any] = field(default_factory=dict)

    @property
    def judges(self) -> bool:
        return self.seed in JUDGE


@dataclass(frozen=True)
class Record:
    """All that was measured of one claim, in the order in which it was recorded."""

    claim: str
    paper: int
    method: str
    says: str
    runs: tuple[SeedRun, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        head = {"format": FORMAT, "claim": self.claim, "paper": self.paper, "method": self.method, "says": self.says}
        return {**head, "runs": [asdict(r) for r in self.runs]}


def same_recipe(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Every setting that both name agrees. One that only the younger names was added with its default since."""
    shared = [n for n in a if n in b]
    return all(
        same_recipe(a[n], b[n]) if isinstance(a[n], Mapping) and isinstance(b[n], Mapping) else a[n] == b[n]
        for n in shared
    )


# -- reading

_NUMBER = (int, float)
_TYPES: dict[str, tuple[type | tuple[type, ...], str]] = {
    "seed": (int, "a whole number"),
    "budget": (str, "smoke, small or full"),
    "measure": (str, "a measure's name"),
    "delta": (_NUMBER, "a number"),
    "margin": ((*_NUMBER, type(None)), "a number or null"),
    "roles": (dict, f"an arm's name, or none, for each of {', '.join(ROLES)}"),
    "arms": (dict, "a number by arm"),
    "questions": (int, "a whole number"),
    "c": (_NUMBER, "a number"),
    "control_c": ((*_NUMBER, type(None)), "a number or null"),
    "placebo_c": ((*_NUMBER, type(None)), "a number or null"),
    "conditions": (dict, "a number by condition"),
    "query_effects": ((list, type(None)), "a list of numbers or null"),
    "recipe": (dict, "settings by name"),
    "seconds": (_NUMBER, "a number"),
    "finished": (str, "a date"),
    "beside": (dict, "an object"),
    "lineage": (dict, "an object"),
    "versions": (dict, "a version by library"),
    "hardware": (dict, "an object"),
    "collection": (dict, "name and fingerprint"),
}
_OPTIONAL = {f.name for f in fields(SeedRun) if f.default is not MISSING or f.default_factory is not MISSING}


def _is(value: Any, kind: type | tuple[type, ...]) -> bool:
    number = isinstance(value, _NUMBER) and not isinstance(value, bool)
    if isinstance(value, bool) or (number and not math.isfinite(value)):
        return False
    return isinstance(value, kind)


def _run(row: Any, wrong: Callable[..., InputError]) -> SeedRun:
    if not isinstance(row, dict):
        raise wrong("an entry is no object", expected="one object a seed")
    for name in row:
        if name not in _TYPES:
            raise wrong(f"{name!r} does not belong here", field=name, expected=f"among {', '.join(_TYPES)}")
    for name, (kind, expected) in _TYPES.items():
        if name not in row:
            if name in _OPTIONAL:
                continue
            raise wrong("this field is missing", field=name, expected=expected)
        if not _is(row[name], kind):
            raise wrong(f"{row[name]!r} does not fit", field=name, expected=expected)
    for name in ("arms", "conditions"):
        for arm, value in row.get(name, {}).items():
            if not _is(value, _NUMBER):
                raise wrong(f"{value!r} does not fit", field=f"{name}.{arm}", expected="a number")
    for value in row.get("query_effects") or ():
        if not _is(value, _NUMBER):
            raise wrong(f"{value!r} does not fit", field="query_effects", expected="numbers")
    if set(row["roles"]) != set(ROLES):
        raise wrong(f"the roles are {sorted(row['roles'])}", field="roles", expected=_TYPES["roles"][1])
    for role in ("treatment", "base"):
        if row["roles"][role] not in row["arms"]:
            raise wrong(f"{role} {row['roles'][role]!r} has no value", field="arms", expected="that arm among them")
    if row["seed"] not in DEVELOP and row["seed"] not in JUDGE:
        raise wrong(f"{row['seed']} is no seed of claims", field="seed", expected="1 to 9 or 101 to 120")
    return SeedRun(**row)


def parse(value: Any, path: Path | None = None) -> Record:
    """Check a record read from JSON. Raises InputError with file, entry and field."""

    def wrong(what: str, **about: Any) -> InputError:
        return InputError(what, path=path, **about)

    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise wrong("this is no claim record", field="format", expected=f"an object with format {FORMAT}")
    head = ("claim", "paper", "method", "says")
    for name in head:
        if not _is(value.get(name), int if name == "paper" else str):
            raise wrong(f"{value.get(name)!r} does not fit", field=name, expected="text, and a number for paper")
    for name in value:
        if name not in ("format", "runs", *head):
            fix = "remove it: verdicts are computed from the entries, never typed" if "verdict" in name else None
            raise wrong(
                f"{name!r} does not belong here", field=name, expected="claim, paper, method, says, runs", fix=fix
            )
    rows = value.get("runs")
    if not isinstance(rows, list):
        raise wrong("there is no list of entries", field="runs", expected="a list, one entry a seed")

    def at(number: int) -> Callable[..., InputError]:
        def wrong_entry(what: str, *, field: str | None = None, **about: Any) -> InputError:
            return wrong(what, field=f"runs[{number}]" + (f".{field}" if field else ""), **about)

        return wrong_entry

    runs = tuple(_run(row, at(i)) for i, row in enumerate(rows))
    return Record(value["claim"], value["paper"], value["method"], value["says"], runs)


def read(path: Path) -> Record:
    """One record file. Raises InputError where it is no JSON or no record."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        line = getattr(error, "lineno", None)
        raise InputError(f"this is no JSON ({error})", path=path, line=line, fix="restore the file") from error
    return parse(value, path)


def merged(records: Iterable[Record]) -> dict[str, Record]:
    """Records of one claim joined, entries in the order given; an entry that stands in two files counts once."""
    found: dict[str, Record] = {}
    for record in records:
        before = found.get(record.claim)
        runs = list(before.runs) if before else []
        runs += [r for r in record.runs if r not in runs]
        found[record.claim] = Record(record.claim, record.paper, record.method, record.says, tuple(runs))
    return found


def load(ws: Workspace) -> dict[str, Record]:
    """Every claim's record: the committed ones (`sample_data/claims/`) first, then the workspace's."""
    paths = [*sorted(shipped("claims").glob("*.json")), *sorted((ws.root / "claims").glob("*.json"))]
    return merged(read(p) for p in paths)


# -- writing


def dumps(record: Record) -> str:
    """A record as JSON with one line a seed, so that a new seed is one new line."""
    value = record.to_dict()
    runs = ",\n".join(json.dumps(r, ensure_ascii=False, allow_nan=False, sort_keys=True) for r in value.pop("runs"))
    head = json.dumps(value, ensure_ascii=False)
    return f'{head[:-1]}, "runs": [\n{runs}\n]}}\n'


def append(ws: Workspace, head: Record, run: SeedRun) -> Path:
    """Add an entry to the workspace's record of a claim, atomically and under a lock that all processes share."""
    path = ws.root / "claims" / f"{head.claim}.json"
    with ws.lock(f"claims/{head.claim}"):
        earlier: Sequence[SeedRun] = read(path).runs if path.is_file() else ()
        text = dumps(Record(head.claim, head.paper, head.method, head.says, (*earlier, run)))
        parse(json.loads(text), path)  # what cannot be read back is not written
        with atomic_write(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return path
