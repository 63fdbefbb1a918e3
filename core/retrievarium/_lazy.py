"""Names that load their module on first use (PEP 562), so that nothing heavy is imported early."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any


class _Package(ModuleType):
    """A package whose public names win over submodules of the same name.

    Importing `package.build` makes Python set the attribute `build` of the package to that module, and the public
    function `build` would be gone. Here it is not set; the submodule is still found by its full name.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (isinstance(value, ModuleType) and name in vars(self).get("__all__", ())):
            super().__setattr__(name, value)


def lazy(
    package: str, names: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return `(__getattr__, __dir__, __all__)` for `package`, where `names` maps a module to its public names."""
    home = {name: module for module, public in names.items() for name in public}

    def __getattr__(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(home[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    sys.modules[package].__class__ = _Package
    return __getattr__, lambda: sorted([*vars(sys.modules[package]), *home]), sorted(home)
