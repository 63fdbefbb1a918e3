"""Several commands at a time, each in a process of its own."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from retrievarium.contracts import InputError, Progress

_POLL_SECONDS = 0.5


def run_processes(
    commands: Sequence[Sequence[str]], environment: Mapping[str, str], workers: int, progress: Progress, what: str
) -> None:
    """Run commands, `workers` at a time. Raises InputError with the last lines of the first that fails."""
    waiting, done = list(enumerate(commands)), 0
    running: dict[int, subprocess.Popen[bytes]] = {}
    with tempfile.TemporaryDirectory() as folder:
        logs = [Path(folder) / f"{i}.txt" for i in range(len(commands))]
        try:
            while waiting or running:
                while waiting and len(running) < workers:
                    at, command = waiting.pop(0)
                    with logs[at].open("wb") as log:
                        running[at] = subprocess.Popen(command, env=dict(environment), stdout=log, stderr=log)
                progress(done, len(commands), what, {})
                time.sleep(_POLL_SECONDS)
                for at in [i for i, p in running.items() if p.poll() is not None]:
                    code, done = running.pop(at).returncode, done + 1
                    if code != 0:
                        last = logs[at].read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
                        raise InputError(f"a seed failed: {' '.join(last) or f'exit code {code}'}")
        finally:
            for process in running.values():
                process.terminate()
                process.wait()
