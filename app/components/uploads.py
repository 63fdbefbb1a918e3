"""Files a person uploads: kept under a size, written to a private folder, and never trusted."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import streamlit as st

import sources
import state
from components import page
from retrievarium.contracts import RetrievariumError
from retrievarium.data import Collection

LARGEST_MB = 50
_TAME = re.compile(r"[^A-Za-z0-9._-]+")


def tame(name: str) -> str:
    """A file name without folders or odd characters."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return _TAME.sub("-", last).strip(".-")[:80] or "upload"


@contextmanager
def on_disk(upload: Any) -> Iterator[Path]:
    """The uploaded file in a folder of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="retrievarium-") as folder:
        path = Path(folder) / tame(upload.name)
        path.write_bytes(upload.getvalue())
        yield path


def run_form(collection: Collection) -> None:
    """Another system's results as a column: a TREC run, checked before it is kept."""
    panel = st.expander(
        "Add an imported run as a column", icon=":material/upload_file:", on_change="rerun", key="run-form"
    )
    if not panel.open:
        return
    with panel:
        page.note("A TREC run file over this collection: six columns, qid Q0 docid rank score tag.")
        upload = st.file_uploader(
            "TREC run", type=["trec", "run", "txt", "tsv", "res"], key="run-file", max_upload_size=LARGEST_MB
        )
        if upload is None:
            return
        with on_disk(upload) as path:
            try:
                checked = sources.check_run(path, collection)
            except RetrievariumError as error:
                page.callout("stop", "This run was not taken", str(error).replace(str(path), path.name))
                return
        told = f"{checked.queries_known:,} queries of {collection.name}"
        if checked.queries_unknown:
            told += f"; {checked.queries_unknown:,} others left out"
        if checked.results_dropped:
            told += f"; {checked.results_dropped:,} results left out, whose passages are not in the collection"
        page.callout("ok" if not checked.results_dropped else "warning", "The file is a run", told + ".")
        name = st.text_input("Name of the column", value=tame(upload.name).rsplit(".", 1)[0], key="run-name")
        full = len(st.session_state.get("r") or ()) >= state.MOST_COLUMNS
        st.button(
            "Add the column",
            type="primary",
            key="run-add",
            on_click=_add,
            args=(checked, name, collection),
            disabled=full,
            help="Six columns are shown; take one away first." if full else None,
        )
        if fault := st.session_state.pop("run-fault", ""):
            page.callout("stop", "The column was not added", fault)


def _add(checked: sources.Checked, name: str, collection: Collection) -> None:
    try:
        state.add_retriever(sources.keep_run(checked, name.strip(), collection))
    except RetrievariumError as error:
        st.session_state["run-fault"] = str(error)
