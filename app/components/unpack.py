"""Uploaded archives, unpacked without trust: no path out of the folder, no links, no bomb."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO

from retrievarium.contracts import InputError

MOST_FILES = 200
LARGEST = 600 * 2**20  # bytes after unpacking, all files together
STEEPEST = 300  # unpacked bytes for each packed one, above the first megabyte
_WANTED = (".jsonl", ".json", ".tsv", ".csv", ".txt", ".xml", ".sgml", ".trec", ".qrels", ".topics", ".parquet", ".gz")
_BLOCK = 1 << 20


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack what may belong to a collection into `folder`; returns the folder that holds it.

    Raises InputError for an archive that names a path outside, holds a link, is encrypted or damaged, or unpacks to
    more than 600 MB. What an archive says about its sizes is not believed: bytes are counted as they come.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            _check(opened, archive.name)
            left = LARGEST
            for member in opened.infolist():
                if member.is_dir() or not _belongs(member.filename):
                    continue
                target = _inside(folder, member.filename, archive.name)
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(member) as source, target.open("wb") as out:
                    left -= _copy(source.read, out, min(left, _allowed(member)), archive.name)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise InputError(
            f"the archive cannot be read: {error}", path=archive.name, expected="a plain zip file"
        ) from error
    return _heart(folder, archive.name)


def _belongs(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    hidden = any(p.startswith(".") or p == "__MACOSX" for p in path.parts if p not in ("..", "."))
    return not hidden and path.suffix.lower() in _WANTED


def _check(opened: zipfile.ZipFile, name: str) -> None:
    members = opened.infolist()
    if len(members) > MOST_FILES:
        raise InputError(f"the archive holds {len(members):,} files", path=name, expected=f"at most {MOST_FILES}")
    for member in members:
        if stat.S_ISLNK(member.external_attr >> 16):
            raise InputError("the archive holds a link", path=name, field=member.filename, expected="plain files")
        if member.flag_bits & 1:
            raise InputError("the archive is encrypted", path=name, fix="pack it without a password")


def _inside(folder: Path, member: str, name: str) -> Path:
    """The member's place below `folder`. Raises InputError for one that would lie elsewhere."""
    parts = PurePosixPath(member.replace("\\", "/"))
    target = (folder / parts).resolve()
    odd = parts.is_absolute() or ".." in parts.parts or ":" in member or "\0" in member
    if odd or not target.is_relative_to(folder.resolve()):
        raise InputError("the archive names a path outside of itself", path=name, field=member, expected="plain names")
    return target


def _allowed(member: zipfile.ZipInfo) -> int:
    return max(_BLOCK, STEEPEST * member.compress_size)


def _copy(read: Callable[[int], bytes], out: IO[bytes], most: int, name: str) -> int:
    written = 0
    while block := read(_BLOCK):
        written += len(block)
        if written > most:
            raise InputError(
                "the archive unpacks to far more than its size suggests",
                path=name,
                expected=f"at most {LARGEST // 2**20} MB in all",
                fix="import it from a folder on this machine",
            )
        out.write(block)
    return written


def _heart(folder: Path, name: str) -> Path:
    """The folder that holds the files: the first from the top that has more than one entry, or a file."""
    here = folder
    while True:
        entries = sorted(here.iterdir())
        if not entries:
            raise InputError(
                "the archive holds no file of a known kind", path=name, expected=f"files ending in {', '.join(_WANTED)}"
            )
        if len(entries) > 1 or entries[0].is_file():
            return here
        here = entries[0]
