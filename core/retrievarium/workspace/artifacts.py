"""Artifacts keyed by what made them: the second request is a load."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock

from retrievarium.workspace.annotations import Annotations
from retrievarium.workspace.files import content_hash, read_json, write_json
from retrievarium.workspace.jobs import Jobs

_KEY_FILE = "made-from.json"


@dataclass(frozen=True)
class Artifact:
    """A folder in the workspace, named by the hash of what made it."""

    kind: str
    key: Mapping[str, Any]
    path: Path

    @property
    def exists(self) -> bool:
        return (self.path / _KEY_FILE).is_file()


class Workspace:
    """A folder that several processes may share.

    collections/<name>/            imported collections
    artifacts/<kind>/<hash>/       whatever was trained or built, with `made-from.json`
    jobs/<id>/                     long work, see `jobs`
    claims/*.json                  recorded claim checks
    annotations.sqlite             what people said: grades, tags, notes
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).expanduser().resolve()

    def __repr__(self) -> str:
        return f"Workspace({str(self.root)!r})"

    @cached_property
    def jobs(self) -> Jobs:
        return Jobs(self.root / "jobs", environment={"RETRIEVARIUM_WORKSPACE": str(self.root)})

    @cached_property
    def annotations(self) -> Annotations:
        return Annotations(self.root / "annotations.sqlite")

    @property
    def collections(self) -> Path:
        return self.root / "collections"

    def artifact(self, kind: str, key: Mapping[str, Any]) -> Artifact:
        """Where the artifact made from `key` (JSON-able) lies or would lie."""
        return Artifact(kind, key, self.root / "artifacts" / kind / content_hash(key))

    def list(self, kind: str) -> list[Artifact]:
        """Finished artifacts of one kind, newest first."""
        found = (self.root / "artifacts" / kind).glob(f"*/{_KEY_FILE}")
        newest = sorted(found, key=lambda p: p.stat().st_mtime, reverse=True)
        return [Artifact(kind, read_json(p), p.parent) for p in newest]

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold a lock shared by all processes of this workspace."""
        folder = self.root / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f"{content_hash(name)}.lock"):
            yield

    def scratch(self, kind: str, key: Mapping[str, Any]) -> Path:
        """A folder that survives a killed run: what is half made and can be resumed. Removed once `build` succeeds."""
        return self.root / "scratch" / kind / content_hash(key)

    def build(self, kind: str, key: Mapping[str, Any], make: Callable[[Path], None]) -> Path:
        """The artifact's folder, made by `make(folder)` unless it is there.

        A second process waits for the first and then loads. `make` writes into a temporary folder that takes its
        place at once when `make` returns; when it raises, nothing is left behind.
        """
        artifact = self.artifact(kind, key)
        if artifact.exists:
            return artifact.path
        with self.lock(f"{kind}/{artifact.path.name}"):
            if artifact.exists:
                return artifact.path
            for half in artifact.path.parent.glob(f".{artifact.path.name}.*"):  # of a process that was killed
                shutil.rmtree(half, ignore_errors=True)
            temporary = artifact.path.with_name(f".{artifact.path.name}.{uuid.uuid4().hex[:8]}")
            temporary.mkdir(parents=True)
            try:
                make(temporary)
                write_json(temporary / _KEY_FILE, dict(key))
                shutil.rmtree(artifact.path, ignore_errors=True)  # a folder without its key file is no artifact
                os.replace(temporary, artifact.path)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
            shutil.rmtree(self.scratch(kind, key), ignore_errors=True)
        return artifact.path


_chosen: Workspace | None = None


def use_workspace(root: str | Path) -> Workspace:
    """Choose the workspace of this process (the CLI's `--workspace`)."""
    global _chosen  # the one place where a process remembers its choice
    _chosen = Workspace(root)
    return _chosen


def workspace() -> Workspace:
    """The current workspace: `use_workspace`, else RETRIEVARIUM_WORKSPACE, else the platform's user data folder."""
    if _chosen is not None:
        return _chosen
    if root := os.environ.get("RETRIEVARIUM_WORKSPACE"):
        return Workspace(root)
    import platformdirs

    return Workspace(platformdirs.user_data_dir("retrievarium", appauthor=False))
