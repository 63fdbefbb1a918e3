"""Vectors with ids, as they were given: nothing is copied, so a memory map stays on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrievarium.contracts import InputError
from retrievarium.indexes.ids import IdList
from retrievarium.workspace import file_hash, read_json, write_json

ROWS = 8192
"""Vectors looked at together: 25 MB as float64 at 384 dimensions."""
METRICS = ("ip", "cosine", "l2")


def seal(folder: Path, about: dict[str, Any], *files: Path) -> None:
    """Write `index.json`: what the index is, and a SHA-256 of each of its files."""
    write_json(folder / "index.json", {**about, "sha256": {p.name: file_hash(p) for p in files}})


def checked(folder: Path) -> dict[str, Any]:
    """What `seal` wrote. Raises InputError if a file is gone or was changed since."""
    if not (folder / "index.json").is_file():
        raise InputError("there is no index here", path=folder, expected="a folder with index.json")
    about = dict(read_json(folder / "index.json"))
    for name, expected in about["sha256"].items():
        path = folder / Path(name).name
        if not path.is_file() or file_hash(path) != expected:
            raise InputError("the index is damaged; it was not read", path=path, fix="build the index again")
    return about


class Store:
    """Rows added in parts; each part float16 or float32 `(m, d)`."""

    def __init__(self) -> None:
        self.known = IdList()
        self.parts: list[NDArray[np.floating]] = []

    def __len__(self) -> int:
        return len(self.known)

    @property
    def ids(self) -> list[str]:
        return self.known.ids

    @property
    def dim(self) -> int | None:
        return int(self.parts[0].shape[1]) if self.parts else None

    def add(self, ids: Sequence[str], vectors: NDArray[np.floating]) -> None:
        """Raises InputError for a shape that does not fit, an id given twice, or a value that is not finite."""
        if vectors.ndim != 2 or len(ids) != len(vectors):
            raise InputError(
                f"{len(ids)} ids and vectors of shape {vectors.shape}", expected="vectors (n, d) for n ids"
            )
        if self.dim not in (None, vectors.shape[1]):
            raise InputError(f"vectors of {vectors.shape[1]} dimensions", expected=f"{self.dim}, as those already here")
        if vectors.dtype not in (np.float16, np.float32):
            vectors = vectors.astype(np.float32)
        for start in range(0, len(vectors), ROWS):
            if not np.isfinite(vectors[start : start + ROWS]).all():
                raise InputError(f"a vector between rows {start} and {start + ROWS} holds a value that is not finite")
        self.known.check(ids)
        if not len(ids):
            return
        self.known.extend(ids)
        self.parts = [*self.parts, vectors]
        self.__dict__.pop("digest", None)

    @property
    def ranks(self) -> NDArray[np.int64]:
        return self.known.ranks

    @property
    def id_array(self) -> NDArray[np.object_]:
        return self.known.array

    @cached_property
    def digest(self) -> str:
        """64 hex digits over ids and vectors, whatever parts they came in; computed once."""
        return self.fresh_digest()

    def fresh_digest(self) -> str:
        """The digest of what is here now: a vector changed in place changes it."""
        digest = hashlib.sha256(json.dumps(self.ids, ensure_ascii=False).encode("utf-8"))
        for _, block in self.blocks(np.float32):
            digest.update(np.ascontiguousarray(block, dtype="<f4").tobytes())
        return digest.hexdigest()

    def blocks(self, dtype: Any = np.float64) -> Iterator[tuple[int, NDArray[Any]]]:
        """First row and vectors `(up to 8192, d)` of each block."""
        first = 0
        for part in self.parts:
            for start in range(0, len(part), ROWS):
                yield first + start, np.asarray(part[start : start + ROWS], dtype=dtype)
            first += len(part)

    def rows(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """float32 `(len(rows), d)`."""
        out = np.empty((len(rows), self.dim or 0), dtype=np.float32)
        first = 0
        for part in self.parts:
            here = (rows >= first) & (rows < first + len(part))
            out[here] = part[rows[here] - first]
            first += len(part)
        return out

    def row_numbers(self, ids: Sequence[str]) -> NDArray[np.int64]:
        return self.known.rows(ids)

    def save(self, folder: Path, about: dict[str, Any], *others: Path) -> None:
        """Write `vectors.npy`, `ids.json` and `index.json`; the last one holds a SHA-256 of each file."""
        folder.mkdir(parents=True, exist_ok=True)
        half = bool(self.parts) and all(p.dtype == np.float16 for p in self.parts)
        dtype = np.float16 if half else np.float32
        path = folder / "vectors.npy"
        if self.parts:
            whole = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=(len(self), self.dim or 0))
            for start, block in self.blocks(dtype):
                whole[start : start + len(block)] = block
            whole.flush()
        else:
            np.save(path, np.empty((0, 0), dtype=dtype), allow_pickle=False)
        write_json(folder / "ids.json", self.ids)
        seal(folder, {**about, "size": len(self), "dim": self.dim}, path, folder / "ids.json", *others)

    @classmethod
    def load(cls, folder: Path) -> tuple[Store, dict[str, Any]]:
        """The saved store, its vectors memory-mapped, and what `save` was told. Raises InputError if a file changed."""
        about = checked(folder)
        store = cls()
        vectors = np.load(folder / "vectors.npy", mmap_mode="r" if about["size"] else None, allow_pickle=False)
        store.add(read_json(folder / "ids.json"), vectors)
        return store, about
