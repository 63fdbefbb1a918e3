"""`app` and `doctor`."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Annotated, Any

import typer

from retrievarium.cli.doctor import examine
from retrievarium.cli.output import Json, emit
from retrievarium.contracts import InputError
from retrievarium.workspace import app_folder, workspace


def app(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8501,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
    developer: Annotated[bool, typer.Option("--developer", help="Reload on change and show full errors.")] = False,
) -> int:
    """Open the dashboard on this machine (127.0.0.1 only)."""
    try:
        main = app_folder() / "main.py"
    except FileNotFoundError as error:
        raise InputError(str(error)) from error
    options = {
        "server.address": "127.0.0.1",
        "server.port": str(port),
        "server.headless": str(not browser).lower(),
        "server.fileWatcherType": "auto" if developer else "none",
        "client.showErrorDetails": "full" if developer else "none",
        "client.toolbarMode": "developer" if developer else "viewer",
        "browser.gatherUsageStats": "false",
    }
    command = [sys.executable, "-m", "streamlit", "run", str(main)]
    command += [f"--{name}={value}" for name, value in options.items()]
    environment = {**os.environ, "RETRIEVARIUM_WORKSPACE": str(workspace().root)}
    print(f"Retrievarium on http://127.0.0.1:{port}  (workspace {workspace().root}; stop with Ctrl+C)", flush=True)
    try:
        # the theme and the server's limits lie in the app's own .streamlit folder, found from its working folder
        return subprocess.call(command, env=environment, cwd=main.parent)
    except KeyboardInterrupt:
        return 0


def doctor(json: Json = False) -> Any:
    """What works on this machine, and why not."""
    checks = examine(workspace())
    lines = [
        f"{'ok ' if c['ok'] else 'NO '} {c['what']}: {c['found']}" + (f"\n    {c['fix']}" if c["fix"] else "")
        for c in checks
    ]
    return emit(checks, json, lambda: "\n".join(lines))


def register(root: typer.Typer) -> None:
    root.command("app")(app)
    root.command("doctor")(doctor)
