"""Indexes of a collection: which vectors are there, what the rest would cost, and what an approximate index loses."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import streamlit as st

import state
from components import jobs, page
from components.text import escaped, seconds, size
from desk import desk
from retrievarium.data import Collection
from retrievarium.encoders import estimate, has_vectors, load_encoder, passage_vectors, query_vectors
from retrievarium.indexes import make_index, recall_against_exact
from retrievarium.workspace import workspace

KINDS = ("Flat", "HNSW32", "HNSW16", "HNSW64")
_QUERIES = 500
_TOO_MANY = 200_000  # vectors for which a measurement in the server would take too long


def section(collection: Collection) -> None:
    page.heading(
        f"Indexes of {collection.name}",
        "BM25 builds its index by itself in a second or two. A dense index needs vectors first: one for each passage.",
    )
    left, right = st.columns([3, 1.4], vertical_alignment="bottom")
    name = left.text_input(
        "Encoder", value="minilm", key="index-encoder", help="minilm, a sentence-transformers folder, or a hub id."
    ).strip()
    kind = right.selectbox("Index", KINDS, key="index-kind", help="Flat is exact; HNSW32 is a graph with 32 links.")
    if not name:
        return
    known_key = ("has-vectors", collection.fingerprint, name, _stamp())
    known = desk().task(known_key, lambda: has_vectors(collection, name)).wait(1.0)
    if known.state == "failed":
        page.callout("stop", "This encoder cannot be used", known.error)
        return
    if known.state == "working":
        page.callout("working", "Looking at the encoder")
        page.poll([known_key])
        return
    if known.value:
        _measured(collection, name, kind)
    else:
        _build(collection, name, kind)


def _stamp() -> int:
    folder = workspace().root / "artifacts" / "vectors"
    return folder.stat().st_mtime_ns if folder.is_dir() else 0


def _build(collection: Collection, name: str, kind: str) -> None:
    about = {"want": name, "collection": collection.fingerprint}
    job = workspace().jobs.find(**about)
    status = job.status() if job is not None else None
    if status is not None and not status.final:
        page.callout("working", f"{name} is encoding {len(collection.passages):,} passages", "See the sidebar.")
        return
    if status is not None and status.state in ("failed", "died"):
        page.callout("stop", "The last attempt ended with an error", (status.error or "")[-800:])
    key = ("estimate", collection.fingerprint, name)
    task = desk().task(key, lambda: estimate(collection, load_encoder(name)), "load").wait(0.2)
    if task.state == "failed":
        page.callout("stop", "This encoder cannot be used", task.error)
        return
    told = seconds(task.value) if task.state == "ready" else "measuring how long it takes …"
    bytes_ = size(len(collection.passages) * 384 * 4)
    page.callout(
        "note",
        f"{len(collection.passages):,} passages are not encoded with {name} yet",
        f"Time on this machine: {told}. Space: about {bytes_} at 384 dimensions. It runs in a process of its own, "
        "can be stopped, and goes on where it stopped.",
    )
    argv = ["index", "-c", collection.name, "-e", name, "--index", kind, "--queries"]
    st.button(
        "Encode and build",
        type="primary",
        key="index-go",
        on_click=lambda: jobs.start(argv, f"Encode {collection.name} with {name}", **about),
    )
    page.poll([key] if task.state == "working" else [])


def _measured(collection: Collection, name: str, kind: str) -> None:
    page.callout(
        "ok", f"{name} has vectors for all {len(collection.passages):,} passages", "It is a column in Compare."
    )
    kinds = tuple(dict.fromkeys(["Flat", kind]))
    if len(collection.passages) > _TOO_MANY:
        page.note("Too large to measure here: retrievarium index builds and times it.")
        return
    key = ("index", collection.fingerprint, name, kinds)
    task = desk().task(key, lambda: [measure(collection, name, k) for k in kinds], "load").wait(0.2)
    if task.state == "failed":
        page.callout("stop", "The index could not be built", task.error)
    elif task.state == "working":
        page.callout("working", f"Building {' and '.join(kinds)} and asking {_QUERIES} questions of each")
        page.poll([key])
    else:
        rows = "".join(
            f'<tr><td>{escaped(r["index"])}</td><td class="rv-num">{r["vectors"]:,} × {r["dim"]}</td>'
            f'<td class="rv-num">{size(r["bytes"])}</td><td class="rv-num">{r["build"]:.2f} s</td>'
            f'<td class="rv-num">{r["query"]:.2f} ms</td><td class="rv-num">{r["recall"]:.3f}</td></tr>'
            for r in task.value
        )
        st.html(
            '<div class="rv-scroll"><table class="rv-table"><thead><tr><th scope="col">Index</th>'
            '<th class="rv-num" scope="col">vectors</th><th class="rv-num" scope="col">size</th>'
            '<th class="rv-num" scope="col">build</th><th class="rv-num" scope="col">a query</th>'
            '<th class="rv-num" scope="col">of the exact 10, found</th></tr></thead>'
            f"<tbody>{rows}</tbody></table></div>"
        )
        page.note(f"Measured on this machine over {task.value[0]['queries']} questions of the collection.")
        to = state.selection().with_(query="", ask="")
        st.page_link("app_pages/compare.py", label="Compare", icon=":material/view_column:", query_params=to.params())


def measure(collection: Collection, name: str, kind: str) -> dict[str, Any]:
    """Build an index from kept vectors; its size, times, and the share of the exact ten that it finds."""
    encoder = load_encoder(name)
    vectors = passage_vectors(collection, encoder)
    if len(collection.all_queries):
        asked = query_vectors(collection, encoder)[:_QUERIES]
    else:
        asked = vectors[:_QUERIES]
    asked = np.asarray(asked, dtype=np.float32)
    started = time.perf_counter()
    index = make_index(kind, encoder.similarity)
    index.add(collection.passages.ids, vectors)
    index.search(asked[:1], 10)
    built = time.perf_counter() - started
    started = time.perf_counter()
    index.search(asked, 10)
    per_query = (time.perf_counter() - started) / len(asked) * 1000
    exact = make_index("Flat", encoder.similarity)
    exact.add(collection.passages.ids, vectors)
    links = 0 if kind == "Flat" else 2 * int("".join(c for c in kind.split(",")[0] if c.isdigit()) or 32) * 4
    return {
        "index": kind,
        "vectors": len(vectors),
        "dim": int(vectors.shape[1]),
        "bytes": int(vectors.nbytes) if kind == "Flat" else len(vectors) * (vectors.shape[1] * 4 + 4 + links),
        "build": built,
        "query": per_query,
        "recall": float(recall_against_exact(index, exact, asked, 10).mean()),
        "queries": len(asked),
    }
