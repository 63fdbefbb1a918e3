"""Which formats there are, and which one a path is in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from retrievarium.contracts import InputError
from retrievarium.data.formats import beir
from retrievarium.data.formats.draft import Draft
from retrievarium.data.formats.reading import Reader


@dataclass(frozen=True)
class Format:
    """A format: how to recognise it, which files it reads, and how it fills a draft."""

    name: str
    title: str
    sniff: Callable[[Path], str | None]
    files: Callable[[Any], list[Path]]
    read: Callable[[Any, Draft, Reader, Mapping[str, Any]], None]


def _format(name: str, title: str, module: ModuleType, suffix: str = "") -> Format:
    return Format(
        name,
        title,
        getattr(module, f"sniff{suffix}"),
        getattr(module, f"files{suffix}", module.files),
        getattr(module, f"read{suffix}"),
    )


FORMATS: tuple[Format, ...] = (_format("beir", "BEIR folder", beir),)


def choose(path: str, format: str | None) -> tuple[Format, Path | str]:
    """The format named, or the first that recognises the path. Raises InputError listing what was tried and why not."""
    by_name = {f.name: f for f in FORMATS}
    if format is not None and format not in by_name:
        raise InputError(f"there is no format {format!r}", field="format", expected=f"one of {sorted(by_name)}")
    source = Path(path).expanduser()
    if not source.exists():
        raise InputError("there is no such file or folder", path=path, fix="check the path")
    if format is not None:
        return by_name[format], source
    reasons = []
    for candidate in FORMATS:
        why_not = candidate.sniff(source)
        if why_not is None:
            return candidate, source
        reasons.append(f"{candidate.name}: {why_not}")
    raise InputError(
        "the format was not recognised. Tried " + "; ".join(reasons),
        path=path,
        expected=", ".join(f.title for f in FORMATS),
        fix="name the format (--format) or map the columns of a table file",
    )
