"""Vectors that ship with a collection: `sample_data/<collection>/vectors/<encoder>.<side>.npy`, float16, and a sidecar.

    minilm.passages.npy    (n, dim) float16
    minilm.passages.json   what they were made from, and the file's SHA-256

They are used only when text, ids and encoder are the ones asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError
from retrievarium.encoders.fingerprints import weights_hash
from retrievarium.workspace import atomic_write, content_hash, read_json, shipped, write_json

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def texts_hash(ids: Sequence[str], texts: Sequence[str]) -> str:
    """16 hex digits over aligned ids and texts."""
    return content_hash([list(ids), list(texts)])


def find_bundled(
    collection: str, encoder: str, fingerprint: str, side: str, texts: str, root: Path | None = None
) -> NDArray[np.float16] | None:
    """The bundled vectors `(n, dim)`, memory-mapped, or None where there are none for this text and this encoder.

    Raises InputError when the file is not the one the sidecar was written for.
    """
    if not (_NAME.fullmatch(collection) and _NAME.fullmatch(encoder)):
        return None
    folder = shipped(collection, "vectors") if root is None else root
    sidecar = folder / f"{encoder}.{side}.json"
    if not sidecar.is_file():
        return None
    about = read_json(sidecar)
    if about["encoder"] != fingerprint or about["texts"] != texts:
        return None
    path = folder / f"{encoder}.{side}.npy"
    if weights_hash(path) != about["sha256"]:
        raise InputError("the bundled vectors are damaged", path=path, fix="reinstall the package")
    return np.load(path, mmap_mode="r", allow_pickle=False)


def write_bundled(
    folder: Path, encoder: str, side: str, vectors: NDArray[np.float32], about: Mapping[str, Any]
) -> Path:
    """Write `vectors` as float16 with their sidecar; returns the path of the vectors."""
    path = folder / f"{encoder}.{side}.npy"
    with atomic_write(path) as temporary, temporary.open("wb") as out:
        np.save(out, vectors.astype(np.float16), allow_pickle=False)
    write_json(folder / f"{encoder}.{side}.json", {**about, "rows": len(vectors), "sha256": weights_hash(path)})
    return path
