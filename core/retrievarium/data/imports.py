"""Bring collections in: find out the format, read it, check it, keep it under a name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retrievarium.contracts import Progress, no_progress
from retrievarium.data.collection import Collection
from retrievarium.data.formats.draft import Draft
from retrievarium.data.formats.reading import Limits, Reader
from retrievarium.data.formats.registry import choose
from retrievarium.data.formats.report import Report
from retrievarium.data.library import check_name, load_collection, save_collection
from retrievarium.workspace import Workspace


def read_collection(
    path: str | Path,
    format: str | None = None,
    mapping: Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    encoding: str | None = None,
    limits: Limits | None = None,
    progress: Progress = no_progress,
    ws: Workspace | None = None,
) -> tuple[Collection, Report]:
    """Read a collection without keeping it.

    Parameters
    ----------
    path: a file or folder in one of the formats of `data.formats.registry`, `hf:owner/name` (needs the `datasets`
        package) or `irds:id` (needs `ir_datasets`).
    format: the format's name; by default it is found out from the files.
    mapping: which column is which in table files, `{"id": "docno", "text": "body"}`; other formats say in their
        module what they take. `{"passages": NAME_OR_PATH}` asks a set of questions over another collection's passages.
    encoding: of text that is not Unicode, e.g. "cp1252"; also `{"encoding": "cp1252"}` in the mapping.
    limits: bounds on what is held in memory.
    ws: where names given in `mapping` are looked up.

    Raises
    ------
    InputError: names file, line and field, what was expected and what to do.
    """
    options = dict(mapping or {})
    chosen, source = choose(str(path), format, options)
    encoding = options.pop("encoding", encoding)
    total = sum(p.stat().st_size for p in chosen.files(source)) if isinstance(source, Path) else 0
    reader = Reader(encoding, limits, progress, total)
    draft = Draft()
    draft.report = Report(chosen.name, str(path))
    over = None
    if isinstance(options.get("passages"), (str, Path, Collection)):
        other = options.pop("passages")
        over = other if isinstance(other, Collection) else load_collection(other, ws)
    chosen.check(options)
    try:
        chosen.read(source, draft, reader, options)
        for file, was in reader.encodings.items():
            draft.warn(f"{Path(file).name} is {was.upper()}; it was read so and is kept as UTF-8")
        draft.meta = {"source": str(path), "format": chosen.name, **draft.meta}
        return draft.finish(name or _name_of(str(path)), over), draft.report
    except BaseException:
        draft.discard()
        raise


def _name_of(path: str) -> str:
    stem = path.rstrip("/").replace("\\", "/").rsplit("/", 1)[-1].split(":")[-1]
    return stem.split(".")[0] or "collection"


def import_collection(
    path: str | Path,
    name: str,
    format: str | None = None,
    mapping: Mapping[str, Any] | None = None,
    ws: Workspace | None = None,
    progress: Progress = no_progress,
    replace: bool = False,
    *,
    encoding: str | None = None,
    limits: Limits | None = None,
) -> tuple[Collection, Report]:
    """Read a collection and keep it in the workspace under `name`; see `read_collection` for the rest.

    Importing the same content again changes nothing; other content under a taken name is refused unless `replace`.
    Nothing is written before everything has been read and checked.
    """
    check_name(name)
    collection, report = read_collection(
        path, format, mapping, name=name, encoding=encoding, limits=limits, progress=progress, ws=ws
    )
    folder = save_collection(collection, name, ws, replace)
    return Collection.open(folder), report
