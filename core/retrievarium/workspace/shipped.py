"""Where the data and the app that we ship lie: in a checkout beside `core/`, in a wheel inside the packages."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_CHECKOUT = _PACKAGE.parents[1]


def shipped(*parts: str) -> Path:
    """Path below the bundled `sample_data` folder (it may not exist)."""
    inside = _PACKAGE / "sample_data"
    return (inside if inside.is_dir() else _CHECKOUT / "sample_data").joinpath(*parts)


def app_folder() -> Path:
    """Folder that holds the dashboard's `main.py`. Raises FileNotFoundError where it was not installed."""
    spec = importlib.util.find_spec("retrievarium_app")
    installed = [Path(p) for p in (spec.submodule_search_locations or [])] if spec else []
    for folder in [_CHECKOUT / "app", *installed]:  # an editable install carries a copy that goes stale
        if (folder / "main.py").is_file():
            return folder
    raise FileNotFoundError("the dashboard is not installed; install the retrievarium package from its wheel")
