"""A collection's vectors: bundled with it, kept in the workspace, or encoded now in blocks that survive a kill."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import Encoder, Progress, QueryBatch, as_queries
from retrievarium.data.views import join_text
from retrievarium.encoders.bundled import find_bundled, texts_hash, write_bundled
from retrievarium.workspace import Workspace, atomic_write, content_hash, workspace

if TYPE_CHECKING:
    from retrievarium.data import Collection

Side = Literal["passages", "queries"]
BLOCK = 512
"""Texts encoded between two saves: what a killed run loses at most."""
_SAMPLE = 24


def _versions() -> dict[str, str]:
    return {p: metadata.version(p) for p in ("torch", "transformers", "sentence-transformers")}


def vectors_key(encoder: Encoder, side: Side, texts: str) -> dict[str, Any]:
    """Everything the vectors depend on, kept beside them."""
    return {
        "encoder": encoder.fingerprint,
        "encoder_name": encoder.name,
        "side": side,
        "texts": texts,
        "unit": "passage",
        "text_join": "{title} {text}" if side == "passages" else "{text}",
        "max_length": encoder.max_length,
        "normalised": encoder.similarity == "cosine",
        "similarity": encoder.similarity,
        "versions": _versions(),
    }


@dataclass(frozen=True)
class _Known:
    """The default split's queries of a collection, hashed once."""

    batch: QueryBatch
    texts: str
    row_of: dict[str, int]  # by text


_known: WeakKeyDictionary[Collection, _Known] = WeakKeyDictionary()


def _default_queries(collection: Collection) -> _Known:
    if collection not in _known:
        batch = as_queries(collection.queries)
        rows = {text: row for row, text in enumerate(batch.texts)}
        _known[collection] = _Known(batch, texts_hash(batch.ids, batch.texts), rows)
    return _known[collection]


def passage_vectors(
    collection: Collection, encoder: Encoder, ws: Workspace | None = None, progress: Progress | None = None
) -> NDArray[np.floating]:
    """One row a passage, in the collection's order: `(n, dim)`, memory-mapped, float32 (bundled ones float16).

    Bundled vectors are taken when their texts and encoder are the ones asked for; then the workspace's; else the
    passages are encoded and kept. A run that is stopped or killed goes on from its last block of 512.
    """
    found = find_bundled(collection.name, encoder.name, encoder.fingerprint, "passages", collection.text_fingerprint)
    if found is not None:
        return found
    key = vectors_key(encoder, "passages", collection.text_fingerprint)
    table = collection.passages.table.select(["title", "text"])

    def joined(start: int) -> list[str]:  # a block at a time: the whole text never stands in memory
        rows = table.slice(start, BLOCK).to_pylist()
        return [join_text(r["title"], r["text"]) for r in rows]

    return _kept(ws, key, encoder.encode_passages, joined, table.num_rows, encoder.dim, progress)


def query_vectors(
    collection: Collection,
    encoder: Encoder,
    queries: Any = None,
    ws: Workspace | None = None,
    progress: Progress | None = None,
    keep: bool | None = None,
) -> NDArray[np.floating]:
    """One row a query, `(n, dim)`: of the default split, or of `queries` (whatever `as_queries` accepts).

    The default split's vectors are bundled or kept like passages'; a text among them is not encoded again when it is
    asked for alone. Other queries are encoded now and, unless `keep` is true, not kept.
    """
    known = _default_queries(collection)
    batch = known.batch if queries is None else as_queries(queries)
    whole = batch == known.batch
    if whole or keep:
        texts = known.texts if whole else texts_hash(batch.ids, batch.texts)
        found = find_bundled(collection.name, encoder.name, encoder.fingerprint, "queries", texts)
        if found is not None:
            return found
        if keep is not False:
            key = vectors_key(encoder, "queries", texts)

            def block(start: int) -> Sequence[str]:
                return batch.texts[start : start + BLOCK]

            return _kept(ws, key, encoder.encode_queries, block, len(batch), encoder.dim, progress)
    rows = np.array([known.row_of.get(text, -1) for text in batch.texts], dtype=np.int64)
    kept = _find_queries(collection, encoder, known.texts, ws) if (rows >= 0).any() else None
    if kept is None:
        return encoder.encode_queries(batch.texts, progress=progress)
    vectors = np.empty((len(batch), encoder.dim), dtype=np.float32)
    vectors[rows >= 0] = kept[rows[rows >= 0]]
    new = np.flatnonzero(rows < 0)
    if len(new):
        vectors[new] = encoder.encode_queries([batch.texts[i] for i in new], progress=progress)
    return vectors


def _find_queries(
    collection: Collection, encoder: Encoder, texts: str, ws: Workspace | None
) -> NDArray[np.floating] | None:
    found = find_bundled(collection.name, encoder.name, encoder.fingerprint, "queries", texts)
    if found is not None:
        return found
    artifact = (ws or workspace()).artifact("vectors", vectors_key(encoder, "queries", texts))
    return np.load(artifact.path / "vectors.npy", mmap_mode="r", allow_pickle=False) if artifact.exists else None


def _kept(
    ws: Workspace | None,
    key: dict[str, Any],
    encode: Callable[..., NDArray[np.float32]],
    texts: Callable[[int], Sequence[str]],
    n: int,
    dim: int,
    progress: Progress | None,
) -> NDArray[np.float32]:
    ws = ws or workspace()

    def make(folder: Path) -> None:
        blocks = _encode_blocks(ws.scratch("vectors", key), encode, texts, n, progress)
        whole = np.lib.format.open_memmap(folder / "vectors.npy", mode="w+", dtype=np.float32, shape=(n, dim))
        for start, path in zip(range(0, n, BLOCK), blocks, strict=True):
            whole[start : start + BLOCK] = np.load(path, allow_pickle=False)
        whole.flush()

    folder = ws.build("vectors", key, make)
    return np.load(folder / "vectors.npy", mmap_mode="r" if n else None, allow_pickle=False)


def _encode_blocks(
    scratch: Path,
    encode: Callable[..., NDArray[np.float32]],
    texts: Callable[[int], Sequence[str]],
    n: int,
    progress: Progress | None,
) -> list[Path]:
    """Files with 512 rows each; those that a killed run left are kept."""
    scratch.mkdir(parents=True, exist_ok=True)
    paths = []
    for start in range(0, n, BLOCK):
        path = scratch / f"{start:09d}.npy"
        paths.append(path)
        if path.is_file():
            continue

        def within(done: int, total: int, what: str, metrics: Any, start: int = start) -> None:
            if progress is not None:
                progress(start + done, n, what, metrics)

        rows = encode(texts(start), progress=within)
        with atomic_write(path) as temporary, temporary.open("wb") as out:
            np.save(out, rows, allow_pickle=False)
    return paths


def has_vectors(collection: Collection, encoder: Encoder | str, ws: Workspace | None = None) -> bool:
    """Whether `passage_vectors` would answer at once. An encoder's name or folder is enough; nothing heavy loads."""
    if isinstance(encoder, str):
        from retrievarium.encoders.fingerprints import folder_fingerprint
        from retrievarium.encoders.loading import resolve

        name, folder = resolve(encoder)
        fingerprint = folder_fingerprint(folder)
    else:
        name, fingerprint = encoder.name, encoder.fingerprint
    if find_bundled(collection.name, name, fingerprint, "passages", collection.text_fingerprint) is not None:
        return True
    wanted = {
        "encoder": fingerprint,
        "encoder_name": name,
        "side": "passages",
        "texts": collection.text_fingerprint,
        "versions": _versions(),
    }
    kept = (ws or workspace()).list("vectors")
    return any(all(a.key.get(k) == v for k, v in wanted.items()) for a in kept)


def estimate(collection: Collection, encoder: Encoder) -> float:
    """Seconds that encoding the passages will take here, from a timed sample spread over the collection."""
    passages = collection.passages
    n = len(passages)
    rows = sorted({i * n // _SAMPLE for i in range(_SAMPLE)})
    table = passages.table.select(["title", "text"]).take(rows)
    texts = [join_text(r["title"], r["text"]) for r in table.to_pylist()]
    encoder.encode_passages(texts[:1])  # the first call pays for what is loaded late
    start = time.perf_counter()
    encoder.encode_passages(texts)
    return (time.perf_counter() - start) / len(texts) * n


def bundle_vectors(
    collection: Collection, encoder: Encoder, folder: str | Path, queries: bool = True, progress: Progress | None = None
) -> list[Path]:
    """Write float16 vectors of the passages (and of the default split's queries) into `folder`, each with a sidecar.

    `folder` is the collection's `vectors` folder. Both are encoded afresh.
    """
    folder = Path(folder)
    about = {k: v for k, v in vectors_key(encoder, "passages", "").items() if k not in ("side", "texts", "text_join")}
    texts = collection.passages.joined
    written = [
        write_bundled(
            folder,
            encoder.name,
            "passages",
            encoder.encode_passages(texts, progress=progress),
            {**about, "texts": collection.text_fingerprint, "ids": content_hash(list(collection.passages.ids))},
        )
    ]
    known = _default_queries(collection)
    if queries and len(known.batch):
        vectors = encoder.encode_queries(known.batch.texts, progress=progress)
        ids = content_hash(list(known.batch.ids))
        written.append(
            write_bundled(folder, encoder.name, "queries", vectors, {**about, "texts": known.texts, "ids": ids})
        )
    return written
