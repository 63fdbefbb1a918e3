"""`app` and `doctor`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
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
        "runner.postScriptGC": "false",  # collecting after each look of a waiting page starves what it waits for
        "client.showErrorDetails": "full" if developer else "none",
        "client.toolbarMode": "developer" if developer else "viewer",
        "browser.gatherUsageStats": "false",
    }
    command = [sys.executable, "-m", "streamlit", "run", str(main)]
    command += [f"--{name}={value}" for name, value in options.items()]
    environment = {**os.environ, "RETRIEVARIUM_WORKSPACE": str(workspace().root)}
    print(f"Retrievarium on http://127.0.0.1:{port}  (workspace {workspace().root}; stop with Ctrl+C)", flush=True)
    # the theme and the server's limits lie in the app's own .streamlit folder, found from its working folder
    return _serve(command, environment, main.parent)


def _serve(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> int:
    """Run the server until it ends; whoever stops this process stops the server too."""
    server = subprocess.Popen(command, env=dict(environment), cwd=folder)
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    try:
        server.wait()
    except KeyboardInterrupt:  # Ctrl+C reached the server as well
        server.wait()
    return 0 if server.returncode in (0, -signal.SIGTERM, -signal.SIGINT) else 1


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
