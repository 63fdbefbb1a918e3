"""Encoding a collection's passages into weights or several vectors, in blocks that survive a kill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from retrievarium.contracts import Progress
from retrievarium.data.views import join_text
from retrievarium.encoders.multi import MultiVectors
from retrievarium.encoders.vectors import BLOCK, vectors_key
from retrievarium.workspace import atomic_write

if TYPE_CHECKING:
    from retrievarium.data import Collection


def passages_key(collection: Collection, encoder: Any) -> dict[str, Any]:
    """Everything that the encoded passages depend on."""
    return {**vectors_key(encoder, "passages", collection.text_fingerprint), "kind": encoder.kind}


def encoded_passages(
    collection: Collection, encoder: Any, scratch: Path, progress: Progress | None = None
) -> Iterator[tuple[list[str], Any]]:
    """Ids and what the encoder makes of them (CSR or `MultiVectors`), 512 passages at a time.

    Each block is kept in `scratch` as it is finished; a run that was killed goes on after the last one.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    table = collection.passages.table.select(["id", "title", "text"])
    n = table.num_rows
    for start in range(0, n, BLOCK):
        rows = table.slice(start, BLOCK).to_pylist()
        path = scratch / f"{start:09d}.npz"
        if not path.is_file():

            def within(done: int, total: int, what: str, metrics: Any, start: int = start) -> None:
                if progress is not None:
                    progress(start + done, n, what, metrics)

            block = encoder.encode_passages([join_text(r["title"], r["text"]) for r in rows], progress=within)
            with atomic_write(path) as temporary, temporary.open("wb") as out:
                np.savez(out, **_arrays(block))
        with np.load(path, allow_pickle=False) as kept:
            yield [r["id"] for r in rows], _block(dict(kept))


def _arrays(block: Any) -> dict[str, Any]:
    if isinstance(block, MultiVectors):
        return {"values": block.values, "offsets": block.offsets}
    return {"data": block.data, "indices": block.indices, "indptr": block.indptr, "shape": np.array(block.shape)}


def _block(arrays: dict[str, Any]) -> Any:
    if "values" in arrays:
        return MultiVectors(arrays["values"], arrays["offsets"])
    from scipy.sparse import csr_matrix

    return csr_matrix((arrays["data"], arrays["indices"], arrays["indptr"]), shape=tuple(arrays["shape"].tolist()))
