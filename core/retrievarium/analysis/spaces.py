"""The space a retriever searches, made ready for a map: passages and queries in one metric."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrievarium.analysis.neighbours import ready
from retrievarium.contracts import Encoder, InputError, Progress
from retrievarium.workspace import Workspace, workspace

if TYPE_CHECKING:
    from retrievarium.data import Collection


@dataclass(frozen=True)
class Vectors:
    """A collection in one encoder's space.

    passages: `(n, d)`, one row a passage of the collection; queries: `(m, d)`, one a query of its default split.
    similarity: what the encoder's card says, "cosine" or "dot".
    """

    encoder: str
    fingerprint: str
    similarity: str
    passages: NDArray[np.floating]
    queries: NDArray[np.floating]


@dataclass(frozen=True)
class JointSpace:
    """Passages and queries in one space with one distance.

    vectors: `(n + m, d')`, passages first; metric: "cosine" or "euclidean"; n: how many are passages.
    """

    vectors: NDArray[np.float32]
    metric: str
    n: int

    @property
    def passages(self) -> NDArray[np.float32]:
        return self.vectors[: self.n]

    @property
    def queries(self) -> NDArray[np.float32]:
        return self.vectors[self.n :]


def joint_space(passages: NDArray, queries: NDArray, similarity: str) -> JointSpace:
    """`passages (n, d)` and `queries (m, d)` under the retriever's own similarity.

    cosine: unit vectors. dot: an inner product is no distance, so passages get one more coordinate that brings them to
    one length and queries a zero (`indexes.lift`); then the nearest passages of a query, by Euclidean distance, are
    exactly those with the largest inner product. Queries are scaled to the passages' length, which changes no list.

    Raises InputError for another similarity: a map's metric is never guessed.
    """
    if similarity == "cosine":
        both = np.concatenate([ready(passages, "cosine"), _some(queries, "cosine", passages.shape[1])])
        return JointSpace(both, "cosine", len(passages))
    if similarity == "dot":
        from retrievarium.indexes import lift_passages, lift_queries

        lifted, phi = lift_passages(passages)
        asked = _some(queries, "cosine", passages.shape[1]) * np.float32(np.sqrt(phi))
        return JointSpace(np.concatenate([lifted, lift_queries(asked)]), "euclidean", len(passages))
    raise InputError(
        f"a retriever that compares by {similarity!r} has no map yet", field="similarity", expected='"cosine" or "dot"'
    )


def _some(queries: NDArray, metric: str, dims: int) -> NDArray[np.float32]:
    return ready(queries, metric) if len(queries) else np.empty((0, dims), dtype=np.float32)


def kept_vectors(collection: Collection, encoder: str | Path, ws: Workspace | None = None) -> Vectors | None:
    """The vectors that came with the collection or were encoded before; None where there are none. Loads no torch."""
    from retrievarium.encoders.bundled import find_bundled, texts_hash
    from retrievarium.encoders.fingerprints import folder_fingerprint
    from retrievarium.encoders.loading import resolve
    from retrievarium.workspace import read_json, shipped

    name, folder = resolve(encoder)
    fingerprint = folder_fingerprint(folder)
    queries = collection.queries
    texts = {
        "passages": collection.text_fingerprint,
        "queries": texts_hash(queries.ids, queries.texts),
    }
    found: dict[str, NDArray[np.floating]] = {}
    similarity = ""
    for side, hashed in texts.items():
        rows = find_bundled(collection.name, name, fingerprint, side, hashed)
        if rows is not None:
            similarity = read_json(shipped(collection.name, "vectors", f"{name}.{side}.json"))["similarity"]
            found[side] = rows
            continue
        for artifact in (ws or workspace()).list("vectors"):
            key = artifact.key
            if (key.get("encoder"), key.get("side"), key.get("texts")) == (fingerprint, side, hashed):
                found[side] = np.load(artifact.path / "vectors.npy", mmap_mode="r", allow_pickle=False)
                similarity = str(key["similarity"])
                break
    if "passages" not in found:
        return None
    if "queries" not in found:
        if len(queries):
            return None
        found["queries"] = np.empty((0, found["passages"].shape[1]), dtype=np.float32)
    return Vectors(name, fingerprint, similarity, found["passages"], found["queries"])


def collection_vectors(
    collection: Collection, encoder: Encoder, ws: Workspace | None = None, progress: Progress | None = None
) -> Vectors:
    """The same, encoded now where they are not at hand."""
    from retrievarium.encoders import passage_vectors, query_vectors

    passages = passage_vectors(collection, encoder, ws, progress)
    if len(collection.queries):
        queries = query_vectors(collection, encoder, ws=ws, progress=progress, keep=True)
    else:
        queries = np.empty((0, passages.shape[1]), dtype=np.float32)
    return Vectors(encoder.name, encoder.fingerprint, encoder.similarity, passages, queries)
