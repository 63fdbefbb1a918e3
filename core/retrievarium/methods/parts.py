"""A model of several parts, such as an encoder and a writer, in one folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


class Parts:
    """An encoder and what else a method needs beside it.

    It is the encoder to everybody who asks for one: whatever it does not have itself is the encoder's. Its folder is
    the encoder's, loadable as such, with a folder for each part inside.
    """

    def __init__(self, encoder: Any, **parts: Any) -> None:
        self.encoder, self.parts = encoder, parts

    def __repr__(self) -> str:
        return f"Parts({self.encoder!r}, {', '.join(self.parts)})"

    def __getattr__(self, name: str) -> Any:
        if name in ("encoder", "parts"):  # not set yet
            raise AttributeError(name)
        return self.parts[name] if name in self.parts else getattr(self.encoder, name)

    def save(self, folder: str | Path) -> Path:
        """Write the encoder, and each part into a folder of its name."""
        folder = Path(folder)
        self.encoder.save(folder)
        for name, part in self.parts.items():
            part.save(folder / name)
        return folder

    @staticmethod
    def loader(**load: Callable[[Path], Any]) -> Callable[[Path, str | None], Any]:
        """`load(folder, device)` for `method`: the encoder, and each part by its own `load(folder / name)`."""

        def read(folder: Path, device: str | None = None) -> Parts:
            from retrievarium.encoders import load_encoder

            parts = {name: one(Path(folder) / name) for name, one in load.items()}
            for part in parts.values():
                part.to(device or "cpu")
            return Parts(load_encoder(folder, device=device), **parts)

        return read
