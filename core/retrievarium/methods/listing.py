"""All papers with how far each is: planned, runs, tested, works. Computed, never typed."""

from __future__ import annotations

from collections.abc import Collection as Names
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from retrievarium.methods.evidence import evidence
from retrievarium.methods.registry import catalogue, claims, methods
from retrievarium.workspace import shipped


@dataclass(frozen=True)
class Paper:
    """A paper of the catalogue.

    status: "planned" (nothing built), "runs" (it can be built), "tested" (every line of its acceptance sheet has a
    test), "works" (tested, with its notebook and a measured claim).
    """

    number: int
    key: str
    title: str
    year: int
    chapter: int
    chapter_title: str
    tier: str
    needs: tuple[str, ...]
    lines: int
    status: str
    method: str | None  # path relative to the repository
    notebook: str | None
    claims: tuple[str, ...]
    picture: str | None = None  # name of the function in `figures` that its lesson draws

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def _measured() -> set[str]:
    return {p.stem.split(".")[0] for p in shipped("claims").glob("*.json")}


def papers(measured: Names[str] | None = None) -> list[Paper]:
    """All papers by number.

    Parameters
    ----------
    measured: keys of the claims that have been measured; by default those with a committed record.
    """
    known, declared, seen = methods(), claims(), evidence()
    done = _measured() if measured is None else measured
    found: list[Paper] = []
    for about in sorted(catalogue(), key=lambda p: p["number"]):
        key = about["key"]
        own = tuple(c.key for c in declared.values() if c.paper == about["number"])
        notebook = seen["notebooks"].get(key)
        if key not in known:
            status = "planned"
        elif seen["tested"].get(key, []) != list(range(1, about["lines"] + 1)):
            status = "runs"
        else:
            status = "works" if notebook and own and all(c in done for c in own[:1]) else "tested"
        path = f"core/retrievarium/methods/{Path(known[key].source).name}" if key in known else None
        found.append(Paper(**{**about, "needs": tuple(about["needs"])}, status=status, method=path,
                           notebook=notebook, claims=own,
                           picture=seen.get("pictures", {}).get(key)))  # fmt: skip
    return found
