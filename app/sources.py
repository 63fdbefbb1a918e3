"""What can be a column: named retrievers, combinations of them, and imported runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from desk import desk
from retrievarium import methods
from retrievarium.contracts import InputError, RetrievariumError, Run
from retrievarium.data import Collection
from retrievarium.encoders import has_vectors
from retrievarium.retrievers import BaseRetriever, FrozenRun, parse_retriever
from retrievarium.workspace import workspace

IMPORTED = "run:"  # prefix of an imported run's name
_RUN_KIND = "imported_run"
_RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


@dataclass(frozen=True)
class Want:
    """Something a column needs that is not there yet."""

    name: str
    why: str
    seconds: float | None
    kind: str


def _stamp() -> str:
    """Changes whenever the workspace gained vectors, a trained model or a run; cheap enough to look at each time."""
    root = workspace().root / "artifacts"
    kinds = sorted(p for p in root.glob("*") if p.is_dir()) if root.is_dir() else []
    return ",".join(f"{p.name}:{p.stat().st_mtime_ns}" for p in kinds)


@st.cache_resource(max_entries=32, show_spinner=False)
def _shelf(collection: str, fingerprint: str, stamp: str, _collection: Collection) -> list[Any]:
    return list(methods.shelf(_collection))


def shelf(collection: Collection) -> list[Any]:
    """The library's offers for this collection; ready ones and those that must be built first."""
    return _shelf(collection.name, collection.fingerprint, _stamp(), collection)


def names(collection: Collection) -> list[str]:
    """What the picker lists: single retrievers, the common fusion, imported runs."""
    offered = [o.name for o in shelf(collection)]
    fused = ["bm25 + minilm"] if {"bm25", "minilm"} <= set(offered) else []
    trained = [f"bm25 + {o.name}" for o in shelf(collection) if o.kind == "trained" and o.name.isidentifier()]
    return [*offered, *fused, *trained, *(IMPORTED + n for n in imported_runs(collection))]


class _Stand(BaseRetriever):
    """Stands for a name while its combination is read; whether it may stand after >> shows when it is made."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def reorders(self) -> bool:
        return True

    def search(self, queries: Any, k: int = 100) -> Run:
        raise InputError(f"{self.name} stands for a name only")


def parts(spec: str) -> list[str]:
    """The names a spec is made of, each once. Raises InputError where it is no spec."""
    if spec.startswith(IMPORTED):
        return [spec]
    found: list[str] = []

    def note(name: str) -> BaseRetriever:
        found.append(name)
        return _Stand(name)

    parse_retriever(spec, note)
    return list(dict.fromkeys(found))


def wants(spec: str, collection: Collection) -> list[Want]:
    """What must be built before a column can answer; empty where it can answer now.

    Raises InputError for a name that nothing bears, and for an encoder that cannot be used here.
    """
    offers = {o.name: o for o in shelf(collection)}
    needed = []
    for name in parts(spec):
        offer = offers.get(name)
        if offer is not None:
            needed += [] if offer.ready else [Want(name, offer.why, offer.seconds, offer.kind)]
        elif not name.startswith(IMPORTED):
            needed += _foreign(name, collection)
    return needed


def _foreign(name: str, collection: Collection) -> list[Want]:
    """An encoder by folder or hub id: whether its vectors are there. Looking may ask a hub, so it is a task."""
    if "/" not in name and not Path(name).expanduser().is_dir():
        offered = ", ".join(o.name for o in shelf(collection))
        raise InputError(f"there is no retriever {name!r}", expected=f"{offered}, a model folder or a hub id in quotes")
    key = ("has-vectors", collection.fingerprint, name, _stamp())
    task = desk().task(key, lambda: has_vectors(collection, name), "load").wait(0.3)
    if task.state == "failed":
        raise InputError(task.error)
    if task.state == "working":
        return [Want(name, "looking for the model", None, "looking")]
    return [] if task.value else [Want(name, "its passages are not encoded yet", None, "dense")]


def single(name: str, collection: Collection) -> BaseRetriever:
    """The retriever of one name, ready to search."""
    if name.startswith(IMPORTED):
        return FrozenRun(load_imported(collection, name.removeprefix(IMPORTED)), name)
    found = methods.retriever(name, collection)
    prepare = getattr(found, "prepare", None)
    if prepare is not None:
        prepare()
    return found


# -- imported runs


def _runs(collection: Collection) -> dict[str, Path]:
    """Newest file by name."""
    kept = workspace().list(_RUN_KIND)
    mine = [a for a in reversed(kept) if a.key.get("passages") == collection.text_fingerprint]
    return {str(a.key["name"]): a.path / "run.trec" for a in mine}


def imported_runs(collection: Collection) -> list[str]:
    return sorted(_runs(collection))


def imported_path(collection: Collection, name: str) -> Path:
    found = _runs(collection).get(name)
    if found is None:
        raise InputError(f"there is no imported run {name!r} for {collection.name}", fix="import it again on Compare")
    return found


def load_imported(collection: Collection, name: str) -> Run:
    return Run.load(imported_path(collection, name))


@dataclass(frozen=True)
class Checked:
    """An uploaded run after its check."""

    run: Run
    queries_known: int
    queries_unknown: int
    results_dropped: int  # passages that this collection lacks


def check_run(path: Path, collection: Collection) -> Checked:
    """Read a TREC run and keep what belongs to this collection. Raises InputError with the line where it is wrong."""
    run = Run.load(path)
    known = collection.all_queries.row_of
    passages = collection.passages.row_of
    ours = [q for q in run.query_ids if q in known]
    if not ours:
        raise InputError(
            f"none of the run's {len(run)} queries is one of {collection.name}'s",
            path=path.name,
            field="qid",
            expected=f"query ids such as {', '.join(collection.all_queries.ids[:2]) or 'none: it has no queries'}",
            fix="choose the collection that the run was made on",
        )
    lists: dict[str, dict[str, float]] = {}
    dropped = 0
    for query in ours:
        lists[query] = {p: s for p, s in run[query] if p in passages}
        dropped += len(run[query]) - len(lists[query])
    if not any(lists.values()):
        raise InputError(
            f"none of the run's documents is one of {collection.name}'s passages",
            path=path.name,
            field="docid",
            expected=f"passage ids such as {', '.join(collection.passages.ids[:2])}",
        )
    return Checked(Run.from_dict(lists), len(ours), len(run) - len(ours), dropped)


def keep_run(checked: Checked, name: str, collection: Collection) -> str:
    """Keep a checked run under a name; returns the name of its column."""
    if not _RUN_NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot name a run",
            field="name",
            expected="letters, digits, '.', '_' and '-', at most 60, starting with a letter or digit",
        )
    key = {"name": name, "passages": collection.text_fingerprint, "run": checked.run.fingerprint}
    workspace().build(_RUN_KIND, key, lambda folder: (checked.run.save(folder / "run.trec"), None)[1])
    return IMPORTED + name


def why_not(spec: str, collection: Collection) -> str:
    """What is wrong with a spec, in a sentence; empty where nothing is."""
    try:
        wants(spec, collection)
    except RetrievariumError as error:
        return str(error)
    return ""


def method_key(name: str) -> str:
    """The key of the paper that a retriever's name stands for."""
    return next((k for k in methods.methods() if k.replace("-", "_") == name), name)
