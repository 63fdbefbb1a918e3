"""What an encoder is made of, as a hash: weights, configuration, tokenizer and prompts. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retrievarium.contracts import InputError
from retrievarium.workspace import content_hash, file_hash

_PARTS = ("*.json", "*.safetensors", "*.txt", "*.model")
_ASIDE = ("data_config.json",)  # lists training data; no vector depends on it
_known: dict[tuple[str, int, int], str] = {}


def weights_hash(path: Path) -> str:
    """SHA-256 of a file; read again only when its size or its time of change differs."""
    path = path.resolve()
    stat = path.stat()
    key = (str(path), stat.st_size, stat.st_mtime_ns)
    if key not in _known:
        _known[key] = file_hash(path)
    return _known[key]


def model_files(folder: Path) -> dict[str, Path]:
    """The files of a model folder that its vectors depend on, by their path inside the folder."""
    found = {p for pattern in _PARTS for p in folder.rglob(pattern) if p.is_file() and p.name not in _ASIDE}
    inside = {p.relative_to(folder).as_posix(): p for p in found}
    return {name: inside[name] for name in sorted(inside) if not any(part[0] == "." for part in Path(name).parts)}


def folder_fingerprint(folder: Path, settings: Mapping[str, Any] | None = None) -> str:
    """16 hex digits over every model file in `folder` and over `settings` that also change vectors."""
    files = model_files(folder)
    if not files:
        raise InputError("there is no model here", path=folder, expected="a sentence-transformers folder")
    return content_hash({"files": {name: weights_hash(p) for name, p in files.items()}, **(settings or {})})


def tokenizer_text(tokenizer: Any) -> str:
    """A fast tokenizer as JSON, without the cut and the padding of its last call, which it would remember."""
    from tokenizers import Tokenizer

    plain = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    plain.no_truncation()
    plain.no_padding()
    return plain.to_str()
