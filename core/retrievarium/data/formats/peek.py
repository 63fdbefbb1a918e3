"""A first look at files: their beginning, their first record, the split their name tells."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any

PEEK = 65_536
_SPLITS = {"train": "train", "dev": "dev", "valid": "dev", "validation": "dev", "val": "dev", "test": "test"}


@lru_cache(maxsize=256)
def _head(path: str, stamp: int) -> str:
    try:
        with open(path, "rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            data = gzip.GzipFile(fileobj=raw).read1(PEEK) if packed else raw.read(PEEK)
    except (OSError, EOFError, zlib.error):
        return ""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return data.decode(encoding, errors="replace")


def head_of(path: Path) -> str:
    """The first 64 KiB of a file as text, unpacked, replacement characters where it is none; "" where unreadable."""
    return _head(str(path), path.stat().st_mtime_ns) if path.is_file() else ""


def first_record(path: Path) -> dict[str, Any] | None:
    """The first line as a JSON object, or None. A line longer than the look is None too."""
    line = next((t for t in head_of(path).split("\n") if t.strip()), "")
    if not line.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def first_keys(path: Path) -> set[str]:
    """Keys of the first record of a JSON-lines file; empty where it is none."""
    return set(first_record(path) or {})


def listed(path: Path, *endings: str) -> list[Path]:
    """The file itself, or a folder's files (not below it), whose name ends so, perhaps with .gz, in order."""
    found = [path] if path.is_file() else sorted(p for p in path.glob("*") if p.is_file())
    return [p for p in found if not p.name.startswith(".") and bare(p).endswith(endings)]


def json_files(path: Path) -> list[Path]:
    return listed(path, ".json")


def bare(path: Path) -> str:
    """The file's name in lower case without .gz."""
    return path.name.lower().removesuffix(".gz")


def split_of(path: Path, otherwise: str) -> str:
    """train, dev or test where the file's or folder's name says so."""
    for name in (bare(path), path.parent.name.lower()):
        words = re.split(r"[^a-z]+", name)
        if found := next((_SPLITS[w] for w in words if w in _SPLITS), None):
            return found
    return otherwise
