"""Where collections are found by name: the workspace first, then the bundled ones, then a path."""

from __future__ import annotations

import os
import re
import shutil
import uuid
from functools import lru_cache
from pathlib import Path

from retrievarium.contracts import InputError, MissingError
from retrievarium.data.collection import Collection
from retrievarium.workspace import Workspace, shipped, workspace

BUNDLED = ("lookalikes", "world")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def check_name(name: str) -> str:
    """A name that can be a folder and stand in a URL. Raises InputError."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot name a collection",
            field="name",
            expected="letters, digits, '.', '_' and '-', at most 80, starting with a letter or digit",
        )
    return name


def available(ws: Workspace | None = None) -> list[str]:
    """Names of the collections at hand: bundled first, then the workspace's in alphabetical order."""
    ws = ws or workspace()
    own = sorted(p.parent.name for p in ws.collections.glob("*/collection.json") if not p.parent.name.startswith("."))
    bundled = [n for n in BUNDLED if (shipped(n) / "collection.json").is_file() and n not in own]
    return [*bundled, *own]


@lru_cache(maxsize=8)
def _open(folder: str, stamp: int) -> Collection:
    return Collection.open(folder)


def load_collection(name: str | Path, ws: Workspace | None = None) -> Collection:
    """A collection by its name in the workspace, a bundled name (`world`, `lookalikes`), or a path.

    A path to files in a known format is read without being kept; `import_collection` keeps it.
    """
    ws = ws or workspace()
    text = str(name)
    if _NAME.fullmatch(text):
        for folder in (ws.collections / text, shipped(text)):
            about = folder / "collection.json"
            if about.is_file():
                return _open(str(folder), about.stat().st_mtime_ns)
    path = Path(name)
    if path.exists():
        if (path / "collection.json").is_file():
            return Collection.open(path)
        from retrievarium.data.imports import read_collection

        return read_collection(path)[0]
    raise MissingError(
        f"there is no collection {text!r}",
        expected=f"one of {available(ws)} or a path",
        fix="bring it in with: retrievarium import PATH --name NAME",
    )


def save_collection(collection: Collection, name: str, ws: Workspace | None = None, replace: bool = False) -> Path:
    """Keep a collection under a name. The same content under the same name changes nothing; other content is refused
    unless `replace`."""
    ws = ws or workspace()
    target = ws.collections / check_name(name)
    with ws.lock(f"collections/{name}"):
        if (target / "collection.json").is_file():
            if Collection.open(target).fingerprint == collection.fingerprint:
                return target
            if not replace:
                raise InputError(
                    f"the workspace already has another collection called {name!r}",
                    field="name",
                    fix="choose another name, or replace it (--replace)",
                )
        elif name in BUNDLED and not replace:
            raise InputError(f"{name!r} is the name of a bundled collection", field="name", fix="choose another name")
        for half in ws.collections.glob(f".{name}.????????"):  # of a process that was killed
            shutil.rmtree(half, ignore_errors=True)
        temporary, old = (target.with_name(f".{name}.{uuid.uuid4().hex[:8]}") for _ in range(2))
        try:
            collection.replace(name=name).save(temporary)
            if target.exists():
                os.replace(target, old)  # the old one is whole until the new one is
            os.replace(temporary, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)
    return target
