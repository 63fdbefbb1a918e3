"""Bring your own collection: an upload or a path, checked as it is read, with one clear error where it is wrong."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import Any

import streamlit as st

import state
from components import anatomy, jobs, page, preview
from components.text import size
from components.unpack import unpack
from components.uploads import LARGEST_MB, tame
from desk import Task, desk
from retrievarium.contracts import RetrievariumError
from retrievarium.data import import_collection
from retrievarium.data.library import check_name
from retrievarium.data.preflight import preflight
from retrievarium.workspace import workspace

WAYS = ("A folder in a zip file", "Single files", "A path on this machine")
_KINDS = ["csv", "tsv", "jsonl", "json", "parquet", "txt"]
_AT_ONCE = 60 * 2**20  # bytes read in the server; more is a job


def form() -> None:
    page.heading(
        "Bring your own collection",
        "BEIR folders, TREC files, SQuAD, DPR, EntityQuestions, NQ-open, PopQA, and tables with a column mapping. "
        "Nothing is kept before all of it has been read and checked.",
    )
    way = st.segmented_control(
        "How", WAYS, default=WAYS[0], key="bring-way", label_visibility="collapsed", required=True
    )
    if way == WAYS[0]:
        _zip()
    elif way == WAYS[1]:
        _files()
    else:
        _path()
    _outcome()


# -- three ways in


def _name_field(suggested: str) -> str:
    stem = tame(suggested).split(".")[0] or "collection"
    return st.text_input("Name of the collection", value=stem, key=f"bring-name-{stem}", max_chars=80).strip()


def _go(name: str, ready: bool, start: Any) -> None:
    fault = _name_fault(name)
    if fault and ready:
        page.callout("stop", "This name cannot be used", fault)
    st.button("Import", type="primary", key="bring-go", disabled=not ready or bool(fault), on_click=start)


def _name_fault(name: str) -> str:
    try:
        check_name(name)
    except RetrievariumError as error:
        return str(error)
    return ""


def _zip() -> None:
    upload = st.file_uploader(
        "Zip file", type=["zip"], key="bring-zip", max_upload_size=LARGEST_MB,
        help="For example a BEIR folder: corpus.jsonl, queries.jsonl, qrels/test.tsv.",
    )  # fmt: skip
    if upload is None:
        return
    name = _name_field(upload.name)
    _go(name, True, lambda: _start(name, lambda folder: _unzip(upload, folder), None))


def _unzip(upload: Any, folder: Path) -> Path:
    archive = folder / tame(upload.name)
    archive.write_bytes(upload.getvalue())
    inside = folder / "unpacked"
    inside.mkdir()
    found = unpack(archive, inside)
    archive.unlink()
    return found


def _files() -> None:
    main = st.file_uploader(
        "Passages", type=_KINDS, key="bring-passages", max_upload_size=LARGEST_MB,
        help="A table of passages, or one file of a known kind (SQuAD JSON, DPR JSON, ...).",
    )  # fmt: skip
    if main is None:
        return
    mapping, ready, others = preview.mapping_form(main)
    name = _name_field(main.name)
    _go(name, ready, lambda: _start(name, lambda folder: _write(main, others, folder), mapping))


def _write(main: Any, others: dict[str, Any], folder: Path) -> Path:
    """Write the uploads side by side under names of our own choosing."""
    for part, upload in {"passages": main, **others}.items():
        (folder / f"{part}{Path(tame(upload.name)).suffix.lower()}").write_bytes(upload.getvalue())
    return folder / f"passages{Path(tame(main.name)).suffix.lower()}"


def _path() -> None:
    told = st.text_input(
        "Path", key="bring-path", placeholder="/data/my-collection",
        help="A folder or file that this machine can read; also hf:owner/name or irds:id with the hub extra.",
    ).strip()  # fmt: skip
    if not told:
        return
    path = Path(told).expanduser()
    remote = told.startswith(("hf:", "irds:"))
    if not remote and not path.exists():
        page.callout("stop", "There is no such file or folder", told)
        return
    bytes_ = 0 if remote else _bytes(path)
    if not remote:
        page.note(f"{'Folder' if path.is_dir() else 'File'} of {size(bytes_)}.")
    name = _name_field(told.rstrip("/").split("/")[-1].split(":")[-1])
    if remote or bytes_ > _AT_ONCE:
        page.note("It is read in a process of its own; see the sidebar.")
        argv = ["import", told, "--name", name]
        _go(name, True, lambda: jobs.start(argv, f"Import {name}", imported=name))
        return
    _go(name, True, lambda: _start(name, lambda _: path, None))


def _bytes(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    total = 0
    for n, file in enumerate(path.rglob("*")):
        if n > 5_000 or total > _AT_ONCE:
            break
        total += file.stat().st_size if file.is_file() else 0
    return total


# -- the import itself


def _start(name: str, place: Any, mapping: dict[str, Any] | None) -> None:
    """Read in a thread; the page shows what comes of it."""
    ws = workspace()
    folder = ws.root / "uploads" / uuid.uuid4().hex
    key = ("import", folder.name)

    def work() -> Any:
        folder.mkdir(parents=True)
        try:
            try:
                return import_collection(place(folder), name, mapping=mapping, ws=ws)
            except RetrievariumError as error:
                raise RetrievariumError(_plain(str(error), folder)) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    desk().task(key, work)
    st.session_state["bring-task"] = (key, name)


def _plain(message: str, folder: Path) -> str:
    """The message without the private folder that the upload lay in."""
    for prefix in (f"{folder / 'unpacked'}/", f"{folder}/", str(folder)):
        message = message.replace(prefix, "")
    return message


def _outcome() -> None:
    held = st.session_state.get("bring-task")
    if held is None:
        return
    key, name = held
    task: Task | None = desk().peek(key)
    if task is None:
        return
    task.wait(0.6)
    if task.state == "working":
        page.callout("working", f"Reading {name}", f"{task.seconds:.0f} seconds so far")
        page.poll([key])
    elif task.state == "failed":
        page.callout("stop", f"{name} was not imported", task.error)
        page.note("Nothing was kept. Mend the file and import it again.")
    else:
        _report(name, *task.value)


def _report(name: str, collection: Any, report: Any) -> None:
    told = ", ".join(f"{n:,} {what}" for what, n in report.counts.items() if "." not in what)
    page.callout("ok", f"{name} is in the workspace", f"{told}; read as {report.format}.")
    for notice in report.warnings:
        page.callout("warning", str(notice))
    to = state.Selection(collection=name)
    st.page_link(
        "app_pages/compare.py", label=f"Compare on {name}", icon=":material/view_column:", query_params=to.params()
    )
    key = ("preflight", collection.fingerprint)
    checked = desk().task(key, lambda: preflight(collection)).wait(1.0)
    page.heading("Before any number", "What would mislead if it were not known; gravest first.")
    if checked.state == "ready":
        anatomy.findings(checked.value)
    elif checked.state == "failed":
        page.callout("stop", "The look for traps failed", checked.error)
    else:
        page.callout("working", "Looking for traps")
        page.poll([key])
