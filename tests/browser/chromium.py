"""Find a Chrome or Chromium for the browser tests, or get one; prints its path.

In this order: RETRIEVARIUM_CHROMIUM, one on the PATH, one that Playwright already has, the system's package manager
where we are root, Playwright's own download. Says plainly when there is none and none can be had.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        path = p.chromium.executable_path
    return path if Path(path).is_file() else None


def find() -> str | None:
    """Path of a browser that is already here, or None."""
    given = os.environ.get("RETRIEVARIUM_CHROMIUM")
    if given:
        return given if Path(given).is_file() else None
    on_path = next((p for n in NAMES if (p := shutil.which(n))), None)
    return on_path or (MAC if Path(MAC).is_file() else None) or _playwrights_own()


def _try(*command: str, timeout: int) -> None:
    try:
        subprocess.run(command, check=True, stdout=sys.stderr, stderr=sys.stderr, timeout=timeout)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"could not get a browser with {command[0]}: {error}", file=sys.stderr)


def get() -> str | None:
    """Path of a browser, installed if need be and possible."""
    if found := find():
        return found
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        _try("apt-get", "update", "-qq", timeout=300)
        _try("apt-get", "install", "-y", "-qq", "chromium", timeout=600)
        if found := find():
            return found
    _try(sys.executable, "-m", "playwright", "install", "chromium", timeout=600)
    return find()


if __name__ == "__main__":
    path = get()
    if path is None:
        print(
            "no Chrome or Chromium was found and none could be installed; install one and put it on the PATH, "
            "or name it in RETRIEVARIUM_CHROMIUM. Browser tests are skipped"
            + (" and that fails here." if os.environ.get("RETRIEVARIUM_BROWSER_TESTS") == "required" else "."),
            file=sys.stderr,
        )
    print(path or "")
